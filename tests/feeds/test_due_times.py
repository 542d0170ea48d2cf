"""When a feed is due again, and when a host is left alone."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.links import site
from bot.core.model import Feed, FeedFailure, FeedStatistics, Hints, PublicationProfile, Validators
from bot.core.settings import PollSettings
from bot.feeds.due_times import CHALLENGE, gap, longest_wait, next_due, pause_after

NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)  # a Tuesday
SPANS = st.timedeltas(timedelta(seconds=1), timedelta(days=7))
INSTANTS = st.timedeltas(timedelta(0), timedelta(days=270)).map(lambda ago: NOW - ago)
PROFILES = st.builds(
    PublicationProfile, INSTANTS, INSTANTS, st.dictionaries(st.integers(0, 167), st.floats(0.001, 1000), max_size=20)
)
HINTS = st.builds(
    Hints,
    st.none() | st.timedeltas(timedelta(0), timedelta(days=10_000)),
    st.none() | st.timedeltas(timedelta(0), timedelta(days=10_000)),
    st.frozensets(st.integers(0, 23)),
    st.frozensets(st.integers(0, 6)),
)
STATISTICS = st.builds(
    FeedStatistics,
    profile=st.none() | PROFILES,
    hints=HINTS,
    fresh_for=st.timedeltas(timedelta(0), timedelta(days=10_000)),
)
FEEDS = st.builds(
    Feed,
    id=st.just(1),
    url=st.text(max_size=40),
    name=st.just("x"),
    interval=st.none() | SPANS,
    errors=st.integers(0, 10_000),
    statistics=STATISTICS,
    firsts=st.integers(0, 1000),
    polled=st.none() | st.just(NOW),
)
FAILURES = st.none() | st.builds(
    FeedFailure,
    st.sampled_from(["x", "http 429", "http 503", CHALLENGE]),
    st.just("x"),
    st.none() | st.timedeltas(timedelta(0), timedelta(days=10_000)),
)
DAY = timedelta(days=1)


@given(FEEDS, FAILURES, st.timedeltas(timedelta(seconds=1), DAY))
def test_never_before_the_gate_and_never_out_of_reach(
    feed: Feed, failure: FeedFailure | None, floor: timedelta
) -> None:
    """Whatever profile, hints, failures and the server ask for: no lower bound is passed, none is for ever."""
    due = next_due(feed, NOW, PollSettings(floor=floor), failure)
    hints = feed.statistics.hints

    assert due - NOW >= floor
    assert due - NOW >= min(feed.statistics.fresh_for, DAY)
    assert due - NOW >= min(hints.ttl or timedelta(0), DAY)
    if failure is not None and failure.not_before is not None:
        assert due - NOW >= min(failure.not_before, DAY)
    if failure is not None and failure.reason == CHALLENGE:
        assert due - NOW >= timedelta(hours=6)
    if len(hints.skip_hours) < 24 and len(hints.skip_days) < 7:
        assert due.hour not in hints.skip_hours
        assert due.weekday() not in hints.skip_days
    longest = max(feed.interval or timedelta(0), DAY)
    assert due - NOW <= longest * 1.1 + timedelta(days=8, minutes=11)
    assert due - NOW <= longest_wait(PollSettings(floor=floor)) + (feed.interval or timedelta(0)) * 2


@given(FEEDS, FAILURES, st.timedeltas(timedelta(seconds=1), DAY))
def test_a_persons_interval_never_beats_the_lower_bound(
    feed: Feed, failure: FeedFailure | None, asked_for: timedelta
) -> None:
    """A shorter interval asks sooner, but not before what publishers ask for."""
    asked_at = next_due(replace(feed, interval=asked_for), NOW, PollSettings(), failure)

    assert asked_at - NOW >= max(min(feed.statistics.fresh_for, DAY), PollSettings().floor)


@given(FEEDS, FAILURES)
def test_the_same_poll_gives_the_same_time(feed: Feed, failure: FeedFailure | None) -> None:
    """What looks random is not: a poll that is repeated after a crash ends the same."""
    assert next_due(feed, NOW, PollSettings(), failure) == next_due(feed, NOW, PollSettings(), failure)


def feed(**known: object) -> Feed:
    made = Feed(1, "https://a.example/", "A", validators=Validators('"1"'), polled=NOW, is_backfilled=True)
    return replace(made, **known)  # type: ignore[arg-type]  # the cases name the fields


def minutes(feed: Feed, failure: FeedFailure | None = None, **poll: object) -> float:
    settings = PollSettings(**poll)  # type: ignore[arg-type]  # the cases name the fields
    return (next_due(feed, NOW, settings, failure) - NOW) / timedelta(minutes=1)


def test_failures_double_the_interval_up_to_a_day() -> None:
    """26 minutes, 52 …, 24 hours; reset by the first success."""
    waits = [minutes(feed(errors=n), FeedFailure("x", "x")) for n in range(12)]

    assert [round(wait / waits[0], 2) for wait in waits[1:5]] == [2, 4, 8, 16]
    assert 24 * 60 * 0.9 <= waits[-1] <= 24 * 60 * 1.1
    assert minutes(feed()) < 15


def test_a_feed_that_was_never_read_and_not_reached_is_tried_again_soon() -> None:
    """A minute, two, four …, never later than any other failure; the publisher was not burdened."""
    failure = FeedFailure("unreachable", "x")
    waits = [minutes(feed(errors=n, is_backfilled=False), failure) for n in range(20)]
    usual = [minutes(feed(errors=n), failure) for n in range(20)]

    assert all(0.9 <= wait / 2**n <= 1.1 for n, wait in enumerate(waits[:4]))
    assert all(soon <= late for soon, late in zip(waits, usual, strict=True))
    assert waits[-1] == usual[-1]
    assert usual[0] >= 23


@pytest.mark.parametrize(
    ("statistics", "least"),
    [
        (FeedStatistics(fresh_for=timedelta(seconds=3600)), 60),
        (FeedStatistics(hints=Hints(ttl=timedelta(hours=2))), 120),
        (FeedStatistics(hints=Hints(period=DAY)), 1440),
        (FeedStatistics(hints=Hints(period=timedelta(hours=1))), 0),  # WordPress says so of every feed
        (FeedStatistics(hints=Hints(period=DAY), fresh_for=timedelta(hours=1)), 60),
        (FeedStatistics(hints=Hints(skip_hours=frozenset({12, 13}))), 120),
        (FeedStatistics(hints=Hints(skip_days=frozenset({1}))), 720),
        (FeedStatistics(fresh_for=timedelta(days=365)), 1440),  # a slip of the pen
    ],
)
def test_hints_are_a_gate(statistics: FeedStatistics, least: float) -> None:
    """Each by itself, also against a person's shorter interval; the next best chance after it is taken."""
    for asked in (feed(statistics=statistics), feed(statistics=statistics, interval=timedelta(minutes=5))):
        assert least <= minutes(asked) <= least * 1.1 + 25


