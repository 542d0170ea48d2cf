"""How often a feed brings something, by the hour of the week."""

import math
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import PublicationProfile
from bot.feeds.publication_profile import begin, observe, rate, wait_until_next_poll

NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
PACE = 13 / 60 * math.sqrt(0.5)
LONGEST = timedelta(hours=14)


def learned(per_day: float, weeks: int = 12, hours: range = range(24)) -> PublicationProfile:
    """Return the rhythm of a feed with so many items a day in these hours, at any minute of them."""
    profile, at = (
        PublicationProfile(NOW - timedelta(weeks=weeks), NOW - timedelta(weeks=weeks)),
        NOW - timedelta(weeks=weeks),
    )
    step, chance = timedelta(hours=len(hours)) / per_day, random.Random(1)
    while at < NOW:
        if at.hour in hours:
            profile = observe(profile, [at], at)
        at += step * chance.uniform(0, 2)
    return profile


@pytest.mark.parametrize(("per_day", "minutes"), [(12, 13), (48, 6.5), (1, 45), (200, 3.2)])
def test_the_interval_falls_with_the_root_of_the_rate(per_day: float, minutes: float) -> None:
    """Twelve items a day are worth a look every 13 minutes, four times as many one twice as often."""
    assert wait_until_next_poll(learned(per_day), NOW, PACE, LONGEST) / timedelta(minutes=minutes) == pytest.approx(
        1, abs=0.2
    )


def test_a_feed_nobody_knows_is_taken_for_one_with_twelve_items_a_day() -> None:
    """And a feed whose dates tell its rhythm begins with that."""
    assert wait_until_next_poll(PublicationProfile(NOW, NOW), NOW, PACE, LONGEST) / timedelta(
        minutes=13
    ) == pytest.approx(1, abs=0.05)
    dates = [NOW - timedelta(hours=hours) for hours in range(1, 1000, 20)]
    rates = [rate(begin(dates, NOW), NOW + timedelta(hours=hour), NOW) for hour in range(168)]
    assert sum(rates) / 168 == pytest.approx(1 / 20, rel=0.3)


def test_a_dead_feed_is_asked_twice_a_day_at_most() -> None:
    """Nine months after its last item; one that is dead when it is first seen within a week."""
    assert wait_until_next_poll(learned(1), NOW + timedelta(weeks=40), PACE, LONGEST) > timedelta(hours=12)
    long_ago = begin([NOW - timedelta(days=900)], NOW)
    assert wait_until_next_poll(long_ago, NOW + timedelta(weeks=2), PACE, LONGEST) > timedelta(hours=4)
    assert wait_until_next_poll(long_ago, NOW + timedelta(weeks=30), PACE, LONGEST) == LONGEST


def test_a_quiet_night_is_slept_through_and_the_morning_is_not() -> None:
    """The look after the last evening comes with the first busy hour, not a night's interval later."""
    profile = learned(24, hours=range(8, 20))
    night = NOW.replace(hour=22)

    assert wait_until_next_poll(profile, NOW, PACE, LONGEST) < timedelta(minutes=12)
    wait = wait_until_next_poll(profile, night, PACE, LONGEST)
    assert wait > timedelta(minutes=25)
    assert wait_until_next_poll(profile, NOW.replace(hour=7, minute=40), PACE, LONGEST) < timedelta(minutes=25)


def test_what_was_long_ago_counts_less() -> None:
    """Half after four weeks: a feed that fell silent is soon known as quiet."""
    busy = learned(24)
    rates = [rate(busy, NOW, NOW + timedelta(weeks=weeks)) for weeks in (0, 4, 8, 16)]

    assert rates == sorted(rates, reverse=True)
    assert rates[1] < rates[0] * 0.7


@given(
    st.lists(st.timedeltas(timedelta(0), timedelta(days=270)).map(lambda ago: NOW - ago), max_size=30),
    st.timedeltas(timedelta(0), timedelta(days=400)),
)
def test_a_rate_is_always_a_rate(dates: list[datetime], later: timedelta) -> None:
    """Never negative, never a look before its time or after the longest wait; more items never make it rarer."""
    profile = begin(dates, NOW)
    now = NOW + later
    waits = [wait_until_next_poll(each, now, PACE, LONGEST) for each in (profile, observe(profile, [now] * 5, now))]

    assert rate(profile, now, now) >= 0
    assert timedelta(0) < waits[1] <= waits[0] <= LONGEST
