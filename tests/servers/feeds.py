"""A publisher for tests: a real HTTP server on loopback that serves feeds and fails on request.

It runs in a thread of its own; every method may be called from any thread while it runs.

    with FeedServer() as server:
        server.serve("/a.xml", rss([Entry("Acme buys Beta")]), etag='"v1"')
        ...
        assert [request.status for request in server.requests_of("/a.xml")] == [200, 304]

It does not check that a client is polite: it answers whatever is asked, records it, and leaves judging to the
test. It speaks no TLS and no HTTP/2, makes no 226 deltas, ignores Range, If-Range and cookies, and compares
If-Modified-Since as bytes, never as a date. The recorded status is decided when the request arrives: whether a
client waited for a slow answer, or read a cut one, it does not know.
"""

import asyncio
import gzip as gziplib
import inspect
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from types import MappingProxyType, TracebackType
from typing import Self

from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
# What a stopping server grants to answers under way; they are then cancelled, however slow they mean to be.
_GRACE_S = 0.01


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived, and the status it was answered with."""

    method: str
    path: str  # the whole target, query included
    headers: CIMultiDictProxy[str]  # found in any case, listed in the case they were sent in
    at: float  # seconds of time.monotonic()
    status: int

    @property
    def conditional(self) -> bool:
        """Say whether the client sent a validator back."""
        return "If-None-Match" in self.headers or "If-Modified-Since" in self.headers


class FeedServer:
    """Serves what it is told to, on `http://HOST:PORT`, from entering to leaving the `with` block.

    A path is the whole target of a request, query included; a path that nobody set up answers 404.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._host = host
        self._port = 0
        self._pages: dict[str, _Page] = {}
        self._requests: list[Request] = []
        self._open = 0
        self._most_open = 0
        self._changed = threading.Condition()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        started: Future[None] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(started)), name="feed-server")
        self._thread.start()
        started.result()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    async def _run(self, started: "Future[None]") -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        runner = web.ServerRunner(web.Server(self._answer), shutdown_timeout=_GRACE_S)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError as error:
            started.set_exception(error)
            return
        self._port = runner.addresses[0][1]
        started.set_result(None)
        await self._stopping.wait()
        await runner.cleanup()

    def stop(self) -> None:
        """Close the port and cut every answer under way; entering again listens on the same port."""
        if self._thread is None or self._loop is None or self._stopping is None:
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._thread = None

    @property
    def address(self) -> str:
        """Return `host:port`, as an allow-list wants it."""
        return f"{self._host}:{self._port}"

    def url(self, path: str) -> str:
        """Return the address of a path on this server."""
        return f"http://{self.address}{path}"

    # What a path answers. serve() and redirect() replace everything that was set up for the path before, its
    # faults included; the faults change how the page that stands there is answered.

    def serve(
        self,
        path: str,
        body: bytes | str,
        *,
        content_type: str = "application/rss+xml",
        etag: str | None = None,
        last_modified: str | None = None,
        headers: Mapping[str, str] = _NO_HEADERS,
        gzip: bool = False,
        status: int = 200,
    ) -> None:
        """Answer a path with a document, and with 304 when a request sends its validators back.

        A validator given in `headers` is sent but never compared, as by a publisher whose ETag never changes.
        `gzip` compresses for clients that accept it. `headers` win over everything else, Date included.
        """
        content = body.encode() if isinstance(body, str) else body
        sent = {"Content-Type": content_type, "ETag": etag, "Last-Modified": last_modified}
        page = _Page(
            status=status,
            body=content,
            headers={name: value for name, value in sent.items() if value is not None} | dict(headers),
            etag=etag,
            last_modified=last_modified,
            packed=gziplib.compress(content) if gzip else None,
        )
        with self._changed:
            self._pages[path] = page

    def redirect(self, path: str, to: str, status: int = 301, headers: Mapping[str, str] = _NO_HEADERS) -> None:
        """Send whoever asks for a path elsewhere; `to` is written as it stands, absolute or not."""
        with self._changed:
            self._pages[path] = _Page(status=status, headers={"Location": to} | dict(headers))

    def fail(
        self,
        path: str,
        status: int = 503,
        headers: Mapping[str, str] = _NO_HEADERS,
        times: int = 1,
        body: bytes = b"",
    ) -> None:
        """Answer the next requests for a path with a status, then go on as before; calls queue up.

        Any status will do: 304 with an ETag of its own is a publisher that renames what has not changed.
        """
        with self._changed:
            failure = _Page(status=status, body=body, headers=headers)
            self._page(path).failures.extend([failure] * times)

    def slow(self, path: str, seconds: float) -> None:
        """Wait before the first byte of each answer; 0 ends it."""
        self._change(path, delay_s=seconds)

    def drip(self, path: str, chunk: int, every: float) -> None:
        """Send the body of a path in pieces of `chunk` bytes, one every `every` seconds."""

        async def deliver(request: web.BaseRequest, response: web.StreamResponse, body: bytes) -> None:
            response.content_length = len(body)
            await response.prepare(request)
            for start in range(0, len(body), chunk):
                await response.write(body[start : start + chunk])
                await asyncio.sleep(every)

        self._change(path, deliver=deliver)

    def endless(self, path: str) -> None:
        """Send the body of a path and then blanks, until the client has had enough."""

        async def deliver(request: web.BaseRequest, response: web.StreamResponse, body: bytes) -> None:
            await response.prepare(request)
            await response.write(body)
            while True:
                await response.write(b" " * 65_536)
                # write() need not yield to the loop, which would never learn that the client is gone
                await asyncio.sleep(0)

        self._change(path, deliver=deliver)

    def truncate(self, path: str, keep: int, *, chunked: bool = False) -> None:
        """Promise the whole body of a path, send its first `keep` bytes and hang up.

        With `chunked`, what is missing is not seen in Content-Length but in the absent last chunk.
        """

        async def deliver(request: web.BaseRequest, response: web.StreamResponse, body: bytes) -> None:
            if not chunked:
                response.content_length = len(body)
            await response.prepare(request)
            await response.write(body[:keep])
            if request.transport is not None:
                request.transport.close()

        self._change(path, deliver=deliver)

    def _change(self, path: str, *, delay_s: float | None = None, deliver: "_Deliver | None" = None) -> None:
        with self._changed:
            page = self._page(path)
            self._pages[path] = replace(
                page,
                delay_s=page.delay_s if delay_s is None else delay_s,
                deliver=deliver or page.deliver,
            )

    def _page(self, path: str) -> "_Page":
        return self._pages.setdefault(path, _Page(status=404))

    # What was asked.

    @property
    def requests(self) -> list[Request]:
        """Return every request so far, in the order of arrival."""
        with self._changed:
            return list(self._requests)

    def requests_of(self, path: str) -> list[Request]:
        """Return the requests for one path, in the order of arrival."""
        return [request for request in self.requests if request.path == path]

    @property
    def most_at_once(self) -> int:
        """Return the largest number of requests that were under way together."""
        with self._changed:
            return self._most_open

    def wait_for(self, predicate: Callable[[Sequence[Request]], bool], timeout: float = 60.0) -> None:
        """Wait until a condition holds for the requests so far; AssertionError when it never does.

        The condition is asked again whenever a request arrives or has been answered.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: predicate(list(self._requests)), timeout):
                seen = "\n".join(f"  {r.method} {r.path} -> {r.status}" for r in self._requests) or "  none"
                wanted = f"waited {timeout:g} s in vain for {_describe(predicate)}"
                raise AssertionError(f"{wanted}\nrequests so far:\n{seen}")

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        page = self._record(request)
        transport = request.transport  # a stopping server takes it off the request
        try:
            await asyncio.sleep(page.delay_s)
            response = web.StreamResponse(status=page.status, headers=page.headers)
            await page.deliver(request, response, b"" if request.method == "HEAD" else page.body)
        except asyncio.CancelledError:
            if transport is not None:
                # close() would first flush what a client reads slowly or never
                transport.abort()
            raise
        else:
            return response
        finally:
            with self._changed:
                self._open -= 1
                self._changed.notify_all()

    def _record(self, request: web.BaseRequest) -> "_Page":
        # The raw headers, because the parsed ones come in the parser's spelling.
        raw = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers]
        headers = CIMultiDictProxy(CIMultiDict(raw))
        with self._changed:
            page = self._decide(request.method, request.raw_path, headers)
            self._requests.append(Request(request.method, request.raw_path, headers, time.monotonic(), page.status))
            self._open += 1
            self._most_open = max(self._most_open, self._open)
            self._changed.notify_all()
        return page

    def _decide(self, method: str, path: str, headers: Mapping[str, str]) -> "_Page":
        page = self._pages.get(path, _Page(status=404))
        if method not in {"GET", "HEAD"}:
            return _Page(status=405, headers={"Allow": "GET, HEAD"})
        if page.failures:
            return replace(page.failures.popleft(), delay_s=page.delay_s)
        if page.is_known_to(headers):
            return page.not_modified()
        return page.encoded_for(headers)


_Deliver = Callable[[web.BaseRequest, web.StreamResponse, bytes], Awaitable[None]]


async def _deliver_whole(request: web.BaseRequest, response: web.StreamResponse, body: bytes) -> None:
    if request.method != "HEAD" and response.status != 304:
        response.content_length = len(body)
    await response.prepare(request)
    await response.write(body)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """What one path answers, and how."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str | None = None
    last_modified: str | None = None
    packed: bytes | None = None
    delay_s: float = 0.0
    deliver: _Deliver = _deliver_whole
    failures: "deque[_Page]" = field(default_factory=deque)

    def is_known_to(self, headers: Mapping[str, str]) -> bool:
        """Say whether a client already has this page (RFC 9110 13.2.2: an entity tag silences a date)."""
        if self.status != 200:
            return False
        if (tags := headers.get("If-None-Match")) is not None:
            return self.etag is not None and _names(tags, self.etag)
        return self.last_modified is not None and headers.get("If-Modified-Since") == self.last_modified

    def not_modified(self) -> "_Page":
        headers = {name: value for name, value in self.headers.items() if not name.lower().startswith("content-")}
        return replace(self, status=304, body=b"", headers=headers, deliver=_deliver_whole)

    def encoded_for(self, headers: Mapping[str, str]) -> "_Page":
        if self.packed is None or "gzip" not in headers.get("Accept-Encoding", ""):
            return self
        gzipped = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return replace(self, body=self.packed, headers={**self.headers, **gzipped})


def _names(tags: str, etag: str) -> bool:
    """Compare weakly (RFC 9110 8.8.3.2), and as bytes for the tags that break the grammar."""
    if tags == etag or tags.strip() == "*":
        return True
    return etag.removeprefix("W/") in {tag.strip().removeprefix("W/") for tag in tags.split(",")}


def _describe(predicate: Callable[..., bool]) -> str:
    try:
        return inspect.getsource(predicate).strip()
    except (OSError, TypeError):
        return repr(predicate)
