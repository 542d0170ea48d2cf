"""When a feed is due again, and for how long a host is not asked at all. Pure.

A feed's publication profile, or an interval set by a person, says how soon a poll is worth it; what the server and the
feed ask for is a lower bound.
"""

import hashlib
from datetime import datetime, timedelta

from bot.core.model import Feed, FeedFailure, Hints, Validators
from bot.core.settings import PollSettings
from bot.feeds.publication_profile import wait_until_next_poll

UNREACHABLE = "unreachable"
"""The reason of a failure in which no publisher was reached, and none was burdened."""
INSECURE = "no secure connection"
"""The reason of a failure in which whoever answered could not show that it is the publisher."""
CHALLENGE = "challenge"
"""The reason of a failure in which the publisher's guard wants to see a browser."""
TOO_MANY = "http 429"
UNAVAILABLE = "http 503"
GONE = "http 410"

_PACE = 13 / 60 * 0.5**0.5  # hours · sqrt(items an hour): a feed with 12 items a day is asked every 13 minutes
_LONGEST_BACKOFF = timedelta(hours=24)
_FIRST_RETRY = timedelta(minutes=1)
_LONGEST_HINT = timedelta(hours=24)  # of max-age, ttl and the like: a slip of the pen must not silence a feed
_LONGEST_SKIP = timedelta(days=8)  # skipDays, and the minutes after them
_HOURLY = timedelta(hours=1)  # what WordPress writes into every feed
_CHALLENGED = timedelta(hours=6)
_BLIND = 6  # times the floor, for servers that send no validators: each poll costs them the whole document
_LEAST_PAUSE = timedelta(minutes=15)  # of a host that asks for fewer requests and does not say how long
_JITTER = 0.1  # share of the interval by which a poll is moved
_CROWDED = 3  # seconds of a minute
_DRAWS = 4  # for a time outside of them
_MOST_WEIGHT = 4.0
_STORIES_A_WEIGHT = 3.0  # stories broken first that make a feed worth twice the polls
_SLOW_SITES = {"reddit.com": timedelta(minutes=1)}  # it answers more with 403 in place of 429


def next_due(
    feed: Feed,
    now: datetime,
    poll: PollSettings,
    failure: FeedFailure | None = None,
    *,
    hurry: bool = False,
    in_outage: bool = False,
) -> datetime:
    """Return when a feed is to be asked again, after a poll that ended now and left the feed as it is given.

    The interval is the one that a person set, or comes from the feed's publication profile; with `hurry`, for items
    may have been missed, it is the floor. It is never below the floor, which is six times as high for a server that
    sends no validators. Failures in a row double it, up to a day, with two exceptions: a feed that was never read and
    could not be reached is tried again after a minute, then two, and so on, for a first start without network is cured
    soon; and with `in_outage`, for nobody at all can be reached, it stays as it is, lest feeds be silent for hours
    after a night without network.

    Never before the lower bound: max-age less Age (RFC 9111 section 4.2), Retry-After (RFC 9110 section 10.2.3), ttl,
    skipHours and skipDays (RSS 2.0), and the period of RSS 1.0's syndication module where there is nothing
    better. Jitter moves feeds apart, most after their first poll, which they may all have had together; and out of
    the first seconds of the minute, in which the timers of others ask.
    """
    interval = _interval(feed, now, poll, hurry=hurry)
    if failure is not None:
        if not in_outage:
            interval = max(interval, min(interval * 2 ** min(feed.errors + 1, 12), _LONGEST_BACKOFF))
        if failure.reason == UNREACHABLE and not feed.is_backfilled:
            interval = min(interval, _FIRST_RETRY * 2 ** min(feed.errors, 12))
    bound = _lower_bound(feed, poll, failure)
    least = _least(poll, failure, interval)
    low, high = (0.4, 1.0) if failure is None and not feed.is_backfilled else (1 - _JITTER, 1 + _JITTER)
    for draw in range(_DRAWS):
        fraction = _fraction_of(f"{feed.url} {now.timestamp()}" + " again" * draw)
        due = now + max(interval * (low + (high - low) * fraction), bound * (1 + _JITTER * fraction), least)
        if due.second >= _CROWDED:
            break
    open_again = _after_skips(due, feed.statistics.hints)
    return due if open_again == due else open_again + timedelta(minutes=10) * phase(feed.url)


