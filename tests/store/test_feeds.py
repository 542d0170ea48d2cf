"""The wire's part of the store: what is committed together, and what a late worker may not do."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.core.errors import StaleLease
from bot.core.model import Edit, FeedFailure, FeedSpec, Poll, Validators
from bot.core.settings import PollSettings
from bot.feeds.due_times import next_due
from bot.store.store import Store
from tests.store.builders import LATER, NOW, URL, leased, poll, with_store


def test_a_poll_is_committed_whole() -> None:
    """Items, validators, body hash and due time are there together afterwards."""

    async def work(store: Store) -> None:
        lease, feed = await leased(store)
        await store.fetch.commit_poll(lease, poll(feed, "one", "two"), LATER)
        await store.fetch.release(lease)

        assert await store.fetch.lease(NOW, LATER, 9) == []
        (lease,) = await store.fetch.lease(LATER, LATER + timedelta(hours=1), 9)
        (feed,) = await store.fetch.due(lease, LATER)
        assert (feed.validators.etag, feed.validators.last_modified) == ('"v1"', "yesterday")
        assert feed.body_hash == "hash"
        assert feed.is_backfilled
        assert [item.title for item in await store.decide.take_items(9)] == ["one", "two"]

    with_store(None, work)


def test_a_replay_of_a_poll_changes_nothing() -> None:
    """The same poll committed again stores no item twice."""

    async def work(store: Store) -> None:
        lease, feed = await leased(store)
        for _ in range(2):
            await store.fetch.commit_poll(lease, poll(feed, "one", "two"), LATER)

        assert len(await store.decide.take_items(9)) == 2

    with_store(None, work)


def test_a_stale_lease_writes_nothing() -> None:
    """A worker whose lease ran out and passed on is refused; nothing of its poll is stored."""

    async def work(store: Store) -> None:
        lease, feed = await leased(store)
        (newer,) = await store.fetch.lease(LATER, LATER + timedelta(hours=1), 1)
        with pytest.raises(StaleLease):
            await store.fetch.commit_poll(lease, poll(feed, "one"), LATER)

        assert newer.token > lease.token
        assert await store.decide.take_items(9) == []
        await store.fetch.release(lease)
        assert await store.fetch.lease(LATER, LATER, 1) == [], "a stale release must not free the host"

    with_store(None, work)


def test_a_failure_keeps_what_was_stored() -> None:
    """Validators stay those of the last whole document, and failures are counted until a success."""

    async def work(store: Store) -> None:
        lease, feed = await leased(store)
        await store.fetch.commit_poll(lease, poll(feed, "one"), LATER)
        failed = Poll(feed, NOW, NOW, feed.validators, failure=FeedFailure("timeout", "no answer"))
        await store.fetch.commit_poll(lease, failed, LATER)

        (feed,) = await store.fetch.due(lease, NOW)
        assert feed.validators.etag == '"v1"'
        assert feed.errors == 1
        (health,) = await store.feeds()
        assert (health.items, health.error) == (1, "timeout: no answer")

    with_store(None, work)


def test_an_edited_item_is_read_once_more() -> None:
    """New words make the item pending again, behind what came before."""

    async def work(store: Store) -> None:
        lease, feed = await leased(store)
        await store.fetch.commit_poll(lease, poll(feed, "one", "two"), LATER)
        first = (await store.decide.take_items(1))[0]
        (changed,) = poll(feed, "one, corrected").new
        await store.fetch.commit_poll(
            lease, Poll(feed, NOW, LATER, feed.validators, edited=(Edit(first.id, changed),)), LATER
        )

        assert [item.title for item in await store.decide.take_items(9)] == ["two", "one, corrected"]

    with_store(None, work)


def test_feeds_keep_what_is_known_of_them() -> None:
    """A feed that is listed again keeps its due time; one that is not listed is not asked."""

    async def work(store: Store) -> None:
        lease, feed = await leased(store)
        await store.fetch.commit_poll(lease, poll(feed, "one"), LATER)
        await store.fetch.release(lease)
        await store.fetch.set_feeds([FeedSpec(URL, "Renamed")], LATER)
        assert await store.fetch.lease(NOW, LATER, 1) == []

        await store.fetch.set_feeds([], LATER)
        assert await store.fetch.lease(LATER, LATER, 1) == []

    with_store(None, work)


def test_a_feed_without_a_name_is_called_by_its_title() -> None:
    """From its first document on and for good; by its host where the title is no name, or another's."""

    async def work(store: Store) -> None:
        async def read(*titles: str) -> dict[str, str]:
            soon = NOW + timedelta(minutes=1)
            (lease, *_) = await store.fetch.lease(soon, LATER, 1)
            for feed, title in zip(await store.fetch.due(lease, soon), titles, strict=False):
                await store.fetch.commit_poll(lease, replace(poll(feed, "one"), title=title, due=NOW), NOW)
            await store.fetch.release(lease)
            return {feed.url.rpartition("/")[2]: feed.name for feed in await store.feeds()}

        feeds = [FeedSpec(f"https://x.example/{name}", name if name == "Named" else None) for name in ("Named", *"abc")]
        await store.fetch.set_feeds(feeds, NOW)
        expected = {"Named": "Named", "a": "A Title", "b": "x.example", "c": "x.example"}
        assert await read("Its own", "A Title", "A Title", "a sentence " * 9) == expected
        assert await read("Its own", "Another title", "Named", "") == expected
        await store.fetch.set_feeds(feeds, NOW)
        assert await read() == expected
        assert {item.outlet for item in await store.decide.take_items(9)} == set(expected.values())
        await store.fetch.set_feeds([replace(feed, name=feed.name or feed.url) for feed in feeds], NOW)
        assert (await read())["a"] == "https://x.example/a"

    with_store(None, work)


