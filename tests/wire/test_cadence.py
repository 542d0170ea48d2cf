"""When a feed is due again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.model import Feed, FeedFailure
from bot.settings import PollSettings
from bot.wire.cadence import next_due

NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
SPANS = st.timedeltas(timedelta(seconds=1), timedelta(days=7))
FEEDS = st.builds(
    Feed,
    id=st.just(1),
    url=st.text(max_size=40),
    name=st.just("x"),
    interval=st.none() | SPANS,
    errors=st.integers(0, 10_000),
)
FAILURES = st.none() | st.builds(
    FeedFailure, st.just("x"), st.just("x"), st.none() | st.timedeltas(timedelta(0), timedelta(days=10_000))
)


@given(FEEDS, FAILURES, SPANS)
def test_never_before_the_floor_never_after_the_longest_wish(
    feed: Feed, failure: FeedFailure | None, floor: timedelta
) -> None:
    """Whatever the interval, the failures and the server's wish."""
    wait = next_due(feed, NOW, PollSettings(floor=floor), failure) - NOW

    assert wait >= floor
    assert failure is None or failure.not_before is None or wait >= min(failure.not_before, timedelta(days=31))
    assert wait <= timedelta(days=31) * 1.1


def test_failures_double_the_interval_up_to_a_day() -> None:
    """15 minutes, 30, 60 …, 24 hours; with a little phase of the feed's own."""
    failure, feed = FeedFailure("x", "x"), Feed(1, "https://a.example/", "A")
    waits = [next_due(replace(feed, errors=n), NOW, PollSettings(), failure) - NOW for n in range(12)]

    assert waits[1] == waits[0] * 2
    assert timedelta(hours=24) <= waits[-1] <= timedelta(hours=26.4)


def test_a_feed_that_was_never_read_and_not_reached_is_tried_again_soon() -> None:
    """A minute, two, four …, never later than any other failure; the publisher was not burdened."""
    failure, feed = FeedFailure("unreachable", "x"), Feed(1, "https://a.example/", "A")
    waits = [next_due(replace(feed, errors=n), NOW, PollSettings(), failure) - NOW for n in range(20)]
    usual = [next_due(replace(feed, errors=n, baselined=True), NOW, PollSettings(), failure) - NOW for n in range(20)]

    assert timedelta(minutes=1) <= waits[0] <= timedelta(minutes=1.1)
    assert [round(wait / waits[0], 3) for wait in waits[1:4]] == [2, 4, 8]
    assert all(soon <= late for soon, late in zip(waits, usual, strict=True))
    assert waits[-1] == usual[-1]
    assert usual[0] >= timedelta(minutes=30)


def test_feeds_drift_apart() -> None:
    """Feeds read together are not due together, and each keeps its phase."""
    feeds = [Feed(n, f"https://a.example/{n}", "A") for n in range(50)]
    due = [next_due(feed, NOW, PollSettings()) for feed in feeds]

    assert len(set(due)) == len(due)
    assert due == [next_due(feed, NOW, PollSettings()) for feed in feeds]
