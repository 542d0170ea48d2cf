"""Which addresses may be reached: attacks come from loopback, and the guard is on."""

import asyncio
import socket
import sys
from collections import Counter
from collections.abc import Iterable
from ipaddress import ip_address

import pytest
from yarl import URL

from bot.core.errors import AddressRefused
from bot.core.guard import Guard, is_public
from bot.core.model import Feed, FeedFailure, Response
from bot.core.settings import PollSettings
from bot.feeds.fetch import HttpFetcher
from tests.servers.feeds import FeedServer

INSIDE = [
    "127.0.0.1",
    "127.0.0.2",
    "0.0.0.0",  # noqa: S104  # an address to refuse, not one to listen on
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "192.88.99.1",
    "198.18.0.1",
    "203.0.113.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:100.64.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "200::1",
    "4000::1",
    "8000::1",
    "::ffff:0:7f00:1",
    "100::1",
    "1fff::1",
    "2606:4700::5efe:7f00:1",
    "2606:4700::200:5efe:7f00:1",
]
OUTSIDE = ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101", "::ffff:1.1.1.1"]


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_inside_are_not_public(address: str) -> None:
    """Private, special, metadata, and whatever is wrapped in something else."""
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", OUTSIDE)
def test_addresses_of_the_internet_are(address: str) -> None:
    """Wrapped or not."""
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.0.0.2:8080/",
        "http://0/",
        "http://2130706433",
        "http://0x7f.1",
        "http://0177.0.0.1",
        "http://127.1",
        "http://[::1]",
        "http://[::]",
        "http://[::ffff:127.0.0.1]",
        "http://[::ffff:7f00:1]",
        "http://[64:ff9b::7f00:1]",
        "http://[2002:7f00:1::]",
        "http://[fe80::1%25lo]",
        "http://169.254.169.254/latest/meta-data/",
        "http://example.com@127.0.0.1/",
        "https://127.0.0.1#@example.com/",
        "http://１２７.0.0.1/",
        "http://127。0。0。1/",
        "http://public.example:22/",
        "http://public.example:6379/",
        "gopher://public.example/",
        "ftp://public.example/",
        "file:///etc/passwd",
        "data:text/xml,x",
    ],
)
def test_a_url_is_refused_by_its_words(url: str) -> None:
    """Before anything is looked up."""
    with pytest.raises(AddressRefused):
        Guard().check(URL(url))


def test_the_refusal_says_nothing_of_the_inside() -> None:
    """No address, no name: Tipoff is nobody's port scanner."""
    with pytest.raises(AddressRefused) as caught:
        Guard().check(URL("http://10.1.2.3/"))
    assert "10.1.2.3" not in str(caught.value)


def test_the_socket_is_refused_whatever_the_name_said() -> None:
    """The address that is connected to decides: DNS may have changed its mind."""
    info = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", 80))
    guard = Guard()
    guard.check(URL("http://public.example/"))
    assert guard.refused() is None

    with pytest.raises(OSError, match="not allowed"):
        guard.open_socket(info)
    with pytest.raises(AddressRefused):
        guard.confirm()


def fetch(url: str, allow: tuple[str, ...]) -> object:
    async def run() -> object:
        fetcher = HttpFetcher(Guard(allow), PollSettings())
        try:
            return await fetcher.fetch(Feed(1, url, "x"))
        finally:
            await fetcher.close()

    return asyncio.run(run())


# The network's edge, as the interpreter reports it: what was really connected to. A hook cannot be taken off again.
_connections: list[object] = []
_PUBLIC = "9.9.9.9"


def _watch(event: str, args: tuple[object, ...]) -> None:
    if event == "socket.connect":
        _connections.append(args[1])
        if isinstance(args[1], tuple) and args[1][0] == _PUBLIC:
            raise ConnectionRefusedError("tests reach no network")


sys.addaudithook(_watch)

NAMES = {
    "inside.example": ["127.0.0.1"],
    "inside-twice.example": ["127.0.0.1", "127.0.0.2"],
    "inside-both.example": ["::1", "127.0.0.1"],
    "metadata.google.internal": ["169.254.169.254"],
    "localhost.": ["127.0.0.1"],
}


