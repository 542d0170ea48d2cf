"""Reads phrases out of a text: who or what stands before or after a word. Pure.

A phrase is a run of words around a head: "Pellucid's new head of research Ilse Marten". No grammar of whole
sentences: a frame asks for the phrase beside its verb, and gets what it is, with how sure that is.
"""

from dataclasses import replace

from bot.events.firms import QUOTES, is_firm, own_name
from bot.events.grammar import Tag
from bot.events.joined import headed, is_listed, joined, of_several, with_post
from bot.events.nouns import LIKELY, SURE, TRADES, Phrase, analyse
from bot.events.sentence import ENDS, HEAD, Sentence, Span

_LOOSE = 3  # lower-case words of no list that may stand before a head: "traffic safety chief"
_LONG = 12  # words between two commas
_CLAUSE = 2  # the break between two clauses


def before(sentence: Sentence, place: int) -> tuple[Phrase | None, int]:
    """Return the phrase that is the subject of the verb at a place, and the first filler between them."""
    at = place
    while at > 0 and not sentence.breaks[at] and _is_filler(sentence, at - 1):
        at -= 1
    filler = at
    if at == 0 or sentence.breaks[at] >= 2:
        return None, filler
    aside = None
    if sentence.breaks[at] == 1:
        # "Ilse Marten, head of research, leaves": what stands between the commas says who she is
        start = next((k for k in range(at - 1, max(at - _LONG, 0), -1) if sentence.breaks[k]), 0)
        if start and sentence.breaks[start] == 1:
            aside = _ending(sentence, at - 1, start)
            at = start
        elif sentence.breaks[start] >= 2:
            return None, filler
    if sentence.tags[at - 1] & Tag.PRONOUN:
        return _antecedent(sentence, at - 1), filler
    phrase = _ending(sentence, at - 1, 0)
    if phrase is None:
        return None, filler
    if (
        phrase.first > 1
        and filler < place
        and sentence.words[filler] == "to"
        and sentence.tags[phrase.first - 1] & Tag.PASSIVE
    ):
        # "Twitter's head of China is the latest executive to leave"
        subject, _ = before(sentence, phrase.first - 1)
        phrase = subject or phrase
    if aside is not None:
        phrase = joined(phrase, aside)
    return phrase, filler


def _is_filler(sentence: Sentence, place: int) -> bool:
    """Say whether a word may stand between a subject and its verb."""
    if sentence.tags[place] & Tag.FILLER:
        return not sentence.is_name(place)
    return (
        sentence.words[place].endswith("ly")
        and not sentence.tags[place] & (HEAD | Tag.KNOWN | Tag.GIVEN)
        and (
            (sentence.breaks[place] >= _CLAUSE and sentence.words[place + 1].endswith("ing"))
            or not sentence.is_name(place)
            or (sentence.is_titled and bool(sentence.tags[place - 1] & Tag.PASSIVE))
        )
    )


def after(sentence: Sentence, place: int) -> Phrase | None:
    """Return the phrase that begins at a place, adverbs skipped."""
    while place < sentence.size and not sentence.breaks[place] and _is_adverb(sentence, place):
        place += 1
    if place >= sentence.size or sentence.breaks[place] or _is_time(sentence, place):
        return None
    if place and sentence.words[place - 1] == "to" and sentence.is_verb_behind_to(place):
        return None
    if sentence.tags[place] & Tag.PRONOUN and not (
        sentence.tags[place] & Tag.DETERMINER
        and place + 1 < sentence.size
        and not sentence.breaks[place + 1]
        and (sentence.belongs(place + 1) or is_loose(sentence, place + 1))
    ):
        one = _antecedent(sentence, place) if sentence.words[place] in {"him", "her"} else None
        return Phrase(place, place, sure=0) if one is None else replace(one, first=place, last=place)
    last = place
    loose = 0
    while last < sentence.size and (last == place or not sentence.breaks[last]):
        if (
            sentence.tags[last] & Tag.DETERMINER
            and last > place
            and not sentence.tags[last - 1] & Tag.DETERMINER
            and (sentence.is_titled or not (sentence.caps[last] or sentence.is_name(last)))
        ):
            # "shows its CFO the door": an article begins another phrase
            break
        if sentence.belongs(last):
            loose = 0
        elif sentence.tags[last] & ENDS or loose == _LOOSE:
            break
        else:
            loose += 1
        last += 1
    if loose and not _is_head(sentence, place, last - loose):
        # "a position change", "the Marten case": the head is a thing
        return Phrase(place, last - 1)
    last -= loose
    if last == place:
        return None
    phrase = analyse(sentence, place, last - 1)
    if sentence.owns[last - 1] and last < sentence.size and not sentence.breaks[last]:
        # "dismisses Marten's suit": something of his, though its word may be a verb
        is_title = sentence.text.raw[sentence.spans[last][0] - 1] in QUOTES
        is_firm = phrase.is_organisation and not is_title
        return replace(phrase, sure=0, who=None, is_organisation=is_firm, is_role=False, is_post=False)
    return _with_complement(sentence, phrase)


