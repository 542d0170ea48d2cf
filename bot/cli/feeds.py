"""tipoff feeds: list, test, add, remove, import and export."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from bot.chat.words import ago, ahead
from bot.cli.common import clear_errors, config_option, counted, database_of, fail, json_option, out, print_json, warn
from bot.clock import SystemClock
from bot.config import load
from bot.config.edit import Added, add_feeds, remove_feed
from bot.config.opml import LONGEST, read_opml, write_opml
from bot.errors import ConfigError
from bot.logs import redact
from bot.model import Feed, FeedFailure, FeedHealth, FeedSpec
from bot.settings import Settings, format_duration
from bot.store.sqlite import feed_health, open_to_read
from bot.wire.cadence import next_due
from bot.wire.fetch import HttpFetcher
from bot.wire.guard import Guard
from bot.wire.habits import after_answer, with_arrivals
from bot.wire.identity import believable
from bot.wire.search import Found, look_for_feeds
from bot.wire.workers import ParseWorkers

_SHOWN = 5  # entries


@click.group()
def feeds() -> None:
    """Look at the feeds, add and remove them."""


@feeds.command(name="list")
@config_option
@json_option
@clear_errors
def list_feeds(folder: Path, as_json: bool) -> None:
    """List the feeds and how each is doing."""
    health = _health(folder)
    if as_json:
        print_json([{**asdict(feed), "url": redact(feed.url)} for feed in health])
        return
    now = SystemClock().now()
    table = Table("feed", "items", "a day", "matched", "last read", "next", "trouble", box=None)
    for feed in health:
        table.add_row(
            Text(feed.name),
            str(feed.items),
            "" if feed.per_day is None else f"{feed.per_day:.2g}",
            "" if feed.matched is None else f"{feed.matched:.0%}",
            ago(feed.last_success, now),
            "never" if feed.gone else "when it runs" if feed.due is None else ahead(feed.due, now),
            Text(feed.error or "", style="red"),
        )
    out.print(table)


def _health(folder: Path) -> Sequence[FeedHealth]:
    """Return how each feed is doing; before the first start, those that are configured."""
    path = database_of(folder)
    if path.exists():
        with open_to_read(path) as db:
            return feed_health(db)
    return [FeedHealth(feed.name or feed.url, feed.url, 0, None, None, 0, None) for feed in load(folder).feeds]


@feeds.command(name="test")
@click.argument("url")
@config_option
@json_option
@clear_errors
def test_feed(url: str, folder: Path, as_json: bool) -> None:
    """Show what would be read at a feed's or a page's address; nothing is stored."""
    settings = load(folder).settings
    found = asyncio.run(_look(url, settings))
    if isinstance(found, FeedFailure):
        fail(f"{redact(url)}: {found.reason}: {found.detail}")
    one, *others = found
    if as_json:
        print_json({**_as_json(one, settings), "others": [redact(other.url) for other in others]})
        return
    known = _as_json(one, settings)
    out.print(Text(one.document.title or redact(one.url), style="bold"))
    out.print(f"  {redact(one.url)}", markup=False)
    out.print(f"  {counted(len(one.document.entries), 'entry', 'entries')}, {known['skipped']} unreadable")
    out.print("  " + ("unchanged documents cost no download" if known["validators"] else "every look is a download"))
    out.print(f"  would be asked again in {known['asked_in']}")
    for entry in one.document.entries[:_SHOWN]:
        date = f"{entry.published:%Y-%m-%d %H:%M} " if entry.published else ""
        out.print(Text(f"  {date}", style="dim").append(entry.title, style="default"))
    _name_others(others)


def _as_json(found: Found, settings: Settings) -> dict[str, object]:
    now = SystemClock().now()
    feed = Feed(0, found.url, found.document.title, validators=found.reply.validators, polled=now)
    habits = after_answer(feed, found.reply, settings.poll)
    dates = [believable(entry.published, now) for entry in found.document.entries]
    learned = Feed(
        0,
        found.url,
        feed.name,
        validators=feed.validators,
        polled=now,
        habits=with_arrivals(habits, feed, dates, now, is_first=True),
    )
    return {
        "url": redact(found.url),
        "title": found.document.title,
        "validators": any((found.reply.validators.etag, found.reply.validators.last_modified)),
        "asked_in": format_duration(next_due(learned, now, settings.poll) - now),
        "skipped": found.document.skipped,
        "complete": found.document.complete,
        "entries": [asdict(entry) for entry in found.document.entries],
    }


@feeds.command(name="add")
@click.argument("url")
@click.option("--name", help="How the outlet is called in alerts; the feed's own title if left out.")
@click.option("--tag", "tags", multiple=True, help="A tag for queries; may be given several times.")
@config_option
@clear_errors
def add(url: str, name: str | None, tags: tuple[str, ...], folder: Path) -> None:
    """Add a feed by its address, or by that of a page that has one."""
    configuration = load(folder)
    found = asyncio.run(_look(url, configuration.settings))
    if isinstance(found, FeedFailure):
        fail(f"{redact(url)}: {found.reason}: {found.detail}")
    one, *others = found
    spec = FeedSpec(one.url, name, tags)
    _report(add_feeds(folder, configuration.feeds, [spec], configuration.settings.network.allow), folder)
    out.print(
        f"  {one.document.title or 'no title'}, {counted(len(one.document.entries), 'entry', 'entries')}", markup=False
    )
    _name_others(others)


@feeds.command(name="remove")
@click.argument("feed")
@config_option
@clear_errors
def remove(feed: str, folder: Path) -> None:
    """Take a feed off the list, by its name or address; its items are kept."""
    load(folder)  # a file with mistakes is not touched
    # what "feeds list" calls it may be the feed's own title, which feeds.toml does not know
    wanted = next((known.url for known in _health(folder) if known.name == feed), feed)
    out.print(f"removed {redact(remove_feed(folder, wanted))}", markup=False)


@feeds.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@config_option
@clear_errors
def import_feeds(file: Path, folder: Path) -> None:
    """Add the feeds of an OPML list; folders become tags. Nothing is asked for now."""
    configuration = load(folder)
    with file.open("rb") as opened:
        wanted = read_opml(opened.read(LONGEST + 1), str(file))
    _report(add_feeds(folder, configuration.feeds, wanted, configuration.settings.network.allow), folder)


@feeds.command(name="export")
@click.option("--secrets", is_flag=True, help="Write logins in addresses, too.")
@config_option
@clear_errors
def export_feeds(folder: Path, secrets: bool) -> None:
    """Print the feeds as an OPML list."""
    click.echo(write_opml(load(folder).feeds, secrets=secrets), nl=False)


def _report(result: Added, folder: Path) -> None:
    for feed, reason in result.left_out:
        warn(f"left out {redact(feed.url)}: {reason}")
    if not result.added:
        raise ConfigError("nothing was added")
    for feed in result.added:
        out.print(f"added {redact(feed.url)}", markup=False)
    out.print(f"{counted(len(result.added), 'feed', 'feeds')} more in {folder}/feeds.toml; a running daemon takes over")


def _name_others(others: Sequence[Found]) -> None:
    if others:
        out.print("This page has other feeds, too:", style="dim")
        for other in others:
            out.print(f"  {redact(other.url)}  {other.document.title}", markup=False)


async def _look(url: str, settings: Settings) -> Sequence[Found] | FeedFailure:
    """Return the feed at an address, or those of the page there, the best first."""
    fetcher = HttpFetcher(Guard(settings.network.allow), settings.poll)
    workers = ParseWorkers(1, settings.poll.parse_timeout)
    try:
        return await look_for_feeds(url, fetcher, workers)
    finally:
        await workers.close()
        await fetcher.close()
