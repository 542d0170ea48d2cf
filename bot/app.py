"""Builds the parts of a newsroom and joins them; starts, reloads and stops them in order."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from telegram import Bot

from bot.alerts.batch import Limits
from bot.alerts.stage import DecideStage
from bot.chat.pairing import PairingCode
from bot.chat.polling import listen, try_to_connect
from bot.chat.updates import Listener
from bot.config.load import Configuration
from bot.core.ports import Clock
from bot.delivery.channels.registry import Channels, Outside
from bot.delivery.channels.telegram import TelegramChannel
from bot.delivery.circuit_breaker import CircuitBreaker
from bot.delivery.stage import DeliverStage
from bot.feeds.stage import FetchStage
from bot.in_force import InForce
from bot.ops.metrics import Metrics
from bot.ops.probe import Probe
from bot.ops.schedule import Scheduler, Signal, StageLoop, Tasks
from bot.ops.server import HealthServer
from bot.ops.upkeep import Upkeep
from bot.ops.watchdog import Watchdog
from bot.services import NewsroomServices
from bot.store.store import Store
from bot.transports import Transports

log = logging.getLogger(__name__)

FETCH, DECIDE, DELIVER = "fetch", "decide", "deliver"
STAGES = (FETCH, DECIDE, DELIVER)  # in the order of the work

_TICK = timedelta(seconds=0.5)
_LONGEST_GOODBYE = 6.0  # seconds for messages under way, of the 10 that a stop may take
_LONGEST_ONCE = timedelta(minutes=1)  # that one pass waits for the pace of a chat or for Telegram
_NIGHT = 3  # o'clock, UTC


@dataclass(frozen=True, slots=True)
class Notices:
    """How the newsroom reaches whoever started it."""

    unpaired: Callable[[str], None]  # gets the bot's username: nobody owns it yet
    trouble: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Signals:
    """What wakes the loops of the stages."""

    fetch: Signal = field(default_factory=Signal)
    decide: Signal = field(default_factory=Signal)
    deliver: Signal = field(default_factory=Signal)


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one process of a newsroom, joined; nothing runs. A stage that does not run here is None.

    Who decides also looks after the store at night, for there is one such process; who delivers also listens to the
    chats, for a bot's token allows one.
    """

    transports: Transports
    store: Store
    notices: Notices
    signals: Signals
    tasks: Tasks
    scheduler: Scheduler
    line: CircuitBreaker
    fetch: FetchStage | None
    decide: DecideStage | None
    deliver: DeliverStage | None
    loops: Mapping[str, StageLoop]  # stage → loop, in the order of the work
    in_force: InForce
    upkeep: Upkeep
    probe: Probe
    watchdog: Watchdog
    server: HealthServer | None
    services: NewsroomServices
    listener: Listener | None


