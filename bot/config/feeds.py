"""Reads feeds.toml."""

from collections.abc import Collection

from bot.config.tables import File, Table
from bot.core.guard import trouble
from bot.core.links import canonical, is_web
from bot.core.model import FeedSpec
from bot.core.secrets import redact
from bot.core.settings import parse_duration


def read_feeds(file: File, allow: Collection[str] | None) -> tuple[FeedSpec, ...]:
    """Return the feeds of a file; mistakes are noted in it.

    `allow` are the private addresses that may be reached; None where that could not be read.
    """
    file.only("feed")
    read = [
        (feed, table)
        for table in file.tables("feed", "url", "name", "tags", "owner", "interval")
        if (feed := _feed(table, allow)) is not None
    ]
    file.unique("feed", [(canonical(feed.url), table) for feed, table in read], "url")
    file.unique("feed name", [(feed.name, table) for feed, table in read if feed.name], "name")
    return tuple(feed for feed, _ in read)


def _feed(table: Table, allow: Collection[str] | None) -> FeedSpec | None:
    url = table.text("url", required=True)
    if url is not None and not is_web(url):
        begins = url.startswith(("http://", "https://"))
        why = "it cannot be understood" if begins else "it has to begin with http:// or https://"
        table.mistake("url", f"{redact(url)!r} is not a feed's address: {why}")
        url = None
    elif url is not None and (refusal := _refusal(url, allow)):
        table.mistake("url", f"{redact(url)!r} cannot be polled: {refusal}")
    interval = table.read("interval", parse_duration)
    name, tags, owner = table.text("name"), table.texts("tags"), table.text("owner")
    return None if url is None else FeedSpec(url, name, tags, owner, interval)


def _refusal(url: str, allow: Collection[str] | None) -> str | None:
    refusal = trouble(url, allow or ())
    # where the list could not be read, the address may well stand in it
    return None if refusal and allow is None and "[network] allow" in refusal else refusal
