"""Digests: lines of stories, told in one message, and shown out of it."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from bot.core.model import (
    Alert,
    DeliveryRecord,
    DeliveryResult,
    DigestLine,
    Item,
    MessageKind,
    MessageOrder,
    Outcome,
    Priority,
    Quiet,
    Source,
)
from bot.core.model.outbox import DigestPayload, order_line
from bot.core.text import one_line, shorten, units
from bot.store.engine.tables import migrations
from bot.store.engine.transaction import Transaction
from bot.store.outbox.digest_contents import show
from bot.store.outbox.digests import add_line, lines_of, save_line
from bot.store.outbox.rows import put
from bot.store.store import Store
from tests.delivery.builders import rendered
from tests.servers.bot_api_text import read_text
from tests.store.builders import LATER, NOW, TEAM, counted, leased, poll, told, with_store

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def order(story: int, title: str = "", due: datetime = LATER, **details: object) -> MessageOrder:
    line = replace(DigestLine(title or f"story {story}", "A"), **details)  # type: ignore[arg-type]  # fields of a line
    return order_line("team", story, line, due, Priority.LOW)


async def save(store: Store, *orders: MessageOrder) -> None:
    def work(db: Transaction) -> None:
        for one in orders:
            save_line(db, one, 0)

    await store._connection.write(work)


async def with_stories(store: Store, *titles: str) -> list[Item]:
    """Store a story of each title, of which no chat is told anything; return their items."""
    await store.chats.set_chats([TEAM])
    lease, feed = await leased(store)
    await store.fetch.commit_poll(lease, poll(feed, *titles), LATER)
    items = list(await store.decide.take_items(99))
    for number, item in enumerate(items, 1):
        await store.decide.commit_batch(replace(told(item, number), orders=()))
    return items


async def take(store: Store, now: datetime = LATER) -> Alert:
    (alert,) = await store.deliver.take_alerts(["team"], now)
    return alert


async def settle(store: Store, alert: Alert, sent: DeliveryResult = DeliveryResult.DONE, number: int = 5) -> None:
    outcome = (
        Outcome(alert, sent, message_id=number, text_hash="h") if sent is DeliveryResult.DONE else Outcome(alert, sent)
    )
    await store.deliver.settle(outcome, LATER, LATER)


async def outbox(store: Store) -> list[tuple[str, str, str]]:
    query = "select kind, state, priority from outbox order by id"
    return await store._connection.read(lambda db: db.rows(query))


async def shown(store: Store, number: int, digest: int = 1, chat: str = "team") -> bool:
    return await store._connection.write(lambda db: show(db, chat, digest, number, LATER))


def titles(alert: Alert) -> list[str]:
    assert alert.digest is not None
    return [entry.line.title for entry in alert.digest.entries]


def test_a_story_stands_in_a_digest_once() -> None:
    """What is new in it, and why it stands there, is added to its line; for all watches once it is so for all."""

    async def work(store: Store) -> None:
        await with_stories(store, "one")
        await save(store, order(1, watches=("b",)), order(1, news="denied", watches=("a",), remark="snoozed"))
        await save(store, order(1, news="denied", watches=("a",)))
        ((_, line),) = await store._connection.read(lambda db: lines_of(db, 1))
        assert line == DigestLine("story 1", "A", None, "snoozed", "denied", "", ("a", "b"))
        assert await store.decide.delivery_records([1]) == {("team", 1): DeliveryRecord(0, True, ("a", "b"))}
        await save(store, order(1, remark="over the cap"))

        assert await store.decide.delivery_records([1]) == {("team", 1): DeliveryRecord(0, True)}

    with_store(None, work)


def test_the_sections_of_a_digest_have_their_order() -> None:
    """By kind of event, those without a section behind, what is no event last; in a section as they came."""

    async def work(store: Store) -> None:
        await with_stories(store, *(f"news {n}" for n in range(6)))
        events = ("", "strike", "arrival", "departure", "", "departure")
        await save(store, *(order(n, event=event) for n, event in enumerate(events, 1)))

        assert titles(await take(store)) == [f"story {n}" for n in (4, 6, 3, 2, 1, 5)]

    with_store(None, work)


def test_a_digest_shows_its_stories_as_they_stand() -> None:
    """Another outlet came since its line was written."""

    async def work(store: Store) -> None:
        one, two = await with_stories(store, "one", "two")
        await save(store, order(1))
        grown = told(two, 1)
        source = Source(one.id, one.outlet, None, one.title, one.url, one.seen)
        story = replace(grown.stories[0], sources=(source, *grown.stories[0].sources))
        await store.decide.commit_batch(replace(grown, stories=(story,), orders=()))
        alert = await take(store)

        assert alert.digest is not None
        assert [len(entry.story.sources) for entry in alert.digest.entries if entry.story] == [2]
        assert alert.digest.since is None, "nobody set an hour for it"

    with_store(None, work)


def test_the_digest_of_the_day_says_what_it_was_made_of() -> None:
    """How many articles were read since that of the day before; what a feed held at first is none of them."""

    async def work(store: Store) -> None:
        await with_stories(store, "one", "two")
        due = NOW.replace(hour=13)
        await store.chats.set_chats([replace(TEAM, digest=time(13))])
        await store._connection.write(lambda db: db.execute("update items set backfill = 0 where id = 1"))
        await save(store, order(1, due=due))
        alert = await take(store, due + timedelta(minutes=3))

        assert alert.digest is not None
        assert (alert.digest.since, alert.digest.articles) == (due - timedelta(days=1), 1)

    with_store(None, work)


@pytest.mark.parametrize("due", [EPOCH, NOW, LATER + timedelta(minutes=1)])
def test_a_digest_of_another_hour_is_none_of_the_day(due: datetime) -> None:
    """What went over the cap, or what waited too long and has no hour at all, though the day's be midnight."""

    async def work(store: Store) -> None:
        await with_stories(store, "one")
        await store.chats.set_chats([replace(TEAM, digest=time(0))])
        await save(store, order(1, due=due))
        alert = await take(store, LATER + timedelta(hours=1))

        assert alert.digest is not None
        assert alert.digest.since is None

    with_store(None, work)


