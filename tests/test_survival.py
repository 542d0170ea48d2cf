"""The real daemon against the machine it runs on: signals, the disk, other programs, and those who watch it.

What takes minutes is run by `make soak` (TIPOFF_SOAK=1).
"""

import json
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.servers.bot_api import FakeBotApi
from tests.servers.daemon import Daemon
from tests.servers.feeds import FeedServer
from tests.servers.ports import free_port, listening
from tests.test_crashes import AT_ONCE, CHAT, CONFIG, WATCH, headline, is_sound, publish

SOAK = "TIPOFF_SOAK" in os.environ
TERMS = int(os.environ.get("TERMS", "100" if SOAK else "4"))
SECRET = "123456:SECRET-token-that-must-not-be-seen-anywhere"


@pytest.fixture
def feeds(server: FeedServer) -> FeedServer:
    publish(server, 0)
    return server


@pytest.fixture
def api() -> Iterator[FakeBotApi]:
    with FakeBotApi(token=SECRET, limits=None, hold=0.1, contract=False) as api:
        api.add_chat(CHAT, first_name="Ada")
        yield api


@pytest.fixture
def daemon(tmp_path: Path, feeds: FeedServer, api: FakeBotApi) -> Iterator[Daemon]:
    """Make a daemon that has read its two feeds once."""
    with made(tmp_path, feeds, api) as daemon:
        yield daemon


def made(folder: Path, feeds: FeedServer, api: FakeBotApi, more: str = "") -> Daemon:
    daemon = Daemon(folder, token=api.token, api=api.url)
    daemon.configure([feeds.url("/ledger"), feeds.url("/wireline")], WATCH, more=CONFIG + more)
    assert daemon.run("once").returncode == 0
    return daemon


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 8 MB, where that is allowed."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("only root may mount a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def told(api: FakeBotApi) -> list[str]:
    """Return the headlines that were told, in order."""
    firsts = [message.text.splitlines()[0] for message in api.messages(CHAT)]
    return [first for first in firsts if first.startswith("Ilse Marten")]


def until_told(api: FakeBotApi, count: int, timeout: float = 20) -> None:
    api.wait_for(lambda api: set(told(api)) >= {headline(n) for n in range(1, count + 1)}, timeout)


def heard_of(systemd: socket.socket) -> list[bytes]:
    """Return what was said to systemd so far."""
    systemd.setblocking(False)
    found = []
    while True:
        try:
            found.append(systemd.recv(99))
        except BlockingIOError:
            return found


def fill_up(file: Path) -> None:
    """Write until there is no more room."""
    with file.open("wb", buffering=0) as filling:
        while True:
            try:
                filling.write(b"\0" * 4096)
            except OSError:
                return


def ask(port: int, path: str = "/healthz") -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def eventually(seen: Callable[[], Any], timeout: float = 15) -> Any:
    """Return what is seen, as soon as it is true."""
    ends = time.monotonic() + timeout
    while not (found := seen()):
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.05)
    return found


# Those who watch.


