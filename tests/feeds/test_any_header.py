"""Whatever stands in a header is a value or nothing: no answer ends the daemon.

TIPOFF_FUZZ sets the number of answers, ten thousand by itself, a million in `make soak`; each has a seed so that it
can be repeated.
"""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from multidict import CIMultiDict

from bot.core.guard import Guard
from bot.core.model import Feed, FeedFailure, Response
from bot.core.settings import PollSettings
from bot.feeds.due_times import longest_wait, next_due, pause_after
from bot.feeds.feed_statistics import after_answer, after_failure
from bot.feeds.fetch import HttpFetcher, fresh_for, retry_after

STEPS = int(os.environ.get("TIPOFF_FUZZ", "10000"))
FIRST = int(os.environ.get("TIPOFF_FUZZ_FIRST", "0"))
NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
DATE = "Tue, 03 Mar 2026 12:00:00 GMT"
NAMES = [
    *("Date", "Expires", "Retry-After", "Cache-Control", "Age", "ETag", "Last-Modified"),
    *("Content-Type", "Content-Encoding", "Location", "cf-mitigated"),
]
VALUES = [
    *(DATE, "Tue Mar  3 12:00:00 2026", "Tuesday, 03-Mar-26 12:00:00 GMT", "0", "120", "1.5", "-1", "9" * 5000),
    *("Tue, 03 Mar 99999999999 12:00:00 GMT", "Tue, 03 Mar 2026 12:00:00 +99999999999999999999", "max-age=60", "gzip"),
    *("Mon, 01 Jan 0001 00:00:00 +1400", "Fri, 31 Dec 9999 23:59:59 -1200", "max-age=" + "9" * 5000, "no-cache", "*"),
    *(
        "http://[::1",
        "//a:99999999/",
        "http://a.example:x/",
        "http://" + "a" * 300 + ".example/",
        "../\udcff",
        "text/xml",
    ),
    *("challenge", "", "\x00", "é", "²", "٣", '"', ",", "=", ";", " ", "+", "-", ":", "/", "99999999999", "Tue", "Jan"),
]
STATUSES = [200, 200, 226, 301, 302, 304, 403, 410, 429, 500, 503, 999]


class Answer:
    """An answer without a connection."""

    def __init__(self, status: int, headers: CIMultiDict[str]) -> None:
        self.status, self.headers, self.url, self.content = status, headers, "https://a.example/feed", self

    async def __aenter__(self) -> "Answer":
        return self

    async def __aexit__(self, *_error: object) -> None:
        pass

    async def iter_chunked(self, _size: int) -> AsyncIterator[bytes]:
        yield b"<rss/>"


class Session:
    """Answers every request with what it is told."""

    answer = Answer(200, CIMultiDict())

    async def get(self, _url: object, **_more: object) -> Answer:
        return self.answer


def value_of(chance: random.Random) -> str:
    """Return a header's value: one that is known to hurt, or some of them, cut and put together."""
    value = chance.choice(VALUES)
    for _ in range(chance.choice([0, 0, 1, 3])):
        at = chance.randrange(len(value) + 1)
        value = value[:at] + chance.choice(VALUES) + value[at + chance.randint(0, 6) :]
    return value


async def take(seeds: range) -> None:
    """Let the fetcher take an answer for each seed, and let all that is reckoned with what it gives."""
    poll = PollSettings()
    fetcher = HttpFetcher(Guard(()), poll)
    session = Session()
    fetcher._session = session  # type: ignore[assignment]  # answers without a connection
    for seed in seeds:
        chance = random.Random(seed)
        names = chance.choices(NAMES, k=chance.randint(1, 5))
        session.answer = Answer(chance.choice(STATUSES), CIMultiDict((name, value_of(chance)) for name in names))
        feed = Feed(1, "https://a.example/feed", "A", polled=NOW)
        try:
            reply = await fetcher.fetch(feed)
            failure = reply if isinstance(reply, FeedFailure) else None
            statistics = after_failure(feed) if isinstance(reply, FeedFailure) else after_answer(feed, reply, poll)
            due = next_due(Feed(1, feed.url, "A", polled=NOW, statistics=statistics), NOW, poll, failure)
            assert NOW < due <= NOW + longest_wait(poll)
            if failure is not None:
                assert failure.reason
                pause_after(failure, NOW, poll, 9)
        except BaseException as error:
            error.add_note(f"seed {seed}: {session.answer.status} {session.answer.headers!r}"[:2000])
            raise


@pytest.mark.timeout(0)
@pytest.mark.parametrize("part", range(4))
def test_any_answer_is_a_value(part: int, caplog: pytest.LogCaptureFixture) -> None:
    """None is raised, and none is caught only as a bug; every due time lies within reach."""
    asyncio.run(take(range(FIRST + part, FIRST + STEPS, 4)))
    assert not [record.message for record in caplog.records if "answer_bug" in record.message]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", timedelta(seconds=120)),
        ("120.7", timedelta(seconds=120)),
        ("9" * 400, timedelta(seconds=10**9)),
        ("Tue, 03 Mar 2026 12:02:00 GMT", timedelta(seconds=120)),
        ("Tue Mar  3 12:02:00 2026", timedelta(seconds=120)),  # asctime
        ("Tuesday, 03-Mar-26 12:02:00 GMT", timedelta(seconds=120)),
        ("Tue, 03 Mar 2026 11:00:00 GMT", timedelta(0)),
        ("Tue, 03 Mar 99999999999 12:00:00 GMT", None),
        ("Tue, 03 Mar 2026 12:00:00 +99999999999999999999", None),
        ("soon", None),
        ("-5", None),
        ("²", None),
    ],
)
def test_a_wish_to_rest_is_read_in_every_form(value: str, expected: timedelta | None) -> None:
    """Seconds, with a fraction too, and the three forms of dates; what is none of them asks for nothing."""
    assert retry_after({"Retry-After": value, "Date": DATE}) == expected


@pytest.mark.parametrize("name", ["Date", "Expires"])
@pytest.mark.parametrize("odd", VALUES)
def test_an_odd_date_is_no_date(name: str, odd: str) -> None:
    """On either side of the difference."""
    headers = {"Date": DATE, "Expires": DATE} | {name: odd}

    assert fresh_for(headers) is not None


def test_null_control_a_reader_that_raises_is_found(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With the date reader as it was once, the answers above are a bug, and even that ends nothing."""

    def raising(value: str) -> datetime:
        if "99999999999" in value:
            raise KeyError(value)
        return parsedate_to_datetime(value)

    monkeypatch.setattr("bot.feeds.fetch.parsedate_to_datetime", raising)
    asyncio.run(take(range(2000)))
    assert [record.message for record in caplog.records if "answer_bug" in record.message]


def test_responses_are_among_the_answers() -> None:
    """The fuzz is no row of failures only."""
    fetcher = HttpFetcher(Guard(()), PollSettings())
    fetcher._session = Session()  # type: ignore[assignment]  # answers without a connection
    assert isinstance(asyncio.run(fetcher.fetch(Feed(1, "https://a.example/feed", "A"))), Response)
