"""Reads feeds.toml."""

from bot.config.tables import File, Table
from bot.links import canonical, is_web
from bot.model import FeedSpec
from bot.settings import parse_duration


def read_feeds(file: File) -> tuple[FeedSpec, ...]:
    """Return the feeds of a file; mistakes are noted in it."""
    file.only("feed")
    read = [
        (feed, table)
        for table in file.tables("feed", "url", "name", "tags", "owner", "interval")
        if (feed := _feed(table)) is not None
    ]
    file.unique("feed", [(canonical(feed.url), table) for feed, table in read], "url")
    file.unique("feed name", [(feed.name, table) for feed, table in read if feed.name], "name")
    return tuple(feed for feed, _ in read)


def _feed(table: Table) -> FeedSpec | None:
    url = table.text("url", required=True)
    if url is not None and not is_web(url):
        table.mistake("url", f"{url!r} is not a feed's address: it has to begin with http:// or https://")
        url = None
    interval = table.read("interval", parse_duration)
    name, tags, owner = table.text("name"), table.texts("tags"), table.text("owner")
    return None if url is None else FeedSpec(url, name, tags, owner, interval)
