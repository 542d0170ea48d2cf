"""No publisher can be reached: calm while it lasts, and over within one interval."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from ssl import CERT_NONE, create_default_context

import pytest

from bot.core.guard import Guard
from bot.core.model import FeedSpec
from bot.core.settings import PollSettings
from bot.feeds.fetch import HttpFetcher
from bot.feeds.stage import FetchStage
from bot.store.store import Store
from tests.fakes import FixedClock
from tests.feeds.bed import Counting, news
from tests.servers.feeds import FeedServer
from tests.servers.tls import Certificates, Names, TlsFront, make_certificates
from tests.store.builders import with_store

HOSTS = [f"outlet-{number}.invalid" for number in range(12)]
EVERY = 12  # minutes between two polls of a feed: each minute one of the twelve is due
LASTS = 60  # minutes
LONGEST = EVERY * 1.1  # minutes, with the jitter
CAUSES = ("refused connections", "unknown names", "expired certificates")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"), HOSTS)


@dataclass
class World:
    """Twelve outlets, each at a name of its own, and what takes all of them away and brings them back."""

    server: FeedServer
    names: Names
    scheme: str
    port: int
    fail: Callable[[], object]
    recover: Callable[[], object]

    @property
    def feeds(self) -> list[FeedSpec]:
        every = timedelta(minutes=EVERY)
        return [FeedSpec(f"{self.scheme}://{host}:{self.port}/{host}", host, interval=every) for host in HOSTS]

    @property
    def allowed(self) -> list[str]:
        return [f"{host}:{self.port}" for host in HOSTS]


@contextmanager
def world_with(cause: str, monkeypatch: pytest.MonkeyPatch, certificates: Certificates) -> Iterator[World]:
    """Make a world that something can go wrong in."""
    names = Names(monkeypatch)
    names.known |= set(HOSTS)
    certificates.trust(monkeypatch)
    with FeedServer() as server:
        for host in HOSTS:
            server.serve(f"/{host}", news(1), etag='"1"')
        port = int(server.address.rpartition(":")[2])
        match cause:
            case "refused connections":
                yield World(server, names, "http", port, server.stop, server.__enter__)
            case "unknown names":
                yield World(server, names, "http", port, names.known.clear, lambda: names.known.update(HOSTS))
            case _:
                with TlsFront(certificates, port) as front:
                    yield World(server, names, "https", front.port, front.expire, front.renew)


@dataclass
class Outage:
    """What an outage looked like."""

    lines: list[str] = field(default_factory=list)
    polls: Counter[str] = field(default_factory=Counter)
    answered: int = 0  # requests that came through although nobody was to be reached
    late: list[str] = field(default_factory=list)  # the outlets that were not asked within an interval afterwards

    @property
    def faults(self) -> list[str]:
        """Return every way in which it was not as it should be."""
        return [
            *(["too many lines"] if len(self.lines) > 3 else []),
            *(["hammers"] if self.polls.total() > len(HOSTS) * (LASTS / EVERY / 0.9 + 1) else []),
            *(["asked whom it must not"] if self.answered else []),
            *(["recovers late"] if self.late else []),
        ]


async def watched(world: World, store: Store, caplog: pytest.LogCaptureFixture, *, restarts: bool = False) -> Outage:
    """Poll for hours of which some are an outage, in the middle of which the process may be started anew."""
    clock, poll, outage = FixedClock(), PollSettings(gap=timedelta(0)), Outage()
    fetchers: list[HttpFetcher] = []

    def fetcher() -> HttpFetcher:
        fetchers.append(HttpFetcher(Guard(world.allowed), poll))
        return fetchers[-1]

    def started() -> FetchStage:
        return FetchStage(store.fetch, fetcher(), Counting(), clock, poll)  # type: ignore[arg-type]  # counted

    async def run(minutes: int) -> None:
        for _ in range(minutes):
            await stage.run_once()
            clock.move(minutes=1)

    stage = started()
    for number in range(len(HOSTS)):  # one by one, so that they are not due together
        await store.fetch.set_feeds(world.feeds[: number + 1], clock.now())
        await run(1)
    await run(EVERY)
    world.fail()
    stage._poller._fetcher = fetcher()  # a client remembers names and connections for a minute of real time
    asked = len(world.server.requests)
    with caplog.at_level(logging.DEBUG, "bot.feeds"):
        caplog.clear()
        await run(LASTS // 2)
        if restarts:
            stage = started()
        await run(LASTS // 2)
        lines = [record for record in caplog.records if record.name.startswith("bot.feeds")]
    outage.lines = [line.getMessage() for line in lines if line.levelno > logging.DEBUG]
    outage.polls.update(line.getMessage().split()[1] for line in lines if line.levelno == logging.DEBUG)
    outage.answered = len(world.server.requests) - asked
    world.recover()
    asked = len(world.server.requests)
    await run(int(LONGEST) + 1)
    reached = {request.path.removeprefix("/") for request in world.server.requests[asked:]}
    outage.late = [host for host in HOSTS if host not in reached]
    for each in fetchers:
        await each.close()
    return outage


@pytest.mark.parametrize("cause", CAUSES)
def test_an_outage_is_calm_and_over_within_an_interval(
    cause: str, monkeypatch: pytest.MonkeyPatch, certificates: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    """A few lines, no feed is asked oftener than ever, and none waits longer for it afterwards."""
    with world_with(cause, monkeypatch, certificates) as world:
        outage = with_store(None, lambda store: watched(world, store, caplog))

    assert outage.faults == [], outage
    assert outage.lines[-1].startswith("network_down")
    assert outage.polls.total() > LASTS / 2


def test_an_outage_is_still_one_after_a_restart(
    monkeypatch: pytest.MonkeyPatch, certificates: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    """The new process finds nobody either, and all feeds failing already."""
    with world_with("unknown names", monkeypatch, certificates) as world:
        outage = with_store(None, lambda store: watched(world, store, caplog, restarts=True))

    assert set(outage.faults) <= {"too many lines"}, "a second time it is said that the network is down"
    assert [line.partition(" ")[0] for line in outage.lines].count("network_down") == 2


def never_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every feed by itself, whoever else cannot be reached."""
    monkeypatch.setattr("bot.feeds.outage_log._HOSTS_OF_AN_OUTAGE", 99)
    monkeypatch.setattr("bot.feeds.outage_log._HOSTS_BEYOND_DOUBT", 99)


