"""What the fake Bot API says no with: one error class and the table of what each chat state refuses."""

from enum import IntEnum
from http import HTTPStatus
from typing import Any, NamedTuple

Json = dict[str, Any]

PRIVATE = ("private",)
GROUPS = ("group", "supergroup", "channel")
KINDS = PRIVATE + GROUPS


class Access(IntEnum):
    """How far into a chat a method reaches; a state refuses its own level and all above it."""

    READ = 1
    WRITE = 2
    SEND = 3


class StateRefusal(NamedTuple):
    """What one chat state answers, from which level of access on, and which kinds of chat know it."""

    code: int
    text: str
    least: Access
    kinds: tuple[str, ...]


REFUSALS: dict[str, StateRefusal] = {
    "blocked": StateRefusal(403, "bot was blocked by the user", Access.WRITE, PRIVATE),
    "deactivated": StateRefusal(403, "user is deactivated", Access.WRITE, PRIVATE),
    "never_started": StateRefusal(403, "bot can't initiate conversation with a user", Access.WRITE, PRIVATE),
    "kicked": StateRefusal(403, "bot was kicked from the {kind} chat", Access.READ, GROUPS),
    "left": StateRefusal(403, "bot is not a member of the {kind} chat", Access.READ, GROUPS),
    "deleted": StateRefusal(403, "the group chat was deleted", Access.WRITE, ("group",)),
    "restricted": StateRefusal(400, "not enough rights to send text messages to the chat", Access.SEND, GROUPS),
    "migrated": StateRefusal(400, "group chat was upgraded to a supergroup chat", Access.WRITE, ("group",)),
}


class Refusal(Exception):
    """An answer that is not ok, with the description exactly as the client reads it."""

    def __init__(self, code: int, description: str, parameters: Json | None = None) -> None:
        super().__init__(f"{code} {description}")
        self.code = code
        self.description = description
        self.parameters = parameters or {}


def refuse(code: int, text: str, parameters: Json | None = None) -> Refusal:
    """Return the refusal that puts the name of the code before a text.

    The first letter is lowered, except in server codes such as BUTTON_DATA_INVALID, as the real server does
    (telegram-bot-api, fail_query_with_error).
    """
    is_server_code = len(text) > 1 and (text[1].isupper() or text[1] == "_")
    shown = text if is_server_code else text[:1].lower() + text[1:]
    return Refusal(code, f"{HTTPStatus(code).phrase}: {shown}", parameters)


def bad_request(text: str) -> Refusal:
    return refuse(400, text)


def check_state(kind: str, state: str) -> None:
    """Raise ValueError when a chat of this kind cannot be in this state."""
    name, _, target = state.partition(":")
    if name == "ok":
        return
    if name not in REFUSALS or kind not in REFUSALS[name].kinds:
        raise ValueError(f"a {kind} chat has no state {state!r}")
    if (name == "migrated") != bool(target):
        raise ValueError("say where a group went: 'migrated:ID'")


def state_refusal(kind: str, state: str, access: Access) -> Refusal | None:
    """Return why a chat in this state refuses a method, or None to go on."""
    name, _, target = state.partition(":")
    if name == "ok" or access < REFUSALS[name].least:
        return None
    rule = REFUSALS[name]
    return refuse(rule.code, rule.text.format(kind=kind), {"migrate_to_chat_id": int(target)} if target else None)
