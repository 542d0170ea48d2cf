"""What the outbox holds: the kinds of messages, what each says, and how one is ordered. Pure.

A payload holds what cannot be read from anywhere else: what an alert or an edit says is read from its story when it
is sent, and what a digest says from its lines.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.core.model.chat import Button, Piece
from bot.core.model.watches import Priority


class MessageKind(StrEnum):
    """What an outbox row is, the most urgent first: a chat is sent its messages in this order."""

    ANSWER = "answer"  # to a command
    TOUCH = "touch"  # an edit that somebody asked for by a button
    NOTICE = "notice"  # to the owner: something needs a person
    ALERT = "alert"
    REPLY = "reply"  # to the alert: the story has developed
    EDIT = "edit"
    DIGEST = "digest"  # many stories in one message

    @property
    def urgency(self) -> int:
        """Return its place among all kinds, 0 for the most urgent."""
        return _URGENCY[self]

    @property
    def is_about_a_story(self) -> bool:
        """Say whether it is about one story."""
        return self in {MessageKind.ALERT, MessageKind.REPLY, MessageKind.EDIT, MessageKind.TOUCH}

    @property
    def changes_a_message(self) -> bool:
        """Say whether it changes the message of its story."""
        return self in {MessageKind.EDIT, MessageKind.TOUCH}

    @property
    def is_news(self) -> bool:
        """Say whether it waits while a chat is to be left alone."""
        return self not in {MessageKind.ANSWER, MessageKind.NOTICE, MessageKind.TOUCH}


_URGENCY = {kind: place for place, kind in enumerate(MessageKind)}


@dataclass(frozen=True, slots=True)
class AlertPayload:
    """The message of a story."""


@dataclass(frozen=True, slots=True)
class EditPayload:
    """A change of the message of a story; a touch is one, too."""


@dataclass(frozen=True, slots=True)
class ReplyPayload:
    """What is new in a story, and the report that says so."""

    news: str
    title: str = ""
    outlet: str = ""
    url: str | None = None


@dataclass(frozen=True, slots=True)
class DigestPayload:
    """A digest; `text` is all that one of an early version says, which had no lines."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class AnswerPayload:
    """An answer in lines of pieces; a picture stands beside it.

    It goes to the `topic` of a forum, or changes the message `changes` as long as that is there.
    """

    lines: tuple[tuple[Piece, ...], ...]
    buttons: tuple[tuple[Button, ...], ...] = ()
    topic: int | None = None
    changes: int | None = None


@dataclass(frozen=True, slots=True)
class NoticePayload:
    """What needs a person, in plain words."""

    text: str


Payload = AlertPayload | EditPayload | ReplyPayload | DigestPayload | AnswerPayload | NoticePayload


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
    """An order for a message: an outbox row, or a line of a digest. The same order again changes nothing.

    `revision` counts what was ordered about a story in a chat: 0 is its alert.
    """

    chat: str
    kind: MessageKind
    priority: Priority
    dedupe_key: str  # what the row is known by in its chat
    story_id: int | None = None
    revision: int | None = None
    payload: Payload = AlertPayload()
    line: DigestLine | None = None
    not_before: datetime | None = None  # when the digest is sent


def order_alert(chat: str, story: int, priority: Priority) -> MessageOrder:
    """Return the order for the message of a story."""
    return MessageOrder(chat, MessageKind.ALERT, priority, f"alert:{story}", story, 0)


def order_edit(chat: str, story: int, revision: int, priority: Priority) -> MessageOrder:
    """Return the order for a change of the message of a story."""
    return MessageOrder(
        chat, MessageKind.EDIT, priority, f"edit:{story}:{revision}", story, revision, payload=EditPayload()
    )


def order_reply(chat: str, story: int, revision: int, priority: Priority, payload: ReplyPayload) -> MessageOrder:
    """Return the order for a message that says what is new in a story."""
    return MessageOrder(
        chat, MessageKind.REPLY, priority, f"reply:{story}:{revision}", story, revision, payload=payload
    )


def order_touch(chat: str, story: int, asked_by: str, priority: Priority = Priority.HIGH) -> MessageOrder:
    """Return the order for a change of the message of a story that somebody asked for."""
    return MessageOrder(chat, MessageKind.TOUCH, priority, f"touch:{story}:{asked_by}", story, payload=EditPayload())


def order_notice(chat: str, about: str, text: str) -> MessageOrder:
    """Return the order for a notice about one thing."""
    return MessageOrder(chat, MessageKind.NOTICE, Priority.HIGH, f"notice:{about}", payload=NoticePayload(text))


def order_line(chat: str, story: int, line: DigestLine, due: datetime, priority: Priority) -> MessageOrder:
    """Return the order for a line of the digest that is sent at an instant."""
    return MessageOrder(
        chat, MessageKind.DIGEST, priority, "", story, payload=DigestPayload(), line=line, not_before=due
    )