def build(
    configuration: Configuration,
    clock: Clock,
    transports: Transports,
    store: Store,
    path: Path,
    notices: Notices,
    *,
    stages: Collection[str] = STAGES,
) -> Parts:
    """Build the parts of a process that runs these stages; `path` is where the database lies."""
    assert stages, "nothing to run"
    assert set(STAGES).issuperset(stages), stages
    settings, bot = configuration.settings, transports.bot
    signals, tasks, metrics = Signals(), Tasks(), Metrics(clock)
    scheduler = Scheduler(on_bug=tasks.fail)
    line = CircuitBreaker(
        _never_answered if bot is None else TelegramChannel(bot).answers,
        spawn=tasks.start,
        on_up=signals.deliver.set,
        is_connected=False,
    )
    fetch, decide, deliver = None, None, None
    if FETCH in stages:
        fetch = FetchStage(
            store.fetch,
            metrics.counted(transports.fetcher),
            metrics.timed(transports.parser),
            clock,
            settings.poll,
            spawn=tasks.start,
            wake_decide=signals.decide.set,
        )
    if DECIDE in stages:
        decide = DecideStage(
            store.decide,
            configuration.watchlist(),
            settings.story.window,
            Limits(settings.alerts.per_hour),
            store.regroup,
        )
    if DELIVER in stages:
        outside = Outside(terminal=transports.terminal, bot=bot, is_up=lambda: line.is_up, note=line.note)
        deliver = DeliverStage(
            store.deliver,
            Channels(outside).route,
            clock,
            settings.delivery,
            spawn=tasks.start,
            wake=signals.deliver.set,
            is_on_trial=lambda: line.is_on_trial,
            on_outcome=metrics.note_outcome,
        )
    upkeep = Upkeep(
        store,
        clock,
        settings.store,
        realign_feeds=None if fetch is None else fetch.realign,
        realign=scheduler.realign,
        report=notices.trouble,
        alarm=OwnerAlarm(store, bot, tasks).send,
        wake_deliver=signals.deliver.set,
    )
    loops: dict[str, StageLoop] = {}
    before = {min(stages, key=STAGES.index): upkeep.check_clock}  # whoever comes first, before anything is polled
    if fetch is not None:
        loops[FETCH] = StageLoop(signals.fetch, fetch.start_due, before=before.get(FETCH))
    if decide is not None:
        loops[DECIDE] = StageLoop(
            signals.decide, decide.run_once, before=before.get(DECIDE), wake_next=signals.deliver.set
        )
    if deliver is not None:
        loops[DELIVER] = StageLoop(signals.deliver, deliver.start_due, before=before.get(DELIVER))
    in_force = InForce(configuration, store, clock, fetch=fetch, decide=decide, wake_fetch=signals.fetch.set)
    services = NewsroomServices(
        path, store, clock, transports.fetcher, transports.parser, in_force, settings.story.window
    )
    listener = None
    if bot is not None and deliver is not None:
        code, wake = PairingCode(path), signals.deliver.set
        listener = Listener(store.chats, code, services, clock.now, wake, tasks.start_droppable)
    probe = Probe(store, clock, loops, None if bot is None else line)
    port = settings.health.port
    return Parts(
        transports=transports,
        store=store,
        notices=notices,
        signals=signals,
        tasks=tasks,
        scheduler=scheduler,
        line=line,
        fetch=fetch,
        decide=decide,
        deliver=deliver,
        loops=loops,
        in_force=in_force,
        upkeep=upkeep,
        probe=probe,
        watchdog=Watchdog(settings.health, probe, transports.systemd),
        server=HealthServer(port, probe, metrics) if port else None,
        services=services,
        listener=listener,
    )


async def _never_answered() -> bool:
    raise AssertionError("without a bot no line is ever down")


class OwnerAlarm:
    """Writes to the owner past the outbox, which cannot be written then."""

    def __init__(self, store: Store, bot: Bot | None, tasks: Tasks) -> None:
        self._store = store
        self._bot = bot
        self._tasks = tasks

    def send(self, text: str) -> None:
        """Begin to send a text; whether it arrives stays open."""
        self._tasks.start(self._send(text))

    async def _send(self, text: str) -> None:
        owner = next((id_ for id_, member in (await self._store.chats.members()).items() if member.is_owner), None)
        if self._bot is not None and owner is not None:
            await TelegramChannel(self._bot).alarm(owner, text)


