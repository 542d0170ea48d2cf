"""Sends or edits one message → an Outcome; the only file that sends to Telegram.

Which failures surely did not send and which leave it unknown is decided by their cause: the Bot API has
no way to ask, and a blind second try is a second message.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import httpx
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from bot.core.model import Address, Alert, Button, DeliveryResult, Outcome
from bot.core.model.message import Abilities, Message
from bot.core.text import parts, units
from bot.delivery.channels.telegram_html import ABILITIES, TelegramMessage, as_telegram
from bot.delivery.pace import backoff

log = logging.getLogger(__name__)

# The request never reached Telegram: trying again can make no second copy.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
# Telegram does not take our markup, or the address on the button.
_MARKUP_REFUSED = (
    *("can't parse", "button url", "button_url", "button_data", "button_type", "reply markup", "reply_markup"),
    *("inline keyboard", "url host is empty", "entity_bounds_invalid", "entities_too_long"),
)
_TOO_LONG = ("message is too long", "text is too long", "message_too_long")
_TOPIC = 128  # characters of a topic's name
_TOO_LARGE = "request entity too large"  # a 413
_LONGEST = 3000  # UTF-16 units of plain text that are surely taken: the signs that defuse it come on top
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

# What a 400 says → what it means for the alert. The first part that stands in the text decides.
_BAD_REQUESTS: tuple[tuple[str, DeliveryResult], ...] = tuple(
    (part, result)
    for result, parts_of_it in (
        (DeliveryResult.DONE, ("message is not modified", "message_not_modified")),
        (
            DeliveryResult.TARGET_GONE,
            (
                *("message to edit not found", "message can't be edited", "message identifier is not specified"),
                *("message_id_invalid", "message_edit_time_expired", "message_author_required"),
                "there is no text in the message to edit",
            ),
        ),
        (DeliveryResult.TOPIC_GONE, ("message thread not found", "topic_closed", "topic_deleted", "topic_id_invalid")),
        (
            DeliveryResult.PAUSED,
            (
                *("chat not found", "user not found", "not enough rights", "no rights to send", "administrator rights"),
                *("no write access", "can't write", "chat_write_forbidden", "chat_restricted", "chat_admin_required"),
                *("chat_send_", "chat_forbidden", "chat_guest_send_forbidden", "chat_id_invalid", "chat_id is empty"),
                *("peer_id_invalid", "channel_private", "channel_invalid", "user_banned_in_channel", "user_is_blocked"),
                *("input_user_deactivated", "user_deactivated", "user is deactivated", "group is deactivated"),
                *("group chat was deleted", "bot was kicked", "bot was blocked", "bot is not a member"),
                *("can't initiate conversation", "can't send messages to", "privacy_premium_required"),
            ),
        ),
        (DeliveryResult.DEAD, ("text is empty", "text must be non-empty", "message_empty")),
    )
    for part in parts_of_it
)


class TelegramChannel:
    """Sends through the Bot API; `note` learns what became of each message before anybody else does."""

    def __init__(
        self,
        bot: Bot,
        note: Callable[[Outcome], None] = lambda outcome: None,
        is_up: Callable[[], bool] = lambda: True,
    ) -> None:
        self._bot = bot
        self._note = note
        self._is_up = is_up

    @property
    def can(self) -> Abilities:
        """Return what a message may be in Telegram."""
        return ABILITIES

    def reaches(self, address: Address) -> bool:
        """Say whether the chat has an id, and Telegram answers."""
        return address.id is not None and self._is_up()

    def hash(self, message: Message) -> str:
        """Return a hash of the markup and the buttons."""
        return as_telegram(message).hash

    async def answers(self) -> bool:
        """Say whether Telegram answers at all."""
        try:
            await self._bot.get_me()
        except TelegramError:
            return False
        return True

    async def alarm(self, chat_id: int, text: str) -> None:
        """Say something outside the outbox, once; whether it arrives stays open."""
        try:
            await self._bot.send_message(chat_id, text, link_preview_options=_NO_PREVIEW)
        except TelegramError as error:
            log.warning("alarm_failed reason=%s", error)

    async def deliver(self, alert: Alert, message: Message) -> Outcome:
        """Send the message, or edit the one that is there for the story; a topic that it needs is opened first."""
        return await self._deliver_in_topic(alert, as_telegram(message))

    async def _deliver_in_topic(self, alert: Alert, message: TelegramMessage) -> Outcome:
        opened: int | None = None
        try:
            if alert.topic_of and alert.address.topic is None and alert.sent is None:
                opened = await self._open_topic(alert)
        except TelegramError as error:
            outcome = _outcome(alert, message, error)
            if outcome.result is DeliveryResult.UNCERTAIN:
                # at worst there is a topic too many: no message was sent
                outcome = replace(outcome, result=DeliveryResult.LATER)
        else:
            place = replace(alert.address, topic=opened) if opened else alert.address
            outcome = await self._deliver(replace(alert, address=place), message)
        outcome = replace(outcome, opened=opened)
        self._note(outcome)
        return outcome

    async def _open_topic(self, alert: Alert) -> int:
        """Open a topic for a watch; return 0 where the chat has none, or lets nobody of us open one."""
        assert alert.address.id is not None, "a chat without an address is not routed here"
        name = alert.topic_of.removeprefix(f"{alert.address.chat}/")[:_TOPIC]
        try:
            topic = await self._bot.create_forum_topic(alert.address.id, name)
        except (BadRequest, Forbidden) as error:
            log.warning("no_topic chat=%s reason=%s", alert.address.chat, error)
            return 0
        return topic.message_thread_id

    async def _deliver(self, alert: Alert, message: TelegramMessage) -> Outcome:
        try:
            message_id = await self._send(alert, message, ParseMode.HTML)
        except BadRequest as error:
            said = str(error).lower()
            if any(part in said for part in _TOO_LONG):
                log.exception("too_long alert=%d units=%d", alert.id, units(message.plain))
                return await self._deliver_plain(alert, message, parts(message.unmarked, _LONGEST)[0] + " …")
            if not any(part in said for part in _MARKUP_REFUSED):
                return _outcome(alert, message, error)
            log.exception("markup_refused alert=%d", alert.id)
            whole = message.unmarked
            if units(whole) > ABILITIES.longest:  # the addresses come on top
                whole = parts(whole, _LONGEST)[0] + " …"
            return await self._deliver_plain(alert, message, whole)
        except TelegramError as error:
            return _outcome(alert, message, error)
        return Outcome(alert, DeliveryResult.DONE, message_id, message.hash)

    async def _deliver_plain(self, alert: Alert, message: TelegramMessage, plain: str) -> Outcome:
        """Send without markup and button, once: Telegram refused ours, which is a bug, but news comes first."""
        try:
            message_id = await self._send(alert, replace(message, unmarked=plain), None)
        except TelegramError as error:
            return _outcome(alert, message, error)
        return Outcome(alert, DeliveryResult.DONE, message_id, message.hash, reason="sent without markup")

    async def _send(self, alert: Alert, message: TelegramMessage, parse_mode: str | None) -> int:
        text = message.html if parse_mode else message.unmarked
        if alert.sent is not None and alert.sent.message_id is not None:
            await self._bot.edit_message_text(
                text,
                chat_id=alert.address.id,
                message_id=alert.sent.message_id,
                parse_mode=parse_mode,
                link_preview_options=_NO_PREVIEW,
                reply_markup=_keyboard(message) if parse_mode else None,
            )
            return alert.sent.message_id
        assert alert.address.id is not None, "a chat without an address is not routed here"
        if message.picture is not None:
            shown = await self._bot.send_photo(
                alert.address.id,
                message.picture,
                caption=text,
                parse_mode=parse_mode,
                message_thread_id=alert.address.topic,
                reply_markup=_keyboard(message) if parse_mode else None,
            )
            return shown.message_id
        sent = await self._bot.send_message(
            alert.address.id,
            text,
            parse_mode=parse_mode,
            message_thread_id=alert.address.topic,
            link_preview_options=_NO_PREVIEW,
            disable_notification=message.silent,
            reply_parameters=_reply(alert.reply_to),
            reply_markup=_keyboard(message) if parse_mode else None,
        )
        return sent.message_id


def _reply(message_id: int | None) -> ReplyParameters | None:
    """Return what makes a message an answer to another one; where that is gone, it stands alone."""
    return None if message_id is None else ReplyParameters(message_id, allow_sending_without_reply=True)


def _keyboard(message: TelegramMessage) -> InlineKeyboardMarkup | None:
    if not message.buttons:
        return None
    return InlineKeyboardMarkup([[_button(button) for button in row] for row in message.buttons])


def _button(button: Button) -> InlineKeyboardButton:
    style = "primary" if button.is_main else None
    return InlineKeyboardButton(button.label, url=button.url or None, callback_data=button.data or None, style=style)


def _outcome(alert: Alert, message: TelegramMessage, error: TelegramError) -> Outcome:
    """Return what an error means. The order matters: BadRequest and TimedOut are kinds of NetworkError."""
    reason = str(error)
    match error:
        case RetryAfter():
            return Outcome(alert, DeliveryResult.LATER, wait=_as_span(error.retry_after), reason=reason, limited=True)
        case ChatMigrated():
            return Outcome(alert, DeliveryResult.MIGRATED, new_id=error.new_chat_id, reason=reason)
        case Forbidden():
            return Outcome(alert, DeliveryResult.PAUSED, reason=reason)
        case BadRequest():
            return _bad_request(alert, message, reason)
        case InvalidToken():
            # also what a proxy says while it is broken: ask by getMe until the token is known
            reason = "Telegram does not know the token"
            return Outcome(alert, DeliveryResult.LATER, wait=backoff(alert.attempt), reason=reason, outage=True)
        case Conflict():
            return Outcome(alert, DeliveryResult.LATER, wait=backoff(alert.attempt), reason=reason)
        case NetworkError() if _TOO_LARGE in reason.lower():
            return Outcome(alert, DeliveryResult.DEAD, reason=reason)
        case NetworkError() if isinstance(error.__cause__, _NOT_SENT):
            wait, reason = backoff(alert.attempt), "Telegram cannot be reached"
            return Outcome(alert, DeliveryResult.LATER, wait=wait, reason=reason, outage=True)
        case _:
            wait, reason = backoff(alert.attempt), f"no answer ({type(error).__name__})"
            return Outcome(alert, DeliveryResult.UNCERTAIN, wait=wait, reason=reason, outage=True)


def _bad_request(alert: Alert, message: TelegramMessage, reason: str) -> Outcome:
    said = reason.lower()
    sent = next((sent for part, sent in _BAD_REQUESTS if part in said), None)
    if sent is None:
        # nobody waits for an answer any more when it could be sent; news is kept for a person to see
        sent = DeliveryResult.REFUSED if alert.kind.is_news else DeliveryResult.DEAD
    if sent is DeliveryResult.TOPIC_GONE and alert.address.topic is None:
        sent = DeliveryResult.PAUSED
    message_id = alert.sent.message_id if alert.sent else None
    return Outcome(alert, sent, message_id, message.hash if sent is DeliveryResult.DONE else "", reason=reason)


def _as_span(wait: int | timedelta) -> timedelta:
    """Return Retry-After, an integer or a span by the library's settings."""
    return wait if isinstance(wait, timedelta) else timedelta(seconds=wait)
