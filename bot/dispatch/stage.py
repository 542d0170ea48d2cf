"""The loop that tells: pending alerts → pace → render → send → settle."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import timedelta
from typing import Any

from bot.dispatch.pace import Pace, backoff, is_quiet
from bot.dispatch.render import render
from bot.model import Address, Alert, Kind, Outcome, Sent
from bot.ports import Clock, DispatchStore, Messenger

log = logging.getLogger(__name__)

_AT_ONCE = 8  # chats; more in flight are slower, not faster
_A_MOMENT = 0.5  # seconds
_EVER = timedelta(days=365)

# The messenger for a chat; None while the chat has no way to be reached: its alerts wait.
Route = Callable[[Address], Messenger | None]
Spawn = Callable[[Coroutine[Any, Any, Outcome]], "asyncio.Task[Outcome]"]


class Dispatch:
    """Tells what is due: at most one message of a chat at a time, and no chat waits for another."""

    def __init__(
        self,
        store: DispatchStore,
        route: Route,
        clock: Clock,
        *,
        spawn: Spawn = asyncio.create_task,
        wake: Callable[[], None] = lambda: None,
        is_on_trial: Callable[[], bool] = lambda: False,
    ) -> None:
        """Build the stage. `spawn` starts the task of a message, `wake` is called when one has ended.

        While `is_on_trial` says so one message is under way at a time: it may well be lost.
        """
        self._store = store
        self._route = route
        self._clock = clock
        self._spawn = spawn
        self._wake = wake
        self._is_on_trial = is_on_trial
        self._pace = Pace()
        self._telling: dict[str, asyncio.Task[Outcome]] = {}
        self._stopping = False

    async def recover(self) -> int:
        """Own up to what a crash left half done; return how many messages may be told twice."""
        found = await self._store.recover(self._clock.now())
        if found:
            log.warning("uncertain count=%d (a crash came between sending and noting it; they are sent again)", found)
        return found

    async def start_due(self) -> list["asyncio.Task[Outcome]"]:
        """Begin to tell each free chat that may be told its next alert; return the tasks."""
        self._telling = {chat: task for chat, task in self._telling.items() if not task.done()}
        room = (1 if self._is_on_trial() else _AT_ONCE) - len(self._telling)
        if self._stopping or room <= 0:
            return []
        now = self._clock.now()
        chats: dict[str, bool] = {}
        for address, has_high in await self._store.chats_waiting(now):
            quiet = is_quiet(address, now)
            is_free = address.chat not in self._telling and self._route(address) is not None
            wanted = is_free and (has_high or not quiet) and len(chats) < room
            if wanted and self._pace.allow(address, self._clock.monotonic()):
                chats[address.chat] = quiet
        alerts = await self._store.take_alerts(chats, now) if chats else ()
        return [self._start(alert) for alert in alerts]  # also when stopping: they are marked as being sent

    async def run_once(self) -> int:
        """Tell everything that may be told now; return how many messages were told."""
        told = 0
        tasks: set[asyncio.Task[Outcome]] = set()
        while True:
            tasks |= set(await self.start_due())
            if not tasks:
                return told
            done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            told += sum(task.result().sent is Sent.DONE for task in done)

    async def run_until_told(self, limit: timedelta, sleep: Callable[[float], Awaitable[None]]) -> Sequence[str]:
        """Tell also what has to wait a little for its pace or its next attempt; return the chats that still wait.

        Quiet hours are no reason to wait here, and chats that have no address, or are paused, wait for a person.
        """
        ends = self._clock.monotonic() + limit.total_seconds()
        while True:
            await self.run_once()
            left = max(ends - self._clock.monotonic(), 0.0)
            if not left or not await self._waiting(timedelta(seconds=left)):
                return await self._waiting(_EVER)
            await sleep(_A_MOMENT)

    async def _waiting(self, within: timedelta) -> list[str]:
        """Return the chats that are to be told something within a span, also when Telegram cannot be reached."""
        now = self._clock.now()
        return [
            address.chat
            for address, has_high in await self._store.chats_waiting(self._clock.after(within))
            if (address.id is not None or self._route(address) is not None) and (has_high or not is_quiet(address, now))
        ]

    def stop(self) -> None:
        """Begin nothing new: what is under way is told to its end."""
        self._stopping = True

    async def finish(self) -> None:
        """Wait for what is under way."""
        if self._telling:
            await asyncio.wait(self._telling.values())

    def drop(self) -> None:
        """Wait no longer: whether these arrive nobody will know, and they are told again at the next start."""
        for task in self._telling.values():
            task.cancel()

    def _start(self, alert: Alert) -> "asyncio.Task[Outcome]":
        task = self._telling[alert.address.chat] = self._spawn(self._tell(alert))
        task.add_done_callback(lambda _: self._wake())
        return task

    async def _tell(self, alert: Alert) -> Outcome:
        """Tell one alert and note what became of it, at once."""
        outcome = await self._deliver(alert)
        await self._store.settle(outcome, self._clock.now(), self._clock.after(outcome.wait))
        return outcome

    async def _deliver(self, alert: Alert) -> Outcome:
        message = render(alert)
        if alert.told is not None and alert.told.text_hash == message.hash:
            return Outcome(alert, Sent.DONE, alert.told.message_id, message.hash, reason="reads so already")
        messenger = self._route(alert.address)
        if messenger is None:  # lost since the alert was taken
            return Outcome(alert, Sent.LATER, wait=backoff(alert.attempt), reason="cannot be reached now")
        outcome = await messenger.deliver(alert, message)
        level = logging.INFO if outcome.sent is Sent.DONE or alert.kind is Kind.ANSWER else logging.WARNING
        log.log(
            level,
            "tell chat=%s kind=%s outcome=%s reason=%s",
            alert.address.chat,
            alert.kind,
            outcome.sent,
            outcome.reason or "-",
        )
        return outcome
