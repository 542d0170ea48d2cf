"""The clocks: the real one, and one that runs faster for the demo. The only file that reads the time."""

import time
from datetime import UTC, datetime, timedelta


class SystemClock:
    """The computer's clock."""

    def now(self) -> datetime:
        """Return this instant, UTC."""
        return datetime.now(UTC)

    def after(self, span: timedelta) -> datetime:
        """Return the instant this clock will show when `span` has really passed."""
        return self.now() + span

    def monotonic(self) -> float:
        """Return real seconds since some moment; never goes back."""
        return time.monotonic()


class FastClock:
    """A clock that stands at a chosen instant until it is begun, then runs `speed` times as fast as the real one."""

    def __init__(self, start: datetime, speed: float) -> None:
        self._start = start
        self._speed = speed
        self._began: float | None = None

    def begin(self) -> None:
        """Let the clock run."""
        self._began = time.monotonic()

    def now(self) -> datetime:
        """Return this clock's instant, UTC."""
        passed = 0.0 if self._began is None else time.monotonic() - self._began
        return self._start + timedelta(seconds=passed * self._speed)

    def after(self, span: timedelta) -> datetime:
        """Return the instant this clock will show when `span` has really passed."""
        return self.now() + span * self._speed

    def monotonic(self) -> float:
        """Return real seconds since some moment; never goes back."""
        return time.monotonic()
