"""The methods of the fake Bot API: one table, and one function a line.

getUpdates is in the table without a function: it waits, so the server itself answers it.
"""

import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from tests.servers.bot_api_chats import TOPIC_COLOR, Chat, Message, World, chat_json, content
from tests.servers.bot_api_refusals import Access, Json, bad_request
from tests.servers.bot_api_text import is_link, read_caption, read_text

CALLBACK_SECONDS = 30.0
DELETE_SECONDS = 48 * 3600
MAX_BUTTONS = 100
MAX_CALLBACK_BYTES = 64
MAX_CALLBACK_ANSWER = 200
MAX_COMMANDS = 100
MAX_TOPIC_NAME = 128

_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a "
    "current content and reply markup of the message"
)
_BUTTON = "can't parse inline keyboard button: "
_BUTTON_ACTIONS = (
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
)
_CHAT_ACTIONS = (
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
)


class Method(NamedTuple):
    """One method: its function, how far into a chat it reaches (None: into none), and whether it is paced.

    The function gets the world, the chat if there is one, and the parameters.
    """

    answer: Callable[..., Any] | None
    access: Access | None = None
    is_paced: bool = False


def carry_out(world: World, method: Method, params: Json) -> Any:
    """Run a method: is there such a chat, may the bot act there, is it slow enough, and only then act."""
    if method.answer is None:
        raise ValueError("the server answers this method itself")
    if method.access is None:
        return method.answer(world, params)
    chat = world.reach(params.get("chat_id"), method.access)
    if method.is_paced:
        world.pace.spend(chat.id, chat.kind, world.monotonic())
    return method.answer(world, chat, params)


# The bot and its webhook.


def get_me(world: World, params: Json) -> Json:
    has_topics = any(chat.kind == "private" and chat.topics is not None for chat in world.chats.values())
    return world.bot | {"has_topics_enabled": has_topics}


def set_webhook(world: World, params: Json) -> bool:
    world.updates.set_webhook(params.get("url", ""))
    world.updates.allow(params.get("allowed_updates"))
    return _drop_pending(world, params)


def delete_webhook(world: World, params: Json) -> bool:
    world.updates.set_webhook("")
    return _drop_pending(world, params)


def _drop_pending(world: World, params: Json) -> bool:
    if flag(params, "drop_pending_updates"):
        world.updates.drop()
    return True


def get_webhook_info(world: World, params: Json) -> Json:
    return {
        "url": world.updates.webhook,
        "has_custom_certificate": False,
        "pending_update_count": len(world.updates),
    }


# Sending.


def send_message(world: World, chat: Chat, params: Json) -> Json:
    raw = str(params.get("text", ""))
    formatted = read_text(raw, params.get("parse_mode", ""), params.get("entities") or ())
    preview = _link_preview(params)
    return _send(world, chat, params, link_preview=preview, **content(formatted, raw))


def send_photo(world: World, chat: Chat, params: Json) -> Json:
    raw = str(params.get("caption", ""))
    formatted = read_caption(raw, params.get("parse_mode", ""), params.get("caption_entities") or ())
    return _send(world, chat, params, photo=_photo(world, params.get("photo")), **content(formatted, raw))


def _photo(world: World, photo: Any) -> str:
    """Return the file id of a picture: a known one, or a new one for a URL (not fetched) or an upload."""
    if not photo:
        raise bad_request("there is no photo in the request")
    if isinstance(photo, str):
        if photo in world.files:
            return photo
        if not re.match(r"https?://", photo):
            raise bad_request("wrong remote file identifier specified: Wrong string length")
    file_id = f"photo-{len(world.files) + 1}"
    world.files.add(file_id)
    return file_id


def _send(world: World, chat: Chat, params: Json, **fields: Any) -> Json:
    markup = _markup(params)
    thread_id = _thread(chat, params)
    reply_to = _reply_target(world, chat, params)
    message = Message(
        chat_id=chat.id,
        id=world.next_id(chat),
        sender=world.bot["id"],
        date=int(time.time()),
        reply_markup=markup,
        reply_to=reply_to,
        thread_id=thread_id,
        silent=flag(params, "disable_notification"),
        **fields,
    )
    return world.message_json(world.store(message))


