"""At which instant a feed's turn comes, so that the turns of many feeds do not come together."""

from collections import Counter
from datetime import datetime, timedelta

from sqlite_utils import Database

from bot.store.connection import micros

_HALF = 500_000  # microseconds: half a second, after which the wire looks again for what is due
_STEP = timedelta(microseconds=_HALF)
_PLACES = 60  # halves of a second that a turn may be put off by
_CROWDED = 3  # seconds of a minute, its first, in which the timers of others ask
_MOST = 200_000  # halves of a second that are kept in mind


class Turns:
    """How many turns were given to each half of a second; read from the database once, and kept in mind from then on.

    Turns that were moved since stay counted where they were: for what this is, that is near enough.
    """

    def __init__(self) -> None:
        self._taken: dict[int, int] = {}

    def give(self, db: Database, due: datetime) -> datetime:
        """Return an instant from `due` on, within 30 s, around which the fewest others have their turn.

        Random instants would do worse: of a thousand feeds, some seconds would have six times as many as the mean.
        """
        if not 0 < len(self._taken) < _MOST:
            self._taken = _read(db)
        start = micros(due) // _HALF
        taken = self._taken.get
        best, least = start, -1
        for half in range(start, start + _PLACES):
            if half != start and half // 2 % 60 < _CROWDED:
                continue
            crowd = taken(half - 1, 0) + taken(half, 0) + taken(half + 1, 0)
            if least < 0 or crowd < least:
                best, least = half, crowd
            if not crowd:
                break
        self._taken[best] = taken(best, 0) + 1
        return due + (best - start) * _STEP


def _read(db: Database) -> dict[int, int]:
    rows = db.execute(
        "select due / ? from feeds where active = 1 and due >= (select max(last_poll) from feeds)", [_HALF]
    )
    return Counter(half for (half,) in rows.fetchall())
