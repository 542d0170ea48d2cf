"""Clocks that are set, nights, and troubles with the database: what follows, and who is sent a message."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.core.model import DeliveryResult, MessageKind
from bot.core.model.outbox import NoticePayload
from bot.core.settings import StoreSettings
from bot.ops.upkeep import ClockMonitor, Upkeep
from bot.store.engine.backup import backups
from bot.store.outbox.deliver import DeliverTables
from bot.store.store import Store
from tests.fakes import SettableClock
from tests.store.builders import NOW, with_store
from tests.store.outbox.test_deliver import settle, store_with, take


class Keeper:
    """An upkeep, and what it says."""

    def __init__(self, store: Store) -> None:
        self.clock = SettableClock(NOW)
        self.reports: list[str] = []
        self.alarms: list[str] = []
        self.realigned = 0
        self.settled = 0
        self.upkeep = Upkeep(
            store,
            self.clock,
            StoreSettings(),
            realign_feeds=self.realign_feeds,
            realign=self.realign,
            report=self.reports.append,
            alarm=self.alarms.append,
            wake_deliver=self.wake_nobody,
        )
        self.upkeep.begin()

    def realign(self) -> None:
        self.realigned += 1

    def wake_nobody(self) -> None:
        """Nothing runs."""

    async def realign_feeds(self) -> None:
        self.settled += 1


def with_keeper(work: Callable[[Store, Keeper], Awaitable[None]], path: Path | None = None) -> None:
    async def run(store: Store) -> None:
        await work(store, Keeper(store))

    with_store(path, run)


def test_a_jump_is_known_from_time_that_passed() -> None:
    """Forward, back, and standing still."""
    clock = SettableClock(NOW)
    monitor = ClockMonitor(clock)
    for passed, jump in ((1, 0), (0.5, 3600), (0.5, -3600), (600, 0), (1, 10 * 365 * 86400)):
        clock.run(passed)
        clock.move(seconds=jump)
        assert monitor.check() == (timedelta(seconds=jump), timedelta(seconds=passed))


def is_tried_after(back: timedelta) -> bool:
    """Say whether a message that was to be tried in half a minute is within an hour, when the clock is set back."""
    tried = []

    async def work(store: Store, keeper: Keeper) -> None:
        await store_with(store, "one")
        await settle(store, await take(store), DeliveryResult.LATER, wait=timedelta(seconds=30))
        keeper.clock.move(seconds=-back.total_seconds())
        await keeper.upkeep.check_clock()

        tried.append(await store.deliver.chats_waiting(keeper.clock.now() + timedelta(hours=1)) != [])
        assert (keeper.realigned, keeper.settled) == (1, 1)

    with_keeper(work)
    return tried[0]


@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(days=3650)])
def test_a_clock_that_was_set_back_lets_no_message_wait(back: timedelta) -> None:
    """And feeds and nights are set right."""
    assert is_tried_after(back)


def test_messages_that_are_left_waiting_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The null control: they wait for a time that the clock will not show for long."""

    async def leave(self: DeliverTables, now: datetime) -> None:
        """Change nothing."""

    monkeypatch.setattr(DeliverTables, "clamp", leave)

    assert not is_tried_after(timedelta(hours=2))


def set_right(passed: int, jump: int) -> tuple[int, int]:
    """Return how often nights and due times were reckoned anew after a while in which the clock was set."""
    counts = []

    async def work(_: Store, keeper: Keeper) -> None:
        await keeper.upkeep.check_clock()
        keeper.clock.run(passed)
        keeper.clock.move(seconds=jump)
        await keeper.upkeep.check_clock()
        await keeper.upkeep.check_clock()
        counts.append((keeper.realigned, keeper.settled))

    with_keeper(work)
    return counts[0]


@pytest.mark.parametrize(("passed", "jump"), [(1, 3600), (1, 10 * 365 * 86400), (1, -3600), (600, 0), (61, 0)])
def test_due_times_are_set_right_before_anything_is_polled(passed: int, jump: int) -> None:
    """After a jump either way, a sleep, and after the process was stopped for a while; once."""
    assert set_right(passed, jump) == (1, 1)


@pytest.mark.parametrize(("missing", "passed", "jump"), [("_JUMP", 1, -3600), ("_SLEEP", 600, 0)])
def test_an_upkeep_without_one_of_its_eyes_would_be_seen(
    missing: str, passed: int, jump: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The null controls: one that sees no jump, and one that sees no standing still."""
    monkeypatch.setattr(f"bot.ops.upkeep.{missing}", timedelta.max)

    assert set_right(passed, jump) == (0, 0)


def test_a_clock_that_is_corrected_a_little_changes_nothing() -> None:
    """Nor does a loop that was busy for some seconds."""

    async def work(_: Store, keeper: Keeper) -> None:
        for seconds, jump in ((1, 3), (5, 0), (1, -3), (30, 0)):
            keeper.clock.run(seconds)
            keeper.clock.move(seconds=jump)
            await keeper.upkeep.check_clock()
        assert (keeper.realigned, keeper.settled) == (0, 0)

    with_keeper(work)


def test_a_night_makes_a_backup_and_a_late_start_makes_up_for_it(tmp_path: Path) -> None:
    """One at the first start, none at the next, one each night."""

    async def work(store: Store, keeper: Keeper) -> None:
        await keeper.upkeep.back_up_if_late()
        assert len(backups(tmp_path / "x.db")) == 1
        keeper.clock.move(seconds=(datetime.now(NOW.tzinfo) - NOW).total_seconds())
        await keeper.upkeep.back_up_if_late()
        assert len(backups(tmp_path / "x.db")) == 1
        await keeper.upkeep.work_at_night()
        assert len(backups(tmp_path / "x.db")) == 2

    with_keeper(work, tmp_path / "x.db")


def test_a_backup_that_fails_is_told_to_the_owner_and_ends_nothing(tmp_path: Path) -> None:
    """Once a day, in words."""

    async def work(store: Store, keeper: Keeper) -> None:
        await store_with(store, "one")
        await store.chats.pair(42, 1, "hello", NOW)
        await settle(store, await take(store, "me"), DeliveryResult.DONE, message_id=1)
        (tmp_path / "x.db.backups").write_text("in the way", "utf-8")
        for _ in range(2):
            await keeper.upkeep.back_up()
        notice = await take(store, "me")
        assert notice.kind is MessageKind.NOTICE
        assert isinstance(notice.payload, NoticePayload)
        assert "the backup cannot be written" in notice.payload.text
        await settle(store, notice, DeliveryResult.DONE, message_id=2)
        assert all(one.kind is not MessageKind.NOTICE for one in await store.deliver.chats_waiting(NOW))

    with_keeper(work, tmp_path / "x.db")


def test_a_database_that_stands_still_is_told_past_the_outbox() -> None:
    """Directly, for nothing can be written; and its end, too."""

    async def work(store: Store, keeper: Keeper) -> None:
        store._connection._note("the disk is full")
        store._connection._note("the disk is full")
        assert store.trouble == "the disk is full"
        store._connection._note(None)
        assert [alarm.split(":")[0] for alarm in keeper.alarms] == [
            "Tipoff stands still",
            "The database can be written again",
        ]
        assert len(keeper.reports) == 1

    with_keeper(work)
