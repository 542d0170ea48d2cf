"""The feed server is what the polling tests stand on, so it is tested itself."""

import asyncio
import http.client
import time

import aiohttp
import pytest
from multidict import CIMultiDictProxy

from tests.builders import Entry, atom, json_feed, rss
from tests.servers.feeds import FeedServer

BODY = rss([Entry("Acme buys Beta", link="https://news.example/1", guid="1")])


async def get(url: str, **headers: str) -> tuple[int, bytes, CIMultiDictProxy[str]]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, headers=names, allow_redirects=False) as response,
    ):
        return response.status, await response.read(), response.headers


def test_a_page_is_served_and_the_request_recorded() -> None:
    """A request is kept with its method, whole target, headers in the case they were sent in, and status."""
    with FeedServer() as server:
        server.serve("/a.xml?x=1", BODY, headers={"Cache-Control": "max-age=60"})
        before = time.monotonic()
        connection = http.client.HTTPConnection(server.address)
        connection.request("GET", "/a.xml?x=1", headers={"x-oDD": "1", "user-AGENT": "test"})
        response = connection.getresponse()
        body = response.read()
        connection.close()

    assert (response.status, body, response.getheader("cache-control")) == (200, BODY, "max-age=60")
    (request,) = server.requests
    assert (request.method, request.path, request.status) == ("GET", "/a.xml?x=1", 200)
    assert {"x-oDD", "user-AGENT"} <= set(request.headers)
    assert request.headers["User-Agent"] == "test"
    assert not request.conditional
    assert before <= request.at <= time.monotonic()


def test_an_unknown_path_is_404_and_only_get_and_head_are_allowed() -> None:
    """A target that nobody set up is not found, a known path with another query included."""
    with FeedServer() as server:
        server.serve("/a.xml", BODY)
        assert asyncio.run(get(server.url("/a.xml?utm_source=x")))[0] == 404
        connection = http.client.HTTPConnection(server.address)
        for method, status in (("HEAD", 200), ("POST", 405)):
            connection.request(method, "/a.xml")
            response = connection.getresponse()
            assert (response.status, response.read()) == (status, b"")
        connection.close()
        assert [request.status for request in server.requests_of("/a.xml")] == [200, 405]


@pytest.mark.parametrize(
    ("etag", "sent", "status"),
    [
        ('"v1"', '"v1"', 304),
        ('W/"v1"', 'W/"v1"', 304),
        ('W/"v1"', '"v1"', 304),
        ('"v1"', '"v0", W/"v1"', 304),
        ("no quotes, a comma", "no quotes, a comma", 304),
        ('"v1"', '"v2"', 200),
    ],
)
def test_an_entity_tag_is_compared_weakly(etag: str, sent: str, status: int) -> None:
    """If-None-Match that names the page gets 304, with the validators and no body."""
    with FeedServer() as server:
        server.serve("/a.xml", BODY, etag=etag, last_modified="yesterday")
        answered, body, headers = asyncio.run(get(server.url("/a.xml"), If_None_Match=sent))
        assert server.requests[0].conditional

    assert answered == status
    assert body == (b"" if status == 304 else BODY)
    assert (headers["ETag"], headers["Last-Modified"]) == (etag, "yesterday")


def test_a_date_is_compared_as_bytes_and_only_without_an_entity_tag() -> None:
    """If-Modified-Since must be the text that was sent, and If-None-Match silences it."""
    date = "Tue, 6 jan 2026 10:00:00 +0000"
    with FeedServer() as server:
        server.serve("/a.xml", BODY, etag='"v1"', last_modified=date)
        url = server.url("/a.xml")
        assert asyncio.run(get(url, If_Modified_Since=date))[0] == 304
        assert asyncio.run(get(url, If_Modified_Since=date.title()))[0] == 200
        assert asyncio.run(get(url, If_Modified_Since=date, If_None_Match='"v0"'))[0] == 200


def test_a_validator_among_the_headers_is_never_compared() -> None:
    """A publisher with a constant ETag sends its body every time."""
    with FeedServer() as server:
        server.serve("/a.xml", BODY, headers={"ETag": '"always"'})
        assert asyncio.run(get(server.url("/a.xml"), If_None_Match='"always"'))[:2] == (200, BODY)


def test_headers_win_over_the_server_s_own() -> None:
    """A publisher's clock may be wrong: Date is sent as it was given."""
    with FeedServer() as server:
        server.serve("/a.xml", BODY, headers={"Date": "Thu, 01 Jan 1970 00:00:00 GMT"})
        headers = asyncio.run(get(server.url("/a.xml")))[2]

    assert headers.getall("Date") == ["Thu, 01 Jan 1970 00:00:00 GMT"]


def test_failures_queue_up_and_end() -> None:
    """Each failure answers as often as it was told to, then the page is back; serving anew ends them all."""
    with FeedServer() as server:
        server.serve("/a.xml", BODY)
        server.fail("/a.xml", status=503, headers={"Retry-After": "60"}, times=2)
        server.fail("/a.xml", status=410)
        statuses = [asyncio.run(get(server.url("/a.xml")))[0] for _ in range(4)]
        server.fail("/a.xml")
        server.serve("/a.xml", b"<rss/>")
        assert asyncio.run(get(server.url("/a.xml")))[:2] == (200, b"<rss/>")

    assert statuses == [503, 503, 410, 200]


