"""SIGKILL in the worst places: every alert still arrives, and none more than once too often.

TIPOFF_KILLS sets how many kills there are in all (20 in the ordinary suite).
"""

import os
import sqlite3
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.builders import Entry, rss
from tests.servers.bot_api import FakeBotApi
from tests.servers.daemon import Daemon
from tests.servers.feeds import FeedServer

KILLS = int(os.environ.get("TIPOFF_KILLS", "20"))
CHAINS = 2  # daemons side by side, each with its own folder, feed and Bot API
CHAT = 4242
CONFIG = f'[[chat]]\nname = "team"\nid = {CHAT}\n'
WATCH = '[[watch]]\nname = "Marten"\npeople = ["Ilse Marten"]\nto = ["team"]\n'


def headline(number: int) -> str:
    """Return headlines that are stories of their own: hardly a word in common."""
    words = ("harbour", "lantern", "granite", "meadow", "copper", "juniper", "walnut", "saffron", "pebble", "cobalt")
    return f"Ilse Marten {' '.join(words[(number + step * step) % 10] for step in range(4))} number{number}"


def publish(server: FeedServer, count: int) -> None:
    entries = [Entry(headline(n), f"https://ledger.example/{n}", f"id-{n}") for n in range(count, -1, -1)]
    server.serve("/ledger", rss(entries[:20]), etag=f'"{count}"')


def killed(folder: Path, point: str, kills: int) -> Counter[str]:
    """Run a daemon that is killed at a point, news after news; return what the chat was told, with counts."""
    with FeedServer() as feeds, FakeBotApi(limits=None, hold=0.1, contract=False) as api:
        api.add_chat(CHAT, kind="private", first_name="Ada")
        publish(feeds, 0)
        with Daemon(folder, token=api.token, api=api.url) as daemon:
            daemon.configure([feeds.url("/ledger")], WATCH, more=CONFIG)
            assert daemon.run("once").returncode == 0
            for number in range(1, kills + 1):
                publish(feeds, number)
                daemon.output.clear()
                daemon.start(point, "run", program="killed").wait_for(f"killed {point}", timeout=60)
                assert daemon.wait_for_end() == -9
            daemon.start()
            _until_quiet(folder, api, feeds)
            assert daemon.stop() == 0
        with sqlite3.connect(folder / "data" / "tipoff.db") as db:
            assert db.execute("pragma integrity_check").fetchone() == ("ok",)
        db.close()
        return Counter(message.text.splitlines()[0] for message in api.messages(CHAT))


def _until_quiet(folder: Path, api: FakeBotApi, feeds: FeedServer) -> None:
    """Wait until the daemon has polled twice more, and nothing waits for desk or chat."""
    asked = len(feeds.requests)
    feeds.wait_for(lambda seen: len(seen) >= asked + 2, timeout=45)
    with sqlite3.connect(f"file:{folder}/data/tipoff.db?mode=ro", uri=True) as db:
        queries = (
            "select count(*) from items where state != 'done'",
            "select count(*) from outbox where state != 'sent'",
        )
        api.wait_for(lambda api: all(db.execute(query).fetchone() == (0,) for query in queries), timeout=45)
    db.close()


def in_chains(tmp_path: Path, point: str, kills: int) -> list[tuple[int, Counter[str]]]:
    """Spread the kills over chains side by side; return each chain's kills and what its chat was told."""
    shares = [kills // CHAINS + (number < kills % CHAINS) for number in range(CHAINS)]
    with ThreadPoolExecutor(CHAINS) as chains:
        told = chains.map(lambda n: killed(tmp_path / f"{point}-{n}", point, shares[n]), range(CHAINS))
        return list(zip(shares, told, strict=True))


def test_killed_right_after_the_commit_of_news_every_alert_arrives(tmp_path: Path) -> None:
    """Every headline is told. What was under way at a kill is sent again: one copy more a kill at most."""
    for kills, told in in_chains(tmp_path, "after-poll", KILLS):
        assert set(told) == {headline(number) for number in range(1, kills + 1)}
        assert sum(told.values()) - kills <= kills


def test_killed_between_sending_and_noting_it_costs_one_copy_at_most(tmp_path: Path) -> None:
    """Nobody can know then whether the message arrived: it is sent once more, and only once."""
    told = killed(tmp_path, "after-send", 1)

    assert set(told) == {headline(1)}
    assert max(told.values()) <= 2


@pytest.mark.parametrize("kills", [1])
def test_a_bot_that_marks_as_seen_before_it_tells_would_be_caught(tmp_path: Path, kills: int) -> None:
    """The null control: with the mark before the telling, the same kills lose every alert."""
    assert killed(tmp_path, "seen-first", kills) == Counter()
