"""Hand-made stand-ins for the edges of the program. They check nothing."""

import asyncio
import selectors
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


class FixedClock:
    """A clock that stands until it is moved."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def after(self, span: timedelta) -> datetime:
        return self.at + span

    def monotonic(self) -> float:
        return self.at.timestamp()

    def move(self, **span: float) -> None:
        """Let time pass, by days, hours, minutes or seconds."""
        self.at += timedelta(**span)


class SettableClock(FixedClock):
    """A clock whose hands can be moved without time passing."""

    def __init__(self, at: datetime = NOON) -> None:
        super().__init__(at)
        self.passed = 0.0

    def monotonic(self) -> float:
        return self.passed

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.passed += seconds
        self.move(seconds=seconds)


class HastyLoop(asyncio.SelectorEventLoop):
    """An event loop that waits for nothing: when all sleep, its time is at once that of the first to wake.

    For what only sleeps: who waits for the network here has no time at all for an answer.
    """

    def __init__(self) -> None:
        self._passed = 0.0
        super().__init__(_Hasty(self.pass_on))

    def time(self) -> float:
        return self._passed

    def pass_on(self, seconds: float) -> None:
        """Let time pass in which nothing runs."""
        self._passed += seconds


class _Hasty(selectors.DefaultSelector):
    def __init__(self, pass_on: Callable[[float], None]) -> None:
        super().__init__()
        self._pass_on = pass_on

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout > 0:
            self._pass_on(timeout)
        return super().select(timeout if timeout is None else 0)