def _thread(chat: Chat, params: Json) -> int | None:
    """Return the topic to write in; General has no id of its own, so 1 is as unknown as any other."""
    if not (thread_id := number(params, "message_thread_id")):
        return None
    topic = (chat.topics or {}).get(thread_id)
    if topic is None:
        raise bad_request("message thread not found")
    if topic == "closed":
        raise bad_request("TOPIC_CLOSED")
    return thread_id


def _reply_target(world: World, chat: Chat, params: Json) -> int | None:
    reply = params.get("reply_parameters") or {
        "message_id": params.get("reply_to_message_id"),
        "allow_sending_without_reply": params.get("allow_sending_without_reply"),
    }
    message_id = number(reply, "message_id")
    if not message_id or (chat.id, message_id) in world.messages:
        return message_id or None
    if flag(reply, "allow_sending_without_reply"):
        return None
    raise bad_request("message to be replied not found")


def _link_preview(params: Json) -> Json | None:
    preview: Json | None = params.get("link_preview_options")
    if preview and "url" in preview and not is_link(preview["url"]):
        raise bad_request("WEBPAGE_URL_INVALID")
    return preview


def _markup(params: Json) -> Json | None:
    """Return the keyboard of a message, or raise what Telegram says of its first bad button."""
    markup: Json | None = params.get("reply_markup")
    buttons = [button for row in (markup or {}).get("inline_keyboard", ()) for button in row]
    if len(buttons) > MAX_BUTTONS:
        raise bad_request("reply markup is too long")
    for button in buttons:
        _check_button(button)
    return markup or None


def _check_button(button: Json) -> None:
    if "text" not in button:
        raise bad_request(_BUTTON + 'Can\'t find field "text"')
    if not any(button.get(action) not in (None, "") for action in _BUTTON_ACTIONS):
        raise bad_request(_BUTTON + "Text buttons are unallowed in the inline keyboard")
    if len(button.get("callback_data", "").encode()) > MAX_CALLBACK_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")
    if (url := button.get("url")) and not is_link(url):
        has_foreign_scheme = "://" in url and not re.match(r"https?:", url, re.IGNORECASE)
        reason = "Unsupported URL protocol" if has_foreign_scheme else "Wrong HTTP URL"
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: {reason}")


def send_chat_action(world: World, chat: Chat, params: Json) -> bool:
    if params.get("action") not in _CHAT_ACTIONS:
        raise bad_request("wrong parameter action in request")
    _thread(chat, params)
    return True


# Changing what was sent.


def edit_message_text(world: World, chat: Chat, params: Json) -> Json:
    message = _own(world, chat, params)
    raw = str(params.get("text", ""))
    formatted = read_text(raw, params.get("parse_mode", ""), params.get("entities") or ())
    if message.photo:
        raise bad_request("there is no text in the message to edit")
    markup, preview = _markup(params), _link_preview(params)
    now = (message.text, message.entities, message.reply_markup, message.link_preview)
    if now == (formatted.text, formatted.entities, markup, preview):
        raise bad_request(_NOT_MODIFIED)
    changes = {**content(formatted, raw), "reply_markup": markup, "link_preview": preview}
    return world.message_json(world.edit(message, **changes))


def edit_message_reply_markup(world: World, chat: Chat, params: Json) -> Json:
    message = _own(world, chat, params)
    markup = _markup(params)
    if message.reply_markup == markup:
        raise bad_request(_NOT_MODIFIED)
    return world.message_json(world.edit(message, reply_markup=markup))


def _own(world: World, chat: Chat, params: Json) -> Message:
    message = _find(world, chat, params, "edit")
    if message.sender != world.bot["id"]:
        raise bad_request("message can't be edited")
    return message


def delete_message(world: World, chat: Chat, params: Json) -> bool:
    message = _find(world, chat, params, "delete")
    if time.time() - message.date > DELETE_SECONDS:
        raise bad_request("message can't be deleted")
    del world.messages[chat.id, message.id]
    return True


def pin_chat_message(world: World, chat: Chat, params: Json) -> bool:
    chat.pinned.append(_find(world, chat, params, "pin").id)
    return True


def set_message_reaction(world: World, chat: Chat, params: Json) -> bool:
    message = _find(world, chat, params, "react")
    world.store(replace(message, reaction=tuple(params.get("reaction") or ())))
    return True


