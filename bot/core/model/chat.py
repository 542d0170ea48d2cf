"""Values of the chat: what people press, what they ask for, and how they are answered. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.core.model.hours import Quiet
from bot.core.text import clean


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message: it opens a page, or sends data back (at most 64 bytes)."""

    label: str
    url: str = ""
    data: str = ""
    is_main: bool = False  # the one that most people want


class ButtonAction(StrEnum):
    """What pressing a button means: the first part of its data, before a ":" and a token."""

    FOLLOW = "f"
    MUTE = "m"
    UNMARK = "u"  # neither followed nor muted any more
    MENU = "o"  # shows more buttons
    BACK = "b"
    SNOOZE_HOUR = "sh"
    SNOOZE_DAY = "sd"
    SNOOZE_WEEK = "sw"
    WHY = "w"
    NOT_THIS = "n"  # the newest report belongs to another story
    SAME = "j"  # the story that it may belong to is the same
    MORE_LIKE_THIS = "l"
    NOT_RELEVANT = "i"
    SHOW = "d"  # a story of a digest, with its number behind the token
    YES = "y"  # carries out what was asked
    NO = "x"


class Mark(StrEnum):
    """What a chat made of a story."""

    NONE = ""
    FOLLOWED = "followed"  # what is new in it is sent with a sound, at any hour
    MUTED = "muted"  # nothing more of it is sent


def mark_of_both(marks: Sequence[Mark]) -> Mark:
    """Return what a chat makes of stories that turn out to be one: followed goes first, and muted needs all of them."""
    if Mark.FOLLOWED in marks:
        return Mark.FOLLOWED
    return Mark.MUTED if marks and all(mark is Mark.MUTED for mark in marks) else Mark.NONE


@dataclass(frozen=True, slots=True)
class ButtonToken:
    """What the buttons under a story's message are about: `token` stands for chat and story, or digest, in them."""

    token: str
    mark: Mark = Mark.NONE
    is_open: bool = False  # more buttons are shown


@dataclass(frozen=True, slots=True)
class Member:
    """A chat that may ask: "me" is the owner's, others are configured or joined by an invitation."""

    name: str
    chat_id: int
    is_owner: bool = False
    has_joined: bool = False
    takes_anonymous: bool = False  # who hides behind the group counts as one of its admins


@dataclass(frozen=True, slots=True)
class TokenSubject:
    """What the token on a button stands for: about "story" the number of one, "digest", or a question.

    A question is for one person, and for a while.
    """

    token: str
    chat: str
    about: str
    subject: str
    user_id: int | None = None
    until: datetime | None = None


class Style(StrEnum):
    """How words of an answer look."""

    PLAIN = ""
    BOLD = "b"
    ITALIC = "i"
    CODE = "c"
    LINK = "a"
    COMMAND = "k"  # a command of the bot: sent at a touch
    BLOCK = "p"  # text to be copied, line breaks and all


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of an answer; `url` is where a link leads."""

    text: str
    style: Style = Style.PLAIN
    url: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent to somebody who asked: lines of pieces, with buttons or a picture (PNG)."""

    lines: tuple[tuple[Piece, ...], ...]
    buttons: tuple[tuple[Button, ...], ...] = ()
    picture: bytes | None = None

    @property
    def plain(self) -> str:
        """Return the words alone."""
        return "\n".join("".join(piece.text for piece in line) for line in self.lines)


def plain_lines(text: str) -> tuple[tuple[Piece, ...], ...]:
    """Return plain words as the lines of an answer."""
    return tuple((Piece(line),) for line in clean(text).split("\n"))


@dataclass(frozen=True, slots=True)
class Hours:
    """When a chat is sent what, be it configured or set in the chat."""

    timezone: ZoneInfo
    quiet: Quiet | None = None
    digest: time | None = None
    paused_until: datetime | None = None  # no news is sent to it before then


@dataclass(frozen=True, slots=True)
class Preferences:
    """What chats want beside their watches: marks, snoozes, digests, and the stories shown out of a digest."""

    marks: Mapping[tuple[str, int], Mark] = field(default_factory=dict)  # (chat, story)
    snoozes: Mapping[tuple[str, str], datetime] = field(default_factory=dict)  # (chat, watch) → until when
    digests: Mapping[str, tuple[time, ZoneInfo]] = field(default_factory=dict)  # chat → when it wants its digest
    shown: frozenset[tuple[str, int]] = frozenset()  # (chat, story) sent on request, out of a digest
