"""Which organisation an event is of that names none in its wording. Pure."""

from collections.abc import Sequence

from bot.events.grammar import Element, Kind, Tag
from bot.events.nouns import SURE, described
from bot.events.phrases import after, after_comma
from bot.events.sentence import HEAD, Sentence, Span
from bot.events.slots import fits, preposition
from bot.events.wordings import Told

_NAME = 3  # words
_NO_FIRM = HEAD | Tag.DETERMINER | Tag.PRONOUN | Tag.FORMER | Tag.SURNAME | Tag.FILLER
_AT = frozenset({"at", "with"})


def organisation_of(sentence: Sentence, told: Told, kind: Kind) -> Span | None:
    """Find the organisation of an event around its frame."""
    own = told.who.employer if told.who is not None and not kind.implies else None
    is_place = own is not None and bool(sentence.tags[own[1]] & Tag.PLACE)
    if own is not None and not is_place:
        return own
    for adjunct in kind.adjuncts:
        if (span := _adjunct(sentence, adjunct, told, kind)) is not None:
            return span
    if own is not None:
        return own
    if kind.is_joint and told.parties:
        return None
    if not kind.has_topic and (told.described is not None or (told.is_anaphor and _is_any(sentence, told))):
        # "joins a venture firm": any, and none that was named
        return told.described
    if kind.has_topic or told.is_anaphor or told.who is None or not told.who.is_named:
        topic = _topic(sentence, told)
    else:
        topic = None
    return (
        topic
        or _opening(sentence, told)
        or told.described
        or _at_home(sentence, told, kind)
        or _years_at(sentence, told)
    )


def _is_any(sentence: Sentence, told: Told) -> bool:
    """Say whether an organisation that is not named is none that was: "a venture firm", not "the company"."""
    tags = sentence.tags
    return any(tags[at] & Tag.INDEFINITE for at in range(told.last + 1, told.end + 1))


def _adjunct(sentence: Sentence, adjunct: Sequence[Element], told: Told, kind: Kind) -> Span | None:
    at = told.last
    if kind.implies and told.who is not None and told.who.first > at:
        # what stands in "hires the head of design at Marten" is where she comes from
        at = told.who.last
    for element in adjunct:
        if element.words:
            place = preposition(sentence, at + 1, element.words)
            if place is None:
                return None
            at = place
        else:
            phrase = after(sentence, at + 1)
            if phrase is None or not fits(element, phrase, sentence):
                return None
            return phrase.organisation or described(sentence, phrase)
    return None


def _topic(sentence: Sentence, told: Told) -> Span | None:
    """Return the organisation that the text opens with: "FTX to file for bankruptcy, CEO resigns"."""
    limit = min(told.first, told.who.first if told.who is not None else told.first)
    start = next(
        (place for place in range(limit) if sentence.tags[place] & (Tag.WATCHED | Tag.KNOWN) and sentence.caps[place]),
        None,
    )
    if start is None and (told.who is None or not told.who.is_named):
        start = next((place for place in range(limit) if sentence.breaks[place] >= 2 and sentence.is_name(place)), None)
    if start is None:
        return None
    end = start
    while end + 1 < limit and sentence.is_name(end + 1) and not sentence.breaks[end + 1] and not sentence.owns[end]:
        end += 1
    return None if sentence.tags[start] & Tag.GIVEN else (start, end)


def _at_home(sentence: Sentence, told: Told, kind: Kind) -> Span | None:
    """Return the organisation that somebody belongs to, when no other is named: "Kindling's founder returns"."""
    if told.who is None or told.who.is_former:
        return None
    if kind.implies and told.who.first > told.last and told.who.employer is not None:
        # "Bird hires Kindling's founder": of Bird, though it is a word
        return _hirer(sentence, told) or told.who.employer
    return told.who.employer


def _hirer(sentence: Sentence, told: Told) -> Span | None:
    """Return the capitalised words that open a text, where they hire somebody."""
    first, last = sentence.begin, min(told.filler or told.first, told.first) - 1
    inside = range(first, last + 1)
    is_name = 0 <= last - first < _NAME and not any(sentence.breaks[at] for at in inside[1:])
    return (
        (first, last)
        if is_name and all(sentence.caps[at] and not sentence.tags[at] & _NO_FIRM for at in inside)
        else None
    )


def _years_at(sentence: Sentence, told: Told) -> Span | None:
    """Return the organisation of a time that ends: "After ten years at Pellucid, Ilse Marten moves on"."""
    place = preposition(sentence, 1, _AT) if told.who is not None and told.who.first else None
    if place is None or told.who is None or not sentence.tags[0] & Tag.PREPOSITION or place >= told.who.first:
        return None
    phrase = after(sentence, place + 1)
    return None if phrase is None else phrase.organisation


def _opening(sentence: Sentence, told: Told) -> Span | None:
    """Return the organisation whose verb opens the text: "Kindling says its CFO resigned"."""
    limit = 0 if told.who is None else min(told.first, told.who.first)
    phrase = after_comma(sentence, sentence.begin) if limit > sentence.begin else None
    if phrase is None or phrase.organisation is None or phrase.last + 1 >= limit:
        return None
    is_subject = phrase.is_role or phrase.sure < SURE
    verb = phrase.last + 1
    is_verb = not sentence.breaks[verb] and sentence.tags[verb] & (Tag.STOP | Tag.VERB | Tag.FILLER)
    is_label = sentence.text.raw[sentence.spans[verb - 1][1]] == ":"
    return phrase.organisation if is_subject and (is_verb or is_label) else None
