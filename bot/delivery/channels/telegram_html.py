"""A message as Telegram's HTML (core.telegram.org/bots/api#html-style). Pure.

Text is escaped here and nowhere else; the hash of what a reader sees says whether a message has changed.
"""

import hashlib
import re
from dataclasses import dataclass
from html import escape

from bot.core.links import is_for_a_button
from bot.core.model.chat import Button
from bot.core.model.message import (
    Abilities,
    Block,
    Bold,
    Code,
    Command,
    Day,
    Italic,
    Line,
    Link,
    Message,
    Node,
    Quote,
    Time,
    Words,
)
from bot.core.text import units

# Telegram makes commands, mentions, hashtags, cashtags and links of plain text by itself; a word joiner
# behind the sign stops it, so that words out of a feed can never act.
# What Unicode has not assigned yet counts as a letter there, so anything behind the sign is taken for one; and what
# ends a piece may stand before a word of the next.
_SIGN = re.compile(r"([/@#$])(?=\S|\Z)")
_DOMAIN_DOT = re.compile(r"(?:(?<=[\w\u0080-\U0010FFFF])|\A)([.:])(?=\w*[^\W\d]|[\u0080-\U0010FFFF]|\Z)")
_ADDRESS_DOT = re.compile(r"(?<=\d)(\.)(?=\d+\.\d)")  # of 192.0.2.1
_JOINER = "\u2060"


@dataclass(frozen=True, slots=True)
class TelegramMessage:
    """A message as Telegram takes it, the same as plain text, and a hash to know it again by.

    `unmarked` is sent where Telegram refuses the markup: nothing in it acts, and it shows the links of the buttons.
    """

    html: str
    plain: str
    hash: str  # of all that a reader sees
    buttons: tuple[tuple[Button, ...], ...] = ()
    silent: bool = False
    picture: bytes | None = None
    unmarked: str = ""


def as_telegram(message: Message) -> TelegramMessage:
    """Return a message for Telegram."""
    html = "\n".join(map(_html, message.lines))
    buttons = (part for row in message.buttons for one in row for part in (one.label, one.url, one.data))
    seen = "\x1f".join((html, *buttons)).encode()
    digest = hashlib.sha256(seen).hexdigest()[:32]
    links = [f"{one.label}: {one.url}" for one in message.links()]
    unmarked = defuse("\n".join((message.plain(), *links)))
    return TelegramMessage(html, message.plain(), digest, message.buttons, message.silent, message.picture, unmarked)


def defuse(text: str) -> str:
    """Return text that Telegram shows as it is: no command, mention, tag or link comes of it."""
    for pattern in (_SIGN, _DOMAIN_DOT, _ADDRESS_DOT):
        text = pattern.sub(rf"\1{_JOINER}", text)
    return text


# UTF-16 units are the stricter reading of Telegram's limit; the signs that defuse a text count.
ABILITIES = Abilities(longest=4096, size=lambda text: units(defuse(text)))


def _html(node: Node) -> str:
    match node:
        case Bold(text):
            return f"<b>{_escaped(defuse(text))}</b>"
        case Italic(text):
            return f"<i>{_escaped(defuse(text))}</i>"
        case Code(text):  # nothing acts in it
            return f"<code>{_escaped(text)}</code>"
        case Command(text):
            return _escaped(text)
        case Block(text):  # nothing acts in it
            return f"<pre>{_escaped(text)}</pre>"
        case Words(text):
            return _escaped(defuse(text))
        case Link(text, url) if not is_for_a_button(url):  # Telegram would drop the link, and its words would act
            return _escaped(defuse(text))
        case Link(text, url):
            return f'<a href="{escape(url)}">{_escaped(text)}</a>'
        case Time(at):  # the reader's zone; plain for apps that do not know it
            return f'<tg-time unix="{int(at.timestamp())}" format="t">{node.plain()}</tg-time>'
        case Day(at):
            return f'<tg-time unix="{int(at.timestamp())}" format="wd">{node.plain()}</tg-time>'
        case Line(pieces):
            return "".join(map(_html, pieces))
        case Quote(lines, folded):
            inner = "\n".join(map(_html, lines))
            return f"<blockquote{' expandable' if folded else ''}>{inner}</blockquote>"


def _escaped(text: str) -> str:
    return escape(text, quote=False)
