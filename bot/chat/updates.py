"""What becomes of an update: a command is answered, a press carried out, somebody let in."""

import logging
import secrets
from collections.abc import Callable, Collection, Coroutine, Iterable
from datetime import datetime, timedelta
from typing import Any

from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    BotCommandScopeDefault,
    CallbackQuery,
    Message,
    Update,
)
from telegram.error import TelegramError

from bot.chat.access import (
    MOST_COMMANDS,
    MOST_LOOKS,
    ButtonPress,
    IncomingMessage,
    KnownChats,
    Quota,
    command_refusal,
    press_refusal,
    refusal,
)
from bot.chat.buttons import STALE, press, read_press
from bot.chat.commands import COMMANDS, START, Command, answer, commands_for, find_command, read_command
from bot.chat.context import ChatStore, CommandContext, CommandResult, Services
from bot.chat.member_commands import hash_of, name_for
from bot.chat.pairing import PairingCode
from bot.chat.phrases import answer_of, bold, command, line
from bot.chat.raw import ask, user_ids
from bot.core.errors import StoreError
from bot.core.model import OWNER, Join, Member

log = logging.getLogger(__name__)

_TOKEN = 16  # bytes of a token
_ADMINS_LIVE = timedelta(minutes=2)  # whoever is an admin no more is refused after that
_RETRY = timedelta(seconds=10)  # until admins are looked up again that could not be
_TOAST = 200  # characters over a button


