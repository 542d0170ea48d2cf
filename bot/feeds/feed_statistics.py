"""What the polls show of a feed and its server, and the notices of it that the owner is sent, each once. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.model import Feed, FeedFailure, FeedStatistics, KeyedEntry, Response
from bot.core.settings import PollSettings, format_duration
from bot.core.text import shorten
from bot.feeds.due_times import CHALLENGE, GONE, UNREACHABLE
from bot.feeds.publication_profile import begin, observe

_REPORTED_AFTER = 8  # failures in a row: about two days
_UNREACHED_AFTER = 10  # about four: a name or a network may be away for a while
_MISTRUSTED_AFTER = 3  # failures in a row, of an address that redirects led to
_SILENT_AFTER = timedelta(days=30)
_SILENT_TIMES = 20  # times the usual wait between two items
_MANY_LATE = 5
_NAMED = 5
_FAILING, _SILENT, _GAP = "failing", "silent", "gap"
_OVERCOME = frozenset({_FAILING, CHALLENGE})


def after_answer(feed: Feed, reply: Response, poll: PollSettings) -> FeedStatistics:
    """Return the statistics of a feed after an answer, but for what is in its document."""
    known = feed.statistics
    # a 304 that says nothing leaves in force what the last answer said (RFC 9111 section 4.3.4)
    fresh_for = reply.fresh_for if reply.fresh_for is not None or reply.status == 304 else timedelta(0)
    moved = replace(
        known,
        fresh_for=known.fresh_for if fresh_for is None else fresh_for,
        reported=known.reported - _OVERCOME,
        moved_to=reply.moved_to,
        moves=0 if reply.moved_to is None else known.moves + 1 if reply.moved_to == known.moved_to else 1,
    )
    if moved.moved_to is not None and moved.moves >= poll.moves:
        return replace(moved, address=moved.moved_to, moved_to=None, moves=0)
    return moved


def after_failure(feed: Feed) -> FeedStatistics:
    """Return the statistics of a feed after a failure; after some, one that moved is asked at its old address."""
    known = replace(feed.statistics, moved_to=None, moves=0)
    return known if feed.errors + 1 < _MISTRUSTED_AFTER else replace(known, address=None)


def with_arrivals(
    statistics: FeedStatistics, feed: Feed, dates: Sequence[datetime | None], now: datetime, *, is_first: bool
) -> FeedStatistics:
    """Count the items that a document brought; the dates of a feed's first document begin its profile.

    An item without a believable date arrived now.
    """
    if is_first or statistics.profile is None:
        return replace(statistics, profile=begin(dates, now))
    if not dates:
        return statistics
    since = feed.polled or now
    arrivals = [now if date is None else min(max(date, since), now) for date in dates]
    return replace(
        statistics, profile=observe(statistics.profile, arrivals, now), reported=statistics.reported - {_SILENT}
    )


def is_gone(failure: FeedFailure) -> bool:
    """Say whether a feed is gone for good (RFC 9110 section 15.5.11)."""
    return failure.reason == GONE


def report_failure(
    feed: Feed, statistics: FeedStatistics, failure: FeedFailure, *, is_online: bool
) -> tuple[FeedStatistics, Sequence[str]]:
    """Return the statistics, and what the owner is sent of a failure if that is not reported yet."""
    failures = feed.errors + 1
    if is_gone(failure):
        text = f"{feed.name}: the publisher says that this feed is gone for good. It is not asked any more."
        return _once(statistics, GONE, [text])
    if failure.reason == CHALLENGE:
        text = (
            f"{feed.name}: the publisher lets only browsers through (a Cloudflare challenge). It is asked every six "
            "hours; only the publisher can cure it."
        )
        return _once(statistics, CHALLENGE, [text])
    lasting = _UNREACHED_AFTER if failure.reason == UNREACHABLE else _REPORTED_AFTER
    if failures < lasting or not is_online:
        return statistics, ()
    text = (
        f"{feed.name} could not be read for the {failures}th time in a row: {failure.detail}. It is asked once a day."
    )
    return _once(statistics, _FAILING, [text])


def report_silence(feed: Feed, statistics: FeedStatistics, now: datetime) -> tuple[FeedStatistics, Sequence[str]]:
    """Return the notice of a feed that can be read but has had nothing new for unusually long."""
    profile = statistics.profile
    if profile is None or len(profile.counts) < 3:
        return statistics, ()
    # the profile was last changed when an item came
    usual = max(profile.at - profile.since, timedelta(hours=1)) / sum(profile.counts.values())
    if now - profile.at < max(_SILENT_AFTER, usual * _SILENT_TIMES):
        return statistics, ()
    text = f"{feed.name} can be read, but has had nothing new for {(now - profile.at).days} days. Is it still alive?"
    return _once(statistics, _SILENT, [text])


def report_gap(feed: Feed, statistics: FeedStatistics, missed_since: timedelta) -> tuple[FeedStatistics, Sequence[str]]:
    """Return the notice that items may have come and gone between two polls."""
    text = (
        f"{feed.name}: everything in the feed is new since {format_duration(missed_since)} ago; items may have come "
        "and gone in between. It is asked oftener now."
    )
    return _once(statistics, _GAP, [text])


def report_late_arrivals(
    feed: Feed, statistics: FeedStatistics, late: Sequence[KeyedEntry]
) -> tuple[FeedStatistics, Sequence[str]]:
    """Return the notice of items that were news before they were seen, unless they are few."""
    if len(late) < _MANY_LATE:
        return statistics, ()
    titles = "".join(f"\n– {shorten(entry.entry.title, 80)}" for entry in late[-_NAMED:])
    more = f"\n… and {len(late) - _NAMED} more" if len(late) > _NAMED else ""
    return statistics, (
        f"{feed.name}: {len(late)} old items came in at once. They are kept, and told by no watch.{titles}{more}",
    )


def _once(statistics: FeedStatistics, trouble: str, texts: Iterable[str]) -> tuple[FeedStatistics, Sequence[str]]:
    if trouble in statistics.reported:
        return statistics, ()
    return replace(statistics, reported=statistics.reported | {trouble}), tuple(texts)