@pytest.mark.parametrize(
    ("asked_for", "least"),
    [(timedelta(seconds=10**9), 1440), (timedelta(hours=3), 180), (timedelta(0), 23), (None, 23)],
)
def test_a_retry_after_is_kept_as_far_as_it_is_believed(asked_for: timedelta | None, least: float) -> None:
    """Up to a day, or what the settings say, never above a month."""
    assert least <= minutes(feed(), FeedFailure("http 503", "x", asked_for)) <= least * 1.1 + 30
    if asked_for is not None and asked_for > DAY:
        assert minutes(feed(), FeedFailure("http 503", "x", asked_for), patience=timedelta(days=31)) >= 31 * 1440


def test_a_server_without_validators_is_asked_more_seldom() -> None:
    """Every look costs it the whole document."""
    busy = FeedStatistics(profile=PublicationProfile(NOW - timedelta(weeks=4), NOW, dict.fromkeys(range(168), 20.0)))

    assert minutes(feed(statistics=busy)) < 6
    assert 27 <= minutes(feed(statistics=busy, validators=Validators())) <= 33


def test_who_breaks_stories_is_asked_oftener() -> None:
    """Up to twice as often; a feed that broke none as ever."""
    waits = [minutes(feed(firsts=firsts)) for firsts in (0, 3, 9, 1000)]

    assert 11 <= waits[0] <= 15
    assert waits[0] == max(waits)
    assert waits[1] / waits[0] == pytest.approx(1, abs=0.01) or waits[1] < waits[0]
    assert waits[3] == waits[2]


