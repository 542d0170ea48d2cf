"""Listens to what people write to the bot; the only file that takes updates from Telegram."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from telegram import Bot, BotCommand, Message, Update
from telegram.error import BadRequest, Conflict, InvalidToken, NetworkError, TelegramError

from bot.chat.access import Incoming, Members, command_refusal, refusal
from bot.chat.commands import COMMANDS, Desk, answer
from bot.chat.pairing import PairingCode
from bot.model import OWNER, Status, WatchSpec

log = logging.getLogger(__name__)

_UPDATES = ["message", "edited_message", "my_chat_member"]
_LONGEST_RETRY = 60.0  # seconds
_LONGEST_GOODBYE = 1.0  # seconds, of the ten that a stop may take
_LONG_POLL = 10  # seconds that Telegram waits for something to tell


class ChatStore(Protocol):
    """What listening asks of the store."""

    async def members(self) -> dict[int, str]:
        """Return the names of the chats that have an address, by their Telegram id."""
        ...

    async def pair(self, chat_id: int, update_id: int, answer: str, now: datetime) -> None:
        """Make a chat the owner's, and answer it; one transaction."""
        ...

    async def answer(self, chat: str, update_id: int, text: str, now: datetime) -> None:
        """Put the answer to an update into the outbox, once."""
        ...

    async def resume(self, chat_id: int) -> None:
        """Write again to a chat that had shut the bot out."""
        ...


class Listener:
    """Answers commands, pairs the owner, and notices when a chat lets the bot in again."""

    def __init__(
        self,
        store: ChatStore,
        code: PairingCode,
        status: Callable[[], Awaitable[Status]],
        watches: Callable[[], Sequence[WatchSpec]],
        now: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._code = code
        self._status = status
        self._watches = watches
        self._now = now
        self._wake = wake

    async def on_update(self, update: Update) -> None:
        """Deal with one update."""
        if update.my_chat_member is not None:
            await self._on_membership(update)
            return
        message = update.effective_message
        if message is None:
            return
        incoming = _incoming(update, message)
        members = Members(await self._store.members())
        if refusal(incoming, members) is None and await self._pairs(incoming, members):
            return
        reason = command_refusal(incoming, members)
        if reason is not None:
            log.info("ignored update=%d reason=%s", incoming.update_id, reason)
            return
        await self._store.resume(incoming.chat_id)
        name = members.names[incoming.chat_id]
        desk = Desk(name, self._watches(), self._status, self._now())
        await self._store.answer(name, incoming.update_id, await answer(incoming.text, desk), self._now())
        self._wake()

    async def _pairs(self, incoming: Incoming, members: Members) -> bool:
        """Make the sender the owner when the message is /start with the valid code."""
        command, _, code = incoming.text.partition(" ")
        if command != "/start" or not code or not self._code.fits(code.strip(), self._now()):
            return False
        text = "You are paired: alerts for “me” come here from now on.\n/help shows what you can ask."
        self._code.void()  # first: a crash in between costs a new link, not a second owner
        await self._store.pair(incoming.chat_id, incoming.update_id, text, self._now())
        log.info("paired chat=%s", OWNER)
        self._wake()
        return True

    async def _on_membership(self, update: Update) -> None:
        change = update.my_chat_member
        assert change is not None
        if change.new_chat_member.status in {"member", "administrator"}:
            await self._store.resume(change.chat.id)
            self._wake()


def _incoming(update: Update, message: Message) -> Incoming:
    user = message.from_user
    return Incoming(
        update_id=update.update_id,
        chat_id=message.chat.id,
        chat_kind=message.chat.type,
        user_id=user.id if user else None,
        text=(message.text or "").strip(),
        is_edited=update.edited_message is not None,
        is_forwarded=message.forward_origin is not None,
        is_from_bot=bool(user and user.is_bot) or message.via_bot is not None,
        is_for_a_chat=message.sender_chat is not None,
    )


async def listen(
    bot: Bot,
    listener: Listener,
    on_ready: Callable[[str], Awaitable[None]],
    on_trouble: Callable[[str], None],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Connect, however long it takes, then listen until cancelled. `on_ready` gets the bot's username.

    Telegram being out of reach, or not knowing the token for a while, holds up nobody else and ends nothing: this
    runs beside the newsroom, and tries again. A bug in dealing with an update is raised.
    """
    await _persist(lambda: try_to_connect(bot), on_trouble, sleep)
    await on_ready(bot.username)
    await _offer_commands(bot)
    updates = _Updates(bot)
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

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._offset: int | None = None
        self._confirmed: int | None = None
        self._batch: Sequence[Update] = ()

    async def fetch(self) -> str | None:
        """Wait for the next batch; return why none can be had, or None."""
        return await _try(self._ask)

    async def _ask(self) -> None:
        self._batch = await self._bot.get_updates(self._offset, timeout=_LONG_POLL, allowed_updates=_UPDATES)
        self._confirmed = self._offset

    def __iter__(self) -> Iterator[Update]:
        for update in self._batch:
            self._offset = update.update_id + 1
            yield update

    async def confirm(self) -> None:
        """Say goodbye: what was begun is not to come again."""
        if self._offset != self._confirmed:
            try:
                await asyncio.wait_for(self._bot.get_updates(self._offset, timeout=0), _LONGEST_GOODBYE)
            except (TimeoutError, TelegramError) as error:
                log.warning("goodbye reason=%s", type(error).__name__)


async def _persist(
    attempt: Callable[[], Awaitable[str | None]],
    complain: Callable[[str], None],
    sleep: Callable[[float], Awaitable[None]],
) -> None:
    """Try until there is no trouble, ever more seldom; each new trouble is said once: an outage repeats itself."""
    wait, told = 1.0, ""
    while (trouble := await attempt()) is not None:
        if trouble != told:
            complain(trouble)
            told = trouble
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
    return None


async def _offer_commands(bot: Bot) -> None:
    """Put the commands into the menu; without it they work all the same."""
    try:
        await bot.set_my_commands([BotCommand(command.name, command.help) for command in COMMANDS])
    except TelegramError as error:
        log.warning("no_menu reason=%s", error)
