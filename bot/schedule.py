"""The rhythm of the newsroom: APScheduler wakes the stages; each stage is one loop of ours.

A tick only wakes: due times live in the database, so a tick that is late or lost costs one tick. Jobs never
do the work themselves, for the scheduler cancels running jobs when it stops.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

log = logging.getLogger(__name__)


class Loop:
    """One stage's loop: sleeps until it is woken, works, and wakes the next stage when that gave results."""

    def __init__(self, work: Callable[[], Awaitable[int]], wake_next: Callable[[], None] | None = None) -> None:
        self._work = work
        self._wake_next = wake_next
        self._woken = asyncio.Event()
        self._stopping = False

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
            if await self._work() and self._wake_next is not None:
                self._wake_next()


class Rhythm:
    """Calls functions again and again; what they raise is given to `on_bug`."""

    def __init__(self, on_bug: Callable[[BaseException], None]) -> None:
        self._on_bug = on_bug
        # the defaults skip a run that is a second late, without a word
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._scheduler = AsyncIOScheduler(job_defaults=defaults, timezone="UTC")
        self._scheduler.add_listener(self._on_error, EVENT_JOB_ERROR)

    def every(self, span: timedelta, call: Callable[[], None]) -> None:
        """Call a function at a steady pace, the first time at once."""
        self._scheduler.add_job(_job(call), "interval", seconds=span.total_seconds())
        call()

    def nightly(self, hour: int, work: Callable[[], Awaitable[None]]) -> None:
        """Do work once a day at an hour, UTC."""
        self._scheduler.add_job(work, CronTrigger(hour=hour, minute=17, timezone="UTC"))

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()

    def stop(self) -> None:
        """End; no function is called any more."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def _on_error(self, event: JobExecutionEvent) -> None:
        self._on_bug(event.exception)


def _job(call: Callable[[], None]) -> Callable[[], Awaitable[None]]:
    async def job() -> None:  # a coroutine runs on the event loop; a plain function would get a thread
        call()

    return job
