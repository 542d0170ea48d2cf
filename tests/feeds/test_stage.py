"""The fetch stage on a real store, a real server and real reading processes."""

import asyncio
import json
import logging
from datetime import timedelta
from itertools import pairwise

import pytest

from bot.core.model import Feed, FeedFailure, FeedSpec, Response, Validators
from bot.core.settings import PollSettings
from bot.feeds.parsing.workers import ParseWorkers
from bot.feeds.stage import FetchStage
from bot.store.store import Store
from tests.fakes import FixedClock
from tests.feeds.bed import Bed, Counting, RecordingGate, news, run, titles


def test_the_first_poll_is_the_baseline_and_news_comes_after_it() -> None:
    """Oldest first; the second poll asks with validators, and an unchanged feed is not read."""

    async def work(bed: Bed) -> None:
        bed.server.serve("/a", news(2, 1), etag='"1"')
        first = await bed.pass_once()
        assert titles(first) == ["1", "2"]
        assert all(item.is_backfill for item in first)
        assert await bed.pass_once() == []
        bed.server.serve("/a", news(4, 3, 2, 1), etag='"2"')
        later = await bed.pass_once()
        assert titles(later) == ["3", "4"]
        assert not any(item.is_backfill for item in later)

        assert [request.status for request in bed.server.requests] == [200, 304, 200]
        assert [request.conditional for request in bed.server.requests] == [False, True, True]
        assert bed.parser.documents == 1
        assert bed.parser.parts == 0, "an entry of the usual shape needs no feedparser"

    run(work)


def test_a_constant_etag_hides_nothing_and_a_same_body_is_not_read() -> None:
    """Only the bytes decide."""

    async def work(bed: Bed) -> None:
        bed.server.serve("/a", news(1), headers={"ETag": '"always"'})
        await bed.pass_once()
        assert await bed.pass_once() == []
        assert bed.parser.documents == 1
        bed.server.serve("/a", news(2, 1), headers={"ETag": '"always"'})

        assert titles(await bed.pass_once()) == ["2"]

    run(work)


