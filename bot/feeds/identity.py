"""Finds out which entries are the same item, whatever the publisher did. Pure.

An item is known by several keys: its guid without scheme, its link in canonical form, or, for an entry
that has neither, its title or summary. Keys are whole SHA-256 hashes; the store keeps them per feed and
for the life of the feed. Dates never decide what is new. They only show that an item was news before the feed
was read, and only where its place in the document says so, too.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise
from struct import Struct
from typing import NamedTuple

from bot.core.links import canonical
from bot.core.model import Edit, Entry, KeyedEntry, KnownItem
from bot.core.text import lede, words

FINGERPRINT_SIZE = 32
"""Bytes of the fingerprint of an entry: four short hashes, of guid, link, title and text."""

_PART_SIZE = FINGERPRINT_SIZE // 4
_FOUR_PARTS = Struct(f"{_PART_SIZE}s" * 4)
_NOTHING = bytes(_PART_SIZE)
_MOST_EDITS = 24  # an item that changes at every poll is not read for ever
_OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(hours=24)
_LEAST_WORDS = 3  # of a title that says which item this is
_SAME_TITLE_WITHIN = timedelta(hours=12)  # a series repeats its title the next day at the earliest
_REKEYED = 0.8  # share of a document's entries that are unknown, and of those that are known by title
_LEAST_REKEYED = 2
_OTHER_STORY = 0.5  # likeness of two titles below which one guid stands for two stories
_MANY = 10  # items at once that were news long ago: a publisher moved its archive in
_LONG_AGO = timedelta(hours=48)  # before the last poll


class EntryFingerprint(NamedTuple):
    """Four short hashes of an entry: they tell entries of one document apart, but do not prove two to be the same."""

    guid: bytes
    link: bytes
    title: bytes
    text: bytes

    def pack(self) -> bytes:
        """Return the fingerprint as bytes."""
        return b"".join(self)

    @classmethod
    def unpack(cls, packed: bytes) -> "list[EntryFingerprint]":
        """Return all the fingerprints in these bytes."""
        return list(map(cls._make, _FOUR_PARTS.iter_unpack(packed)))


@lru_cache(maxsize=2048)
def fingerprint_of(entry: Entry) -> EntryFingerprint:
    """Return the fingerprint of an entry; its text counts only where there is neither guid nor link."""
    guid, link, title = _guid(entry), _link(entry), " ".join(words(entry.title))
    text = "" if guid or link else " ".join(words(entry.summary))
    return EntryFingerprint(*(_hash(part)[:_PART_SIZE] if part else _NOTHING for part in (guid, link, title, text)))


def keyed(
    entries: Sequence[Entry],
    *,
    unchanged: Sequence[EntryFingerprint] = (),
    shared: frozenset[str] = frozenset(),
    places: Sequence[int] | None = None,
) -> tuple[KeyedEntry, ...]:
    """Give every entry of one document its keys, in the order of the document.

    A guid, link or title that several entries of the document share does not tell them apart and is no
    key of its own; neither is what is `shared` for good. Copies inside the document collapse to the first.
    `unchanged` are the fingerprints of the document's other entries, `places` says where these stand.
    """
    distinct: dict[EntryFingerprint, tuple[Entry, int]] = {}
    for number, entry in enumerate(entries):
        distinct.setdefault(fingerprint_of(entry), (entry, number if places is None else places[number]))
    everything = {*distinct, *unchanged}
    unique = _Unique(
        set() if "guid" in shared else _once([fingerprint.guid for fingerprint in everything]),
        set() if "link" in shared else _once([fingerprint.link for fingerprint in everything]),
        _once([fingerprint.title for fingerprint in everything]),
    )
    return tuple(
        KeyedEntry(
            entry,
            tuple(_keys(entry, fingerprint, unique)),
            _text_hash(entry),
            _hash("name", *title)
            if fingerprint.title in unique.titles and len(title := words(entry.title)) >= _LEAST_WORDS
            else None,
            place,
        )
        for fingerprint, (entry, place) in distinct.items()
    )


def shared_by(fingerprints: Iterable[EntryFingerprint]) -> frozenset[str]:
    """Return what most entries of a document share, "guid" or "link": in this feed it is no key."""
    distinct = set(fingerprints)
    found = set()
    for kind, values in (("guid", [one.guid for one in distinct]), ("link", [one.link for one in distinct])):
        if len(set(values)) == len(values):
            continue  # as nearly always
        most = max(Counter(value for value in values if value != _NOTHING).values(), default=0)
        if most > 2 and most * 2 > len(distinct):
            found.add(kind)
    return frozenset(found)


class _Unique(NamedTuple):
    """What stands only once in a document."""

    guids: set[bytes]
    links: set[bytes]
    titles: set[bytes]


def _once(values: Sequence[bytes]) -> set[bytes]:
    found = set(values)
    if len(found) < len(values):
        found = {value for value, count in Counter(values).items() if count == 1}
    found.discard(_NOTHING)
    return found


def _keys(entry: Entry, fingerprint: EntryFingerprint, unique: _Unique) -> Iterable[bytes]:
    """Yield an entry's keys. The last one always holds, so that an item stays known when its neighbours go."""
    guid, link, title = _guid(entry), _link(entry), words(entry.title)
    if fingerprint.guid in unique.guids:
        yield _hash("guid", guid)
    if fingerprint.link in unique.links:
        yield _hash("link", link)
    if guid or link:
        yield _hash("text", guid, link, *title)
        return
    if fingerprint.title in unique.titles:
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


