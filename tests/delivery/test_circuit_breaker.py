"""After an outage nothing is sent until a probe was answered."""

import asyncio
from collections.abc import Iterable

from bot.core.model import Address, Alert, DeliveryResult, Outcome
from bot.core.model.message import Message
from bot.delivery.circuit_breaker import CircuitBreaker
from bot.delivery.stage import DeliverStage
from bot.store.store import Store
from tests.delivery.builders import FakeChannel, alert
from tests.delivery.test_stage import store_with
from tests.fakes import FixedClock
from tests.store.builders import with_store

OUTAGE = Outcome(alert(), DeliveryResult.UNCERTAIN, outage=True)


class Other:
    """The other side: answers as it is told, and notes how long it was left alone before each probe."""

    def __init__(self, answers: Iterable[bool]) -> None:
        self.answers = list(answers)
        self.asked: list[float] = []
        self.slept = 0.0
        self.awake = asyncio.Event()
        self.awake.set()
        self.line = CircuitBreaker(self.probe, sleep=self.sleep)

    async def probe(self) -> bool:
        self.asked.append(self.slept)
        self.slept = 0.0
        return self.answers.pop(0)

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds
        await self.awake.wait()

    async def until_up(self) -> None:
        if self.line._asking is not None:
            await self.line._asking


def test_the_line_asks_at_once_and_then_ever_more_seldom() -> None:
    """1, 2, 4 … 60 seconds; meanwhile it is down."""

    async def work() -> None:
        other = Other([False] * 8 + [True])
        other.line.note(OUTAGE)
        assert not other.line.is_up
        await other.until_up()

        assert other.asked == [0, 1, 2, 4, 8, 16, 32, 60, 60]

    asyncio.run(work())


def test_a_probe_that_is_answered_is_no_proof() -> None:
    """When messages still get lost the next probe waits, until a message has got through."""

    async def work() -> None:
        other = Other([True] * 9)
        for _ in range(3):
            other.line.note(OUTAGE)
            await other.until_up()
            assert other.line.is_on_trial
        assert other.asked == [0, 1, 2]

        other.line.note(Outcome(alert(), DeliveryResult.DONE))
        assert not other.line.is_on_trial
        other.line.note(OUTAGE)
        await other.until_up()
        assert other.asked[3:] == [0]

    asyncio.run(work())


class Lossy(FakeChannel):
    """A messenger whose first messages get lost, and who then notes what it is given."""

    def __init__(self, other: Other, losses: int) -> None:
        self.other = other
        self.losses = losses
        self.tried: list[str] = []

    async def deliver(self, alert: Alert, message: Message) -> Outcome:
        self.tried.append(message.plain().splitlines()[0])
        lost = len(self.tried) <= self.losses
        await asyncio.sleep(0)
        outcome = Outcome(
            alert,
            DeliveryResult.UNCERTAIN if lost else DeliveryResult.DONE,
            len(self.tried),
            self.hash(message),
            outage=lost,
        )
        self.other.line.note(outcome)
        return outcome

    def route(self, address: Address) -> "Lossy | None":
        return self if self.other.line.is_up else None


def test_an_outage_costs_one_message_a_second_copy_and_no_other_anything() -> None:
    """All others are tried once, afterwards, and all arrive."""

    async def work(store: Store) -> None:
        await store_with(store, "a one", "a two", "a three")
        other, clock = Other([False, False, True]), FixedClock()
        messenger = Lossy(other, losses=1)
        telling = DeliverStage(store.deliver, messenger.route, clock, is_on_trial=lambda: other.line.is_on_trial)
        other.awake.clear()
        for _ in range(3):
            await telling.run_once()
            clock.move(minutes=1)
        assert messenger.tried == ["one"], "nothing is sent while the line is down"
        other.awake.set()
        await other.until_up()
        for _ in range(9):
            clock.move(seconds=1)
            await telling.run_once()

        assert messenger.tried == ["one", "one", "two", "three"]
        assert dict((await store.status()).outbox) == {"sent": 3}

    with_store(None, work)


def test_after_an_outage_one_chat_tries_for_all() -> None:
    """Should the line not hold yet, one message more is in doubt and not one in every chat."""

    async def work(store: Store) -> None:
        await store_with(store, "a one", "b two", "c three")
        other, clock = Other([True] * 9), FixedClock()
        messenger = Lossy(other, losses=4)
        telling = DeliverStage(store.deliver, messenger.route, clock, is_on_trial=lambda: other.line.is_on_trial)
        for _ in range(9):
            await telling.run_once()
            await other.until_up()
            clock.move(seconds=1)

        assert messenger.tried[:3] == ["one", "two", "three"]
        assert len(messenger.tried) == 6
        assert dict((await store.status()).outbox) == {"sent": 2, "uncertain": 1, "pending": 1}

    with_store(None, work)