def test_the_login_of_a_feed_gets_into_no_link() -> None:
    """Whichever way its entries are read; the links are shown to anybody in a chat."""

    def page(*numbers: int) -> bytes:
        items = "".join(f"<item><title>{n}</title><link>/story/{n}?x=1</link></item>" for n in numbers)
        return f'<rss version="2.0"><channel><title>T</title>{items}</channel></rss>'.encode()

    async def work(bed: Bed) -> None:
        url = bed.server.url("/a").replace("http://", "http://bob:S3cret@")
        await bed.store.fetch.set_feeds([FeedSpec(url, "x")], bed.clock.now())
        links = []
        for numbers in ((1,), (2, 1), (3, 2, 1)):
            bed.server.serve("/a", page(*numbers))
            links += [item.url for item in await bed.pass_once()]
        feed = {"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "4", "title": "4", "url": "story/4"}]}
        bed.server.serve("/a", json.dumps(feed).encode())
        links += [item.url for item in await bed.pass_once()]

        assert links == [bed.server.url(f"/story/{n}{'?x=1' if n < 4 else ''}") for n in (1, 2, 3, 4)]

    run(work)


@pytest.mark.parametrize(
    ("body", "words"),
    [(b"", "empty"), (b"<!doctype html><html></html>", "not a feed"), (news(2, 1)[:100], "cut off")],
)
def test_a_bad_answer_between_good_ones_changes_nothing(body: bytes, words: str) -> None:
    """Validators and items stay; the failure is shown and forgotten after the next success."""

    async def work(bed: Bed) -> None:
        bed.server.serve("/a", news(1), etag='"1"')
        await bed.pass_once()
        bed.server.serve("/a", body, headers={"ETag": '"bad"'})
        assert await bed.pass_once() == []
        assert words in ((await bed.health()).error or "")
        bed.server.serve("/a", news(2, 1), etag='"2"')

        assert titles(await bed.pass_once()) == ["2"]
        assert bed.server.requests[-1].headers["If-None-Match"] == '"1"'
        assert (await bed.health()).error is None

    run(work)


def test_a_document_that_was_cut_is_asked_for_again_without_condition() -> None:
    """Its whole entries count, its validators do not, and it ends no backfill: the rest is old, too."""

    async def work(bed: Bed) -> None:
        whole = news(3, 2, 1)
        bed.server.serve("/a", whole[: whole.index(b"Title 1")], etag='"1"')
        assert titles(await bed.pass_once()) == ["2", "3"]
        bed.server.serve("/a", whole, etag='"1"')
        rest = await bed.pass_once()
        assert [(item.title, item.is_backfill) for item in rest] == [("Title 1", True)]
        assert not bed.server.requests[-1].conditional
        bed.server.serve("/a", news(4, 3, 2, 1), etag='"2"')

        assert [item.is_backfill for item in await bed.pass_once()] == [False]

    run(work)


def test_a_feed_that_is_always_cut_gives_its_news() -> None:
    """The second poll ends the backfill, and the same bytes are not read twice."""

    async def work(bed: Bed) -> None:
        cut = b"</channel></rss>"
        bed.server.serve("/a", news(2, 1).replace(cut, b""))
        await bed.pass_once()
        await bed.pass_once()
        assert bed.parser.documents == 1
        bed.server.serve("/a", news(3, 2, 1).replace(cut, b""))
        await bed.pass_once()
        bed.server.serve("/a", news(4, 3, 2, 1).replace(cut, b""))

        assert [item.is_backfill for item in await bed.pass_once()] == [False]

    run(work)


def test_validators_follow_the_last_answer() -> None:
    """A 304 may rename the document, a bare one changes nothing, and a 200 without validators clears them."""

    async def work(bed: Bed) -> None:
        bed.server.serve("/a", news(1), headers={"ETag": '"1"', "Last-Modified": "long ago"})
        bed.server.fail("/a", 200, {"ETag": '"1"', "Last-Modified": "long ago"}, body=news(1))
        bed.server.fail("/a", 304, {"ETag": '"renamed"'})
        bed.server.fail("/a", 304)
        bed.server.fail("/a", 200, body=news(2, 1))
        for _ in range(5):
            await bed.pass_once()

        sent = [request.headers for request in bed.server.requests]
        assert [headers.get("If-None-Match") for headers in sent] == [None, '"1"', '"renamed"', '"renamed"', None]
        assert [headers.get("If-Modified-Since") for headers in sent] == [None, *["long ago"] * 3, None]

    run(work)


def test_only_a_document_that_was_read_is_a_baseline() -> None:
    """A server that answers 304 although nothing was asked by condition has shown nothing yet."""

    async def work(bed: Bed) -> None:
        bed.server.serve("/a", news(2, 1))
        bed.server.fail("/a", 304)
        await bed.pass_once()
        bed.clock.move(hours=1)

        assert [item.is_backfill for item in await bed.pass_once()] == [True, True]

    run(work)


def test_a_lost_lease_writes_nothing() -> None:
    """A poll that comes home after its lease passed to another worker is dropped, and that worker is left alone."""

    async def work(bed: Bed) -> None:
        bed.server.serve("/a", news(1), etag='"1"')
        bed.server.slow("/a", 0.1)
        tasks = await bed.fetch_stage.start_due()
        bed.clock.move(minutes=31)
        (newer,) = await bed.store.fetch.lease(bed.clock.now(), bed.clock.after(timedelta(hours=9)), 1)

        assert [await task for task in tasks] == [0]
        assert await bed.store.decide.take_items(9) == []
        assert await bed.store.fetch.lease(bed.clock.now(), bed.clock.now(), 1) == []
        (feed,) = await bed.store.fetch.due(newer, bed.clock.now())
        assert feed.validators.etag is None

    run(work)


def test_failures_back_off() -> None:
    """An hour later a feed that failed three times in a row is not due yet."""

    async def work(bed: Bed) -> None:
        bed.server.fail("/a", status=500, times=100)
        for _ in range(8):
            await bed.pass_once()

        assert len(bed.server.requests) < 6
        assert (await bed.health()).error == "http 500: the publisher's server has a problem"

    run(work)


class Network:
    """A fetcher whose hosts can be reached or not."""

    def __init__(self) -> None:
        self.up: set[str] = set()

    async def fetch(self, feed: Feed) -> Response | FeedFailure:
        await asyncio.sleep(0)
        if feed.name in self.up:
            return Response(200, news(1), "application/rss+xml", Validators())
        return FeedFailure("unreachable", "the host name cannot be found")


def said_of(rounds: list[str], caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what is logged when in each round these of five outlets can be reached."""
    store, network, clock = Store(None), Network(), FixedClock()
    stage = FetchStage(store.fetch, network, Counting(), clock, PollSettings(hosts=4))  # type: ignore[arg-type]  # counted

    async def story() -> None:
        await store.fetch.set_feeds([FeedSpec(f"https://{name}.example/", name) for name in "abcde"], clock.now())
        for reached in rounds:
            network.up = set(reached)
            await stage.run_once()
            clock.move(days=2)

    try:
        with caplog.at_level(logging.INFO, "bot.feeds"):
            asyncio.run(story())
    finally:
        store.close()
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("bot.feeds")]
    return sorted(line.partition(" (")[0] for line in lines)


@pytest.mark.parametrize(
    ("rounds", "said"),
    [
        (["", "", ""], ["network_down"]),
        (["", "abcde", ""], ["network_down", "network_down"]),
        (["abcde"], []),
        (["ade"], [f"feed_failing feed={name} reason=unreachable" for name in "bc"]),
        (["abcde", "e"], [f"feed_failing feed={name} reason=unreachable" for name in "abcd"]),
    ],
)
def test_an_outage_is_one_line(rounds: list[str], said: list[str], caplog: pytest.LogCaptureFixture) -> None:
    """When nothing at all can be reached; else every feed has its own, however many are polled at a time."""
    assert said_of(rounds, caplog) == said


def test_one_host_is_asked_by_two_at_a_time() -> None:
    """However many feeds it has; five hundred are all asked, and none within the gap after the one before."""
    many = [f"/{number}" for number in range(500)]
    poll = PollSettings(gap=timedelta(milliseconds=2))
    RecordingGate.begun.clear()

    async def work(bed: Bed) -> None:
        for path in many:
            bed.server.serve(path, news(1))
        for path in many[::25]:
            bed.server.slow(path, 0.02)  # so that the next one begins beside it
        bed.fetch_stage = FetchStage(bed.store.fetch, bed.fetcher, bed.parser, bed.clock, poll, gate=RecordingGate)  # type: ignore[arg-type]  # counted
        await bed.pass_once()

        assert len(bed.server.requests) == len(RecordingGate.begun) == 500
        assert bed.server.most_at_once == 2
        assert min(later - before for before, later in pairwise(RecordingGate.begun)) >= 0.002 - 1e-9

    run(work, *many)


def test_the_real_processes_read_for_the_wire() -> None:
    """All parts together, once."""

    async def work(bed: Bed) -> None:
        workers = ParseWorkers(1, bed.poll.parse_timeout)
        bed.server.serve("/a", news(2, 1))
        stage = FetchStage(bed.store.fetch, bed.fetcher, workers, bed.clock, bed.poll)
        try:
            assert await stage.run_once() == 2
        finally:
            await workers.close()

    run(work)
