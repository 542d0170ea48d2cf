"""Items to read and watchlists to read them with."""

from datetime import UTC, datetime, timedelta

from bot.core.model import Alias, Item, WatchSpec
from bot.watches.watchlist import Watchlist

START = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
MARTEN = WatchSpec("Marten", to=("me",), people=("Ilse Marten",))
DEPARTURES = WatchSpec("departures", to=("me",), events=("departure",), organisations=("Corvid AI",))


def item(
    title: str,
    summary: str = "",
    *,
    number: int = 1,
    outlet: str = "The Ledger",
    url: str | None = None,
    hours: float = 0,
    owner: str | None = None,
    tags: tuple[str, ...] = (),
    is_backfill: bool = False,
    edits: int = 0,
) -> Item:
    """Return an item seen some hours after the start."""
    seen = START + timedelta(hours=hours)
    return Item(number, title, summary, url, outlet, owner, tags, None, seen, is_backfill, edits)


def watchlist(*specs: WatchSpec, organisations: tuple[Alias, ...] = (), people: tuple[Alias, ...] = ()) -> Watchlist:
    """Compile watches."""
    return Watchlist.compile(specs, people, organisations)
