"""One polite request, and what publishers do wrong."""

import asyncio
import gzip
import tracemalloc
from base64 import b64decode
from datetime import timedelta

import pytest
from multidict import CIMultiDict

from bot.core.errors import FeedError
from bot.core.guard import Guard
from bot.core.model import Feed, FeedFailure, Response, Validators
from bot.core.settings import PollSettings, Size
from bot.feeds.fetch import HttpFetcher, fresh_for, gunzip
from tests.servers.feeds import FeedServer

BODY = b"<rss>" + b"x" * 1000 + b"</rss>"


@pytest.fixture
def server(server: FeedServer) -> FeedServer:
    server.serve("/a", BODY, etag="W/\"odd'one", last_modified="yesterday, or so")
    return server


def fetch(server: FeedServer, path: str = "/a", *, seconds: int = 10, **validators: str) -> Response | FeedFailure:
    poll = PollSettings(timeout=timedelta(seconds=seconds), max_document=Size(100_000), agent="https://me.example/bot")

    async def run() -> Response | FeedFailure:
        fetcher = HttpFetcher(Guard((server.address,)), poll)
        try:
            url = path if path.startswith("http") else server.url(path)
            return await fetcher.fetch(Feed(1, url, "x", validators=Validators(**validators)))
        finally:
            await fetcher.close()

    return asyncio.run(run())


def reply(result: Response | FeedFailure) -> Response:
    assert isinstance(result, Response), result
    return result


def reason(result: Response | FeedFailure) -> str:
    assert isinstance(result, FeedFailure), result
    return result.reason


def test_validators_come_and_go_byte_for_byte(server: FeedServer) -> None:
    """Odd quotes and odd dates are the publisher's own: 304 for the same, 200 for others."""
    first = reply(fetch(server))
    assert first.validators == Validators("W/\"odd'one", "yesterday, or so")
    again = reply(fetch(server, etag="W/\"odd'one", last_modified="yesterday, or so"))
    assert (again.status, again.body) == (304, b"")

    sent = server.requests[-1].headers
    assert sent["If-None-Match"] == "W/\"odd'one"
    assert sent["If-Modified-Since"] == "yesterday, or so"


def test_a_star_is_no_validator(server: FeedServer) -> None:
    """Sent back it would be answered with 304 for ever."""
    server.serve("/star", BODY, headers={"ETag": " * ", "Last-Modified": "today"})

    assert reply(fetch(server, "/star")).validators == Validators(None, "today")


def test_a_request_says_who_asks_and_nothing_else(server: FeedServer) -> None:
    """Name, version and contact; no cookie, no referrer, no condition the first time."""
    fetch(server)

    sent = server.requests[-1].headers
    assert sent["User-Agent"].startswith("Tipoff/")
    assert "+https://me.example/bot" in sent["User-Agent"]
    assert sent["Accept-Encoding"] == "gzip"
    assert not {"Cookie", "Referer", "If-None-Match", "If-Modified-Since"} & set(sent)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(server: FeedServer, status: int) -> None:
    """To the document."""
    server.redirect("/old", "/a", status=status)

    assert reply(fetch(server, "/old")).body == BODY


def test_a_redirect_loop_ends(server: FeedServer) -> None:
    """After the first request and five more."""
    server.redirect("/loop", "/loop")

    assert reason(fetch(server, "/loop")) == "redirects"
    assert len(server.requests) == 6


def test_five_redirects_are_the_most(server: FeedServer) -> None:
    """The fifth is followed, the sixth is not."""
    for hop in range(6):
        server.redirect(f"/{hop}", f"/{hop + 1}")
    server.serve("/6", BODY)

    assert reply(fetch(server, "/1")).body == BODY
    assert reason(fetch(server, "/0")) == "redirects"


def test_a_login_goes_to_its_own_host_only(server: FeedServer) -> None:
    """Sent where it belongs, never to where a redirect leads."""
    with FeedServer() as other:
        other.serve("/a", BODY)
        server.redirect("/away", other.url("/a"))
        poll = PollSettings()

        async def run() -> Response | FeedFailure:
            fetcher = HttpFetcher(Guard((server.address, other.address)), poll)
            try:
                return await fetcher.fetch(Feed(1, f"http://ada:secret@{server.address}/away", "x"))
            finally:
                await fetcher.close()

        assert "secret" not in str(reply(asyncio.run(run())))
        assert "Authorization" in server.requests[-1].headers
        assert "Authorization" not in other.requests[-1].headers


@pytest.mark.parametrize(("password", "encoding"), [("ü", "latin1"), ("10€", "utf-8")])
def test_a_password_of_any_letters_is_sent(server: FeedServer, password: str, encoding: str) -> None:
    """In UTF-8 where Latin-1 has no such letter; such a feed could not be asked for else."""
    server.serve("/a", BODY)

    async def run() -> Response | FeedFailure:
        fetcher = HttpFetcher(Guard((server.address,)), PollSettings())
        try:
            return await fetcher.fetch(Feed(1, f"http://ada:{password}@{server.address}/a", "x"))
        finally:
            await fetcher.close()

    reply(asyncio.run(run()))
    sent = server.requests[-1].headers["Authorization"].removeprefix("Basic ")
    assert b64decode(sent) == f"ada:{password}".encode(encoding)


