"""Values of the fetch stage, from a feed to the result of a poll. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to poll the feeds of one host until it runs out. `token` tells an old lease from a new one."""

    host: str
    token: int


@dataclass(frozen=True, slots=True)
class Validators:
    """What the server gave for conditional requests, byte for byte as received (RFC 9110 section 8.8)."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Hints:
    """What a feed itself says of when to ask: RSS 2.0's ttl, skipHours and skipDays, RSS 1.0's syndication module.

    Hours are 0 to 23 in GMT, days 0 (Monday) to 6.
    """

    ttl: timedelta | None = None
    period: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class PublicationProfile:
    """How many items a feed brought in each hour of the week since it was first seen; the counts fade.

    `counts` maps the hour of the week (0 is Monday, midnight to one, UTC) to the count as faded at `at`.
    """

    since: datetime
    at: datetime
    counts: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FeedStatistics:
    """What the polls showed of a feed and its server; all of it may be lost without losing news."""

    profile: PublicationProfile | None = None
    hints: Hints = Hints()
    fresh_for: timedelta = timedelta(0)  # for how long the last answer was
    moved_to: str | None = None  # where permanent redirects, and no others, lead
    moves: int = 0  # how many polls in a row
    address: str | None = None  # where the feed is asked, when such redirects were believed
    reported: frozenset[str] = frozenset()  # troubles that were reported to the owner
    shared: frozenset[str] = frozenset()  # "guid", "link": what its entries once shared and is no key for good


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed as the store remembers it.

    `firsts` counts the watched stories that it broke recently, `polled` is when it was last asked, `oldest` the
    oldest date of its items, `fingerprint` the fingerprint of its last document (`bot.feeds.parsing.fingerprint`).
    """

    id: int
    url: str
    name: str
    tags: tuple[str, ...] = ()
    owner: str | None = None
    interval: timedelta | None = None
    validators: Validators = Validators()
    body_hash: str | None = None
    errors: int = 0
    is_backfilled: bool = False
    statistics: FeedStatistics = FeedStatistics()
    firsts: int = 0
    polled: datetime | None = None
    oldest: datetime | None = None
    fingerprint: bytes | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """A server's complete answer: 200 or 226 with a body, or 304 without one.

    `fresh_for` is for how long it is fresh, None where it does not say so; `moved_to` is where it came from
    when only permanent redirects led there, `url` where it came from in any case.
    """

    status: int
    body: bytes
    content_type: str
    validators: Validators
    fresh_for: timedelta | None = None
    moved_to: str | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class FeedFailure:
    """Why one poll of one feed gave nothing. `not_before`: for how long the server wants no requests, if it says so."""

    reason: str
    detail: str
    not_before: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a feed document, as plain text, before anybody knows whether it is new."""

    guid: str | None
    link: str | None
    title: str
    summary: str
    published: datetime | None


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """A parsed feed document. `skipped` counts entries that could not be read, `left_out` those that are too many.

    A document that was cut off is not `complete`: its entries count, but it must be asked for again. One that
    is `clean` was well-formed, and read in `charset`. `older` is where it says that older entries stand (RFC 5005).
    """

    title: str
    entries: tuple[Entry, ...]
    skipped: int = 0
    left_out: int = 0
    complete: bool = True
    hints: Hints = Hints()
    clean: bool = False
    charset: str = ""
    older: str | None = None


@dataclass(frozen=True, slots=True)
class KeyedEntry:
    """An entry with the keys it can be known by, the best first, and a hash of the text that a reader sees.

    `title_key` is a key, too, but one that proves little by itself. `place` is its place in the document,
    `is_late_arrival` is true of an item that was news before the feed was read.
    """

    entry: Entry
    keys: tuple[bytes, ...]
    text_hash: bytes
    title_key: bytes | None = None
    place: int = 0
    is_late_arrival: bool = False


@dataclass(frozen=True, slots=True)
class KnownItem:
    """What the store remembers of an item under one of its keys."""

    item_id: int
    text_hash: bytes
    edits: int
    title: str = ""
    link: str | None = None
    published: datetime | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """A known item whose visible text has changed."""

    item_id: int
    keyed: KeyedEntry


@dataclass(frozen=True, slots=True)
class Poll:
    """The result of one poll of one feed: everything that is committed together.

    `new` and `edited` are in the order in which they are to be read; `rekeyed` are known items that have new keys.
    With a `failure` nothing but the failure, the statistics and the next due time is stored. A failure `in_outage`,
    while nobody at all can be reached, is not counted against the feed. Where a poll `ends_backfill`, what is new at
    the next one is news. `pause` is until when the whole host is not asked; a feed that `is_gone` is not asked any
    more. `notices` are sent to the owner.
    """

    feed: Feed
    at: datetime
    due: datetime
    validators: Validators
    body_hash: str | None = None
    title: str | None = None
    new: tuple[KeyedEntry, ...] = ()
    edited: tuple[Edit, ...] = ()
    rekeyed: tuple[Edit, ...] = ()
    fingerprint: bytes | None = None
    failure: FeedFailure | None = None
    in_outage: bool = False
    ends_backfill: bool = True
    statistics: FeedStatistics = FeedStatistics()
    pause: datetime | None = None
    is_gone: bool = False
    notices: tuple[str, ...] = ()
