"""What is asked for every message is found by an index, however many were sent before it."""

from collections.abc import Awaitable, Callable

import pytest

from bot.core.model import MessageKind, Priority
from bot.core.model.outbox import order_alert, order_edit, order_notice
from bot.store.engine.transaction import Transaction
from bot.store.outbox.rows import put
from bot.store.store import Store
from tests.store.builders import NOW, TEAM, with_store

MANY = 3_000  # messages that were sent
STATEMENTS = ("select", "insert", "update", "delete")

Question = Callable[[Store], Awaitable[object]]


async def plans(store: Store, ask: Question) -> list[str]:
    """Return how SQLite finds the rows for a question, step by step."""
    asked: list[str] = []
    await store._connection.read(lambda db: db.raw.set_trace_callback(asked.append))
    await ask(store)
    await store._connection.read(lambda db: db.raw.set_trace_callback(None))
    about = [text for text in asked if text.lower().lstrip().startswith(STATEMENTS) and "outbox" in text]
    assert about, "nothing was asked of the outbox"
    found = await store._connection.read(lambda db: [db.rows(f"explain query plan {text}") for text in about])
    return [step.detail for steps in found for step in steps]


def fill(db: Transaction) -> None:
    """Put very many messages in, nearly all of them sent, and let SQLite count them as it does at night."""
    for number in range(MANY):
        put(db, order_alert("team", number, Priority.NORMAL), 0)
        put(db, order_edit("team", number, 1, Priority.NORMAL), 0)
        put(db, order_notice("me", str(number), "words"), 0)
    db.execute("update outbox set state = 'sent' where story_id is null or story_id > 9")
    db.execute("analyze")


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.deliver.chats_waiting(NOW),
        lambda store: store.deliver.take_alerts(["team"], NOW),
        lambda store: store.deliver.notify("help", NOW),
        lambda store: store.decide.delivery_records([1, 2]),
        lambda store: store.chats.carry_out("team", 7, [], [], NOW),
        lambda store: store.chats.story_sent_by("team", 7),
    ],
    ids=["chats_waiting", "take_alerts", "notify", "delivery_records", "an update", "story_sent_by"],
)
def test_nobody_looks_through_the_whole_outbox(ask: Question) -> None:
    """A walk over those that wait is short; any other would grow with all that was ever sent."""

    async def work(store: Store) -> None:
        await store.chats.set_chats([TEAM])
        await store.chats.pair(42, 1000, "hello", NOW)
        await store._connection.write(fill)

        steps = await plans(store, ask)

        walks = [step for step in steps if step.startswith(("SCAN outbox", "SCAN o "))]
        assert [step for step in walks if "outbox_waiting" not in step] == []

    with_store(None, work)


def test_a_walk_through_the_outbox_would_be_seen() -> None:
    """The null control: by its kind alone no message can be found."""
    query = "select count(*) from outbox where kind = ?"

    async def work(store: Store) -> None:
        steps = await plans(store, lambda store: store._connection.read(lambda db: db.one(query, [MessageKind.ALERT])))

        assert any(step.startswith("SCAN outbox") for step in steps)

    with_store(None, work)