def _is_time(sentence: Sentence, place: int) -> bool:
    """Say whether a time begins at a place: "three years after", "a week before"."""
    is_next = place + 1 < sentence.size and sentence.tags[place + 1] & Tag.TIME
    return bool(is_next and sentence.tags[place] & (Tag.NUMBER | Tag.INDEFINITE))


def _is_head(sentence: Sentence, first: int, end: int) -> bool:
    """Say whether a phrase ends before a word of no list, which is a verb then and not the head."""
    if end == first:
        return False
    word = sentence.words[end]
    if sentence.owns[end - 1] or word.endswith(TRADES):
        return word.endswith(TRADES)
    if word.endswith("ed"):
        return True
    return sentence.is_name(end - 1) and not sentence.tags[end] & Tag.COMMON


def _is_adverb(sentence: Sentence, place: int) -> bool:
    if sentence.words[place].endswith("ly") and not sentence.caps[place]:
        return True
    return (
        bool(sentence.tags[place] & Tag.FILLER)
        and not sentence.tags[place] & (Tag.AHEAD | Tag.PASSIVE)
        and not sentence.is_name(place)
    )


def _antecedent(sentence: Sentence, place: int) -> Phrase | None:
    """Return the last person named before a pronoun; or the last organisation before "it"."""
    if sentence.words[place] == "who" and place and not sentence.breaks[place]:
        # "protesters who quit": they, and nobody who was named before
        return _ending(sentence, place - 1, 0)
    is_thing = sentence.words[place] in {"it", "they"}
    at = place
    while at > 0:
        if sentence.is_name(at - 1) or sentence.tags[at - 1] & Tag.ROLE:
            phrase = _ending(sentence, at - 1, 0)
            is_person = (
                sentence.words[place] != "it"
                and phrase is not None
                and phrase.sure >= LIKELY
                and (is_thing or not phrase.is_group)
            )
            if phrase is not None and (is_person or (is_thing and phrase.is_organisation)):
                return phrase
            at = phrase.first if phrase is not None else at - 1
        else:
            at -= 1
    return None


def _ending(sentence: Sentence, last: int, lowest: int) -> Phrase | None:
    """Return the phrase that ends at a word."""
    first = _start(sentence, last, lowest)
    if first is None:
        return None
    phrase = analyse(sentence, first, last)
    # "head of the country's central bank", "co-founder and CTO at X": the head stands before
    while first - 2 >= lowest and not sentence.breaks[first] and not sentence.breaks[first - 1]:
        link = sentence.tags[first - 1]
        is_to = sentence.words[first - 1] == "to" and bool(sentence.tags[first - 2] & Tag.ROLE) and phrase.is_named
        if not (link & Tag.OF or is_to or sentence.words[first - 1] in {"and", "&"}):
            break
        start = _start(sentence, first - 2, lowest)
        if start is None:
            break
        head = _ending(sentence, first - 2, lowest) if link & Tag.OF else analyse(sentence, start, first - 2)
        if head is None:
            break
        start = head.first
        if sentence.words[first - 1] == "of" and sentence.caps[first] and is_firm(sentence, first - 2):
            # "Bank of America"
            name = own_name(sentence, start, first - 2) or (first - 2, first - 2)
            if phrase.is_role:
                # "Bank of Ulster boss"
                end = phrase.organisation[1] if phrase.organisation is not None else first
                phrase = replace(phrase, first=start, organisation=(name[0], end))
            else:
                phrase = replace(
                    phrase, first=start, sure=0, who=None, organisation=(name[0], last), is_organisation=True
                )
            first = start
            continue
        if (
            not link & Tag.OF
            and start > lowest
            and sentence.tags[start - 1] & Tag.OF
            and not (head.is_role or head.sure)
        ):
            # "head of trust and safety"
            first = start
            phrase = replace(phrase, first=start, organisation=phrase.organisation or _known(sentence, head))
            continue
        if link & Tag.OF and not (head.is_role or head.is_group or head.sure == SURE):
            if sentence.words[first - 1] == "for" and head.sure == 0 and sentence.breaks[start] >= 2:
                # "An app for chief executives joins …": not they
                phrase = replace(phrase, sure=0, who=None)
            break
        if is_to and not (head.is_role and not head.is_named):
            break
        if is_to:
            # "aide to General Marten"
            phrase = replace(head, last=phrase.last)
        elif link & Tag.OF:
            phrase = headed(head, phrase)
        elif head.is_role and (phrase.is_role or phrase.sure):
            phrase = with_post(sentence, head, joined(phrase, head))
        elif head.sure >= LIKELY and phrase.sure:
            phrase = replace(joined(head, phrase), is_group=True)
        elif head.is_organisation and phrase.sure >= LIKELY and phrase.organisation is None:
            # "Pellucid and Ilse Marten part ways"
            phrase = replace(phrase, organisation=head.organisation)
        elif phrase.first > first - 1:
            break
        first = start
        phrase = replace(phrase, first=start)
    return phrase


