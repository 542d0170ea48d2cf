"""What those who watch Tipoff see: /healthz, /metrics, systemd, and the ping outside."""

import asyncio
import json
import os
import re
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import cast

import aiohttp
import pytest
from aiohttp import web
from prometheus_client import Gauge

from bot.core.errors import ConfigError
from bot.core.model import DeliveryResult, Feed, FeedDocument, FeedFailure, Outcome, Response, Status, Validators
from bot.core.settings import HealthSettings
from bot.ops.health import HealthSnapshot
from bot.ops.metrics import METRICS, Metric, Metrics
from bot.ops.probe import Probe
from bot.ops.server import HealthServer
from bot.ops.systemd import Systemd
from bot.ops.watchdog import Watchdog
from bot.store.store import Store
from tests.delivery.builders import NOON, alert, match
from tests.fakes import FixedClock, HastyLoop, SettableClock
from tests.servers.ports import free_port, listening

STATUS = Status(
    feeds=3,
    feeds_failing=1,
    feeds_due=2,
    feeds_never_read=0,
    last_poll=NOON,
    last_success=NOON,
    next_due=NOON,
    items=70,
    items_pending=4,
    stories=5,
    matches=6,
    outbox={"pending": 2, "sent": 9, "uncertain": 1},
    oldest_waiting=NOON - timedelta(seconds=42),
    unpaired={},
    unknown={"team": 1},
    paused={"secret team": "blocked"},
    sqlite="3.40.1 (before 3.51.3 two programs that write could lose data; Tipoff alone writes)",
)
WELL = HealthSnapshot(NOON, STATUS, lag=0.01, busy={"decide": 2.0}, telegram="up", updates=3.0, log_size=4096)


@pytest.mark.parametrize(
    ("snapshot", "trouble"),
    [
        (WELL, None),
        (replace(WELL, telegram="down"), None),
        (replace(WELL, lag=11.0), "the event loop stood still for 11 s"),
        (replace(WELL, busy={"fetch": 301.0}), "fetch has been busy for 301 s"),
        (replace(WELL, now=NOON + timedelta(minutes=11)), "feeds are overdue"),
        (replace(WELL, database="the database cannot be written: full"), "the database cannot be written: full"),
    ],
)
def test_what_stands_still_is_a_trouble(snapshot: HealthSnapshot, trouble: str | None) -> None:
    """An outage of Telegram alone is none."""
    assert snapshot.troubles == ([] if trouble is None else [trouble])
    assert snapshot.as_json()["ok"] is (trouble is None)


class FixedProbe(Probe):
    """Takes the snapshots that it is given, the last one for ever; measures by a clock that is given, too."""

    def __init__(
        self, monotonic: Callable[[], float] = lambda: 0.0, snapshots: list[HealthSnapshot] | None = None
    ) -> None:
        clock = FixedClock()
        clock.monotonic = monotonic  # type: ignore[method-assign]  # the loop's own
        super().__init__(cast("Store", None), clock, {}, None)
        self.snapshots = [WELL] if snapshots is None else snapshots
        self.taken = 0

    async def take(self, count: int) -> None:
        """Wait until so many snapshots more were taken."""
        count += self.taken
        while self.taken < count:  # noqa: ASYNC110  # by who runs in this loop
            await asyncio.sleep(0.001)

    async def snapshot(self) -> HealthSnapshot:
        self.taken += 1
        return self.snapshots.pop(0) if len(self.snapshots) > 1 else self.snapshots[0]


async def asked(snapshot: HealthSnapshot, metrics: Metrics, path: str) -> tuple[int, str]:
    """Serve a snapshot and ask for it."""
    server = HealthServer(port := free_port(), FixedProbe(snapshots=[snapshot]), metrics)
    await server.start()
    try:
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as answer:
            return answer.status, await answer.text()
    finally:
        await server.stop()


def test_healthz_says_what_is_going_on_and_no_names() -> None:
    """200 while all is well, 503 when something stands still; SQLite's version and mode stand there."""
    status, text = asyncio.run(asked(WELL, Metrics(FixedClock()), "/healthz"))
    found = json.loads(text)

    assert status == 200
    assert found["ok"] is True
    assert found["oldest_message_seconds"] == 42
    assert found["messages"]["uncertain"] == 1
    assert "Tipoff alone writes" in found["sqlite"]
    assert "secret team" not in text
    assert asyncio.run(asked(replace(WELL, lag=11), Metrics(FixedClock()), "/healthz"))[0] == 503


