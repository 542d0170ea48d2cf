"""tipoff feeds: list, test, add, remove, import and export."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from bot.cli.common import clear_errors, config_option, counted, database_of, fail, json_option, out, print_json, warn
from bot.config.edit import Added, FeedsFile
from bot.config.load import Configuration
from bot.config.opml import read_opml, write_opml
from bot.core.clock import SystemClock
from bot.core.errors import ConfigError, StoreError
from bot.core.guard import Guard
from bot.core.links import canonical, host
from bot.core.model import Entry, FeedFailure, FeedHealth, FeedRecord, FeedSpec
from bot.core.phrases import ago, ahead
from bot.core.secrets import redact, without_login
from bot.core.settings import Settings, format_duration
from bot.feeds.discovery import DiscoveredFeed, look_for_feeds
from bot.feeds.fetch import HttpFetcher
from bot.feeds.manual_check import CheckOutcome, CheckResult, ManualCheck, first_interval
from bot.feeds.parsing.workers import ParseWorkers
from bot.store.engine.lock import is_running
from bot.store.store import open_to_read

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
        with open_to_read(path) as store:
            return store.feeds()
    return [
        FeedHealth(feed.name or host(feed.url), feed.url, 0, None, None, 0, None)
        for feed in Configuration.load(folder).feeds
    ]


@feeds.command(name="test")
@click.argument("url")
@config_option
@json_option
@clear_errors
def test_feed(url: str, folder: Path, as_json: bool) -> None:
    """Show what would be read at a feed's or a page's address; nothing is stored.

    A feed on the list, by its name or address, is asked as the daemon asks it, and at most once in five minutes;
    what was read last is shown where nothing else came.
    """
    settings = Configuration.load(folder).settings
    if (record := _record(url, folder)) is not None:
        _show_check(record, folder, settings, as_json=as_json)
        return
    found = asyncio.run(_find_feeds(url, settings))
    if isinstance(found, FeedFailure):
        fail(f"{redact(url)}: {found.reason}: {found.detail}")
    one, *others = found
    if as_json:
        print_json({**_as_json(one, settings), "others": [redact(other.url) for other in others]})
        return
    _show(one, settings)
    _name_others(others)


def _show(found: DiscoveredFeed, settings: Settings) -> None:
    known = _as_json(found, settings)
    out.print(Text(found.document.title or redact(found.url), style="bold"))
    out.print(f"  {redact(found.url)}", markup=False)
    out.print(f"  {counted(len(found.document.entries), 'entry', 'entries')}, {known['skipped']} unreadable")
    out.print("  " + ("unchanged documents cost no download" if known["validators"] else "every look is a download"))
    out.print(f"  would be asked again in {known['asked_in']}")
    _show_entries(found.document.entries)


def _show_entries(entries: Sequence[Entry]) -> None:
    for entry in entries[:_SHOWN]:
        date = f"{entry.published:%Y-%m-%d %H:%M} " if entry.published else ""
        out.print(Text(f"  {date}", style="dim").append(entry.title, style="default"))


def _record(wanted: str, folder: Path) -> FeedRecord | None:
    """Return what is known of a feed that is polled; None, with a word, where the database cannot be read."""
    path = database_of(folder)
    if not path.exists():
        return None
    try:
        with open_to_read(path) as store:
            return store.feed(wanted, _SHOWN)
    except StoreError as error:
        warn(f"without what is known of the feeds: {error}")
        return None


def _show_check(record: FeedRecord, folder: Path, settings: Settings, *, as_json: bool) -> None:
    feed, now = record.feed, SystemClock().now()
    checked = asyncio.run(_check(record, database_of(folder, quiet=True), settings))
    if isinstance(checked, FeedFailure):
        fail(f"{redact(feed.url)}: {checked.reason}: {checked.detail}")
    found, words = checked.found, _in_words(checked, now)
    if as_json:
        last = {"url": redact(feed.url), "title": feed.name, "entries": [asdict(entry) for entry in record.newest]}
        came = last if found is None else _as_json(found, settings)
        times = {"last_read": record.last_success, "due": record.due}
        print_json({**came, "asked": checked.is_asked, "changed": found is not None, "words": words, **times})
        return
    if found is None:
        out.print(Text(feed.name, style="bold"))
        out.print(f"  {redact(feed.url)}", markup=False)
    else:
        _show(found, settings)
    out.print(f"  {words}")
    out.print(f"  read last {ago(record.last_success, now)}; the daemon's next look: {_next_poll(record, now)}")
    if record.error:
        out.print(Text(f"  trouble: {record.error}", style="red"))
    if found is None:
        _show_entries(record.newest)


def _next_poll(record: FeedRecord, now: datetime) -> str:
    return "never, it is gone" if record.is_gone else ahead(record.due, now)


async def _check(record: FeedRecord, database: Path, settings: Settings) -> CheckResult | FeedFailure:
    async with _asking(settings) as (fetcher, workers):
        by_hand = ManualCheck(database, fetcher, workers, SystemClock())
        return await by_hand.check(record, is_polled=is_running(database))


def _in_words(checked: CheckResult, now: datetime) -> str:
    at = checked.at or now
    return {
        CheckOutcome.HOST_RESTS: "not asked now: its publisher asked for fewer requests; "
        f"the next one is due {ahead(at, now)}",
        CheckOutcome.JUST_POLLED: f"not asked now: it was polled {ago(at, now)}",
        CheckOutcome.DUE_SOON: f"not asked now: the daemon polls it {ahead(at, now)}",
        CheckOutcome.JUST_CHECKED: f"not asked now: it was asked by hand, and may be again {ahead(at, now)}",
        CheckOutcome.NOT_MODIFIED: "asked just now: not modified (304) since it was read last",
        CheckOutcome.SAME_DOCUMENT: "asked just now: the same document as was read last",
        CheckOutcome.CHANGED: "asked just now: it has changed since it was read last",
    }[checked.outcome]


def _as_json(found: DiscoveredFeed, settings: Settings) -> dict[str, object]:
    return {
        "url": redact(found.url),
        "title": found.document.title,
        "validators": any((found.reply.validators.etag, found.reply.validators.last_modified)),
        "asked_in": format_duration(first_interval(found, settings.poll, SystemClock().now())),
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
    configuration = Configuration.load(folder)
    if canonical(url) in {canonical(feed.url) for feed in configuration.feeds}:
        fail(f"left out {redact(url)}: it is there already")  # and nobody is asked for it once more
    found = asyncio.run(_find_feeds(url, configuration.settings))
    if isinstance(found, FeedFailure):
        fail(f"{redact(url)}: {found.reason}: {found.detail}")
    one, *others = found
    spec = FeedSpec(one.url, name, tags)
    _report(FeedsFile(folder).add(configuration.feeds, [spec], configuration.settings.network.allow), folder)
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
    Configuration.load(folder)  # a file with mistakes is not touched
    # what "feeds list" calls it may be the feed's own title, which feeds.toml does not know
    wanted = next((known.url for known in _health(folder) if known.name == feed), feed)
    out.print(f"removed {redact(FeedsFile(folder).remove(wanted))}", markup=False)


@feeds.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@config_option
@clear_errors
def import_feeds(file: Path, folder: Path) -> None:
    """Add the feeds of an OPML list; folders become tags. Nothing is asked for now."""
    configuration = Configuration.load(folder)
    with file.open("rb") as opened:
        wanted = read_opml(opened, str(file))
    _report(FeedsFile(folder).add(configuration.feeds, wanted, configuration.settings.network.allow), folder)


@feeds.command(name="export")
@click.option("--secrets", is_flag=True, help="Write logins and keys in addresses, too.")
@config_option
@clear_errors
def export_feeds(folder: Path, secrets: bool) -> None:
    """Print the feeds as an OPML list."""
    listed = Configuration.load(folder).feeds
    click.echo(write_opml(listed, secrets=secrets), nl=False)
    hidden = sum(without_login(feed.url) != feed.url for feed in listed)
    if hidden and not secrets:
        what = counted(hidden, "address is", "addresses are")
        warn(f"{what} written without the login or key; to have them in it: tipoff feeds export --secrets")


def _report(result: Added, folder: Path) -> None:
    for feed, reason in result.left_out:
        warn(f"left out {redact(feed.url)}: {reason}")
    if not result.added:
        raise ConfigError("nothing was added")
    for feed in result.added:
        out.print(f"added {redact(feed.url)}", markup=False)
    out.print(f"{counted(len(result.added), 'feed', 'feeds')} more in {folder}/feeds.toml; a running daemon takes over")


def _name_others(others: Sequence[DiscoveredFeed]) -> None:
    if others:
        out.print("This page has other feeds, too:", style="dim")
        for other in others:
            out.print(f"  {redact(other.url)}  {other.document.title}", markup=False)


async def _find_feeds(url: str, settings: Settings) -> Sequence[DiscoveredFeed] | FeedFailure:
    """Return the feed at an address, or those of the page there, the best first."""
    async with _asking(settings) as (fetcher, workers):
        return await look_for_feeds(url, fetcher, workers)


@asynccontextmanager
async def _asking(settings: Settings) -> AsyncIterator[tuple[HttpFetcher, ParseWorkers]]:
    fetcher = HttpFetcher(Guard(settings.network.allow), settings.poll)
    workers = ParseWorkers(1, settings.poll.parse_timeout)
    try:
        yield fetcher, workers
    finally:
        await workers.close()
        await fetcher.close()
