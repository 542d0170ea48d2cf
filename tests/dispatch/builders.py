"""Alerts to render, pace and send."""

from datetime import UTC, datetime, timedelta

from bot.model import Address, Alert, Evidence, Fact, Hit, Item, Kind, Priority, Source, Story, Told, Where

NOON = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


def source(
    number: int = 1, outlet: str = "The Ledger", title: str = "Ilse Marten leaves", url: str | None = ""
) -> Source:
    """Return the report of an outlet, a minute after the one before; an empty URL is made up."""
    address = f"https://ledger.example/{number}" if url == "" else url
    return Source(number, outlet, None, title, address, NOON + timedelta(minutes=number))


def hit(summary: str = "She said so.", words: str = "leaves", watch: str = "Marten", event: str | None = None) -> Hit:
    """Return the hit that opened a story with item 1."""
    item = Item(1, "Ilse Marten leaves", summary, None, "The Ledger", None, (), None, NOON)
    return Hit(item, watch, Where.TITLE, (Evidence(Where.TITLE, words, "x"),), event, "stated" if event else None)


def alert(
    *sources: Source,
    hits: tuple[Hit, ...] | None = None,
    chat_id: int | None = 42,
    told: Told | None = None,
    kind: Kind = Kind.ALERT,
    attempt: int = 1,
    priority: Priority = Priority.NORMAL,
    facts: tuple[Fact, ...] = (),
) -> Alert:
    """Return an alert for a story of these sources."""
    story = Story(7, facts, sources or (source(),))
    wanted = (hit(),) if hits is None else hits
    return Alert(1, Address("team", chat_id), kind, attempt, NOON, priority, story, wanted, told)
