"""The loop that delivers: pending alerts → pace → render → send → settle."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.core.model import OWNER, Address, Alert, DeliveryResult, MessageKind, Outcome, ReplyPayload, WaitingChat
from bot.core.ports import Channel, Clock, DeliverStore
from bot.core.settings import DeliverySettings
from bot.core.text import one_line, shorten
from bot.delivery.pace import Pace, backoff
from bot.delivery.render import render

log = logging.getLogger(__name__)

_AT_ONCE = 8  # chats; more in flight are slower, not faster
_NAMED = 3  # stories of a digest that a notice names
_TITLE = 300  # characters
_A_MOMENT = 0.5  # seconds
_LATELY = timedelta(minutes=1)  # the longest that Telegram's limits look back
_EVER = timedelta(days=365)

# The channel of a chat; None while a message for it cannot be sent: its alerts wait.
Route = Callable[[Address], Channel | None]
Spawn = Callable[[Coroutine[Any, Any, Outcome]], "asyncio.Task[Outcome]"]


class DeliverStage:
    """Sends what is due: at most one message of a chat at a time, and no chat waits for another."""

    def __init__(
        self,
        store: DeliverStore,
        route: Route,
        clock: Clock,
        delivery: DeliverySettings | None = None,
        *,
        spawn: Spawn = asyncio.create_task,
        wake: Callable[[], None] = lambda: None,
        is_on_trial: Callable[[], bool] = lambda: False,
        on_outcome: Callable[[Outcome], None] = lambda outcome: None,
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
        self._on_outcome = on_outcome
        self._delivery = delivery or DeliverySettings()
        self._again = self._delivery.promise == "at-least-once"
        self._pace = Pace()
        self._alarm: asyncio.TimerHandle | None = None
        self._under_way: dict[str, asyncio.Task[Outcome]] = {}
        self._stopping = False

    async def recover(self) -> int:
        """Settle what the process before left half done; return how many messages may be sent twice.

        Telegram's limits go on over a restart: what was sent lately counts.
        """
        now, monotonic = self._clock.now(), self._clock.monotonic()
        for chat_id, at in await self._store.lately_sent(now - _LATELY):
            self._pace.remember(chat_id, monotonic - max(now - at, timedelta(0)).total_seconds())
        found = await self._store.recover(self._clock.now(), again=self._again)
        if found:
            what = "sent again" if self._again else "not sent again, as [delivery] promise says"
            log.warning("uncertain count=%d (a crash came between sending and noting it; they are %s)", found, what)
        return found

    async def start_due(self) -> list["asyncio.Task[Outcome]"]:
        """Begin to send the next alert to each free chat that may be sent one; return the tasks."""
        self._under_way = {chat: task for chat, task in self._under_way.items() if not task.done()}
        room = (1 if self._is_on_trial() else _AT_ONCE) - len(self._under_way)
        if self._stopping or room <= 0:
            return []
        now = self._clock.now()
        free = [
            one
            for one in await self._store.chats_waiting(now)
            if one.address.chat not in self._under_way and self._route(one.address) is not None
        ]
        chosen = self._pace.choose(free, self._clock.monotonic(), room)
        if len(chosen) < room:
            self._wake_for([one for one in free if one not in chosen])
        chats = [one.address.chat for one in chosen]
        alerts = await self._store.take_alerts(chats, now) if chats else ()
        return [self._start(alert) for alert in alerts]  # also when stopping: they are marked as being sent

    def _wake_for(self, waiting: Sequence[WaitingChat]) -> None:
        """Look again when the first of these chats has its token: nobody waits for a tick."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        wait = self._pace.wait(waiting, self._clock.monotonic())
        if wait is not None:
            self._alarm = asyncio.get_running_loop().call_later(wait, self._wake)

    async def run_once(self) -> int:
        """Send everything that may be sent now; return how many messages were sent."""
        sent = 0
        tasks: set[asyncio.Task[Outcome]] = set()
        while True:
            tasks |= set(await self.start_due())
            if not tasks:
                return sent
            done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            sent += sum(task.result().result is DeliveryResult.DONE for task in done)

    async def run_until_sent(self, limit: timedelta, sleep: Callable[[float], Awaitable[None]]) -> Sequence[str]:
        """Send also what has to wait a little for its pace or its next attempt; return the chats that still wait.

        Quiet hours are no reason to wait here, nor is a digest whose hour has not come; and chats that have no
        address, or are paused, wait for a person.
        """
        ends = self._clock.monotonic() + limit.total_seconds()
        while True:
            await self.run_once()
            left = max(ends - self._clock.monotonic(), 0.0)
            if not left or not await self._waiting(timedelta(seconds=left)):
                return await self._waiting(_EVER, digests=timedelta(0))
            await sleep(_A_MOMENT)

    async def _waiting(self, within: timedelta, digests: timedelta | None = None) -> list[str]:
        """Return the chats that are to be sent something within a span, also when Telegram cannot be reached.

        What only a digest would say counts within a span of its own.
        """
        due = await self._store.chats_waiting(self._clock.after(within))
        if digests is not None:
            soon = await self._store.chats_waiting(self._clock.after(digests))
            due = [*soon, *(one for one in due if one.kind is not MessageKind.DIGEST)]
        now = self._clock.now()
        reached = [
            one.address.chat
            for one in due
            if not one.address.is_paused(now) and (one.address.id is not None or self._route(one.address) is not None)
        ]
        return list(dict.fromkeys(reached))

    def stop(self) -> None:
        """Begin nothing new: what is under way is sent to its end."""
        self._stopping = True
        if self._alarm is not None:
            self._alarm.cancel()

    async def finish(self) -> None:
        """Wait for what is under way."""
        if self._under_way:
            await asyncio.wait(self._under_way.values())

    def drop(self) -> None:
        """Wait no longer: whether these arrive nobody will know, and they are sent again at the next start."""
        for task in self._under_way.values():
            task.cancel()

    def _start(self, alert: Alert) -> "asyncio.Task[Outcome]":
        task = self._under_way[alert.address.chat] = self._spawn(self._send(alert))
        task.add_done_callback(lambda _: self._wake())
        return task

    async def _send(self, alert: Alert) -> Outcome:
        """Send one alert and note what became of it, at once.

        The owner reads in plain words of one that a bug keeps from being sent: no start is to end at it again.
        """
        try:
            outcome = await self._deliver(alert)
        except Exception as bug:  # passed on; noted before, so that the next start goes on
            now = self._clock.now()
            lost = Outcome(alert, DeliveryResult.DEAD, reason=f"a bug of Tipoff ({type(bug).__name__})")
            await self._store.settle(lost, now, now, _said_plainly(alert, type(bug).__name__))
            raise
        self._on_outcome(outcome)
        if outcome.result is DeliveryResult.UNCERTAIN and not alert.is_idempotent:
            outcome = replace(outcome, again=self._again and alert.unknowns == 0)
        if outcome.result is DeliveryResult.DONE and outcome.message_id is not None:
            outcome = replace(outcome, wait=self._delivery.edit_every)
        if outcome.limited and alert.address.id is not None:
            self._pace.limited(alert.address.id, outcome.wait, self._clock.monotonic())
        await self._store.settle(outcome, self._clock.now(), self._clock.after(outcome.wait), _notice(outcome))
        return outcome

    async def _deliver(self, alert: Alert) -> Outcome:
        if not self._again and alert.kind.changes_a_message and alert.is_doubtful:
            return Outcome(alert, DeliveryResult.DEAD, reason="nobody knows whether the message to be changed arrived")
        channel = self._route(alert.address)
        if channel is None:  # lost since the alert was taken
            return Outcome(alert, DeliveryResult.LATER, wait=backoff(alert.attempt), reason="cannot be reached now")
        message = render(alert, channel.can)
        if alert.sent is not None:
            text_hash = channel.hash(message)
            if alert.sent.text_hash == text_hash:
                return Outcome(alert, DeliveryResult.DONE, alert.sent.message_id, text_hash, reason="reads so already")
            if alert.kind.changes_a_message and not channel.can.edits:
                return Outcome(alert, DeliveryResult.DONE, alert.sent.message_id, text_hash, reason="stays as it is")
        outcome = await channel.deliver(alert, message)
        level = (
            logging.INFO
            if outcome.result is DeliveryResult.DONE or alert.kind is MessageKind.ANSWER
            else logging.WARNING
        )
        log.log(
            level,
            "send chat=%s kind=%s outcome=%s reason=%s",
            alert.address.chat,
            alert.kind,
            outcome.result,
            outcome.reason or "-",
        )
        return outcome


