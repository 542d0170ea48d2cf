"""Many alerts, limits, outages and lost answers, in simulated time against the fake Bot API with its limits on.

TIPOFF_LOAD is the share of the promised numbers (a twentieth in the ordinary suite, all in `make soak`).
"""

import asyncio
import os
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from itertools import pairwise
from statistics import quantiles

import pytest

from bot.core.model import DeliveryResult
from bot.delivery.pace import Budget, Budgets
from bot.store.outbox.deliver import _STATES
from bot.store.store import Store
from tests.delivery.simulated import SimulatedClock, Simulation
from tests.servers.bot_api import DEFAULT_LIMITS, FakeBotApi, Limits
from tests.store.builders import with_store

SHARE = float(os.environ.get("TIPOFF_LOAD", "0.05"))
CHATS = [*range(1, 33), *range(-1008, -1000)]  # 32 private ones and 8 groups
SECONDS = 600


def simulate(
    work: Callable[[Simulation], Awaitable[None]],
    refuses: Callable[[], bool] = lambda: False,
    limits: Limits | None = DEFAULT_LIMITS,
) -> None:
    clock = SimulatedClock()

    async def run(store: Store) -> None:
        simulation = Simulation(store, api, clock, refuses)
        async with simulation.request:
            await work(simulation)

    with FakeBotApi(contract=False, monotonic=clock.monotonic, limits=limits) as api:
        with_store(None, run)


def spread(count: int, chats: list[int], seconds: float) -> Iterator[tuple[float, int, int]]:
    """Yield when which story is ordered for which chat: at random moments, each chat as often as the others."""
    dice = random.Random(7)
    times = sorted(dice.uniform(0, seconds) for _ in range(count))
    for story, at in enumerate(times, 1):
        yield at, story, chats[story % len(chats)]


async def feed_in(simulation: Simulation, orders: list[tuple[float, int, int]], step: float = 0.05) -> None:
    """Order alerts when their time has come, and tell."""
    began, waiting = simulation.clock.monotonic(), list(orders)
    while waiting:
        now = simulation.clock.monotonic() - began
        due = [order for order in waiting if order[0] <= now]
        waiting = waiting[len(due) :]
        if due:
            await simulation.order([(story, chat) for _, story, chat in due])
        await simulation.tell()
        await simulation.clock.step(step)


def delays(simulation: Simulation, but: int | None = None) -> list[float]:
    """Return how long each alert took, without those of one chat."""
    arrived = simulation.arrivals()
    return [
        arrived[story][0][0] - at
        for story, at in simulation.ordered.items()
        if story in arrived and arrived[story][0][1] != but
    ]


def in_order(simulation: Simulation) -> bool:
    """Say whether each chat was told its stories in the order in which they were ordered."""
    told: dict[int, list[int]] = defaultdict(list)
    for story, places in sorted(simulation.arrivals().items(), key=lambda pair: pair[1][0]):
        told[places[0][1]].append(story)
    return all(stories == sorted(stories) for stories in told.values())


def copies(simulation: Simulation) -> Counter[str]:
    return Counter(message.text.splitlines()[0] for chat in CHATS for message in simulation.api.messages(chat))


def test_many_alerts_break_no_limit_and_wait_for_no_other_chat() -> None:
    """One chat is told to wait 30 s again and again: it gets nothing meanwhile, the others theirs in two seconds."""
    count = int(2000 * SHARE)
    limited = 1

    async def work(simulation: Simulation) -> None:
        await simulation.prepare(CHATS, count)
        simulation.api.fault(
            "sendMessage",
            chat_id=limited,
            code=429,
            description="Too Many Requests: retry after 30",
            params={"retry_after": 30},
            times=3,
        )
        await feed_in(simulation, list(spread(count, CHATS, SECONDS)))
        await simulation.run(240)

        ordered = simulation.refused()
        assert ordered == 3, "the three that were ordered, and not one more"
        assert copies(simulation) == Counter(f"news {story}" for story in range(1, count + 1))
        assert in_order(simulation)
        p95 = quantiles(delays(simulation, but=limited), n=20)[-1]
        print(f"alerts {count}, violations 0, p95 of the other chats {p95:.2f} s")
        assert p95 < 2
        held = [call.at for call in simulation.api.calls_of("sendMessage") if call.chat_id == limited]
        assert all(b - a >= 30 for a, b in pairwise(held[:4]))

    simulate(work)