def _text_hash(entry: Entry) -> bytes:
    """Return a hash of what a watch can read; other changes of markup, links and dates are no edit."""
    return hashlib.sha256("\x1f".join((entry.title, lede(entry.summary))).encode()).digest()[:16]


class SortedEntries(NamedTuple):
    """The entries of a document by what they are; `unknown` counts those of which nothing was known."""

    new: tuple[KeyedEntry, ...]
    edited: tuple[Edit, ...]
    rekeyed: tuple[Edit, ...]
    unknown: int


def sort_out(
    entries: Sequence[KeyedEntry],
    known: Mapping[bytes, KnownItem],
    *,
    unchanged: Sequence[int] = (),
    oldest: datetime | None = None,
    polled: datetime | None = None,
) -> SortedEntries:
    """Split entries into new items, oldest first, known items whose words changed, and such that have new keys.

    `unchanged` are the places of the document's other entries, all of them known; `oldest` is the oldest date of
    the feed's items, `polled` when it was last asked. An item is a late arrival, no news, if it is older than all that
    is known and stands behind it, or if it comes with many others from before the last poll: a deletion made
    older entries slide in, or an archive has moved.
    """
    new: list[KeyedEntry] = []
    edited: list[Edit] = []
    rekeyed: list[Edit] = []
    found = [(entry, _remembered(entry, known)) for entry in entries]
    is_rekeyed = _is_rekeyed(found, known, len(unchanged))
    unknown = sum(remembered is None for _, remembered in found)
    for entry, remembered in found:
        by_title = None if remembered else _by_title(entry, known, is_rekeyed=is_rekeyed)
        remembered = remembered or by_title
        if remembered is None:
            is_fresh = known.keys().isdisjoint(entry.keys)
            fresh = entry if is_fresh else replace(entry, keys=tuple(key for key in entry.keys if key not in known))
            new.append(fresh)
        elif remembered.text_hash != entry.text_hash and remembered.edits < _MOST_EDITS:
            edited.append(Edit(remembered.item_id, entry))
        elif by_title is not None or any(key not in known for key in entry.keys):
            rekeyed.append(Edit(remembered.item_id, entry))
    places = [*unchanged, *(entry.place for entry, remembered in found if remembered is not None)]
    arrived = _with_late_arrivals(new, places, _is_oldest_first(entries), oldest, polled)
    return SortedEntries(_oldest_first(arrived), tuple(edited), tuple(rekeyed), unknown)


