"""What a chat was sent of late, counted."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import quantiles

from bot.core.model import Stats
from bot.store.chat_hours import hours_of
from bot.store.engine.connection import micros
from bot.store.engine.transaction import Transaction

_DAY = 86_400_000_000  # microseconds
_OUTLETS = 50


def stats_of(db: Transaction, chat: str, now: datetime, days: int) -> Stats:
    """Return what a chat was sent in so many days, today among them, by the days of its time zone."""
    zone = hours_of(db, chat).timezone
    today = now.astimezone(zone).date()
    start = today - timedelta(days=days - 1)
    since = datetime(start.year, start.month, start.day, tzinfo=zone)
    rows = db.rows(
        """select watch, (at - ?) / ? as day, count(distinct item_id) as mentions from decisions
        where chat = ? and watch != '' and story_id is not null and at >= ? group by 1, 2""",
        [micros(since), _DAY, chat, micros(since)],
    )
    mentions: dict[str, list[int]] = {}
    for row in rows:
        # a day of 25 hours ends in the next one
        mentions.setdefault(row.watch, [0] * days)[min(row.day, days - 1)] += row.mentions
    sent = db.rows(
        """select s.outlet, o.changed - s.at, case when i.published <= o.changed then o.changed - i.published end
        from outbox o join story_sources s on s.story_id = o.story_id join items i on i.id = s.item_id
        where o.chat = ? and o.kind = 'alert' and o.state = 'sent' and o.in_digest is null and o.created >= ?
        and s.item_id = (select item_id from story_sources f where f.story_id = o.story_id order by at, item_id limit 1)
        """,
        [chat, micros(since)],
    )
    (in_digests,) = db.one(
        """select count(distinct story_id) from decisions
        where chat = ? and action = 'digest' and at >= ?""",
        [chat, micros(since)],
    )
    broken: dict[str, int] = {}
    for outlet, _, _ in sent:
        broken[outlet] = broken.get(outlet, 0) + 1
    return Stats(
        start=start,
        days=days,
        stories=len(sent) + in_digests,
        mentions=dict(sorted(mentions.items(), key=lambda one: (-sum(one[1]), one[0]))),
        outlets=sorted(broken.items(), key=lambda one: (-one[1], one[0]))[:_OUTLETS],
        from_publication=_spread([late for _, _, late in sent if late is not None]),
        from_poll=_spread([late for _, late, _ in sent]),
    )


def _spread(delays: Sequence[int]) -> tuple[float, float] | None:
    """Return the median and the 95th percentile of microseconds, in seconds."""
    if not delays:
        return None
    if len(delays) == 1:
        return delays[0] / 1e6, delays[0] / 1e6
    points = quantiles(delays, n=20, method="inclusive")
    return points[9] / 1e6, points[18] / 1e6
