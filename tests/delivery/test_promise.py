"""The promise, under every mixture of failures: nothing is lost, and no copy is made but where nobody could know.

The store is the real one. Telegram is a list, so that what arrived is known better than any bot can know it; a crash
is an exception that nobody catches, after which all but the database is gone.
"""

import asyncio
import os
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.core.model import Address, Alert, ChatSpec, DeliveryResult, Outcome
from bot.core.model.message import Message
from bot.core.settings import DeliverySettings
from bot.delivery.stage import DeliverStage
from bot.store.outbox.deliver import DeliverTables
from bot.store.store import Store
from tests.delivery.builders import FakeChannel
from tests.fakes import FixedClock
from tests.store.builders import LATER, leased, poll, told, with_store

CHATS = {"a": 1, "b": 2, "group": -3}
STORIES = 6  # two a chat
FATES = (
    "ok",
    "stored, no answer",
    "stored, then a crash",
    "no answer",
    "a crash before",
    "429",
    "403",
    "refused",
    "gone",
)


class Crash(BaseException):
    """The process is killed."""


class Telegram(FakeChannel):
    """Keeps what arrived, whatever the bot learns of it; fates are dealt to the messages one by one."""

    def __init__(self, fates: Sequence[str]) -> None:
        self.fates = list(fates)
        self.messages: list[tuple[str, int, list[int]]] = []  # chat, story, how many sources it showed each time
        self.dealt: dict[int, Counter[str]] = defaultdict(Counter)
        self.digests = 0

    async def deliver(self, alert: Alert, message: Message) -> Outcome:
        if alert.story is None:
            # a digest of what was in doubt twice: it is no copy, and says so
            assert alert.digest is not None
            assert {entry.line.remark for entry in alert.digest.entries} == {"may be a repeat"}
            self.digests += 1
            return Outcome(alert, DeliveryResult.DONE, 10**6 + self.digests, self.hash(message))
        fate = self.fates.pop(0) if self.fates else "ok"
        self.dealt[alert.story.id][fate] += 1
        await asyncio.sleep(0)
        match fate:
            case "a crash before":
                raise Crash
            case "no answer":
                return Outcome(alert, DeliveryResult.UNCERTAIN, wait=timedelta(seconds=1), outage=True)
            case "429":
                return Outcome(alert, DeliveryResult.LATER, wait=timedelta(seconds=3), limited=True)
            case "403":
                return Outcome(alert, DeliveryResult.PAUSED, reason="blocked")
            case "refused":
                return Outcome(alert, DeliveryResult.LATER, wait=timedelta(seconds=1), outage=True)
            case "gone" if alert.is_idempotent:
                return Outcome(alert, DeliveryResult.TARGET_GONE)
        shown = len(alert.story.sources)
        if alert.sent is not None and alert.sent.message_id is not None:
            number = alert.sent.message_id
            self.messages[number][2].append(shown)
        else:
            number = len(self.messages)
            self.messages.append((alert.address.chat, alert.story.id, [shown]))
        if fate == "stored, then a crash":
            raise Crash
        if fate == "stored, no answer":
            return Outcome(alert, DeliveryResult.UNCERTAIN, wait=timedelta(seconds=1), outage=True)
        return Outcome(alert, DeliveryResult.DONE, number, self.hash(message))

    def route(self, address: Address) -> "Telegram":
        return self


async def order(store: Store) -> Callable[[int], Awaitable[None]]:
    """Order an alert of each story; return what orders a change of one."""
    await store.chats.set_chats([ChatSpec(name, number) for name, number in CHATS.items()])
    lease, feed = await leased(store)
    await store.fetch.commit_poll(lease, poll(feed, *(f"news {n}" for n in range(STORIES * 5))), LATER)
    items = list(await store.decide.take_items(99))
    revisions: Counter[int] = Counter()

    async def tell(story: int) -> None:
        chat = list(CHATS)[story % len(CHATS)]
        await store.decide.commit_batch(told(items.pop(0), story + 1, chat, revisions[story]))
        revisions[story] += 1

    for story in range(STORIES):
        await tell(story)
    return tell


async def live(store: Store, telegram: Telegram, grows: Sequence[int], promise: str) -> None:
    """Run dispatch, killed as the fates have it, while stories grow, until there is nothing to tell any more."""
    tell, clock = await order(store), FixedClock()
    growing = list(grows)
    telling = None
    for _ in range(400):
        if telling is None:
            settings = DeliverySettings(promise=promise, edit_every=timedelta(seconds=5))
            telling = DeliverStage(store.deliver, telegram.route, clock, settings)
            await telling.recover()
        if growing:
            await tell(growing.pop(0))
        tasks = await telling.start_due()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        if any(isinstance(end, Crash) for end in ends):
            telling = None
        for chat in CHATS.values():
            await store.chats.resume(chat)  # somebody writes there
        # what is in doubt for the second time waits for the digest of the hour
        clock.move(seconds=1 if tasks else 3600)
        waiting = (await store.status()).oldest_waiting
        if not growing and waiting is None:
            return
    raise AssertionError(f"something still waits: {(await store.status()).outbox}")


