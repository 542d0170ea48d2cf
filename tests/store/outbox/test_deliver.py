"""The outbox: order, states, and what a crash leaves behind."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from bot.core.model import (
    Alert,
    Answer,
    ChatSpec,
    DeliveryResult,
    DigestLine,
    MessageKind,
    NoticePayload,
    Outcome,
    Priority,
    Quiet,
    ReplyPayload,
    SentMessage,
    plain_lines,
)
from bot.core.model.outbox import order_alert, order_line, order_reply
from bot.delivery.render import render
from bot.store.engine.tables import migrations
from bot.store.engine.transaction import Transaction
from bot.store.store import Store
from tests.delivery.builders import rendered
from tests.store.builders import LATER, NOW, TEAM, leased, poll, told, with_store


async def store_with(store: Store, *titles: str, chat: str = "team") -> None:
    """Put one alert for each title into the outbox of a chat."""
    await store.chats.set_chats([TEAM])
    lease, feed = await leased(store)
    await store.fetch.commit_poll(lease, poll(feed, *titles), LATER)
    for number, item in enumerate(await store.decide.take_items(99), start=1):
        await store.decide.commit_batch(told(item, number, chat))


async def take(store: Store, chat: str = "team") -> Alert:
    (alert,) = await store.deliver.take_alerts([chat], NOW)
    return alert


async def settle(store: Store, alert: Alert, sent: DeliveryResult, **details: object) -> None:
    outcome = Outcome(alert, sent, **details)  # type: ignore[arg-type]  # checked by the dataclass's users
    await store.deliver.settle(outcome, NOW, NOW + outcome.wait)


def title_of(alert: Alert) -> str:
    assert alert.story is not None
    return alert.story.sources[0].title


def lines_of(alert: Alert) -> list[DigestLine]:
    return [] if alert.digest is None else [entry.line for entry in alert.digest.entries]


def told_in(alert: Alert) -> int | None:
    return alert.sent.message_id if alert.sent else None


def test_a_replayed_batch_orders_nothing_twice() -> None:
    """(chat, story, kind, revision) is unique in the outbox."""

    async def work(store: Store) -> None:
        await store_with(store, "one")
        assert await store.decide.take_items(9) == []
        alert = await take(store)
        (item,) = [match.item for match in alert.matches]
        await store.decide.commit_batch(told(item))

        assert sum((await store.status()).outbox.values()) == 1

    with_store(None, work)


def test_alerts_of_a_chat_come_in_order_one_at_a_time() -> None:
    """The next is handed out when the one before is settled; its attempt is counted."""

    async def work(store: Store) -> None:
        await store_with(store, "one", "two")
        first = await take(store)
        assert (first.attempt, title_of(first)) == (1, "one")
        assert await store.deliver.chats_waiting(NOW) == []
        await settle(store, first, DeliveryResult.DONE, message_id=5, text_hash="h")

        assert title_of(await take(store)) == "two"

    with_store(None, work)


def test_a_crash_leaves_uncertain_rows_that_are_sent_once_more(tmp_path: Path) -> None:
    """A row found in "sending" may or may not have arrived: it becomes uncertain and is handed out again."""

    async def crash(store: Store) -> None:
        await store_with(store, "one")
        await take(store)

    async def restart(store: Store) -> None:
        assert await store.deliver.recover(NOW, again=True) == 1
        assert dict((await store.status()).outbox) == {"uncertain": 1}
        again = await take(store)
        assert again.attempt == 2
        await settle(store, again, DeliveryResult.DONE, message_id=5, text_hash="h")
        assert dict((await store.status()).outbox) == {"sent": 1}

    with_store(tmp_path / "x.db", crash)
    with_store(tmp_path / "x.db", restart)


def test_an_unknown_outcome_is_tried_once_more_and_then_shown() -> None:
    """After the second unknown there is no third copy; the row stays in sight and holds up nothing."""

    async def work(store: Store) -> None:
        await store_with(store, "one", "two")
        for _ in range(2):
            alert = await take(store)
            assert title_of(alert) == "one"
            await settle(store, alert, DeliveryResult.UNCERTAIN)
        await settle(store, await take(store), DeliveryResult.DONE, message_id=5, text_hash="h")

        status = await store.status()
        assert dict(status.outbox) == {"sent": 1, "uncertain": 1, "pending": 1}
        assert dict(status.unknown) == {"team": 1}
        (digest,) = await store.deliver.take_alerts(["team"], LATER)
        assert [(line.title, line.remark) for line in lines_of(digest)] == [("one", "may be a repeat")]
        await settle(store, digest, DeliveryResult.DONE, message_id=6, text_hash="h")
        assert dict((await store.status()).outbox) == {"sent": 3}
        assert dict((await store.status()).unknown) == {}


def test_what_waited_for_a_day_is_sent_in_one_message(tmp_path: Path) -> None:
    """All of it, its changes too, in as many messages as it takes to hold the lines."""

    async def work(store: Store) -> None:
        await store_with(store, *(f"story {number} {'x' * 100}" for number in range(40)))
        await store.decide.commit_batch(told((await take(store)).matches[0].item, revision=1))
        await store.deliver.recover(NOW, again=True)
        found: list[Alert] = []
        while alerts := await store.deliver.take_alerts(["team"], NOW + timedelta(days=2)):
            found += alerts
            await settle(store, alerts[0], DeliveryResult.DONE, message_id=len(found), text_hash="h")
        lines = [line for alert in found for line in lines_of(alert)]

        assert len(lines) == len(set(lines)) == 39
        assert all(line.title in rendered(alert).plain for alert in found for line in lines_of(alert)), "cut off"
        assert len(found) < 8
        assert {line.remark for line in lines} == {"it waited for more than a day"}
        assert set((await store.status()).outbox) == {"sent"}

    with_store(None, work)


def test_a_story_nobody_knows_to_be_sent_is_sent_anew_when_it_grows() -> None:
    """At most twice again, as a message of its own; from then on it grows in place and counts as told."""

    async def work(store: Store) -> None:
        await store_with(store, "one")
        for _ in range(2):
            alert = await take(store)
            await settle(store, alert, DeliveryResult.UNCERTAIN)
        for revision in (1, 2, 3):
            await store.decide.commit_batch(told(alert.matches[0].item, revision=revision))
        for _ in range(2):
            anew = await take(store)
            assert (anew.kind, anew.sent) == (MessageKind.EDIT, None)
            await settle(store, anew, DeliveryResult.UNCERTAIN)
        await settle(store, await take(store), DeliveryResult.DONE, message_id=9, text_hash="h")
        await store.decide.commit_batch(told(alert.matches[0].item, revision=4))

        assert told_in(await take(store)) == 9
        assert dict((await store.status()).outbox) == {"pending": 1, "sending": 1, "sent": 3, "uncertain": 1}

    with_store(None, work)


def test_an_edit_may_be_repeated() -> None:
    """Changing a message twice makes no second one."""

    async def work(store: Store) -> None:
        await store_with(store, "one")
        alert = await take(store)
        await settle(store, alert, DeliveryResult.DONE, message_id=5, text_hash="h")
        await store.decide.commit_batch(told(alert.matches[0].item, revision=1))
        for _ in range(5):
            await settle(store, await take(store), DeliveryResult.UNCERTAIN)

        assert told_in(await take(store)) == 5

    with_store(None, work)


def test_a_row_that_waits_holds_its_chat_and_no_other() -> None:
    """After a 429 the chat's later rows do not overtake; another chat goes on."""

    async def work(store: Store) -> None:
        await store_with(store, "one", "two")
        await settle(store, await take(store), DeliveryResult.LATER, wait=timedelta(minutes=1))
        assert await store.deliver.take_alerts(["team"], NOW) == []

        assert ((await store.deliver.take_alerts(["team"], LATER))[0].attempt) == 2

    with_store(None, work)


