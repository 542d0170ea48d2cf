"""Hours of the day in every time zone there is, over every change of its clocks from 2020 to 2030."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.core.model import Quiet, hour_of, next_at, zone_of

ZONES = sorted(available_timezones())
FIRST, LAST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")


@cache
def changes(zone: str) -> tuple[datetime, ...]:
    """Return the days before which a zone's offset changes."""
    days = [FIRST + DAY * n for n in range((LAST - FIRST).days)]
    clocks = ZoneInfo(zone)
    offsets = [day.astimezone(clocks).utcoffset() for day in days]
    return tuple(day for day, one, two in zip(days[1:], offsets, offsets[1:], strict=False) if one != two)


@st.composite
def moments(draw: st.DrawFn) -> tuple[ZoneInfo, datetime]:
    """Draw a zone and an instant, most of them within two days of a change of its clocks."""
    zone = draw(st.sampled_from(ZONES))
    near = changes(zone)
    is_near = draw(st.sampled_from([True, True, True, False]))
    if near and is_near:
        at = draw(st.sampled_from(near)) + timedelta(seconds=draw(st.integers(-2 * 86_400, 86_400)))
    else:
        at = FIRST + timedelta(seconds=draw(st.integers(0, int((LAST - FIRST).total_seconds()))))
    return ZoneInfo(zone), at


# Clocks change by night.
HOURS = st.builds(time, st.integers(0, 3), st.integers(0, 59)) | st.builds(time, st.integers(0, 23), st.integers(0, 59))


def strikes(hour: time, zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
    """Yield when an hour strikes, found by looking at the clocks of the zone minute by minute."""
    at = start.replace(second=0)
    newest = _reads(at, zone).date() - DAY  # the day whose hour has struck last
    while at < end:
        wall = _reads(at, zone)
        while wall >= datetime.combine(newest + DAY, hour):
            newest += DAY
            yield at
        at += MINUTE


def _reads(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


@settings(max_examples=150, deadline=None)
@given(moments(), HOURS)
@example((BERLIN, datetime(2026, 10, 25, 0, 45, tzinfo=UTC)), time(2, 30))
@example((ZoneInfo("Australia/Lord_Howe"), datetime(2026, 10, 3, 0, 45, tzinfo=UTC)), time(2, 15))
def test_an_hour_strikes_when_the_clocks_first_show_it(moment: tuple[ZoneInfo, datetime], hour: time) -> None:
    """Strictly later; a missing hour strikes behind the gap, a doubled one the first time; once a day."""
    zone, after = moment
    seen = next(at for at in strikes(hour, zone, after - 2 * DAY, after + 3 * DAY) if at > after)

    assert next_at(hour, zone, after) == seen


@settings(max_examples=150, deadline=None)
@given(moments(), HOURS, HOURS)
@example((BERLIN, datetime(2026, 10, 25, 1, 10, tzinfo=UTC)), time(22), time(2, 30))
@example((BERLIN, datetime(2026, 10, 25, 1, 10, tzinfo=UTC)), time(2, 30), time(7))
@example((BERLIN, datetime(2026, 3, 29, 0, 30, tzinfo=UTC)), time(2, 45), time(2, 15))
@example((BERLIN, datetime(2026, 3, 29, 0, 30, tzinfo=UTC)), time(2, 15), time(2, 45))
def test_quiet_hours_begin_and_end_where_their_hours_strike(
    moment: tuple[ZoneInfo, datetime], start: time, end: time
) -> None:
    """Also in a night in which an hour is missing, or comes twice: they never flicker."""
    zone, now = moment
    span = now - 3 * DAY, now + MINUTE
    begun = max(at for at in strikes(start, zone, *span) if at <= now)
    ended = max(at for at in strikes(end, zone, *span) if at <= now)
    expected = begun > ended or (begun == ended and start > end)

    assert Quiet(start, end).covers(now, zone) is expected


@pytest.mark.parametrize(
    ("zone", "hour", "day", "utc"),
    [
        ("Europe/Berlin", "08:00", date(2026, 7, 1), "06:00"),
        ("Europe/Berlin", "02:30", date(2026, 3, 29), "01:00"),  # from 02:00 to 03:00: the first instant behind
        ("Europe/Berlin", "02:30", date(2026, 10, 25), "00:30"),  # the first of two
        ("America/New_York", "02:30", date(2026, 3, 8), "07:00"),
        ("America/New_York", "01:30", date(2026, 11, 1), "05:30"),
        ("Asia/Kathmandu", "08:00", date(2026, 7, 1), "02:15"),
    ],
)
def test_the_hours_of_some_days(zone: str, hour: str, day: date, utc: str) -> None:
    """As a person would reckon them."""
    before = datetime.combine(day, time(0), ZoneInfo(zone)).astimezone(UTC)

    assert f"{next_at(hour_of(hour), ZoneInfo(zone), before):%H:%M}" == utc


def test_the_next_hour_is_strictly_later() -> None:
    """At eight the next one is that of tomorrow."""
    eight = datetime(2026, 7, 1, 6, tzinfo=UTC)

    assert next_at(time(8), BERLIN, eight) == eight + DAY
    assert next_at(time(8), BERLIN, eight - timedelta(microseconds=1)) == eight


@pytest.mark.parametrize("text", ["", "8", "24:00", "08:00+02:00", "late", "08:60"])
def test_what_is_no_hour(text: str) -> None:
    """An hour of the day has no zone of its own."""
    with pytest.raises(ValueError, match=r"."):
        hour_of(text)


@pytest.mark.parametrize("text", ["", "Mars/Olympus", "../etc/passwd", "/etc/localtime", "Europe", "\0"])
def test_what_is_no_zone(text: str) -> None:
    """Whatever the library raises for it."""
    with pytest.raises(ValueError, match="no time zone is called"):
        zone_of(text)
