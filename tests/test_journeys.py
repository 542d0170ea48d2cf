"""The real daemon, as its users meet it: feeds on loopback, the fake Bot API, the real everything else."""

import re
import signal
import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.builders import Entry, rss
from tests.servers.bot_api import ADA, FakeBotApi
from tests.servers.daemon import Daemon
from tests.servers.feeds import FeedServer

STRANGER = 666
TEAM = f'[[chat]]\nname = "team"\nid = {ADA}\n'
WATCH_MARTEN = '[[watch]]\nname = "Marten"\npeople = ["Ilse Marten"]\nto = ["{to}"]\n'

OLD = Entry("An old story that stood there before", "https://ledger.example/old", "old")
LEAVES = "Ilse Marten is leaving Corvid AI again, but she says there was no drama"


@pytest.fixture
def feeds(server: FeedServer) -> FeedServer:
    for outlet in ("ledger", "wireline", "herald"):
        publish(server, outlet, OLD)
    return server


@pytest.fixture
def daemon(tmp_path: Path, feeds: FeedServer, api: FakeBotApi) -> Iterator[Daemon]:
    """Make a daemon on three feeds that tells the chat "team" what Ilse Marten does."""
    with Daemon(tmp_path, token=api.token, api=api.url) as daemon:
        urls = [feeds.url(f"/{outlet}") for outlet in ("ledger", "wireline", "herald")]
        daemon.configure(urls, WATCH_MARTEN.format(to="team"), more=TEAM)
        yield daemon


def publish(server: FeedServer, outlet: str, *entries: Entry) -> None:
    server.serve(f"/{outlet}", rss(list(entries), title=outlet), etag=f'"{len(entries)}"')


def told(outlet: str, title: str = LEAVES, path: str = "marten") -> Entry:
    return Entry(title, f"https://{outlet}.example/{path}", f"{outlet}-{path}")


def has(api: FakeBotApi, messages: int, edits: int = 0) -> bool:
    """Say whether the owner has so many messages, the first of them edited so often."""
    found = api.messages(ADA)
    return len(found) == messages and found[0].edits == edits


def wait_for_backfill(feeds: FeedServer) -> None:
    """Wait until every feed was asked a second time: then its first answer is stored."""
    paths = ("/ledger", "/wireline", "/herald")
    feeds.wait_for(lambda seen: all(sum(r.path == path for r in seen) >= 2 for path in paths))


@pytest.mark.contract
def test_three_outlets_are_one_message_that_grows(daemon: Daemon, feeds: FeedServer, api: FakeBotApi) -> None:
    """One sendMessage, two editMessageText, all three sources in the final text."""
    daemon.start()
    wait_for_backfill(feeds)

    for count, outlet in enumerate(("ledger", "wireline", "herald")):
        publish(feeds, outlet, told(outlet), OLD)
        api.wait_for(partial(has, messages=1, edits=count))

    (message,) = api.messages(ADA)
    assert len(api.calls_of("sendMessage")) == 1
    assert len(api.calls_of("editMessageText")) == 2
    assert message.text.splitlines()[0] == LEAVES
    for outlet in ("ledger", "wireline", "herald"):
        assert f'<a href="https://{outlet}.example/marten">{outlet}</a>' in message.html
    assert "3 sources" in message.text
    assert daemon.stop() == 0


def test_the_first_poll_tells_nothing_and_a_restart_repeats_nothing(
    daemon: Daemon, feeds: FeedServer, api: FakeBotApi
) -> None:
    """What stood in a feed before is the baseline; what was told is not told again after a restart."""
    publish(feeds, "ledger", told("ledger", path="before"), OLD)
    daemon.start()
    wait_for_backfill(feeds)
    publish(feeds, "ledger", told("ledger", "Ilse Marten founds a lab", "lab"), told("ledger", path="before"), OLD)
    api.wait_for(lambda api: len(api.messages(ADA)) == 1)
    assert daemon.stop() == 0

    asked = len(feeds.requests)
    daemon.start()
    feeds.wait_for(lambda seen: len(seen) >= asked + 6)

    assert [message.text.splitlines()[0] for message in api.messages(ADA)] == ["Ilse Marten founds a lab"]
    assert all(request.conditional for request in feeds.requests[asked:])