def test_a_digest_that_was_sent_is_not_touched() -> None:
    """A line that comes for it then stands in another one, told at once; the same line again changes nothing."""

    async def work(store: Store) -> None:
        await with_stories(store, "one", "two")
        await save(store, order(1))
        first = await take(store)
        await save(store, order(1), order(2))
        await settle(store, first)
        await save(store, order(1))

        assert (titles(first), titles(await take(store))) == (["story 1"], ["story 2"])

    with_store(None, work)


def test_a_digest_of_words_that_waits_is_still_sent() -> None:
    """It was begun by an earlier version: it keeps its words, and nothing is added to it."""
    db = Database(memory=True)
    migrations.apply(db, stop_before="lines_of_digests")
    db.execute(
        """insert into outbox
        (id, chat, story_id, kind, revision, priority, state, not_before, created, changed, answer)
        values (1, 'team', 0, 'digest', 1, 'normal', 'pending', 5, 0, 0, 'one · A')"""
    )
    migrations.apply(db)
    assert add_line(Transaction(db.conn), "team", 2, DigestLine("two", "B"), 5, 0) == 2
    db.close()

    async def work(store: Store) -> None:
        await store.chats.set_chats([TEAM])
        words = MessageOrder(
            "team", MessageKind.DIGEST, Priority.NORMAL, "digest:1", payload=DigestPayload("one · A\ntwo · B")
        )
        await store._connection.write(lambda db: put(db, words, 0))
        alert = await take(store)
        assert rendered(alert).plain == "one · A\ntwo · B"

    with_store(None, work)


def test_a_number_shows_its_story_in_a_message_of_its_own() -> None:
    """At once, in quiet hours too, and once; the decide stage knows that it was sent, and it grows from then on."""

    async def work(store: Store) -> None:
        items = await with_stories(store, "one", "two")
        await save(store, order(1), order(2))
        await settle(store, await take(store))
        await store.chats.set_chats([replace(TEAM, quiet=Quiet(time(0), time(23, 59)))])
        assert await shown(store, 2)
        assert (await outbox(store))[1:] == [("alert", "pending", "high")]
        assert await shown(store, 2), "it waits, and is still to come"
        assert (await store.decide.preferences()).shown == {("team", 2)}
        alert = await take(store)
        assert alert.story is not None
        assert (alert.story.id, alert.sent, [match.item.id for match in alert.matches]) == (2, None, [items[1].id])
        await settle(store, alert, number=6)

        assert not await shown(store, 2), "its message is there"
        assert await store.decide.delivery_records([1, 2]) == {
            ("team", 1): DeliveryRecord(0, True),
            ("team", 2): DeliveryRecord(0),
        }

    with_store(None, work)


