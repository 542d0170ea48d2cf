"""The real daemon, while people put stories together, take them apart, and open those of a digest."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import Entry, rss
from tests.servers.bot_api import ADA, FakeBotApi, Message
from tests.servers.daemon import Daemon
from tests.servers.feeds import FeedServer

ALL = '[[watch]]\nname = "all"\nquery = "*"\nto = ["team"]\n'
TEAM = f'[[chat]]\nname = "team"\nid = {ADA}\n'
OUTLETS = ("ledger", "wireline", "herald")
OLD = Entry("An old story that stood there before", "https://ledger.example/old", "old")
FIRST = "Petra Varga unveils plan for a quantum chip plant in Dresden"
POSSIBLE_DUPLICATE = "Petra Varga and the Dresden question"
LIKE = "Varga's quantum chip plant: what we know about the plan for Dresden"


@pytest.fixture
def feeds(server: FeedServer) -> FeedServer:
    for outlet in OUTLETS:
        server.serve(f"/{outlet}", rss([OLD], title=outlet), etag='"1"')
    return server


def publish(feeds: FeedServer, outlet: str, *titles: str) -> None:
    entries = [Entry(title, f"https://{outlet}.example/{title[:9]}-{n}", title) for n, title in enumerate(titles)]
    feeds.serve(f"/{outlet}", rss([*entries, OLD], title=outlet), etag=f'"{titles}"')


def find(api: FakeBotApi, start: str) -> Message:
    """Return the newest message with buttons that begins so, once it is there."""

    def newest(api: FakeBotApi) -> Message | None:
        return next((m for m in reversed(api.messages(ADA)) if m.text.startswith(start) and m.buttons), None)

    found = api.wait_for(newest, what=start)
    assert found is not None
    return found


def press(api: FakeBotApi, start: str, label: str) -> None:
    """Press a button under a message, once it is there."""

    def data(api: FakeBotApi) -> str:
        return next((str(b["callback_data"]) for b in find(api, start).buttons if b["text"] == label), "")

    api.press(ADA, find(api, start).id, api.wait_for(data, what=label))


def has_sources(api: FakeBotApi, count: int) -> bool:
    return f"{count} sources" in find(api, FIRST).text


def test_stories_are_put_together_and_taken_apart(tmp_path: Path, feeds: FeedServer, api: FakeBotApi) -> None:
    """Same story, then not this story, with a restart between; the messages follow."""
    with Daemon(tmp_path, token=api.token, api=api.url) as daemon:
        daemon.configure([feeds.url(f"/{outlet}") for outlet in OUTLETS], ALL, more=TEAM)
        daemon.start()
        feeds.wait_for(lambda seen: all(sum(r.path == f"/{o}" for r in seen) >= 2 for o in OUTLETS))
        publish(feeds, "ledger", FIRST)
        find(api, FIRST)
        publish(feeds, "wireline", POSSIBLE_DUPLICATE)
        press(api, POSSIBLE_DUPLICATE, "···")
        press(api, POSSIBLE_DUPLICATE, "Same story")
        api.wait_for(lambda api: has_sources(api, 2))
        api.wait_for(lambda api: any(m.text.startswith("One story with") for m in api.messages(ADA)))

        assert daemon.stop() == 0
        daemon.start()
        publish(feeds, "herald", LIKE)
        api.wait_for(lambda api: has_sources(api, 3))
        press(api, FIRST, "···")
        press(api, FIRST, "Not this story")
        assert "herald" in find(api, LIKE).text
        api.wait_for(lambda api: has_sources(api, 2))


def test_a_story_of_a_digest_is_opened_by_its_number(tmp_path: Path, feeds: FeedServer, api: FakeBotApi) -> None:
    """What went over the cap of the hour stands in a digest; its number brings it. The clock runs 900 times as fast."""
    daemon = Daemon(tmp_path, token=api.token, api=api.url)
    daemon.configure([feeds.url("/ledger")], ALL, more=f"{TEAM}\n[alerts]\nper_hour = 1\n")
    telegram = {"TIPOFF_TELEGRAM_TOKEN": api.token, "TIPOFF_TELEGRAM_API": api.url, "PTB_TIMEDELTA": "1"}
    command = [sys.executable, "-m", "tests.servers.fast_daemon", str(tmp_path / "config"), "900"]
    settings = (tmp_path / "config" / "tipoff.toml").read_text("utf-8")
    database = str(tmp_path / "tipoff.db")
    daemon.write("tipoff.toml", f'[store]\npath = "{database}"\n{settings}')
    with subprocess.Popen(command, env={**os.environ, **telegram}, cwd=Path(__file__).parent.parent) as process:
        try:
            feeds.wait_for(lambda seen: sum(r.path == "/ledger" for r in seen) >= 2)
            publish(feeds, "ledger", FIRST, "Northgate hit by a long outage", "Old Harbour raises $40 million")
            find(api, "Digest")
            told = {m.text.splitlines()[0] for m in api.messages(ADA)}
            press(api, "Digest", "1")
            api.wait_for(lambda api: api.messages(ADA)[-1].text.splitlines()[0] not in told)
            assert api.messages(ADA)[-1].buttons
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
