"""Values of the deliver stage, from an outbox row to what became of it. Pure."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.core.model.chat import ButtonToken
from bot.core.model.hours import Quiet
from bot.core.model.outbox import AlertPayload, DigestLine, MessageKind, Payload
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
    paused_until: datetime | None = None  # it is sent no news at all before then

    def is_quiet(self, now: datetime) -> bool:
        """Say whether the chat is to be left alone at this hour of its own zone."""
        return self.quiet is not None and self.quiet.covers(now, self.timezone)

    def is_paused(self, now: datetime) -> bool:
        """Say whether somebody there wants no news at all for now."""
        return self.paused_until is not None and now < self.paused_until


@dataclass(frozen=True, slots=True)
class WaitingChat:
    """A chat that may be sent something, the kind of what comes first there, and since when that waits."""

    address: Address
    kind: MessageKind
    since: datetime


@dataclass(frozen=True, slots=True)
class SentMessage:
    """The message of a story that is in a chat; without an id it was sent, but there is none to change."""

    message_id: int | None
    text_hash: str


@dataclass(frozen=True, slots=True)
class DigestEntry:
    """A line of a digest, and its story as it stands when it is sent; None where that is not kept any more."""

    line: DigestLine
    story: Story | None = None


@dataclass(frozen=True, slots=True)
class Digest:
    """Stories in one message, in the order of their numbers.

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
    """One outbox row with all that is needed to render and send it.

    `sent` is the message that it changes, and `reply_to` the one that it answers. It shows all that was ordered up to
    the revision `covers`. Nobody knows what became of `unknowns` attempts; `is_doubtful` says the same of the alert
    that an edit would change.
    """

    id: int
    address: Address
    kind: MessageKind
    attempt: int
    created: datetime
    priority: Priority = Priority.NORMAL
    story: Story | None = None
    matches: tuple[Match, ...] = ()
    sent: SentMessage | None = None
    payload: Payload = field(default_factory=AlertPayload)
    picture: bytes | None = None  # a PNG above an answer
    digest: Digest | None = None
    steps: tuple[Source, ...] = ()  # the replies of the story so far; the title says what was new
    possible_duplicate: Source | None = None  # the first report of a story that this one may belong to
    button_token: ButtonToken | None = None  # what the buttons under a story's message are about
    reply_to: int | None = None
    covers: int = 0
    unknowns: int = 0
    is_doubtful: bool = False
    topic_of: str = ""  # the watch whose topic it goes to; where the address has none, one is opened

    @property
    def is_idempotent(self) -> bool:
        """Say whether sending it twice makes no second message: it changes one that is there."""
        return self.sent is not None and self.sent.message_id is not None


class DeliveryResult(StrEnum):
    """How an attempt to send a message ended."""

    DONE = "sent"
    LATER = "later"  # surely not sent: try again after `wait`
    UNCERTAIN = "uncertain"  # nobody knows: at most one more try, but for an edit
    PAUSED = "paused"  # the chat cannot be written to
    MIGRATED = "migrated"  # the chat has a new id; try there
    TARGET_GONE = "target gone"  # the message to edit is no more: send it anew
    TOPIC_GONE = "topic gone"  # the topic is closed or no more: send it to the chat itself
    REFUSED = "refused"  # for a reason that nobody knows: the message waits, others of the chat go on
    DEAD = "dead"  # will never work


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one alert."""

    alert: Alert
    result: DeliveryResult
    message_id: int | None = None  # Telegram's; None from the terminal
    text_hash: str = ""
    wait: timedelta = timedelta(0)
    new_id: int | None = None
    reason: str = ""
    outage: bool = False  # the other side does not answer: send nothing until it does
    limited: bool = False  # too many messages: the chat is left alone for `wait`
    again: bool = True  # what is uncertain is tried once more
    opened: int | None = None  # the topic that was opened for a watch; 0 where none can be