def longest_wait(poll: PollSettings) -> timedelta:
    """Return how far ahead a due time can lie at most; a feed's own interval comes on top."""
    asked_for = max(poll.every, poll.ceiling, poll.patience, _LONGEST_BACKOFF, _LONGEST_HINT)
    return asked_for * (1 + _JITTER) + _LONGEST_SKIP


def _interval(feed: Feed, now: datetime, poll: PollSettings, *, hurry: bool) -> timedelta:
    """Return how soon a poll is worth it, whatever the server and the feed ask for."""
    configured = feed.interval or poll.every or None
    if configured is not None:
        return max(configured, poll.floor)
    blind = poll.floor * _BLIND if feed.validators == Validators() and feed.polled is not None else poll.floor
    floor = min(blind, max(poll.ceiling, poll.floor))
    if hurry:
        return floor
    profile = feed.statistics.profile
    # a feed worth w times the polls is asked sqrt(w) times as often; without a profile one is guessed
    pace = _PACE / poll_weight(feed.firsts) ** 0.5
    if profile is None:
        wait = timedelta(hours=_PACE / 0.5**0.5)
    else:
        wait = wait_until_next_poll(profile, now, pace, poll.ceiling)
    return max(floor, min(wait, poll.ceiling))


def poll_weight(firsts: int) -> float:
    """Return how many times the polls of others a feed is worth that broke so many watched stories first."""
    return min(1 + firsts / _STORIES_A_WEIGHT, _MOST_WEIGHT)


def _least(poll: PollSettings, failure: FeedFailure | None, interval: timedelta) -> timedelta:
    """Return what jitter may not go below: the floor, but for what is retried sooner anyway."""
    return min(poll.floor, interval) if failure is not None else poll.floor


def _lower_bound(feed: Feed, poll: PollSettings, failure: FeedFailure | None) -> timedelta:
    """Return how long the feed may not be asked, from the last answer on."""
    hints = feed.statistics.hints
    asked_for = [min(feed.statistics.fresh_for, _LONGEST_HINT), min(hints.ttl or timedelta(0), _LONGEST_HINT)]
    if not any(asked_for) and hints.period is not None and hints.period > _HOURLY:
        asked_for.append(min(hints.period, _LONGEST_HINT))
    if failure is not None and failure.not_before is not None:
        asked_for.append(min(failure.not_before, poll.patience))
    if failure is not None and failure.reason == CHALLENGE:
        asked_for.append(_CHALLENGED)
    return max(asked_for)


def _after_skips(due: datetime, hints: Hints) -> datetime:
    """Return the first instant from `due` on that is in no hour and on no day the feed wants skipped.

    A feed that wants all of them skipped is not believed.
    """
    at = due
    for _ in range(24 * 8):
        if at.hour not in hints.skip_hours and at.weekday() not in hints.skip_days:
            return at
        at = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return due


def pause_after(failure: FeedFailure, now: datetime, poll: PollSettings, unavailable: int = 0) -> datetime | None:
    """Return until when the whole host is not to be asked after this failure, or None.

    429 speaks for the host, 503 for the feed: only when `unavailable` feeds of the host in a row said so is it
    the host's trouble.
    """
    many = failure.reason == UNAVAILABLE and unavailable >= 3
    if failure.reason != TOO_MANY and not many:
        return None
    asked_for = failure.not_before
    least = max(poll.floor, min(_LEAST_PAUSE, poll.floor * 3))
    span = least if asked_for is None else min(asked_for, poll.patience)
    return now + span


def gap(site: str, poll: PollSettings) -> timedelta:
    """Return the least time between the beginnings of two requests to one site.

    Never more than a sixtieth of the floor, lest whoever lets a host be asked every second wait for its turn.
    """
    return max(min(poll.gap, poll.floor / 60), _SLOW_SITES.get(site, timedelta(0)))


def phase(url: str) -> float:
    """Return a feed's own number from 0 to 1: the same after every restart."""
    return _fraction_of(url)


def _fraction_of(text: str) -> float:
    """Return a number from 0 to 1 that looks random, and is the same for the same text."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:6]) / 2**48
