"""How hosts and failing feeds are treated: pauses, gaps, moves, feeds that are gone, restarts and odd clocks."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from bot.core.errors import StoreError
from bot.core.model import Feed, FeedFailure, FeedSpec, Lease, Poll
from bot.core.settings import PollSettings
from bot.feeds.stage import FetchStage
from bot.store.store import Store
from tests.fakes import FixedClock, HastyLoop
from tests.feeds.bed import Bed, Counting, RecordingGate, news, run, titles
from tests.servers.feeds import FeedServer

TEN = [f"/{number}" for number in range(10)]


def serve_all(bed: Bed, paths: list[str]) -> None:
    for path in paths:
        bed.server.serve(path, news(1), etag='"1"')


def test_429_on_one_feed_stops_the_whole_host() -> None:
    """Not one request more before the time it names; afterwards all feeds are asked, those of the pause first."""

    async def work(bed: Bed) -> None:
        serve_all(bed, TEN)
        bed.server.fail("/0", 429, {"Retry-After": "7200"})
        await bed.pass_once()
        asked = len(bed.server.requests)
        assert asked <= 2, "what is under way when the answer comes is all that follows it"
        await bed.pass_after(minutes=119)
        assert len(bed.server.requests) == asked
        await bed.pass_after(minutes=20)

        assert len({request.path for request in bed.server.requests}) == 10

    run(work, *TEN)


def test_429_of_one_host_is_nothing_to_others() -> None:
    """They are asked in the same pass."""
    with FeedServer(host="127.0.0.2") as other:

        async def work(bed: Bed) -> None:
            other.serve("/b", news(1))
            bed.fetcher._guard._allow |= {other.address}
            feeds = [FeedSpec(bed.server.url("/a"), "a"), FeedSpec(other.url("/b"), "b")]
            await bed.store.fetch.set_feeds(feeds, bed.clock.now())
            bed.server.fail("/a", 429, {"Retry-After": "7200"}, times=9)
            await bed.pass_once()
            await bed.pass_once()

            assert len(bed.server.requests) == 1
            assert len(other.requests) == 2

        run(work)


def test_503_stops_the_feed_and_not_its_host() -> None:
    """The other nine are asked; only when feed after feed says so is it the host that rests."""

    async def work(bed: Bed) -> None:
        serve_all(bed, TEN)
        bed.server.fail("/0", 503, {"Retry-After": "36000"}, times=9)
        for _ in range(3):
            await bed.pass_once()
        assert {request.path for request in bed.server.requests} == set(TEN)
        assert len(bed.server.requests_of("/0")) == 1
        assert len(bed.server.requests) == 28

        for path in TEN[1:]:
            bed.server.fail(path, 503, {"Retry-After": "36000"}, times=9)
        asked = len(bed.server.requests)
        await bed.pass_once()
        assert len(bed.server.requests) - asked <= 4

    run(work, *TEN)


def test_a_host_is_asked_at_its_pace() -> None:
    """Two at once, and never two within the gap."""
    paths = [f"/{number}" for number in range(12)]

    async def work(bed: Bed) -> None:
        for path in paths:
            bed.server.serve(path, news(1))
            bed.server.slow(path, 0.08)
        poll = replace(bed.poll, gap=timedelta(seconds=0.03))
        RecordingGate.begun.clear()
        bed.fetch_stage = FetchStage(bed.store.fetch, bed.fetcher, bed.parser, bed.clock, poll, gate=RecordingGate)  # type: ignore[arg-type]  # counted
        await bed.pass_once()

        assert len(bed.server.requests) == len(RecordingGate.begun) == 12
        assert bed.server.most_at_once <= 2
        assert min(later - before for before, later in pairwise(RecordingGate.begun)) >= 0.03 - 1e-9
        bed.clock.move(hours=-1)
        assert await bed.fetch_stage.start_due() == [], "nor right after it was given back"

    run(work, *paths)


class Spoiling(Counting):
    """Lets a statement change the database under the first poll, as another process or a person would."""

    def __init__(self, bed: Bed, sql: str) -> None:
        super().__init__()
        self._bed = bed
        self._sql = sql

    async def parse(self, body: bytes, content_type: str, url: str) -> object:
        if self._sql:
            sql, self._sql = self._sql, ""
            await self._bed.store._connection.write(lambda db: db.execute(sql))
        return await super().parse(body, content_type, url)


@pytest.mark.parametrize(
    ("sql", "ends"),
    [
        ("update leases set token = token + 1", None),
        ("alter table item_keys rename to gone", StoreError),
    ],
)
def test_when_one_poll_of_a_host_ends_them_all_nobody_asks_on(sql: str, ends: type[Exception] | None) -> None:
    """A lease that has passed to another, a database that fails: what was still to be asked stands on them, too."""

    async def work(bed: Bed) -> None:
        serve_all(bed, TEN)
        bed.poll = replace(bed.poll, per_host=1)
        parser = Spoiling(bed, sql)
        bed.fetch_stage = FetchStage(bed.store.fetch, bed.fetcher, parser, bed.clock, bed.poll)  # type: ignore[arg-type]  # counted
        bed.clock.move(hours=1)
        ended = await asyncio.gather(*await bed.fetch_stage.start_due(), return_exceptions=True)

        assert [type(one) for one in ended] == [int if ends is None else ends]
        assert asyncio.all_tasks() == {asyncio.current_task()}, "nobody is left who could ask"

    run(work, *TEN)


def test_a_feed_that_is_gone_is_not_asked_again_and_that_is_told_once() -> None:
    """410; until it is taken off the list and put on it again. 404 is only a failure."""

    async def work(bed: Bed) -> None:
        bed.server.fail("/a", 410, times=9)
        bed.server.fail("/b", 404, times=99)
        for _ in range(5):
            await bed.pass_after(days=2)
        assert len(bed.server.requests_of("/a")) == 1
        assert len(bed.server.requests_of("/b")) == 5
        notices = await bed.notices()
        assert len(notices) == 1
        assert notices[0].startswith("/a: the publisher says that this feed is gone for good")

        specs = [FeedSpec(bed.server.url(path), path) for path in ("/a", "/b")]
        await bed.store.fetch.set_feeds(specs, bed.clock.now())
        await bed.pass_after(days=2)
        assert len(bed.server.requests_of("/a")) == 1
        await bed.store.fetch.set_feeds([], bed.clock.now())
        await bed.store.fetch.set_feeds(specs, bed.clock.now())
        await bed.pass_after(days=2)
        assert len(bed.server.requests_of("/a")) == 2

    run(work, "/a", "/b")


def test_a_challenge_is_told_once_and_asked_seldom() -> None:
    """Six hours between two requests, as ourselves; reported again only when it had been over."""

    async def work(bed: Bed) -> None:
        challenge = {"cf-mitigated": "challenge", "Content-Type": "text/html"}
        bed.server.fail("/a", 403, challenge, times=4, body=b"<html>prove yourself</html>")
        bed.server.serve("/b", news(1))
        await bed.pass_once()
        await bed.pass_after(hours=5.9)
        assert len(bed.server.requests_of("/a")) == 1
        for _ in range(24):
            await bed.pass_once()
        asked = bed.server.requests_of("/a")
        assert 3 <= len(asked) <= 5
        assert len({request.headers["User-Agent"] for request in asked}) == 1
        assert [text.partition(":")[0] for text in await bed.notices()] == ["/a"]
        assert "challenge" in (await bed.notices())[0]
        await bed.pass_after(days=2)
        assert titles(await bed.pass_after(days=2)) == []
        bed.server.serve("/a", news(1))
        await bed.pass_after(days=2)
        bed.server.fail("/a", 403, challenge)
        await bed.pass_after(days=2)
        assert len(await bed.notices()) == 2

    run(work, "/a", "/b")


def test_a_feed_that_fails_for_days_is_told_once_and_again_after_it_was_well() -> None:
    """In words; nothing is said while nothing at all can be reached."""

    async def work(bed: Bed) -> None:
        bed.server.serve("/b", news(1))
        bed.server.fail("/a", 500, times=12)
        for _ in range(12):
            await bed.pass_after(days=2)
        (text,) = await bed.notices()
        assert text.startswith("/a could not be read for the 8th time in a row: the publisher's server has a problem")
        bed.server.serve("/a", news(1))
        await bed.pass_after(days=2)
        bed.server.fail("/a", 500, times=12)
        for _ in range(12):
            await bed.pass_after(days=2)
        assert len(await bed.notices()) == 2

    run(work, "/b", "/a")


def test_a_feed_that_fell_silent_is_told_once() -> None:
    """Beside its usual rhythm, a month at least; and again when it woke up between."""

    async def work(bed: Bed) -> None:
        for number in range(1, 12):
            bed.server.serve("/a", news(*range(number, 0, -1)), etag=f'"{number}"')
            await bed.pass_after(hours=15)
        await bed.pass_after(days=29)
        assert await bed.notices() == []
        for _ in range(5):
            await bed.pass_after(days=3)
        (text,) = await bed.notices()
        assert text == "/a can be read, but has had nothing new for 32 days. Is it still alive?"

    run(work)


@pytest.mark.parametrize("status", [301, 308])
def test_a_permanent_redirect_is_believed_when_it_has_lasted(status: int) -> None:
    """Followed at once, asked directly only after so many polls in a row; back again when the new place fails."""

    async def work(bed: Bed) -> None:
        bed.poll = replace(bed.poll, moves=3)
        bed.fetch_stage = FetchStage(bed.store.fetch, bed.fetcher, bed.parser, bed.clock, bed.poll)  # type: ignore[arg-type]  # counted
        bed.server.serve("/new", news(1), etag='"1"')
        bed.server.redirect("/a", "/new", status)
        await bed.pass_once()
        await bed.pass_once()
        bed.server.redirect("/a", "/elsewhere", status)
        bed.server.serve("/elsewhere", news(1))
        await bed.pass_once()  # and the count begins anew
        bed.server.redirect("/a", "/new", status)
        for _ in range(3):
            await bed.pass_once()
        assert len(bed.server.requests_of("/a")) == 6
        await bed.pass_once()
        assert len(bed.server.requests_of("/a")) == 6, "asked where it is now"
        assert (await bed.health()).url == bed.server.url("/a"), "what a person wrote stays"
        assert await bed.pass_once() == []

        bed.server.fail("/new", 404, times=99)
        bed.server.serve("/a", news(2, 1))
        found: list[str] = []
        for _ in range(5):
            found += titles(await bed.pass_after(days=2))
        assert found == ["2"]

    run(work)


@pytest.mark.parametrize("status", [302, 303, 307])
def test_other_redirects_are_followed_and_never_believed(status: int) -> None:
    """Nor a chain of which one is such."""

    async def work(bed: Bed) -> None:
        bed.poll = replace(bed.poll, moves=2)
        bed.fetch_stage = FetchStage(bed.store.fetch, bed.fetcher, bed.parser, bed.clock, bed.poll)  # type: ignore[arg-type]  # counted
        bed.server.serve("/new", news(1), etag='"1"')
        bed.server.redirect("/a", "/between", 301)
        bed.server.redirect("/between", "/new", status)
        for _ in range(6):
            await bed.pass_once()

        assert len(bed.server.requests_of("/a")) == 6

    run(work)


def test_max_age_is_kept_on_200_and_304() -> None:
    """Less what the answer has aged; a bare 304 leaves in force what the last answer said."""

    async def work(bed: Bed) -> None:
        bed.server.serve("/a", news(1), etag='"1"', headers={"Cache-Control": "max-age=36000", "Age": "3600"})
        await bed.pass_once()
        await bed.pass_after(hours=8.9)
        assert len(bed.server.requests) == 1
        await bed.pass_after(hours=1.1)
        await bed.pass_after(hours=8.9)
        assert [request.status for request in bed.server.requests] == [200, 304]
        bed.server.fail("/a", 304)
        await bed.pass_after(hours=1.1)
        await bed.pass_after(hours=8.9)
        assert len(bed.server.requests) == 3
        bed.server.serve("/a", news(2, 1), etag='"2"')
        await bed.pass_after(hours=1.1)
        assert len(bed.server.requests) == 4
        await bed.pass_after(hours=1)
        assert len(bed.server.requests) == 5, "a 200 that says nothing ends it"

    run(work)


def test_what_a_feed_says_of_its_rhythm_is_kept() -> None:
    """Ttl is in force from the first document on, across a restart."""

    async def work(bed: Bed) -> None:
        bed.server.serve("/a", news(1).replace(b"<channel>", b"<channel><ttl>600</ttl>"), etag='"1"')
        await bed.pass_once()
        bed.fetch_stage = FetchStage(bed.store.fetch, bed.fetcher, bed.parser, bed.clock, bed.poll)  # type: ignore[arg-type]  # counted
        await bed.pass_after(hours=9.9)
        assert len(bed.server.requests) == 1
        await bed.pass_after(hours=1.2)
        assert len(bed.server.requests) == 2

    run(work)


def test_restarts_ask_nothing_early_and_nothing_without_condition(tmp_path: Path) -> None:
    """Twenty times; and what is overdue by then is spread over a minute."""
    with FeedServer() as server:
        for path in TEN:
            server.serve(path, news(1), etag='"1"', headers={"Cache-Control": "max-age=36000"})

        async def start(first: bool, minutes: float) -> Bed:
            store = Store(tmp_path / "x.db")
            bed = Bed(server, store)
            bed.clock.move(minutes=minutes)
            bed.poll = replace(bed.poll, hosts=4)
            bed.fetch_stage = FetchStage(store.fetch, bed.fetcher, bed.parser, bed.clock, bed.poll)  # type: ignore[arg-type]  # counted
            await store.fetch.set_feeds([FeedSpec(server.url(path), path) for path in TEN], bed.clock.now())
            await store.fetch.reclaim()
            await bed.fetch_stage.realign()
            if first:
                bed.clock.move(minutes=1)
            await bed.fetch_stage.run_once()
            await bed.fetcher.close()
            store.close()
            return bed

        asyncio.run(start(True, 0))
        assert len(server.requests) == 10
        for restart in range(20):
            asyncio.run(start(False, 2 + restart * 29))
        assert len(server.requests) == 10
        asyncio.run(start(False, 1000))
        assert len(server.requests) == 11, "the rest is due in the minute after the start"
        assert all(request.conditional for request in server.requests[10:])


FAR, HOURS = timedelta(days=3650), timedelta(hours=8)


def faults_after(*jumps: timedelta, settles: bool = True, restarts: bool = False) -> list[str]:
    """Set the clock, once or there and back; return what becomes of ten feeds that were asked a moment before."""
    faults: list[str] = []

    async def work(bed: Bed) -> None:
        serve_all(bed, TEN)
        bed.poll = replace(bed.poll, hosts=4)
        bed.fetch_stage = FetchStage(bed.store.fetch, bed.fetcher, bed.parser, bed.clock, bed.poll)  # type: ignore[arg-type]  # counted
        await bed.pass_once()
        assert len(bed.server.requests) == 10
        for jump in jumps:
            asked = len(bed.server.requests)
            bed.clock.move(seconds=jump.total_seconds())
            if restarts:
                bed.fetch_stage = FetchStage(bed.store.fetch, bed.fetcher, bed.parser, bed.clock, bed.poll)  # type: ignore[arg-type]  # counted
            if settles:
                await bed.fetch_stage.realign()
            await bed.fetch_stage.run_once()
            faults.extend(["burst"] if len(bed.server.requests) > asked + 1 else [])
        asked = len(bed.server.requests)
        for path in TEN:
            bed.server.serve(path, news(2, 1), etag='"2"')
        found = titles([*await bed.pass_after(minutes=1), *await bed.pass_after(minutes=40)])
        silent = set(TEN) - {request.path for request in bed.server.requests[asked:]}
        faults.extend(["silence"] if len(silent) > len(jumps) else [])
        faults.extend(["lost"] if found != ["2"] * (10 - len(silent)) else [])

    run(work, *TEN)
    return faults


@pytest.mark.parametrize("jumps", [(FAR,), (HOURS,), (-HOURS,), (-FAR,), (HOURS, -HOURS), (FAR, -FAR), (-FAR, FAR)])
def test_a_clock_that_jumps_makes_no_burst_and_no_silence(jumps: tuple[timedelta, ...]) -> None:
    """Forward (or after a sleep) what is overdue is spread; backward the feeds wait as long as they had to."""
    assert faults_after(*jumps) == []


def test_a_clock_that_was_years_ahead_for_a_moment_silences_nobody() -> None:
    """Also where the process was started by it, and again when it was set right; nor a feed that was never asked."""
    assert faults_after(FAR, -FAR, restarts=True) == []

    async def work(bed: Bed) -> None:
        new = [FeedSpec(bed.server.url("/new"), "new")]
        bed.server.serve("/new", news(1))
        await bed.store.fetch.set_feeds(new, bed.clock.now() + HOURS)
        await bed.fetch_stage.realign()
        await bed.fetch_stage.run_once()
        assert len(bed.server.requests_of("/new")) == 1

    run(work)


def test_a_clock_that_was_years_ahead_at_the_end_of_a_poll_lets_no_host_rest_for_years(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Set forward while a poll is written, back before the next one: the host's rest was reckoned by it."""

    async def work(bed: Bed) -> None:
        bed.server.serve("/a", news(1))
        commit = bed.store.fetch.commit_poll

        async def commit_and_jump(lease: Lease, poll: Poll, until: datetime) -> None:
            await commit(lease, poll, until)
            bed.clock.move(seconds=FAR.total_seconds())

        with monkeypatch.context() as jump:
            jump.setattr(bed.store.fetch, "commit_poll", commit_and_jump)
            await asyncio.gather(*await bed.fetch_stage.start_due())
        bed.clock.move(seconds=-FAR.total_seconds())
        await bed.fetch_stage.realign()
        await bed.pass_once()
        assert len(bed.server.requests) == 2

    run(work)


