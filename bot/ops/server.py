"""/healthz and /metrics, on loopback only."""

import json

from aiohttp import web

from bot.core.errors import ConfigError
from bot.ops.metrics import CONTENT_TYPE, Metrics
from bot.ops.probe import Probe

_HOST = "127.0.0.1"


class HealthServer:
    """Answers whoever is on this machine."""

    def __init__(self, port: int, probe: Probe, metrics: Metrics) -> None:
        self._port = port
        self._probe = probe
        self._metrics = metrics
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen. Raises ConfigError where the port is taken."""
        app = web.Application()
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/metrics", self._answer_metrics)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, _HOST, self._port).start()
        except OSError as error:
            raise ConfigError(f"[health] port: {_HOST}:{self._port} cannot be used ({error.strerror})") from error

    async def stop(self) -> None:
        """Listen no more."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _healthz(self, _: web.Request) -> web.Response:
        snapshot = await self._probe.snapshot()
        return web.Response(
            status=503 if snapshot.troubles else 200,
            text=json.dumps(snapshot.as_json(), ensure_ascii=False) + "\n",
            content_type="application/json",
        )

    async def _answer_metrics(self, _: web.Request) -> web.Response:
        text = self._metrics.text(await self._probe.snapshot())
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE})