def test_nothing_is_tried_in_a_chat_that_was_told_to_wait() -> None:
    """After a 429 the answer to a command waits, too, and comes first when the time is up."""

    async def work(store: Store) -> None:
        await store_with(store, "one")
        await settle(store, await take(store), DeliveryResult.LATER, wait=timedelta(minutes=1))
        await store.chats.answer("team", 77, "an answer", NOW)
        assert await store.deliver.chats_waiting(NOW) == []

        assert len(await store.deliver.chats_waiting(LATER)) == 1
        assert [alert.kind for alert in await store.deliver.take_alerts(["team"], LATER)] == [MessageKind.ANSWER]

    with_store(None, work)


def test_a_paused_chat_keeps_its_rows_until_it_returns() -> None:
    """Blocked: one attempt, nothing lost; the next sign of life sends what waited."""

    async def work(store: Store) -> None:
        await store_with(store, "one", "two")
        await settle(store, await take(store), DeliveryResult.PAUSED, reason="blocked")
        assert await store.deliver.chats_waiting(NOW) == []
        assert dict((await store.status()).paused) == {"team": "blocked"}
        assert dict((await store.status()).outbox) == {"paused": 1, "pending": 1}

        await store.chats.resume(-1001)
        assert [one.address.chat for one in await store.deliver.chats_waiting(NOW)] == ["team"]
        assert dict((await store.status()).outbox) == {"pending": 2}

    with_store(None, work)