def _remembered(entry: KeyedEntry, known: Mapping[bytes, KnownItem]) -> KnownItem | None:
    """Return the item that one of an entry's keys stands for, unless the publisher used its guid for another story."""
    if entry.keys[-1] in known:
        return known[entry.keys[-1]]  # guid, link and title all agree, or did once
    items = [known[key] for key in entry.keys if key in known]
    return next((item for item in items if not _is_other_story(entry.entry, item)), None)


def _is_other_story(entry: Entry, item: KnownItem) -> bool:
    """Say whether link, title and date all say that an entry is another story than the item its key stands for."""
    if not (entry.link and item.link and entry.published and item.published):
        return False
    if entry.published <= item.published or canonical(entry.link) == canonical(item.link):
        return False
    ours, theirs = " ".join(words(entry.title)), " ".join(words(item.title))
    return SequenceMatcher(None, ours, theirs, autojunk=False).ratio() < _OTHER_STORY


def _is_rekeyed(
    found: Sequence[tuple[KeyedEntry, KnownItem | None]], known: Mapping[bytes, KnownItem], unchanged: int
) -> bool:
    """Say whether the publisher gave all its entries new guids and links: most are unknown, but not their titles."""
    unknown = [entry for entry, remembered in found if remembered is None]
    named = sum(entry.title_key in known for entry in unknown)
    return (
        named >= _LEAST_REKEYED
        and len(unknown) >= _REKEYED * (len(found) + unchanged)
        and named >= _REKEYED * len(unknown)
    )


def _by_title(entry: KeyedEntry, known: Mapping[bytes, KnownItem], *, is_rekeyed: bool) -> KnownItem | None:
    """Return the item of the same title: where all was rekeyed, or both are dated about the same."""
    item = known.get(entry.title_key) if entry.title_key is not None else None
    if item is None or is_rekeyed:
        return item
    ours, theirs = entry.entry.published, item.published
    return item if ours and theirs and abs(ours - theirs) < _SAME_TITLE_WITHIN else None


def _with_late_arrivals(
    new: Sequence[KeyedEntry],
    known: Sequence[int],
    oldest_first: bool,
    oldest: datetime | None,
    polled: datetime | None,
) -> list[KeyedEntry]:
    """Return the new items, those that were news before as late arrivals."""
    if not known:
        return list(new)
    edge = max(known) if oldest_first else min(known)

    def is_behind_known(entry: KeyedEntry) -> bool:
        date = entry.entry.published
        is_behind = entry.place < edge if oldest_first else entry.place > edge
        return date is not None and oldest is not None and date < oldest and is_behind

    def is_long_ago(entry: KeyedEntry) -> bool:
        date = entry.entry.published
        return date is not None and polled is not None and date < polled - _LONG_AGO

    many = sum(map(is_long_ago, new)) > _MANY
    late = [is_behind_known(entry) or (many and is_long_ago(entry)) for entry in new]
    return [
        replace(entry, is_late_arrival=True) if was_before else entry
        for entry, was_before in zip(new, late, strict=True)
    ]


def _is_oldest_first(entries: Sequence[KeyedEntry]) -> bool:
    """Say whether a document lists its oldest entries first, by their dates."""
    dates = [entry.entry.published for entry in entries if entry.entry.published]
    rising = sum(before < after for before, after in pairwise(dates))
    falling = sum(before > after for before, after in pairwise(dates))
    return rising > falling


def _oldest_first(entries: Sequence[KeyedEntry]) -> tuple[KeyedEntry, ...]:
    """Return entries in the order in which they came about.

    Feeds list the newest entry first, so the order of the document is turned around where the dates
    agree with that or say nothing.
    """
    newest_on_top = list(reversed(entries))
    if all(entry.entry.published for entry in entries):
        newest_on_top.sort(key=lambda entry: entry.entry.published or _OLDEST)
    return tuple(newest_on_top)


def believable(published: datetime | None, now: datetime) -> datetime | None:
    """Return a publication date that can be true, else None: 1990 to a day from now."""
    return published if published and _OLDEST <= published <= now + _AHEAD else None
