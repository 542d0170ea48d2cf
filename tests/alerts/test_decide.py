"""Alert, update, or silence with its reason; and the whole decide stage on a real store."""

import asyncio
from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.alerts.batch import Limits
from bot.alerts.candidates import StoryMemory
from bot.alerts.decide import decide_items, skip_item
from bot.alerts.rules import (
    FIRST_POLL,
    ITEM_RULES,
    LATE,
    MATCH_RULES,
    MATCHED_RULES,
    RULES,
    UNWANTED,
    backfill,
    background,
    edited_after_match,
    late_arrival,
    muted,
    outlet_is_listed,
    reported_by_another_watch,
    stands_in_a_digest,
    unwanted,
)
from bot.alerts.stage import DecideStage
from bot.core.model import OWNER, Action, Batch, Item, Mark, MessageKind, Preferences, Priority, WatchSpec
from bot.core.model.outbox import ReplyPayload
from bot.store.store import Store
from bot.stories.grouping import LiveStories
from tests.store.builders import LATER, leased, poll
from tests.stories.builders import MARTEN, item, watchlist

WINDOW = timedelta(hours=72)
TEAM = WatchSpec("team's", to=("team",), people=("Ilse Marten",))
LAB = WatchSpec("lab", to=("me",), keywords=("lab",))
EXITS = WatchSpec("exits", to=("me",), events=("departure",))
LEAVES = "Ilse Marten leaves Corvid AI for good"


def fresh() -> StoryMemory:
    return StoryMemory(LiveStories(WINDOW))


def decide(*items: Item, specs: tuple[WatchSpec, ...] = (MARTEN,)) -> Batch:
    return decide_items(items, watchlist(*specs), fresh())


def outcomes(batch: Batch) -> list[tuple[int, str, str]]:
    return [(d.item_id, d.chat, d.action) for d in batch.decisions]


def test_the_first_report_alerts_and_the_next_outlet_updates() -> None:
    """Revision 0 is the alert; each further outlet orders an edit."""
    batch = decide(item(LEAVES), item(LEAVES, number=2, outlet="Wireline"), item(LEAVES, number=3, outlet="Herald"))

    assert outcomes(batch) == [(1, "me", Action.ALERT), (2, "me", Action.UPDATE), (3, "me", Action.UPDATE)]
    assert [(o.kind, o.revision) for o in batch.orders] == [
        (MessageKind.ALERT, 0),
        (MessageKind.EDIT, 1),
        (MessageKind.EDIT, 2),
    ]
    assert len(batch.stories[-1].sources) == 3


MUTED = Preferences(marks={("me", 1): Mark.MUTED})
DAILY = Preferences(digests={"me": (time(8), ZoneInfo("UTC"))})
LOW = replace(MARTEN, priority=Priority.LOW)
FIRST, MORE = item(LEAVES), item("Ilse Marten quits Corvid AI", number=2, outlet="Wireline")
SILENCES: list[tuple[object, list[Item], tuple[WatchSpec, ...], Preferences, str]] = [
    (backfill, [item(LEAVES, is_backfill=True)], (MARTEN,), Preferences(), FIRST_POLL),
    (late_arrival, [replace(FIRST, is_backfill=True, is_late_arrival=True)], (MARTEN,), Preferences(), LATE),
    (unwanted, [item("Nothing of note")], (MARTEN,), Preferences(), UNWANTED),
    (
        background,
        [item("Ex-Corvid AI chief Ilse Marten, who left in 2017, paints")],
        (EXITS,),
        Preferences(),
        "background: ",
    ),
    (muted, [FIRST, MORE], (MARTEN,), MUTED, "this chat muted the story"),
    (edited_after_match, [FIRST, item(LEAVES, "More below.", edits=1)], (MARTEN,), Preferences(), "edited after"),
    (reported_by_another_watch, [item("Marten founds a lab")], (MARTEN, LAB), Preferences(), 'by the watch "Marten"'),
    (outlet_is_listed, [FIRST, item(LEAVES, number=2)], (MARTEN,), Preferences(), "this outlet is among its sources"),
    (stands_in_a_digest, [FIRST, MORE], (LOW,), DAILY, "the story stands in a digest already"),
]


