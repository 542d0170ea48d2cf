"""Finds the subject that is said once for two clauses: "Pellucid shuts its lab, lays off thirty". Pure."""

from bot.events.grammar import Tag
from bot.events.nouns import SURE, Phrase, analyse
from bot.events.phrases import after_comma
from bot.events.sentence import Sentence

_NO_VERB = Tag.PREPOSITION | Tag.DETERMINER
_CLAUSE = 2  # the break between two clauses


def opening(sentence: Sentence, filler: int, *, is_firm: bool) -> Phrase | None:
    """Return who opens a text and does the second thing, too: "Pellucid shuffles its board, names ..."."""
    if not 0 < filler < sentence.size:
        return None
    is_joined = sentence.words[filler - 1] in {"and", "&", "then"} or sentence.breaks[filler] == 1
    is_next = sentence.breaks[filler] == _CLAUSE and sentence.text.raw[sentence.spans[filler - 1][1]] == ";"
    if not (is_joined or is_next):
        return None
    own = _before_verb(sentence) if is_firm and sentence.words[filler].endswith("s") else None
    phrase = own or after_comma(sentence, sentence.begin)
    if phrase is None or phrase.last + 1 >= filler:
        return None
    if not (phrase.is_organisation if is_firm else phrase.sure == SURE):
        return None
    verb = phrase.last + 1
    is_clause = own is not None or (
        not sentence.breaks[verb] and sentence.tags[verb] & (Tag.STOP | Tag.VERB | Tag.AHEAD)
    )
    return phrase if is_clause and not any(sentence.breaks[at] >= _CLAUSE for at in range(verb, filler)) else None


def _before_verb(sentence: Sentence) -> Phrase | None:
    """Return the name that opens a text before a word that can be its verb: "Pellucid shuts lab, lays off …"."""
    start = at = sentence.begin
    while at < sentence.size and sentence.caps[at] and not (at > start and sentence.breaks[at]):
        at += 1
    if at == start or at >= sentence.size or sentence.is_titled or sentence.breaks[at] or sentence.owns[at - 1]:
        return None
    word, is_described = sentence.words[at], sentence.tags[start] & Tag.MODIFIER
    is_verb = word.endswith("s") and not word.endswith("ss") and not sentence.tags[at] & _NO_VERB and not is_described
    phrase = analyse(sentence, start, at - 1) if is_verb else None
    return phrase if phrase is not None and phrase.is_organisation else None
