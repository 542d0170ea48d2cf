"""What systemd hears in three minutes: by a loop that waits for nothing."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from bot.core.settings import HealthSettings
from bot.ops.health import HealthSnapshot
from bot.ops.probe import Probe
from bot.ops.systemd import Systemd
from bot.ops.watchdog import Watchdog
from tests.fakes import HastyLoop
from tests.ops.test_watched import WELL, FixedProbe, Listener, watched

WATCHDOG = 30  # seconds within which systemd wants to hear of the daemon
READY, STUCK, END = 100, 300, 500  # seconds from the start
STANDS_STILL = replace(WELL, lag=11.0)


def heard(folder: Path) -> list[tuple[float, str]]:
    """Return what systemd hears, and when: Telegram answers late, and later on something stands still."""
    listener, said = Listener(folder / "socket"), list[tuple[float, str]]()
    systemd = Systemd({"NOTIFY_SOCKET": str(folder / "socket"), "WATCHDOG_USEC": f"{WATCHDOG}000000"})
    snapshots = [WELL]

    async def during(watchdog: Watchdog) -> None:
        for second in range(END):
            await asyncio.sleep(1)
            said.extend((second, words) for words in listener.heard())
            if second == READY:
                watchdog.ready()
            if second == STUCK:
                snapshots[:] = [STANDS_STILL]

    with closing(listener.socket), asyncio.Runner(loop_factory=HastyLoop) as runner:
        runner.run(watched(HealthSettings(), systemd, FixedProbe(snapshots=snapshots), during))
    return said


def faults(said: list[tuple[float, str]]) -> list[str]:
    """Return every way in which systemd would learn something wrong, or too late."""
    ready = [second for second, words in said if words == "READY=1"]
    alive = [second for second, words in said if words == "WATCHDOG=1"]
    patient = [second for second, words in said if words.startswith("EXTEND_TIMEOUT_USEC=6")]
    return [
        *(["not ready once"] if ready != [READY + 1] else []),
        *(["thought dead"] if any(b - a > WATCHDOG / 2 for a, b in pairwise([0, *alive])) else []),
        *(["thought well"] if not alive or alive[-1] > STUCK + 1 else []),
        *(["given up"] if not patient or any(b - a >= 60 for a, b in pairwise([*patient, READY])) else []),
    ]


def test_systemd_hears_it_in_time_and_only_while_it_is_true(tmp_path: Path) -> None:
    """READY once, when it is so; WATCHDOG twice as often as asked, never while something stands still."""
    assert faults(heard(tmp_path)) == []


def ready_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Say that all is there while Telegram has not answered yet."""
    run = Watchdog.run

    async def run_ready(self: Watchdog) -> None:
        self.ready()
        await run(self)

    monkeypatch.setattr(Watchdog, "run", run_ready)


def as_often_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave systemd no margin."""
    feed = Watchdog._feed_watchdog
    monkeypatch.setattr(Watchdog, "_feed_watchdog", lambda self, every: feed(self, every * 2.2))


def without_a_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Say that all goes on, whatever goes on."""
    monkeypatch.setattr(HealthSnapshot, "troubles", [])


def said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for more time once, however long Telegram is away."""
    monkeypatch.setattr("bot.ops.watchdog._EXTENSION", 600.0)
    monkeypatch.setattr(Systemd, "extend_timeout", lambda self, seconds: self._notify("EXTEND_TIMEOUT_USEC=60000000"))


@pytest.mark.parametrize(
    ("breaks", "found"),
    [
        (ready_too_early, ["not ready once", "given up"]),
        (as_often_as_asked, ["thought dead"]),
        (without_a_probe, ["thought well"]),
        (said_once, ["given up"]),
    ],
)
def test_a_watchdog_that_says_something_wrong_would_be_seen(
    tmp_path: Path, breaks: Callable[[pytest.MonkeyPatch], None], found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The null controls: each break is a fault that the test above would find."""
    breaks(monkeypatch)

    assert faults(heard(tmp_path)) == found


class MeasuringProbe(FixedProbe):
    """Finds the newsroom well but for the lag that it has measured."""

    async def snapshot(self) -> HealthSnapshot:
        return replace(WELL, lag=self.lag)


def silence_after_standing_still(folder: Path) -> float:
    """Return how long systemd hears nothing after the loop stood still for twelve seconds."""
    listener = Listener(folder / "socket")
    systemd = Systemd({"NOTIFY_SOCKET": str(folder / "socket"), "WATCHDOG_USEC": "1000000"})

    async def story() -> float:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, HastyLoop)

        watchdog = Watchdog(HealthSettings(), MeasuringProbe(loop.time), systemd)
        running = asyncio.create_task(watchdog.run())
        await asyncio.sleep(2)
        loop.pass_on(12)  # nothing runs meanwhile
        await asyncio.sleep(0.01)
        listener.heard()
        began = loop.time()
        for _ in range(1000):
            if "WATCHDOG=1" in listener.heard():
                break
            await asyncio.sleep(0.1)
        running.cancel()
        await asyncio.wait([running])
        return loop.time() - began

    with closing(listener.socket), asyncio.Runner(loop_factory=HastyLoop) as runner:
        return runner.run(story())


def test_a_loop_that_stood_still_is_told_to_systemd(tmp_path: Path) -> None:
    """It hears nothing for a minute; a daemon that goes on well counts as well again after it."""
    assert 58 < silence_after_standing_still(tmp_path) < 62


def test_a_systemd_that_does_not_listen_holds_nobody_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Once its queue is full what is said goes unheard, and a line says so."""
    listener = Listener(tmp_path / "socket")
    systemd = Systemd({"NOTIFY_SOCKET": str(tmp_path / "socket")})
    with closing(listener.socket):
        while not caplog.records:
            systemd.alive()

    assert caplog.messages == ["systemd_notify_failed message=WATCHDOG=1 reason=timed out"]


def test_a_probe_that_does_not_measure_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The null control: without the beat systemd hears at once that all goes on."""
    monkeypatch.setattr(Probe, "measure_lag", lambda self: asyncio.sleep(10_000))

    assert silence_after_standing_still(tmp_path) < 1
