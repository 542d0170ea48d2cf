"""Builds everything, joins it, starts and stops it in order."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

from telegram import Bot
from telegram.request import HTTPXRequest

from bot.alerts.decide import Limits
from bot.alerts.stage import DecideStage
from bot.chat.pairing import PairingCode
from bot.chat.polling import listen, try_to_connect
from bot.chat.updates import Listener
from bot.config.environment import Telegram
from bot.config.load import Configuration, with_chats
from bot.core.guard import Guard
from bot.core.model import WatchSpec
from bot.core.ports import Channel, Clock
from bot.delivery.channels.registry import Channels, Outside, with_own_chats
from bot.delivery.channels.telegram import TelegramChannel
from bot.delivery.circuit_breaker import CircuitBreaker
from bot.delivery.stage import DeliverStage
from bot.feeds.fetch import HttpFetcher
from bot.feeds.parsing.workers import ParseWorkers
from bot.feeds.stage import FetchStage
from bot.ops.health import HealthSnapshot
from bot.ops.metrics import CountedFetcher, Metrics, TimedParser
from bot.ops.schedule import Scheduler, StageLoop
from bot.ops.server import HealthServer
from bot.ops.systemd import Systemd
from bot.ops.upkeep import Upkeep
from bot.ops.watchdog import Watchdog
from bot.services import NewsroomServices
from bot.store.store import Store

log = logging.getLogger(__name__)

_TICK = timedelta(seconds=0.5)
_LONGEST_GOODBYE = 6.0  # seconds for messages under way, of the 10 that a stop may take
_READ_TIMEOUT = 25.0  # seconds; most "unknown outcomes" are answers that came late
_LONGEST_ONCE = timedelta(minutes=1)  # that one pass waits for the pace of a chat or for Telegram
_NIGHT = 3  # o'clock, UTC
_MUCH_LOG = 64 * 10**6  # bytes; more means that somebody reads for hours, or that checkpoints fail

T = TypeVar("T")


@dataclass(slots=True)
class Notices:
    """What the newsroom tells whoever started it."""

    unpaired: Callable[[str], None]  # the bot's username: nobody owns it yet
    trouble: Callable[[str], None]


class Newsroom:
    """The three stages, the store between them and the chat beside them."""

    def __init__(
        self,
        configuration: Configuration,
        telegram: Telegram | None,
        store: Store,
        clock: Clock,
        terminal: Channel,
        notices: Notices,
        *,
        tick: timedelta = _TICK,
        systemd: Systemd | None = None,
    ) -> None:
        """Join the parts; nothing runs yet."""
        self._configuration = configuration
        self._in_force = configuration  # with what was added in chats
        self._store = store
        self._clock = clock
        self._notices = notices
        self._tick = tick
        self._bot: Bot | None = None
        self._request: _Noting | None = None
        if telegram is not None:
            self._bot, self._request = _bot(telegram, clock)
        self._metrics = Metrics()
        self._systemd = systemd or Systemd({})
        self._watchdog = Watchdog(configuration.settings.health, self._look, self._systemd, clock.monotonic)
        self._line = CircuitBreaker(self._is_answered, spawn=self._spawn, on_up=lambda: self._deliver_loop.wake())
        self._is_connected = False
        self._channels = Channels(
            Outside(
                terminal=terminal,
                bot=self._bot,
                is_up=lambda: self._is_connected and self._line.is_up,
                note=self._line.note,
            )
        )
        self._group: asyncio.TaskGroup | None = None
        self._looks: set[asyncio.Task[None]] = set()
        settings = configuration.settings
        self._upkeep = Upkeep(
            store,
            clock,
            settings.store,
            settle_in=lambda: self.fetch_stage.settle_in(),
            complain=notices.trouble,
            alarm=lambda text: self._spawn(self._alarm(text)),
            wake=lambda: self._deliver_loop.wake(),
        )
        self._fetcher = HttpFetcher(Guard(settings.network.allow), settings.poll)
        self._parser = ParseWorkers(settings.poll.workers, settings.poll.parse_timeout)
        self.fetch_stage = FetchStage(
            store.fetch,
            CountedFetcher(self._fetcher, self._metrics),
            TimedParser(self._parser, self._metrics, clock.monotonic),
            clock,
            settings.poll,
            spawn=self._spawn,
            wake_decide=lambda: self._decide_loop.wake(),
        )
        self.decide_stage = DecideStage(
            store.decide,
            configuration.watchlist(),
            settings.story.window,
            Limits(settings.alerts.per_hour),
            store.regroup,
        )
        self.deliver_stage = DeliverStage(
            store.deliver,
            self._channels.route,
            clock,
            settings.delivery,
            spawn=self._spawn,
            wake=lambda: self._deliver_loop.wake(),
            is_on_trial=lambda: self._line.is_on_trial,
            on_outcome=lambda outcome: self._metrics.note_outcome(outcome, clock.now()),
        )
        self._deliver_loop = StageLoop(self._tell)
        self._decide_loop = StageLoop(self.decide_stage.run_once, wake_next=self._deliver_loop.wake)
        self._fetch_loop = StageLoop(self._poll)

    @property
    def watches(self) -> Sequence[WatchSpec]:
        """Return the watches in force."""
        return self._in_force.watches

    async def run(self, stop: asyncio.Event, path: Path) -> None:
        """Run until `stop` is set. A bug in any part stops all parts and is raised."""
        async with AsyncExitStack() as closing:
            closing.push_async_callback(self.close)
            await self.prepare()
            await self.fetch_stage.settle_in()
            rhythm = Scheduler(on_bug=self._fail)
            closing.callback(rhythm.stop)
            await self._open_to_watchers(closing)
            async with asyncio.TaskGroup() as group:
                self._group = group
                self._upkeep.begin(rhythm.realign)
                watching = group.create_task(self._watchdog.run())
                loops = [group.create_task(loop.run()) for loop in self._loops()]
                for loop in self._loops():
                    rhythm.every(self._tick, loop.wake)
                rhythm.nightly(_NIGHT, self._upkeep.work_at_night)
                rhythm.start()
                listening = self._listen(group, path)
                if listening is None:
                    self._watchdog.ready()
                await self._upkeep.back_up_if_late()
                await stop.wait()
                log.info("stopping")
                self._systemd.stopping()
                rhythm.stop()
                await self._stop(loops)
                watching.cancel()
                if listening is not None:
                    listening.cancel()

    async def once(self) -> bool:
        """Make one pass of all stages; return False, having said why, when alerts are left for the next pass."""
        async with AsyncExitStack() as closing:
            closing.push_async_callback(self.close)
            await self.prepare()
            async with asyncio.TaskGroup() as group:
                self._group = group
                await self.fetch_stage.run_once()
                await self.decide_stage.run_once()
                connected = self._bot is None or await self._connect_once(self._bot)
                limit = _LONGEST_ONCE if connected else timedelta(0)
                waiting = await self.deliver_stage.run_until_told(limit, asyncio.sleep)
                self._line.close()
        if waiting and connected:
            names = ", ".join(f"“{chat}”" for chat in waiting)
            self._notices.trouble(
                f"messages still wait for {names}; they are kept, and told by: tipoff once, tipoff run"
            )
        return not waiting and connected

    async def prepare(self) -> None:
        """Put the configuration into the store, and own up to what a crash left."""
        await self._store.chats.set_chats(with_own_chats(self._configuration.chats))
        await self._put_in_force()
        await self._store.fetch.reclaim()
        await self._upkeep.clamp()
        await self.deliver_stage.recover()

    async def reload(self, configuration: Configuration) -> None:
        """Take over feeds, watches and chats of a new configuration between two batches."""
        if configuration.settings != self._configuration.settings:
            log.warning("settings_changed (they take effect at the next start; feeds, watches and chats do now)")
        self._configuration = configuration
        await self._store.chats.set_chats(with_own_chats(configuration.chats))
        await self._take_over()

    async def _take_over(self) -> None:
        """Put the feeds and watches in force that are configured, and those that were added in chats."""
        await self._put_in_force()
        await self.fetch_stage.settle_in()
        self._fetch_loop.wake()

    async def _put_in_force(self) -> None:
        chats = await self._store.chats.chat_names()
        watches = [(chat, watch) for chat, watch in await self._store.chats.watches() if chat in chats]
        self._in_force, refused = with_chats(self._configuration, watches, await self._store.chats.feeds())
        for name, reason in refused:
            log.error("watch_refused name=%s reason=%s", name, reason)
            await self._store.deliver.notify(f"The watch “{name}” does not work any more: {reason}", self._clock.now())
        await self._store.fetch.set_feeds(self._in_force.feeds, self._clock.now())
        self.decide_stage.watchlist = self._in_force.watchlist()

    def _loops(self) -> tuple[StageLoop, ...]:
        return self._fetch_loop, self._decide_loop, self._deliver_loop

    async def _poll(self) -> int:
        await self._upkeep.mind_the_clock()
        return len(await self.fetch_stage.start_due())

    async def _alarm(self, text: str) -> None:
        """Say something to the owner outside the outbox, which cannot be written now."""
        owner = next((id_ for id_, member in (await self._store.chats.members()).items() if member.is_owner), None)
        if self._bot is not None and owner is not None:
            await TelegramChannel(self._bot).alarm(owner, text)

    async def _look(self) -> HealthSnapshot:
        """Look at the newsroom, for those who watch it."""
        log_size = self._store.log_size()
        if log_size > _MUCH_LOG:
            log.warning("write_ahead_log bytes=%d (somebody reads the database for a long time)", log_size)
        time, now = asyncio.get_running_loop().time(), self._clock.now()
        names = zip(("fetch", "decide", "deliver"), self._loops(), strict=True)
        seen = None if self._request is None else self._request.seen
        is_up = self._bot is None or (self._is_connected and self._line.is_up)
        return HealthSnapshot(
            now=now,
            status=await self._store.status(now),
            lag=self._watchdog.lag,
            busy={name: time - loop.busy_since for name, loop in names if loop.busy_since is not None},
            database=self._store.trouble,
            telegram="none" if self._bot is None else "up" if is_up else "down",
            updates=None if seen is None else self._clock.monotonic() - seen,
            log_size=log_size,
        )

    async def _open_to_watchers(self, closing: AsyncExitStack) -> None:
        port = self._configuration.settings.health.port
        if port:
            server = HealthServer(port, self._look, self._metrics)
            closing.push_async_callback(server.stop)
            await server.start()

    async def _tell(self) -> int:
        return len(await self.deliver_stage.start_due())

    def _spawn(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        assert self._group is not None
        return self._group.create_task(work)

    def _spawn_look(self, work: Coroutine[Any, Any, None]) -> None:
        """Start what a person waits for and a stop need not."""
        task = self._spawn(work)
        self._looks.add(task)
        task.add_done_callback(self._looks.discard)

    def _fail(self, bug: BaseException) -> None:
        """Raise a bug of a scheduled job where it ends the newsroom."""

        async def fail() -> int:
            raise bug

        self._spawn(fail())

    async def _is_answered(self) -> bool:
        assert self._bot is not None, "without a token no line is ever down"
        return await TelegramChannel(self._bot).answers()

    def listener(self, path: Path) -> Listener:
        """Return who deals with what people write and press; the pairing code lies beside the database at `path`."""
        room = NewsroomServices(
            path,
            self._store,
            self._clock,
            self._fetcher,
            self._parser,
            lambda: self._in_force.watches,
            lambda: (self._in_force.people, self._in_force.organisations),
            self._configuration.settings.story.window,
            self._take_over,
        )
        spawn = None if self._group is None else self._spawn_look
        return Listener(self._store.chats, PairingCode(path), room, self._clock.now, self._deliver_loop.wake, spawn)

    def _listen(self, group: asyncio.TaskGroup, path: Path) -> "asyncio.Task[None] | None":
        if self._bot is None:
            return None
        return group.create_task(listen(self._bot, self.listener(path), self._on_connected, self._notices.trouble))

    async def _on_connected(self, username: str) -> None:
        self._is_connected = True
        self._deliver_loop.wake()
        self._watchdog.ready()
        log.info("telegram connected=@%s", username)
        if not any(member.is_owner for member in (await self._store.chats.members()).values()):
            self._notices.unpaired(username)

    async def _connect_once(self, bot: Bot) -> bool:
        trouble = await try_to_connect(bot)
        if trouble is not None:
            self._notices.trouble(trouble)
        self._is_connected = trouble is None
        return self._is_connected

    async def _stop(self, loops: Sequence["asyncio.Task[None]"]) -> None:
        """Take no new feeds, drop polls under way, and let messages under way arrive."""
        self.deliver_stage.stop()
        self._line.close()
        for look in self._looks:
            look.cancel()
        for loop in self._loops():
            loop.stop()
        await self.fetch_stage.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST_GOODBYE):
                await asyncio.wait(loops)
                await self.deliver_stage.finish()
        for task in loops:
            task.cancel()
        self.deliver_stage.drop()

    async def close(self) -> None:
        """Let go of connections and processes."""
        await self._fetcher.close()
        await self._parser.close()
        if self._bot is not None:
            await self._bot.shutdown()


class _Noting(HTTPXRequest):
    """A request that remembers when it was last answered."""

    def __init__(self, clock: Clock, **options: Any) -> None:
        super().__init__(**options)
        self._now = clock.monotonic
        self.seen: float | None = None

    async def do_request(self, *args: Any, **details: Any) -> tuple[int, bytes]:
        """Make a request."""
        answer = await super().do_request(*args, **details)
        if answer[0] == HTTPStatus.OK:
            self.seen = self._now()
        return answer


def _bot(telegram: Telegram, clock: Clock) -> tuple[Bot, _Noting]:
    request = HTTPXRequest(connection_pool_size=16, read_timeout=_READ_TIMEOUT, connect_timeout=10.0, pool_timeout=5.0)
    updates = _Noting(clock, connection_pool_size=1, read_timeout=_READ_TIMEOUT)
    bot = Bot(
        telegram.token,
        base_url=f"{telegram.api}/bot",
        base_file_url=f"{telegram.api}/file/bot",
        request=request,
        get_updates_request=updates,
    )
    return bot, updates
