"""Who may do what. Pure.

Deny by default: only the private chats that paired or stand in the configuration are answered, and only a
message that a person typed there now. A new reason to refuse is one function and one line in `REFUSALS`.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as it came from Telegram, without trust."""

    update_id: int
    chat_id: int
    chat_kind: str
    user_id: int | None
    text: str
    is_edited: bool = False
    is_forwarded: bool = False
    is_from_bot: bool = False
    is_for_a_chat: bool = False  # written in the name of a channel or group


@dataclass(frozen=True, slots=True)
class Members:
    """The chats that are known, by their Telegram id."""

    names: dict[int, str]


Refusal = Callable[[Incoming, Members], bool]


def not_typed_now(incoming: Incoming, members: Members) -> bool:
    """Refuse what was edited or forwarded: its author may be anybody."""
    return incoming.is_edited or incoming.is_forwarded


def not_a_person(incoming: Incoming, members: Members) -> bool:
    """Refuse bots, channels and whoever hides behind a group."""
    return incoming.is_from_bot or incoming.is_for_a_chat or incoming.user_id is None


def not_private(incoming: Incoming, members: Members) -> bool:
    """Refuse groups and channels."""
    return incoming.chat_kind != "private" or incoming.chat_id != incoming.user_id


def not_known(incoming: Incoming, members: Members) -> bool:
    """Refuse chats that neither paired nor stand in the configuration."""
    return incoming.chat_id not in members.names


REFUSALS: tuple[tuple[str, Refusal], ...] = (
    ("edited or forwarded", not_typed_now),
    ("not a person", not_a_person),
    ("not a private chat", not_private),
)


def refusal(incoming: Incoming, members: Members) -> str | None:
    """Return why a message is not listened to, or None for a person in a private chat, known or not."""
    return _first(REFUSALS, incoming, members)


def command_refusal(incoming: Incoming, members: Members) -> str | None:
    """Return why a command is not carried out, or None."""
    return _first((*REFUSALS, ("unknown chat", not_known)), incoming, members)


def _first(rules: Collection[tuple[str, Refusal]], incoming: Incoming, members: Members) -> str | None:
    return next((reason for reason, refuses in rules if refuses(incoming, members)), None)
