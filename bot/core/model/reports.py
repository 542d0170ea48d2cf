"""Answers to questions about the newsroom. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.core.model.feeds import Entry, Feed

_OVERDUE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Status:
    """How the newsroom is doing."""

    feeds: int
    feeds_failing: int
    feeds_due: int
    feeds_never_read: int
    last_poll: datetime | None  # however it ended
    last_success: datetime | None
    next_due: datetime | None
    items: int
    items_pending: int
    stories: int
    matches: int
    outbox: Mapping[str, int]
    oldest_waiting: datetime | None
    unpaired: Mapping[str, int]
    unknown: Mapping[str, int]  # messages that may not have arrived
    paused: Mapping[str, str]
    sqlite: str

    def is_overdue(self, now: datetime) -> bool:
        """Say whether a feed has been due for so long that nobody can be polling."""
        return self.next_due is not None and self.next_due < now - _OVERDUE


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """What the store knows of one feed, for people.

    `per_day` counts the items since the feed was added that were news, `matched` is the share of them that a watch
    wanted; None where there was no news yet. `address` is where it is asked when it has moved.
    """

    name: str
    url: str
    items: int
    last_success: datetime | None
    due: datetime | None  # None before the first start
    errors: int
    error: str | None
    per_day: float | None = None
    matched: float | None = None
    gone: bool = False
    address: str | None = None


@dataclass(frozen=True, slots=True)
class FeedRecord:
    """A feed with what a check by hand shows: what was read last, and what comes next.

    `rests_until` is until when its host wants no requests, `newest` holds the items that came last.
    """

    feed: Feed
    last_success: datetime | None
    due: datetime
    error: str | None
    is_gone: bool
    rests_until: datetime | None
    newest: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Explained:
    """One decision about one item, in the order in which it was taken."""

    item_id: int
    outlet: str
    title: str
    url: str | None
    seen: datetime
    watch: str
    chat: str
    story_id: int | None
    action: str
    reason: str
    message: str | None  # the state of the outbox row that came of it


@dataclass(frozen=True, slots=True)
class StoredItem:
    """An item that was found again."""

    item_id: int
    outlet: str
    title: str
    url: str | None
    seen: datetime


@dataclass(frozen=True, slots=True)
class Trial:
    """The stories that a watch would have found, had it been there before: how many, and the newest of them."""

    since: datetime
    items: int  # that were gone through
    stories: int
    newest: tuple[StoredItem, ...]
    is_cut: bool = False  # it was ended early, for it found very much or took too long


@dataclass(frozen=True, slots=True)
class Stats:
    """What was sent to a chat in a span of days, for a chart.

    `mentions` gives for each watch the reports a day, the oldest day first; `outlets` who broke how many of the
    stories that were sent. Delays are in seconds, None where nothing was sent.
    """

    start: date
    days: int
    stories: int
    mentions: Mapping[str, Sequence[int]]
    outlets: Sequence[tuple[str, int]]
    from_publication: tuple[float, float] | None  # median and 95th percentile, to the message
    from_poll: tuple[float, float] | None
