"""Who may be sent what, when. Pure.

Telegram publishes about 30 messages a second over all chats, one a second in a private chat and 20 a minute
in a group (core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this). Tipoff stays below
each, also in the window that begins at a burst, and leaves room for requests that arrive later than they were
sent; edits count like messages. What Telegram says by a 429 counts before all of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.core.model import WaitingChat

_MANY = 3  # chats that have to wait within the span are no accident: the limit of all chats was met
_SPAN = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be sent: messages a second, and messages at once."""

    rate: float
    burst: float


@dataclass(frozen=True, slots=True)
class Budgets:
    """What Telegram allows, with a margin."""

    everyone: Budget = Budget(25.0, 2.0)
    private: Budget = Budget(1.0, 2.0)
    group: Budget = Budget(17 / 60, 2.0)

    def of(self, chat_id: int) -> Budget:
        """Return the budget of a chat; ids below zero are groups and channels."""
        return self.group if chat_id < 0 else self.private


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket: it fills steadily and each message takes a token."""

    budget: Budget
    tokens: float
    at: float

    def filled(self, now: float) -> "Bucket":
        """Return the bucket as it stands now; a clock that went back fills nothing."""
        more = max(now - self.at, 0.0) * self.budget.rate
        return replace(self, tokens=min(self.budget.burst, self.tokens + more), at=now)

    def taken(self) -> "Bucket":
        """Return the bucket with one token less."""
        return replace(self, tokens=self.tokens - 1)

    def free_at(self) -> float:
        """Return when there is a whole token."""
        return self.at + max(1 - self.tokens, 0.0) / self.budget.rate


class Pace:
    """Hands out permissions to send; remembers what it gave. Instants are seconds of one clock that never goes back."""

    def __init__(self, budgets: Budgets | None = None) -> None:
        """Begin with full buckets."""
        self._budgets = budgets or Budgets()
        self._all: Bucket | None = None
        self._chats: dict[int, Bucket] = {}
        self._served: dict[str, int] = {}  # chat → its place among all that was given
        self._count = 0
        self._limited: dict[int, tuple[float, float]] = {}  # chat → when it got a 429, and for how long it waits
        self._closed_until = 0.0

    def choose(self, waiting: Iterable[WaitingChat], now: float, room: int) -> list[WaitingChat]:
        """Return up to `room` chats that may be sent their next message now, and count it.

        The most urgent kind comes first, then the chat that was served the longest ago. The terminal is never paced.
        """
        chosen: list[WaitingChat] = []
        for one in sorted(waiting, key=self._turn):
            if len(chosen) == room:
                break
            if one.address.id is None or self._allows(one.address.id, now):
                self._count += 1
                self._served[one.address.chat] = self._count
                chosen.append(one)
        return chosen

    def _turn(self, one: WaitingChat) -> tuple[int, int, float]:
        return one.kind.urgency, self._served.get(one.address.chat, 0), one.since.timestamp()

    def _allows(self, chat_id: int, now: float) -> bool:
        everyone, chat = self._buckets(chat_id, now)
        allowed = now >= self._closed_until and everyone.tokens >= 1 and chat.tokens >= 1
        self._all, self._chats[chat_id] = (everyone.taken(), chat.taken()) if allowed else (everyone, chat)
        return allowed

    def _buckets(self, chat_id: int, now: float) -> tuple[Bucket, Bucket]:
        everyone = self._all or _full(self._budgets.everyone, now)
        chat = self._chats.get(chat_id) or _full(self._budgets.of(chat_id), now)
        return everyone.filled(now), chat.filled(now)

    def remember(self, chat_id: int, at: float) -> None:
        """Count a message that the process before has sent; to be called in their order."""
        everyone, chat = self._buckets(chat_id, at)
        self._all, self._chats[chat_id] = everyone.taken(), chat.taken()

    def wait(self, waiting: Iterable[WaitingChat], now: float) -> float | None:
        """Return in how many seconds one of these may be sent something, or None where nobody waits for a token."""
        times = []
        for one in waiting:
            if one.address.id is not None:
                everyone, chat = self._buckets(one.address.id, now)
                times.append(max(everyone.free_at(), chat.free_at(), self._closed_until))
        return max(min(times) - now, 0.0) if times else None

    def limited(self, chat_id: int, wait: timedelta, now: float) -> None:
        """Note a 429 of a chat: its row holds it. Once that happens to several, all are held."""
        self._limited = {chat: mark for chat, mark in self._limited.items() if mark[0] > now - _SPAN}
        self._limited[chat_id] = (now, wait.total_seconds())
        if len(self._limited) >= _MANY:
            # the shortest wait is that of all chats; a chat's own may be longer, and holds that chat
            self._closed_until = now + min(span for _, span in self._limited.values())


def _full(budget: Budget, now: float) -> Bucket:
    return Bucket(budget, budget.burst, now)


def backoff(attempt: int) -> timedelta:
    """Return how long to wait after this many attempts: 1, 2, 4 … up to 60 seconds."""
    return timedelta(seconds=min(2 ** min(attempt - 1, 6), 60))
