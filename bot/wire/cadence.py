"""When a feed is due again. Pure."""

import hashlib
from datetime import datetime, timedelta

from bot.model import Feed, FeedFailure
from bot.settings import PollSettings

UNREACHABLE = "unreachable"
"""The reason of a failure in which no publisher was reached, and none was burdened."""

_LONGEST_BACKOFF = timedelta(hours=24)
_FIRST_RETRY = timedelta(minutes=1)
_LONGEST_WISH = timedelta(days=31)  # a proxy can forge Retry-After
_SPREAD = 0.1  # share of the interval by which feeds are moved apart


def next_due(feed: Feed, now: datetime, poll: PollSettings, failure: FeedFailure | None = None) -> datetime:
    """Return when a feed is to be asked again.

    Failures in a row double the interval, up to a day; the server's own Retry-After is kept, up to 31
    days (RFC 9110 section 10.2.3). Never below the floor, with one exception: a feed that was never read
    and could not be reached is tried again after a minute, then two, and so on, for a first start without
    network is cured soon. Each feed has its own steady phase, so that feeds read together drift apart and
    nothing lands on the full minute.
    """
    interval = max(feed.interval or poll.every, poll.floor)
    if failure is not None:
        interval = max(interval, min(interval * 2 ** min(feed.errors + 1, 12), _LONGEST_BACKOFF))
        if failure.reason == UNREACHABLE and not feed.baselined:
            interval = min(interval, _FIRST_RETRY * 2 ** min(feed.errors, 12))
        if failure.not_before is not None:
            interval = max(interval, min(failure.not_before, _LONGEST_WISH))
    return now + interval + interval * _SPREAD * _phase(feed.url)


def _phase(url: str) -> float:
    """Return a feed's own number from 0 to 1: the same after every restart."""
    return int.from_bytes(hashlib.sha256(url.encode()).digest()[:4]) / 2**32
