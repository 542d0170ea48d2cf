"""Alert, update, or silence with its reason; and the whole desk on a real store."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.desk.decide import FIRST_POLL, UNWANTED, Memory, decide_items
from bot.desk.stage import Desk
from bot.model import Action, Batch, Item, Kind, WatchSpec
from bot.store.sqlite import SqliteStore
from tests.desk.builders import MARTEN, item, watchlist
from tests.store.builders import LATER, leased, poll

WINDOW = timedelta(hours=72)
TEAM = WatchSpec("team's", to=("team",), people=("Ilse Marten",))
LAB = WatchSpec("lab", to=("me",), keywords=("lab",))
LEAVES = "Ilse Marten leaves Corvid AI for good"


def fresh() -> Memory:
    return Memory(stories={}, last_story=0, revisions={}, matched={})


def decide(*items: Item, specs: tuple[WatchSpec, ...] = (MARTEN,)) -> Batch:
    return decide_items(items, watchlist(*specs), fresh(), WINDOW)


def outcomes(batch: Batch) -> list[tuple[int, str, str]]:
    return [(d.item_id, d.chat, d.action) for d in batch.decisions]


def test_the_first_report_alerts_and_the_next_outlet_updates() -> None:
    """Revision 0 is the alert; each further outlet orders an edit."""
    batch = decide(item(LEAVES), item(LEAVES, number=2, outlet="Wireline"), item(LEAVES, number=3, outlet="Herald"))

    assert outcomes(batch) == [(1, "me", Action.ALERT), (2, "me", Action.UPDATE), (3, "me", Action.UPDATE)]
    assert [(o.kind, o.revision) for o in batch.orders] == [(Kind.ALERT, 0), (Kind.EDIT, 1), (Kind.EDIT, 2)]
    assert len(batch.stories[-1].sources) == 3


@pytest.mark.parametrize(
    ("items", "specs", "reason"),
    [
        ([item(LEAVES, baseline=True)], (MARTEN,), FIRST_POLL),
        ([item("Nothing of note")], (MARTEN,), UNWANTED),
        ([item(LEAVES), item(LEAVES, number=2)], (MARTEN,), "this outlet is among its sources"),
        ([item("Marten founds a lab")], (MARTEN, LAB), 'told by the watch "Marten"'),
        ([item(LEAVES), item(LEAVES + ", really", edits=1)], (MARTEN,), "edited after this watch had matched it"),
    ],
)
def test_every_silence_has_its_reason(items: list[Item], specs: tuple[WatchSpec, ...], reason: str) -> None:
    """The last decision is a silence, and says why."""
    last = decide(*items, specs=specs).decisions[-1]

    assert last.action is Action.SILENT
    assert reason in last.reason


def test_every_chat_gets_its_own_alert() -> None:
    """What one chat was told does not silence another."""
    batch = decide(item(LEAVES), specs=(MARTEN, TEAM))

    assert outcomes(batch) == [(1, "me", Action.ALERT), (1, "team", Action.ALERT)]


def test_an_edit_that_first_matches_alerts() -> None:
    """Words that come later can be news."""
    batch = decide(item("A note"), item("A note: Ilse Marten leaves", edits=1))

    assert outcomes(batch) == [(1, "", Action.SILENT), (1, "me", Action.ALERT)]


TITLES = st.sampled_from(
    [LEAVES, "Ilse Marten founds a lab", "Nothing of note", "A lab burns", "Marten quits", "Martens in the woods"]
)
NEWS = st.lists(st.tuples(TITLES, st.sampled_from(["One", "Two", "Three"]), st.booleans()), max_size=12)


@settings(max_examples=80, deadline=None)
@given(NEWS, st.integers(1, 5))
def test_batches_decide_as_one_by_one(news: list[tuple[str, str, bool]], size: int) -> None:
    """How the items are cut into batches changes nothing, and each item ends once for each watch and chat."""
    specs = (MARTEN, TEAM, LAB)
    items = [
        item(title, number=n, outlet=outlet, baseline=base, hours=n)
        for n, (title, outlet, base) in enumerate(news, start=1)
    ]
    whole = decide(*items, specs=specs)
    memory = fresh()
    cuts = range(0, len(items), size)
    parts = [decide_items(items[cut : cut + size], watchlist(*specs), memory, WINDOW) for cut in cuts]

    assert [d for part in parts for d in part.decisions] == list(whole.decisions)
    assert [o for part in parts for o in part.orders] == list(whole.orders)
    keys = [(d.item_id, d.watch, d.chat) for d in whole.decisions]
    assert len(keys) == len(set(keys))
    assert {d.item_id for d in whole.decisions} == {i.id for i in items}


def test_the_desk_reads_decides_and_commits() -> None:
    """On a real store: the baseline is silent, news is ordered, nothing stays pending."""
    store = SqliteStore(None)

    async def work() -> None:
        lease, feed = await leased(store)
        desk = Desk(store.desk, watchlist(MARTEN), WINDOW)
        await store.wire.commit_poll(lease, poll(feed, "Ilse Marten before"), LATER)
        assert await desk.run_once() == 0
        (feed,) = await store.wire.due(lease, LATER)
        await store.wire.commit_poll(lease, poll(feed, LEAVES, "Nothing of note"), LATER)
        assert await desk.run_once() == 1

        assert (await store.status()).items_pending == 0
        assert await store.actions() == {Action.ALERT: 1, Action.SILENT: 2}
        assert set(await store.silences()) == {FIRST_POLL, UNWANTED}

    try:
        asyncio.run(work())
    finally:
        store.close()
