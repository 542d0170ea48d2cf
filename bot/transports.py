"""The ways in and out of the process: HTTP, the processes that parse, Telegram's Bot, the terminal, systemd."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from telegram import Bot
from telegram.request import HTTPXRequest

from bot.config.environment import Telegram
from bot.core.guard import Guard
from bot.core.ports import Channel, FetcherTransport, ParserTransport
from bot.core.settings import Settings
from bot.feeds.fetch import HttpFetcher
from bot.feeds.parsing.workers import ParseWorkers
from bot.ops.systemd import Systemd

_READ_TIMEOUT = 25.0  # seconds; most "unknown outcomes" are answers that came late


@dataclass(frozen=True, slots=True)
class Transports:
    """What a newsroom reaches the outside through; a test gives in its own. Without a bot the terminal shows all."""

    fetcher: FetcherTransport
    parser: ParserTransport
    terminal: Channel
    bot: Bot | None = None
    systemd: Systemd = field(default_factory=lambda: Systemd({}))

    async def close(self) -> None:
        """Let go of connections and processes."""
        await self.fetcher.close()
        await self.parser.close()
        if self.bot is not None:
            await self.bot.shutdown()


def real_transports(
    settings: Settings, telegram: Telegram | None, terminal: Channel, environment: Mapping[str, str] | None = None
) -> Transports:
    """Return the real ones; systemd is reached where the environment says so."""
    return Transports(
        HttpFetcher(Guard(settings.network.allow), settings.poll),
        ParseWorkers(settings.poll.workers, settings.poll.parse_timeout),
        terminal,
        None if telegram is None else bot_for(telegram),
        Systemd(environment or {}),
    )


def bot_for(telegram: Telegram) -> Bot:
    """Return the Bot of a token, not connected yet."""
    return Bot(
        telegram.token,
        base_url=f"{telegram.api}/bot",
        base_file_url=f"{telegram.api}/file/bot",
        request=HTTPXRequest(
            connection_pool_size=16, read_timeout=_READ_TIMEOUT, connect_timeout=10.0, pool_timeout=5.0
        ),
        get_updates_request=HTTPXRequest(connection_pool_size=1, read_timeout=_READ_TIMEOUT),
    )
