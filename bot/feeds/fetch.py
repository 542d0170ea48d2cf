"""Makes one polite GET; the only file that makes requests to publishers."""

import asyncio
import logging
import re
import socket
import zlib
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp
from aiohttp.abc import ResolveResult
from yarl import URL

from bot import __version__
from bot.core.errors import AddressRefused, FeedError
from bot.core.guard import Guard, explain
from bot.core.model import Feed, FeedFailure, Response, Validators
from bot.core.secrets import redact
from bot.core.settings import PollSettings
from bot.feeds.due_times import CHALLENGE, INSECURE, UNREACHABLE
from bot.feeds.parsing.formats import accept

log = logging.getLogger(__name__)

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_FOR_GOOD = frozenset({301, 308})
_MOST_REDIRECTS = 5
_CONNECT = 10.0  # seconds
_HEADER = 15.0  # seconds from the connection to the end of the header
_SILENCE = 15.0  # seconds without a byte
_RATE_OVER = 10.0  # seconds over which at least a kilobyte a second has to come
_LEAST_IN_IT = 10_240  # bytes
_CHUNK = 65536
_LONGEST_HEADER = 1000  # characters
_RATIO = 200  # decoded to sent, once past the first megabyte; feeds stay under 30
_RATIO_FROM = 1_000_000
# RFC 9110 section 8.4.1 knows "identity"; the others name no coding either, and are found in careless servers' answers.
_NO_CODING = frozenset({"identity", "", "none", "binary", "utf-8", "utf8"})
_GZIP = frozenset({"gzip", "x-gzip"})
_ACCEPT = accept()
_LONGEST_DATE = 100  # characters
_DECIMAL = re.compile(r"([0-9]+)(?:\.[0-9]*)?")


class HttpFetcher:
    """Fetches feeds over HTTP. Use `close` when done.

    Sends no cookies and no referrer, follows no proxy of the environment, and decodes at most one gzip.
    """

    def __init__(self, guard: Guard, poll: PollSettings) -> None:
        self._guard = guard
        self._poll = poll
        self._session: aiohttp.ClientSession | None = None

    async def fetch(self, feed: Feed) -> Response | FeedFailure:
        """Ask once, with the validators of the last good answer (RFC 9110 section 13.1), redirects included."""
        try:
            async with asyncio.timeout(self._poll.timeout.total_seconds()):
                return await self._follow(feed)
        except AddressRefused as error:
            return FeedFailure(error.reason, explain(error, feed.url))
        except FeedError as error:
            return FeedFailure(error.reason, error.detail)
        except aiohttp.ConnectionTimeoutError:
            return FeedFailure(UNREACHABLE, f"no connection within {_CONNECT:g} s")
        except TimeoutError:
            return FeedFailure("timeout", f"no complete answer within {self._poll.timeout.total_seconds():g} s")
        except aiohttp.ClientSSLError:
            return FeedFailure(INSECURE, "the certificate or TLS is at fault")
        except aiohttp.ClientConnectorError as error:
            if refused := self._guard.refused():
                return FeedFailure(refused.reason, explain(refused, feed.url))
            if isinstance(error, aiohttp.ClientConnectorDNSError):
                return FeedFailure(UNREACHABLE, "the host name cannot be found")
            return FeedFailure(UNREACHABLE, error.strerror or "the connection was refused")
        except (aiohttp.ClientError, ValueError) as error:
            # aiohttp's own texts can hold the URL, and with it a password
            return FeedFailure("broken answer", type(error).__name__)
        except Exception as error:  # whatever an answer provokes is a failure of its feed alone
            log.exception("answer_bug url=%s", redact(feed.url))
            return FeedFailure("broken answer", type(error).__name__)

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def _follow(self, feed: Feed) -> Response | FeedFailure:
        first = url = URL(feed.statistics.address or feed.url)
        for_good = True
        for _ in range(_MOST_REDIRECTS + 1):
            self._guard.check(url)
            async with asyncio.timeout(_CONNECT + _HEADER):
                response = await self._open_session().get(
                    url.with_user(None),
                    headers=_headers(feed, self._poll.agent) | _login(url),
                    allow_redirects=False,
                )
            async with response:
                self._guard.confirm()
                if response.status not in _REDIRECTS:
                    moved_to = str(url) if for_good and url != first else None
                    return await self._answer(response, moved_to)
                for_good = for_good and response.status in _FOR_GOOD
                target = URL(response.headers.get("Location", ""))
                if target.user is not None:
                    raise AddressRefused("a redirect may not carry a user name")
                url = url.join(target)  # a login stays with its own host: only a relative address keeps it
        raise FeedError("redirects", f"more than {_MOST_REDIRECTS} redirects")

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                connector=aiohttp.TCPConnector(
                    resolver=_Resolver(self._guard),
                    limit=0,
                    socket_factory=self._guard.open_socket,
                    ttl_dns_cache=60,
                    force_close=False,
                ),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT, sock_read=_SILENCE),
            )
        return self._session

    async def _answer(self, response: aiohttp.ClientResponse, moved_to: str | None) -> Response | FeedFailure:
        headers = response.headers
        if response.status == 403 and headers.get("cf-mitigated", "").lower() == "challenge":
            return FeedFailure(CHALLENGE, "the publisher's guard (Cloudflare) lets only browsers through")
        if response.status not in {200, 226, 304}:
            return FeedFailure(f"http {response.status}", _explain(response.status), retry_after(headers))
        etag = headers.get("ETag", "")
        # sent back, a star would mean "unless there is anything at all" (RFC 9110 section 13.1.2)
        tag = None if etag.strip() == "*" else _storable(etag)
        validators = Validators(tag, _storable(headers.get("Last-Modified")))
        body = b"" if response.status == 304 else await self._body(response)
        kind = _storable(headers.get("Content-Type")) or ""
        return Response(response.status, body, kind, validators, fresh_for(headers), moved_to, str(response.url))

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        coding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if coding not in _NO_CODING and coding not in _GZIP:
            raise FeedError("broken answer", f"the content coding {coding[:40]!r} was not asked for")
        sent = bytearray()
        clock = asyncio.get_running_loop().time
        since, before = clock(), 0
        async for chunk in response.content.iter_chunked(_CHUNK):
            sent += chunk
            if len(sent) > self._poll.max_document:
                raise FeedError("too large", f"more than {self._poll.max_document} bytes")
            if clock() - since > _RATE_OVER:
                if len(sent) - before < _LEAST_IN_IT:
                    raise FeedError("timeout", "the document comes slower than a kilobyte a second")
                since, before = clock(), len(sent)
        return gunzip(sent, self._poll.max_document) if coding in _GZIP else bytes(sent)


