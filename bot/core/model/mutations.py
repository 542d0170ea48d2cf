"""What people change by commands and buttons: values that the store carries out, all of an update or nothing. Pure."""

from dataclasses import dataclass
from datetime import datetime

from bot.core.model.chat import Mark
from bot.core.model.watches import WatchSpec


@dataclass(frozen=True, slots=True)
class AddWatch:
    """Watch something for a chat; one of the same name is replaced."""

    watch: WatchSpec
    by: int | None


@dataclass(frozen=True, slots=True)
class RemoveWatch:
    """Stop watching something."""

    name: str


@dataclass(frozen=True, slots=True)
class AddFeed:
    """Poll one more feed."""

    url: str
    name: str | None
    by: int | None


@dataclass(frozen=True, slots=True)
class RemoveFeed:
    """Stop polling a feed that a chat had added."""

    url: str


@dataclass(frozen=True, slots=True)
class SetHours:
    """Set when a chat is sent what; None leaves a setting as it is, "" takes it away."""

    timezone: str | None = None
    quiet: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class SetPause:
    """Send a chat no news until an instant; None ends the pause."""

    until: datetime | None


@dataclass(frozen=True, slots=True)
class SetTopics:
    """Send what each watch finds to a topic of its own, or all in the chat itself."""

    wanted: bool


@dataclass(frozen=True, slots=True)
class Snooze:
    """Put what a watch finds into a digest until an instant; None ends that."""

    watch: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class MarkStory:
    """Follow or mute a story."""

    story: int
    mark: Mark


@dataclass(frozen=True, slots=True)
class OpenMenu:
    """Show more buttons under a story's message, or fewer."""

    story: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class Touch:
    """Show what was pressed in the message of a story, at once."""

    story: int


@dataclass(frozen=True, slots=True)
class Label:
    """Remember what a person thinks of a story's newest report: "more" or "less" like it."""

    story: int
    verdict: str
    by: int | None


@dataclass(frozen=True, slots=True)
class Regroup:
    """Say that a story is one with the story it may belong to; or else that its newest report is another story."""

    story: int
    is_same: bool


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask a person whether to go on: `subject` is what a yes carries out, under `token`."""

    token: str
    about: str
    subject: str
    user_id: int | None
    until: datetime


@dataclass(frozen=True, slots=True)
class UseUp:
    """Void a token, so that its question is not answered again."""

    token: str


@dataclass(frozen=True, slots=True)
class Invite:
    """Let whoever sends the code with this hash join, once."""

    sha256: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Join:
    """Make a Telegram chat a member, by the invitation with this hash."""

    chat_id: int
    kind: str
    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Expel:
    """End the membership of a chat that joined; its watches are deleted."""

    name: str


@dataclass(frozen=True, slots=True)
class ShowInDigest:
    """Send a story of a digest in a message of its own, by its number there."""

    digest: int
    number: int


Mutation = (
    AddWatch
    | RemoveWatch
    | AddFeed
    | RemoveFeed
    | SetHours
    | SetPause
    | SetTopics
    | Snooze
    | MarkStory
    | OpenMenu
    | Touch
    | Label
    | Regroup
    | Ask
    | UseUp
    | Invite
    | Join
    | Expel
    | ShowInDigest
)
