"""A health snapshot of a running newsroom, and what stands still in it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.core.model import Status

_BLOCKED = 10.0  # seconds that the event loop stood still
_BUSY = 300.0  # seconds that a stage may work on one thing


@dataclass(frozen=True, slots=True)
class HealthSnapshot:
    """The state of a newsroom at one instant. Spans are seconds; what is None is not known or does not apply."""

    now: datetime
    status: Status
    lag: float  # the longest time that the event loop stood still, of the last minute
    busy: Mapping[str, float]  # stage (fetch, decide, deliver) → for how long it has worked on one thing
    database: str | None = None  # why it cannot be written
    telegram: str = "none"  # up, down, or none without a token
    updates: float | None = None  # since Telegram last answered a question for updates
    log_size: int = 0  # bytes of the write-ahead log

    @property
    def troubles(self) -> list[str]:
        """Return what stands still; an outage of Telegram is no trouble of ours."""
        found = []
        if self.lag > _BLOCKED:
            found.append(f"the event loop stood still for {self.lag:.0f} s")
        found += [
            f"{stage} has been busy for {seconds:.0f} s" for stage, seconds in self.busy.items() if seconds > _BUSY
        ]
        if self.status.is_overdue(self.now):
            found.append("feeds are overdue")
        if self.database is not None:
            found.append(self.database)
        return found

    @property
    def oldest_message(self) -> float | None:
        """Return for how many seconds the oldest message has waited."""
        oldest = self.status.oldest_waiting
        return None if oldest is None else (self.now - oldest).total_seconds()

    def as_json(self) -> dict[str, object]:
        """Return what /healthz answers: no addresses, no names, no secrets."""
        oldest = self.oldest_message
        return {
            "ok": not self.troubles,
            "troubles": self.troubles,
            "loop_lag_seconds": round(self.lag, 3),
            "feeds": self.status.feeds,
            "feeds_failing": self.status.feeds_failing,
            "feeds_due": self.status.feeds_due,
            "items_pending": self.status.items_pending,
            "messages": dict(self.status.outbox),
            "oldest_message_seconds": None if oldest is None else round(oldest, 1),
            "chats_paused": len(self.status.paused),
            "telegram": self.telegram,
            "last_updates_seconds": None if self.updates is None else round(self.updates, 1),
            "sqlite": self.status.sqlite,
            "write_ahead_log_bytes": self.log_size,
        }
