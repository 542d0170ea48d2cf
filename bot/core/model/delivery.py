"""Values of dispatch, from an outbox row to what became of it. Pure."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.core.model.chat import Button, ButtonToken, Piece
from bot.core.model.decisions import DigestLine, MessageKind
from bot.core.model.hours import Quiet
from bot.core.model.stories import Match, Source, Story
from bot.core.model.watches import Priority


@dataclass(frozen=True, slots=True)
class Address:
    """Where a chat is. `id` is None for the terminal and for a chat that nobody has paired yet."""

    chat: str
    id: int | None
    topic: int | None = None
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    quiet: Quiet | None = None
    paused_until: datetime | None = None  # it is told no news at all before then

    def is_quiet(self, now: datetime) -> bool:
        """Say whether the chat is to be left alone at this hour of its own zone."""
        return self.quiet is not None and self.quiet.covers(now, self.timezone)

    def is_paused(self, now: datetime) -> bool:
        """Say whether somebody there wants no news at all for now."""
        return self.paused_until is not None and now < self.paused_until


@dataclass(frozen=True, slots=True)
class WaitingChat:
    """A chat that may be told something, what comes first there, and since when that waits."""

    address: Address
    kind: MessageKind
    since: datetime


@dataclass(frozen=True, slots=True)
class SentMessage:
    """The message that already tells a story in a chat; without an id it was told, but there is none to change."""

    message_id: int | None
    text_hash: str


@dataclass(frozen=True, slots=True)
class DigestEntry:
    """A line of a digest, and its story as it stands when it is told; None where that is not kept any more."""

    line: DigestLine
    story: Story | None = None


@dataclass(frozen=True, slots=True)
class Digest:
    """Stories that are told in one message, in the order of their numbers.

    `since` is when the digest of the day before was due, None for one that is not of the day; `articles` were read
    since then. `token` stands for it in its buttons.
    """

    entries: tuple[DigestEntry, ...]
    token: str
    at: datetime
    since: datetime | None = None
    articles: int = 0


@dataclass(frozen=True, slots=True)
class Alert:
    """One outbox row with all that is needed to render it. `told` is the message an edit changes.

    It tells all that was ordered up to the revision `covers`. Nobody knows what became of `unknowns` attempts;
    `is_doubtful` says the same of the alert that an edit would change.
    """

    id: int
    address: Address
    kind: MessageKind
    attempt: int
    created: datetime
    priority: Priority = Priority.NORMAL
    story: Story | None = None
    matches: tuple[Match, ...] = ()
    told: SentMessage | None = None
    possible_duplicate: Source | None = None  # the first report of a story that this one may belong to
    steps: tuple[Source, ...] = ()  # what the chat was told of since; the title says what was new
    reply_to: int | None = None  # the message that a reply answers
    answer: str = ""
    lines: tuple[tuple[Piece, ...], ...] = ()  # an answer in more than plain words
    buttons: tuple[tuple[Button, ...], ...] = ()  # under an answer
    picture: bytes | None = None  # a PNG; the answer is what stands under it
    digest: Digest | None = None
    handle: ButtonToken | None = None  # what the buttons under a story's message are about
    covers: int = 0
    unknowns: int = 0
    is_doubtful: bool = False
    topic_of: str = ""  # the watch whose topic it goes to; where the address has none, one is opened

    @property
    def is_idempotent(self) -> bool:
        """Say whether telling it twice makes no second message: it changes one that is there."""
        return self.told is not None and self.told.message_id is not None


class DeliveryResult(StrEnum):
    """How an attempt to tell somebody ended."""

    DONE = "sent"
    LATER = "later"  # surely not sent: try again after `wait`
    UNCERTAIN = "uncertain"  # nobody knows: at most one more try, but for an edit
    PAUSED = "paused"  # the chat cannot be written to
    MIGRATED = "migrated"  # the chat has a new id; try there
    TARGET_GONE = "target gone"  # the message to edit is no more: tell it anew
    TOPIC_GONE = "topic gone"  # the topic is closed or no more: tell it in the chat itself
    DEAD = "dead"  # will never work


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one alert."""

    alert: Alert
    sent: DeliveryResult
    message_id: int | None = None  # Telegram's; None from the terminal
    text_hash: str = ""
    wait: timedelta = timedelta(0)
    new_id: int | None = None
    reason: str = ""
    outage: bool = False  # the other side does not answer: send nothing until it does
    limited: bool = False  # too many messages: the chat is left alone for `wait`
    again: bool = True  # what is uncertain is tried once more
    opened: int | None = None  # the topic that was opened for a watch; 0 where none can be
