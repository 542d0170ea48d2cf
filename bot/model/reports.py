"""What can be asked about the newsroom."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


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
    hits: int
    outbox: Mapping[str, int]
    oldest_waiting: datetime | None
    unpaired: Mapping[str, int]
    unknown: Mapping[str, int]  # messages that may not have arrived
    paused: Mapping[str, str]
    sqlite: str


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """What the store knows of one feed, for people."""

    name: str
    url: str
    items: int
    last_success: datetime | None
    due: datetime
    errors: int
    error: str | None
