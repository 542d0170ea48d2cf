"""What a chat wants beside its watches: stories followed and muted, watches snoozed, a digest of the day."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.alerts.batch import Limits
from bot.alerts.candidates import StoryMemory
from bot.alerts.decide import decide_items
from bot.alerts.stage import DecideStage
from bot.core.model import (
    Action,
    Batch,
    ChatSpec,
    Decision,
    Entry,
    Item,
    Mark,
    MessageKind,
    Preferences,
    Priority,
    WatchSpec,
)
from bot.feeds.identity import keyed
from bot.store.chat_hours import set_hours, snooze
from bot.store.engine.transaction import Transaction
from bot.store.store import Store
from bot.stories.grouping import LiveStories
from tests.store.builders import LATER, NOW, leased, poll, with_store
from tests.stories.builders import START, item, watchlist

WINDOW = timedelta(hours=72)
UTC_ZONE = ZoneInfo("UTC")
MARTEN = WatchSpec("Marten", to=("me",), people=("Ilse Marten",))
CORVID = WatchSpec("Corvid", to=("me",), organisations=("Corvid AI",))
LOW = replace(CORVID, name="low", priority=Priority.LOW)
HIGH = replace(CORVID, name="high", priority=Priority.HIGH)
LEAVES = item("Ilse Marten leaves Corvid AI")
AGAIN = item("Ilse Marten quits Corvid AI", number=2, outlet="Wireline", hours=1)
DENIES = item("Ilse Marten denies leaving Corvid AI", number=3, outlet="Herald", hours=2)
DAY = Preferences(digests={"me": (time(8), UTC_ZONE)})
TOMORROW = START.replace(day=4, hour=8)


def snoozed(*watches: str, hours: float = 1.5) -> Preferences:
    return Preferences(snoozes={("me", watch): START + timedelta(hours=hours) for watch in watches})


def decide(
    items: Iterable[Item], specs: Sequence[WatchSpec], *preferences: Preferences, per_hour: int = 30
) -> list[Batch]:
    """Decide about items one by one, each with the preferences of its time; the last ones stay."""
    memory, watches = StoryMemory(LiveStories(WINDOW)), watchlist(*specs)
    every = list(items)
    held = [*preferences, *[preferences[-1]] * len(every)]
    return [
        decide_items([one], watches, memory, Limits(per_hour), want) for one, want in zip(every, held, strict=False)
    ]


def actions(batches: Sequence[Batch]) -> list[list[str]]:
    """Return what was done for each item, silences left out."""
    return [[d.action for d in batch.decisions if d.action is not Action.SILENT] for batch in batches]


def lines(batches: Sequence[Batch]) -> list[tuple[str, str, datetime | None]]:
    """Return the lines of digests: why, what is new, and when they are told."""
    return [(o.line.remark, o.line.news, o.not_before) for batch in batches for o in batch.orders if o.line]


def test_a_muted_story_is_silent() -> None:
    """No edit, no reply, whatever happens in it and whichever watch would tell it; another story is told."""
    other = item("Petra Varga joins Corvid AI", number=4, hours=3)
    muted = Preferences(marks={("me", 1): Mark.MUTED})
    first, *rest, last = decide([LEAVES, AGAIN, DENIES, other], [MARTEN, HIGH], Preferences(), muted)

    assert actions([first, *rest, last]) == [["alert"], [], [], ["alert"]]
    assert {d.reason for batch in rest for d in batch.decisions} == {"this chat muted the story"}
    assert [batch.orders for batch in rest] == [(), ()]


def test_muting_is_for_one_chat() -> None:
    """Another one is told on."""
    team = replace(MARTEN, name="team's", to=("team",))
    batches = decide([LEAVES, DENIES], [MARTEN, team], Preferences(), Preferences(marks={("me", 1): Mark.MUTED}))

    assert [(d.chat, d.action) for d in batches[1].decisions] == [("me", "silent"), ("team", "reply")]


@pytest.mark.parametrize("spec", [MARTEN, LOW])
@pytest.mark.parametrize("preferences", [Preferences(), DAY])
def test_what_is_new_in_a_followed_story_is_told_with_a_sound(spec: WatchSpec, preferences: Preferences) -> None:
    """At any hour, also for a low watch; that its message grows is no reason for a sound."""
    followed = replace(preferences, marks={("me", 1): Mark.FOLLOWED})
    batches = decide([LEAVES, AGAIN, DENIES], [spec], Preferences(), followed)

    orders = [(o.kind, o.priority) for batch in batches[1:] for o in batch.orders]
    low = spec.priority
    assert orders == [(MessageKind.EDIT, low), (MessageKind.EDIT, low), (MessageKind.REPLY, Priority.HIGH)]


def test_a_followed_story_goes_over_the_cap() -> None:
    """It stood in a digest; what is new in it is told at once."""
    batches = decide(
        [item("Corvid AI burns a lab", number=9), LEAVES, replace(DENIES, seen=LEAVES.seen)],
        [CORVID],
        Preferences(),
        Preferences(),
        Preferences(marks={("me", 2): Mark.FOLLOWED}),
        per_hour=1,
    )

    assert actions(batches) == [["alert"], ["digest"], ["alert"]]
    assert batches[-1].orders[0].priority is Priority.HIGH


def test_a_snoozed_watch_is_told_in_a_line_when_that_ends() -> None:
    """Once; what is new in it as well; nothing is lost, and the reason says until when."""
    late = replace(DENIES, seen=START + timedelta(hours=1.4))
    batches = decide([LEAVES, AGAIN, late], [MARTEN], snoozed("Marten"))

    ends = START + timedelta(hours=1.5)
    assert actions(batches) == [["digest"], [], ["digest"]]
    remark = "while the watch “Marten” was snoozed"
    assert lines(batches) == [(remark, "", ends), (remark, "denied", ends)]
    assert batches[0].decisions[0].reason == "the watch is snoozed until 2026-03-03 10:30 UTC: told in one line then"


def test_after_the_snooze_the_watch_speaks_again() -> None:
    """What stood in the digest is not told again, what is new is."""
    again = replace(AGAIN, seen=START + timedelta(hours=2))
    denies = replace(DENIES, seen=START + timedelta(hours=3))

    assert actions(decide([LEAVES, again, denies], [MARTEN], snoozed("Marten"))) == [["digest"], [], ["alert"]]


@pytest.mark.parametrize(("hours", "expected"), [(0.0, "alert"), (0.001, "digest")])
def test_a_snooze_ends_on_time(hours: float, expected: str) -> None:
    """What is seen at its end is told."""
    assert actions(decide([LEAVES], [MARTEN], snoozed("Marten", hours=hours))) == [[expected]]


@pytest.mark.parametrize("other", [CORVID, HIGH])
def test_another_watch_of_the_chat_tells_the_story_all_the_same(other: WatchSpec) -> None:
    """Of the same item, and of a later one though the story stands in a digest."""
    both = decide([LEAVES], [MARTEN, other], snoozed("Marten"))
    nameless = item("Ilse Marten leaves for good")
    named = item("Ilse Marten leaves Corvid AI for good", number=2, outlet="Wireline", hours=1)
    later = decide([nameless, named], [MARTEN, other], snoozed("Marten"))

    assert actions(both) == [["alert"]]
    assert actions(later) == [["digest"], ["alert"]]


def test_a_story_that_is_told_grows_in_silence_while_its_watch_is_snoozed() -> None:
    """The message follows; what would have made a sound is a line."""
    batches = decide([LEAVES, AGAIN, DENIES], [MARTEN], Preferences(), snoozed("Marten", hours=5))

    assert actions(batches) == [["alert"], ["update"], ["digest"]]
    assert [o.kind for o in batches[2].orders] == [MessageKind.EDIT, MessageKind.DIGEST]
    assert lines(batches)[0][1] == "denied"


def test_low_priority_waits_for_the_digest_of_the_day() -> None:
    """Strictly the next one; what is new goes there too; without an hour it is told at once, silently."""
    at_eight = item("Corvid AI opens a lab", number=4, hours=23)
    assert actions(decide([LEAVES], [LOW], Preferences())) == [["alert"]]
    batches = decide([LEAVES, AGAIN, DENIES, at_eight], [LOW], DAY)

    assert actions(batches) == [["digest"], [], ["digest"], ["digest"]]
    assert lines(batches) == [("", "", TOMORROW), ("", "denied", TOMORROW), ("", "", TOMORROW + timedelta(days=1))]
    assert batches[0].decisions[0].reason == "low priority: told in the digest of 2026-03-04 08:00 (UTC)"


def test_the_digest_of_the_day_is_at_the_hour_of_the_chat() -> None:
    """In its own zone."""
    tokyo = Preferences(digests={"me": (time(8), ZoneInfo("Asia/Tokyo"))})

    assert lines(decide([LEAVES], [LOW], tokyo)) == [("", "", START.replace(hour=23))]


@pytest.mark.parametrize("spec", [CORVID, HIGH, LOW])
def test_a_digest_hour_is_for_low_priority_alone(spec: WatchSpec) -> None:
    """Others are told at once."""
    expected = "digest" if spec is LOW else "alert"

    assert actions(decide([LEAVES], [spec], DAY)) == [[expected]]


def test_a_louder_watch_does_not_wait_for_a_quieter_one() -> None:
    """Of one item the loudest tells, in whatever order they are listed; a story of a digest is told by it as well."""
    low = replace(MARTEN, priority=Priority.LOW)
    nameless = item("Ilse Marten leaves for good")
    named = item("Ilse Marten leaves Corvid AI for good", number=2, outlet="Wireline", hours=1)

    assert actions(decide([LEAVES], [low, CORVID], DAY)) == [["alert"]]
    assert actions(decide([nameless, named], [low, CORVID], DAY)) == [["digest"], ["alert"]]


def test_a_story_shown_out_of_a_digest_grows_from_then_on() -> None:
    """Somebody pressed its number: it has a message, which is changed and answered."""
    shown = replace(DAY, shown=frozenset({("me", 1)}))
    normal = replace(LOW, priority=Priority.NORMAL)
    memory = StoryMemory(LiveStories(WINDOW))
    batches = [
        decide_items([LEAVES], watchlist(LOW), memory, None, DAY),
        decide_items([AGAIN, DENIES], watchlist(normal), memory, None, shown),
    ]

    assert actions(batches) == [["digest"], ["update", "reply"]]
    assert [(o.kind, o.revision) for o in batches[1].orders] == [
        (MessageKind.EDIT, 1),
        (MessageKind.EDIT, 2),
        (MessageKind.REPLY, 2),
    ]


TITLES = (
    "Ilse Marten leaves Corvid AI",
    "Ilse Marten quits Corvid AI",
    "Ilse Marten denies leaving Corvid AI",
    "Petra Varga joins Corvid AI",
    "Corvid AI names Ilse Marten chief executive",
    "Ilse Marten leaves for good",
    "Ilse Marten leaves Corvid AI for good",
)
CHIEF = WatchSpec("chief", to=("me", "team"), keywords=("chief executive",), priority=Priority.HIGH)
WATCHES = watchlist(MARTEN, CORVID, LOW, CHIEF, replace(MARTEN, name="team's", to=("team",), priority=Priority.LOW))
WANTS = st.sampled_from(
    ["", "snooze Marten", "snooze Corvid", "snooze chief", "end", "mute", "follow", "digest", "none"]
)
HIDDEN = [("Ilse Marten leaves for good", 0, "snooze Marten"), ("Ilse Marten leaves Corvid AI for good", 0, "")]
STEPS = st.lists(st.tuples(st.sampled_from(TITLES), st.integers(0, 3), WANTS), min_size=1, max_size=14)


def want(db: Transaction, wish: str, now: datetime) -> None:
    """Let both chats want something."""
    for chat in ("me", "team"):
        match wish.split():
            case ["snooze", watch]:
                snooze(db, chat, watch, now + timedelta(hours=3))
            case ["end"]:
                for watch in ("Marten", "Corvid", "chief"):
                    snooze(db, chat, watch, None)
            case ["mute" | "follow" as mark]:
                value = Mark.MUTED if mark == "mute" else Mark.FOLLOWED
                db.execute("insert or replace into marks values (?, 1, ?, 0)", [chat, value])
            case ["digest"]:
                set_hours(db, chat, digest="11:00", timezone="Asia/Tokyo")
            case ["none"]:
                set_hours(db, chat, digest="")
                db.execute("delete from marks")


async def live(store: Store, steps: Sequence[tuple[str, int, str]], *, restarts: bool) -> list[Decision]:
    """Decide about a headline an hour on a real store, with preferences that change; return all decisions."""
    await store.chats.set_chats([ChatSpec("team", 1)])
    lease, feed = await leased(store)
    await store.fetch.commit_poll(lease, poll(feed, "Before"), LATER)
    decisions: list[Decision] = []
    commit = store.decide.commit_batch

    async def note(batch: Batch) -> None:
        decisions.extend(batch.decisions)
        await commit(batch)

    store.decide.commit_batch = note  # type: ignore[method-assign]  # listens, and commits all the same
    stage = DecideStage(store.decide, WATCHES, WINDOW, Limits(2))
    for number, (title, again, wish) in enumerate(steps):
        now = NOW + timedelta(minutes=20 * number)
        await store._connection.write(lambda db, wish=wish, now=now: want(db, wish, now))  # type: ignore[misc]
        (feed,) = await store.fetch.due(lease, NOW + timedelta(days=999))
        entries = [Entry(str(number), f"https://a.example/{number}", f"{title}{' again' * again}", "", None)]
        await store.fetch.commit_poll(lease, replace(poll(feed, at=now), new=keyed(entries)), LATER)
        if restarts:
            stage = DecideStage(store.decide, WATCHES, WINDOW, Limits(2))
        await stage.run_once()
    return decisions


@settings(max_examples=40, deadline=None)
@given(STEPS)
@example(HIDDEN)
def test_a_restart_changes_no_decision(steps: list[tuple[str, int, str]]) -> None:
    """Whatever chats want meanwhile: what stands in which digest, for whom, is read again from what is stored."""

    async def once(store: Store) -> list[Decision]:
        return await live(store, steps, restarts=False)

    async def again(store: Store) -> list[Decision]:
        return await live(store, steps, restarts=True)

    assert with_store(None, once) == with_store(None, again)


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_no_story_is_lost_but_a_muted_one(steps: list[tuple[str, int, str]]) -> None:
    """Each that a chat's watch wanted is told there, in a message or in a line of a digest that has a time."""

    async def work(store: Store) -> None:
        decisions = await live(store, steps, restarts=False)
        wanted = {(d.chat, d.story_id) for d in decisions if d.story_id is not None}
        query = """select chat, story_id from outbox where kind = 'alert'
            union select o.chat, l.story_id from digest_lines l join outbox o on o.id = l.digest"""
        told = set(await store._connection.read(lambda db: db.rows(query)))
        muted = {(d.chat, d.story_id) for d in decisions if d.reason == "this chat muted the story"}
        assert wanted <= told | muted

    with_store(None, work)