class OneReply:
    """Answers with what it is given."""

    def __init__(self, *replies: Response | FeedFailure) -> None:
        self.replies = list(replies)

    async def fetch(self, feed: Feed) -> Response | FeedFailure:
        return self.replies.pop(0)


class SlowParser:
    """Takes twenty milliseconds for a document."""

    def __init__(self, clock: SettableClock) -> None:
        self.clock = clock

    async def parse(self, body: bytes, content_type: str, url: str) -> FeedDocument | FeedFailure:
        self.clock.run(0.02)
        return FeedFailure("malformed", "no feed")


def test_metrics_count_what_happens() -> None:
    """Fetches and messages by outcome, parse seconds, and how long an alert took since the publisher's date."""
    clock = SettableClock(NOON)
    metrics = Metrics(clock)
    feed = Feed(1, "https://a.example/", "A", (), None, None, Validators(), None, 0, True)

    async def work() -> str:
        fetcher = metrics.counted(OneReply(FeedFailure("timeout", "x"), FeedFailure("timeout", "x")))
        for _ in range(2):
            await fetcher.fetch(feed)
        await metrics.timed(SlowParser(clock)).parse(b"", "", "")
        dated = replace(match(), item=replace(match().item, published=NOON))
        sent_alert = alert(matches=(dated,))
        clock.at = NOON + timedelta(seconds=90)
        metrics.note_outcome(Outcome(sent_alert, DeliveryResult.DONE, 1, "h"))
        metrics.note_outcome(Outcome(sent_alert, DeliveryResult.UNCERTAIN))
        return (await asked(WELL, metrics, "/metrics"))[1]

    lines = set(asyncio.run(work()).splitlines())
    assert lines >= {
        'tipoff_fetches_total{outcome="timeout"} 2.0',
        'tipoff_messages_total{kind="alert",outcome="sent"} 1.0',
        'tipoff_messages_total{kind="alert",outcome="uncertain"} 1.0',
        'tipoff_parse_seconds_bucket{le="0.03"} 1.0',
        'tipoff_publish_to_alert_seconds_bucket{le="60.0"} 0.0',
        'tipoff_publish_to_alert_seconds_bucket{le="120.0"} 1.0',
        "tipoff_seen_to_alert_seconds_sum 30.0",
        "tipoff_feeds_due 2.0",
        "tipoff_items_pending 4.0",
        "tipoff_matches 6.0",
        "tipoff_outbox_oldest_seconds 42.0",
        'tipoff_outbox{state="uncertain"} 1.0',
        'tipoff_outbox{state="dead"} 0.0',
        "tipoff_loop_lag_seconds 0.01",
        "tipoff_write_ahead_log_bytes 4096.0",
        "tipoff_healthy 1.0",
    }


def test_every_metric_is_documented() -> None:
    """By the name under which it is exposed; nothing else is."""
    page = (Path(__file__).parents[2] / "docs" / "health.md").read_text("utf-8")
    documented = set(re.findall(r"`tipoff_([a-z_]+?)(?:_total)?(?:\{[a-z,]+\})?`", page))

    assert documented == {metric.name for metric in METRICS}


def test_a_new_metric_is_one_entry() -> None:
    """Its source gives its values."""
    longest: Metric[HealthSnapshot] = Metric(
        "longest", "Longest.", Gauge, HealthSnapshot, lambda snapshot: {("lag",): snapshot.lag}, ("what",)
    )

    assert b'tipoff_longest{what="lag"} 0.01' in Metrics(FixedClock(), [longest]).text(WELL)


def test_a_port_that_is_taken_is_said() -> None:
    """In one line that names the setting."""

    async def work() -> None:
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            sock.listen()
            server = HealthServer(sock.getsockname()[1], FixedProbe(), Metrics(FixedClock()))
            try:
                await server.start()
            finally:
                await server.stop()

    with pytest.raises(ConfigError, match=r"\[health\] port: 127.0.0.1:\d+ cannot be used"):
        asyncio.run(work())


