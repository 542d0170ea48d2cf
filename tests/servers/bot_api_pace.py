"""How fast the fake Bot API lets a bot write.

Telegram publishes no exact limits; the defaults follow its FAQ for bots. Only calls that were let
through count.
"""

from collections import deque
from dataclasses import dataclass

from tests.servers.bot_api_refusals import refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Each limit as (calls, seconds)."""

    overall: tuple[int, float] = (30, 1.0)
    """At most so many calls in any span of so many seconds, over all chats."""
    group: tuple[int, float] = (20, 60.0)
    """The same, for one group or channel."""
    private: tuple[int, float] = (3, 1.0)
    """So many calls at once to one private chat, then one in so many seconds."""


DEFAULT_LIMITS = Limits()


class Pace:
    """Remembers the calls of one bot and refuses those that come too fast; no limits, no refusals."""

    def __init__(self, limits: Limits | None) -> None:
        self._limits = limits
        self._overall = _Window(*limits.overall) if limits else None
        self._chats: dict[int, _Window | _Bucket] = {}

    def spend(self, chat_id: int, kind: str, now: float) -> None:
        """Count one call, or raise the 429 that says how many seconds to wait."""
        if self._limits is None or self._overall is None:
            return
        if chat_id not in self._chats:
            is_private = kind == "private"
            self._chats[chat_id] = _Bucket(*self._limits.private) if is_private else _Window(*self._limits.group)
        rules = (self._overall, self._chats[chat_id])
        wait = max(rule.wait(now) for rule in rules)
        if wait > 0:
            seconds = int(wait) + 1
            raise refuse(429, f"retry after {seconds}", {"retry_after": seconds})
        for rule in rules:
            rule.spend(now)


class _Window:
    """At most so many calls in any span of so many seconds."""

    def __init__(self, calls: int, seconds: float) -> None:
        self._seconds = seconds
        self._times: deque[float] = deque(maxlen=calls)

    def wait(self, now: float) -> float:
        is_full = len(self._times) == self._times.maxlen
        return self._times[0] + self._seconds - now if is_full else 0.0

    def spend(self, now: float) -> None:
        self._times.append(now)


class _Bucket:
    """So many calls at once, then one in so many seconds."""

    def __init__(self, burst: int, seconds: float) -> None:
        self._seconds = seconds
        self._slack = (burst - 1) * seconds
        self._empty_at = 0.0

    def wait(self, now: float) -> float:
        return self._empty_at - self._slack - now

    def spend(self, now: float) -> None:
        self._empty_at = max(self._empty_at, now) + self._seconds
