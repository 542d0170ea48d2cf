"""The publication profile of a feed: how often it brings items, by the hour of the week. Pure.

A feed's items are counted by the 168 hours of the week. Counts fade with a half-life of four weeks, and so
does the time they were gathered in, so that their quotient is a rate. An hour of the week that was seen a few
times only is judged mostly by the same hour of other days, and that by the feed's rate over all hours.
"""

import math
from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.core.model import PublicationProfile

_HOURS = 168
_HALF_LIFE = timedelta(weeks=4)
_LOOK_BACK = timedelta(weeks=8)  # how far the dates of a first document count
_GUESS = 0.5  # items an hour, of a feed nobody knows: 12 a day
_GUESS_WEIGHT = 2.0  # hours of observation that the guess counts for at first
_GUESS_LASTS = timedelta(days=2)  # half-life of the guess
_WEIGHT = 2.0  # hours of observation that the wider rate counts for when a narrower one is judged


def begin(dates: Iterable[datetime | None], now: datetime) -> PublicationProfile:
    """Return the profile that the dates of a first document give, if there are any."""
    known = sorted(date for date in dates if date is not None and now - _LOOK_BACK <= date <= now)
    # the oldest entry opens the time that is counted, and is not counted itself
    return observe(PublicationProfile(known[0], known[0]), known[1:], now) if known else PublicationProfile(now, now)


def observe(profile: PublicationProfile, arrivals: Iterable[datetime], now: datetime) -> PublicationProfile:
    """Count items that arrived at these instants; what was counted before fades."""
    fade = _fade(now - profile.at)
    counts = {hour: count * fade for hour, count in profile.counts.items() if count * fade > 0.001}
    for at in arrivals:
        hour = _hour_of_week(at)
        counts[hour] = counts.get(hour, 0.0) + _fade(now - at)
    return PublicationProfile(profile.since, max(now, profile.at), counts)


def rate(profile: PublicationProfile, at: datetime, now: datetime) -> float:
    """Return the items an hour that are expected around an instant, as known now."""
    return _Rates(profile, now).at(at)


def wait_until_next_poll(profile: PublicationProfile, now: datetime, pace: float, longest: timedelta) -> timedelta:
    """Return after how long a poll is worth its cost: when the square root of the rate has summed up to `pace`.

    For a steady rate r that is pace / sqrt(r), in hours: the division of a budget of polls among feeds that
    makes the sum of all waits of all items smallest. Where the rate changes on the way, so does the pace, and
    a feed that is silent at night is polled again in its morning.
    """
    rates = _Rates(profile, now)
    passed, at = 0.0, now
    while at - now < longest:
        until_next_hour = (3600 - (at.minute * 60 + at.second + at.microsecond / 1e6)) / 3600
        speed = math.sqrt(rates.at(at))
        if passed + speed * until_next_hour >= pace:
            return min(at - now + timedelta(hours=(pace - passed) / speed), longest)
        passed += speed * until_next_hour
        at += timedelta(hours=until_next_hour)
    return longest


class _Rates:
    """The rates of a feed as known at one instant."""

    def __init__(self, profile: PublicationProfile, now: datetime) -> None:
        fade = _fade(now - profile.at)
        observed = max(now - profile.since, timedelta(0))
        # the time observed, faded like the counts: the integral of 0.5 ** (t / half-life)
        self._exposure = _HALF_LIFE / timedelta(hours=1) / math.log(2) * (1 - _fade(observed))
        guess = _GUESS_WEIGHT * float(0.5 ** (observed / _GUESS_LASTS))
        total = sum(profile.counts.values()) * fade
        self._overall = (total + _GUESS * guess) / (self._exposure + guess)
        self._counts, self._fade = profile.counts, fade
        self._of_the_day = [0.0] * 24  # the same hour of all days together
        for hour, count in profile.counts.items():
            self._of_the_day[hour % 24] += count

    def at(self, instant: datetime) -> float:
        hour = _hour_of_week(instant)
        exposure = self._exposure / _HOURS
        day = self._of_the_day
        of_the_day = self._smooth(day[hour % 24], day[(hour - 1) % 24], day[(hour + 1) % 24])
        daily = (of_the_day + self._overall * _WEIGHT) / (7 * exposure + _WEIGHT)
        counted = self._counts.get
        of_the_hour = self._smooth(
            counted(hour, 0.0), counted((hour - 1) % _HOURS, 0.0), counted((hour + 1) % _HOURS, 0.0)
        )
        return (of_the_hour + daily * _WEIGHT) / (exposure + _WEIGHT)

    def _smooth(self, count: float, before: float, after: float) -> float:
        """Return the items of an hour; those beside it count, too: few feeds publish at fixed hours."""
        return (2 * count + before + after) / 4 * self._fade


def _fade(span: timedelta) -> float:
    return float(0.5 ** (max(span, timedelta(0)) / _HALF_LIFE))


def _hour_of_week(at: datetime) -> int:
    return at.weekday() * 24 + at.hour
