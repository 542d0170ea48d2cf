"""At which instant a feed's turn comes, so that the turns of many feeds do not come together."""

from collections import Counter
from datetime import datetime, timedelta

from sqlite_utils import Database

from bot.store.connection import micros

_HALF = 500_000  # microseconds: half a second, after which the wire looks again for what is due
_STEP = timedelta(microseconds=_HALF)
_PLACES = 60  # halves of a second that a turn may be put off by
_CROWDED = 3  # seconds of a minute, its first, in which the timers of others ask


def quietest(db: Database, due: datetime) -> datetime:
    """Return an instant from `due` on, within 30 s, around which the fewest other feeds have their turn.

    Random instants would do worse: of a thousand feeds, some seconds would have six times as many as the mean.
    """
    start = micros(due) // _HALF
    rows = db.execute(
        "select due / ? from feeds where active = 1 and due >= ? and due < ?",
        [_HALF, (start - 1) * _HALF, (start + _PLACES + 1) * _HALF],
    )
    taken = Counter(half for (half,) in rows.fetchall())

    def crowd(half: int) -> int:
        return taken[half - 1] + taken[half] + taken[half + 1]

    if not crowd(start):
        return due
    free = (half for half in range(start, start + _PLACES) if half // 2 % 60 >= _CROWDED)
    return due + (min(free, key=crowd) - start) * _STEP
