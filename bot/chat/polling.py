"""Asks Telegram for updates, however long it takes; the only file that takes them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

from telegram import Bot, Update
from telegram.error import BadRequest, Conflict, InvalidToken, NetworkError, TelegramError

from bot.chat.raw import UNREADABLE, UPDATES, UpdateReader, ask, id_of
from bot.chat.updates import Listener, offer_commands

log = logging.getLogger(__name__)

_LONGEST_RETRY = 60.0  # seconds
_LONGEST_GOODBYE = 1.0  # seconds, of the ten that a stop may take
_LONG_POLL = 10  # seconds that Telegram waits for an update


async def listen(
    bot: Bot,
    listener: Listener,
    on_ready: Callable[[str], Awaitable[None]],
    on_trouble: Callable[[str], None],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    on_answer: Callable[[], None] = lambda: None,
) -> None:
    """Connect, however long it takes, then listen until cancelled.

    `on_ready` gets the bot's username; `on_answer` is called whenever Telegram has answered a question for updates.

    Telegram being out of reach, or not knowing the token for a while, holds up nobody else and ends nothing: this
    runs beside the stages, and tries again. A bug in dealing with an update is raised.
    """
    await _persist(lambda: try_to_connect(bot), on_trouble, sleep)
    listener.meet(bot)
    await on_ready(bot.username)
    await offer_commands(bot, await listener.owner())
    updates = _Updates(bot, on_answer)
    try:
        await _persist(lambda: _try(bot.delete_webhook), on_trouble, sleep)
        while True:
            await _persist(updates.fetch, lambda trouble: log.warning("no_updates reason=%s", trouble), sleep)
            for update in updates:
                await listener.on_update(update)
    finally:
        await updates.confirm()


class _Updates:
    """What people sent, batch after batch.

    An update is confirmed once it was begun: a crash brings it again, which changes nothing, for commands are
    idempotent; but one that a bug chokes on does not end the next start as well.
    """

    def __init__(self, bot: Bot, on_answer: Callable[[], None]) -> None:
        self._bot = bot
        self._on_answer = on_answer
        self._offset: int | None = None
        self._confirmed: int | None = None
        self._batch: Sequence[Any] = ()
        self._reader = UpdateReader()

    async def fetch(self) -> str | None:
        """Wait for the next batch; return why none can be had, or None."""
        return await _try(self._ask)

    async def _ask(self) -> None:
        asked = {"timeout": _LONG_POLL, "allowed_updates": UPDATES}
        if self._offset is not None:
            asked["offset"] = self._offset
        batch = await ask(self._bot, "getUpdates", _LONG_POLL, **asked)
        self._batch = [update for update in batch if id_of(update) is not None]
        if batch and not self._batch:
            raise TelegramError("its updates have no numbers")
        self._confirmed = self._offset
        self._on_answer()

    def __iter__(self) -> Iterator[Update]:
        for raw in self._batch:
            self._offset = (id_of(raw) or 0) + 1
            update = self._reader.read(raw, self._bot)
            if update is not None:
                yield update

    async def confirm(self) -> None:
        """Confirm at the end what was begun, so that it does not come again."""
        if self._offset != self._confirmed:
            try:
                await asyncio.wait_for(ask(self._bot, "getUpdates", offset=self._offset, timeout=0), _LONGEST_GOODBYE)
            except (TimeoutError, TelegramError) as error:
                log.warning("confirm_failed reason=%s", type(error).__name__)


async def _persist(
    attempt: Callable[[], Awaitable[str | None]],
    complain: Callable[[str], None],
    sleep: Callable[[float], Awaitable[None]],
) -> None:
    """Try until there is no trouble, ever more seldom; each new trouble is said once: an outage repeats itself."""
    wait, last = 1.0, ""
    while (trouble := await attempt()) is not None:
        if trouble != last:
            complain(trouble)
            last = trouble
        await sleep(wait)
        wait = min(wait * 2, _LONGEST_RETRY)


async def try_to_connect(bot: Bot) -> str | None:
    """Connect once; return what is wrong in words for the operator, or None."""
    return await _try(bot.initialize)


async def _try(call: Callable[[], Awaitable[object]]) -> str | None:
    """Ask Telegram for something; return what is wrong in words for the operator, or None.

    The order matters: BadRequest is a kind of NetworkError, and no outage.
    """
    try:
        await call()
    except InvalidToken:
        return "Telegram does not know this bot token; alerts are kept until it is right (see TIPOFF_TELEGRAM_TOKEN)"
    except BadRequest as error:
        return f"Telegram refuses the bot: {error}"
    except NetworkError:
        return "Telegram cannot be reached; feeds are watched all the same, and alerts are kept until it answers"
    except Conflict:
        return "another program uses this bot's token: commands go there, alerts are told all the same"
    except TelegramError as error:
        return f"Telegram refuses the bot: {error}"
    except UNREADABLE as error:
        return f"Telegram answers what cannot be read ({type(error).__name__}); it is asked again"
    return None
