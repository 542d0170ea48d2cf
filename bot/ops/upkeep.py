"""Keeps the newsroom in order: the database by night and in trouble, and all that waits when the clock was set."""

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from bot.core.errors import StoreError
from bot.core.ports import Clock, UpkeepStore
from bot.core.settings import StoreSettings

log = logging.getLogger(__name__)

_SUNDAY = 6
_LONGEST_WITHOUT_BACKUP = timedelta(hours=26)
_JUMP = timedelta(seconds=5)  # by which a clock is set, and no more corrected
_SLEEP = timedelta(seconds=60)  # in which the program stood still


class ClockMonitor:
    """Notices that a clock was set, and that the program stood still."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._now = clock.now()
        self._monotonic = clock.monotonic()

    def check(self) -> tuple[timedelta, timedelta]:
        """Return how far the clock was set, forward or back, since the last check, and how much real time passed."""
        monotonic, now = self._clock.monotonic(), self._clock.now()
        passed = timedelta(seconds=monotonic - self._monotonic)
        expected = self._clock.after(passed) - now  # what this clock makes of that time
        jump = now - self._now - expected
        self._now, self._monotonic = now, monotonic
        return jump, passed


class Upkeep:
    """Looks after the store. What goes wrong here is reported to a person and stops nothing."""

    def __init__(
        self,
        store: UpkeepStore,
        clock: Clock,
        kept: StoreSettings,
        *,
        realign_feeds: Callable[[], Awaitable[None]] | None,
        realign: Callable[[], None],
        report: Callable[[str], None],
        alarm: Callable[[str], None],
        wake_deliver: Callable[[], None],
    ) -> None:
        """Build it.

        `realign_feeds` sets the feeds' due times right, where this process fetches; `realign` computes anew when the
        nights come; `report` reaches whoever started the program, `alarm` the owner, outside the outbox.
        """
        self._store = store
        self._clock = clock
        self._realign_feeds = realign_feeds
        self._kept = kept
        self._realign = realign
        self._report = report
        self._alarm = alarm
        self._wake_deliver = wake_deliver
        self._monitor = ClockMonitor(clock)

    def begin(self) -> None:
        """Tell people from now on when the database stands still."""
        self._store.on_trouble(self._on_database)

    def _on_database(self, trouble: str | None) -> None:
        """Tell the owner directly that the database stands still: the outbox cannot be written then."""
        if trouble is None:
            self._alarm("The database can be written again: all goes on.")
            return
        self._report(f"{trouble}; feeds and messages wait until it can be written again")
        self._alarm(f"Tipoff stands still: {trouble}. Nothing is lost; it goes on by itself once that is cured.")

    async def clamp(self) -> None:
        """Let no message wait for a time that the clock will not show again: it may have been set while nobody ran."""
        await self._store.deliver.clamp(self._clock.now())

    async def check_clock(self) -> None:
        """Set due times right after the clock was set, or the program stood still; to be called before a poll."""
        jump, passed = self._monitor.check()
        if abs(jump) <= _JUMP and passed <= _SLEEP:
            return
        log.warning("clock_jumped by=%.0fs after=%.0fs", jump.total_seconds(), passed.total_seconds())
        if self._realign_feeds is not None:
            await self._realign_feeds()
        await self.clamp()
        self._realign()

    async def work_at_night(self) -> None:
        """Forget what was kept long enough, check the database, on Sundays thoroughly, and copy it."""
        # a little at a time: between two of them every stage gets its turn
        while await self._store.forget(self._clock.now(), self._kept.keep_items, self._kept.keep_stories):
            pass
        damage = await self._store.tidy(thorough=self._clock.now().weekday() == _SUNDAY)
        if damage is None:
            await self.back_up()
        else:
            await self._tell_owner(
                f"The database is damaged ({damage}); stop Tipoff and put the newest good backup back: tipoff restore"
            )

    async def back_up_if_late(self) -> None:
        """Copy the database unless there is a copy of the last night."""
        newest, now = self._store.newest_backup(), self._clock.now()
        if newest is None or now - newest > _LONGEST_WITHOUT_BACKUP:
            await self.back_up()

    async def back_up(self) -> None:
        """Copy the database."""
        try:
            copy = await self._store.backup(self._clock.now())
        except StoreError as error:
            await self._tell_owner(str(error))
        else:
            log.info("backup file=%s", copy)

    async def _tell_owner(self, text: str) -> None:
        """Tell the owner through the outbox, which can be written."""
        log.error("needs_a_person: %s", text)
        await self._store.deliver.notify(text, self._clock.now())
        self._wake_deliver()
