"""The rhythm of the newsroom: ticks wake the stages, each of which is one loop of ours; nights come by the calendar.

A tick only wakes: due times live in the database, so a tick that is late or lost costs one tick. Ticks go by a
clock that nobody can set; APScheduler goes by the calendar, and would be silent for as long as that is set back.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

log = logging.getLogger(__name__)


class StageLoop:
    """One stage's loop: sleeps until it is woken, works, and wakes the next stage when that gave results."""

    def __init__(self, work: Callable[[], Awaitable[int]], wake_next: Callable[[], None] | None = None) -> None:
        self._work = work
        self._wake_next = wake_next
        self._woken = asyncio.Event()
        self._stopping = False
        self.busy_since: float | None = None
        """Since when it works on what it works on, by the event loop's time."""

    def wake(self) -> None:
        """Look for work now, or once more after the work under way."""
        self._woken.set()

    def stop(self) -> None:
        """End after the work under way."""
        self._stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Work until stopped. A bug in the work ends the loop with its exception."""
        while True:
            await self._woken.wait()
            if self._stopping:
                return
            self._woken.clear()
            self.busy_since = asyncio.get_running_loop().time()
            if await self._work() and self._wake_next is not None:
                self._wake_next()
            self.busy_since = None


class Scheduler:
    """Calls functions again and again; what they raise is given to `on_bug`."""

    def __init__(self, on_bug: Callable[[BaseException], None]) -> None:
        self._on_bug = on_bug
        self._ticks: dict[int, asyncio.TimerHandle] = {}
        self._is_stopped = False
        # the defaults skip a run that is a second late, without a word
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._scheduler = AsyncIOScheduler(job_defaults=defaults, timezone="UTC")
        self._scheduler.add_listener(self._on_error, EVENT_JOB_ERROR)

    def every(self, span: timedelta, call: Callable[[], None]) -> None:
        """Call a function at a steady pace, the first time at once."""
        number = len(self._ticks)

        def tick() -> None:
            if not self._is_stopped:
                self._ticks[number] = asyncio.get_running_loop().call_later(span.total_seconds(), tick)
                call()

        tick()

    def nightly(self, hour: int, work: Callable[[], Awaitable[None]]) -> None:
        """Do work once a day at an hour, UTC."""
        self._scheduler.add_job(work, CronTrigger(hour=hour, minute=17, timezone="UTC"))

    def realign(self) -> None:
        """Reckon anew when the nights come: the clock was set."""
        for job in self._scheduler.get_jobs():
            job.reschedule(job.trigger)

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()

    def stop(self) -> None:
        """End; no function is called any more."""
        self._is_stopped = True
        for tick in self._ticks.values():
            tick.cancel()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def _on_error(self, event: JobExecutionEvent) -> None:
        self._on_bug(event.exception)