def never_asked_who_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take any certificate."""
    careless = create_default_context()
    careless.check_hostname, careless.verify_mode = False, CERT_NONE
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", careless)


def retried_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask oftener than ever."""
    monkeypatch.setattr("bot.feeds.poller.next_due", lambda feed, now, *_, **__: now + timedelta(minutes=5))


@pytest.mark.parametrize(
    ("breaks", "cause", "faults"),
    [
        (never_seen, "unknown names", ["too many lines", "recovers late"]),
        (retried_at_once, "unknown names", ["hammers"]),
        (never_asked_who_they_are, "expired certificates", ["asked whom it must not"]),
    ],
)
def test_a_stage_that_takes_an_outage_badly_would_be_seen(
    breaks: Callable[[pytest.MonkeyPatch], None],
    cause: str,
    faults: list[str],
    monkeypatch: pytest.MonkeyPatch,
    certificates: Certificates,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The null controls: each break is a fault that the test above would find."""
    with world_with(cause, monkeypatch, certificates) as world:
        breaks(monkeypatch)
        outage = with_store(None, lambda store: watched(world, store, caplog))

    assert outage.faults == faults


def test_one_publisher_that_is_away_is_no_outage(
    monkeypatch: pytest.MonkeyPatch, certificates: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    """It is asked ever more seldom while others answer, and counts as failing."""
    with world_with("unknown names", monkeypatch, certificates) as world:
        world.fail = lambda: world.names.known.discard(HOSTS[-1])
        outage = with_store(None, lambda store: watched(world, store, caplog))

    assert outage.lines == [f"feed_failing feed={HOSTS[-1]} reason=unreachable"]
    assert outage.polls[f"feed={HOSTS[-1]}"] == 2
    assert min(outage.polls.values()) < min(outage.polls[f"feed={host}"] for host in HOSTS[:-1])
