"""Who may be sent what, when. Pure.

Telegram publishes about 30 messages a second over all chats, one a second in a private chat and 20 a minute
in a group (core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this). Tipoff stays below
each, also in the window that begins at a burst; edits count like messages.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.model import Address, Quiet

_ALL_RATE, _ALL_BURST = 25.0, 4.0  # messages a second; messages at once
_PRIVATE_RATE, _PRIVATE_BURST = 1.0, 3.0
_GROUP_RATE, _GROUP_BURST = 18 / 60, 2.0


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket: it fills steadily and each message takes a token."""

    rate: float
    burst: float
    tokens: float
    at: float = 0.0

    def filled(self, now: float) -> "Bucket":
        """Return the bucket as it stands now."""
        return replace(self, tokens=min(self.burst, self.tokens + (now - self.at) * self.rate), at=now)

    def taken(self) -> "Bucket":
        """Return the bucket with one token less."""
        return replace(self, tokens=self.tokens - 1)


class Pace:
    """Hands out permissions to send; remembers what it gave."""

    def __init__(self) -> None:
        self._all = Bucket(_ALL_RATE, _ALL_BURST, _ALL_BURST)
        self._chats: dict[int, Bucket] = {}

    def allow(self, address: Address, now: float) -> bool:
        """Say whether a message may go to the chat now, in seconds, and count it if so. The terminal is never paced."""
        if address.id is None:
            return True
        everyone = self._all.filled(now)
        chat = self._chats.get(address.id, _fresh(address.id)).filled(now)
        allowed = everyone.tokens >= 1 and chat.tokens >= 1
        self._all, self._chats[address.id] = (everyone.taken(), chat.taken()) if allowed else (everyone, chat)
        return allowed


def _fresh(chat_id: int) -> Bucket:
    """Return a full bucket; ids below zero are groups and channels."""
    if chat_id < 0:
        return Bucket(_GROUP_RATE, _GROUP_BURST, _GROUP_BURST)
    return Bucket(_PRIVATE_RATE, _PRIVATE_BURST, _PRIVATE_BURST)


def is_quiet(address: Address, now: datetime) -> bool:
    """Say whether a chat is to be left alone at this hour of its own zone."""
    quiet: Quiet | None = address.quiet
    if quiet is None:
        return False
    hour = now.astimezone(address.timezone).time()
    if quiet.start <= quiet.end:
        return quiet.start <= hour < quiet.end
    return hour >= quiet.start or hour < quiet.end


def backoff(attempt: int) -> timedelta:
    """Return how long to wait after this many attempts: 1, 2, 4 … up to 60 seconds."""
    return timedelta(seconds=min(2 ** (attempt - 1), 60))
