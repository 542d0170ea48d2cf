"""Which entries are the same item, whatever the publisher did. Pure.

An item is known by several keys: its guid without scheme, its link in canonical form, or, for an entry
that has neither, its title or summary. Keys are whole SHA-256 digests; the store keeps them per feed and
for the life of the feed. Dates never decide what is new.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from bot.links import canonical
from bot.model import Edit, Entry, Keyed, Known
from bot.text import lede, words

_MOST_EDITS = 24  # an item that changes at every poll is not read for ever
_OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(hours=24)


def keyed(entries: Sequence[Entry]) -> tuple[Keyed, ...]:
    """Give every entry of one document its keys, in the order of the document.

    A guid or link that several entries of the document share does not tell them apart: a shared guid
    counts only together with the link or title, a shared link not at all. Exact copies inside the
    document collapse to the first.
    """
    distinct = {(_guid(entry), entry.link, entry.title): entry for entry in reversed(entries)}.values()
    guids = Counter(_guid(entry) for entry in distinct)
    links = Counter(canonical(entry.link) for entry in distinct if entry.link)
    found: dict[tuple[bytes, ...], Keyed] = {}
    for entry in reversed(distinct):
        keys = tuple(_keys(entry, guids, links))
        found.setdefault(keys, Keyed(entry, keys, _digest(entry)))
    return tuple(found.values())


def _keys(entry: Entry, guids: Mapping[str, int], links: Mapping[str, int]) -> Iterable[bytes]:
    guid, link = _guid(entry), canonical(entry.link or "")
    if guid and guids[guid] == 1:
        yield _hash("guid", guid)
    elif guid:
        yield _hash("guid+", guid, link, *words(entry.title))
    if link and links[link] == 1:
        yield _hash("link", link)
    elif not guid:
        yield _hash("text", link, *(words(entry.title) or words(entry.summary)))


def _guid(entry: Entry) -> str:
    """Return the guid without a scheme, so that a move from http to https changes nothing."""
    guid = (entry.guid or "").strip()
    return guid.removeprefix("https://").removeprefix("http://")


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
