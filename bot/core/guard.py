"""The guard: which addresses may be connected to.

A feed's address is written by somebody else: followed blindly it could reach into the network Tipoff runs
in (server-side request forgery). The text of a URL is checked before anything is looked up, and the
address itself when the connection is made, after DNS and on every redirect, so that a name that answers
differently the second time gains nothing. The guard is never off; `[network] allow` names exact host:port
pairs that it lets through.
"""

import socket
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from yarl import URL

from bot.core.errors import AddressRefused

_PORTS = frozenset({80, 443, 8080, 8443})

# Of IPv6, only this is given out as public so far (IANA, IPv6 global unicast address assignments).
_GLOBAL = ip_network("2000::/3")
# Not public, or not what it seems, beyond what `is_global` knows on every supported Python
# (IANA special-purpose registries; clouds' metadata services that look public).
_REFUSED = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "168.63.129.16/32",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
)
_NAT64 = ip_network("64:ff9b::/96")
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})


@dataclass(slots=True)
class _Request:
    """The host:port that is being asked for, and whether an address it leads to was refused."""

    pair: str
    refused: bool = False


# One for each request: the tasks that connect on its behalf share it.
_request: ContextVar[_Request] = ContextVar("request")


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Say whether an address is a unicast address of the open internet, whatever it is wrapped in."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in _NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        if (int(address) >> 32) & 0xFFFFFFFF in _ISATAP or address not in _GLOBAL:
            return False
    return address.is_global and not any(address in net for net in _REFUSED if net.version == address.version)


class Guard:
    """Lets through the open internet on web ports, and the exact host:port pairs that it was given."""

    def __init__(self, allow: Iterable[str] = ()) -> None:
        self._allow = frozenset(pair.lower() for pair in allow)

    def check(self, url: URL) -> None:
        """Refuse a URL by its text alone. Raises AddressRefused.

        Has to be called for every request and every redirect, right before it, in the same task.
        """
        if url.scheme not in {"http", "https"}:
            raise AddressRefused(f"only http and https are fetched, not {url.scheme or 'this'}")
        host = url.host or ""
        if not host.strip(".") or ".." in host or "%" in host or any(c.isspace() or c == "\\" for c in host):
            raise AddressRefused("the address has no proper host")
        asked = _pair(host.lower(), url.port)
        _request.set(_Request(asked))
        if asked in self._allow:
            return
        if url.port not in _PORTS:
            raise AddressRefused(f"port {url.port} is not allowed", asked)
        literal = _literal(host)
        if literal is not None and not is_public(literal):
            raise AddressRefused(pair=asked)
        if literal is None and _is_numeric(host):
            raise AddressRefused("the address is a number in disguise")

    def check_addresses(self, addresses: Iterable[tuple[str, int]]) -> None:
        """Refuse a name if any of its addresses may not be connected to, whichever would be tried first.

        Raises OSError, as `open_socket` does.
        """
        if not all(self._may_reach(address, port) for address, port in addresses):
            _request.get().refused = True
            raise PermissionError("address not allowed")

    def open_socket(self, info: tuple[Any, ...]) -> socket.socket:
        """Return a socket for an address that may be reached; aiohttp calls this with the address it will connect to.

        Raises OSError, the one kind of error that aiohttp expects here: `refused` tells it from others.
        """
        family, kind, protocol, _, address = info
        self.check_addresses([(address[0], address[1])])
        return socket.socket(family, kind, protocol)

    def _may_reach(self, address: str, port: int) -> bool:
        is_listed = _pair(address, port) in self._allow or _request.get().pair in self._allow
        return is_listed or is_public(ip_address(address.partition("%")[0]))

    def refused(self) -> AddressRefused | None:
        """Return the refusal, if any, of an address that the request under way in this task led to."""
        return AddressRefused(pair=_request.get().pair) if _request.get().refused else None

    def confirm(self) -> None:
        """Refuse an answer whose name leads outside and inside at once: such a mixture is an attack.

        Raises AddressRefused.
        """
        if _request.get().refused:
            raise AddressRefused


def trouble(url: str, allow: Iterable[str]) -> str | None:
    """Return why a feed's address can never be fetched, by its text, with the cure, or None."""
    try:
        Guard(allow).check(URL(url))
    except AddressRefused as refused:
        return explain(refused, url)
    except ValueError as error:
        return f"this is no web address ({error})"
    return None


def explain(refused: AddressRefused, feed: str) -> str:
    """Return a refusal in words, with the cure where the feed's own address was refused.

    Never for an address it was redirected to: that was chosen by somebody else.
    """
    own = URL(feed)
    if refused.pair is None or refused.pair != _pair((own.host or "").lower(), own.port):
        return refused.detail
    return f'{refused.detail}; for a server of your own, add "{refused.pair}" to [network] allow in tipoff.toml'


def _pair(host: str, port: int | None) -> str:
    """Return host:port as it is written, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_numeric(host: str) -> bool:
    """Say whether a resolver could read this name as a number: 2130706433, 0x7f.1, 127.1, 0177.0.0.1."""
    last = host.rstrip(".").rpartition(".")[2].lower()
    return last.isdigit() or (last.startswith("0x") and all(char in "0123456789abcdef" for char in last[2:]))