class Newsroom:
    """Runs, reloads and stops the parts that were built."""

    def __init__(self, parts: Parts, *, tick: timedelta = _TICK) -> None:
        """Take the parts; nothing runs yet."""
        self._parts = parts
        self._tick = tick

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set. A bug in any part stops all parts and is raised."""
        parts = self._parts
        async with AsyncExitStack() as closing:
            closing.push_async_callback(self.close)
            await self.prepare()
            if parts.fetch is not None:
                await parts.fetch.realign()
            closing.callback(parts.scheduler.stop)
            if parts.server is not None:
                closing.push_async_callback(parts.server.stop)
                await parts.server.start()
            async with parts.tasks as tasks:
                parts.upkeep.begin()
                watchdog = tasks.start(parts.watchdog.run())
                loops = [tasks.start(loop.run()) for loop in parts.loops.values()]
                self._start_scheduler()
                listening = None if parts.listener is None else tasks.start(self._listen(parts.listener))
                if listening is None:
                    parts.watchdog.ready()
                if parts.decide is not None:
                    await parts.upkeep.back_up_if_late()
                await stop.wait()
                log.info("stopping")
                parts.transports.systemd.stopping()
                parts.scheduler.stop()
                await self._stop(loops)
                watchdog.cancel()
                if listening is not None:
                    listening.cancel()

    async def once(self) -> bool:
        """Make one pass of all stages; return False, having said why, when alerts are left for the next pass."""
        parts = self._parts
        waiting: Sequence[str] = ()
        connected = True
        async with AsyncExitStack() as closing:
            closing.push_async_callback(self.close)
            await self.prepare()
            async with parts.tasks:
                if parts.fetch is not None:
                    await parts.fetch.run_once()
                if parts.decide is not None:
                    await parts.decide.run_once()
                if parts.deliver is not None:
                    connected = await self._connect_once()
                    limit = _LONGEST_ONCE if connected else timedelta(0)
                    waiting = await parts.deliver.run_until_sent(limit, asyncio.sleep)
                    parts.line.close()
        if waiting and connected:
            names = ", ".join(f"“{chat}”" for chat in waiting)
            parts.notices.trouble(
                f"messages still wait for {names}; they are kept, and sent by: tipoff once, tipoff run"
            )
        return not waiting and connected

    async def prepare(self) -> None:
        """Put the configuration into the store, and note what a crash left half done."""
        parts = self._parts
        await parts.in_force.prepare()
        if parts.fetch is not None:
            await parts.store.fetch.reclaim()
        await parts.upkeep.clamp()
        if parts.deliver is not None:
            await parts.deliver.recover()

    async def reload(self, configuration: Configuration) -> None:
        """Take over feeds, watches and chats of a new configuration between two batches."""
        await self._parts.in_force.replace(configuration)

    async def close(self) -> None:
        """Let go of connections and processes."""
        await self._parts.transports.close()

    def _start_scheduler(self) -> None:
        parts = self._parts
        for loop in parts.loops.values():
            parts.scheduler.every(self._tick, loop.wake)
        if parts.decide is not None:
            parts.scheduler.nightly(_NIGHT, parts.upkeep.work_at_night)
        parts.scheduler.start()

    async def _listen(self, listener: Listener) -> None:
        parts = self._parts
        assert parts.transports.bot is not None
        await listen(
            parts.transports.bot,
            listener,
            self._on_connected,
            parts.notices.trouble,
            on_answer=parts.probe.note_updates,
        )

    async def _on_connected(self, username: str) -> None:
        parts = self._parts
        parts.line.connect()
        parts.watchdog.ready()
        log.info("telegram connected=@%s", username)
        if not any(member.is_owner for member in (await parts.store.chats.members()).values()):
            parts.notices.unpaired(username)

    async def _connect_once(self) -> bool:
        """Connect the bot, if there is one; return False, having said why, when it cannot be reached."""
        parts = self._parts
        if parts.transports.bot is None:
            return True
        trouble = await try_to_connect(parts.transports.bot)
        if trouble is not None:
            parts.notices.trouble(trouble)
            return False
        parts.line.connect()
        return True

    async def _stop(self, loops: Sequence["asyncio.Task[None]"]) -> None:
        """Take no new feeds, drop polls under way, and let messages under way arrive."""
        parts = self._parts
        if parts.deliver is not None:
            parts.deliver.stop()
        parts.line.close()
        parts.tasks.drop()
        for loop in parts.loops.values():
            loop.stop()
        if parts.fetch is not None:
            await parts.fetch.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST_GOODBYE):
                await asyncio.wait(loops)
                if parts.deliver is not None:
                    await parts.deliver.finish()
        for task in loops:
            task.cancel()
        if parts.deliver is not None:
            parts.deliver.drop()
