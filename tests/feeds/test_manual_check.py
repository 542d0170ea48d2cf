"""tipoff feeds test of a feed that is polled: a polite look by hand."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import commands
from bot.core.errors import StoreError
from bot.core.model import Feed, FeedFailure, FeedRecord, FeedSpec, Response, Validators
from bot.feeds.delta import body_hash_of
from bot.feeds.manual_check import CheckOutcome, CheckResult, CheckTimes, ManualCheck
from bot.store.engine.lock import only_instance
from bot.store.store import Store
from tests.fakes import NOON, FixedClock
from tests.feeds.bed import Bed, Counting, news, titles
from tests.servers.feeds import FeedServer


@pytest.fixture
def server(server: FeedServer) -> FeedServer:
    server.serve("/feed", news(2, 1), etag='W/"1"', last_modified="sat, 28 feb 2026 02:00:00 gmt")
    return server


@pytest.fixture
def database(config: Path, server: FeedServer) -> Path:
    (config / "tipoff.toml").write_text(f'[network]\nallow = ["{server.address}"]\n', "utf-8")
    (config / "feeds.toml").write_text(f'[[feed]]\nurl = "{server.url("/feed")}"\nname = "Gazette"\n', "utf-8")
    return config.parent / "data" / "tipoff.db"


def poll(database: Path, server: FeedServer, minutes_ago: float) -> list[str]:
    """Poll as the daemon does, so long ago; return what is new to it."""

    async def work() -> list[str]:
        store = Store(database)
        bed = Bed(server, store)
        bed.clock.at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
        await store.fetch.set_feeds([FeedSpec(server.url("/feed"), "Gazette")], bed.clock.now())
        found = titles(await bed.pass_after())
        await bed.fetcher.close()
        store.close()
        return found

    return asyncio.run(work())


def look(*arguments: str) -> Result:
    return CliRunner().invoke(commands, ["feeds", "test", *arguments])


def test_a_look_by_hand_is_conditional_and_comes_once_in_five_minutes(database: Path, server: FeedServer) -> None:
    """By name or address, however often: one request, both validators as they came, and what was read last."""
    poll(database, server, 10)
    found = look("Gazette")
    assert found.exit_code == 0, found.output
    assert "not modified (304) since it was read last" in found.output
    assert "read last 10 min ago" in found.output
    assert "Title 2" in found.output
    for wanted in ("Gazette", server.url("/feed"), "Gazette"):
        again = look(wanted)
        assert again.exit_code == 0, again.output
        assert "not asked now: it was asked by hand, and may be again in" in again.output
        assert "Title 2" in again.output
    assert json.loads(look("Gazette", "--json").output)["asked"] is False
    first, second = server.requests
    assert (first.conditional, second.status) == (False, 304)
    assert second.headers["If-None-Match"] == 'W/"1"'
    assert second.headers["If-Modified-Since"] == "sat, 28 feb 2026 02:00:00 gmt"


@pytest.mark.parametrize(
    ("minutes", "is_running", "why"), [(1, False, "it was polled"), (10, True, "the daemon polls it")]
)
def test_the_daemons_own_polls_count(
    database: Path, server: FeedServer, minutes: float, is_running: bool, why: str
) -> None:
    """A feed that was polled just now, or will be within five minutes, is not asked beside that."""
    poll(database, server, minutes)
    if is_running:
        with only_instance(database):
            found = look("Gazette")
    else:
        found = look("Gazette")
    assert f"not asked now: {why}" in found.output
    assert "Title 2" in found.output
    assert len(server.requests) == 1


def test_what_a_look_finds_is_left_to_the_daemon(database: Path, server: FeedServer) -> None:
    """It is shown and not stored; the next poll asks with the old validators and brings it."""
    poll(database, server, 30)
    server.serve("/feed", news(3, 2, 1), etag='"2"')
    found = json.loads(look("Gazette", "--json").output)
    assert (found["asked"], found["changed"]) == (True, True)
    assert [entry["title"] for entry in found["entries"]] == ["Title 3", "Title 2", "Title 1"]
    assert poll(database, server, 0) == ["3"]
    assert server.requests[-1].headers["If-None-Match"] == 'W/"1"'


@pytest.mark.parametrize("is_by_hand", [True, False])
def test_a_publisher_that_wants_rest_is_left_alone(database: Path, server: FeedServer, is_by_hand: bool) -> None:
    """Whoever heard it: the failure is an error in one line, the next looks ask nothing until the time it named."""
    poll(database, server, 120)
    server.fail("/feed", 503, {"Retry-After": "36000"}, times=9)
    if is_by_hand:
        found = look("Gazette")
        assert found.exit_code == 1
        assert found.output.startswith(f"tipoff: {server.url('/feed')}: http 503")
        checks = CheckTimes(database)
        assert checks.reserve(server.url("/feed"), datetime.now(UTC) + timedelta(hours=9.9)) is not None
        assert checks.reserve(server.url("/feed"), datetime.now(UTC) + timedelta(hours=10.1)) is None
    else:
        poll(database, server, 10)
    assert "not asked now" in look("Gazette").output
    assert len(server.requests) == 2


def test_one_of_many_has_the_turn(tmp_path: Path) -> None:
    """Processes that come at once share the file; then it is free again, also after a clock was set."""
    database = tmp_path / "x.db"
    database.touch()
    with ThreadPoolExecutor(8) as several:
        waits = list(several.map(lambda _: CheckTimes(database).reserve("https://a.example/feed", NOON), range(8)))
    assert waits.count(None) == 1
    assert CheckTimes(database).reserve("https://b.example/feed", NOON) is None, "each feed has its own"
    almost = timedelta(minutes=4, seconds=59)
    assert CheckTimes(database).reserve("https://a.example/feed", NOON + almost) == NOON + timedelta(minutes=5)
    assert CheckTimes(database).reserve("https://a.example/feed", NOON + timedelta(minutes=5)) is None
    assert CheckTimes(database).reserve("https://a.example/feed", NOON - timedelta(days=9)) is None
    database.with_name("x.db.checks").write_text('{"a": [1', "utf-8")
    assert CheckTimes(database).reserve("https://a.example/feed", NOON) is None, (
        "a file that is damaged holds nobody up"
    )


def test_a_feed_on_the_list_is_not_asked_to_be_added_again(database: Path, server: FeedServer) -> None:
    """The answer is known without the publisher."""
    found = CliRunner().invoke(commands, ["feeds", "add", server.url("/feed")])
    assert found.exit_code == 1
    assert "it is there already" in found.output
    assert server.requests == []


class OneReply:
    """Answers every request with this."""

    def __init__(self, reply: Response | FeedFailure) -> None:
        self.reply = reply

    async def fetch(self, feed: Feed) -> Response | FeedFailure:
        return self.reply


def checked(tmp_path: Path, reply: Response | FeedFailure, record: FeedRecord) -> CheckResult | FeedFailure:
    database = tmp_path / "x.db"
    database.touch()
    check = ManualCheck(database, OneReply(reply), Counting(), FixedClock())  # type: ignore[arg-type]  # counted
    return asyncio.run(check.check(record, is_polled=False))


NEWS = Response(200, news(1), "text/xml", Validators('"1"'))
FEED = Feed(1, "https://a.example/feed", "A", validators=Validators('"1"'), body_hash=body_hash_of(NEWS))
RECORD = FeedRecord(FEED, None, NOON + timedelta(hours=1), None, False, None, ())


@pytest.mark.parametrize(
    ("reply", "validators", "found"),
    [
        (NEWS, FEED.validators, CheckOutcome.SAME_DOCUMENT),
        (replace(NEWS, body=news(2, 1)), FEED.validators, CheckOutcome.CHANGED),
        (Response(304, b"", "", Validators()), FEED.validators, CheckOutcome.NOT_MODIFIED),
        (Response(304, b"", "", Validators()), Validators(), "broken answer"),
        (replace(NEWS, body=b"hello"), FEED.validators, "not a feed"),
        (FeedFailure("timeout", "x"), FEED.validators, "timeout"),
    ],
)
def test_what_comes_is_said(
    tmp_path: Path, reply: Response | FeedFailure, validators: Validators, found: CheckOutcome | str
) -> None:
    """A document is told from the last one by its bytes; a 304 to a request without condition is no answer."""
    result = checked(tmp_path, reply, replace(RECORD, feed=replace(FEED, validators=validators)))

    assert (result.reason if isinstance(result, FeedFailure) else result.outcome) == found
    assert isinstance(result, FeedFailure) or result.is_asked


@pytest.mark.parametrize("error", ["http 429: x", "http 503: x"])
def test_a_host_that_asked_for_a_pause_gets_no_request(tmp_path: Path, error: str) -> None:
    """Its due time holds when it may be asked again."""
    result = checked(tmp_path, FeedFailure("unexpected", "a request"), replace(RECORD, error=error))

    assert result == CheckResult(CheckOutcome.HOST_RESTS, RECORD.due)


def test_a_file_that_cannot_be_kept_is_said(tmp_path: Path) -> None:
    """In one line, with its name."""
    with pytest.raises(StoreError, match="cannot be written"):
        CheckTimes(tmp_path / "nowhere" / "x.db").reserve(FEED.url, NOON)
