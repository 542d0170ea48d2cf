"""The name of an organisation in a run of words. Pure."""

from bot.events.grammar import Tag
from bot.events.sentence import Sentence, Span

QUOTES = "\"'“‘"
_NOT_IN_FIRMS = Tag.DETERMINER | Tag.FORMER | Tag.STOP | Tag.NUMBER | Tag.TITLE | Tag.ROLE


def own_name(sentence: Sentence, first: int, last: int) -> Span | None:
    """Return the name of an organisation in a run: a known one, else the last capitalised words."""
    tags = sentence.tags
    if last > first and tags[last] & Tag.RELATIVE and not sentence.caps[last]:
        # "Pellucid's rival"
        return None
    for place in range(last - 1, first, -1):
        if tags[place] & Tag.ORGANISATION and not sentence.caps[place] and sentence.is_name(place + 1):
            # "Tesla rival NextEV": the name behind the noun is meant
            first = place + 1
            break
    for wanted in (Tag.WATCHED, Tag.KNOWN):
        known = [
            place
            for place in range(first, last + 1)
            if tags[place] & wanted and (sentence.caps[place] or wanted is Tag.WATCHED)
        ]
        if known:
            start = end = known[0]
            while end + 1 <= last and (
                tags[end + 1] & wanted
                or (sentence.is_name(end + 1) and not tags[end + 1] & (Tag.MODIFIER | Tag.COMMON))
            ):
                end += 1
            while (
                start > first and sentence.is_name(start - 1) and not tags[start - 1] & (Tag.MODIFIER | Tag.DETERMINER)
            ):
                start -= 1
            return start, end
    end = last
    while end >= first and (not sentence.caps[end] or tags[end] & _NOT_IN_FIRMS):
        end -= 1
    # "Imagination Tech marketing chief": what only describes the role comes off
    while end > first and sentence.is_titled and tags[end] & Tag.MODIFIER and sentence.caps[end - 1]:
        end -= 1
    start = end
    if end > first and tags[end] & Tag.ORGANISATION and tags[end - 1] & Tag.GROUP and sentence.caps[end - 1]:
        # "Founders Fund"
        start -= 1
    while (
        start > first
        and sentence.caps[start - 1]
        and not tags[start - 1] & _NOT_IN_FIRMS
        and not sentence.breaks[start]
    ):
        if tags[start - 1] & Tag.ORGANISATION and not tags[start] & (Tag.LEGAL | Tag.ORGANISATION):
            # "Big Data Analytics Firm DataSift"
            break
        start -= 1
    if end < first or tags[end] & _NOT_IN_FIRMS or all(_only_describes(sentence, at) for at in range(start, end + 1)):
        return None
    if start == end and start and tags[end] & Tag.ORGANISATION and sentence.words[start - 1] == "the":
        # "Is Leaving The Company"
        return None
    if start == end and tags[end] & Tag.SURNAME and not (end < last and tags[end + 1] & Tag.ORGANISATION):
        # "Trump names …"; not "the Trump administration"
        return None
    return start, end


def _only_describes(sentence: Sentence, place: int) -> bool:
    """Say whether a capitalised word is no name by itself; inside a sentence an ordinary one is: "joins Signal"."""
    tags = sentence.tags[place]
    if tags & (Tag.KNOWN | Tag.PLACE):
        return False
    is_inside = place > sentence.begin and not sentence.is_titled and not is_quoted(sentence, place, place)
    return bool(tags & Tag.MODIFIER) or bool(tags & Tag.COMMON and not is_inside)


def is_firm(sentence: Sentence, place: int) -> bool:
    """Say whether a word ends the name of a firm that may go on with "of": "Bank of America"."""
    return sentence.caps[place] and bool(sentence.tags[place] & (Tag.ORGANISATION | Tag.LEGAL))


def is_quoted(sentence: Sentence, first: int, last: int) -> bool:
    """Say whether words stand between quotation marks."""
    raw, start, end = sentence.text.raw, sentence.spans[first][0], sentence.spans[last][1]
    return start > 0 and raw[start - 1] in QUOTES and raw[end : end + 1] in {'"', "'", "”", "’"}
