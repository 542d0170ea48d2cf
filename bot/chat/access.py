"""Who may do what. Pure.

Deny by default: only chats that paired, joined by an invitation or stand in the configuration are answered, and only
what a person typed there now; in a group and a channel, one of its admins. A new reason to refuse is one function
and one line in `REFUSALS`.
"""

from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.core.model import OWNER, Member, TokenSubject

# Ids that stand for nobody: whoever hides behind a group, a channel's posts in its group, Telegram itself.
ANONYMOUS_ADMIN, FAKE_CHANNEL, TELEGRAM = 1087968824, 136817688, 777000
GROUPS = frozenset({"group", "supergroup"})

MOST_COMMANDS = 60  # a minute, for a chat and for a person in all chats
MOST_WATCHES = 500  # of a chat
MOST_FEEDS = 1_000  # of a chat
MOST_LOOKS = 10  # a minute, at feeds that are to be added and at a month for a watch
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A message as it came from Telegram, without trust."""

    update_id: int
    chat_id: int
    chat_kind: str
    user_id: int | None
    text: str
    sender_chat: int | None = None  # in whose name it was written, where that is a chat
    thread: int | None = None
    reply_to: int | None = None
    is_edited: bool = False
    is_forwarded: bool = False
    is_from_bot: bool = False
    is_for_another_bot: bool = False  # "/help@AnotherBot"
    is_post: bool = False  # in a channel

    @property
    def is_command(self) -> bool:
        """Say whether it is a command."""
        return self.text.startswith("/")


@dataclass(frozen=True, slots=True)
class ButtonPress:
    """A button as it was pressed, without trust: its data can be anything."""

    update_id: int
    query_id: str
    chat_id: int
    chat_kind: str
    user_id: int
    message_id: int
    data: str


@dataclass(frozen=True, slots=True)
class KnownChats:
    """Who is known: the chats, by their Telegram id, and the admins of the chat at hand."""

    members: Mapping[int, Member]
    admins: Collection[int] = ()

    @property
    def owner(self) -> int | None:
        """Return the owner's id: that of the private chat "me"."""
        return next((number for number, member in self.members.items() if member.name == OWNER), None)


Refusal = Callable[[IncomingMessage, KnownChats], bool]


def not_typed_now(incoming: IncomingMessage, known: KnownChats) -> bool:
    """Refuse what was edited or forwarded: its author may be anybody."""
    return incoming.is_edited or incoming.is_forwarded


def not_a_person(incoming: IncomingMessage, known: KnownChats) -> bool:
    """Refuse bots, and whoever writes in the name of a chat that is not this one."""
    if incoming.is_from_bot or incoming.user_id in {FAKE_CHANNEL, TELEGRAM}:
        return True
    if incoming.is_post:
        return incoming.sender_chat not in {None, incoming.chat_id}
    if incoming.sender_chat is not None:
        return incoming.chat_kind not in GROUPS or incoming.sender_chat != incoming.chat_id
    return incoming.user_id is None or incoming.user_id == ANONYMOUS_ADMIN


def meant_for_another(incoming: IncomingMessage, known: KnownChats) -> bool:
    """Refuse commands to another bot, and whatever is no command where people talk with one another."""
    return incoming.is_for_another_bot or (incoming.chat_kind != "private" and not incoming.is_command)


def not_in_its_place(incoming: IncomingMessage, known: KnownChats) -> bool:
    """Refuse a private chat that is not the sender's own, and kinds of chats that nobody knows."""
    if incoming.chat_kind == "private":
        return incoming.chat_id != incoming.user_id or incoming.is_post
    return incoming.chat_kind not in GROUPS and not (incoming.chat_kind == "channel" and incoming.is_post)


def not_an_admin(incoming: IncomingMessage, known: KnownChats) -> bool:
    """Refuse whoever does not run the group; only admins can post in a channel at all.

    An admin who hides behind the group counts only where the configuration says so.
    """
    if incoming.chat_kind not in GROUPS:
        return False
    if incoming.sender_chat is not None:
        member = known.members.get(incoming.chat_id)
        return member is None or not member.takes_anonymous
    return incoming.user_id not in known.admins and incoming.user_id != known.owner


def not_known(incoming: IncomingMessage, known: KnownChats) -> bool:
    """Refuse chats that neither paired nor joined nor stand in the configuration."""
    return incoming.chat_id not in known.members


REFUSALS: tuple[tuple[str, Refusal], ...] = (
    ("edited or forwarded", not_typed_now),
    ("not a person", not_a_person),
    ("not meant for this bot", meant_for_another),
    ("not in its place", not_in_its_place),
    ("not an admin", not_an_admin),
)


def refusal(incoming: IncomingMessage, known: KnownChats) -> str | None:
    """Return why a message is not listened to, or None for somebody who may at least join."""
    return _first(REFUSALS, incoming, known)


def command_refusal(incoming: IncomingMessage, known: KnownChats) -> str | None:
    """Return why a command is not carried out, or None."""
    return _first((*REFUSALS, ("unknown chat", not_known)), incoming, known)


def press_refusal(pressed: ButtonPress, held: TokenSubject | None, known: KnownChats, now: datetime) -> str | None:
    """Return why a button does nothing, in words for whoever pressed it, or None."""
    member = known.members.get(pressed.chat_id)
    if member is None or (pressed.chat_kind == "private" and pressed.chat_id != pressed.user_id):
        return "This is not for you."
    if pressed.chat_kind != "private" and pressed.user_id not in known.admins and pressed.user_id != known.owner:
        return "Only admins of this chat can do that."
    if held is None or held.chat != member.name or (held.until is not None and held.until < now):
        return "This button does not work any more."
    if held.user_id is not None and held.user_id != pressed.user_id:
        return "Somebody else was asked."
    return None


def _first(rules: Collection[tuple[str, Refusal]], incoming: IncomingMessage, known: KnownChats) -> str | None:
    return next((reason for reason, refuses in rules if refuses(incoming, known)), None)


@dataclass(slots=True)
class Quota:
    """How often each chat and each person may do something in a minute; who asks too often is warned once."""

    most: int
    _when: dict[int, deque[datetime]] = field(default_factory=dict)
    _told: dict[int, datetime] = field(default_factory=dict)

    def is_over(self, keys: Collection[int], now: datetime) -> bool:
        """Count one more try of all these; say whether one of them has had enough."""
        seen = [self._recent(key, now) for key in set(keys)]
        if any(len(times) >= self.most for times in seen):
            return True
        for times in seen:
            times.append(now)
        return False

    def is_to_be_warned(self, key: int, now: datetime) -> bool:
        """Say whether somebody is to be warned now: once a minute."""
        if key in self._told and now - self._told[key] < _MINUTE:
            return False
        self._told[key] = now
        return True

    def _recent(self, key: int, now: datetime) -> deque[datetime]:
        times = self._when.setdefault(key, deque())
        while times and abs(now - times[0]) >= _MINUTE:
            times.popleft()
        return times
