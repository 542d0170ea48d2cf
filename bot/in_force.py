"""The configuration in force: what the files say and what was added in chats, put into the store and the stages."""

import logging
from collections.abc import Callable

from bot.alerts.stage import DecideStage
from bot.config.load import Configuration
from bot.core.ports import Clock
from bot.delivery.channels.registry import with_own_chats
from bot.feeds.stage import FetchStage
from bot.store.store import Store

log = logging.getLogger(__name__)


class InForce:
    """Holds the configuration in force, and hands it on when it changes."""

    def __init__(
        self,
        configuration: Configuration,
        store: Store,
        clock: Clock,
        *,
        fetch: FetchStage | None,
        decide: DecideStage | None,
        wake_fetch: Callable[[], None],
    ) -> None:
        """Build it out of the configuration of the files; `fetch` and `decide` are the stages that run here."""
        self._files = configuration
        self._store = store
        self._clock = clock
        self._fetch = fetch
        self._decide = decide
        self._wake_fetch = wake_fetch
        self.configuration = configuration
        """With what was added in chats."""

    async def prepare(self) -> None:
        """Put chats, feeds and watches into the store and the stages, before anything runs."""
        await self._store.chats.set_chats(with_own_chats(self._files.chats))
        await self._apply()

    async def replace(self, configuration: Configuration) -> None:
        """Take over feeds, watches and chats of new files, between two batches."""
        if configuration.settings != self._files.settings:
            log.warning("settings_changed (they take effect at the next start; feeds, watches and chats do now)")
        self._files = configuration
        await self._store.chats.set_chats(with_own_chats(configuration.chats))
        await self.refresh()

    async def refresh(self) -> None:
        """Take over what was added or removed in chats."""
        await self._apply()
        if self._fetch is not None:
            await self._fetch.realign()
            self._wake_fetch()

    async def _apply(self) -> None:
        chats = await self._store.chats.chat_names()
        watches = [(chat, watch) for chat, watch in await self._store.chats.watches() if chat in chats]
        self.configuration, refused = self._files.with_chats(watches, await self._store.chats.feeds())
        if self._fetch is not None:
            await self._store.fetch.set_feeds(self.configuration.feeds, self._clock.now())
        if self._decide is not None:
            for name, reason in refused:
                log.error("watch_refused name=%s reason=%s", name, reason)
                await self._store.deliver.notify(
                    f"The watch “{name}” does not work any more: {reason}", self._clock.now()
                )
            self._decide.watchlist = self.configuration.watchlist()