class Listener:
    """Stands for systemd: a socket, and what was said to it."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.setblocking(False)

    def heard(self) -> list[str]:
        found = []
        while True:
            try:
                found.append(self.socket.recv(1000).decode())
            except BlockingIOError:
                return found


async def watched(
    settings: HealthSettings,
    systemd: Systemd,
    probe: FixedProbe,
    during: Callable[[Watchdog], Awaitable[None]],
) -> None:
    """Run a watchdog with this probe."""
    watchdog = Watchdog(settings, probe, systemd)
    task = asyncio.create_task(watchdog.run())
    await during(watchdog)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_hears_what_it_asks_for(tmp_path: Path, abstract: bool) -> None:
    """READY once, WATCHDOG oftener than it must, and not while something stands still; more time until then."""
    name = f"\0tipoff-test-{os.getpid()}" if abstract else str(tmp_path / "socket")
    listener = Listener(Path(name)) if not abstract else Listener.__new__(Listener)
    if abstract:
        listener.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        listener.socket.bind(name)
        listener.socket.setblocking(False)
    systemd = Systemd({"NOTIFY_SOCKET": name.replace("\0", "@"), "WATCHDOG_USEC": "100000"})

    async def during(watchdog: Watchdog) -> None:
        await asyncio.sleep(0.02)
        assert listener.heard() == ["WATCHDOG=1", "EXTEND_TIMEOUT_USEC=60000000"]
        watchdog.ready()
        watchdog.ready()
        await asyncio.sleep(0.2)
        heard = listener.heard()
        assert heard[0] == "READY=1"
        assert set(heard[1:]) == {"WATCHDOG=1"}
        assert len(heard) >= 3
        snapshots[:] = [replace(WELL, lag=11)]
        await asyncio.sleep(0.06)
        listener.heard()
        await asyncio.sleep(0.15)
        assert listener.heard() == []

    snapshots = [WELL]
    with asyncio.Runner(loop_factory=HastyLoop) as runner:
        runner.run(watched(HealthSettings(), systemd, FixedProbe(snapshots=snapshots), during))
    systemd.stopping()
    assert listener.heard() == ["STOPPING=1"]
    listener.socket.close()


def test_without_systemd_nothing_is_told() -> None:
    """Nor is it a trouble when its socket is gone."""
    Systemd({}).ready()
    Systemd({"NOTIFY_SOCKET": "/nowhere/at/all"}).ready()
    assert Systemd({"WATCHDOG_USEC": "x"}).watchdog is None


def pinged_by_one_who_is_stuck(failure: int = 500) -> tuple[list[str], int]:
    """Return the paths that were asked for, the first two with success, and how many of them when all stood still."""
    pings: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        pings.append(request.path)
        return web.Response(status=failure if len(pings) > 2 else 200, headers={"Location": "/inside"})

    async def work() -> int:
        app = web.Application()
        app.router.add_get("/{path:.*}", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port := free_port()).start()
        probe, late = FixedProbe(), []

        async def during(_: Watchdog) -> None:
            while len(pings) < 5:  # noqa: ASYNC110  # the server is in this loop
                await asyncio.sleep(0.01)
            probe.snapshots[:] = [replace(WELL, lag=11)]
            await probe.take(2)  # a ping may be under way
            count = len(pings)
            await probe.take(5)
            late.append(len(pings) - count)

        settings = replace(
            HealthSettings(), ping=f"http://127.0.0.1:{port}/s3cret", ping_every=timedelta(milliseconds=10)
        )
        await watched(settings, Systemd({}), probe, during)
        await runner.cleanup()
        return late[0]

    return pings, asyncio.run(work())


def test_the_outside_is_pinged_while_all_is_well(caplog: pytest.LogCaptureFixture) -> None:
    """It stops when something stands still; an address that fails is said once, without its secret path."""
    pings, late = pinged_by_one_who_is_stuck()

    assert late == 0
    assert pings[0] == "/s3cret"
    (record,) = [record for record in caplog.records if record.name == "bot.ops.watchdog"]
    assert record.getMessage() == "ping_fails host=127.0.0.1 reason=status 500"


def test_a_ping_follows_no_redirect(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever answers it could choose an address inside; it counts as a failure, for nobody has noted the ping."""
    pings, _ = pinged_by_one_who_is_stuck(302)

    assert set(pings) == {"/s3cret"}
    assert "reason=status 302" in caplog.text


def test_a_ping_whatever_goes_on_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The null control: a watchdog that does not look goes on pinging."""
    monkeypatch.setattr(HealthSnapshot, "troubles", [])

    assert pinged_by_one_who_is_stuck()[1] > 0


@pytest.mark.parametrize(("host", "found"), [("", "0100007F"), ("0.0.0.0", "00000000")])  # noqa: S104  # is seen
def test_the_port_is_on_loopback_and_another_would_be_seen(
    host: str, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second is the null control."""
    if host:
        monkeypatch.setattr("bot.ops.server._HOST", host)

    async def work() -> list[str]:
        health = HealthServer(port := free_port(), FixedProbe(), Metrics(FixedClock()))
        await health.start()
        try:
            return listening(port)
        finally:
            await health.stop()

    assert asyncio.run(work()) == [found]
