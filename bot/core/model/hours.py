"""Hours of the day in a time zone: when the next one strikes, and which are quiet. Both hold over changes of the clock.

A local hour strikes once a day: one that a change skips at the first instant behind the gap, one that a change
repeats the first time. Pure.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)


def next_at(hour: time, zone: ZoneInfo, after: datetime) -> datetime:
    """Return the first instant, UTC, strictly after another at which an hour strikes in a zone."""
    day = after.astimezone(zone).date() - _DAY
    while (strikes := _strikes(day, hour, zone)) <= after:
        day += _DAY
    return strikes


def _strikes(day: date, hour: time, zone: ZoneInfo) -> datetime:
    """Return the first instant at which a zone's clocks show an hour of a day, or a later one."""
    local = datetime.combine(day, hour, zone)
    early, late = local.replace(fold=1).astimezone(UTC), local.astimezone(UTC)
    if early >= late:
        return late  # no gap; of two such hours it is the first (PEP 495, fold)
    # the clocks skip it, between these two: find where their offset changes
    before = early.astimezone(zone).utcoffset()
    while late - early > _SECOND:
        middle = early + (late - early) // (2 * _SECOND) * _SECOND
        if middle.astimezone(zone).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of the day in which a chat is left alone, as "22:00-07:00"; may cross midnight."""

    start: time
    end: time

    def __str__(self) -> str:
        """Return the hours as they are written."""
        return f"{self.start:%H:%M}-{self.end:%H:%M}"

    def covers(self, now: datetime, zone: ZoneInfo) -> bool:
        """Say whether an instant is quiet in a zone: the end strikes before the start does; the end is not quiet."""
        ends, starts = next_at(self.end, zone, now), next_at(self.start, zone, now)
        # a change of the clock that skips both makes them one
        return ends < starts or (ends == starts and self.end < self.start)

    @classmethod
    def parse(cls, text: str) -> "Quiet | None":
        """Read hours; nothing is None. Raises ValueError."""
        if not text:
            return None
        start, _, end = text.partition("-")
        return cls(hour_of(start), hour_of(end))


def hour_of(text: str) -> time:
    """Read an hour of the day, as "08:00". Raises ValueError."""
    hour = time.fromisoformat(text.strip())
    if hour.tzinfo is not None:
        raise ValueError(f"an hour has no zone of its own: {text}")
    return hour.replace(second=0, microsecond=0)


def zone_of(text: str) -> ZoneInfo:
    """Read a time zone, as "Europe/Berlin". Raises ValueError."""
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"no time zone is called {text!r}") from error