@pytest.mark.contract
def test_pairing_makes_the_first_to_open_the_link_the_owner(tmp_path: Path, feeds: FeedServer, api: FakeBotApi) -> None:
    """The link works once, its opener is "me", commands are answered, and nobody else is."""
    api.add_chat(STRANGER, kind="private", first_name="Eve")
    with Daemon(tmp_path, token=api.token, api=api.url) as daemon:
        daemon.configure([feeds.url("/ledger")], WATCH_MARTEN.format(to="me"))
        code = re.search(r"start=([\w-]+)", daemon.start().wait_for("t.me/"))
        assert code is not None

        api.user_text(STRANGER, "/start")
        api.user_text(STRANGER, "/start wrong-code")
        api.user_text(ADA, f"/start {code[1]}")
        api.wait_for(lambda api: len(api.messages(ADA)) == 1)
        api.user_text(STRANGER, f"/start {code[1]}")
        for count, command in enumerate(("/help", "/watches", "/status", "/start", "hello"), start=2):
            api.user_text(ADA, command)
            api.wait_for(partial(has, messages=count))
        publish(feeds, "ledger", told("ledger"), OLD)
        api.wait_for(lambda api: api.messages(ADA)[-1].text.startswith(LEAVES))

        texts = [message.text for message in api.messages(ADA)]
        assert "You are paired" in texts[0]
        assert "/watches – " in texts[1].replace("\u2060", "")
        assert "Marten: Ilse Marten" in texts[2]
        assert "Feeds: 1" in texts[3]
        assert api.messages(STRANGER) == []
        assert daemon.stop() == 0


def test_without_a_token_the_terminal_tells(tmp_path: Path, feeds: FeedServer) -> None:
    """The default messenger prints the alert, whatever chat the watch names."""
    with Daemon(tmp_path) as daemon:
        daemon.configure([feeds.url("/ledger")], WATCH_MARTEN.format(to="me"))
        daemon.start()
        feeds.wait_for(lambda seen: len(seen) >= 2)
        publish(feeds, "ledger", told("ledger"), OLD)

        daemon.wait_for(LEAVES)
        daemon.wait_for("Why you see this: watch Marten (“Ilse Marten”)")


def test_telegram_out_of_reach_at_start_loses_nothing(daemon: Daemon, feeds: FeedServer, api: FakeBotApi) -> None:
    """The feeds are watched all the same, the trouble is said in one line, and the alert comes later."""
    api.down()
    daemon.start()
    daemon.wait_for("tipoff: Telegram cannot be reached")
    wait_for_backfill(feeds)
    publish(feeds, "ledger", told("ledger"), OLD)
    feeds.wait_for(lambda seen: [r.status for r in seen if r.path == "/ledger"].count(200) == 2)

    api.up()
    api.wait_for(lambda api: len(api.messages(ADA)) == 1)


def test_an_outage_of_telegram_loses_nothing(daemon: Daemon, feeds: FeedServer, api: FakeBotApi) -> None:
    """Nothing is sent until Telegram answers again; the message in doubt is sent once more, the others once."""
    daemon.start()
    wait_for_backfill(feeds)
    for method in ("sendMessage", "getMe"):
        api.fault(method, code=502)
    stories = [told("ledger", f"Ilse Marten {what}", what) for what in ("founds", "hires", "wins")]
    publish(feeds, "ledger", *stories, OLD)
    api.wait_for(lambda api: len(api.messages(ADA)) == 3)

    titles = [call.params["text"].splitlines()[0] for call in api.calls_of("sendMessage")]
    assert len(titles) == 4
    assert titles[0] == titles[1]
    assert len(api.calls_of("getMe")) == 3, "one to connect, one that failed, one that was answered"


def test_one_pass_tells_all_or_says_what_waits(daemon: Daemon, feeds: FeedServer, api: FakeBotApi) -> None:
    """More than Telegram's limits let through at once is waited for; for an hour it is not."""
    assert daemon.run("once").returncode == 0
    stories = [told("ledger", f"Ilse Marten {what}", what) for what in ("founds", "hires", "wins", "loses", "sings")]
    publish(feeds, "ledger", *stories, OLD)
    # a pass may come before the feed is due again, and find nothing to tell
    done = next(done for _ in range(9) if (done := daemon.run("once")) and api.messages(ADA))
    assert (done.returncode, len(api.messages(ADA))) == (0, 5), done.output

    api.fault("sendMessage", code=429, description="Too Many Requests", params={"retry_after": 3600})
    publish(feeds, "herald", told("herald", "Petra Varga meets Ilse Marten", "meets"), OLD)
    left = next(left for _ in range(9) if (left := daemon.run("once")) and len(api.calls_of("sendMessage")) == 6)
    assert left.returncode == 1
    assert "tipoff: messages still wait for “team”" in left.output