@pytest.mark.parametrize(
    ("digest", "number", "chat"), [(1, 0, "team"), (1, 2, "team"), (1, -1, "team"), (9, 1, "team"), (1, 1, "me")]
)
def test_a_number_that_is_not_there_shows_nothing(digest: int, number: int, chat: str) -> None:
    """Nor does one of another chat's digest: what is pressed is not to be trusted."""

    async def work(store: Store) -> None:
        await with_stories(store, "one")
        await save(store, order(1))
        await settle(store, await take(store))

        assert not await shown(store, number, digest, chat)
        assert len(await outbox(store)) == 1

    with_store(None, work)


def test_what_was_sent_in_a_digest_instead_of_its_message_can_be_shown() -> None:
    """It was left without an answer twice: whoever wants to see it gets one more, and it is settled by that."""

    async def work(store: Store) -> None:
        (item,) = await with_stories(store, "one")
        await store.decide.commit_batch(told(item))
        for _ in range(2):
            await settle(store, await take(store), DeliveryResult.UNCERTAIN)
        digest = await take(store, LATER + timedelta(hours=2))
        assert titles(digest) == ["one"]
        await settle(store, digest)
        assert await shown(store, 1, digest.id)
        await settle(store, await take(store), number=9)

        assert {state for _, state, _ in await outbox(store)} == {"sent"}
        assert not await shown(store, 1, digest.id)

    with_store(None, work)


def test_a_digest_is_forgotten_with_its_lines_and_its_buttons() -> None:
    """Once it is told and old."""

    async def work(store: Store) -> None:
        await with_stories(store, "one")
        for due in (NOW, LATER):
            await save(store, order(1, due=due))
            await settle(store, await take(store))
        while await store.forget(NOW + timedelta(days=200), timedelta(days=90), timedelta(days=180)):
            pass
        counts = await counted(store, "digest_lines", "handles")

        assert counts == [0, 0]

    with_store(None, work)


TEXTS = st.text(st.sampled_from("aé日😀.@/#$ &<>\"'"), min_size=1, max_size=400) | st.sampled_from(
    ["x" * 400, "😀" * 400]
)
LINES = st.lists(
    st.builds(
        DigestLine,
        TEXTS,
        TEXTS,
        st.sampled_from([None, "https://a.example/x"]),
        st.sampled_from(["", "may be a repeat"]) | TEXTS,
        st.just("") | TEXTS,
        st.sampled_from(["", "departure", "funding", "strike", "launch"]),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(LINES, TEXTS, st.integers(1, 20))
@example([DigestLine("x", "A")] * 40, "wordy " * 60, 20)
@example(
    [*[DigestLine("x" * 60, "A")] * 10, *(DigestLine("x", "A", news=f"{n}{'w' * 280}") for n in range(10))], "x", 1
)
def test_every_digest_fits_one_message(lines: list[DigestLine], grown: str, sources: int) -> None:
    """Whatever its stories have grown to: all lines stand in it, and Telegram takes it as it is."""

    async def work(store: Store) -> None:
        items = await with_stories(store, *(f"news {n}" for n in range(len(lines))))

        def fill(db: Transaction) -> None:
            for number, line in enumerate([*lines, *reversed(lines)]):  # the second time something is new
                add_line(db, "team", number % len(lines) + 1, line, 0, 0)
            for number in range(1, len(lines) + 1):
                for more in range(sources):
                    db.execute(
                        """insert or ignore into story_sources (story_id, item_id, outlet, title, url, at, is_named)
                        values (?, ?, ?, ?, 'https://b.example/y', ?, 1)""",
                        [number, items[more % len(items)].id, f"{more}{grown}"[:200], grown, more],
                    )

        await store._connection.write(fill)
        told: set[int] = set()
        news: set[tuple[int, str]] = set()
        while alerts := await store.deliver.take_alerts(["team"], LATER):
            (alert,) = alerts
            assert alert.digest is not None
            message = rendered(alert)
            read = read_text(message.html, "HTML")
            assert units(read.text) <= 4096
            assert len(read.entities) <= 100
            assert message.plain.count("\n") >= len(alert.digest.entries)
            assert all(len(row) <= 8 for row in message.buttons)
            told |= {entry.story.id for entry in alert.digest.entries if entry.story}
            news |= {(one.story.id, p) for one in alert.digest.entries if one.story for p in one.line.news.split("; ")}
            await settle(store, alert)
        assert told == set(range(1, len(lines) + 1))
        for number, line in enumerate([*lines, *reversed(lines)]):
            for part in shorten(one_line(line.news), 300).split("; "):
                assert not part or (number % len(lines) + 1, part) in news

    with_store(None, work)
