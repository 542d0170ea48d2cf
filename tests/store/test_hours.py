"""When a chat is told what: configured, set in the chat, paused, snoozed."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.core.model import ChatSpec, DigestLine, Hours, Mark, MessageKind, Preferences, Priority, Quiet
from bot.core.model.outbox import order_line
from bot.store.chat_hours import hours_of, set_hours, set_pause, snooze
from bot.store.engine.transaction import Transaction
from bot.store.outbox.digests import save_line
from bot.store.store import Store
from tests.store.builders import LATER, NOW, TEAM, leased, poll, told, with_store

BERLIN, TOKYO = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo")
CONFIGURED = ChatSpec("team", -1001, timezone=BERLIN, quiet=Quiet(time(22), time(7)), digest=time(8))


async def hours(store: Store, **changes: str | None) -> Hours:
    """Set hours in the chat and return what holds then."""
    await store._connection.write(lambda db: set_hours(db, "team", **changes))
    return await store._connection.read(lambda db: hours_of(db, "team"))


async def alert(store: Store, priority: Priority = Priority.NORMAL) -> None:
    """Order an alert for the team."""
    lease, feed = await leased(store)
    await store.fetch.commit_poll(lease, poll(feed, "one"), LATER)
    (item,) = await store.decide.take_items(9)
    await store.decide.commit_batch(told(item, priority=priority))


async def next_kind(store: Store, now: datetime = NOW) -> MessageKind | None:
    """Return what the team would be told first, by what waits and by what is taken."""
    waiting = [one.kind for one in await store.deliver.chats_waiting(now)]
    taken = [one.kind for one in await store.deliver.take_alerts(["team"], now)]
    assert waiting == taken
    return taken[0] if taken else None


def test_what_is_set_in_the_chat_goes_before_what_is_configured() -> None:
    """Each by itself; "" takes it away; a reload of the configuration changes nothing of it."""

    async def work(store: Store) -> None:
        await store.chats.set_chats([CONFIGURED])
        assert await hours(store) == Hours(BERLIN, CONFIGURED.quiet, time(8))
        assert await hours(store, timezone="Asia/Tokyo") == Hours(TOKYO, CONFIGURED.quiet, time(8))
        assert await hours(store, quiet="", digest="") == Hours(TOKYO)
        await store.chats.set_chats([replace(CONFIGURED, digest=time(9))])
        assert await hours(store, quiet="01:00-02:00") == Hours(TOKYO, Quiet(time(1), time(2)))
        assert await hours(store, timezone="", digest="18:30") == Hours(BERLIN, Quiet(time(1), time(2)), time(18, 30))

    with_store(None, work)


@pytest.mark.parametrize("wrong", [{"timezone": "Mars"}, {"quiet": "22-7"}, {"digest": "late"}])
def test_hours_that_cannot_be_read_change_nothing(wrong: dict[str, str]) -> None:
    """Nor does what stands beside them."""

    async def work(store: Store) -> None:
        await store.chats.set_chats([CONFIGURED])
        with pytest.raises(ValueError, match=r"."):
            await hours(store, **{"timezone": "Asia/Tokyo", "quiet": "", "digest": "", **wrong})

        assert await hours(store) == Hours(BERLIN, CONFIGURED.quiet, time(8))

    with_store(None, work)


@pytest.mark.parametrize(
    ("priority", "quiet", "expected"),
    [
        (Priority.HIGH, "11:00-13:00", MessageKind.ALERT),
        (Priority.NORMAL, "11:00-13:00", None),
        (Priority.LOW, "11:00-13:00", None),
        (Priority.NORMAL, "20:00-22:00", MessageKind.ALERT),
        (Priority.NORMAL, "", MessageKind.ALERT),
    ],
)
def test_quiet_hours_of_the_chat_hold(priority: Priority, quiet: str, expected: MessageKind | None) -> None:
    """High priority goes through them, the others wait; set in the chat they replace those of the configuration."""

    async def work(store: Store) -> None:
        await store.chats.set_chats([replace(TEAM, quiet=Quiet(time(0), time(23, 59)), timezone=BERLIN)])
        await hours(store, timezone="UTC", quiet=quiet)
        await alert(store, priority)

        assert await next_kind(store) is expected

    with_store(None, work)


def test_a_zone_set_in_the_chat_moves_its_quiet_hours() -> None:
    """Noon in UTC is nine in the evening in Tokyo."""

    async def work(store: Store) -> None:
        await store.chats.set_chats([replace(TEAM, quiet=Quiet(time(21), time(22)))])
        await alert(store)
        await hours(store, timezone="Asia/Tokyo")
        assert await next_kind(store) is None
        await hours(store, timezone="")

        assert await next_kind(store) is MessageKind.ALERT

    with_store(None, work)


def test_a_paused_chat_is_told_no_news_but_answered() -> None:
    """Of no priority, until the pause ends or is ended."""

    async def work(store: Store) -> None:
        await store.chats.set_chats([TEAM])
        await alert(store, Priority.HIGH)
        await store._connection.write(lambda db: set_pause(db, "team", LATER))
        assert await next_kind(store) is None
        assert (await store._connection.read(lambda db: hours_of(db, "team"))).paused_until == LATER
        await store.chats.answer("team", 7, "an answer", NOW)
        assert await next_kind(store) is MessageKind.ANSWER
        await store._connection.write(lambda db: db.execute("update outbox set state = 'sent' where kind = 'answer'"))
        assert [one.kind for one in await store.deliver.chats_waiting(LATER)] == [MessageKind.ALERT]
        await store._connection.write(lambda db: set_pause(db, "team", None))

        assert await next_kind(store) is MessageKind.ALERT

    with_store(None, work)


def test_the_desk_is_told_what_chats_want() -> None:
    """Marks, snoozes and digests, in the hours and zones that hold; what a button opened is no mark."""

    async def work(store: Store) -> None:
        await store.chats.set_chats([TEAM, ChatSpec("me", digest=time(8)), ChatSpec("other", 5, digest=time(9))])
        assert (await store.decide.preferences()).marks == {}

        def change(db: Transaction) -> None:
            set_hours(db, "team", timezone="Asia/Tokyo", digest="07:30")
            set_hours(db, "other", digest="")
            snooze(db, "team", "w", LATER)
            snooze(db, "me", "w", LATER)
            snooze(db, "me", "w", None)
            db.execute("insert into marks values ('team', 1, 'muted', 0), ('me', 1, 'followed', 1), ('me', 2, '', 1)")

        await store._connection.write(change)
        assert await store.decide.preferences() == Preferences(
            {("team", 1): Mark.MUTED, ("me", 1): Mark.FOLLOWED},
            {("team", "w"): LATER},
            {"team": (time(7, 30), TOKYO), "me": (time(8), ZoneInfo("UTC"))},
        )

    with_store(None, work)


@pytest.mark.parametrize(
    ("until", "due"),
    [(None, True), (NOW + timedelta(minutes=1), True), (LATER, False), (LATER + timedelta(hours=1), False)],
)
def test_what_a_snooze_held_back_is_told_when_it_is_ended(until: datetime | None, due: bool) -> None:
    """Ended or made shorter it is told at once; made longer, when it would have been. What others found waits on."""

    async def work(store: Store) -> None:
        await store.chats.set_chats([TEAM])

        def hold(db: Transaction) -> None:
            snooze(db, "team", "w", LATER)
            for story, (watch, at) in enumerate([("w", LATER), ("other", LATER + timedelta(seconds=1))], 1):
                line = DigestLine(f"story {story}", "A", watches=(watch,))
                save_line(db, order_line("team", story, line, at, Priority.NORMAL), 0)

        await store._connection.write(hold)
        assert await store.deliver.chats_waiting(NOW) == []
        await store._connection.write(lambda db: snooze(db, "team", "w", until))
        told = await store.deliver.take_alerts(["team"], NOW)

        titles = [entry.line.title for one in told if one.digest for entry in one.digest.entries]
        assert titles == (["story 1"] if due else [])

    with_store(None, work)


def test_a_digest_waits_for_its_hour_over_a_restart_and_not_for_a_year() -> None:
    """Its hour may be days away; but when the clock was set back since it was begun, it is told within the hour."""

    async def work(store: Store) -> None:
        await store.chats.set_chats([TEAM])
        due, begun = NOW + timedelta(days=3), NOW
        order = order_line("team", 1, DigestLine("x", "A"), due, Priority.NORMAL)
        at = int(begun.timestamp() * 1_000_000)
        await store._connection.write(lambda db: save_line(db, order, at))
        await store.deliver.clamp(NOW)
        assert await store.deliver.chats_waiting(due - timedelta(seconds=1)) == []
        assert len(await store.deliver.chats_waiting(due)) == 1
        before = NOW - timedelta(days=400)
        await store.deliver.clamp(before)

        assert len(await store.deliver.chats_waiting(before + timedelta(hours=1))) == 1

    with_store(None, work)


def test_a_digest_before_its_hour_is_no_message_that_waits() -> None:
    """For whoever looks whether something is stuck; from its hour on it is."""

    async def work(store: Store) -> None:
        await store.chats.set_chats([TEAM])
        order = order_line("team", 1, DigestLine("x", "A"), LATER, Priority.NORMAL)
        await store._connection.write(lambda db: save_line(db, order, int(NOW.timestamp() * 1_000_000)))

        assert (await store.status(NOW)).oldest_waiting is None
        assert (await store.status(LATER)).oldest_waiting == NOW

    with_store(None, work)