def test_a_wrong_token_is_said_in_one_line_and_the_daemon_goes_on(
    tmp_path: Path, feeds: FeedServer, api: FakeBotApi
) -> None:
    """A token that Telegram does not know stops nobody but the messages; it is printed nowhere."""
    wrong = "99999:" + "x" * 35
    with Daemon(tmp_path, token=wrong, api=api.url) as daemon:
        daemon.configure([feeds.url("/ledger")], WATCH_MARTEN.format(to="team"), more=TEAM + '[log]\nlevel = "debug"\n')
        daemon.start().wait_for("tipoff: Telegram does not know this bot token")
        feeds.wait_for(lambda seen: len(seen) >= 2)

        assert daemon.stop() == 0
        assert not any("x" * 35 in line for line in daemon.output)
        assert b"x" * 35 not in (tmp_path / "data" / "tipoff.db").read_bytes()


def test_a_changed_watchlist_counts_at_once_and_a_broken_one_is_refused(
    daemon: Daemon, feeds: FeedServer, api: FakeBotApi
) -> None:
    """A typo is named with file and line while the old watches go on; the next good version is taken over."""
    daemon.start()
    wait_for_backfill(feeds)
    daemon.write("watchlist.toml", '[[watch]]\nname = "Varga"\npeple = ["Petra Varga"]\nto = ["team"]\n')
    daemon.signal(signal.SIGHUP)
    daemon.wait_for('watchlist.toml:3: unknown key "peple"; did you mean "people"?')
    publish(feeds, "ledger", told("ledger"), OLD)
    api.wait_for(lambda api: len(api.messages(ADA)) == 1)

    daemon.write("watchlist.toml", '[[watch]]\nname = "Varga"\npeople = ["Petra Varga"]\nto = ["team"]\n')
    daemon.wait_for("reloaded")
    publish(feeds, "herald", told("herald", "Petra Varga joins Northgate Labs", "varga"), OLD)
    api.wait_for(lambda api: len(api.messages(ADA)) == 2)


def test_an_emptied_watchlist_is_refused_unless_it_is_said_twice(daemon: Daemon, feeds: FeedServer) -> None:
    """An editor may have cut the file: the old watches stay until it is saved empty once more."""
    daemon.start()
    wait_for_backfill(feeds)
    daemon.write("watchlist.toml", "")
    daemon.wait_for("the watchlist is empty now, the old one stays")
    assert not any("reloaded" in line for line in daemon.output)

    daemon.write("watchlist.toml", "# on purpose\n")
    daemon.wait_for("reloaded")


def test_check_asks_telegram_about_token_and_chats(daemon: Daemon, api: FakeBotApi) -> None:
    """A chat that the bot cannot see is named before an alert would be lost on it; a good one is not."""
    assert "Telegram: @tipoff_test_bot" in daemon.run("check").output

    config = (daemon.folder / "config" / "tipoff.toml").read_text("utf-8")
    daemon.write("tipoff.toml", config.replace(str(ADA), "-1009999"))
    found = daemon.run("check")
    assert found.returncode == 1
    assert 'the chat "team" (-1009999) cannot be seen by the bot: Chat not found' in found.output


def test_bad_feeds_hold_nobody_up(tmp_path: Path, feeds: FeedServer, api: FakeBotApi) -> None:
    """HTML, nothing, half a document, too much and too slow: each is its own feed's trouble, shown in a list."""
    feeds.serve("/html", b"<!doctype html><html><body>Not found</body></html>", content_type="text/html")
    feeds.serve("/empty", b"")
    feeds.serve("/cut", rss([OLD])[:150])
    feeds.serve("/huge", rss([OLD, Entry("x", summary="y" * 60_000)]))
    feeds.serve("/slow", rss([OLD]))
    feeds.slow("/slow", 30)
    feeds.serve("/gone", b"", status=410)
    bad = ("html", "empty", "cut", "huge", "slow", "gone")
    with Daemon(tmp_path, token=api.token, api=api.url) as daemon:
        urls = [feeds.url(f"/{name}") for name in ("ledger", *bad)]
        daemon.configure(urls, WATCH_MARTEN.format(to="team"), more=TEAM)
        config = (tmp_path / "config" / "tipoff.toml").read_text("utf-8")
        limits = 'floor = "1s"\ntimeout = "2s"\nmax_document = "20 kB"'
        daemon.write("tipoff.toml", config.replace('floor = "1s"', limits))
        daemon.start()
        feeds.wait_for(lambda seen: sum(r.path == "/ledger" for r in seen) >= 2)
        publish(feeds, "ledger", told("ledger"), OLD)
        api.wait_for(lambda api: len(api.messages(ADA)) == 1)
        daemon.wait_for("feed_failing feed=slow")

        listed = daemon.run("feeds", "list", "--json").output
        for name, words in {
            "html": "not a feed: the server sent a web page",
            "empty": "empty: the server sent an empty document",
            "cut": "cut off: the document ends in the middle",
            "huge": "too large: more than 20000 bytes",
            "slow": "timeout: no complete answer within 2 s",
            "gone": "http 410: the feed is gone for good",
        }.items():
            assert words in listed, name


