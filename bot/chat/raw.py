"""Takes Telegram's answers as JSON and reads of each update what the bot acts on, one update by itself.

The library reads an answer as a whole, and refuses it for one field that a newer or older server leaves out.
"""

import logging
from collections.abc import Mapping
from typing import Any

from telegram import Bot, Update
from telegram.error import TelegramError

log = logging.getLogger(__name__)

# What the library raises at an answer in a form that it does not know.
UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
_LARGEST = 2**63  # what the store takes
_READ_TIMEOUT = 25.0  # seconds
_FORWARDED = {"type": "hidden_user", "date": 0, "sender_user_name": ""}
_MEMBERS = ("member", "administrator")

# What is read of each object: field → its type, or the fields of the object that stands there.
_USER = {"id": int, "is_bot": bool, "first_name": str}
_CHAT = {"id": int, "type": str, "title": str, "first_name": str, "is_forum": bool}
_ANSWERED = {"message_id": int, "date": int, "chat": _CHAT}
_MESSAGE = _ANSWERED | {
    "from": _USER,
    "sender_chat": _CHAT,
    "via_bot": _USER,
    "text": str,
    "message_thread_id": int,
    "is_topic_message": bool,
    "is_automatic_forward": bool,
    "migrate_to_chat_id": int,
    "reply_to_message": _ANSWERED,
    "forward_origin": {},
}
_MEMBER = {"status": str, "user": _USER}
_UPDATE = {
    "update_id": int,
    "message": _MESSAGE,
    "edited_message": _MESSAGE,
    "channel_post": _MESSAGE,
    "callback_query": {"id": str, "from": _USER, "chat_instance": str, "data": str, "message": _MESSAGE},
    "my_chat_member": {
        "chat": _CHAT,
        "from": _USER,
        "date": int,
        "old_chat_member": _MEMBER,
        "new_chat_member": _MEMBER,
    },
}
# Without these an object is none.
_NEEDED = {"update_id", "id", "type", "chat", "message_id", "date", "status", "old_chat_member", "new_chat_member"}
UPDATES = [kind for kind in _UPDATE if kind != "update_id"]


async def ask(bot: Bot, method: str, wait: int = 0, **parameters: object) -> list[Any]:
    """Return the list that a method answers, as JSON; `wait` is how many seconds Telegram may hold the answer."""
    try:
        answer: Any = await bot._post(  # noqa: SLF001  # what the library offers reads the answer as a whole
            method, parameters, read_timeout=wait + _READ_TIMEOUT
        )
    except UNREADABLE as error:
        raise TelegramError(f"the answer cannot be read ({type(error).__name__})") from error
    if not isinstance(answer, list):
        raise TelegramError(f"{method} was answered with no list")
    return answer


def id_of(update: object) -> int | None:
    """Return the number of an update, None where it has none to be confirmed by."""
    number = update.get("update_id") if isinstance(update, dict) else None
    return number if isinstance(number, int) and 0 <= number < _LARGEST else None


def user_ids(members: list[Any]) -> frozenset[int]:
    """Return the ids of the members of a chat; one that cannot be read is nobody."""
    users = [one.get("user") for one in members if isinstance(one, dict)]
    return frozenset(one["id"] for one in users if isinstance(one, dict) and isinstance(one.get("id"), int))


class UpdateReader:
    """Reads updates; one that cannot be read is laid aside, and each reason is logged once."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def read(self, raw: Mapping[str, Any], bot: Bot) -> Update | None:
        """Return an update, None where it cannot be read."""
        try:
            return Update.de_json(_readable(raw), bot)
        except UNREADABLE as error:
            kind = next((kind for kind in UPDATES if kind in raw), "unknown")
            why = f"{kind} {type(error).__name__}"
            if why not in self._said:
                self._said.add(why)
                log.warning("laid_aside update=%s kind=%s reason=%s", id_of(raw), kind, type(error).__name__)
            return None


def _readable(raw: Mapping[str, Any]) -> dict[str, Any]:
    update = _kept(raw, _UPDATE)
    for kind in ("message", "edited_message", "channel_post"):
        if "forward_origin" in update.get(kind, {}):
            update[kind]["forward_origin"] = _FORWARDED
    if (change := update.get("my_chat_member")) is not None:
        for side in ("old_chat_member", "new_chat_member"):
            # the rights that come with a status differ from one version of Telegram's server to the next
            change[side]["status"] = "member" if change[side]["status"] in _MEMBERS else "left"
    for kind in ("callback_query", "my_chat_member"):
        if kind in update and "from" not in update[kind]:
            raise ValueError("from")
    if (press := update.get("callback_query")) is not None:
        press.setdefault("chat_instance", "")
        press.get("message", {}).pop("forward_origin", None)
    return update


def _kept(raw: Any, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an object that are read; raise ValueError where one is missing or of another type."""
    if not isinstance(raw, Mapping):
        raise ValueError("no object")  # noqa: TRY004  # as for a field: whoever reads updates asks no more of an error
    kept = {}
    for name, kind in fields.items():
        value = raw.get(name)
        if value is None:
            if name in _NEEDED:
                raise ValueError(name)
            continue
        if isinstance(kind, Mapping):
            value = _kept(value, kind)
        elif not isinstance(value, kind) or not _fits(value):
            raise ValueError(name)
        kept[name] = value
    return kept


def _fits(value: object) -> bool:
    """Say whether the store takes a value."""
    if isinstance(value, str):
        return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)
    return not isinstance(value, int) or -_LARGEST <= value < _LARGEST
