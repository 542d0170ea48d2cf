"""People of live stories who are named by surname alone: "Marten quits Corvid". Pure."""

from collections.abc import Iterable, Iterator, Sequence

from bot.core.model import EventKey
from bot.core.text import Text, words
from bot.events.frames import Mention
from bot.events.lexicon import Lexicon
from bot.events.surnames import is_somebody_else
from bot.stories.event_keys import people_of, spelling_of


def mentions_of(event_keys: Iterable[EventKey], text: Text, lexicon: Lexicon) -> tuple[Mention, ...]:
    """Return where a text names the people of some event keys, by surname or by full name.

    Not at the end of another full name, nor a surname that is an ordinary word or the name of the firm.
    """
    names = dict.fromkeys(
        name
        for event_key in event_keys
        if event_key.is_named
        for name in people_of(event_key)
        if name[-1]
        not in {spelling_of(word) for organisation in event_key.organisations for word in words(organisation)}
    )
    found: dict[int, Mention] = {}
    for name in names:
        for first, last in _occurrences(name, text):
            is_whole = last - first + 1 == len(name) > 1
            if is_whole or not is_somebody_else(first, text, " ".join(name), lexicon):
                known = found.get(last)
                if known is None or known.first > first:
                    found[last] = Mention(text.quote(first, last), is_person=True, first=first, last=last)
    return tuple(found[last] for last in sorted(found))


def _occurrences(name: Sequence[str], text: Text) -> Iterator[tuple[int, int]]:
    """Yield where the end of a name is, with as much of the name before it as there is."""
    raw = text.raw
    for last, word in enumerate(text.words):
        if spelling_of(word) != name[-1]:
            continue
        size = 1
        while size < min(len(name), last + 1) and spelling_of(text.words[last - size]) == name[-1 - size]:
            size += 1
        first, end = last - size + 1, text.spans[last][1]
        # "Ilse Marten-Holm" is somebody else than "Ilse Marten"
        if raw[text.spans[first][0] - 1 : text.spans[first][0]] != "-" and raw[end : end + 1] != "-":
            yield first, last
