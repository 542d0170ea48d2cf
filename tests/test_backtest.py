"""Backtests: the same decide stage over what was, from a database or a file; and what is kept for them."""

import asyncio
import json
import random
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.alerts.batch import Limits
from bot.alerts.stage import DecideStage
from bot.core.model import Batch, Decision, Edit, Entry, Item, MessageOrder, Poll, WatchSpec
from bot.demo.newsroom import load
from bot.feeds.identity import keyed
from bot.store.engine.transaction import Transaction
from bot.store.history import edited, readings, search
from bot.store.memory import MemoryStore
from bot.store.store import Store
from tests.store.builders import LATER, NOW, counted, leased, poll, with_store
from tests.stories.builders import watchlist
from tests.stories.scripts import scenarios
from tests.test_cli import WATCH, config, run

__all__ = ["config"]

WATCHES = watchlist(
    WatchSpec("moves", to=("me", "team"), events=("departure", "arrival")),
    WatchSpec("all", to=("team",), query="*"),
    WatchSpec("Marten", to=("me",), people=("Ilse Marten",)),
)
WINDOW = timedelta(hours=72)
LIMITS = Limits(2)
Decided = tuple[list[Decision], list[MessageOrder]]


def headlines() -> list[tuple[str, int]]:
    """Return the headlines of the recorded newsroom and of a month of scenarios, with the minute of each."""
    news = [(item.title, int(item.at.total_seconds() // 60)) for item in load().items]
    dice = random.Random(7)
    starts = [
        (lines, dice.randrange(30 * 1440)) for f in ("scripted.txt", "timelines.txt") for _, lines in scenarios(f)
    ]
    month = [
        (line.item.title, start + int((line.item.seen - lines[0].item.seen).total_seconds() // 60))
        for lines, start in starts
        for line in lines
    ]
    first = min(minute for _, minute in news)
    return sorted([*((title, minute - first) for title, minute in news), *month], key=lambda one: one[1])


async def live(store: Store) -> Decided:
    """Decide about a month, a few items a poll, with edits and restarts between; return what it decided."""
    decisions: list[Decision] = []
    orders: list[MessageOrder] = []
    commit = store.decide.commit_batch

    async def note(batch: Batch) -> None:
        decisions.extend(batch.decisions)
        orders.extend(batch.orders)
        await commit(batch)

    store.decide.commit_batch = note  # type: ignore[method-assign]  # listens, and commits all the same
    lease, feed = await leased(store)
    await store.fetch.commit_poll(lease, poll(feed, "Before all"), LATER)
    dice, news = random.Random(3), headlines()
    stage = DecideStage(store.decide, WATCHES, WINDOW, LIMITS)
    at = 0
    while at < len(news):
        size = dice.randrange(1, 9)
        entries = [
            Entry(f"{at}-{n}", f"https://ledger.example/{at}-{n}", title, "", None)
            for n, (title, _) in enumerate(news[at : at + size])
        ]
        (feed,) = await store.fetch.due(lease, NOW + timedelta(days=999))
        told = poll(feed, at=NOW + timedelta(minutes=max(minute for _, minute in news[: at + size])))
        edits: tuple[Edit, ...] = ()
        if dice.random() < 0.2:
            item = dice.choice(await everything(store))
            changed = keyed([Entry(f"edit-{at}", item.url, item.title + " (updated)", "More.", None)])[0]
            edits = (Edit(item.id, changed),)
        told = poll_with(told, entries, edits)
        await store.fetch.commit_poll(lease, told, LATER)
        await stage.run_once()
        if dice.random() < 0.1:
            stage = DecideStage(store.decide, WATCHES, WINDOW, LIMITS)  # a restart
        at += size
    return decisions, orders


async def everything(store: Store) -> list[Item]:
    return await store._connection.read(lambda db: list(readings(db, NOW - timedelta(days=999))))


def poll_with(told: Poll, entries: list[Entry], edits: tuple[Edit, ...]) -> Poll:

    return replace(told, new=keyed(entries), edited=edits)


def test_a_backtest_decides_as_the_live_run_did() -> None:
    """The same items, each as often as it was read, give the same decisions and the same messages."""

    async def work(store: Store) -> None:
        decisions, orders = await live(store)
        items = await everything(store)
        again: list[Batch] = []
        changed = await store._connection.read(edited)
        assert len(items) > 900
        assert len(changed) > 5
        assert {"alert", "reply", "update", "digest"} <= {decision.action for decision in decisions}
        await DecideStage(MemoryStore(iter(items), again.append, changed), WATCHES, WINDOW, LIMITS).run_once()

        assert [decision for batch in again for decision in batch.decisions] == decisions
        assert [order for batch in again for order in batch.orders] == orders
        explained = {decision.item_id for decision in decisions}
        assert explained == {item.id for item in items}

    with_store(None, work)


def test_a_file_gives_one_line_an_item(config: Path) -> None:
    """As JSON: the id as it was given, the story, what matched, the decision and its reason."""
    lines = [
        {"id": "a", "title": "Ilse Marten leaves Corvid AI", "outlet": "One", "published": "2026-03-03T09:00:00Z"},
        {"id": 7, "title": "Marten quits Corvid AI", "outlet": "Two", "published": 1772532000, "more": True},
        {"title": "Nothing of note"},
    ]
    file = config / "items.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    done = run("backtest", "--items", str(file), "--json")

    assert done.exit_code == 0, done.output
    told = [json.loads(line) for line in done.output.splitlines()]
    assert [(one["id"], one["story"], one["decision"]) for one in told] == [
        ("a", 1, "alert"),
        (7, 1, "update"),
        (3, None, "silent"),
    ]
    assert told[0]["matches"][0]["watch"] == "Marten"
    assert told[2] == {"id": 3, "story": None, "matches": [], "decision": "silent", "reason": "no watch matched"}


def test_a_backtest_shows_the_alerts_as_they_would_have_looked(config: Path) -> None:
    """With what was changed, and the silences by reason."""
    file = config / "items.jsonl"
    file.write_text('{"title": "Ilse Marten leaves Corvid AI", "outlet": "One"}\n{"title": "Rain"}\n', "utf-8")
    told = run("backtest", "--items", str(file)).output

    assert "Ilse Marten leaves Corvid AI" in told
    assert "Departure · One" in told
    assert "2 items: 1 alert, 1 silent" in told
    assert "no watch matched" in told


@pytest.mark.parametrize(
    ("old", "code"),
    [(WATCH, 0), (WATCH + WATCH.replace("Ilse Marten", "Petra Varga").replace('"Marten"', '"Varga"'), 1)],
)
def test_a_watchlist_that_loses_alerts_fails(config: Path, old: str, code: int) -> None:
    """With what it loses, for checks before a change."""
    file, other = config / "items.jsonl", config / "old.toml"
    file.write_text('{"title": "Ilse Marten leaves"}\n{"title": "Petra Varga leaves"}\n', "utf-8")
    other.write_text(old, "utf-8")
    done = run("backtest", "--items", str(file), "--against", str(other))

    assert done.exit_code == code
    assert ("- 2000-01-01 00:00 → me: Petra Varga leaves" in done.output) is bool(code)


def test_what_is_silent_because_its_story_was_told_is_not_lost(config: Path) -> None:
    """The new watchlist told the story by an earlier report of the same outlet."""
    file, other = config / "items.jsonl", config / "old.toml"
    title = "Corvid robotics plant in Lisbon files insolvency papers on Monday"
    lines = [{"title": title, "outlet": "A"}, {"title": f"{title}, bankrupt", "outlet": "A"}]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    watch = '[[watch]]\nname = "w"\nkeywords = [{}]\nto = ["me"]\n'
    (config / "watchlist.toml").write_text(watch.format('"lisbon", "bankrupt"'), "utf-8")
    other.write_text(watch.format('"bankrupt"'), "utf-8")
    done = run("backtest", "--items", str(file), "--against", str(other))

    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "0 alerts gained, 0 lost")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "items.jsonl:1: this is not JSON"),
        ("[]", 'items.jsonl:1: an object with a "title" was expected'),
        ('{"title": "x", "published": "soon"}', "items.jsonl:1: \"published\" is no date: 'soon'"),
    ],
)
def test_a_mistake_in_the_file_is_named(config: Path, line: str, said: str) -> None:
    """In one line, with its place."""
    file = config / "items.jsonl"
    file.write_text(line + "\n", "utf-8")
    done = run("backtest", "--items", str(file))

    assert done.exit_code == 1
    assert said in done.output


def test_a_bad_span_is_refused_also_where_a_file_is_read(config: Path) -> None:
    """In one line."""
    file = config / "items.jsonl"
    file.write_text('{"title": "x"}\n', "utf-8")
    done = run("backtest", "--items", str(file), "--since", "foo")

    assert (done.exit_code, done.output.count("\n")) == (1, 1)
    assert "--since foo: must be a span of time" in done.output


def test_a_development_is_one_line_with_its_outlet(config: Path) -> None:
    """As it would have been told in an answer."""
    lines = [
        {"title": "Ilse Marten leaves Corvid AI", "outlet": "A", "published": "2026-03-03T09:00:00Z"},
        {"title": "Ilse Marten denies leaving Corvid AI", "outlet": "B", "published": "2026-03-03T12:00:00Z"},
    ]
    file = config / "items.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")

    told = run("backtest", "--items", str(file)).output
    assert "  ↳ denied: Ilse Marten denies leaving Corvid AI (B)\n" in told


