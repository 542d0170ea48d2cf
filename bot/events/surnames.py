"""Whether a surname alone names the person who is meant, or somebody else. Pure."""

from bot.core.text import Text, words
from bot.events.grammar import Tag
from bot.events.lexicon import Lexicon

_GIVEN_REACH = 3  # capitalised words before a surname that may belong to its name
_LONG = 6  # letters; in a title that is no Title Case one so long is plain


def is_somebody_else(place: int, text: Text, name: str, lexicon: Lexicon) -> bool:
    """Say whether a surname alone is no name here, or the end of another person's full name."""
    parts = words(name)
    start = text.spans[place][0]
    if text.raw[start - 1 : start] == "@":
        return False
    if not text.raw[start].isupper() or _goes_on(place, text, lexicon):
        return True
    before = []
    for at in range(place - 1, max(place - 1 - _GIVEN_REACH, -1), -1):
        begin, end = text.spans[at]
        is_touching = text.raw[end : text.spans[at + 1][0]] in {" ", ". ", "-", '" ', "” ", ' "', " “"}
        if not is_touching or not text.raw[begin].isupper() or lexicon.is_no_given(text.words[at]):
            break
        before.append(text.words[at])
    if parts[0] in before:
        return False
    if not before:
        # "How to Cook", "Dell cuts prices"
        is_role_before = place > 0 and lexicon.is_role(text.words[place - 1])
        return lexicon.is_word(text.words[place]) and not is_role_before
    if all(len(word) == 1 for word in before):
        # "A. Karpathy"
        return before[-1] != parts[0][0]
    return not text.raw[text.spans[place - 1][0] : text.spans[place - 1][1]].isupper()


def _goes_on(place: int, text: Text, lexicon: Lexicon) -> bool:
    """Say whether a surname is the given name of somebody else: "James" in "Rovers sign James Halloran"."""
    if place + 1 >= len(text.words) or not lexicon.tags(text.words[place]) & Tag.GIVEN:
        return False
    end, start = text.spans[place][1], text.spans[place + 1][0]
    if text.raw[end:start] != " " or not text.raw[start].isupper() or text.raw[start : start + 2].isupper():
        return False
    is_plain = any(text.raw[first].islower() for first, last in text.spans if last - first >= _LONG)
    return is_plain or not lexicon.is_no_given(text.words[place + 1])
