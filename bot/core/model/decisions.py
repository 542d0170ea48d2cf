"""What the decide stage commits: decisions with their reasons, orders for messages, delivery records. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.core.model.items import Item
from bot.core.model.stories import Match, NearMiss, Story
from bot.core.model.watches import Priority


class Action(StrEnum):
    """What the decide stage does about an item, for one watch and chat."""

    ALERT = "alert"
    UPDATE = "update"
    REPLY = "reply"
    DIGEST = "digest"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about an item for one watch and chat, and why. Watch and chat are "" where no watch wants it."""

    item_id: int
    watch: str
    chat: str
    action: Action
    reason: str
    story_id: int | None = None


class MessageKind(StrEnum):
    """What an outbox row says, the most urgent first: messages are sent in this order."""

    ANSWER = "answer"  # to a command
    TOUCH = "touch"  # somebody pressed a button: the message shows it at once
    NOTICE = "notice"  # to the owner: something needs a person
    ALERT = "alert"
    REPLY = "reply"  # to the alert: the story has developed
    EDIT = "edit"
    DIGEST = "digest"  # many stories in one message

    @property
    def tells_a_story(self) -> bool:
        """Say whether it is about one story, or just words."""
        return self in {MessageKind.ALERT, MessageKind.REPLY, MessageKind.EDIT, MessageKind.TOUCH}

    @property
    def changes_a_message(self) -> bool:
        """Say whether it changes the message that tells its story."""
        return self in {MessageKind.EDIT, MessageKind.TOUCH}

    @property
    def is_news(self) -> bool:
        """Say whether it waits while a chat is to be left alone."""
        return self not in {MessageKind.ANSWER, MessageKind.NOTICE, MessageKind.TOUCH}


@dataclass(frozen=True, slots=True)
class DigestLine:
    """What a digest says about one story; with `news`, what is new in it, and `title` is the report that says so.

    `watches` are those for which alone it stands there; none means that it stands there for all of the chat.
    """

    title: str
    outlet: str
    url: str | None = None
    remark: str = ""  # why it stands in a digest
    news: str = ""
    event: str = ""
    watches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageOrder:
    """An order for a message: one outbox row, unique by (chat, story, kind, revision); or for a line of a digest."""

    chat: str
    story_id: int
    kind: MessageKind
    revision: int
    priority: Priority
    text: str = ""  # what is new
    line: DigestLine | None = None
    not_before: datetime | None = None  # when the digest is sent


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """What a chat was sent of a story: the message in a revision, or only a line in a digest.

    `watches` are those for which alone the line stands there: they were snoozed, or have low priority.
    """

    revision: int
    in_digest: bool = False
    watches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything that one pass of the decide stage commits together."""

    done: tuple[Item, ...]
    matches: tuple[tuple[Match, int], ...]  # with the story's id
    stories: tuple[Story, ...]
    decisions: tuple[Decision, ...]
    orders: tuple[MessageOrder, ...]
    near_misses: tuple[NearMiss, ...] = ()