def test_stored_items_are_found_again(config: Path) -> None:
    """By their words, in headline and summary, whatever their accents; what is no word of a query does no harm."""

    async def work(store: Store) -> None:
        lease, feed = await leased(store)
        await store.fetch.commit_poll(lease, poll(feed, "Müller leaves", 'Say "cheese" (AND)', "Rain"), LATER)

        def found(db: Transaction, words: str) -> list[str]:
            return [item.title for item in search(db, words, 9)]

        for words, titles in (
            ("muller", ["Müller leaves"]),
            ("lea*", ["Müller leaves"]),
            ('"cheese" AND', ['Say "cheese" (AND)']),
            ("* ( OR", []),
            ("", []),
        ):
            assert await store._connection.read(lambda db, words=words: found(db, words)) == titles  # type: ignore[misc]

    with_store(None, work)


def test_what_is_old_is_forgotten_but_never_news_again() -> None:
    """Items after their time, stories with all that hangs on them after theirs; their keys stay."""

    async def work(store: Store) -> None:
        lease, feed = await leased(store)
        await store.fetch.commit_poll(lease, poll(feed, "Before"), LATER)
        (feed,) = await store.fetch.due(lease, LATER)
        await store.fetch.commit_poll(lease, poll(feed, "Ilse Marten leaves", "Rain"), LATER)
        await DecideStage(store.decide, WATCHES, WINDOW, LIMITS).run_once()
        times = timedelta(days=90), timedelta(days=180)

        async def left() -> list[int]:
            tables = ("stories", "story_sources", "matches", "decisions", "outbox", "item_keys")
            return await counted(store, *tables)

        whole = await left()
        await store._connection.write(lambda db: db.execute("update outbox set state = 'sent'"))
        assert await store.forget(NOW + timedelta(days=80), *times) == 0
        assert await left() == whole
        while await store.forget(NOW + timedelta(days=200), *times):
            pass
        assert await left() == [0, 0, 0, 0, 0, whole[-1]]
        assert await store._connection.read(lambda db: search(db, "Marten", 9)) == []

    with_store(None, work)


def test_a_backtest_of_the_database_reads_what_was_stored(config: Path) -> None:
    """Beside a running daemon, and without writing anything."""
    path = config.parent / "data" / "tipoff.db"
    with closing(Store(path)) as store:

        async def fill() -> None:
            lease, feed = await leased(store)
            await store.fetch.commit_poll(lease, poll(feed, "Before"), LATER)
            (feed,) = await store.fetch.due(lease, LATER)
            await store.fetch.commit_poll(lease, poll(feed, "Ilse Marten leaves"), LATER)
            await DecideStage(store.decide, WATCHES, WINDOW, LIMITS).run_once()

        asyncio.run(fill())
    done = run("backtest", "--since", "36500d", "--json")

    assert [json.loads(line)["decision"] for line in done.output.splitlines()] == ["silent", "alert"]
