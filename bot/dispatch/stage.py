"""The loop that tells: pending alerts → pace → render → send → settle."""

import asyncio
import logging
from collections.abc import Callable

from bot.dispatch.pace import Pace, is_quiet
from bot.dispatch.render import render
from bot.model import Address, Alert, Kind, Outcome, Sent
from bot.ports import Clock, DispatchStore, Messenger

log = logging.getLogger(__name__)

_AT_ONCE = 8  # chats; more in flight are slower, not faster

# The messenger for a chat; None while the chat has no way to be reached: its alerts wait.
Route = Callable[[Address], Messenger | None]


class Dispatch:
    """Tells what is due: at most one message of a chat at a time, and no chat waits for another."""

    def __init__(self, store: DispatchStore, route: Route, clock: Clock) -> None:
        self._store = store
        self._route = route
        self._clock = clock
        self._pace = Pace()
        self._stopping = False

    async def recover(self) -> int:
        """Own up to what a crash left half done; return how many messages may be told twice."""
        found = await self._store.recover(self._clock.now())
        if found:
            log.warning("uncertain count=%d (a crash came between sending and noting it; they are sent again)", found)
        return found

    async def run_once(self) -> int:
        """Tell everything that may be told now; return how many messages were told."""
        told = 0
        while not self._stopping and (outcomes := await self._round()):
            told += sum(outcome.sent is Sent.DONE for outcome in outcomes)
        return told

    def stop(self) -> None:
        """Begin nothing new: what is under way is told to its end."""
        self._stopping = True

    async def _round(self) -> list[Outcome]:
        """Tell each chat that may be told its next alert."""
        now = self._clock.now()
        chats: dict[str, bool] = {}
        for address, has_high in await self._store.chats_waiting(now):
            quiet = is_quiet(address, now)
            wanted = self._route(address) is not None and (has_high or not quiet)
            if wanted and len(chats) < _AT_ONCE and self._pace.allow(address, self._clock.monotonic()):
                chats[address.chat] = quiet
        alerts = await self._store.take_alerts(chats, now) if chats else ()
        return await asyncio.gather(*(self._tell(alert) for alert in alerts))

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
        assert messenger is not None, "chats without a messenger are not taken"
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
