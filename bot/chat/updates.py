"""Listens to what people write to the bot; the only file that takes updates from Telegram."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

from telegram import BotCommand, Message, Update
from telegram.error import Conflict, InvalidToken, NetworkError, TelegramError
from telegram.ext import Application, TypeHandler

from bot.chat.access import Incoming, Members, command_refusal, refusal
from bot.chat.commands import COMMANDS, Desk, answer
from bot.chat.pairing import PairingCode
from bot.model import OWNER, Status, WatchSpec

log = logging.getLogger(__name__)

_UPDATES = ["message", "edited_message", "my_chat_member"]
_LONGEST_RETRY = 60.0  # seconds
_LONGEST_GOODBYE = 1.0  # seconds for each part, of the ten that a stop may take


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

    async def on_update(self, update: Update, context: Any = None) -> None:
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
    app: "Application[Any, Any, Any, Any, Any, Any]",
    listener: Listener,
    on_ready: Callable[[str], Awaitable[None]],
    on_trouble: Callable[[str], None],
) -> None:
    """Connect, however long it takes, then listen until cancelled. `on_ready` gets the bot's username.

    Telegram being out of reach holds up nobody else: this runs beside the newsroom.
    """
    bug: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def on_error(update: object, context: Any) -> None:
        # the library would only log it: a bug has to end the newsroom loudly
        if not bug.done():
            bug.set_exception(context.error)

    app.add_handler(TypeHandler(Update, listener.on_update))
    app.add_error_handler(on_error)
    try:
        await _connect(app, on_trouble)
        await app.start()
        assert app.updater is not None
        await app.updater.start_polling(
            timeout=10, bootstrap_retries=-1, allowed_updates=_UPDATES, error_callback=_Complaints().note
        )
        await on_ready(app.bot.username)
        await bug
    finally:
        await _disconnect(app)


class _Complaints:
    """Logs why no updates come, once for each new reason: an outage repeats itself every few seconds."""

    def __init__(self) -> None:
        self._last = ""

    def note(self, error: TelegramError) -> None:
        reason = "another program uses this bot's token" if isinstance(error, Conflict) else type(error).__name__
        if reason != self._last:
            log.warning("no_updates reason=%s", reason)
        self._last = reason


async def _connect(app: "Application[Any, Any, Any, Any, Any, Any]", on_trouble: Callable[[str], None]) -> None:
    wait = 1.0
    told = ""
    while True:
        trouble = await try_to_connect(app)
        if trouble is None:
            return
        if trouble != told:
            on_trouble(trouble)
            told = trouble
        await asyncio.sleep(wait)
        wait = min(wait * 2, _LONGEST_RETRY)


async def try_to_connect(app: "Application[Any, Any, Any, Any, Any, Any]") -> str | None:
    """Connect once; return what is wrong in words for the operator, or None."""
    try:
        await app.initialize()
        await app.bot.set_my_commands([BotCommand(command.name, command.help) for command in COMMANDS])
    except InvalidToken:
        return "Telegram does not know this bot token; alerts are kept until it is right (see TIPOFF_TELEGRAM_TOKEN)"
    except NetworkError:
        return "Telegram cannot be reached; feeds are watched all the same, and alerts are kept until it answers"
    except TelegramError as error:
        return f"Telegram refuses the bot: {error}"
    return None


async def _disconnect(app: "Application[Any, Any, Any, Any, Any, Any]") -> None:
    """Stop listening, newest part first; what was handled is confirmed, so that it does not come again."""
    parts = [app.updater.stop] if app.updater is not None and app.updater.running else []
    for stop in [*parts, app.stop] if app.running else parts:
        try:
            await asyncio.wait_for(stop(), _LONGEST_GOODBYE)
        except (TimeoutError, TelegramError) as error:
            log.warning("goodbye part=%s reason=%s", stop.__qualname__, type(error).__name__)
