"""Asked by its rhythm a feed is read sooner than by the clock, at fewer requests."""

import random
from bisect import bisect_right
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles

from bot.core.model import Feed, Validators
from bot.core.settings import PollSettings
from bot.feeds.due_times import next_due
from bot.feeds.feed_statistics import with_arrivals

START = datetime(2026, 1, 5, tzinfo=UTC)
WEEK = timedelta(weeks=1)


def arrivals(seed: int, per_day: float, weeks: int) -> list[datetime]:
    """Return when the items of a feed come that sleeps at night."""
    chance, at, found = random.Random(seed), START, list[datetime]()
    while at < START + weeks * WEEK:
        at += timedelta(days=chance.expovariate(per_day * 1.6))
        if 6 <= at.hour < 21:
            found.append(at)
    return found


def simulate(items: list[datetime], weeks: int, poll: PollSettings) -> tuple[list[float], int]:
    """Return the minutes that each item of the last week waited, and the requests of that week."""
    end, at = START + weeks * WEEK, START
    feed = Feed(
        len(items), "https://a.example/feed", "x", validators=Validators('"1"'), is_backfilled=True, polled=START
    )
    feed = replace(feed, statistics=with_arrivals(feed.statistics, feed, [], at, is_first=True))
    waits: list[float] = []
    requests = 0
    while at < end:
        assert feed.polled is not None
        fresh = items[bisect_right(items, feed.polled) : bisect_right(items, at)]
        feed = replace(feed, statistics=with_arrivals(feed.statistics, feed, fresh, at, is_first=False), polled=at)
        if at >= end - WEEK:
            requests += 1
            waits += [(at - item) / timedelta(minutes=1) for item in fresh if item >= end - WEEK]
        at = next_due(feed, at, poll)
    return waits, requests


def test_twelve_items_a_day_are_found_soon_at_two_fifths_of_the_requests() -> None:
    """In ten minutes at the median, 25 at the 95th percentile; fixed polling every five minutes is the whole."""
    waits: list[float] = []
    requests = 0
    for seed in range(6):
        found, asked = simulate(arrivals(seed, 12, 4), 4, PollSettings())
        waits += found
        requests += asked

    assert len(waits) > 400
    assert median(waits) <= 10
    assert quantiles(waits, n=20)[18] <= 25
    assert requests <= 0.4 * 6 * (WEEK / timedelta(minutes=5))
    # the null control: asked at a steady pace for as many requests they are found later
    steady = PollSettings(every=6 * WEEK / requests)
    fixed = [wait for seed in range(6) for wait in simulate(arrivals(seed, 12, 4), 4, steady)[0]]
    assert median(fixed) > median(waits)


def test_a_dead_feed_is_left_alone() -> None:
    """Two requests a day at most, once it has had its time."""
    assert simulate([], 5, PollSettings())[1] <= 14
