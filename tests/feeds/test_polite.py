"""What one publisher hears of us over hundreds of polls."""

from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

import pytest

from bot.feeds.stage import FetchStage
from tests.fakes import NOON
from tests.feeds.bed import Bed, news, run, titles
from tests.servers.feeds import FeedServer

# As odd as publishers make them; each document has its own.
VALIDATORS = {
    "/weak": {"ETag": 'W/"{}"', "Last-Modified": "Tue, 03 Mar 2026 10:00:0{} GMT"},
    "/quotes": {"ETag": '"it\'s {}"-gzip'},
    "/bare": {"ETag": "v{}", "Last-Modified": "tue, 3 mar 2026 10:00:0{} gmt"},
    "/date": {"Last-Modified": "the {}th of march"},
    "/none": {},
}


def publish(server: FeedServer, version: int) -> dict[str, dict[str, str]]:
    """Serve the next document everywhere; return the validators that stand for it."""
    sent = {path: {name: text.format(version) for name, text in kinds.items()} for path, kinds in VALIDATORS.items()}
    for path, headers in sent.items():
        cookie = {"Set-Cookie": "track=me; Path=/", "Content-Location": "/favicon.ico"}
        server.serve(
            path,
            news(*range(version + 1)),
            etag=headers.get("ETag"),
            last_modified=headers.get("Last-Modified"),
            headers=cookie,
            gzip=True,
        )
    return sent


def test_two_hundred_polls_are_polite() -> None:
    """One request without condition, the first; the last good answer's own validators in all others, never any of ours.

    And nothing but GET, by one name, with neither cookie nor referrer, for the address as it was written.
    """

    async def work(bed: Bed) -> None:
        current: dict[str, dict[str, str]] = {}
        for number in range(200):
            known = current
            if number % 25 == 0:
                current = publish(bed.server, number // 25)
            asked = len(bed.server.requests)
            assert len(await bed.pass_after(hours=16)) == (len(VALIDATORS) if number % 25 == 0 else 0)
            requests = bed.server.requests[asked:]
            assert sorted(request.path for request in requests) == sorted(VALIDATORS), number
            for request in requests:
                expected = known.get(request.path, {})
                assert request.headers.get("If-None-Match") == expected.get("ETag"), number
                assert request.headers.get("If-Modified-Since") == expected.get("Last-Modified"), number

        requests = bed.server.requests
        assert len(requests) == 200 * len(VALIDATORS)
        assert {request.method for request in requests} == {"GET"}
        assert {request.headers["Accept-Encoding"] for request in requests} == {"gzip"}
        assert len({request.headers["User-Agent"] for request in requests}) == 1
        assert not any({"Cookie", "Referer"} & set(request.headers) for request in requests)

    run(work, *VALIDATORS)


OFF = NOON + timedelta(hours=1, minutes=-60)  # at the first poll the server's clock is an hour behind ours


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "7200"},
        {
            "Date": format_datetime(OFF, usegmt=True),
            "Retry-After": format_datetime(OFF + timedelta(hours=2), usegmt=True),
        },
    ],
    ids=["seconds", "a date of a clock that is off"],
)
def test_a_server_is_asked_when_it_said_and_not_before(status: int, headers: dict[str, str]) -> None:
    """Seconds, or a date by its own clock."""

    async def work(bed: Bed) -> None:
        bed.server.serve("/a", news(1))
        bed.server.fail("/a", status, headers)
        await bed.pass_once()
        await bed.pass_after(minutes=119)
        assert len(bed.server.requests) == 1
        assert titles(await bed.pass_after(minutes=16)) == ["1"]

    run(work)


@pytest.mark.parametrize(
    ("said", "closed", "opens"),
    [
        (b"<ttl>60</ttl>", 0.99, 1.2),
        (b"<skipHours>" + b"".join(b"<hour>%d</hour>" % hour for hour in range(13, 19)) + b"</skipHours>", 5.99, 6.2),
        (b"<skipDays><day>Tuesday</day></skipDays>", 10.99, 11.2),
        (b"<sy:updatePeriod>daily</sy:updatePeriod>", 23.99, 26.5),
    ],
    ids=["ttl", "hours", "days", "period"],
)
def test_what_a_feed_says_of_its_hours_is_kept(said: bytes, closed: float, opens: float) -> None:
    """Not one request inside, and one soon after; the first poll is at one o'clock on a Tuesday."""

    async def work(bed: Bed) -> None:
        body = news(1).replace(b"<channel>", b"<channel>" + said)
        namespace = b'<rss xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" '
        bed.server.serve("/a", body.replace(b"<rss ", namespace), etag='"1"')
        await bed.pass_once()
        for _ in range(10):
            await bed.pass_after(hours=closed / 10)
        assert len(bed.server.requests) == 1
        await bed.pass_after(hours=opens - closed)
        assert len(bed.server.requests) == 2

    run(work)


def test_failures_double_the_wait_and_one_success_ends_that() -> None:
    """Up to a day and a tenth of it for chance; then the feed is asked as if nothing had been."""

    async def work(bed: Bed) -> None:
        async def wait() -> float:
            await bed.pass_after(days=2)
            due = (await bed.health()).due
            assert due is not None
            return (due - bed.clock.now()) / timedelta(minutes=1)

        poll = replace(bed.poll, every=timedelta(minutes=30))
        bed.fetch_stage = FetchStage(bed.store.fetch, bed.fetcher, bed.parser, bed.clock, poll)  # type: ignore[arg-type]  # counted
        bed.server.serve("/a", news(1), etag='"1"')
        assert 12 <= await wait() <= 30  # the first look is soon followed by another, when that may be
        usual = await wait()
        bed.server.fail("/a", 500, times=9)
        waits = [await wait() for _ in range(9)]
        assert all(a * 1.6 < b for a, b in zip([usual, *waits[:4]], waits[:5], strict=True)), waits
        assert 20 * 60 < max(waits) <= 26.4 * 60
        assert await wait() < usual * 1.3
        bed.server.fail("/a", 500)
        assert await wait() < usual * 2.6

    run(work)