def outcome(fates: Sequence[str], grows: Sequence[int], promise: str) -> tuple[Telegram, dict[str, int]]:
    async def work(store: Store) -> tuple[Telegram, dict[str, int]]:
        telegram = Telegram(fates)
        await live(store, telegram, grows, promise)
        return telegram, dict((await store.status()).outbox)

    return with_store(None, work)


def faults(telegram: Telegram, grows: Sequence[int]) -> list[str]:
    """Return every break of the promise to tell at least once."""
    broken = []
    for story in range(1, STORIES + 1):
        copies = [shown for _, number, shown in telegram.messages if number == story]
        dealt = telegram.dealt[story]
        unknown = min(dealt["stored, no answer"], 1 + 2 * grows.count(story - 1))
        doubtful = unknown + dealt["stored, then a crash"]
        if not copies and dealt["no answer"] + dealt["stored, no answer"] < 2:
            broken.append(f"story {story} is lost: {dealt}")
        if len(copies) - 1 > doubtful + dealt["gone"]:
            broken.append(f"story {story} was told {len(copies)} times: {dealt}")
        final = 1 + grows.count(story - 1)
        if copies and max(copies[-1]) != final and dealt["no answer"] + dealt["stored, no answer"] < 2:
            broken.append(f"story {story} shows {copies[-1]}, not {final} sources: {dealt}")
    for chat in CHATS:
        order = list(dict.fromkeys(number for name, number, _ in telegram.messages if name == chat))
        if order != sorted(order) and not any(dealt["no answer"] for dealt in telegram.dealt.values()):
            broken.append(f"{chat} was told out of order: {order}")
    return broken


DEALT = st.lists(st.sampled_from(FATES), max_size=30)
GROWS = st.lists(st.integers(0, STORIES - 1), max_size=12)
SLOW = settings(
    max_examples=int(os.environ.get("TIPOFF_FATES", "40")), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@SLOW
@given(DEALT, GROWS)
def test_nothing_is_lost_and_no_copy_is_made_without_need(fates: list[str], grows: list[int]) -> None:
    """Told at least once, and once more only for a crash or an answer that never came; the newest text is shown."""
    telegram, _ = outcome(fates, grows, "at-least-once")

    assert faults(telegram, grows) == []


@SLOW
@given(DEALT, GROWS)
@example(["ok"] * 6 + ["gone", "stored, then a crash"], [0, 0])
@example(["ok"] * 6 + ["gone", "stored, no answer"], [0, 0])
def test_at_most_once_makes_no_copy_at_all(fates: list[str], grows: list[int]) -> None:
    """But where a message is gone and told anew; what is in doubt stays in sight."""
    telegram, counts = outcome(fates, grows, "at-most-once")

    for story in range(1, STORIES + 1):
        copies = sum(number == story for _, number, _ in telegram.messages)
        dealt = telegram.dealt[story]
        assert copies <= 1 + dealt["gone"]
        assert copies or counts["uncertain"]


def sent_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mark messages as sent when they are taken."""
    take = DeliverTables.take_alerts

    async def take_and_mark(self: DeliverTables, chats: Iterable[str], now: datetime) -> Sequence[Alert]:
        alerts = await take(self, chats, now)
        for alert in alerts:
            await self.settle(Outcome(alert, DeliveryResult.DONE), now, now)
        return alerts

    monkeypatch.setattr(DeliverTables, "take_alerts", take_and_mark)


def never_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a timeout for a refusal."""
    settle = DeliverTables.settle

    async def settle_as_refused(
        self: DeliverTables, outcome: Outcome, now: datetime, retry: datetime, notice: str = ""
    ) -> None:
        sent = DeliveryResult.LATER if outcome.result is DeliveryResult.UNCERTAIN else outcome.result
        await settle(self, replace(outcome, result=sent), now, retry, notice)

    monkeypatch.setattr(DeliverTables, "settle", settle_as_refused)


def without_recovery(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take what a crash left as never tried."""

    async def forget(self: DeliverTables, now: datetime, *, again: bool) -> int:
        query = "update outbox set state = 'pending' where state = 'sending'"
        return await self._connection.write(lambda db: db.execute(query))

    monkeypatch.setattr(DeliverTables, "recover", forget)


@pytest.mark.parametrize(
    ("breaks", "fates", "promise"),
    [
        (sent_too_early, ["a crash before"], "at-least-once"),
        (never_in_doubt, ["stored, no answer"] * 20, "at-least-once"),
        (without_recovery, ["stored, then a crash"], "at-most-once"),
    ],
)
def test_a_break_of_the_promise_would_be_seen(
    breaks: Callable[[pytest.MonkeyPatch], None], fates: list[str], promise: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The null controls: what is marked too early is lost, what is never in doubt is told again and again."""
    breaks(monkeypatch)
    telegram, _ = outcome(fates, [], promise)

    copies = Counter(number for _, number, _ in telegram.messages)
    assert faults(telegram, []) or (promise == "at-most-once" and max(copies.values()) > 1)
