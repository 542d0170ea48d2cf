"""What the decide stage commits: every decision in order, and nothing twice."""

from dataclasses import replace

from sqlite_utils import Database

from bot.core.model import Action, Batch, Decision, DigestLine, Item, Priority
from bot.core.model.outbox import order_line
from bot.store.engine.tables import migrations
from bot.store.engine.transaction import Transaction
from bot.store.reports import explain
from bot.store.store import Store
from bot.store.stories import matches_of
from tests.store.builders import LATER, leased, poll, told, with_store

LINES = (DigestLine("one", "A"), DigestLine("two", "B"))


def decided(item: Item, *decisions: Decision) -> Batch:
    return Batch(done=(item,), matches=(), stories=(), decisions=decisions, orders=())


def silent(item: Item, reason: str, watch: str = "", chat: str = "") -> Decision:
    return Decision(item.id, watch, chat, Action.SILENT, reason, 1 if watch else None)


async def one_item(store: Store) -> Item:
    lease, feed = await leased(store)
    await store.fetch.commit_poll(lease, poll(feed, "one"), LATER)
    (item,) = await store.decide.take_items(9)
    return item


async def reasons(store: Store, item: Item) -> list[str]:
    found = await store._connection.read(lambda db: explain(db, str(item.id)))
    return [decision.reason for decision in found]


def test_why_shows_what_was_decided_before_and_after_an_edit() -> None:
    """In order; a batch that comes again changes nothing, and a story's hits are not doubled."""

    async def work(store: Store) -> None:
        item = await one_item(store)
        edited = replace(item, edits=1)
        later = decided(edited, silent(item, "edited after it was matched", "watch", "team"))
        for batch in (told(item), later, told(item), later):
            await store.decide.commit_batch(batch)

        assert await reasons(store, item) == ["because", "edited after it was matched"]
        assert await store.silences() == {"edited after it was matched": 1}
        assert len(await store._connection.read(lambda db: matches_of(db, 1, "team"))) == 1

    with_store(None, work)


def test_an_item_that_nobody_wanted_at_first_keeps_both_decisions() -> None:
    """It counts as silent no more."""

    async def work(store: Store) -> None:
        item = await one_item(store)
        await store.decide.commit_batch(decided(item, silent(item, "no watch wants it")))
        assert await store.silences() == {"no watch wants it": 1}
        await store.decide.commit_batch(told(replace(item, edits=1)))

        assert await reasons(store, item) == ["no watch wants it", "because"]
        assert await store.silences() == {}

    with_store(None, work)


def test_the_decisions_of_an_older_version_are_kept() -> None:
    """They are about the item as it read at first."""
    db = Database(memory=True)
    db.execute("PRAGMA foreign_keys=ON")
    migrations.apply(db, stop_before="decisions_about_every_edit")
    db.execute("insert into feeds (id, url, host, name, tags, due) values (1, 'u', 'h', 'n', '[]', 0)")
    db.execute(
        """insert into items (id, feed_id, seq, state, title, summary, seen, digest)
        values (7, 1, 1, 'done', 't', 's', 0, x'00')"""
    )
    db.execute("insert into decisions values (7, 'watch', 'team', null, 'silent', 'because', 5)")
    migrations.apply(db)

    found = Transaction(db.conn).rows("select item_id, watch, chat, edits, story_id, action, reason, at from decisions")
    assert found == [(7, "watch", "team", 0, None, "silent", "because", 5)]


def test_a_line_of_a_digest_that_comes_again_changes_nothing() -> None:
    """Also when the digest is on its way: the line stands there once."""

    async def work(store: Store) -> None:
        item = await one_item(store)
        one, two = (order_line("team", n, line, LATER, Priority.NORMAL) for n, line in enumerate(LINES, 1))
        batch = replace(decided(item, silent(item, "over the cap")), orders=(one, two))
        await store.decide.commit_batch(batch)
        await store.decide.commit_batch(batch)
        await store._connection.write(lambda db: db.execute("update outbox set state = 'sending'"))
        await store.decide.commit_batch(batch)

        rows = await store._connection.read(lambda db: db.rows("select * from digest_lines"))
        assert [(row.digest, row.position, row.title) for row in rows] == [(1, 0, "one"), (1, 1, "two")]

    with_store(None, work)
