"""The pieces a message is built of; each knows its markup and its plain text. Pure.

Markup is Telegram's HTML (core.telegram.org/bots/api#html-style). Text is escaped here and nowhere else.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Protocol
from zoneinfo import ZoneInfo

# Telegram makes commands, mentions, hashtags, cashtags and links of plain text by itself; a word joiner
# behind the sign stops it, so that words out of a feed can never act.
# What Unicode has not assigned yet counts as a letter there, so anything behind the sign is taken for one; and what
# ends a piece may stand before a word of the next.
_SIGN = re.compile(r"([/@#$])(?=\S|\Z)")
_DOMAIN_DOT = re.compile(r"(?:(?<=[\w\u0080-\U0010FFFF])|\A)([.:])(?=\w*[^\W\d]|[\u0080-\U0010FFFF]|\Z)")
_ADDRESS_DOT = re.compile(r"(?<=\d)(\.)(?=\d+\.\d)")  # of 192.0.2.1
_JOINER = "\u2060"


class Node(Protocol):
    """A piece of a message."""

    def html(self) -> str:
        """Return the piece as Telegram's HTML."""
        ...

    def plain(self) -> str:
        """Return the piece as plain text."""
        ...


def defuse(text: str) -> str:
    """Return text that Telegram shows as it is: no command, mention, tag or link comes of it."""
    for pattern in (_SIGN, _DOMAIN_DOT, _ADDRESS_DOT):
        text = pattern.sub(rf"\1{_JOINER}", text)
    return text


@dataclass(frozen=True, slots=True)
class Text:
    """Plain words."""

    text: str

    def html(self) -> str:
        """Return the words, escaped and defused."""
        return escape(defuse(self.text), quote=False)

    def plain(self) -> str:
        """Return the words."""
        return self.text


@dataclass(frozen=True, slots=True)
class Bold(Text):
    """Strong words."""

    def html(self) -> str:
        """Return the words in bold."""
        return f"<b>{Text.html(self)}</b>"


@dataclass(frozen=True, slots=True)
class Italic(Text):
    """Words in italics."""

    def html(self) -> str:
        """Return the words in italics."""
        return f"<i>{Text.html(self)}</i>"


@dataclass(frozen=True, slots=True)
class Code(Text):
    """Words as they were typed."""

    def html(self) -> str:
        """Return the words as code, in which nothing acts."""
        return f"<code>{escape(self.text, quote=False)}</code>"


@dataclass(frozen=True, slots=True)
class Command(Text):
    """A command of the bot, which is sent at a touch: the only words that may act."""

    def html(self) -> str:
        """Return the command as it is."""
        return escape(self.text, quote=False)


@dataclass(frozen=True, slots=True)
class Block(Text):
    """Lines to be copied, in which nothing acts."""

    def html(self) -> str:
        """Return the lines as they are."""
        return f"<pre>{escape(self.text, quote=False)}</pre>"


@dataclass(frozen=True, slots=True)
class Link:
    """Words that open a web page. The address has to be absolute http or https."""

    text: str
    url: str

    def html(self) -> str:
        """Return the link."""
        return f'<a href="{escape(self.url)}">{escape(self.text, quote=False)}</a>'

    def plain(self) -> str:
        """Return the words alone."""
        return self.text


@dataclass(frozen=True, slots=True)
class Time:
    """An hour of the day: the reader's zone in Telegram, the chat's zone in plain text."""

    at: datetime
    zone: ZoneInfo

    def html(self) -> str:
        """Return the instant for Telegram to show."""
        return f'<tg-time unix="{int(self.at.timestamp())}" format="t">{self.plain()}</tg-time>'

    def plain(self) -> str:
        """Return hours and minutes."""
        return f"{self.at.astimezone(self.zone):%H:%M}"


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar: the reader's zone and language in Telegram, the chat's zone in plain text."""

    at: datetime
    zone: ZoneInfo

    def html(self) -> str:
        """Return the instant for Telegram to show as a day."""
        return f'<tg-time unix="{int(self.at.timestamp())}" format="wd">{self.plain()}</tg-time>'

    def plain(self) -> str:
        """Return the day of the week and the date."""
        return f"{self.at.astimezone(self.zone):%a, %d.%m.%Y}"


@dataclass(frozen=True, slots=True)
class Line:
    """Pieces side by side."""

    pieces: tuple[Node, ...]

    def html(self) -> str:
        """Return the pieces in a row."""
        return "".join(piece.html() for piece in self.pieces)

    def plain(self) -> str:
        """Return the pieces in a row."""
        return "".join(piece.plain() for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Quote:
    """Lines set apart; `folded` shows the first and opens at a touch."""

    lines: tuple[Node, ...]
    folded: bool = False

    def html(self) -> str:
        """Return the block."""
        inner = "\n".join(line.html() for line in self.lines)
        return f"<blockquote{' expandable' if self.folded else ''}>{inner}</blockquote>"

    def plain(self) -> str:
        """Return the lines behind a bar."""
        return "\n".join(f"│ {line.plain()}" for line in self.lines)


def joined(pieces: Sequence[Node], separator: str) -> Line:
    """Return the pieces with words between them."""
    spaced = [piece for node in pieces for piece in (Text(separator), node)]
    return Line(tuple(spaced[1:]))