def test_a_redirect_points_where_it_was_told() -> None:
    """A redirect sends its status and Location, and no body."""
    with FeedServer() as server:
        server.redirect("/old", "/a.xml", status=308)
        status, body, headers = asyncio.run(get(server.url("/old")))

    assert (status, body, headers["Location"]) == (308, b"", "/a.xml")


def test_gzip_is_sent_to_those_who_accept_it() -> None:
    """The same page travels compressed or plain, as the client asks, and arrives the same."""
    with FeedServer() as server:
        server.serve("/a.xml", BODY, gzip=True)
        _, packed, packed_headers = asyncio.run(get(server.url("/a.xml"), Accept_Encoding="gzip"))
        _, plain, plain_headers = asyncio.run(get(server.url("/a.xml"), Accept_Encoding="identity"))

    assert packed == plain == BODY
    assert "Content-Encoding" in packed_headers
    assert "Content-Encoding" not in plain_headers


@pytest.mark.parametrize("chunked", [False, True])
def test_a_truncated_answer_is_seen_by_the_client(chunked: bool) -> None:
    """The client gets fewer bytes than were promised and a closed connection."""
    with FeedServer() as server:
        server.serve("/a.xml", BODY)
        server.truncate("/a.xml", keep=20, chunked=chunked)
        with pytest.raises(aiohttp.ClientPayloadError):
            asyncio.run(get(server.url("/a.xml")))


def test_a_body_may_come_in_drops() -> None:
    """A dripping page arrives whole, a piece at a time."""

    async def pieces(url: str) -> list[bytes]:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return [piece async for piece, _ in response.content.iter_chunks()]

    with FeedServer() as server:
        server.serve("/a.xml", BODY)
        server.drip("/a.xml", chunk=len(BODY) // 4 + 1, every=0.02)
        found = asyncio.run(pieces(server.url("/a.xml")))
        assert b"".join(found) == BODY
        assert len(found) > 1


def test_an_endless_body_ends_with_the_client() -> None:
    """A client may read as much as it likes and leave; the next request is answered."""

    async def read_some(url: str) -> int:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return len(await response.content.readexactly(1_000_000))

    with FeedServer() as server:
        server.serve("/a.xml", BODY)
        server.endless("/a.xml")
        assert asyncio.run(read_some(server.url("/a.xml"))) == 1_000_000
        server.serve("/a.xml", BODY)
        assert asyncio.run(get(server.url("/a.xml")))[1] == BODY


@pytest.mark.parametrize("fault", ["slow", "drip", "endless"])
def test_stopping_waits_for_nobody(fault: str) -> None:
    """Answers under way are cut when the server stops; their requests stay recorded."""

    async def ask(url: str, server: FeedServer) -> None:
        asking = asyncio.create_task(get(url))
        await asyncio.to_thread(server.wait_for, lambda requests: len(requests) == 1)
        await asyncio.sleep(0.05)
        await asyncio.to_thread(server.stop)
        with pytest.raises(aiohttp.ClientError):
            await asking

    with FeedServer() as server:
        server.serve("/a.xml", BODY)
        if fault == "slow":
            server.slow("/a.xml", seconds=600)
        elif fault == "drip":
            server.drip("/a.xml", chunk=1, every=600)
        else:
            server.endless("/a.xml")
        asyncio.run(ask(server.url("/a.xml"), server))
    assert [request.status for request in server.requests] == [200]


def test_a_stopped_server_can_come_back_on_its_port() -> None:
    """A publisher that was down is the same publisher afterwards."""
    with FeedServer() as server:
        server.serve("/a.xml", BODY)
        address = server.address
        server.stop()
        with pytest.raises(aiohttp.ClientConnectorError):
            asyncio.run(get(server.url("/a.xml")))
        with server:
            assert server.address == address
            assert asyncio.run(get(server.url("/a.xml")))[0] == 200


def test_several_publishers_and_the_most_requests_at_once() -> None:
    """Each address of loopback is a host of its own, and knows how many requests were under way together."""

    async def ask_all(urls: list[str]) -> None:
        await asyncio.gather(*map(get, urls))

    with FeedServer() as one, FeedServer(host="127.0.0.2") as two:
        for server in (one, two):
            server.serve("/a.xml", BODY)
            server.slow("/a.xml", seconds=0.2)
        asyncio.run(ask_all([one.url("/a.xml")] * 3 + [two.url("/a.xml")]))

    assert two.address.startswith("127.0.0.2:")
    assert (one.most_at_once, two.most_at_once) == (3, 1)


def test_waiting_in_vain_names_what_was_waited_for() -> None:
    """The error shows the condition and the requests there were."""
    with FeedServer() as server:
        asyncio.run(get(server.url("/nothing")))
        with pytest.raises(AssertionError, match=r"(?s)in vain for .*== 7.*GET /nothing -> 404"):
            server.wait_for(lambda requests: len(requests) == 7, timeout=0.05)


@pytest.mark.parametrize("build", [rss, atom, json_feed])
def test_the_builders_leave_out_what_is_none_and_escape_the_rest(build: object) -> None:
    """A document holds what its entries say, and nothing they do not."""
    assert callable(build)
    document = build([Entry('Q&A: "Acme" < Beta', link="https://news.example/?a=1&b=2")])

    assert b"news.example/?a=1" in document
    assert b"summary" not in document
    assert b"None" not in document
