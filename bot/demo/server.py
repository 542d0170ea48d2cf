"""Serves the demo's newsroom over HTTP, on loopback only; the only demo file that knows aiohttp."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from aiohttp import web

from bot.demo.newsroom import Newsroom, document

CONTENT_TYPES = {
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "json": "application/feed+json",
}


class ServedFeed(NamedTuple):
    """A feed as a configuration would name it."""

    name: str
    url: str
    tags: tuple[str, ...]
    owner: str | None


class NewsroomServer:
    """The newsroom's feeds at /feeds/<key>, each as published at the instant of the request.

    `requests` counts what was asked, `not_modified` how much of it cost only a 304.
    """

    def __init__(self, newsroom: Newsroom, start: datetime, now: Callable[[], datetime]) -> None:
        self.requests = 0
        self.not_modified = 0
        self._newsroom = newsroom
        self._start = start
        self._now = now
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen on 127.0.0.1, on a port that the system chooses."""
        app = web.Application()
        app.router.add_get("/feeds/{key}", self._feed)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()

    async def stop(self) -> None:
        """Close the port and all connections; a second call does nothing."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    @property
    def address(self) -> str:
        """Where it listens, as `127.0.0.1:PORT`. Raises RuntimeError when it is not running."""
        if self._runner is None or not self._runner.addresses:
            raise RuntimeError("the newsroom server is not running")
        host, port = self._runner.addresses[0][:2]
        return f"{host}:{port}"

    def feed_urls(self) -> tuple[ServedFeed, ...]:
        """Return every feed that is served. Raises RuntimeError when the server is not running."""
        base = f"http://{self.address}/feeds"
        return tuple(
            ServedFeed(outlet.name, f"{base}/{outlet.key}", outlet.tags, outlet.owner)
            for outlet in self._newsroom.outlets
        )

    async def _feed(self, request: web.Request) -> web.Response:
        self.requests += 1
        outlet = self._newsroom.outlet(request.match_info["key"])
        if outlet is None:
            raise web.HTTPNotFound
        body = document(self._newsroom, outlet, self._start, self._now())
        etag = hashlib.sha256(body).hexdigest()[:32]
        if _holds(request, etag):
            self.not_modified += 1
            response = web.Response(status=304)
        else:
            response = web.Response(body=body, content_type=CONTENT_TYPES[outlet.format], charset="utf-8")
        response.etag = etag
        return response


def _holds(request: web.Request, etag: str) -> bool:
    """Say whether the client has these bytes already (RFC 9110, section 13.1.2)."""
    return any(known.value in (etag, "*") for known in request.if_none_match or ())
