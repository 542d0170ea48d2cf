"""Every way out: a new channel is a file beside this one and a line in `CHANNELS`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from telegram import Bot

from bot.core.model import TERMINAL, Address, ChatSpec, Outcome
from bot.core.ports import Channel
from bot.delivery.channels.telegram import TelegramChannel


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What channels reach the outside through; `note` learns what became of each message."""

    terminal: Channel
    bot: Bot | None = None  # None without a token
    is_up: Callable[[], bool] = lambda: True  # whether Telegram can be written to now
    note: Callable[[Outcome], None] = lambda outcome: None


@dataclass(frozen=True, slots=True)
class Entry:
    """How a channel is opened, None where it is not set up; `chat` always exists and is served by it alone."""

    open: Callable[[Outside], Channel | None]
    chat: str = ""


def _telegram(outside: Outside) -> Channel | None:
    return None if outside.bot is None else TelegramChannel(outside.bot, outside.note, outside.is_up)


# A chat that is not a channel's own is served by the first that is open.
CHANNELS: tuple[Entry, ...] = (
    Entry(_telegram),
    Entry(lambda outside: outside.terminal, chat=TERMINAL),
)
OWN_CHATS = tuple(entry.chat for entry in CHANNELS if entry.chat)


def with_own_chats(chats: Iterable[ChatSpec]) -> tuple[ChatSpec, ...]:
    """Return chats with those that channels have of their own; what is configured for one of these goes before."""
    return (*map(ChatSpec, OWN_CHATS), *chats)


class Channels:
    """The channels that are open, and which of them serves a chat."""

    def __init__(self, outside: Outside) -> None:
        """Open every channel that is set up."""
        opened = [(entry.chat, channel) for entry in CHANNELS if (channel := entry.open(outside)) is not None]
        self._own = {chat: channel for chat, channel in opened if chat}
        self._others = opened[0][1]

    def route(self, address: Address) -> Channel | None:
        """Return the channel of a chat; None while a message for it cannot be sent."""
        channel = self._own.get(address.chat, self._others)
        return channel if channel.reaches(address) else None