def test_sigterm_waits_for_no_poll(daemon: Daemon, feeds: FeedServer) -> None:
    """Exit code 0, polls under way dropped, no traceback."""
    feeds.slow("/herald", 600)
    daemon.start()
    feeds.wait_for(lambda seen: len(seen) >= 3)

    assert daemon.stop() == 0
    assert not any("Traceback" in line for line in daemon.output)


def test_a_second_signal_ends_at_once(daemon: Daemon, feeds: FeedServer, api: FakeBotApi) -> None:
    """One line and exit code 1, although a message is under way."""
    daemon.start()
    wait_for_backfill(feeds)
    api.fault("sendMessage", delay=600)
    publish(feeds, "ledger", told("ledger"), OLD)
    api.wait_for(lambda api: api.calls_of("sendMessage"))
    daemon.signal(signal.SIGTERM)
    daemon.wait_for("stopping")

    assert daemon.stop() == 1
    assert "tipoff: stopped at once" in daemon.all_output().splitlines()[-1]
    assert not any("Traceback" in line or "Error" in line for line in daemon.output)


def test_a_second_instance_is_refused(daemon: Daemon, feeds: FeedServer) -> None:
    """One line, exit code 1, and the first goes on; status can be asked meanwhile."""
    daemon.start()
    feeds.wait_for(lambda seen: len(seen) >= 1)

    second = daemon.run("run")
    status = daemon.run("status", "--healthy")

    assert second.returncode == 1
    assert "another Tipoff is running on this database" in second.output
    assert len(second.output.splitlines()) == 1
    assert status.returncode == 0, status.output


def test_a_database_of_a_newer_version_is_refused_and_left_alone(daemon: Daemon, tmp_path: Path) -> None:
    """Nothing is migrated backwards."""
    assert daemon.run("once").returncode == 0
    with sqlite3.connect(tmp_path / "data" / "tipoff.db") as db:
        db.execute("insert into _sqlite_migrations (migration_set, name, applied_at) values ('tipoff', 'later', 'x')")
    db.close()

    refused = daemon.run("once")

    assert refused.returncode == 1
    assert "written by a newer Tipoff" in refused.output
    assert len(refused.output.splitlines()) == 1


def test_a_folder_that_cannot_be_written_is_said_in_one_line(daemon: Daemon, tmp_path: Path) -> None:
    """No traceback, no database somewhere else."""
    (tmp_path / "data").write_text("a file where the folder should be", "utf-8")

    refused = daemon.run("once")

    assert refused.returncode == 1
    assert len(refused.output.splitlines()) == 1
    assert "data/tipoff.db" in refused.output
    assert "is its folder writable?" in refused.output


def test_a_database_that_fails_under_way_ends_the_daemon_with_one_line(daemon: Daemon, feeds: FeedServer) -> None:
    """No traceback, no silent new database: exit code 1, and the next start finds everything."""
    daemon.start()
    wait_for_backfill(feeds)
    with sqlite3.connect(daemon.folder / "data" / "tipoff.db") as db:
        db.execute("alter table feeds rename to gone")
    db.close()

    assert daemon.wait_for_end() == 1
    assert [line for line in daemon.output if line.startswith("tipoff:")][-1].startswith(
        "tipoff: the database cannot be used: no such table"
    )
    assert not any("Traceback" in line for line in daemon.output), "\n".join(daemon.output)


def test_demo_plays_a_day_and_sums_it_up(daemon: Daemon) -> None:
    """The demo runs to its end with the summary and exit code 0, without token or network."""
    done = daemon.run("demo", "--speed", "20000", timeout=60)

    assert done.returncode == 0, done.output
    assert "What happened" in done.output
    assert re.search(r"\d+  alerts sent", done.output)
    assert "Ilse Marten" in done.output
    assert "tipoff:" not in done.output


def test_sigterm_waits_for_no_telegram_that_is_out_of_reach(daemon: Daemon, feeds: FeedServer, api: FakeBotApi) -> None:
    """An alert that cannot be told waits in the outbox, and holds nobody up."""
    daemon.start()
    wait_for_backfill(feeds)
    api.down()
    publish(feeds, "ledger", told("ledger"), OLD)
    daemon.wait_for("outcome=later")

    assert daemon.stop() == 0
    api.up()
    daemon.start()
    api.wait_for(lambda api: len(api.messages(ADA)) == 1)
