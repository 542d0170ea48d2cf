"""What the tests of all rooms share: servers and clocks, folders to work in, and how long a test may take."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.fakes import FixedClock
from tests.servers.bot_api import ADA, FakeBotApi
from tests.servers.feeds import FeedServer

JOURNEY_TIMEOUT = 300  # seconds; a daemon is started several times, and each wait has a time-out of its own
_JOURNEYS = ("test_chat_journeys", "test_crashes", "test_journeys", "test_real_feeds", "test_survival", "test_week")

# Hypothesis holds each example against the clock by itself; a busy machine is no fault of the program.
settings.register_profile("tipoff", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tipoff")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give journeys more time than other tests, and the long loops of `make soak` as much as they need."""
    for item in items:
        if "TIPOFF_SOAK" in os.environ:
            item.add_marker(pytest.mark.timeout(0), append=False)
        elif item.path.stem.endswith(_JOURNEYS):
            item.add_marker(pytest.mark.timeout(JOURNEY_TIMEOUT))


@pytest.fixture(scope="session", autouse=True)
def _environment() -> Iterator[None]:
    """Choose the type of RetryAfter, or python-telegram-bot warns of its future one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PTB_TIMEDELTA", "1")
        yield


@pytest.fixture
def clock() -> FixedClock:
    """Return a clock that stands until it is moved."""
    return FixedClock()


@pytest.fixture
def server() -> Iterator[FeedServer]:
    """Run a publisher that has published nothing yet."""
    with FeedServer() as server:
        yield server


@pytest.fixture
def api(request: pytest.FixtureRequest) -> Iterator[FakeBotApi]:
    """Run the fake Bot API, with Ada in a private chat.

    `make bed` holds the calls of some journeys against the published schema, which takes seconds to load.
    """
    contract = request.config.option.markexpr == "bed or contract"
    with FakeBotApi(hold=0.1, contract=contract) as api:
        api.add_chat(ADA, first_name="Ada")
        yield api


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder whose configuration, in `config/`, names no feed and no watch; nobody has a token."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TIPOFF_TELEGRAM_TOKEN", raising=False)
    folder = tmp_path / "config"
    folder.mkdir()
    for name in ("tipoff.toml", "feeds.toml", "watchlist.toml"):
        (folder / name).write_text("", "utf-8")
    return folder
