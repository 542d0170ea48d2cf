"""A message as a tree of plain values, before any channel renders it. Pure.

Text is plain text: whoever renders a tree escapes it. What the pieces look like is up to the channel.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.core.model.chat import Button
from bot.core.text import units


@dataclass(frozen=True, slots=True)
class Words:
    """Plain words; the kinds of it below differ in how they look."""

    text: str

    def plain(self) -> str:
        """Return the words."""
        return self.text


class Bold(Words):
    """Strong words."""

    __slots__ = ()


class Italic(Words):
    """Words in italics."""

    __slots__ = ()


class Code(Words):
    """Words as they were typed."""

    __slots__ = ()


class Command(Words):
    """A command of the bot, which a touch sends: the only words that may act."""

    __slots__ = ()


class Block(Words):
    """Lines to be copied, line breaks and all."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Link:
    """Words that open a web page. The address has to be absolute http or https."""

    text: str
    url: str

    def plain(self) -> str:
        """Return the words alone."""
        return self.text


@dataclass(frozen=True, slots=True)
class Time:
    """An hour of the day; `zone` is the chat's."""

    at: datetime
    zone: ZoneInfo

    def plain(self) -> str:
        """Return hours and minutes in the chat's zone."""
        return f"{self.at.astimezone(self.zone):%H:%M}"


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar; `zone` is the chat's."""

    at: datetime
    zone: ZoneInfo

    def plain(self) -> str:
        """Return the day of the week and the date in the chat's zone."""
        return f"{self.at.astimezone(self.zone):%a, %d.%m.%Y}"


@dataclass(frozen=True, slots=True)
class Line:
    """Pieces side by side."""

    pieces: "tuple[Node, ...]"

    def plain(self) -> str:
        """Return the pieces in a row."""
        return "".join(piece.plain() for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Quote:
    """Lines set apart; `folded` shows the first and opens at a touch."""

    lines: "tuple[Node, ...]"
    folded: bool = False

    def plain(self) -> str:
        """Return the lines behind a bar."""
        return "\n".join(f"│ {line.plain()}" for line in self.lines)


Node = Words | Link | Time | Day | Line | Quote


@dataclass(frozen=True, slots=True)
class Message:
    """What a chat is sent: lines, the buttons under them row by row, a picture (PNG) above; `silent` makes no sound."""

    lines: tuple[Node, ...]
    buttons: tuple[tuple[Button, ...], ...] = ()
    silent: bool = False
    picture: bytes | None = None

    def plain(self) -> str:
        """Return the lines as plain text."""
        return plain(self.lines)

    def links(self) -> list[Button]:
        """Return the buttons that open a page."""
        return [button for row in self.buttons for button in row if button.url]

    def hash(self) -> str:
        """Return a hash of the plain text and the links, for channels that show no more than that."""
        links = (part for button in self.links() for part in (button.label, button.url))
        return hashlib.sha256("\x1f".join((self.plain(), *links)).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a channel takes and can do; the layout of a message depends on it.

    A text may have `longest` units; `size` says how many it has once it is rendered, markup left out.
    """

    longest: int = 4096
    size: Callable[[str], int] = units
    edits: bool = True  # a message that was sent can be changed
    buttons: bool = True
    pictures: bool = True


def plain(lines: Sequence[Node]) -> str:
    """Return lines as plain text."""
    return "\n".join(line.plain() for line in lines)


def joined(pieces: Sequence[Node], separator: str) -> Line:
    """Return the pieces with words between them."""
    spaced = [piece for node in pieces for piece in (Words(separator), node)]
    return Line(tuple(spaced[1:]))