def _known(sentence: Sentence, phrase: Phrase) -> Span | None:
    """Return the organisation of a phrase where it is one that is known."""
    span = phrase.organisation
    return span if span is not None and sentence.tags[span[0]] & (Tag.KNOWN | Tag.WATCHED) else None


def _start(sentence: Sentence, last: int, lowest: int) -> int | None:
    """Return where the run of words begins that ends at a word, or None when that word is no part of a phrase."""
    if not (sentence.belongs(last) or is_loose(sentence, last)):
        return None
    first = last
    loose = 0
    while first > lowest and not sentence.breaks[first]:
        if sentence.belongs(first - 1):
            loose = 0
        elif loose < _LOOSE and is_loose(sentence, first - 1) and not sentence.caps[first]:
            loose += 1
        else:
            break
        first -= 1
    return first


def is_loose(sentence: Sentence, place: int) -> bool:
    """Say whether a lower-case word of no list may be part of a phrase."""
    return not sentence.tags[place] & (ENDS | Tag.OF) and sentence.words[place][0].isalpha()


def _with_complement(sentence: Sentence, phrase: Phrase) -> Phrase:
    """Return a phrase with what follows it: "head of AI", "CFO at Pellucid", "Ilse Marten, CFO of X"."""
    at = phrase.last + 1
    if at >= sentence.size or (at + 1 == sentence.size and sentence.breaks[at]):
        return phrase
    if sentence.breaks[at] == 2 and phrase.is_role and not phrase.is_named:
        # who it is stands behind a colon: "has a new editor: Yewande Bello"
        aside = after_comma(sentence, at) if sentence.text.raw[sentence.spans[at - 1][1]] == ":" else None
        if aside is None or aside.is_role or not aside.is_named or aside.sure < LIKELY:
            return phrase
        closes = aside.last + 1 == sentence.size or sentence.breaks[aside.last + 1]
        return replace(joined(phrase, aside), last=aside.last) if closes else phrase
    if at + 1 >= sentence.size or sentence.breaks[at] >= 2:
        return phrase
    if sentence.breaks[at] == 1:
        aside = after_comma(sentence, at) if phrase.is_named or phrase.is_role else None
        if is_listed(aside, phrase):
            return of_several(phrase, aside)
        if aside is None or not (aside.is_role if phrase.is_named else aside.is_named and aside.sure >= LIKELY):
            return phrase
        closes = aside.last + 1 == sentence.size or sentence.breaks[aside.last + 1]
        if aside.last + 2 == sentence.size and not closes:
            # "to Danone, spokeswoman says"
            return phrase
        return (
            replace(joined(phrase, aside), last=aside.last if closes else phrase.last)
            if closes or phrase.is_named
            else phrase
        )
    if sentence.words[at] in {"and", "&"}:
        other = after(sentence, at + 1)
        if is_listed(other, phrase):
            return of_several(phrase, other)
        if other is not None and (other.is_role or other.sure >= LIKELY) and phrase.sure:
            return replace(joined(phrase, other), last=other.last)
        return phrase
    if sentence.words[at] == "of" and is_firm(sentence, phrase.last) and sentence.caps[at + 1] and not phrase.is_role:
        end = at + 1
        while end + 1 < sentence.size and not sentence.breaks[end + 1] and sentence.is_name(end + 1):
            end += 1
        name = phrase.organisation or (phrase.last, phrase.last)
        post = after(sentence, end + 1)
        if post is not None and post.is_role and sentence.tags[end + 1] & Tag.ROLE:
            # "Bank of Ulster chair"
            return replace(post, first=phrase.first, organisation=(name[0], end))
        return replace(phrase, last=end, sure=0, who=None, organisation=(name[0], end), is_organisation=True)
    if sentence.tags[at] & Tag.OF and (phrase.is_role or phrase.is_group) and not sentence.breaks[at + 1]:
        if phrase.is_named and sentence.words[at] not in {"of", "at"}:
            return phrase
        if sentence.words[at] not in {"of", "at"} and not (
            sentence.caps[at + 1] and sentence.words[at] in {"for", "in"}
        ):
            return phrase
        other = after(sentence, at + 1)
        if other is not None and phrase.is_named and other.is_post:
            # "relieves coach Ilse Marten of duties"
            return phrase
        if other is not None and (not sentence.tags[at + 1] & Tag.VERB or sentence.belongs(at + 1)):
            return headed(phrase, other)
    return phrase


def after_comma(sentence: Sentence, place: int) -> Phrase | None:
    """Return the phrase that begins right behind a comma."""
    saved, sentence.breaks[place] = sentence.breaks[place], 0
    phrase = after(sentence, place)
    sentence.breaks[place] = saved
    return phrase