def test_a_proxy_of_the_environment_is_ignored(server: FeedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It could point inside."""
    with FeedServer() as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://{proxy.address}")
        monkeypatch.setenv("http_proxy", f"http://{proxy.address}")

        assert reply(fetch(server)).body == BODY
        assert proxy.requests == []


def test_line_breaks_in_an_address_add_no_header(server: FeedServer) -> None:
    """Raw or escaped."""
    for path in ("/a%0d%0aX-Evil:%201", "/a HTTP/1.1\r\nX-Evil: 1\r\n\r\n"):
        fetch(server, path)

    assert not any("X-Evil" in request.headers for request in server.requests)


def test_a_redirect_without_an_address_is_a_broken_answer(server: FeedServer) -> None:
    """Or one that is none."""
    server.redirect("/odd", "http://[broken")

    assert reason(fetch(server, "/odd")) == "broken answer"


def test_gzip_is_read(server: FeedServer) -> None:
    """As it was offered."""
    server.serve("/z", BODY, gzip=True)

    assert reply(fetch(server, "/z")).body == BODY


@pytest.mark.parametrize(
    ("sent", "coding", "expected"),
    [
        (gzip.compress(b"a" * 50_000_000), "gzip", "too large"),
        (gzip.compress(gzip.compress(BODY)), "gzip, gzip", "broken answer"),
        (gzip.compress(BODY)[:-6], "gzip", "broken answer"),
        (gzip.compress(BODY)[:-8] + b"\0" * 8, "gzip", "broken answer"),
        (b"not gzip at all", "gzip", "broken answer"),
        (gzip.compress(BODY[:500]) + gzip.compress(BODY[500:]), "gzip", "broken answer"),
        (gzip.compress(BODY) + b"more", "gzip", "broken answer"),
        (BODY, "br", "broken answer"),
        (BODY * 200, "identity", "too large"),
    ],
    ids=["bomb", "chain", "cut", "crc", "none", "members", "trailing", "brotli", "big"],
)
def test_bodies_made_to_hurt_are_refused(server: FeedServer, sent: bytes, coding: str, expected: str) -> None:
    """By size, ratio, coding and check sum."""
    server.serve("/x", sent, headers={"Content-Encoding": coding})

    assert reason(fetch(server, "/x")) == expected


def test_a_bomb_takes_no_more_memory_than_it_may() -> None:
    """Of a hundred megabytes in a hundred kilobytes no more is unfolded than the limit."""
    bomb = gzip.compress(b"\0" * 100_000_000, 1)
    tracemalloc.start()
    try:
        with pytest.raises(FeedError, match="beyond the limit"):
            gunzip(bomb, 10_000_000)
        assert tracemalloc.get_traced_memory()[1] < 40_000_000
    finally:
        tracemalloc.stop()


def test_endless_and_slow_answers_end(server: FeedServer) -> None:
    """At the cap, or at the deadline."""
    server.serve("/endless", BODY)
    server.endless("/endless")
    server.serve("/slow", BODY)
    server.slow("/slow", 30)
    server.serve("/drip", BODY)
    server.drip("/drip", 1, 0.2)

    assert reason(fetch(server, "/endless")) == "too large"
    assert reason(fetch(server, "/slow", seconds=1)) == "timeout"
    assert reason(fetch(server, "/drip", seconds=1)) == "timeout"


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_shorter_than_announced_is_broken(server: FeedServer, chunked: bool) -> None:
    """Half a document is none, and its validators do not count."""
    server.serve("/short", BODY, etag='"x"')
    server.truncate("/short", 100, chunked=chunked)

    assert reason(fetch(server, "/short")) == "broken answer"


@pytest.mark.parametrize(
    ("value", "date", "expected"),
    [
        ("120", None, timedelta(seconds=120)),
        ("Tue, 03 Mar 2026 12:10:00 GMT", "Tue, 03 Mar 2026 12:00:00 GMT", timedelta(minutes=10)),
        ("Tue, 03 Mar 2026 11:00:00 GMT", "Tue, 03 Mar 2026 12:00:00 GMT", timedelta(0)),
        ("9" * 30, None, timedelta(seconds=10**9)),
        ("-5", None, None),
        ("soon", None, None),
        ("²", None, None),
        ("", None, None),
    ],
)
def test_how_long_a_server_wants_to_rest_is_read(
    server: FeedServer, value: str, date: str | None, expected: timedelta | None
) -> None:
    """Seconds, or a date by the server's own clock; nonsense is ignored."""
    headers = {"Retry-After": value, **({"Date": date} if date else {})}
    server.fail("/a", status=503, headers=headers)
    result = fetch(server)

    assert isinstance(result, FeedFailure)
    assert (result.reason, result.not_before) == ("http 503", expected)


def test_a_password_in_an_address_is_never_repeated() -> None:
    """Not in the failure's words."""
    with FeedServer() as server:
        server.stop()
        result = fetch(server, f"http://ada:secret@{server.address}/a")

    assert "secret" not in str(result)
    assert reason(result) == "unreachable"


def test_headers_that_are_no_text_are_left_out() -> None:
    """Validators of raw bytes could neither be stored nor sent back; the document is read all the same."""

    async def run() -> Response | FeedFailure:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(
                b'HTTP/1.1 200 OK\r\nETag: "\xff\xfe"\r\nContent-Type: \xff\r\nContent-Length: 6\r\n\r\n<rss/>'
            )
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as raw:
            address = f"127.0.0.1:{raw.sockets[0].getsockname()[1]}"
            fetcher = HttpFetcher(Guard((address,)), PollSettings())
            result = await fetcher.fetch(Feed(1, f"http://{address}/", "x"))
            await fetcher.close()
            return result

    found = reply(asyncio.run(run()))
    assert (found.body, found.validators, found.content_type) == (b"<rss/>", Validators(None, None), "")


def raw(
    answer: bytes, more: bytes = b"", times: int = 0, every: float = 0.0, sent: list[int] | None = None
) -> Response | FeedFailure:
    """Return what comes of these bytes, followed by `more` so many times.

    What could be sent of it is written down in `sent`.
    """

    async def run() -> Response | FeedFailure:
        over = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            try:
                writer.write(answer)
                for _ in range(times):
                    writer.write(more)
                    await writer.drain()
                    if sent is not None:
                        sent.append(len(more))
                    await asyncio.sleep(every)
            except ConnectionError:
                pass
            writer.transport.abort()
            over.set()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
            fetcher = HttpFetcher(Guard((address,)), PollSettings())
            try:
                return await fetcher.fetch(Feed(1, f"http://{address}/", "x"))
            finally:
                await fetcher.close()
                await over.wait()
                await asyncio.sleep(0)  # for the connection to be taken down

    return asyncio.run(run())


def test_headers_without_end_are_broken_answers() -> None:
    """A hundred thousand of them, or one of a megabyte."""
    many = raw(b"HTTP/1.1 200 OK\r\n", b"X-A: 1\r\n" * 1000, times=100)
    large = raw(b"HTTP/1.1 200 OK\r\nX-A: ", b"a" * 10_000, times=100)

    assert reason(many) == "broken answer"
    assert reason(large) == "broken answer"


def test_a_server_that_drips_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kilobyte a second is the least, whatever the whole may take: most of the document is never sent."""
    monkeypatch.setattr("bot.feeds.fetch._RATE_OVER", 0.2)
    sent: list[int] = []
    begin = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    result = raw(begin, b"x" * 100, times=10_000, every=0.05, sent=sent)

    assert reason(result) == "timeout"
    assert len(sent) < 10_000


def test_a_body_that_goes_on_and_on_is_left_at_the_limit() -> None:
    """With no length announced either; what is sent beyond it stays in the buffers of the connection."""
    sent: list[int] = []
    result = raw(b"HTTP/1.1 200 OK\r\n\r\n", b" " * 65536, times=10_000_000_000 // 65536, sent=sent)

    assert reason(result) == "too large"
    assert PollSettings().max_document <= sum(sent) < PollSettings().max_document + 16_000_000


@pytest.mark.parametrize("coding", ["identity", "", "none", "UTF-8", "binary"])
def test_what_names_no_coding_is_read_as_it_is(server: FeedServer, coding: str) -> None:
    """Careless servers put the charset there."""
    server.serve("/x", BODY, headers={"Content-Encoding": coding})
    result = fetch(server, "/x")

    assert isinstance(result, Response)
    assert result.body == BODY


@pytest.mark.parametrize("coding", ["gzip", "identity, gzip", "gzip,gzip", ", ".join(["gzip"] * 40), "zstd", "deflate"])
def test_one_coding_is_the_most(server: FeedServer, coding: str) -> None:
    """And only the one that was asked for."""
    server.serve("/x", gzip.compress(BODY), headers={"Content-Encoding": coding})
    result = fetch(server, "/x")

    assert isinstance(result, Response) == (coding == "gzip")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Cache-Control": "public, max-age=600"}, 600),
        ({"Cache-Control": "max-age=600", "Age": "300"}, 300),
        ({"Cache-Control": "max-age=600", "Age": "900"}, 0),
        ({"Cache-Control": "s-maxage=600"}, None),
        ({"Cache-Control": "no-cache, max-age=600"}, 0),
        ({"Cache-Control": "max-age=soon"}, None),
        ({"Expires": "0"}, 0),
        ({"Expires": "Tue, 03 Mar 2026 12:10:00 GMT", "Date": "Tue, 03 Mar 2026 12:00:00 GMT"}, 600),
        ({"Expires": "Tue, 03 Mar 2026 12:10:00 GMT", "Cache-Control": "max-age=60"}, 60),
        ({}, None),
    ],
)
def test_how_long_an_answer_holds(headers: dict[str, str], expected: int | None) -> None:
    """max-age before Expires, less Age; what is for shared caches is not for us."""
    found = fresh_for(CIMultiDict(headers))

    assert (found and found.total_seconds()) == expected or (found == timedelta(0) and expected == 0)
