"""At which instant a feed's turn comes, so that the turns of many feeds do not come together."""

from collections import Counter
from datetime import datetime, timedelta

from bot.store.engine.connection import micros
from bot.store.engine.transaction import Transaction

_HALF = 500_000  # microseconds: half a second, after which the fetch stage looks again for what is due
_STEP = timedelta(microseconds=_HALF)
_PLACES = 60  # halves of a second that a turn may be put off by
_SHARE = 10  # and no more than this part of the wait, lest who is asked every minute be asked every minute and a half
_CROWDED = 3  # seconds of a minute, its first, in which the timers of others ask
_MOST = 200_000  # halves of a second that are kept in mind


class DueSlots:
    """How many turns were given to each half of a second; read from the database once, and kept in mind from then on.

    Turns that were moved since stay counted where they were: for what this is, that is near enough.
    """

    def __init__(self) -> None:
        self._taken: dict[int, int] = {}

    def give(self, db: Transaction, due: datetime, now: datetime) -> datetime:
        """Return an instant from `due` on around which the fewest others have their turn.

        It is within 30 s, within a tenth of the wait from now on, and within the hour of `due`, for the next one may
        be among those the feed wants skipped. Random instants would do worse: of a thousand feeds, some seconds
        would have six times as many as the mean.
        """
        if not 0 < len(self._taken) < _MOST:
            self._taken = _read(db)
        start = micros(due) // _HALF
        taken = self._taken.get
        best, least = start, -1
        for half in range(start, start + 1 + _leeway(due, now)):
            if half != start and half // 2 % 60 < _CROWDED:
                continue
            crowd = taken(half - 1, 0) + taken(half, 0) + taken(half + 1, 0)
            if least < 0 or crowd < least:
                best, least = half, crowd
            if not crowd:
                break
        self._taken[best] = taken(best, 0) + 1
        return due + (best - start) * _STEP


def _leeway(due: datetime, now: datetime) -> int:
    """Return by how many halves of a second a turn may be put off."""
    hour_over = due.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    left = -((due - hour_over) // _STEP) - 1  # the last one that is still within the hour
    return max(0, min(_PLACES, (due - now) // _SHARE // _STEP, left))


def _read(db: Transaction) -> dict[int, int]:
    query = "select due / ? as half from feeds where active = 1 and due >= (select max(last_poll) from feeds)"
    return Counter(row.half for row in db.rows(query, [_HALF]))
