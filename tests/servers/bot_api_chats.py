"""What the fake Bot API remembers: chats, messages, topics, pressed buttons, and how each looks as JSON."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.servers.bot_api_contract import member_rights
from tests.servers.bot_api_pace import Limits, Pace
from tests.servers.bot_api_refusals import (
    KINDS,
    REFUSALS,
    Access,
    Json,
    bad_request,
    check_state,
    state_refusal,
)
from tests.servers.bot_api_text import Formatted, read_text, shown_tag
from tests.servers.bot_api_updates import Updates

TOPIC_COLOR = 0x6FB9F0

# How the bot itself is listed as a member, where that is not "member".
_BOT_STATUS = {
    "blocked": "kicked",
    "kicked": "kicked",
    "left": "left",
    "migrated": "left",
    "restricted": "restricted",
}


@dataclass(slots=True)
class Chat:
    """One chat. `names` holds its title, username or first_name, as the Bot API calls them."""

    id: int
    kind: str
    names: Json
    language: str = "en"
    state: str = "ok"
    topics: dict[int, str] | None = None
    """The state of each topic, "open" or "closed"; None where there can be no topics."""
    members: dict[int, str] = field(default_factory=dict)
    pinned: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as it is now; an edit replaces the value.

    `text` is what a reader sees (the caption of a picture), `html` what was sent, markup and all.
    """

    chat_id: int
    id: int
    sender: int
    date: int
    text: str = ""
    html: str = ""
    entities: tuple[Json, ...] = ()
    reply_markup: Json | None = None
    reply_to: int | None = None
    thread_id: int | None = None
    silent: bool = False
    photo: str | None = None
    link_preview: Json | None = None
    reaction: tuple[Json, ...] = ()
    edits: int = 0
    edit_date: int | None = None

    @property
    def buttons(self) -> tuple[Json, ...]:
        """The inline buttons, row by row."""
        return tuple(button for row in (self.reply_markup or {}).get("inline_keyboard", ()) for button in row)