def answer(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
    """Stand in for DNS."""
    return [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0))
        if ":" in address
        else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
        for address in NAMES[host]
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leads_inside_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many addresses it has, and although its words look public."""
    monkeypatch.setattr(socket, "getaddrinfo", answer)
    _connections.clear()
    result = fetch(f"http://{name}:8080/", ())

    assert isinstance(result, FeedFailure)
    assert result.reason == "refused"
    assert result.detail.startswith(f'address not allowed; for a server of your own, add "{name}:8080" to [network]')
    assert _connections == []


@pytest.mark.parametrize(
    "url",
    [
        "http://0.0.0.0",
        "http://[::127.0.0.1]",
        "http://[64:ff9b:1::7f00:1]",
        "http://[fec0::1]",
        "http://[fd00:ec2::254]",
        "http://100.100.100.200",
        "http://168.63.129.16",
        "http://192.0.0.192",
        "http://127.0.0.1:6666\\@example.com/",
        "http://127.0.0.1.:8080/",
        "http://127.0.0.1:8080/%0d%0aX:",
        "http://①②⑦.0.0.1/",
        "http://public.example:11211/",
        "http://public.example:99999/",
        "http://pub\\lic.example/",
        "http://pub lic.example/",
        "http://[::1",
        "http:///x",
        "http://..../x",
        "unix:///run/x",
        "//127.0.0.1/",
        "127.0.0.1",
        "",
    ],
)
def test_odd_addresses_are_a_failure_and_no_connection(url: str) -> None:
    """As values: nothing is raised, and nothing is connected to."""
    _connections.clear()

    assert isinstance(fetch(url, ()), FeedFailure)
    assert _connections == []


@pytest.mark.parametrize("target", ["http://[::1]:8080/", "http://127.0.0.2/", "file:///etc/passwd", "//localhost:22/"])
def test_the_last_of_a_chain_of_redirects_is_checked_too(target: str) -> None:
    """Two harmless hops open no door; and the connections to the harmless ones were seen."""
    with FeedServer() as server:
        server.redirect("/1", "/2")
        server.redirect("/2", target)
        _connections.clear()
        result = fetch(server.url("/1"), (server.address,))

        assert isinstance(result, FeedFailure)
        assert result.reason == "refused"
        assert "[network]" not in result.detail, "nobody is told to allow what a publisher's redirect asked for"
        host, _, port = server.address.partition(":")
        assert set(_connections) == {(host, int(port))}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_nothing_inside_is_connected_to(host: str) -> None:
    """Not by literal, not by name: the server hears nothing."""
    with FeedServer() as server:
        port = server.address.rpartition(":")[2]
        result = fetch(f"http://{host}:{port}/a", ())

        assert isinstance(result, FeedFailure)
        assert result.reason == "refused"
        assert server.requests == []


def test_the_allow_list_is_exact() -> None:
    """One port is let through, its neighbour and its redirect target are not."""
    with FeedServer() as allowed, FeedServer() as other:
        allowed.serve("/a", b"<rss/>")
        allowed.redirect("/away", other.url("/a"))
        other.serve("/a", b"<rss/>")
        assert not isinstance(fetch(allowed.url("/a"), (allowed.address,)), FeedFailure)

        for url in (other.url("/a"), allowed.url("/away")):
            result = fetch(url, (allowed.address,))
            assert isinstance(result, FeedFailure)
            assert result.reason == "refused"
        assert other.requests == []
        assert not isinstance(fetch(allowed.url("/away"), (allowed.address, other.address)), FeedFailure)


def test_a_name_that_leads_outside_and_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mixture of addresses is an attack, whichever comes first: the good one is not connected to either."""
    with FeedServer() as server, FeedServer(host="127.0.0.2") as inside:
        server.serve("/a", b"<rss/>")
        port = int(server.address.rpartition(":")[2])
        inside_port = int(inside.address.rpartition(":")[2])
        monkeypatch.setattr("bot.core.guard._PORTS", frozenset({port}))  # or the words of the URL would be enough
        for addresses in (["127.0.0.2", "127.0.0.1"], ["127.0.0.1", "127.0.0.2"]):
            found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]
            monkeypatch.setattr(socket, "getaddrinfo", lambda *_, found=found, **__: found)
            _connections.clear()
            result = fetch(f"http://mixed.example:{port}/a", (f"127.0.0.1:{port}",))
            assert ("127.0.0.2", inside_port) not in _connections
            assert ("127.0.0.2", port) not in _connections
            assert isinstance(result, FeedFailure)
            assert result.reason == "refused"
            assert _connections == []
        assert inside.requests == []


class GuardThatAsksFirst(Guard):
    """The null control: looks a name up and checks what it finds, then lets it be looked up again to connect."""

    def check(self, url: URL) -> None:
        """Refuse by words and by a lookup of its own."""
        super().check(url)
        for *_, address in socket.getaddrinfo(url.host or "", url.port):
            super().check_addresses([(str(address[0]), int(address[1]))])

    def check_addresses(self, addresses: Iterable[tuple[str, int]]) -> None:
        """Believe that it is as it was."""


def rebound(monkeypatch: pytest.MonkeyPatch, guard: Guard, times: int) -> list[Response | FeedFailure]:
    """Fetch as often from a name that leads outside for whoever asks first, and inside for whoever connects."""
    answers = [0]

    def rebinding(*_: object, **__: object) -> list[tuple[object, ...]]:
        answers[0] += 1
        address = _PUBLIC if answers[0] % 2 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    _connections.clear()

    async def run() -> list[Response | FeedFailure]:
        fetcher = HttpFetcher(guard, PollSettings())
        try:
            return [await fetcher.fetch(Feed(n, f"http://rebinding{n}.example/", "x")) for n in range(times)]
        finally:
            await fetcher.close()

    return asyncio.run(run())


def test_a_name_that_changes_its_mind_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand times: what is checked is what is connected to, be it outside or inside."""
    results = rebound(monkeypatch, Guard(), 1000)

    reasons = Counter(result.reason for result in results if isinstance(result, FeedFailure))
    assert reasons == {"unreachable": 500, "refused": 500}
    assert _connections == [(_PUBLIC, 80)] * 500


def test_the_null_control_a_guard_that_looks_up_before_is_led_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check above would see it."""
    rebound(monkeypatch, GuardThatAsksFirst(), 20)

    assert ("127.0.0.1", 80) in _connections