def test_systemd_hears_ready_after_telegram_answered(daemon: Daemon, api: FakeBotApi, tmp_path: Path) -> None:
    """READY only once getMe was answered, more time before, WATCHDOG again and again, STOPPING at the end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(15)
        daemon.environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "1000000"}
        api.down()
        daemon.start()
        heard = {systemd.recv(99).decode() for _ in range(4)}
        assert "WATCHDOG=1" in heard
        assert any(message.startswith("EXTEND_TIMEOUT_USEC=") for message in heard)
        assert "READY=1" not in heard
        api.up()
        while systemd.recv(99) != b"READY=1":
            pass
        for _ in range(4):
            while systemd.recv(99) != b"WATCHDOG=1":
                pass
        daemon.signal(signal.SIGTERM)
        while systemd.recv(99) != b"STOPPING=1":
            pass
        assert daemon.wait_for_end() == 0


def test_the_health_port_is_on_loopback_only_and_tells_no_secret(
    tmp_path: Path, feeds: FeedServer, api: FakeBotApi
) -> None:
    """Health and metrics name no token, chat or feed, and no other address listens."""
    port = free_port()
    with made(tmp_path, feeds, api, f"\n[health]\nport = {port}\n") as daemon:
        daemon.start()
        publish(feeds, AT_ONCE)
        until_told(api, AT_ONCE)
        # what arrived is counted a moment later
        metrics = eventually(lambda: next((m for _, m in [ask(port, "/metrics")] if 'outcome="sent"} 2.0' in m), ""))
        status, health = ask(port)

        found = json.loads(health)
        assert (status, found["telegram"], found["feeds"]) == (200, "up", 2)
        assert found["last_updates_seconds"] is None or found["last_updates_seconds"] >= 0
        assert 'tipoff_messages_total{kind="alert",outcome="sent"} 2.0' in metrics
        assert re.search(r"tipoff_seen_to_alert_seconds_count 2\.0", metrics)
        shown = re.sub(r"\d+\.\d+(e[+-]\d+)?", "", health + metrics)  # any digits may stand in a measure
        for secret in (SECRET, str(CHAT), "team", "ledger", str(tmp_path)):
            assert secret not in shown
        assert listening(port) == ["0100007F"]


def test_a_loop_that_stands_still_is_seen_from_outside(tmp_path: Path, feeds: FeedServer, api: FakeBotApi) -> None:
    """/healthz is 503 and systemd is not told that all is well; alerts and polls come all the same."""
    port = free_port()
    with (
        made(tmp_path, feeds, api, f"\n[health]\nport = {port}\n") as daemon,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd,
    ):
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(5)
        daemon.environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"}
        daemon.start("blocked", "run", program="killed")
        eventually(lambda: api.calls_of("getUpdates"))
        assert ask(port)[0] == 200
        publish(feeds, AT_ONCE)
        daemon.wait_for("killed blocked")
        until_told(api, AT_ONCE)
        status, health = ask(port)
        assert status == 503
        assert "the event loop stood still" in json.loads(health)["troubles"][0]
        heard_of(systemd)
        time.sleep(1)
        assert heard_of(systemd) == []
        asked = len(feeds.requests)
        feeds.wait_for(lambda seen: len(seen) > asked)


def test_the_ping_stops_with_the_process(tmp_path: Path, feeds: FeedServer, api: FakeBotApi) -> None:
    """A dead bot cannot say that it is dead: the outside hears nothing for two periods."""
    pings: list[str] = []

    class Outside(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pings.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Outside) as outside:
        Thread(target=outside.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{outside.server_port}/check"
        with made(tmp_path, feeds, api, f'\n[health]\nping = "{url}"\nping_every = "1s"\n') as daemon:
            daemon.start()
            eventually(lambda: len(pings) >= 3)
            daemon.signal(signal.SIGKILL)
            daemon.wait_for_end()
            time.sleep(0.5)  # what was under way arrives
            before = len(pings)
            time.sleep(2)
            assert len(pings) == before
        outside.shutdown()


# Secrets.


def test_the_token_is_nowhere(tmp_path: Path, feeds: FeedServer, api: FakeBotApi) -> None:
    """At DEBUG, with 401, 409, 429, cuts and tracebacks: not in log, files, health or the process list."""
    port = free_port()
    more = f'\n[log]\nlevel = "debug"\n\n[health]\nport = {port}\n'
    with made(tmp_path, feeds, api, more) as daemon:
        faults: list[dict[str, Any]] = [
            {"code": 401, "description": "Unauthorized"},
            {"code": 409, "description": "Conflict"},
            {"code": 429, "description": "Too Many Requests: retry after 1", "params": {"retry_after": 1}},
            {"code": 502},
            {"drop": True},
            {"code": 400, "description": "Bad Request: can't parse entities: x"},
        ]
        for fault in faults if SOAK else (faults[0], faults[4], faults[5]):
            api.fault("sendMessage", **fault)
            api.fault("getUpdates", **fault)
        daemon.start()
        for number in range(1, 4):
            publish(feeds, number * AT_ONCE)
            time.sleep(0.5)
        until_told(api, 3 * AT_ONCE, timeout=40)
        _, health = ask(port)
        command = Path(f"/proc/{daemon.pid}/cmdline").read_bytes()
        assert daemon.run("backup").returncode == 0
        assert daemon.stop() == 0
        printed = daemon.all_output()

        assert "DEBUG" in printed
        secret = SECRET.partition(":")[2].encode()
        places = [printed.encode(), health.encode(), command]
        places += [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
        assert len(places) > 6
        assert not any(secret in place for place in places)
        assert SECRET.encode() in Path(__file__).read_bytes(), "the null control: it would be found"


# Another program with the same token.


def test_a_second_poller_stops_no_alert(daemon: Daemon, feeds: FeedServer, api: FakeBotApi) -> None:
    """One warning, alerts go on, and commands are answered again when it is gone, without a restart."""
    daemon.start().wait_for("telegram connected")
    api.fault("getUpdates", code=409, description="Conflict: terminated by other getUpdates request", times=3)
    eventually(lambda: sum(call.code == 409 for call in api.calls_of("getUpdates")) >= 1)
    publish(feeds, AT_ONCE)
    until_told(api, AT_ONCE)
    eventually(lambda: [call.code for call in api.calls_of("getUpdates")].count(409) == 3)
    api.user_text(CHAT, "/help")
    api.wait_for(lambda api: any("this list" in message.text for message in api.messages(CHAT)), 20)
    assert daemon.stop() == 0
    assert daemon.all_output().count("another program uses this bot's token") == 1


# Signals.


def test_sigterm_under_load_loses_nothing_and_doubles_nothing(
    tmp_path: Path, feeds: FeedServer, api: FakeBotApi
) -> None:
    """Exit code 0 within 15 s at any moment; what is under way arrives once."""
    dice = random.Random(3)
    with made(tmp_path, feeds, api) as daemon:
        # before anything runs that could be stopped, too
        daemon.start("never", "run", program="killed").wait_for("sqlite version")
        assert daemon.stop() == 0
        for number in range(1, TERMS + 1):
            publish(feeds, number * AT_ONCE)
            daemon.output.clear()
            daemon.start("never", "run", program="killed").wait_for("Tipoff watches")
            time.sleep(dice.uniform(0, 1.0))
            assert daemon.stop() == 0
            with closing(sqlite3.connect(tmp_path / "data" / "tipoff.db")) as db:
                assert db.execute("select count(*) from outbox where state = 'sending'").fetchone() == (0,)
        daemon.output.clear()
        daemon.start("never", "run", program="killed").wait_for("telegram connected")
        until_told(api, TERMS * AT_ONCE, timeout=60)
        assert daemon.stop() == 0
    assert len(told(api)) == len(set(told(api))) == TERMS * AT_ONCE


@pytest.mark.skipif(not SOAK, reason="takes four minutes: make soak")
def test_stopped_and_continued_it_polls_each_feed_once_and_spread(
    tmp_path: Path, feeds: FeedServer, api: FakeBotApi
) -> None:
    """SIGSTOP for longer than the interval, then SIGCONT: no burst, and no feed stays silent."""
    paths = [f"/f{number}" for number in range(40)]  # more than are asked at the same time
    for path in paths:
        feeds.serve(path, b'<rss version="2.0"><channel><title>x</title></channel></rss>')
    with Daemon(tmp_path, token=api.token, api=api.url) as daemon:
        daemon.configure([feeds.url(path) for path in paths], WATCH, more=CONFIG)
        text = (tmp_path / "config" / "tipoff.toml").read_text("utf-8").replace('every = "1s"', 'every = "65s"')
        daemon.write("tipoff.toml", text)
        daemon.start()
        feeds.wait_for(lambda seen: len({request.path for request in seen}) == len(paths), timeout=90)
        time.sleep(2)  # a request that is under way for longer than a minute would count as a failure
        daemon.signal(signal.SIGSTOP)
        time.sleep(75)
        count = len(feeds.requests)
        daemon.signal(signal.SIGCONT)
        woken = time.monotonic()
        feeds.wait_for(lambda seen: {request.path for request in seen[count:]} == set(paths), timeout=100)
        first: dict[str, float] = {}
        for request in feeds.requests[count:]:
            first.setdefault(request.path, request.at - woken)
        assert max(first.values()) - min(first.values()) >= 55
        early = [request.path for request in feeds.requests[count:] if request.at - woken < 55]
        assert len(early) == len(set(early)), "each at most once on waking"


@pytest.mark.skipif(not SOAK, reason="takes a minute: make soak")
def test_restarts_ask_nothing_before_its_time(tmp_path: Path, api: FakeBotApi) -> None:
    """Twenty, by SIGTERM and SIGKILL in turn: not one request of feeds that are not due, and none without condition."""
    paths = ["/one", "/two", "/three"]
    with FeedServer() as server, Daemon(tmp_path, token=api.token, api=api.url) as daemon:
        for path in paths:
            body = b'<rss version="2.0"><channel><title>x</title></channel></rss>'
            server.serve(path, body, etag='"1"', headers={"Cache-Control": "max-age=36000"})
        daemon.configure([server.url(path) for path in paths], WATCH, more=CONFIG)
        daemon.start().wait_for("Tipoff watches")
        while not all(feed["last_success"] for feed in json.loads(daemon.run("feeds", "list", "--json").output)):
            time.sleep(0.2)
        for number in range(20):
            daemon.signal(signal.SIGKILL if number % 2 else signal.SIGTERM)
            daemon.wait_for_end()
            daemon.output.clear()
            daemon.start().wait_for("Tipoff watches")
            time.sleep(1.5)  # three ticks
        assert sorted(request.path for request in server.requests) == sorted(paths)


# The disk and other programs.


def test_a_full_disk_stops_nothing_for_good(small_disk: Path, feeds: FeedServer, api: FakeBotApi) -> None:
    """The owner is told past the outbox, the process goes on, and when there is room again every alert comes, once."""
    with Daemon(small_disk / "home", token=api.token, api=api.url) as daemon:
        daemon.configure([feeds.url("/ledger"), feeds.url("/wireline")], WATCH, more=CONFIG)
        assert daemon.run("once").returncode == 0
        with closing(sqlite3.connect(small_disk / "home" / "data" / "tipoff.db")) as db, db:
            db.execute("update chats set telegram_id = ?, source = 'paired' where name = 'me'", [CHAT])
        daemon.start().wait_for("Tipoff watches")
        publish(feeds, AT_ONCE)
        until_told(api, AT_ONCE)
        fill = small_disk / "fill"
        fill_up(fill)
        publish(feeds, 2 * AT_ONCE)
        for number in range(3, 9):
            publish(feeds, number * AT_ONCE)
            time.sleep(0.3)
        api.wait_for(lambda api: any("Tipoff stands still" in m.text for m in api.messages(CHAT)), timeout=40)
        fill.unlink()
        until_told(api, 8 * AT_ONCE, timeout=60)
        api.wait_for(lambda api: any("all goes on" in m.text for m in api.messages(CHAT)), timeout=10)
        assert daemon.stop() == 0
        assert daemon.all_output().count("database_stands_still") == 1
    assert len(told(api)) == len(set(told(api)))
    assert is_sound(small_disk / "home")


def test_a_disk_that_turns_read_only_or_vanishes_is_said(small_disk: Path, feeds: FeedServer, api: FakeBotApi) -> None:
    """One clear line, exit code 1, and no new database."""
    with Daemon(small_disk / "home", token=api.token, api=api.url) as daemon:
        daemon.configure([feeds.url("/ledger")], WATCH, more=CONFIG)
        assert daemon.run("once").returncode == 0
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
        ended = daemon.run("run", timeout=10)
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
        assert ended.returncode == 1
        assert "the database cannot be opened" in ended.output
        assert len(ended.output.splitlines()) == 1


def test_a_database_that_is_deleted_ends_the_daemon(daemon: Daemon, tmp_path: Path) -> None:
    """At once, though nothing is polled or told; and the next start makes no empty one: it names the backups."""
    daemon.configure([], WATCH, more=CONFIG)
    daemon.start()
    eventually(lambda: list((tmp_path / "data" / "tipoff.db.backups").glob("*.db")))
    (tmp_path / "data" / "tipoff.db").unlink()

    assert daemon.wait_for_end() == 1
    assert "was moved or deleted while Tipoff runs" in daemon.all_output().splitlines()[-1]
    again = daemon.run("run", timeout=10)
    assert again.returncode == 1
    assert "the database is gone, but there are backups" in again.output
    assert not (tmp_path / "data" / "tipoff.db").exists()


@pytest.mark.parametrize("seconds", [2, 60] if SOAK else [2, 7])
def test_a_lock_of_another_program_is_waited_for(
    daemon: Daemon, feeds: FeedServer, api: FakeBotApi, tmp_path: Path, seconds: int
) -> None:
    """For a moment nobody notices; for longer it is said, and everything comes afterwards."""
    daemon.start().wait_for("Tipoff watches")
    eventually(lambda: api.calls_of("getUpdates"))
    with closing(sqlite3.connect(tmp_path / "data" / "tipoff.db", timeout=10)) as other:
        other.execute("begin immediate")
        publish(feeds, AT_ONCE)
        time.sleep(seconds)
        other.execute("rollback")
    until_told(api, AT_ONCE, timeout=60)
    assert daemon.stop() == 0
    assert ("database is locked" in daemon.all_output()) is (seconds > 5)
    assert len(told(api)) == AT_ONCE


def test_a_damaged_file_is_replaced_at_the_start_and_the_owner_told(
    daemon: Daemon, feeds: FeedServer, api: FakeBotApi, tmp_path: Path
) -> None:
    """What was told before the backup is not told again; the damaged file is kept."""
    path = tmp_path / "data" / "tipoff.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("update chats set telegram_id = ?, source = 'paired' where name = 'me'", [CHAT])
    daemon.start()
    publish(feeds, AT_ONCE)
    until_told(api, AT_ONCE)
    eventually(lambda: rows(tmp_path, "select min(state = 'sent') from outbox") == [(1,)])
    assert daemon.stop() == 0
    shutil.rmtree(tmp_path / "data" / "tipoff.db.backups")
    assert daemon.run("backup").returncode == 0
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (path.stat().st_size - 8192))

    daemon.output.clear()
    daemon.start().wait_for("The database was damaged")
    publish(feeds, 2 * AT_ONCE)
    until_told(api, 2 * AT_ONCE)
    api.wait_for(lambda api: any("The database was damaged" in m.text for m in api.messages(CHAT)))
    assert daemon.stop() == 0
    assert len(told(api)) == len(set(told(api)))
    assert list(path.parent.glob("tipoff.db.aside-*"))


# The network.


def test_without_a_network_it_is_calm(tmp_path: Path, api: FakeBotApi) -> None:
    """Neither feeds nor Telegram can be reached: hardly any work, few lines, and it recovers by itself."""
    seconds = 120 if SOAK else 6
    feeds = FeedServer().__enter__()
    publish(feeds, 0)
    with made(tmp_path, feeds, api) as daemon:
        daemon.start().wait_for("Tipoff watches")
        eventually(lambda: api.calls_of("getUpdates"))
        api.down()
        publish(feeds, AT_ONCE)
        eventually(lambda: rows(tmp_path, "select count(*) from outbox")[0][0] >= AT_ONCE)
        feeds.stop()
        before, lines = cpu_of(daemon.pid), len(daemon.output)
        time.sleep(seconds)
        used, said = cpu_of(daemon.pid) - before, len(daemon.output) - lines
        print(f"network down {seconds} s: CPU {used / seconds:.1%}, {said} lines")
        api.up()
        until_told(api, AT_ONCE, timeout=90)
        assert daemon.stop() == 0
    assert used / seconds < 0.05 + 0.3 / seconds
    assert said <= 10 * max(seconds / 60, 1)
    assert len(told(api)) == len(set(told(api)))


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "data" / "tipoff.db")) as db:
        return db.execute(query).fetchall()


def cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
