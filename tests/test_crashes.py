"""SIGKILL in the worst places, under load: every alert still arrives, and at most one copy more for each kill.

TIPOFF_KILLS sets how many kills there are in all (20 in the ordinary suite, 1,100 in `make soak`).
"""

import os
import random
import shutil
import sqlite3
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.builders import Entry, rss
from tests.servers.bot_api import FakeBotApi
from tests.servers.daemon import Daemon
from tests.servers.feeds import FeedServer

KILLS = int(os.environ.get("TIPOFF_KILLS", "20"))
CHAINS = int(os.environ.get("TIPOFF_CHAINS", "2"))  # daemons side by side, each with its own folder, feed and Bot API
CHAT = 4242
CONFIG = f'[[chat]]\nname = "team"\nid = {CHAT}\n[alerts]\nper_hour = 1000\n'
WATCH = '[[watch]]\nname = "Marten"\npeople = ["Ilse Marten"]\nto = ["team"]\n'
TARGETS = (
    *("after-body", "after-poll", "before-decide", "after-decide", "before-sending", "after-sending"),
    *("after-send", "after-sent", "in-checkpoint", "in-backup"),
)
AT_ONCE = 2  # headlines a kill, each of which a second outlet reports a kill later


def headline(number: int) -> str:
    """Return headlines that are stories of their own: hardly a word in common."""
    words = ("harbour", "lantern", "granite", "meadow", "copper", "juniper", "walnut", "saffron", "pebble", "cobalt")
    return f"Ilse Marten {' '.join(words[(number + step * step) % 10] + str(number) for step in range(4))}"


def publish(server: FeedServer, count: int) -> None:
    """Publish the headlines up to a number at one outlet, and those before the last ones at another."""
    for outlet, last in (("ledger", count), ("wireline", count - AT_ONCE)):
        newest = range(last, max(last - 20, 0), -1)
        entries = [Entry(headline(n), f"https://{outlet}.example/{n}", f"id-{n}") for n in newest]
        entries = entries or [Entry("Nothing happened", f"https://{outlet}.example/", "none")]
        server.serve(f"/{outlet}", rss(entries), etag=f'"{count}"')


def is_sound(folder: Path) -> bool:
    """Say whether the database, with the log that the kill left, is whole; looks at a copy, and changes nothing."""
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for file in (folder / "data").glob("tipoff.db*"):
        if file.is_file() and not file.name.endswith("-shm"):
            shutil.copy(file, copy)
    with closing(sqlite3.connect(copy / "tipoff.db")) as db:
        return bool(db.execute("pragma integrity_check").fetchone() == ("ok",))


def killed(folder: Path, points: list[str]) -> Counter[str]:
    """Run a daemon that is killed at these points, news after news; return what the chat was told, with counts."""
    with FeedServer() as feeds, FakeBotApi(limits=None, hold=0.1, contract=False) as api:
        api.add_chat(CHAT, kind="private", first_name="Ada")
        publish(feeds, 0)
        with Daemon(folder, token=api.token, api=api.url) as daemon:
            daemon.configure([feeds.url("/ledger"), feeds.url("/wireline")], WATCH, more=CONFIG)
            assert daemon.run("once").returncode == 0
            for number, point in enumerate(points, 1):
                publish(feeds, number * AT_ONCE)
                daemon.output.clear()
                daemon.start(point, "run", program="killed").wait_for(f"killed {point}", timeout=90)
                assert daemon.wait_for_end() == -9
                assert is_sound(folder), f"damaged by kill {number}, {point}"
            daemon.start("never", "run", program="killed")
            _until_quiet(folder, api, feeds)
            assert daemon.stop() == 0
        assert is_sound(folder)
        return Counter(message.text.splitlines()[0] for message in api.messages(CHAT))


def _until_quiet(folder: Path, api: FakeBotApi, feeds: FeedServer) -> None:
    """Wait until the daemon has polled twice more, and nothing waits to be decided about or sent."""
    asked = len(feeds.requests)
    feeds.wait_for(lambda seen: len(seen) >= asked + 4, timeout=60)
    with closing(sqlite3.connect(f"file:{folder}/data/tipoff.db?mode=ro", uri=True)) as db:
        queries = (
            "select count(*) from items where state != 'done'",
            "select count(*) from outbox where state != 'sent'",
        )
        api.wait_for(
            lambda api: all(db.execute(query).fetchone() == (0,) for query in queries), timeout=60 + KILLS / CHAINS
        )


def in_chains(tmp_path: Path, kills: int) -> list[tuple[list[str], Counter[str]]]:
    """Spread the kills over chains side by side; half of them at targeted points in turn, the others at random ones."""
    dice = random.Random(os.environ.get("TIPOFF_SEED", "1"))
    points = [TARGETS[n // 2 % len(TARGETS)] if n % 2 else "random" for n in range(kills)]
    dice.shuffle(points)
    shares = [points[chain::CHAINS] for chain in range(CHAINS)]
    with ThreadPoolExecutor(CHAINS) as chains:
        told = chains.map(lambda chain: killed(tmp_path / str(chain), shares[chain]), range(CHAINS))
        return list(zip(shares, told, strict=True))


def test_killed_anywhere_every_alert_arrives(tmp_path: Path) -> None:
    """Every headline is told, the database is whole after each kill, and no kill costs more than one copy."""
    lost, extra = 0, 0
    for points, told in in_chains(tmp_path, KILLS):
        wanted = {headline(number) for number in range(1, len(points) * AT_ONCE + 1)}
        lost += len(wanted - set(told))
        copies = sum(told.values()) - len(told)
        assert set(told) <= wanted
        assert copies <= len(points)
        extra += copies
    print(f"kills {KILLS}: lost {lost}, extra copies {extra}")
    assert lost == 0


@pytest.mark.parametrize("point", ["seen-first", "sent-first"])
def test_a_bot_that_marks_before_it_tells_would_be_caught(tmp_path: Path, point: str) -> None:
    """The null controls: with the mark before the telling the same kills lose alerts."""
    told = killed(tmp_path, [point])

    assert set(told) < {headline(number) for number in range(1, AT_ONCE + 1)}
