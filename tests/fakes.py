"""Hand-made stand-ins for the edges of the program. They check nothing."""

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
