"""The loop that tells: every chat by itself, one message at a time."""

import asyncio
from datetime import timedelta

import pytest

from bot.core.model import (
    Address,
    Alert,
    ChatSpec,
    DeliveryResult,
    DigestLine,
    Outcome,
    Priority,
    Quiet,
)
from bot.core.model.message import Message
from bot.core.model.outbox import order_line
from bot.delivery.stage import DeliverStage
from bot.store.chat_hours import set_pause
from bot.store.engine.transaction import Transaction
from bot.store.outbox.digests import save_line
from bot.store.store import Store
from tests.delivery.builders import FakeChannel
from tests.fakes import FixedClock
from tests.store.builders import LATER, leased, poll, told, with_store


class FakeMessenger(FakeChannel):
    """Tells at once, but in the chats that hang: there when it is let go."""

    def __init__(self, *hanging: str) -> None:
        self.hanging = hanging
        self.let_go = asyncio.Event()
        self.told: list[str] = []

    async def deliver(self, alert: Alert, message: Message) -> Outcome:
        if alert.address.chat in self.hanging:
            await self.let_go.wait()
        self.told.append(f"{alert.address.chat} {message.plain().splitlines()[0]}")
        return Outcome(alert, DeliveryResult.DONE, message_id=len(self.told), text_hash=self.hash(message))

    def route(self, address: Address) -> "FakeMessenger":
        return self


async def store_with(store: Store, *orders: str) -> None:
    """Put alerts into the outbox: "chat headline" each."""
    await store.chats.set_chats([ChatSpec(chat, number) for number, chat in enumerate("abcdefghijkl", 1)])
    lease, feed = await leased(store)
    await store.fetch.commit_poll(lease, poll(feed, *(order.partition(" ")[2] for order in orders)), LATER)
    for number, (item, order) in enumerate(zip(await store.decide.take_items(99), orders, strict=True), 1):
        await store.decide.commit_batch(told(item, number, order.partition(" ")[0]))


def test_a_request_that_hangs_holds_up_its_own_chat_only() -> None:
    """The other chat is told all of its messages meanwhile, and a chat has one message under way at most."""

    async def work(store: Store) -> None:
        await store_with(store, "a one", "b two", "a three", "b four", "c five")
        messenger = FakeMessenger("a")
        clock = FixedClock()
        telling = DeliverStage(store.deliver, messenger.route, clock)
        hanging, *tasks = await telling.start_due()
        for _ in range(5):
            await asyncio.gather(*tasks)
            clock.move(seconds=1)
            tasks = await telling.start_due()
        assert not hanging.done()
        assert messenger.told == ["b two", "c five", "b four"]

        messenger.let_go.set()
        await telling.finish()
        clock.move(seconds=1)
        await telling.run_once()
        assert messenger.told[3:] == ["a one", "a three"]

    with_store(None, work)


def test_eight_chats_are_sent_to_at_once_and_the_next_when_one_is_free() -> None:
    """More in flight would be slower; each end wakes the loop."""

    async def work(store: Store) -> None:
        chats = "abcdefghij"
        await store_with(store, *(f"{chat} news-{chat}" for chat in chats))
        messenger, clock, wakes = FakeMessenger(*chats), FixedClock(), []
        telling = DeliverStage(store.deliver, messenger.route, clock, wake=lambda: wakes.append(1))
        started = 0
        for _ in range(20):  # two at once over all chats, then 25 a second
            started += len(await telling.start_due())
            clock.move(seconds=1)
        assert started == 8

        messenger.let_go.set()
        await telling.finish()
        assert len(messenger.told) == 8
        assert len(wakes) >= 8, "the pace may wake it, too"
        assert await telling.run_once() == 2

    with_store(None, work)


def test_what_is_under_way_ends_and_nothing_new_begins_when_it_stops() -> None:
    """What does not end in time is dropped, and is uncertain at the next start."""

    async def work(store: Store) -> None:
        await store_with(store, "a one", "b two", "b three")
        messenger = FakeMessenger("a")
        telling = DeliverStage(store.deliver, messenger.route, FixedClock())
        hanging, quick = await telling.start_due()
        telling.stop()
        await quick
        assert await telling.start_due() == []

        telling.drop()
        await telling.finish()
        assert hanging.cancelled()
        assert await telling.recover() == 1
        assert messenger.told == ["b two"]

    with_store(None, work)


class Patience:
    """A clock that moves while somebody sleeps."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.slept = 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.clock.move(seconds=seconds)


def test_one_pass_waits_for_the_pace_of_a_chat() -> None:
    """Two at once in a private chat, then one a second: nothing is left behind."""

    async def work(store: Store) -> None:
        await store_with(store, *(f"a news-{number}" for number in range(7)))
        messenger, patience = FakeMessenger(), Patience()
        telling = DeliverStage(store.deliver, messenger.route, patience.clock)

        assert await telling.run_until_sent(timedelta(minutes=1), patience.sleep) == []
        assert len(messenger.told) == 7
        assert patience.slept == pytest.approx(5, abs=0.6)

    with_store(None, work)


class Limited(FakeMessenger):
    """Is told to wait, for five seconds first and then for an hour."""

    async def deliver(self, alert: Alert, message: Message) -> Outcome:
        if alert.attempt > 2:
            return await super().deliver(alert, message)
        return Outcome(alert, DeliveryResult.LATER, wait=timedelta(seconds=5 if alert.attempt == 1 else 3600))


def test_one_pass_names_the_chats_that_still_wait() -> None:
    """What comes within the limit is waited for; for an hour it is not, and the chat is named, but not one in quiet."""

    async def work(store: Store) -> None:
        await store_with(store, "a one", "b two")
        await store.chats.set_chats([ChatSpec("a", 1), ChatSpec("b", 2, quiet=Quiet.parse("00:00-23:59"))])
        patience = Patience()
        telling = DeliverStage(store.deliver, Limited().route, patience.clock)

        assert await telling.run_until_sent(timedelta(minutes=1), patience.sleep) == ["a"]
        assert patience.slept == pytest.approx(5, abs=0.6)

    with_store(None, work)


def test_one_pass_does_not_wait_for_the_hour_of_a_digest() -> None:
    """Nor for the end of a pause; but a digest that is due and cannot be told is named."""

    async def work(store: Store) -> None:
        await store_with(store, "c one")
        now = FixedClock().now()

        def fill(db: Transaction) -> None:
            set_pause(db, "c", now + timedelta(days=1))
            for chat, due in (("a", timedelta(hours=9)), ("b", timedelta(0))):
                order = order_line(chat, 1, DigestLine("x", "A"), now + due, Priority.LOW)
                save_line(db, order, 0)

        await store._connection.write(fill)
        patience = Patience()
        telling = DeliverStage(store.deliver, lambda address: None, patience.clock)
        assert await telling.run_until_sent(timedelta(0), patience.sleep) == ["b"]
        telling = DeliverStage(store.deliver, FakeMessenger().route, patience.clock)
        assert await telling.run_until_sent(timedelta(minutes=1), patience.sleep) == []

    with_store(None, work)
