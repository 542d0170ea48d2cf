"""Which entries are the same item, whatever the publisher did. Pure.

An item is known by several keys: its guid without scheme, its link in canonical form, or, for an entry
that has neither, its title or summary. Keys are whole SHA-256 digests; the store keeps them per feed and
for the life of the feed. Dates never decide what is new.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeVar

from bot.links import canonical
from bot.model import Edit, Entry, Keyed, Known
from bot.text import lede, words

T = TypeVar("T")

_MOST_EDITS = 24  # an item that changes at every poll is not read for ever
_OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(hours=24)


def keyed(entries: Sequence[Entry]) -> tuple[Keyed, ...]:
    """Give every entry of one document its keys, in the order of the document.

    A guid, link or title that several entries of the document share does not tell them apart and is no
    key of its own. Copies inside the document collapse to the first.
    """
    distinct: dict[tuple[str, ...], Entry] = {}
    for entry in entries:
        distinct.setdefault(_sameness(entry), entry)
    unique = _Unique(
        guids=_once(_guid(entry) for entry in distinct.values()),
        links=_once(_link(entry) for entry in distinct.values()),
        titles=_once(words(entry.title) for entry in distinct.values()),
    )
    return tuple(Keyed(entry, tuple(_keys(entry, unique)), _digest(entry)) for entry in distinct.values())


class _Unique(NamedTuple):
    """What stands only once in a document."""

    guids: set[str]
    links: set[str]
    titles: set[tuple[str, ...]]


def _once(values: Iterable[T]) -> set[T]:
    return {value for value, count in Counter(values).items() if count == 1}


def _sameness(entry: Entry) -> tuple[str, ...]:
    """Return what two copies of one entry share: the text counts only where there is nothing better."""
    guid, link = _guid(entry), _link(entry)
    text = () if guid or link else words(entry.summary)
    return (guid, link, " ".join(words(entry.title)), *text)


def _keys(entry: Entry, unique: _Unique) -> Iterable[bytes]:
    """Yield an entry's keys. The last one always holds, so that an item stays known when its neighbours go."""
    guid, link, title = _guid(entry), _link(entry), words(entry.title)
    if guid in unique.guids and guid:
        yield _hash("guid", guid)
    if link in unique.links and link:
        yield _hash("link", link)
    if guid or link:
        yield _hash("text", guid, link, *title)
        return
    if title in unique.titles and title:
        yield _hash("title", *title)
    yield _hash("words", *title, "", *words(entry.summary))


def _guid(entry: Entry) -> str:
    """Return the guid without a scheme, so that a move from http to https changes nothing."""
    guid = (entry.guid or "").strip()
    return guid.removeprefix("https://").removeprefix("http://")


def _link(entry: Entry) -> str:
    return canonical(entry.link or "")


def _hash(kind: str, *parts: str) -> bytes:
    return hashlib.sha256("\x1f".join((kind, *parts)).encode()).digest()


def _digest(entry: Entry) -> bytes:
    """Return a digest of what a watch can read; markup, links and dates may change without notice."""
    return hashlib.sha256("\x1f".join((entry.title, lede(entry.summary))).encode()).digest()[:16]


def sort_out(entries: Sequence[Keyed], known: Mapping[bytes, Known]) -> tuple[tuple[Keyed, ...], tuple[Edit, ...]]:
    """Split entries into new items, oldest first, and known items whose words changed.

    Feeds list the newest entry first, so the order of the document is turned around where the dates
    agree with that or say nothing.
    """
    new: list[Keyed] = []
    edited: list[Edit] = []
    for entry in entries:
        remembered = next((known[key] for key in entry.keys if key in known), None)
        if remembered is None:
            new.append(entry)
        elif remembered.digest != entry.digest and remembered.edits < _MOST_EDITS:
            edited.append(Edit(remembered.item_id, entry))
    return _oldest_first(new), tuple(edited)


def _oldest_first(entries: list[Keyed]) -> tuple[Keyed, ...]:
    newest_on_top = list(reversed(entries))
    if all(entry.entry.published for entry in entries):
        newest_on_top.sort(key=lambda entry: entry.entry.published or _OLDEST)
    return tuple(newest_on_top)


def believable(published: datetime | None, now: datetime) -> datetime | None:
    """Return a publication date that can be true, else None: 1990 to a day from now."""
    return published if published and _OLDEST <= published <= now + _AHEAD else None