def test_a_migrated_group_is_written_at_its_new_id_also_after_a_restart() -> None:
    """The new id stays while the configuration names the old one, and gives way when that changes."""

    async def work(store: Store) -> None:
        await store_with(store, "one")
        await settle(store, await take(store), DeliveryResult.MIGRATED, new_id=-2002)
        await store.chats.set_chats([TEAM])
        assert (await take(store)).address.id == -2002

        await store.chats.set_chats([ChatSpec("team", -3003)])
        assert set(await store.chats.members()) == {-3003}

    with_store(None, work)


def test_an_edit_knows_the_message_it_changes() -> None:
    """Once the alert is sent, its revision carries the message id; told anew, the new one."""

    async def work(store: Store) -> None:
        await store_with(store, "one")
        alert = await take(store)
        await settle(store, alert, DeliveryResult.DONE, message_id=5, text_hash="h")
        item = alert.matches[0].item
        for revision in (1, 2):
            await store.decide.commit_batch(told(item, revision=revision))
        edit = await take(store)
        assert (edit.kind, told_in(edit)) == (MessageKind.EDIT, 5)

        await settle(store, edit, DeliveryResult.TARGET_GONE)
        anew = await take(store)
        assert anew.sent is None
        await settle(store, anew, DeliveryResult.DONE, message_id=9, text_hash="h2")
        await store.decide.commit_batch(told(item, revision=3))
        assert told_in(await take(store)) == 9

    with_store(None, work)


def test_a_story_whose_alert_was_refused_is_sent_anew_once() -> None:
    """The first change makes a message, and the next ones change that message, in quiet hours too."""

    async def work(store: Store) -> None:
        await store_with(store, "one")
        alert = await take(store)
        await settle(store, alert, DeliveryResult.DEAD, reason="something new")
        for revision in (1, 2, 3):
            await store.decide.commit_batch(told(alert.matches[0].item, revision=revision, priority=Priority.HIGH))
        anew = await take(store)
        assert anew.sent is None
        await settle(store, anew, DeliveryResult.DONE, message_id=9, text_hash="h")

        await store.decide.commit_batch(told(alert.matches[0].item, revision=4, priority=Priority.HIGH))
        await store.chats.set_chats([replace(TEAM, quiet=Quiet.parse("00:00-23:59"))])
        (quiet,) = await store.deliver.take_alerts(["team"], NOW)
        assert told_in(quiet) == 9

    with_store(None, work)


def test_what_the_terminal_printed_is_no_message_of_telegram() -> None:
    """It reads so already, but has no id: when a token is there, the next change is a message of its own."""

    async def work(store: Store) -> None:
        await store_with(store, "one")
        alert = await take(store)
        await settle(store, alert, DeliveryResult.DONE, text_hash="h")
        await store.decide.commit_batch(told(alert.matches[0].item, revision=1))

        assert (await take(store)).sent == SentMessage(None, "h")

    with_store(None, work)