class World:
    """Everything one bot can see. Its caller holds the lock."""

    def __init__(
        self, bot: Json, limits: Limits | None, own_tags: Iterable[str], hold: float, monotonic: Callable[[], float]
    ) -> None:
        self.bot = bot
        self.chats: dict[int, Chat] = {}
        self.messages: dict[tuple[int, int], Message] = {}
        self.callbacks: dict[str, float] = {}
        self.commands: dict[tuple[str, str], list[Json]] = {}
        self.files: set[str] = set()
        self.updates = Updates(hold)
        self.pace = Pace(limits)
        self.monotonic = monotonic
        self.violations: list[str] = []
        self._own_tags = tuple(own_tags)
        self._last_ids: dict[int, int] = {}

    # Chats.

    def add_chat(self, chat: Chat) -> Chat:
        if chat.kind not in KINDS:
            raise ValueError(f"no such kind of chat: {chat.kind!r}")
        check_state(chat.kind, chat.state)
        self.chats[chat.id] = chat
        return chat

    def known_chat(self, chat_id: int) -> Chat:
        """Return a chat for a test that controls it."""
        if chat_id not in self.chats:
            raise ValueError(f"no chat {chat_id}: add_chat comes first")
        return self.chats[chat_id]

    def reach(self, chat_id: Any, access: Access) -> Chat:
        """Return the chat that a call names, or raise what Telegram answers when the bot cannot act there."""
        if chat_id in (None, ""):
            raise bad_request("chat_id is empty")
        if (chat := self._find_chat(str(chat_id))) is None:
            raise bad_request("chat not found")
        if refusal := state_refusal(chat.kind, chat.state, access):
            raise refusal
        return chat

    def _find_chat(self, name: str) -> Chat | None:
        if name.startswith("@"):
            return next((chat for chat in self.chats.values() if chat.names.get("username") == name[1:]), None)
        return self.chats.get(int(name)) if name.removeprefix("-").isdecimal() else None

    def set_state(self, chat: Chat, state: str) -> None:
        """Change what the bot may do; a migration also makes the new chat and announces the move in both."""
        check_state(chat.kind, state)
        chat.state = state
        name, _, target = state.partition(":")
        if name == "migrated":
            new = self.chats.get(int(target)) or self.add_chat(Chat(int(target), "supergroup", dict(chat.names)))
            self.announce(chat, {"migrate_to_chat_id": new.id})
            self.announce(new, {"migrate_from_chat_id": chat.id})

    def announce(self, chat: Chat, news: Json) -> None:
        """Queue a service message."""
        message = {"message_id": self.next_id(chat), "date": int(time.time()), "chat": chat_json(chat)}
        self.updates.put({"message": message | news})

    # Messages.

    def next_id(self, chat: Chat) -> int:
        """Count per supergroup and channel; private chats and basic groups share one count."""
        counter = chat.id if chat.kind in ("supergroup", "channel") else 0
        self._last_ids[counter] = self._last_ids.get(counter, 0) + 1
        return self._last_ids[counter]

    def store(self, message: Message) -> Message:
        """Keep a new or edited message, and note when our own markup would show."""
        if message.sender == self.bot["id"] and (tag := shown_tag(message.text, self._own_tags)):
            self.violations.append(f"message {message.id} in chat {message.chat_id} shows {tag} as text")
        self.messages[message.chat_id, message.id] = message
        return message

    def restore(self, messages: Iterable[Message], last_ids: Mapping[int, int], update_id: int) -> None:
        """Keep messages of another world, and count on from its last ids; the next update has the id `update_id`."""
        self.messages |= {(message.chat_id, message.id): message for message in messages}
        self._last_ids.update(last_ids)
        self.updates.count_from(update_id)

    def edit(self, message: Message, **changes: Any) -> Message:
        return self.store(replace(message, edits=message.edits + 1, edit_date=int(time.time()), **changes))

    def message_json(self, message: Message, *, with_reply: bool = True) -> Json:
        chat = self.chats[message.chat_id]
        answer: Json = {"message_id": message.id, "date": message.date, "chat": chat_json(chat)}
        answer |= {"sender_chat": chat_json(chat)} if chat.kind == "channel" else {"from": self.user(message.sender)}
        answer |= _content_json(message)
        if message.edit_date:
            answer["edit_date"] = message.edit_date
        if message.thread_id:
            answer |= {"message_thread_id": message.thread_id, "is_topic_message": True}
        target = self.messages.get((message.chat_id, message.reply_to or 0))
        if target and with_reply:
            answer["reply_to_message"] = self.message_json(target, with_reply=False)
        return answer

    # People.

    def user(self, user_id: int) -> Json:
        """Return a person by id; whoever has no private chat here is called "User ID"."""
        if user_id == self.bot["id"]:
            return {name: self.bot[name] for name in ("id", "is_bot", "first_name", "username")}
        chat = self.chats.get(user_id)
        known = {**chat.names, "language_code": chat.language} if chat else {}
        return {"id": user_id, "is_bot": False, "first_name": f"User {user_id}"} | known

    def member(self, chat: Chat, user_id: int) -> Json:
        """Return how a person, or the bot, is listed in a chat."""
        if user_id == self.bot["id"]:
            usual = "administrator" if chat.kind == "channel" else "member"
            status = _BOT_STATUS.get(chat.state.partition(":")[0], chat.members.get(user_id, usual))
        else:
            status = "member" if chat.id == user_id else chat.members.get(user_id, "left")
        return self.member_json(user_id, status)

    def member_json(self, user_id: int, status: str) -> Json:
        return {"status": status, "user": self.user(user_id)} | member_rights(status)

    def say(self, chat: Chat, user_id: int, text: str, reply_to: int | None, thread_id: int | None) -> int:
        """Store and queue what a person writes; whoever writes to the bot in private has started it."""
        if chat.state in ("never_started", "blocked"):
            chat.state = "ok"
        spoken = read_text(text)
        message = self.store(
            Message(
                chat_id=chat.id,
                id=self.next_id(chat),
                sender=user_id,
                date=int(time.time()),
                text=spoken.text,
                html=text,
                entities=spoken.entities,
                reply_to=reply_to,
                thread_id=thread_id,
            )
        )
        kind = "channel_post" if chat.kind == "channel" else "message"
        return self.updates.put({kind: self.message_json(message)})

    def press(self, message: Message, user_id: int, data: str, age: float) -> int:
        """Queue a press of a button, made `age` seconds ago."""
        callback_id = str(4_000_000_000 + len(self.callbacks))
        self.callbacks[callback_id] = time.monotonic() - age
        query = {
            "id": callback_id,
            "from": self.user(user_id),
            "message": self.message_json(message),
            "chat_instance": str(abs(message.chat_id)),
            "data": data,
        }
        return self.updates.put({"callback_query": query})

    def change_membership(self, chat: Chat, user_id: int, status: str) -> int:
        """Queue the news of what somebody made of the bot, and let the state of the chat follow."""
        me = self.bot["id"]
        old = self.member(chat, me)
        is_block = chat.kind == "private" and status == "kicked"
        self.set_state(chat, "blocked" if is_block else status if status in REFUSALS else "ok")
        chat.members[me] = status
        change = {
            "chat": chat_json(chat),
            "from": self.user(user_id),
            "date": int(time.time()),
            "old_chat_member": old,
            "new_chat_member": self.member_json(me, status),
        }
        return self.updates.put({"my_chat_member": change})


def chat_json(chat: Chat) -> Json:
    forum = {"is_forum": True} if chat.topics is not None and chat.kind == "supergroup" else {}
    return {"id": chat.id, "type": chat.kind, **chat.names, **forum}


def content(formatted: Formatted, raw: str) -> Json:
    """Return the fields of a message that come from its text."""
    return {"text": formatted.text, "html": raw, "entities": formatted.entities}


def _content_json(message: Message) -> Json:
    text, entities = ("caption", "caption_entities") if message.photo else ("text", "entities")
    answer: Json = {text: message.text} if message.text else {}
    if message.entities:
        answer[entities] = list(message.entities)
    if message.photo:
        size = {"width": 90, "height": 90}
        answer["photo"] = [{"file_id": message.photo, "file_unique_id": f"u{message.photo}", **size}]
    if message.buttons:
        answer["reply_markup"] = message.reply_markup
    if message.link_preview:
        answer["link_preview_options"] = message.link_preview
    return answer
