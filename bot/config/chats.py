"""Reads the chats of tipoff.toml."""

from datetime import time
from zoneinfo import ZoneInfo

from bot.config.tables import File, Table
from bot.core.model import JOINED, OWNER, ChatSpec, Quiet, hour_of, zone_of
from bot.delivery.channels.registry import OWN_CHATS

NO_ID = (OWNER, *OWN_CHATS)
"""The chats that always exist: whoever paired, and those of the channels."""


def read_chats(file: File) -> tuple[ChatSpec, ...]:
    """Return the chats of a file; mistakes are noted in it."""
    read = [
        (chat, table)
        for table in file.tables("chat", "name", "id", "topic", "timezone", "quiet", "digest", "anonymous_admins")
        if (chat := _chat(table)) is not None
    ]
    file.unique("chat", [(chat.name, table) for chat, table in read], "name")
    return tuple(chat for chat, _ in read)


def _chat(table: Table) -> ChatSpec | None:
    name = table.text("name", required=True)
    number = table.number("id")
    if name in NO_ID and table.has("id"):
        table.mistake("id", f'"{name}" has no id: "me" is whoever pairs, "terminal" prints')
    elif name not in NO_ID and not table.has("id"):
        table.mistake(None, f'the chat "{name}" has no id')
    zone = table.read("timezone", _zone)
    quiet = table.read("quiet", _quiet)
    digest = table.read("digest", _hour)
    topic = table.number("topic")
    anonymous = table.flag("anonymous_admins")
    if name is not None and "/" in name:
        table.mistake("name", 'a name has no "/": what a chat watches of its own is called CHAT/NAME')
    if name is not None and name.startswith(JOINED):
        table.mistake("name", f'a name that begins with "{JOINED}" is for chats that join by invitation')
    return None if name is None else ChatSpec(name, number, topic, zone or ZoneInfo("UTC"), quiet, anonymous, digest)


def _zone(text: str) -> ZoneInfo:
    try:
        return zone_of(text)
    except ValueError as error:
        raise ValueError(f'must be a time zone such as "Europe/Berlin", not "{text}"') from error


def _quiet(text: str) -> Quiet | None:
    try:
        return Quiet.parse(text)
    except ValueError as error:
        raise ValueError(f'must be hours such as "22:00-07:00", not "{text}"') from error


def _hour(text: str) -> time:
    try:
        return hour_of(text)
    except ValueError as error:
        raise ValueError(f'must be an hour such as "08:00", not "{text}"') from error