class Listener:
    """Answers commands and presses, lets people join, and notices when a chat lets the bot in again."""

    def __init__(
        self,
        store: ChatStore,
        code: PairingCode,
        services: Services,
        now: Callable[[], datetime],
        wake: Callable[[], None],
        spawn: Callable[[Coroutine[Any, Any, None]], object] | None = None,
    ) -> None:
        """Join the parts. `spawn` starts what takes a while beside the rest; without it all is done in turn."""
        self._store = store
        self._code = code
        self._services = services
        self._now = now
        self._wake = wake
        self._spawn = spawn
        self._bot: Bot | None = None
        self._admins: dict[int, tuple[datetime, Collection[int]]] = {}
        self._commands = Quota(MOST_COMMANDS)
        self._looks = Quota(MOST_LOOKS)

    async def owner(self) -> int | None:
        """Return the owner's chat, once somebody paired."""
        return KnownChats(await self._store.members()).owner

    def meet(self, bot: Bot) -> None:
        """Know the bot, by which admins are looked up and presses are answered."""
        self._bot = bot

    async def on_update(self, update: Update) -> None:
        """Deal with one update."""
        if update.my_chat_member is not None:
            await self._on_membership(update)
        elif update.callback_query is not None:
            await self._on_press(update.update_id, update.callback_query)
        elif update.effective_message is not None:
            await self._on_message(update, update.effective_message)

    async def _on_message(self, update: Update, message: Message) -> None:
        if message.migrate_to_chat_id is not None and update.edited_message is None:
            await self._store.migrate(message.chat.id, message.migrate_to_chat_id)
            return
        if message.text is None:
            return  # a picture, a sticker, the news that somebody joined: nothing is asked
        name, bot, words = read_command(message.text.strip())
        incoming = _incoming(update, message, is_for_another=bool(bot) and bot.lower() != self._username.lower())
        known = await self._known(incoming.chat_id, incoming.chat_kind, joins=name == START)
        may_join = name == START and words and refusal(incoming, known) is None
        if may_join and await self._lets_in(incoming, message, known, words):
            return
        reason = command_refusal(incoming, known)
        wanted = find_command(name)
        if reason is None and not (incoming.chat_kind == "private" or bot or wanted is not None):
            reason = "a command that may be another bot's"
        if reason is not None:
            log.info("ignored update=%d reason=%s", incoming.update_id, reason)
            return
        member = known.members[incoming.chat_id]
        await self._store.resume(incoming.chat_id)
        # who hides behind the group has an id that is nobody's
        user = incoming.user_id if incoming.sender_chat is None else None
        context = self._context(member, user, words, bool(message.chat.is_forum), incoming.reply_to)
        is_slow = wanted is not None and wanted.is_slow
        refused = self._refuse_more(incoming, context.now, is_slow=is_slow)
        work = self._answer(name, context, incoming, refused)
        if is_slow and self._spawn is not None:
            self._spawn(work)  # a server that is slow, or much that is stored, holds up nobody else
        else:
            await work

    async def _answer(
        self, name: str, context: CommandContext, incoming: IncomingMessage, refused: CommandResult | None
    ) -> None:
        done = refused or await answer(name, context)
        await self._carry_out(context.member, incoming.update_id, done, thread=incoming.thread)

    async def _on_press(self, update_id: int, query: CallbackQuery) -> None:
        message = query.message
        if message is None or query.data is None:
            return
        pressed = ButtonPress(
            update_id, query.id, message.chat.id, message.chat.type, query.from_user.id, message.message_id, query.data
        )
        kind, token, more = read_press(pressed.data)
        held = await self._store.held(token) if kind is not None else None
        known = await self._known(pressed.chat_id, pressed.chat_kind)
        toast = press_refusal(pressed, held, known, self._now())
        if toast is not None or kind is None or held is None:
            log.info("ignored press=%d reason=%s", update_id, toast)
            await self._toast(query.id, toast or STALE)
            return
        member = known.members[pressed.chat_id]
        context = self._context(member, pressed.user_id, "", is_forum=False, reply_to=None)
        if self._commands.is_over({pressed.chat_id, pressed.user_id}, context.now):
            await self._toast(query.id, "That was too much for a minute; try again soon.")
            return
        done = await press(kind, context, held, more)
        target = pressed.message_id if done.replaces else None
        await self._carry_out(member, update_id, done, target=target, thread=_thread(message))
        await self._toast(query.id, done.toast)

    async def _carry_out(
        self,
        member: Member,
        update_id: int,
        done: CommandResult,
        *,
        thread: int | None = None,
        target: int | None = None,
    ) -> None:
        if done.answers or done.changes:
            is_news = await self._store.carry_out(
                member.name, update_id, done.changes, done.answers, self._now(), thread=thread, target=target
            )
            if is_news and done.needs_reload:
                await self._services.reload()
            self._wake()

    def _context(
        self, member: Member, user_id: int | None, words: str, is_forum: bool, reply_to: int | None
    ) -> CommandContext:
        return CommandContext(
            member=member,
            user_id=user_id,
            is_forum=is_forum,
            words=words,
            reply_to=reply_to,
            token=secrets.token_urlsafe(_TOKEN),
            bot=self._username,
            now=self._now(),
            services=self._services,
            store=self._store,
        )

    def _refuse_more(self, incoming: IncomingMessage, now: datetime, *, is_slow: bool) -> CommandResult | None:
        """Return the warning for somebody who asks for too much, once a minute; None for all others."""
        who = {incoming.chat_id, *((incoming.user_id,) if incoming.user_id is not None else ())}
        is_over = self._commands.is_over(who, now) or (is_slow and self._looks.is_over(who, now))
        if not is_over:
            return None
        log.info("ignored update=%d reason=too many", incoming.update_id)
        if not self._commands.is_to_be_warned(incoming.chat_id, now):
            return CommandResult()
        return CommandResult(
            answer_of("That was too much for a minute; what you ask now is not answered. Try again soon.")
        )

    async def _lets_in(self, incoming: IncomingMessage, message: Message, known: KnownChats, code: str) -> bool:
        """Pair or join whoever sends /start with a valid code."""
        now = self._now()
        if incoming.chat_kind == "private" and self._code.fits(code, now):
            text = "You are paired: alerts for “me” come here from now on.\nBegin with /watch, or see /help."
            try:
                self._code.void()  # first: a crash in between costs a new link, not a second owner
            except StoreError as error:
                log.warning("not_paired reason=%s", error)
                return False
            await self._store.pair(incoming.chat_id, incoming.update_id, text, now)
            log.info("paired chat=%s", OWNER)
            await self._services.reload()  # it may have been a chat that had joined
            if self._bot is not None:
                await offer_commands(self._bot, incoming.chat_id)
            self._wake()
            return True
        sha256 = hash_of(code)
        if incoming.chat_id in known.members or not await self._store.is_invited(sha256, now):
            return False
        title = message.chat.title or (message.from_user.first_name if message.from_user else "")
        name = name_for(title, await self._store.names_given())
        join = Join(incoming.chat_id, incoming.chat_kind, name, sha256)
        welcome = answer_of(
            line("Welcome. This chat is called ", bold(name), "."),
            line(
                "Begin with ",
                bold("/watch Ilse Marten"),
                ", or whoever makes news for you; ",
                command("help"),
                " lists the rest.",
            ),
        )
        await self._store.carry_out(name, incoming.update_id, (join,), welcome, now, thread=incoming.thread)
        log.info("joined chat=%s", name)
        self._wake()
        return True

    async def _known(self, chat_id: int, kind: str, *, joins: bool = False) -> KnownChats:
        """Return who is known; who runs a group or a channel is looked up where something may come of it."""
        members = await self._store.members()
        is_asked = kind != "private" and (joins or chat_id in members)
        return KnownChats(members, await self._admins_of(chat_id) if is_asked else ())

    async def _admins_of(self, chat_id: int) -> Collection[int]:
        now = self._now()
        # of a clock that was set back none is too young
        self._admins = {chat: known for chat, known in self._admins.items() if now < known[0] <= now + _ADMINS_LIVE}
        if chat_id in self._admins:
            return self._admins[chat_id][1]
        admins: Collection[int] = ()
        until = now + _ADMINS_LIVE
        if self._bot is not None:
            try:
                admins = user_ids(await ask(self._bot, "getChatAdministrators", chat_id=chat_id))
            except TelegramError as error:
                log.warning("no_admins reason=%s (nobody counts as one until they can be looked up)", error)
                until = now + _RETRY
        self._admins[chat_id] = until, admins
        return admins

    async def _toast(self, query_id: str, text: str) -> None:
        """Answer a press; that it comes too late to be shown changes nothing."""
        if self._bot is not None:
            try:
                await self._bot.answer_callback_query(query_id, text[:_TOAST] or None)
            except TelegramError as error:
                log.info("no_toast reason=%s", error)

    async def _on_membership(self, update: Update) -> None:
        change = update.my_chat_member
        assert change is not None
        if change.new_chat_member.status in {"member", "administrator"}:
            await self._store.resume(change.chat.id)
            self._wake()

    @property
    def _username(self) -> str:
        return "" if self._bot is None else self._bot.username