def test_all_at_once_is_sent_within_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A burst breaks no limit either; with budgets that are too large it does, which is the null control."""
    refused = []

    async def work(simulation: Simulation) -> None:
        count = 10 * len(CHATS)
        await simulation.prepare(CHATS, count)
        await simulation.order([(story, CHATS[story % len(CHATS)]) for story in range(1, count + 1)])
        await simulation.run(60)
        assert len(simulation.arrivals()) == count
        assert in_order(simulation)
        refused.append(simulation.refused())

    simulate(work)
    large = Budget(100, 100)
    monkeypatch.setattr("bot.delivery.pace.Budgets", lambda: Budgets(large, large, large))
    simulate(work)

    assert refused[0] == 0
    assert refused[1] > 0


@pytest.mark.parametrize("recovers", [True, False])
def test_a_restart_does_not_forget_what_was_sent(recovers: bool) -> None:
    """A process that is started again and again keeps Telegram's limits; without looking back it breaks them."""

    async def work(simulation: Simulation) -> None:
        chats = [-1001, -1002, 1, 2]
        await simulation.prepare(chats, 160)
        await simulation.order([(story, chats[story % 4]) for story in range(1, 161)])
        for _ in range(30):
            simulation.restart()
            if recovers:
                await simulation.telling.recover()
            await simulation.run(4)
        assert (simulation.refused() == 0) is recovers

    simulate(work)


async def hours_away(simulation: Simulation, count: int, minutes: int = 360, longest: int = 3600) -> float:
    """Order so many alerts while Telegram is away, and let it come back; return how long they took then."""
    await simulation.prepare(CHATS, count)
    await asyncio.to_thread(simulation.api.down)
    for first in range(0, count, 250):
        stories = range(first + 1, min(first + 250, count) + 1)
        await simulation.order([(story, CHATS[story % len(CHATS)]) for story in stories])
        for _ in range(minutes // -(-count // 250) + 1):
            await simulation.tell()
            await simulation.clock.step(60)
            await asyncio.sleep(0.002)
    await asyncio.to_thread(simulation.api.up)
    for _ in range(20):
        await simulation.clock.step(10)
        await simulation.probed()
    began = simulation.clock.monotonic()
    while len(simulation.arrivals()) < count and simulation.clock.monotonic() < began + longest:
        await simulation.run(10)
    return simulation.clock.monotonic() - began


def test_after_hours_without_telegram_all_alerts_arrive() -> None:
    """In order, within the limits, none twice; while it is away hardly anything is tried."""
    count = int(5000 * SHARE)

    async def work(simulation: Simulation) -> None:
        took = await hours_away(simulation, count)
        assert copies(simulation) == Counter(f"news {story}" for story in range(1, count + 1))
        assert simulation.refused() == 0
        assert in_order(simulation)
        print(f"alerts {count} after 6 h: all there {took:.0f} s after it was back")

    simulate(work)


def test_a_bot_that_gives_up_in_an_outage_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The null control: what could not be sent is settled for good."""
    monkeypatch.setitem(_STATES, DeliveryResult.LATER, "dead")
    monkeypatch.setitem(_STATES, DeliveryResult.UNCERTAIN, "dead")

    async def work(simulation: Simulation) -> None:
        await hours_away(simulation, 20, minutes=20, longest=60)
        assert len(copies(simulation)) < 20

    simulate(work)


async def until_told(simulation: Simulation, count: int) -> None:
    """Order this many alerts, a few at a time, and go on until nothing waits any more."""
    await simulation.prepare(CHATS, count)
    await simulation.order([(story, CHATS[story % len(CHATS)]) for story in range(1, count + 1)])
    for _ in range(100 * count):
        await simulation.tell()
        await simulation.probed()
        await simulation.clock.step(0.2)
        if simulation.clock.monotonic() % 5 < 0.2 and (await simulation.store.status()).oldest_waiting is None:
            return
    raise AssertionError((await simulation.store.status()).outbox)


def test_a_tenth_of_the_answers_lost_costs_one_copy_each() -> None:
    """The message was stored and the connection cut: nothing is lost, and none is told more than twice."""
    count = int(1000 * SHARE)

    async def work(simulation: Simulation) -> None:
        simulation.api.fault("sendMessage", when="after", drop=True, share=0.1, times=None)
        await until_told(simulation, count)
        told = copies(simulation)
        cut = sum(call.outcome == "cut" for call in simulation.api.calls)
        assert cut > count / 20
        # whose answer was lost twice stands in a digest, too, as perhaps a repeat
        digests = {title: copies for title, copies in told.items() if title.startswith("Digest")}
        told = Counter({title: copies for title, copies in told.items() if title not in digests})
        print(f"alerts {count}, answers lost {cut}: lost {count - len(told)}, copies {sum(told.values()) - count}")
        assert len(told) == count
        assert sum(digests.values()) <= sum(copies == 2 for copies in told.values())
        assert max(told.values()) <= 2
        assert sum(told.values()) - count <= cut

    simulate(work)


def test_a_tenth_of_the_connections_refused_costs_no_copy() -> None:
    """What was surely not sent is sent again without a second one."""
    count = int(1000 * SHARE)
    dice, refused = random.Random(5), []

    def refuses() -> bool:
        refused.append(dice.random() < 0.1)
        return refused[-1]

    async def work(simulation: Simulation) -> None:
        await until_told(simulation, count)
        print(f"alerts {count}, connections refused {sum(refused)}: copies 0")
        assert sum(refused) > count / 20
        assert copies(simulation) == Counter(f"news {story}" for story in range(1, count + 1))

    simulate(work, refuses)
