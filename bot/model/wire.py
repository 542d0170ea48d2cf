"""Values of the wire, from a feed to the result of a poll."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to poll the feeds of one host until it runs out. `token` tells an old lease from a new one."""

    host: str
    token: int


@dataclass(frozen=True, slots=True)
class Validators:
    """What the server gave to ask "anything new?" with, byte for byte as received (RFC 9110 section 8.8)."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed as the store remembers it."""

    id: int
    url: str
    name: str
    tags: tuple[str, ...] = ()
    owner: str | None = None
    interval: timedelta | None = None
    validators: Validators = Validators()
    body_hash: str | None = None
    errors: int = 0
    baselined: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's complete answer: 200 with a body, or 304 without one."""

    status: int
    body: bytes
    content_type: str
    validators: Validators


@dataclass(frozen=True, slots=True)
class FeedFailure:
    """Why one poll of one feed gave nothing. `not_before` is the server's own wish, where it gave one."""

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
class Document:
    """A parsed feed document. `skipped` counts entries that could not be read.

    A document that was cut off is not `complete`: its entries count, but it must be asked for again.
    """

    title: str
    entries: tuple[Entry, ...]
    skipped: int = 0
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Keyed:
    """An entry with the keys it can be known by, the best first, and a digest of what a reader sees."""

    entry: Entry
    keys: tuple[bytes, ...]
    digest: bytes


@dataclass(frozen=True, slots=True)
class Known:
    """What the store remembers of an item under one of its keys."""

    item_id: int
    digest: bytes
    edits: int


@dataclass(frozen=True, slots=True)
class Edit:
    """A known item whose visible text has changed."""

    item_id: int
    keyed: Keyed


@dataclass(frozen=True, slots=True)
class Poll:
    """The result of one poll of one feed: everything that is committed together.

    `new` and `edited` are in the order in which they are to be read. `failure` set means that nothing
    but the failure and the next due time is stored. `is_settled` ends the feed's baseline: what is new at
    the next poll is news.
    """

    feed: Feed
    at: datetime
    due: datetime
    validators: Validators
    body_hash: str | None = None
    title: str | None = None
    new: tuple[Keyed, ...] = ()
    edited: tuple[Edit, ...] = ()
    failure: FeedFailure | None = None
    is_settled: bool = True