def _incoming(update: Update, message: Message, *, is_for_another: bool) -> IncomingMessage:
    user, sender = message.from_user, message.sender_chat
    is_post = update.channel_post is not None
    return IncomingMessage(
        update_id=update.update_id,
        chat_id=message.chat.id,
        chat_kind=message.chat.type,
        user_id=user.id if user else None,
        text=(message.text or "").strip(),
        sender_chat=sender.id if sender else None,
        thread=_thread(message),
        reply_to=message.reply_to_message.message_id if message.reply_to_message else None,
        is_edited=update.edited_message is not None,
        is_forwarded=message.forward_origin is not None or bool(message.is_automatic_forward),
        is_from_bot=(sender is None and bool(user and user.is_bot)) or message.via_bot is not None,
        is_for_another_bot=is_for_another,
        is_post=is_post,
    )


def _thread(message: object) -> int | None:
    """Return the topic in which something was written."""
    if isinstance(message, Message) and message.is_topic_message:
        return message.message_thread_id
    return None


async def offer_commands(bot: Bot, owner: int | None) -> None:
    """Put into the menus what each may use: people in private, admins in groups, the owner; it works without, too."""
    hint = _menu(one for one in COMMANDS if one.for_strangers)
    usual, own = (_menu(commands_for(is_owner=is_owner)) for is_owner in (False, True))
    menus: list[tuple[list[BotCommand], BotCommandScope]] = [
        (hint, BotCommandScopeDefault()),
        (usual, BotCommandScopeAllPrivateChats()),
        (usual, BotCommandScopeAllChatAdministrators()),
    ]
    if owner is not None:
        menus.append((own, BotCommandScopeChat(owner)))
    try:
        for offered, scope in menus:
            await bot.set_my_commands(offered, scope=scope)
    except TelegramError as error:
        log.warning("no_menu reason=%s", error)


def _menu(commands: Iterable[Command]) -> list[BotCommand]:
    return [BotCommand(one.name, one.help) for one in commands]
