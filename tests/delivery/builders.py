"""Alerts to render, pace and send."""

from datetime import UTC, datetime, timedelta

from bot.core.model import (
    Address,
    Alert,
    AlertPayload,
    EditPayload,
    EventKey,
    EventSummary,
    Evidence,
    Item,
    Match,
    MessageKind,
    Part,
    Priority,
    SentMessage,
    Source,
    Story,
)
from bot.core.model.message import Message
from bot.delivery.channels.telegram_html import ABILITIES, TelegramMessage, as_telegram
from bot.delivery.render import render

NOON = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


def source(
    number: int = 1, outlet: str = "The Ledger", title: str = "Ilse Marten leaves", url: str | None = ""
) -> Source:
    """Return the report of an outlet, a minute after the one before; an empty URL is made up."""
    address = f"https://ledger.example/{number}" if url == "" else url
    return Source(number, outlet, None, title, address, NOON + timedelta(minutes=number))


def match(
    summary: str = "She said so.", words: str = "leaves", watch: str = "Marten", event: str | None = None
) -> Match:
    """Return the hit that opened a story with item 1."""
    item = Item(1, "Ilse Marten leaves", summary, None, "The Ledger", None, (), None, NOON)
    read = EventSummary(event, "stated") if event else None
    return Match(item, watch, Part.TITLE, (Evidence(Part.TITLE, words, "x"),), read)


def alert(
    *sources: Source,
    matches: tuple[Match, ...] | None = None,
    chat_id: int | None = 42,
    sent: SentMessage | None = None,
    kind: MessageKind = MessageKind.ALERT,
    attempt: int = 1,
    priority: Priority = Priority.NORMAL,
    event_keys: tuple[EventKey, ...] = (),
) -> Alert:
    """Return an alert for a story of these sources."""
    story = Story(7, event_keys, sources or (source(),))
    wanted = (match(),) if matches is None else matches
    payload = EditPayload() if kind.changes_a_message else AlertPayload()
    return Alert(1, Address("team", chat_id), kind, attempt, NOON, priority, story, wanted, sent, payload)


def rendered(alert: Alert) -> TelegramMessage:
    """Return the message of an alert as Telegram gets it."""
    return as_telegram(render(alert, ABILITIES))


class FakeChannel:
    """A channel that takes what Telegram takes, and reaches every chat; what it does with a message, a test says."""

    can = ABILITIES

    def reaches(self, address: Address) -> bool:
        return True

    def hash(self, message: Message) -> str:
        return as_telegram(message).hash
