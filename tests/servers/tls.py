"""TLS in front of a server of the tests, with a certificate that can be out of date, and names that can be unknown.

The certificates are made by the `openssl` of the machine; without it a test that needs them is skipped. Names are
those of `.invalid`, which nobody ever has (RFC 6761 section 6.4).
"""

import asyncio
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

_CONFIG = """
[ca]
default_ca = own
[own]
database = {folder}/index
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[names]
basicConstraints = critical, CA:true
keyUsage = critical, digitalSignature, keyCertSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {names}
"""


@dataclass(frozen=True, slots=True)
class Certificates:
    """Two certificates of one server, signed by itself."""

    key: Path
    good: Path
    expired: Path
    both: Path

    def trust(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let aiohttp and httpx believe them as they believe the public ones: all but the date is right."""
        monkeypatch.setenv("SSL_CERT_FILE", str(self.both))
        monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", ssl.create_default_context(cafile=self.both))


def make_certificates(folder: Path, names: Iterable[str]) -> Certificates:
    """Make a key with a certificate that holds, and one that held until 2021."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl here")
    config, key, request = folder / "config", folder / "key.pem", folder / "request.pem"
    config.write_text(_CONFIG.format(folder=folder, names=", ".join(f"DNS:{name}" for name in names)), "utf-8")
    (folder / "index").touch()
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    _openssl("req", "-new", *curve, "-keyout", key, "-subj", "/CN=tests", "-out", request)

    def signed(name: str, start: str, end: str) -> Path:
        given = ("-startdate", start, "-enddate", end, "-extensions", "names", "-notext", "-out", folder / name)
        _openssl("ca", "-batch", "-config", config, "-selfsign", "-keyfile", key, "-in", request, *given)
        return folder / name

    good = signed("good.pem", "20200101000000Z", "20991231000000Z")
    expired = signed("expired.pem", "20200101000000Z", "20210101000000Z")
    both = folder / "both.pem"
    both.write_bytes(good.read_bytes() + expired.read_bytes())
    return Certificates(key, good, expired, both)


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class TlsFront:
    """Listens with TLS and hands what it reads to a plain server on the same machine."""

    def __init__(self, certificates: Certificates, target: int) -> None:
        self.port = 0
        self._certificates = certificates
        self._target = target
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._open: set[asyncio.Task[Any]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tls-front", daemon=True)

    def renew(self) -> None:
        """Show the certificate that holds from now on."""
        self._context.load_cert_chain(self._certificates.good, self._certificates.key)

    def expire(self) -> None:
        """Show the one that is out of date, and cut what is open."""
        self._context.load_cert_chain(self._certificates.expired, self._certificates.key)
        asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result()

    def __enter__(self) -> Self:
        self.renew()
        self._thread.start()
        started: Future[asyncio.Server] = asyncio.run_coroutine_threadsafe(self._listen(), self._loop)
        self._server = started.result()
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> asyncio.Server:
        # a client that refuses the certificate is no error of the server's
        self._loop.set_exception_handler(lambda loop, context: None)
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)

    async def _cut(self) -> None:
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            server, to_server = await asyncio.open_connection("127.0.0.1", self._target)
            try:
                await asyncio.gather(_pour(client, to_server), _pour(server, to_client))
            finally:
                to_server.transport.abort()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            to_client.transport.abort()
            self._open.discard(task)


async def _pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while piece := await source.read(65536):
        target.write(piece)
        await target.drain()
    target.transport.abort()


class Names:
    """Looks names up: those that are `known` lead to this machine, all others are the real resolver's."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.known: set[str] = set()
        self._refused: dict[str, OSError] = {}
        self._real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._look_up)

    def _look_up(self, host: Any, *args: Any, **details: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name in self.known:
            return self._real("127.0.0.1", *args, **details)
        if name in self._refused:  # some resolvers take seconds to say so: each name is asked for once
            raise self._refused[name]
        with suppress(TypeError):
            try:
                return self._real(host, *args, **details)
            except OSError as error:
                self._refused[name] = error
                raise