def _find(world: World, chat: Chat, params: Json, purpose: str) -> Message:
    if not (message_id := number(params, "message_id")):
        raise bad_request("message identifier is not specified")
    if (message := world.messages.get((chat.id, message_id))) is None:
        raise bad_request(f"message to {purpose} not found")
    return message


def answer_callback_query(world: World, params: Json) -> bool:
    pressed_at = world.callbacks.get(str(params.get("callback_query_id")))
    if pressed_at is None or time.monotonic() - pressed_at > CALLBACK_SECONDS:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    if len(params.get("text", "")) > MAX_CALLBACK_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    return True


# Commands.


def set_my_commands(world: World, params: Json) -> bool:
    commands: list[Json] = params.get("commands") or []
    if len(commands) > MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not re.fullmatch(r"/?[a-z0-9_]{1,32}", command.get("command", "")):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(command.get("description", "")) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    world.commands[_scope(params)] = commands
    return True


def get_my_commands(world: World, params: Json) -> list[Json]:
    return world.commands.get(_scope(params), [])


def _scope(params: Json) -> tuple[str, str]:
    scope = params.get("scope") or {"type": "default"}
    return json.dumps(scope, sort_keys=True), params.get("language_code", "")


# Chats.


def create_forum_topic(world: World, chat: Chat, params: Json) -> Json:
    if chat.topics is None:
        raise bad_request("the chat is not a forum")
    if not (name := str(params.get("name", "")).strip()[:MAX_TOPIC_NAME]):
        raise bad_request("topic name is empty")
    thread_id = world.next_id(chat)
    chat.topics[thread_id] = "open"
    color = number(params, "icon_color") or TOPIC_COLOR
    return {"message_thread_id": thread_id, "name": name, "icon_color": color}


def get_chat(world: World, chat: Chat, params: Json) -> Json:
    gifts = (
        "unlimited_gifts",
        "limited_gifts",
        "unique_gifts",
        "premium_subscription",
        "gifts_from_channels",
    )
    full = {
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(gifts, False),
    }
    pinned = [message for pin in chat.pinned if (message := world.messages.get((chat.id, pin)))]
    pinned_json = {"pinned_message": world.message_json(pinned[-1])} if pinned else {}
    return chat_json(chat) | full | pinned_json


def get_chat_member(world: World, chat: Chat, params: Json) -> Json:
    if not (user_id := number(params, "user_id")):
        raise bad_request("invalid user_id specified")
    return world.member(chat, user_id)


def get_chat_administrators(world: World, chat: Chat, params: Json) -> list[Json]:
    if chat.kind == "private":
        raise bad_request("there are no administrators in the private chat")
    ranks = ("creator", "administrator")
    return [world.member(chat, user_id) for user_id, status in chat.members.items() if status in ranks]


METHODS: dict[str, Method] = {
    "getMe": Method(get_me),
    "getUpdates": Method(None),
    "setWebhook": Method(set_webhook),
    "deleteWebhook": Method(delete_webhook),
    "getWebhookInfo": Method(get_webhook_info),
    "sendMessage": Method(send_message, Access.SEND, is_paced=True),
    "sendPhoto": Method(send_photo, Access.SEND, is_paced=True),
    "sendChatAction": Method(send_chat_action, Access.SEND),
    "editMessageText": Method(edit_message_text, Access.WRITE, is_paced=True),
    "editMessageReplyMarkup": Method(edit_message_reply_markup, Access.WRITE, is_paced=True),
    "deleteMessage": Method(delete_message, Access.WRITE),
    "pinChatMessage": Method(pin_chat_message, Access.WRITE),
    "setMessageReaction": Method(set_message_reaction, Access.WRITE),
    "answerCallbackQuery": Method(answer_callback_query),
    "setMyCommands": Method(set_my_commands),
    "getMyCommands": Method(get_my_commands),
    "createForumTopic": Method(create_forum_topic, Access.WRITE),
    "getChat": Method(get_chat, Access.READ),
    "getChatMember": Method(get_chat_member, Access.READ),
    "getChatAdministrators": Method(get_chat_administrators, Access.READ),
}


# Reading parameters: a form brings every value as text.


def number(params: Json, name: str) -> int:
    """Return a whole number, 0 where there is none, as the real server reads it."""
    try:
        return int(params.get(name) or 0)
    except (TypeError, ValueError):
        return 0


def flag(params: Json, name: str) -> bool:
    return str(params.get(name, "")).lower() in ("true", "yes", "1")
