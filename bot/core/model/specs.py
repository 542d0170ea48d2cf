"""What a person wrote: feeds, watches, chats. Pure."""

from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.core.model.hours import Quiet


@dataclass(frozen=True, slots=True)
class FeedSpec:
    """A feed a person asked for. Outlets with the same owner count as one source."""

    url: str
    name: str | None = None
    tags: tuple[str, ...] = ()
    owner: str | None = None
    interval: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Alias:
    """A person or an organisation and the other names it goes by."""

    name: str
    aliases: tuple[str, ...] = ()


class Priority(StrEnum):
    """How loudly a watch speaks."""

    HIGH = "high"  # goes through quiet hours
    NORMAL = "normal"
    LOW = "low"  # makes no sound, or waits for the digest of the day


# How certain an event is; the last is what stands in the background of other news.
CERTAINTIES = ("stated", "planned", "reported", "denied", "background")


@dataclass(frozen=True, slots=True)
class WatchSpec:
    """A watch as a person wrote it; `bot.watches.watchlist` compiles it."""

    name: str
    to: tuple[str, ...] = ("me",)
    people: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    query: str | None = None
    exclude: tuple[str, ...] = ()
    where: tuple[str, ...] = ("title", "lede")
    certainty: tuple[str, ...] = CERTAINTIES[:-1]
    sources: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    regex: tuple[str, ...] = ()
    priority: Priority = Priority.NORMAL


TERMINAL = "terminal"  # the chat that always exists and prints
OWNER = "me"  # the chat of whoever paired first
JOINED = "@"  # how the names of chats begin that joined by an invitation


@dataclass(frozen=True, slots=True)
class ChatSpec:
    """A place where alerts are told. Without an id it waits until somebody pairs."""

    name: str
    id: int | None = None
    topic: int | None = None
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    quiet: Quiet | None = None
    takes_anonymous: bool = False  # whoever hides behind the group counts as one of its admins
    digest: time | None = None  # when it is told what has low priority