@pytest.mark.parametrize(
    ("jumps", "faults"), [((FAR,), ["burst", "silence"]), ((-HOURS,), ["silence"]), ((FAR, -FAR), ["burst", "silence"])]
)
def test_a_clock_that_nobody_minds_would_be_seen(jumps: tuple[timedelta, ...], faults: list[str]) -> None:
    """The null controls: due times that stay as they are, all at once or for as long as the clock was set back."""
    assert faults_after(*jumps, settles=False) == faults


SILENT = 500


class Queue:
    """A store of feeds, each of a host of its own, that come in this order, each once."""

    def __init__(self, *names: str) -> None:
        self.feeds = {name: Feed(number, f"http://{name}/", name) for number, name in enumerate(names)}
        self.waiting = list(names)

    async def lease(self, now: datetime, until: datetime, limit: int) -> list[Lease]:
        taken, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return [Lease(name, 1) for name in taken]

    async def due(self, lease: Lease, now: datetime) -> list[Feed]:
        return [self.feeds[lease.host]]

    async def commit_poll(self, lease: Lease, poll: Poll, until: datetime) -> None:
        pass

    async def release(self, lease: Lease, until: datetime) -> None:
        pass


class SilentHosts:
    """Hosts that take a request and never answer, and a healthy one."""

    def __init__(self) -> None:
        self.healthy_asked_at: float | None = None

    async def fetch(self, feed: Feed) -> FeedFailure:
        if feed.name == "healthy":
            self.healthy_asked_at = asyncio.get_running_loop().time()
        else:
            await asyncio.sleep(25)  # to the end of the header
        return FeedFailure("timeout", "no answer")


@pytest.mark.parametrize(("slow", "is_soon"), [(2, True), (6000, False)], ids=["makes room", "the null control waits"])
def test_silent_servers_hold_nobody_up(slow: int, is_soon: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five hundred take a request and never answer: a healthy feed behind them all is asked within a minute."""
    monkeypatch.setattr("bot.feeds.stage._SLOW", slow)

    async def work() -> float:
        store, hosts = Queue(*(f"silent-{number}" for number in range(SILENT)), "healthy"), SilentHosts()
        stage = FetchStage(store, hosts, None, FixedClock(), PollSettings())  # type: ignore[arg-type]  # fakes
        while hosts.healthy_asked_at is None:
            await stage.start_due()
            await asyncio.sleep(1)
        await stage.stop()
        return hosts.healthy_asked_at

    with asyncio.Runner(loop_factory=HastyLoop) as runner:
        assert (runner.run(work()) < 60) == is_soon
