"""The gate before one host: two requests never begin within the gap, however late the event loop is."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import FeedFailure
from bot.feeds.due_times import UNAVAILABLE
from bot.feeds.rate_gate import RateGate


class LateLoop:
    """A clock that a sleep moves on by what was asked and by how late the loop is then."""

    def __init__(self, lateness: list[float]) -> None:
        self.now = 100.0
        self._lateness = iter(lateness)

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        due = self.now + seconds
        await asyncio.sleep(0)
        self.now = max(self.now, due + next(self._lateness, 0.0))


class PlannedGate(RateGate):
    """The null control: it hands out plans ahead, as if the loop were never late."""

    async def take(self) -> bool:
        turn = max(self._time(), self._free_at)
        self._free_at = turn + self._gap
        if turn > self._time():
            await self._sleep(turn - self._time())
        return True


def begun(gate_class: type[RateGate], lateness: list[float], count: int = 6) -> list[float]:
    async def work() -> list[float]:
        loop = LateLoop(lateness)
        gate = gate_class(count, 0.2, time=loop.time, sleep=loop.sleep)
        times: list[float] = []

        async def ask() -> None:
            if await gate.take():
                times.append(loop.now)

        await asyncio.gather(*(ask() for _ in range(count)))
        return times

    return asyncio.run(work())


@given(st.lists(st.floats(-0.1, 5.0), max_size=12))
def test_two_requests_never_begin_within_the_gap(lateness: list[float]) -> None:
    """Whether the loop wakes late, a little early or in time."""
    times = begun(RateGate, lateness)

    assert len(times) == 6
    assert all(later - before >= 0.2 - 1e-9 for before, later in pairwise(times))


def test_plans_made_ahead_would_go_out_together() -> None:
    """The check can fail: a gate that plans sends two requests at one moment after a second of lag."""
    times = begun(PlannedGate, [1.0])

    assert min(later - before for before, later in pairwise(times)) < 0.2


@pytest.mark.parametrize("pauses", [True, False])
def test_a_host_that_wants_to_rest_is_asked_no_more(pauses: bool) -> None:
    """Those who wait already are turned away too."""

    async def work() -> list[bool]:
        gate = RateGate(2, 0.0)
        first = await gate.take()
        gate.note(FeedFailure(UNAVAILABLE, ""), pauses=pauses)
        assert gate.unavailable == 1
        return [first, await gate.take()]

    assert asyncio.run(work()) == [True, not pauses]