@pytest.mark.parametrize("way", ["pair", "config", "migration"])
def test_a_message_id_counts_in_its_own_chat_only(way: str) -> None:
    """Paired anew, a new id in the configuration, or a supergroup: the message cannot be changed there, it is sent."""

    async def work(store: Store) -> None:
        chat = "me" if way == "pair" else "team"
        await store_with(store, "one", "two", chat=chat)
        await store.chats.pair(42, 1000, "hello", NOW)
        if way == "pair":
            await settle(store, await take(store, chat), DeliveryResult.DONE, message_id=4)
        alert = await take(store, chat)
        await settle(store, alert, DeliveryResult.DONE, message_id=5, text_hash="h")
        two = await take(store, chat)
        match way:
            case "pair":
                await settle(store, two, DeliveryResult.DONE, message_id=6, text_hash="h")
                await store.chats.pair(43, 1001, "hello", NOW)
                await settle(store, await take(store, chat), DeliveryResult.DONE, message_id=7)
            case "config":
                await settle(store, two, DeliveryResult.DONE, message_id=6, text_hash="h")
                await store.chats.set_chats([ChatSpec("team", -3003)])
            case _:
                await settle(store, two, DeliveryResult.MIGRATED, new_id=-2002)
                await settle(store, await take(store, chat), DeliveryResult.DONE, message_id=6, text_hash="h")
        await store.decide.commit_batch(told(alert.matches[0].item, chat=chat, revision=1))

        edit = await take(store, chat)
        assert (edit.kind, edit.sent) == (MessageKind.EDIT, None)

    with_store(None, work)


def test_message_ids_of_an_older_version_are_kept_where_they_are_telegrams() -> None:
    """The terminal once gave ids of the outbox; they are forgotten, and the others belong to the chat as it is."""
    db = Database(memory=True)
    migrations.apply(db, stop_before="where_a_message_is")
    db.execute("insert into chats (name, telegram_id, timezone, source) values ('team', -1001, 'UTC', 'config')")
    for id_, story, kind, message in ((1, 1, "alert", 2), (2, 1, "edit", 2), (3, 2, "alert", 99)):
        db.execute(
            """insert into outbox (id, chat, story_id, kind, revision, priority, state, not_before, created, changed,
            message_id) values (?, 'team', ?, ?, 0, 'normal', 'sent', 0, 0, 0, ?)""",
            [id_, story, kind, message],
        )
    migrations.apply(db)

    found = Transaction(db.conn).rows("select id, message_id, sent_in from outbox order by id")
    assert found == [(1, None, None), (2, None, None), (3, 99, -1001)]


def test_a_chat_without_address_waits_for_its_owner() -> None:
    """Alerts for "me" lie in the outbox until somebody pairs, and are counted for the operator."""

    async def work(store: Store) -> None:
        await store_with(store, "one", chat="me")
        assert dict((await store.status()).unpaired) == {"me": 1}
        await store.chats.pair(42, 1000, "hello", NOW)

        (one,) = await store.deliver.chats_waiting(NOW)
        assert (one.address.chat, one.address.id, one.kind) == ("me", 42, MessageKind.ANSWER)
        assert [alert.kind for alert in await store.deliver.take_alerts(["me"], NOW)] == [MessageKind.ANSWER]

    with_store(None, work)


def test_the_same_update_is_answered_once() -> None:
    """A command that Telegram delivers twice gives one answer."""

    async def work(store: Store) -> None:
        await store.chats.set_chats([])
        for _ in range(2):
            await store.chats.answer("me", 77, "once", NOW)

        assert sum((await store.status()).outbox.values()) == 1

    with_store(None, work)


def test_changes_are_merged_into_the_newest_text() -> None:
    """Whatever was ordered before a message was rendered is shown by it: one request tells ten changes."""

    async def work(store: Store) -> None:
        await store_with(store, "one")
        alert = await take(store)
        item = alert.matches[0].item
        await settle(store, alert, DeliveryResult.DONE, message_id=5, text_hash="h")
        for revision in range(1, 11):
            await store.decide.commit_batch(told(item, revision=revision))
        edit = await take(store)
        assert edit.covers == 10
        await store.decide.commit_batch(told(item, revision=11))
        await settle(store, edit, DeliveryResult.DONE, message_id=5, text_hash="h10")

        assert dict((await store.status()).outbox) == {"pending": 1, "sent": 11}
        assert (await take(store)).covers == 11

    with_store(None, work)


def test_an_alert_that_waited_shows_its_changes() -> None:
    """They are ordered while it is pending, and need no request of their own; one that comes later does."""

    async def work(store: Store) -> None:
        await store_with(store, "one")
        (waits,) = await store.deliver.chats_waiting(NOW)
        await store.decide.commit_batch(told((await take(store)).matches[0].item, revision=1))
        await store.deliver.recover(NOW, again=True)
        alert = await take(store)
        assert (waits.kind, alert.kind) == (MessageKind.ALERT, MessageKind.ALERT)
        await settle(store, alert, DeliveryResult.DONE, message_id=5, text_hash="h")

        assert dict((await store.status()).outbox) == {"sent": 2}

    with_store(None, work)


