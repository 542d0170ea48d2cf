"""Sixty invented feeds of mixed rhythm: when each brings an item over some weeks, the same every time."""

import math
import random
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
_KINDS = ("steady", "office hours", "mornings", "bursts", "weekdays", "hourly")
_PER_DAY = (2, 4, 8, 12, 12, 12, 16, 24, 36, 60)


def arrivals(number: int, weeks: int) -> list[datetime]:
    """Return when the items of a feed come: a Poisson process whose rate has the feed's own shape over the week."""
    chance = random.Random(number)
    kind, per_day = _KINDS[number % len(_KINDS)], _PER_DAY[number % len(_PER_DAY)]
    zone = chance.choice([-8, -5, 0, 1, 9])
    mean = sum(_shape(kind, START + timedelta(hours=hour), zone) for hour in range(168)) / 168
    peak = per_day / 24 / mean * 3.2
    at, found = START, list[datetime]()
    while at < START + timedelta(weeks=weeks):
        at += timedelta(hours=chance.expovariate(peak))
        if chance.random() < _shape(kind, at, zone) / 3.2:
            found.append(at)
            if kind == "bursts" and chance.random() < 0.2:
                found += [at + timedelta(minutes=chance.uniform(1, 20)) for _ in range(3)]
    return sorted(date for date in found if date < START + timedelta(weeks=weeks))


def _shape(kind: str, at: datetime, zone: int) -> float:
    """Return how much likelier than ever an item is at an instant; never more than 3.2."""
    local = at + timedelta(hours=zone)
    hour, is_weekend = local.hour + local.minute / 60, local.weekday() >= 5
    if kind == "office hours":
        return 2.6 if 8 <= hour < 18 and not is_weekend else 0.15
    if kind == "mornings":
        return 0.2 + 3 * math.exp(-((hour - 9) ** 2) / 8)
    if kind == "weekdays":
        return 0.3 if is_weekend else 1.2
    if kind == "hourly":
        return 3.0 if local.minute < 12 else 0.5
    return 1.0
