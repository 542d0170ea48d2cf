"""When the stages work: signals and ticks wake their loops, and the nightly work comes by the calendar.

A tick only wakes: due times live in the database, so a tick that is late or lost costs one tick. Ticks go by a
clock that nobody can set; APScheduler goes by the calendar, and would be silent for as long as that is set back.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

T = TypeVar("T")


class Signal:
    """Wakes one loop. It exists before the loop and before those who wake it; set while nobody waits it is not lost."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    @property
    def is_set(self) -> bool:
        """Say whether it was set, and the loop has not woken yet."""
        return self._event.is_set()

    def set(self) -> None:
        """Wake the loop now, or once more after the work under way."""
        self._event.set()

    async def wait(self) -> None:
        """Wait until it is set, and reset it."""
        await self._event.wait()
        self._event.clear()


class StageLoop:
    """One stage's loop: sleeps until its signal is set, works, and wakes the next stage when that gave results."""

    def __init__(
        self,
        signal: Signal,
        work: Callable[[], Awaitable[object]],
        *,
        before: Callable[[], Awaitable[None]] | None = None,
        wake_next: Callable[[], None] | None = None,
    ) -> None:
        """Build it. `before` is called before the work; `wake_next` after it, when its result is not empty."""
        self._signal = signal
        self._work = work
        self._before = before
        self._wake_next = wake_next
        self._stopping = False
        self.busy_since: float | None = None
        """Since when it works on what it works on, by the event loop's time."""

    @property
    def is_busy(self) -> bool:
        """Say whether it works, or is about to."""
        return self.busy_since is not None or self._signal.is_set

    def wake(self) -> None:
        """Look for work now, or once more after the work under way."""
        self._signal.set()

    def stop(self) -> None:
        """End after the work under way."""
        self._stopping = True
        self._signal.set()

    async def run(self) -> None:
        """Work until stopped. A bug in the work ends the loop with its exception."""
        while True:
            await self._signal.wait()
            if self._stopping:
                return
            self.busy_since = asyncio.get_running_loop().time()
            if self._before is not None:
                await self._before()
            if await self._work() and self._wake_next is not None:
                self._wake_next()
            self.busy_since = None


class Tasks:
    """The tasks that parts start while the newsroom runs: `async with` it. A bug in one stops all, and is raised."""

    def __init__(self) -> None:
        self._group: asyncio.TaskGroup | None = None
        self._droppable: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        """Let tasks be started."""
        self._group = await asyncio.TaskGroup().__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for all tasks; raise what went wrong in them."""
        assert self._group is not None
        await self._group.__aexit__(kind, error, trace)

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a task."""
        assert self._group is not None
        return self._group.create_task(work)

    def start_droppable(self, work: Coroutine[Any, Any, None]) -> None:
        """Start what a person waits for and a stop does not."""
        task = self.start(work)
        self._droppable.add(task)
        task.add_done_callback(self._droppable.discard)

    def drop(self) -> None:
        """Cancel what a stop does not wait for."""
        for task in self._droppable:
            task.cancel()

    def fail(self, bug: BaseException) -> None:
        """Raise a bug that was met outside of a task, here, where it ends the newsroom."""

        async def raise_it() -> None:
            raise bug

        self.start(raise_it())


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
        """Compute anew when the nights come: the clock was set."""
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