@pytest.mark.parametrize(
    ("failure", "unavailable", "pause"),
    [
        (FeedFailure("http 429", "", timedelta(hours=2)), 1, timedelta(hours=2)),
        (FeedFailure("http 429", "", timedelta(seconds=10**9)), 1, DAY),
        (FeedFailure("http 429", ""), 1, timedelta(minutes=15)),
        (FeedFailure("http 503", "", timedelta(hours=2)), 1, None),
        (FeedFailure("http 503", "", timedelta(hours=2)), 3, timedelta(hours=2)),
        (FeedFailure("http 500", "", timedelta(hours=2)), 9, None),
    ],
)
def test_429_speaks_for_the_host_and_503_for_the_feed(
    failure: FeedFailure, unavailable: int, pause: timedelta | None
) -> None:
    """Unless feed after feed of the host says so."""
    until = pause_after(failure, NOW, PollSettings(), unavailable)

    assert (until and until - NOW) == pause


def test_platforms_are_one_host() -> None:
    """They count requests over all of their names; a name that only ends alike is another."""
    assert {site(f"https://{name}.tumblr.com/rss") for name in "abc"} == {"tumblr.com"}
    assert site("https://nottumblr.com/rss") == "nottumblr.com"
    assert gap("reddit.com", PollSettings()) == timedelta(minutes=1)
    assert gap("a.example", PollSettings()) == timedelta(seconds=1)


def test_polls_are_spread_over_the_hour_and_the_minute() -> None:
    """Of 1,000 feeds that were read together hardly one is asked in the first seconds of a minute, and none gather."""
    feeds = [replace(feed(), id=n, url=f"https://{n}.example/") for n in range(1000)]
    polls: list[datetime] = []
    for each in feeds:
        at = NOW
        while at < NOW + timedelta(hours=5):
            at = next_due(each, at, PollSettings())
            polls.append(at)
    late = [at for at in polls if at > NOW + timedelta(hours=3)]

    assert sum(at.second in {0, 1, 2} for at in late) / len(late) < 0.01
    # by the minute: 13 minutes after the start the feeds still move together, three hours later no more
    by_minute = Counter(at.replace(second=0, microsecond=0) for at in late)
    mean = len(late) / len(by_minute)
    assert max(by_minute.values()) <= 3 * mean


@settings(max_examples=20, deadline=None)
@given(st.text("abcdef./-", min_size=1, max_size=20), st.timedeltas(timedelta(0), DAY), st.integers(8, 600))
def test_feeds_that_were_read_together_part(prefix: str, since: timedelta, minutes: int) -> None:
    """Whatever their names, the instant and the interval: no second gathers them, least of all the minute's first."""
    poll = PollSettings(every=timedelta(minutes=minutes))
    at = NOW + since
    dues = [next_due(replace(feed(), url=f"https://{prefix}{n}/"), at, poll) for n in range(1000)]
    spread = 0.2 * minutes * 60  # seconds, for the jitter is a tenth to either side
    by_second = Counter(int((due - at).total_seconds()) for due in dues)

    # independent draws have three times the mean in some second once in a hundred such examples, five times never
    assert max(by_second.values()) <= 5 * max(1000 / spread, 4)
    assert len({due.microsecond for due in dues}) > 900
    assert all(abs((due - at) / poll.every - 1) <= 0.1 + 1e-6 for due in dues)
