"""What a person wrote: feeds, watches, chats."""

from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


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
    LOW = "low"  # makes no sound


# How certain an event is; the last is what stands in the background of other news.
CERTAINTIES = ("stated", "planned", "reported", "denied", "background")


@dataclass(frozen=True, slots=True)
class WatchSpec:
    """A watch as a person wrote it; `bot.desk.watches` compiles it."""

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


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of the day in which a chat is left alone, as "22:00-07:00"; may cross midnight."""

    start: time
    end: time

    def __str__(self) -> str:
        """Return the hours as they are written."""
        return f"{self.start:%H:%M}-{self.end:%H:%M}"

    def covers(self, hour: time) -> bool:
        """Say whether an hour of the day is quiet; the end is not any more."""
        if self.start <= self.end:
            return self.start <= hour < self.end
        return hour >= self.start or hour < self.end

    @classmethod
    def parse(cls, text: str) -> "Quiet | None":
        """Read hours; nothing is None. Raises ValueError."""
        if not text:
            return None
        start, _, end = text.partition("-")
        return cls(time.fromisoformat(start.strip()), time.fromisoformat(end.strip()))


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