def test_a_refused_alert_keeps_its_changes() -> None:
    """They tell the story anew: nothing is merged into what was never shown."""

    async def work(store: Store) -> None:
        await store_with(store, "one")
        alert = await take(store)
        await store.decide.commit_batch(told(alert.matches[0].item, revision=1))
        await settle(store, alert, DeliveryResult.DEAD, reason="no")

        assert (await take(store)).kind is MessageKind.EDIT

    with_store(None, work)


def test_a_message_is_changed_no_oftener_than_it_may() -> None:
    """The change waits; an alert of the same chat does not wait for it."""

    async def work(store: Store) -> None:
        await store_with(store, "one", "two")
        alert = await take(store)
        await settle(store, alert, DeliveryResult.DONE, message_id=5, text_hash="h", wait=timedelta(minutes=1))
        await store.decide.commit_batch(told(alert.matches[0].item, revision=1))
        two = await take(store)
        assert title_of(two) == "two"
        await settle(store, two, DeliveryResult.DONE, message_id=6, text_hash="h")

        assert await store.deliver.chats_waiting(NOW + timedelta(seconds=59)) == []
        (one,) = await store.deliver.chats_waiting(NOW + timedelta(seconds=60))
        assert one.kind is MessageKind.EDIT

    with_store(None, work)


def test_at_most_once_leaves_what_a_crash_left() -> None:
    """It stays uncertain and the owner is told; only the change of a message, which makes no second, is repeated."""

    async def work(store: Store) -> None:
        await store_with(store, "one", "two")
        await store.chats.pair(42, 1000, "hello", NOW)
        await settle(store, await take(store, "me"), DeliveryResult.DONE, message_id=1)
        alert = await take(store)
        await settle(store, alert, DeliveryResult.DONE, message_id=5, text_hash="h")
        await store.decide.commit_batch(told(alert.matches[0].item, revision=1))
        await take(store)
        assert await store.deliver.recover(NOW, again=False) == 1
        assert dict((await store.status()).unknown) == {"team": 1}

        edit = await take(store)
        assert edit.kind is MessageKind.EDIT
        assert await store.deliver.recover(NOW, again=False) == 1
        assert (await take(store)).id == edit.id
        notice = await take(store, "me")
        assert notice.kind is MessageKind.NOTICE
        assert isinstance(notice.payload, NoticePayload)
        assert notice.payload.text.startswith("After a crash nobody knows whether 1 messages arrived")

    with_store(None, work)


def test_the_owner_is_sent_the_same_notice_once_a_day() -> None:
    """And not at all before there is one: what waits for nobody helps nobody."""

    async def work(store: Store) -> None:
        await store_with(store, "one")
        alert = await take(store)
        outcome = Outcome(alert, DeliveryResult.LATER)
        await store.deliver.settle(outcome, NOW, NOW, "help")
        assert (await store.status()).unpaired == {}
        await store.chats.pair(42, 1000, "hello", NOW)
        for hours in (0, 23, 25):
            at = NOW + timedelta(hours=hours)
            await store.deliver.settle(outcome, at, NOW, "help")
        counts = await store._connection.read(lambda db: db.one("select count(*) from outbox where kind = 'notice'"))
        assert counts == (2,)

    with_store(None, work)


def test_a_long_answer_is_several_messages() -> None:
    """In order, each row one message; the update is still answered once."""

    async def work(store: Store) -> None:
        await store.chats.set_chats([])
        await store.chats.pair(42, 1000, "hello", NOW)
        await settle(store, await take(store, "me"), DeliveryResult.DONE, message_id=1)
        words = "\n".join(f"{number} " + "word " * 20 for number in range(100))
        for _ in range(2):
            await store.chats.answer("me", 77, words, NOW)
        pieces = []
        while await store.deliver.chats_waiting(NOW):
            alert = await take(store, "me")
            pieces.append(render(alert).plain())
            await settle(store, alert, DeliveryResult.DONE, message_id=2)

        assert len(pieces) == 4
        assert " ".join(pieces).split() == words.split()

    with_store(None, work)