def test_leases_are_reclaimed_after_a_crash(tmp_path: Path) -> None:
    """Whoever holds the lock file frees what a killed daemon held, so that nobody waits for it to run out."""

    async def crash(store: Store) -> None:
        await leased(store)
        assert await store.fetch.lease(NOW, LATER, 1) == []

    async def restart(store: Store) -> None:
        await store.fetch.reclaim()
        assert len(await store.fetch.lease(NOW, LATER, 1)) == 1

    with_store(tmp_path / "x.db", crash)
    with_store(tmp_path / "x.db", restart)


def test_recall_takes_any_number_of_keys() -> None:
    """More keys than SQLite takes in one statement are asked for in parts."""

    async def work(store: Store) -> None:
        lease, feed = await leased(store)
        many = poll(feed, *(f"title {number}" for number in range(1200)))
        await store.fetch.commit_poll(lease, many, LATER)
        keys = {key for entry in many.new for key in entry.keys}

        assert (await store.fetch.recall(feed.id, keys)).keys() == keys

    with_store(None, work)


def test_no_second_gathers_the_polls_of_many_feeds() -> None:
    """Of 1,000 feeds that were all read in the first minute, an hour long: at most three times the mean a second."""

    async def work(store: Store) -> None:
        at, polls = NOW, Counter[int]()
        await store.fetch.set_feeds([FeedSpec(f"https://{n}.example/", f"outlet{n}") for n in range(1000)], NOW)
        await store.fetch.realign(NOW, timedelta(seconds=60), 0, timedelta(days=1), None)
        while at < NOW + timedelta(hours=1, minutes=1):
            for lease in await store.fetch.lease(at, at + timedelta(seconds=1), 1000):
                for feed in await store.fetch.due(lease, at):
                    asked = replace(feed, polled=at, validators=Validators('"1"'))
                    done = Poll(asked, at, next_due(asked, at, PollSettings()), asked.validators, "hash")
                    await store.fetch.commit_poll(lease, done, at)
                    polls[(at - NOW) // timedelta(seconds=1)] += 1
                await store.fetch.release(lease)
            at += timedelta(seconds=0.5)
        hour = {second: count for second, count in polls.items() if second > 60}

        assert polls.total() > 4000
        assert max(hour.values()) <= 3 * sum(hour.values()) / 3600

    with_store(None, work)


@pytest.mark.parametrize(
    ("due", "wait", "until"),
    [
        (LATER + timedelta(seconds=10), timedelta(minutes=30), LATER + timedelta(seconds=40)),
        (LATER + timedelta(seconds=10), timedelta(minutes=1), LATER + timedelta(seconds=16)),
        (LATER - timedelta(seconds=10), timedelta(minutes=30), LATER - timedelta(seconds=1)),
    ],
    ids=["half a minute", "a tenth of the wait", "not into the next hour"],
)
def test_a_turn_is_put_off_by_little(due: datetime, wait: timedelta, until: datetime) -> None:
    """Of a hundred feeds due at one instant the first keeps it, and none is put off further than this."""

    async def work(store: Store) -> None:
        await store.fetch.set_feeds([FeedSpec(f"https://{n}.example/", f"outlet{n}") for n in range(100)], NOW)
        for lease in await store.fetch.lease(NOW, LATER, 100):
            for feed in await store.fetch.due(lease, NOW):
                await store.fetch.commit_poll(lease, Poll(feed, due - wait, due, Validators('"1"'), "hash"), LATER)
        given = [health.due for health in await store.feeds() if health.due is not None]

        assert (len(given), min(given), max(given)) == (100, due, until)

    with_store(None, work)
