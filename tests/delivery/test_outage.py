"""Telegram's name is unknown, or its certificate out of date: nothing is in doubt, and all is told a minute after."""

import logging
from asyncio import sleep, timeout
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from ssl import CERT_NONE, create_default_context
from typing import Any

import pytest

from bot.store.store import Store
from tests.chat.test_polling import Ear
from tests.delivery.simulated import SimulatedClock, Simulation
from tests.servers.bot_api import FakeBotApi
from tests.servers.tls import Certificates, Names, TlsFront, make_certificates
from tests.store.builders import with_store

HOST = "telegram.invalid"
CAUSES = ("unknown name", "expired certificate")
LASTS = 600  # seconds
STEP = 5
LONGEST = 60  # seconds between two probes


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Go past proxies."""
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"), [HOST])


class NamedBotApi(FakeBotApi):
    """A Bot API that is reached by a name, with TLS."""

    front: TlsFront
    fail: Callable[[], object]
    recover: Callable[[], object]

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.front.port}"


@contextmanager
def telegram_with(
    cause: str, monkeypatch: pytest.MonkeyPatch, certificates: Certificates, **details: Any
) -> Iterator[NamedBotApi]:
    """Make a Telegram that cannot be reached for this cause, until it recovers."""
    names = Names(monkeypatch)
    names.known.add(HOST)
    certificates.trust(monkeypatch)
    with NamedBotApi(contract=False, **details) as api, TlsFront(certificates, api.port) as api.front:
        if cause == "unknown name":
            api.fail, api.recover = names.known.clear, lambda: names.known.add(HOST)
        else:
            api.fail, api.recover = api.front.expire, api.front.renew
        api.fail()
        yield api


class CountingClock(SimulatedClock):
    """Counts how often somebody slept: the line does before each probe but the first."""

    waits = 0

    async def sleep(self, seconds: float) -> None:
        self.waits += 1
        await super().sleep(seconds)

    @property
    def is_slept_by(self) -> bool:
        return bool(self._sleepers)


@dataclass
class Seen:
    """What an outage looked like, and what came after it."""

    calls: int  # that came through to a Telegram nobody should have believed
    probes: int
    in_doubt: int
    lines: int
    told: list[list[str]]  # for each chat

    @property
    def faults(self) -> list[str]:
        """Return every way in which it was not as it should be."""
        return [
            *(["believed"] if self.calls else []),
            *(["hammers"] if self.probes > LASTS / LONGEST + 7 else []),
            *(["gives up"] if self.probes < LASTS / LONGEST else []),
            *(["in doubt"] if self.in_doubt else []),
            *(["too many lines"] if self.lines >= 10 else []),
            *(["lost or twice"] if self.told != [["news 1"], ["news 2"], ["news 3"]] else []),
        ]


async def outlived(
    simulation: Simulation, clock: CountingClock, api: NamedBotApi, caplog: pytest.LogCaptureFixture
) -> Seen:
    """Order alerts while Telegram is out of reach, and let it come back."""

    async def run(seconds: int) -> None:
        for _ in range(0, seconds, STEP):
            await simulation.tell()
            async with timeout(5):  # a probe takes real time, in which this clock stands
                while not (simulation.line.is_up or clock.is_slept_by):  # noqa: ASYNC110  # as the line has it
                    await sleep(0.001)
            await clock.step(STEP)

    chats = [1, 2, 3]
    await simulation.prepare(chats, len(chats))
    await simulation.order([(chat, chat) for chat in chats])
    with caplog.at_level(logging.INFO, "bot"):
        await run(LASTS)
        calls, probes, lines = (
            len(api.calls),
            clock.waits,
            len([one for one in caplog.records if one.name.startswith("bot")]),
        )
    states = (await simulation.store.status()).outbox
    api.recover()
    await run(LONGEST + 2 * STEP)
    told = [[message.text.splitlines()[0] for message in api.messages(chat)] for chat in chats]
    return Seen(calls, probes, states.get("uncertain", 0) + states.get("dead", 0), lines, told)


def seen_of(cause: str, monkeypatch: pytest.MonkeyPatch, certificates: Certificates, caplog: Any) -> Seen:
    clock = CountingClock()

    async def run(store: Store) -> Seen:
        simulation = Simulation(store, api, clock)
        async with simulation.request:
            return await outlived(simulation, clock, api, caplog)

    with telegram_with(cause, monkeypatch, certificates, monotonic=clock.monotonic) as api:
        return with_store(None, run)


@pytest.mark.parametrize("cause", CAUSES)
def test_an_outage_leaves_nothing_in_doubt_and_is_soon_over(
    cause: str, monkeypatch: pytest.MonkeyPatch, certificates: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing reaches whoever answers, it is asked ever more seldom, a few lines say so, and all is told once."""
    seen = seen_of(cause, monkeypatch, certificates, caplog)

    assert seen.faults == [], seen


def taken_for_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a connection that never was for an answer that never came."""
    monkeypatch.setattr("bot.delivery.channels.telegram._NOT_SENT", ())


def asked_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a second between two probes, however many there were."""
    monkeypatch.setattr("bot.delivery.circuit_breaker.backoff", lambda attempt: timedelta(seconds=1))


def never_asked_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take any certificate."""
    careless = create_default_context()
    careless.check_hostname, careless.verify_mode = False, CERT_NONE
    monkeypatch.setattr("httpx._transports.default.create_ssl_context", lambda *_, **__: careless)


@pytest.mark.parametrize(
    ("breaks", "cause", "faults"),
    [
        (taken_for_unknown, "unknown name", ["in doubt"]),
        (asked_again_and_again, "unknown name", ["hammers"]),
        (never_asked_who_it_is, "expired certificate", ["believed", "gives up"]),
    ],
)
def test_a_line_that_takes_an_outage_badly_would_be_seen(
    breaks: Callable[[pytest.MonkeyPatch], None],
    cause: str,
    faults: list[str],
    monkeypatch: pytest.MonkeyPatch,
    certificates: Certificates,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The null controls: each break is a fault that the test above would find."""
    breaks(monkeypatch)

    assert seen_of(cause, monkeypatch, certificates, caplog).faults == faults


@pytest.mark.parametrize("cause", CAUSES)
def test_whoever_listens_waits_calmly_and_hears_again(
    cause: str, monkeypatch: pytest.MonkeyPatch, certificates: Certificates
) -> None:
    """The trouble is said once, the waits grow to a minute, and what was written meanwhile is heard."""

    class Patient(Ear):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            if len(self.waits) == 8:
                api.recover()

    with telegram_with(cause, monkeypatch, certificates, hold=0.0) as api:
        api.add_chat(1)
        api.user_text(1, "hello")
        ear = Patient(api)
        ear.until(lambda ear: bool(ear.notebook.heard))

    assert ear.waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert [trouble.partition(";")[0] for trouble in ear.troubles] == ["Telegram cannot be reached"]
    assert ear.notebook.heard == ["hello"]