class _Resolver(aiohttp.ThreadedResolver):
    """Resolves host names; one with an address that may not be reached is refused before anything is connected to."""

    def __init__(self, guard: Guard) -> None:
        super().__init__()
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await super().resolve(host, port, family)
        self._guard.check_addresses((one["host"], one["port"]) for one in found)
        return found


def _login(url: URL) -> dict[str, str]:
    """Return the header with an address's login, in UTF-8 where Latin-1 does not do (RFC 7617 section 2.1)."""
    if url.user is None and url.password is None:
        return {}
    words = f"{url.user or ''}:{url.password or ''}"
    sent = words.encode("latin1" if max(words) < "\u0100" else "utf-8")
    return {"Authorization": f"Basic {b64encode(sent).decode()}"}


def _headers(feed: Feed, agent: str) -> dict[str, str]:
    headers = {
        "User-Agent": f"Tipoff/{__version__} (feed monitor{f'; +{agent}' if agent else ''})",
        "Accept": _ACCEPT,
        "Accept-Encoding": "gzip",
    }
    if feed.validators != Validators():
        headers["A-IM"] = "feed"  # of what changed the new entries will do (RFC 3229; 226 says that it was done)
    if feed.validators.etag is not None:
        headers["If-None-Match"] = feed.validators.etag
    if feed.validators.last_modified is not None:
        headers["If-Modified-Since"] = feed.validators.last_modified
    return headers


def _storable(value: str | None) -> str | None:
    """Return a header's value as it came, or None where it holds bytes that are no text and could not be sent back."""
    return value if value and value.isprintable() and len(value) <= _LONGEST_HEADER else None


def gunzip(sent: bytes | bytearray, limit: int) -> bytes:
    """Decode one gzip, never past the limit. Raises FeedError, also when the check sum or the end is missing."""
    decoder = zlib.decompressobj(wbits=31)
    try:
        body = decoder.decompress(sent, limit + 1)
    except zlib.error as error:
        raise FeedError("broken answer", "the gzip data is damaged") from error
    if len(body) > limit or (len(body) > _RATIO_FROM and len(body) > _RATIO * len(sent)):
        raise FeedError("too large", "the compressed document unfolds beyond the limit")
    if not decoder.eof or decoder.unused_data:
        raise FeedError("broken answer", "the gzip data is cut off, or something follows it")
    return body


def _explain(status: int) -> str:
    words = {
        401: "the feed wants a login",
        403: "the publisher refuses this request",
        404: "there is no feed at this address",
        410: "the feed is gone for good",
        429: "the publisher asks for fewer requests",
    }
    return words.get(status, "the publisher's server has a problem" if status >= 500 else "an answer no feed gives")


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Return for how long to ask nothing: seconds, or a date by the server's own clock (RFC 9110 section 10.2.3)."""
    value = headers.get("Retry-After", "").strip()
    if seconds := _DECIMAL.fullmatch(value):
        return timedelta(seconds=min(int(seconds[1][:12]), 10**9))
    ahead = _from_date(value, headers)
    return None if ahead is None else max(ahead, timedelta(0))


def fresh_for(headers: Mapping[str, str]) -> timedelta | None:
    """Return for how long an answer is fresh, None where it does not say so (RFC 9111 section 4.2).

    max-age less Age, or Expires read against the server's own clock; no-cache, no-store and an Expires that is no
    date mean "already over". s-maxage is for caches that are shared.
    """
    control = headers.get("Cache-Control", "").lower()
    directives = dict(part.strip().partition("=")[::2] for part in control.split(","))
    if "no-cache" in directives or "no-store" in directives:
        return timedelta(0)
    age = headers.get("Age", "").strip()
    if (longest := directives.get("max-age", "").strip('"')) and longest.isascii() and longest.isdigit():
        passed = int(age[:10]) if age.isascii() and age.isdigit() else 0
        return timedelta(seconds=max(min(int(longest[:10]), 10**9) - passed, 0))
    if "Expires" in headers:
        return max(_from_date(headers["Expires"], headers) or timedelta(0), timedelta(0))
    return None


def _from_date(value: str, headers: Mapping[str, str]) -> timedelta | None:
    """Return how far a date lies ahead by the server's own clock, None where either is no date."""
    at, now = _date(value), _date(headers.get("Date", ""))
    return None if at is None or now is None else at - now


def _date(value: str) -> datetime | None:
    """Read a date of any of the three forms of RFC 9110 section 5.6.7; the third, asctime, names no zone."""
    try:
        found = parsedate_to_datetime(value[:_LONGEST_DATE])
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):  # a year or a zone beyond any
        return None
