"""Real feeds, as published, through the real command line. Skipped where the collection is not at hand."""

import json
import time
from pathlib import Path

import pytest

from tests.builders import Entry, rss
from tests.servers.bot_api import FakeBotApi
from tests.servers.daemon import Daemon
from tests.servers.feeds import FeedServer

DATA = Path(__file__).parent.parent.parent / "shared" / "data" / "feeds"
NAMES = ("Apple", "Google", "Microsoft", "Amazon", "Facebook", "OpenAI", "China", "London", "Python", "Tesla")
CHAT = 4242
CONFIG = f'[[chat]]\nname = "team"\nid = {CHAT}\n'


MOST_CUT = 3
MOST_PATIENT = 20


def with_entries() -> set[str]:
    """Return the files in which others found entries, by the collection's own list."""
    lines = (DATA / "manifest.jsonl").read_text("utf-8").splitlines()
    return {entry["name"] for entry in map(json.loads, lines) if entry.get("entries")}


def timed_pass(daemon: Daemon) -> float:
    """Make one pass; return the seconds it took."""
    began = time.monotonic()
    done = daemon.run("once", timeout=120)
    assert done.returncode == 0, done.output
    return time.monotonic() - began


@pytest.mark.real
@pytest.mark.skipif(not DATA.is_dir(), reason="the collection of real feeds is not at hand")
def test_a_collection_of_real_feeds_is_read_once_and_then_only_asked(tmp_path: Path) -> None:
    """All parseable feeds give items; the second pass parses and tells nothing; one new item is one alert."""
    files = sorted(path for path in DATA.iterdir() if path.name != "manifest.jsonl")
    watches = "".join(f'[[watch]]\nname = "{n}"\norganisations = ["{n}"]\nto = ["team"]\n' for n in NAMES)
    with FeedServer() as feeds, FakeBotApi(hold=0.1, contract=False) as api:
        api.add_chat(CHAT, kind="private", first_name="Ada")
        for path in files:
            feeds.serve(f"/{path.name}", path.read_bytes(), content_type="", etag=f'"{path.name}"')
        with Daemon(tmp_path, token=api.token, api=api.url) as daemon:
            daemon.configure([feeds.url(f"/{path.name}") for path in files], watches, more=CONFIG)

            first_pass = timed_pass(daemon)
            status = json.loads(daemon.run("status", "--json").output)
            health = json.loads(daemon.run("feeds", "list", "--json").output)
            empty = {feed["name"] for feed in health if not feed["items"]}
            assert {name for name in with_entries() if name in empty} == set()
            assert status["items_pending"] == 0

            asked = len(feeds.requests)
            second_pass = timed_pass(daemon)
            again = feeds.requests[asked:]
            stored = len(files) - len(empty)
            # documents that are cut off stay without validators: the rest may come under the same ones
            unconditional = [request.path for request in again if request.status != 304]
            assert len(unconditional) <= MOST_CUT
            # some ask in their own words (ttl, skipHours, sy) to be left alone for longer
            assert len(files) - MOST_PATIENT <= len(again) <= len(files)
            assert api.messages(CHAT) == []
            print(f"\n{len(files)} files, {stored} with items, {status['items']} items")
            print(f"second pass: {len(again)} requests, {len(unconditional)} without condition")
            print(f"the passes took {first_pass:.1f} s and {second_pass:.1f} s")

            news = Entry("OpenAI names a new head of research", "https://ledger.example/new", "new")
            first = files[0].name
            feeds.serve(f"/{first}", rss([news]), etag='"new"')
            daemon.start()
            api.wait_for(lambda api: api.messages(CHAT), timeout=20)
            assert daemon.stop() == 0

            (message,) = api.messages(CHAT)
            assert message.text.splitlines()[0] == news.title
            assert "Why you see this: watch OpenAI (“OpenAI”)" in message.text.replace("\u2060", "")
            polled = next(r.at for r in reversed(feeds.requests) if r.path == f"/{first}")
            sent = api.calls_of("sendMessage")[0].at
            print(f"the alert came {sent - polled:.2f} s after the poll of its feed")
