"""A newsroom's dispatch in simulated time: the real store, stage, line and library against the fake Bot API.

Only the clock is not real: it moves when the test says so, for all of them. A request takes none of it.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import httpx
from telegram import Bot
from telegram.error import NetworkError
from telegram.request import HTTPXRequest

from bot.core.model import Address, Batch, ChatSpec, Item, Outcome, Priority, Source, Story
from bot.core.model.outbox import order_alert
from bot.core.settings import DeliverySettings
from bot.delivery.channels.telegram import TelegramChannel
from bot.delivery.circuit_breaker import CircuitBreaker
from bot.delivery.stage import DeliverStage
from bot.store.store import Store
from tests.fakes import FixedClock
from tests.servers.bot_api import FakeBotApi
from tests.store.builders import LATER, leased, poll


class SimulatedClock(FixedClock):
    """Moves in steps; whoever sleeps is woken when it gets there."""

    def __init__(self) -> None:
        super().__init__()
        self._sleepers: list[tuple[float, asyncio.Event]] = []

    async def sleep(self, seconds: float) -> None:
        event = asyncio.Event()
        self._sleepers.append((self.monotonic() + seconds, event))
        await event.wait()

    async def step(self, seconds: float) -> None:
        """Let time pass, and those act who wake."""
        self.move(seconds=seconds)
        awake = [event for at, event in self._sleepers if at <= self.monotonic()]
        self._sleepers = [(at, event) for at, event in self._sleepers if at > self.monotonic()]
        for event in awake:
            event.set()
        for _ in range(3):
            await asyncio.sleep(0)


class Refusing(HTTPXRequest):
    """Connections of which some are refused before anything is sent."""

    def __init__(self, refuses: Callable[[], bool]) -> None:
        super().__init__(connection_pool_size=16)
        self._refuses = refuses

    async def do_request(self, *args: Any, **details: Any) -> tuple[int, bytes]:
        if self._refuses():
            raise NetworkError("connection refused") from httpx.ConnectError("refused")
        return await super().do_request(*args, **details)


class Simulation:
    """Chats, what is ordered for them, and the dispatch that tells it."""

    def __init__(
        self, store: Store, api: FakeBotApi, clock: SimulatedClock, refuses: Callable[[], bool] = lambda: False
    ) -> None:
        self.store = store
        self.api = api
        self.clock = clock
        self.request = Refusing(refuses)
        bot = Bot(api.token, base_url=f"{api.url}/bot", request=self.request)
        self.line = CircuitBreaker(TelegramChannel(bot).answers, sleep=clock.sleep)
        self._messenger = TelegramChannel(bot, self.line.note)
        self.restart()
        self.ordered: dict[int, float] = {}  # story → when
        self._items: list[Item] = []

    def restart(self) -> None:
        """Begin as a new process does, which remembers nothing."""
        settings = DeliverySettings(edit_every=timedelta(0))
        self.telling = DeliverStage(
            self.store.deliver, self._route, self.clock, settings, is_on_trial=lambda: self.line.is_on_trial
        )

    def _route(self, address: Address) -> TelegramChannel | None:
        return self._messenger if self.line.is_up and address.id is not None else None

    async def prepare(self, chats: Sequence[int], count: int) -> None:
        """Make the chats, and news for so many alerts."""
        for chat in chats:
            self.api.add_chat(chat, "private" if chat > 0 else "supergroup")
        await self.store.chats.set_chats([ChatSpec(str(chat), chat) for chat in chats])
        lease, feed = await leased(self.store)
        await self.store.fetch.commit_poll(lease, poll(feed, *(f"news {n}" for n in range(1, count + 1))), LATER)
        self._items = list(await self.store.decide.take_items(count))

    async def order(self, orders: Sequence[tuple[int, int]]) -> None:
        """Order alerts in one transaction: (story, chat) each."""
        items = [self._items[story - 1] for story, _ in orders]
        stories = [
            Story(story, (), (Source(item.id, item.outlet, None, item.title, None, item.seen),))
            for item, (story, _) in zip(items, orders, strict=True)
        ]
        given = [order_alert(str(chat), story, Priority.NORMAL) for story, chat in orders]
        await self.store.decide.commit_batch(Batch(tuple(items), (), tuple(stories), (), tuple(given)))
        self.ordered |= {story: self.clock.monotonic() for story, _ in orders}

    async def tell(self) -> list[Outcome]:
        """Tell what may be told at this moment."""
        outcomes: list[Outcome] = []
        while tasks := await self.telling.start_due():
            outcomes += await asyncio.gather(*tasks)
        return outcomes

    async def run(self, seconds: float, step: float = 0.05) -> None:
        """Let time pass and tell."""
        ends = self.clock.monotonic() + seconds
        while self.clock.monotonic() < ends:
            await self.tell()
            await self.clock.step(step)

    async def probed(self) -> None:
        """Let a probe that is under way end, which takes real time."""
        for _ in range(200):
            if self.line.is_up:
                return
            await asyncio.sleep(0.005)

    def arrivals(self) -> dict[int, list[tuple[float, int]]]:
        """Return when each story arrived, and in which chat."""
        found: dict[int, list[tuple[float, int]]] = {}
        for call in self.api.calls_of("sendMessage"):
            if call.code in {200, 0}:
                story = int(str(call.params["text"]).split("news ")[1].split("<")[0])
                found.setdefault(story, []).append((call.at, int(call.params["chat_id"])))
        return found

    def refused(self) -> int:
        """Return how often Telegram said: too fast."""
        return sum(call.code == 429 for call in self.api.calls)
