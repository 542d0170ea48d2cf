"""What a person wrote: feeds, names, chats. Pure."""

from dataclasses import dataclass, field
from datetime import time, timedelta
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


TERMINAL = "terminal"  # the chat that always exists and prints
OWNER = "me"  # the chat of whoever paired first
JOINED = "@"  # how the names of chats begin that joined by an invitation


@dataclass(frozen=True, slots=True)
class ChatSpec:
    """A place that alerts are sent to. Without an id it waits until somebody pairs."""

    name: str
    id: int | None = None
    topic: int | None = None
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    quiet: Quiet | None = None
    takes_anonymous: bool = False  # whoever hides behind the group counts as one of its admins
    digest: time | None = None  # when it is sent the digest of what has low priority