@pytest.mark.parametrize(("rule", "items", "specs", "preferences", "reason"), SILENCES)
def test_every_rule_silences(
    rule: object, items: list[Item], specs: tuple[WatchSpec, ...], preferences: Preferences, reason: str
) -> None:
    """The last decision is a silence, with the reason of the rule."""
    memory = fresh()
    for one in items[:-1]:
        decide_items([one], watchlist(*specs), memory, None, replace(preferences, marks={}))
    last = decide_items(items[-1:], watchlist(*specs), memory, None, preferences).decisions[-1]

    assert last.action is Action.SILENT
    assert reason in last.reason


def test_every_line_of_the_tables_is_a_rule_above() -> None:
    """A new reason for silence comes with its case."""
    rules = (*ITEM_RULES, *MATCHED_RULES, *MATCH_RULES, *RULES)

    assert {rule for rule, *_ in SILENCES} == set(rules)


def test_without_rules_nothing_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The null control: with no rule for candidates, none of those above is silent."""
    monkeypatch.setattr("bot.alerts.batch.RULES", ())
    for rule, items, specs, preferences, _ in SILENCES:
        if rule in RULES:
            batch = decide_items(items, watchlist(*specs), fresh(), None, preferences)
            assert all(decision.action is not Action.SILENT for decision in batch.decisions)


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
        item(title, number=n, outlet=outlet, is_backfill=base, hours=n)
        for n, (title, outlet, base) in enumerate(news, start=1)
    ]
    whole = decide(*items, specs=specs)
    memory = fresh()
    cuts = range(0, len(items), size)
    parts = [decide_items(items[cut : cut + size], watchlist(*specs), memory) for cut in cuts]

    assert [d for part in parts for d in part.decisions] == list(whole.decisions)
    assert [o for part in parts for o in part.orders] == list(whole.orders)
    keys = [(d.item_id, d.watch, d.chat) for d in whole.decisions]
    assert len(keys) == len(set(keys))
    assert {d.item_id for d in whole.decisions} == {i.id for i in items}


def test_the_decide_stage_reads_decides_and_commits() -> None:
    """On a real store: the backfill is silent, news is ordered, nothing stays pending."""
    store = Store(None)

    async def work() -> None:
        lease, feed = await leased(store)
        stage = DecideStage(store.decide, watchlist(MARTEN), WINDOW)
        await store.fetch.commit_poll(lease, poll(feed, "Ilse Marten before"), LATER)
        assert await stage.run_once() == 0
        (feed,) = await store.fetch.due(lease, LATER)
        await store.fetch.commit_poll(lease, poll(feed, LEAVES, "Nothing of note"), LATER)
        assert await stage.run_once() == 1

        assert (await store.status()).items_pending == 0
        assert await store.actions() == {Action.ALERT: 1, Action.SILENT: 2}
        assert set(await store.silences()) == {FIRST_POLL, UNWANTED}

    try:
        asyncio.run(work())
    finally:
        store.close()


def test_a_development_is_a_reply() -> None:
    """The message grows, and what is new is said in an answer to it; a rewrite is not."""
    batch = decide(
        item("Ilse Marten leaves Corvid AI"),
        item("Ilse Marten quits Corvid AI", number=2, outlet="Wireline", hours=1),
        item("Arrowhead hires Ilse Marten from Corvid AI", number=3, outlet="Herald", hours=20),
        item("Arrowhead names Ilse Marten chief scientist", number=4, outlet="Post", hours=21),
    )

    assert [action for _, _, action in outcomes(batch)] == [Action.ALERT, Action.UPDATE, Action.REPLY, Action.UPDATE]
    assert [order.payload for order in batch.orders if order.kind is MessageKind.REPLY] == [
        ReplyPayload("destination: Arrowhead", "Arrowhead hires Ilse Marten from Corvid AI", "Herald")
    ]


@pytest.mark.parametrize(
    ("first", "second", "hours", "news"),
    [
        ("Ilse Marten to leave Corvid AI, sources say", "Corvid AI confirms Ilse Marten is leaving", 1, "confirmed"),
        ("Ilse Marten leaves Corvid AI", "Ilse Marten denies leaving Corvid AI", 24, "denied"),
        ("Corvid AI chief executive Ilse Marten leaves", "Corvid AI names Petra Varga chief executive", 9, "successor"),
        ("Ilse Marten to leave Corvid AI in May", "Ilse Marten has left Corvid AI", 48, "now it has happened"),
        ("Corvid may shut Tarn data centre", "Corvid shuts Tarn data centre", 30, "confirmed"),
        ("Corvid plans Tarn data centre", "Corvid confirms Tarn data centre plan", 1, "confirmed"),
        ("Fire at Tarn data centre", "Police arrest two over fire at Tarn data centre", 2, "a statement"),
        (
            "Ilse Marten tipped to run Tarn debt office",
            "Ilse Marten appointed head of Tarn debt office",
            5,
            "confirmed",
        ),
        ("Corvid chief Ilse Marten under fire", "Ilse Marten resigns from Corvid", 24, "now it has happened"),
        ("Ilse Marten leaves Corvid", "Health ministry accepts Marten's resignation from Corvid", 3, "a statement"),
        ("Pellucid in talks to buy Corvid", "Corvid: no Pellucid bid", 3, "denied"),
        ("Tarn dockers plan strike over shifts", "Tarn dockers go on strike", 30, "confirmed"),
        ("Fire at Tarn data centre", "Ministry: nobody hurt in Tarn data centre fire", 2, "a statement"),
        (
            "Corvid shuts Tarn data centre",
            "Corvid says it shuts Tarn data centre over losses and theft",
            3,
            "a statement",
        ),
    ],
)
def test_what_is_a_development(first: str, second: str, hours: int, news: str) -> None:
    """A confirmation, a denial, a successor, a plan that came true, what somebody says to it."""
    watch = WatchSpec("all", to=("me",), query="*")
    batch = decide(item(first), item(second, number=2, outlet="Wireline", hours=hours), specs=(watch,))

    assert [action for _, _, action in outcomes(batch)] == [Action.ALERT, Action.REPLY]
    reply = batch.orders[-1].payload
    assert isinstance(reply, ReplyPayload)
    assert reply.news.startswith(news)


@pytest.mark.parametrize(
    ("first", "second", "hours"),
    [
        ("Corvid may shut Tarn data centre", "Corvid to shut Tarn data centre", 1),  # "may" is dropped at once
        ("Police: fire at Tarn data centre", "Police say fire hits Tarn data centre", 2),  # the same body
        (
            "Corvid shuts Tarn data centre",
            "Corvid shuts Tarn data centre for want of power, says Corvid",
            3,
        ),  # where it is from
        ("Corvid recalls Tarn phone", "Corvid calls back Tarn phone over battery heat", 3),  # another sense
        ("Corvid shuts Tarn data centre", "Corvid says it shuts Tarn data centre", 3),  # nothing new
    ],
)
def test_what_is_none(first: str, second: str, hours: int) -> None:
    """A rewrite adds nothing, whatever verb it is told with."""
    watch = WatchSpec("all", to=("me",), query="*")
    batch = decide(item(first), item(second, number=2, outlet="Wireline", hours=hours), specs=(watch,))

    assert [action for _, _, action in outcomes(batch)] == [Action.ALERT, Action.UPDATE]


def test_an_outlet_that_takes_back_what_it_said_changes_the_message() -> None:
    """Though it is among the sources already."""
    batch = decide(item(LEAVES), item(f"CORRECTED - {LEAVES} in May", number=2, hours=1))

    assert [action for _, _, action in outcomes(batch)] == [Action.ALERT, Action.UPDATE]
    assert batch.stories[-1].sources[0].is_corrected


@pytest.mark.parametrize(
    ("after", "is_taken_back"),
    [
        ("Corvid profit rises to $40 million", True),
        ("Corvid profit falls to $20 million on weak sales", False),
        ("Corvid profit falls to $21 million", False),
    ],
)
def test_a_headline_that_is_turned_round_is_marked(after: str, *, is_taken_back: bool) -> None:
    """The publisher changed the headline of the same item: reworded is no correction, the opposite is one."""
    watch = WatchSpec("all", to=("me",), query="*")
    batch = decide(item("Corvid profit falls to $20 million"), item(after, edits=1, hours=1), specs=(watch,))

    assert batch.stories[-1].sources[0].title == after
    assert batch.stories[-1].sources[0].is_corrected is is_taken_back


def test_what_goes_over_the_cap_is_told_in_a_digest() -> None:
    """Nothing is dropped: a line each at the full hour; high priority is told at once; the next hour begins anew."""
    every = WatchSpec("all", to=("me",), query="*")
    high = WatchSpec("fire", to=("me",), keywords=("fire",), priority=Priority.HIGH)
    names = ["Tarn sinks", "Orrery rises", "Kestrel falls", "Nimbra burns", "Halyard sails", "Fire at Corvid"]
    items = [item(name, number=n, hours=n / 100) for n, name in enumerate(names, 1)]
    batch = decide_items([*items, item("Later news", number=7, hours=2)], watchlist(high, every), fresh(), Limits(3))

    actions = [action for _, _, action in outcomes(batch) if action is not Action.SILENT]
    assert actions == [*[Action.ALERT] * 3, Action.DIGEST, Action.DIGEST, Action.ALERT, Action.ALERT]
    lines = [order for order in batch.orders if order.kind is MessageKind.DIGEST]
    assert [order.line and order.line.title for order in lines] == ["Nimbra burns", "Halyard sails"]
    assert {order.not_before for order in lines} == {items[0].seen.replace(hour=10, second=0)}


def test_high_priority_is_told_though_a_digest_has_the_story() -> None:
    """A normal watch put it off; the urgent one of the same chat tells it all the same."""
    normal = WatchSpec("n", to=("me",), keywords=("Corvid",))
    high = WatchSpec("h", to=("me",), keywords=("good",), priority=Priority.HIGH)
    batch = decide_items(
        [
            item("Corvid burns a lab in Lisbon"),
            item("Ilse Marten leaves Corvid AI", number=2),
            item("Ilse Marten leaves Corvid AI for good", number=3, outlet="Wireline"),
        ],
        watchlist(normal, high),
        fresh(),
        Limits(1),
    )

    assert [action for _, _, action in outcomes(batch)][:3] == [Action.ALERT, Action.DIGEST, Action.ALERT]


def test_an_item_that_tells_something_else_after_its_story_is_told() -> None:
    """A feed may use an item again; what it says now is no edit of what it said then."""
    watch = WatchSpec("Corvid", to=("me",), organisations=("Corvid",))
    batch = decide(
        item("Corvid opens a lab"), item("Corvid goes bankrupt, chief arrested", edits=1, hours=80), specs=(watch,)
    )

    assert [action for _, _, action in outcomes(batch)] == [Action.ALERT, Action.ALERT]


def test_who_denies_confirms_nothing() -> None:
    """Two outlets report it, a third denies: confirmed by two of three."""
    batch = decide(
        item("Ilse Marten leaves Corvid AI"),
        item("Ilse Marten quits Corvid AI", number=2, outlet="Two"),
        item("Ilse Marten denies leaving Corvid AI", number=3, outlet="Three"),
    )

    assert (batch.stories[-1].independent, len(batch.stories[-1].sources)) == (2, 3)


def test_a_name_beside_a_role_without_an_event_is_a_near_miss() -> None:
    """It may be a wording that is missing: it is kept, though nothing is sent of it."""
    batch = decide(item("Corvid AI chief scientist paints"), specs=(replace(EXITS, organisations=("Corvid AI",)),))

    assert [(near.name, near.role) for near in batch.near_misses] == [("Corvid AI", "chief")]
    assert [decision.reason for decision in batch.decisions] == [UNWANTED]


def test_an_item_that_meets_a_bug_is_silent_with_that_reason() -> None:
    """And the owner is sent it as it is, at once."""
    batch = skip_item(item("A headline", number=7, url="https://ledger.example/7"), "KeyError")

    (decision,), (order,) = batch.decisions, batch.orders
    assert (decision.action, "KeyError" in decision.reason) == (Action.SILENT, True)
    assert (order.chat, order.kind, order.priority) == (OWNER, MessageKind.NOTICE, Priority.HIGH)