def _said_plainly(alert: Alert, bug: str) -> str:
    """Return what the owner is to know of an alert that cannot be sent."""
    if alert.kind is MessageKind.NOTICE:
        return ""
    chat = alert.address.chat
    return f"Tipoff has a bug and could not write to the chat “{chat}” ({bug}); please report it.{_news(alert)}"


def _news(alert: Alert) -> str:
    """Return the news of a message and its link, in lines of their own: a notice names what it is about."""
    told: list[tuple[str, str | None]] = []
    match alert.payload:
        case ReplyPayload(news, title, _, url):
            told = [(title or news, url)]
        case _ if alert.story is not None:
            told = [(alert.story.sources[0].title, alert.story.sources[0].url)]
        case _ if alert.digest is not None:
            told = [(entry.line.title, entry.line.url) for entry in alert.digest.entries]
    lines = [f"\n{shorten(one_line(title), _TITLE)}\n{url or ''}".rstrip() for title, url in told[:_NAMED]]
    more = f"\nand {len(told) - _NAMED} more" if len(told) > _NAMED else ""
    return "".join(lines) + more


def _notice(outcome: Outcome) -> str:
    """Return what the owner is to know of an outcome: what only a person can cure."""
    chat, news = f"the chat “{outcome.alert.address.chat}”", _news(outcome.alert)
    match outcome.result:
        case DeliveryResult.PAUSED if outcome.alert.address.chat != OWNER:
            return (
                f"Tipoff cannot write to {chat} any more: {outcome.reason}\n"
                "Its messages wait. They are sent when somebody there writes to the bot, lets it in again, or at the "
                f"next start.{news}"
            )
        case DeliveryResult.TOPIC_GONE if not outcome.alert.topic_of or "closed" in outcome.reason.lower():
            return f"The topic of {chat} is closed or gone ({outcome.reason}): its messages go to the chat itself."
        case DeliveryResult.REFUSED if not outcome.alert.kind.changes_a_message:
            return (
                f"Telegram refused a message for {chat}: {outcome.reason}\n"
                f"It waits, and is tried again when somebody there writes to the bot, or at the next start.{news}"
            )
        case DeliveryResult.DEAD if not outcome.alert.kind.changes_a_message:
            return f"Telegram refused a message for {chat} for good: {outcome.reason}{news}"
        case DeliveryResult.UNCERTAIN if not outcome.again:
            return f"Nobody knows whether a message arrived in {chat}: {outcome.reason}{news}"
        case _:
            return ""