def test_a_reply_that_waited_for_a_day_says_what_is_new() -> None:
    """Its story was told in a digest before; the line of the reply is another one, and is told as well."""

    async def work(store: Store) -> None:
        await store_with(store, "one")
        item = (await store.deliver.take_alerts(["team"], NOW))[0].matches[0].item
        await store.deliver.recover(NOW, again=True)
        (first,) = await store.deliver.take_alerts(["team"], NOW + timedelta(days=2))
        await settle(store, first, DeliveryResult.UNCERTAIN)
        (digest,) = await store.deliver.take_alerts(["team"], NOW + timedelta(days=2, hours=2))
        await settle(store, digest, DeliveryResult.DONE, message_id=1, text_hash="h")
        news = order_reply("team", 1, 1, Priority.NORMAL, ReplyPayload("denied", "She stays", "Herald"))
        await store.decide.commit_batch(replace(told(item, revision=1), orders=(news,)))
        (again,) = await store.deliver.take_alerts(["team"], NOW + timedelta(days=4))

        assert lines_of(again) == [DigestLine("She stays", "Herald", None, "it waited for more than a day", "denied")]

    with_store(None, work)


def test_what_a_refused_digest_held_is_refused_with_it() -> None:
    """Nothing waits for ever: the owner is told, and the rows say so."""

    async def work(store: Store) -> None:
        await store_with(store, "one", "two")
        (digest,) = await store.deliver.take_alerts(["team"], NOW + timedelta(days=2))
        await settle(store, digest, DeliveryResult.DEAD)

        assert dict((await store.status()).outbox) == {"dead": 3}

    with_store(None, work)


def test_what_is_about_a_story_that_is_kept_no_more_is_laid_to_rest() -> None:
    """It ends nothing, and holds up nobody."""

    async def work(store: Store) -> None:
        await store_with(store, "one")
        first = await take(store)
        await settle(store, first, DeliveryResult.DONE, message_id=5, text_hash="h")
        item = first.matches[0].item
        news = ReplyPayload("news")
        gone = [order_alert("team", 99, Priority.NORMAL), order_reply("team", 99, 1, Priority.NORMAL, news)]
        last = order_reply("team", 1, 1, Priority.NORMAL, news)
        await store.decide.commit_batch(replace(told(item), orders=(*gone, last)))

        assert (await take(store)).kind is MessageKind.REPLY
        assert (await store.status()).outbox == {"dead": 2, "sending": 1, "sent": 1}

    with_store(None, work)


def test_the_lines_of_a_digest_in_doubt_are_sent_again(tmp_path: Path) -> None:
    """Said so, and once."""

    async def work(store: Store) -> None:
        await store_with(store, "one")
        (alert,) = [await take(store)]
        await settle(store, alert, DeliveryResult.DONE, message_id=1, text_hash="h")
        line = DigestLine("one", "The Ledger", "https://l.example/1")
        order = order_line("team", 1, line, NOW, Priority.LOW)
        await store.decide.commit_batch(replace(told(alert.matches[0].item), orders=(order,)))
        now, remarks = NOW, []
        while now < NOW + timedelta(hours=12):
            for digest in await store.deliver.take_alerts(["team"], now):
                remarks.append(lines_of(digest)[0].remark)
                outcome = replace(Outcome(digest, DeliveryResult.UNCERTAIN), again=digest.unknowns == 0)
                await store.deliver.settle(outcome, now, now)
            now += timedelta(minutes=30)
        assert remarks == ["", "", "may be a repeat", "may be a repeat"]

    with_store(None, work)


@pytest.mark.parametrize("asked_in", [None, 5])
def test_an_answer_is_sent_where_the_topic_of_its_chat_is_gone(asked_in: int | None) -> None:
    """To the chat itself: an answer that was tried in that topic for ever would hold up all alerts behind it."""

    async def work(store: Store) -> None:
        await store.chats.set_chats([replace(TEAM, topic=17)])
        await store.chats.carry_out("team", 7, [], [Answer(plain_lines("Yes."))], NOW, thread=asked_in)
        topics = []
        for _ in range(2 if asked_in is None else 3):
            alert = await take(store)
            topics.append(alert.address.topic)
            await settle(store, alert, DeliveryResult.TOPIC_GONE, reason="message thread not found")

        assert topics == [*([] if asked_in is None else [asked_in]), 17, None]

    with_store(None, work)
