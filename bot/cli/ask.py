"""tipoff init, check, try, why, status and feeds: what can be asked without a daemon."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from bot.chat.commands import ago, ahead, status_text
from bot.cli.common import clear_errors, config_option, counted, fail, json_option, out, print_json, warn
from bot.cli.daemon import username_of
from bot.clock import SystemClock
from bot.config import Configuration, find_database, load, read_telegram, write_shipped
from bot.desk.match import match
from bot.errors import ConfigError
from bot.logs import redact
from bot.model import Hit, Item, Status
from bot.store.sqlite import explain, feed_health, is_running, open_to_read, status_of
from bot.text import clean, one_line

_STUCK_AFTER = timedelta(minutes=10)  # a feed due this long ago means that nobody polls


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@clear_errors
def init(folder: Path) -> None:
    """Write the shipped configuration into FOLDER: feeds, an example watchlist, all settings."""
    for path in write_shipped(folder):
        out.print(f"wrote {path}")
    out.print(f"Edit {folder}/watchlist.toml, then: tipoff run --config {folder}")


@click.command()
@config_option
@json_option
@clear_errors
def check(folder: Path, as_json: bool) -> None:
    """Check configuration and token; every mistake is named at once."""
    mistakes: list[str] = []
    configuration: Configuration | None = None
    username: str | None = None
    try:
        configuration = load(folder)
    except ConfigError as error:
        mistakes += [str(mistake) for mistake in error.mistakes]
    try:
        telegram = read_telegram(os.environ)
        chats = configuration.chats if configuration else ()
        username = asyncio.run(username_of(telegram, chats)) if telegram else None
    except ConfigError as error:
        mistakes += [str(mistake) for mistake in error.mistakes]
    if as_json:
        print_json({"ok": not mistakes, "mistakes": mistakes, "bot": username})
        sys.exit(1 if mistakes else 0)
    if mistakes or configuration is None:
        fail("\n".join(mistakes))
    found = (
        counted(len(configuration.feeds), "feed", "feeds"),
        counted(len(configuration.watches), "watch", "watches"),
        counted(len(configuration.chats), "chat", "chats"),
    )
    out.print(f"{folder} is good: {', '.join(found)}")
    out.print(f"Telegram: @{username}" if username else "Telegram: no TIPOFF_TELEGRAM_TOKEN, alerts go to the terminal")


@click.command(name="try")
@click.argument("text", required=False)
@config_option
@json_option
@clear_errors
def try_text(text: str | None, folder: Path, as_json: bool) -> None:
    """Show which watches want a headline, and the words that decided.

    Without TEXT, reads one JSON object a line from standard input: title, and optionally summary, url, outlet.
    """
    if text is None and sys.stdin.isatty():
        raise ConfigError('a headline was expected: tipoff try "…"; or JSON lines on standard input, see --help')
    watchlist = load(folder).watchlist()
    for item in _items_from(sys.stdin) if text is None else [_item({"title": text})]:
        hits = match(item, watchlist)
        if as_json:
            print_json({"title": item.title, "matches": [_hit_as_json(hit) for hit in hits]})
        else:
            _print_hits(item, hits)


def _items_from(lines: Iterator[str]) -> Iterator[Item]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                values = json.loads(line)
            except ValueError as error:
                raise ConfigError(f"standard input, line {number}: this is not JSON") from error
            if not isinstance(values, dict) or not isinstance(values.get("title"), str):
                raise ConfigError(f'standard input, line {number}: an object with a "title" was expected')
            yield _item(values)


def _item(values: dict[str, object]) -> Item:
    summary, url, outlet = (clean(str(values.get(key) or "")) for key in ("summary", "url", "outlet"))
    return Item(
        id=0,
        title=one_line(str(values["title"])),  # as a feed's is: a terminal obeys what stands in it
        summary=summary,
        url=url or None,
        outlet=outlet or "you",
        owner=None,
        tags=(),
        published=None,
        seen=datetime(1970, 1, 1, tzinfo=UTC),
    )


def _hit_as_json(hit: Hit) -> dict[str, object]:
    return {
        "watch": hit.watch,
        "event": hit.event,
        "certainty": hit.certainty,
        "people": hit.people,
        "organisations": hit.organisations,
        "where": hit.where,
        "evidence": "; ".join(piece.text for piece in hit.evidence),
    }


def _print_hits(item: Item, hits: tuple[Hit, ...]) -> None:
    out.print(_marked(item.title, hits))
    if not hits:
        out.print("  no watch wants it", style="dim")
    for hit in hits:
        line = Text(f"  ✓ {hit.watch}", style="green")
        if hit.event:
            line.append(f"  {hit.event}, {hit.certainty}", style="cyan")
        for piece in hit.evidence:
            line.append(f"  {piece.slot}: “{piece.text}” ({piece.where})", style="default")
        out.print(line)


def _marked(title: str, hits: tuple[Hit, ...]) -> Text:
    """Return the headline with the words that decided in colour."""
    text = Text(title, style="bold")
    text.highlight_words([piece.text for hit in hits for piece in hit.evidence], "bold yellow")
    return text


def _database(folder: Path, *, quiet: bool = False) -> Path:
    """Return where the database lies, whatever mistakes the configuration has: a daemon goes on with the old one."""
    path, is_good = find_database(folder)
    if not is_good and not quiet:
        warn(f"the configuration in {folder} has mistakes; see them with: tipoff check --config {folder}")
    return path


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="WHAT")
@config_option
@json_option
@clear_errors
def why(words: tuple[str, ...], folder: Path, as_json: bool) -> None:
    """Show every decision about an item (its URL or number) or a story (story 7), in order."""
    wanted = " ".join(words)
    with open_to_read(_database(folder)) as db:
        found = explain(db, wanted)
    if not found:
        fail(f"nothing is known about {wanted!r}; give an item's link or number, or: story NUMBER")
    if as_json:
        print_json([asdict(decision) for decision in found])
        return
    for decision in found:
        # texts, not markup: a headline may hold brackets
        title = Text(decision.title, style="bold")
        out.print(title.append(f" ({decision.outlet}, item {decision.item_id})", style="not bold dim"))
        wanted_by = f"watch “{decision.watch}” → {decision.chat}: " if decision.watch else ""
        story = f", story {decision.story_id}" if decision.story_id else ""
        line = Text(f"  {wanted_by}{decision.action}{story}: {decision.reason}")
        out.print(line.append(f" ({decision.message})", style="dim") if decision.message else line)


@click.command()
@config_option
@json_option
@click.option("--healthy", is_flag=True, help="Print nothing; exit code 0 only when a daemon runs and polls.")
@clear_errors
def status(folder: Path, as_json: bool, healthy: bool) -> None:
    """Show feeds, last poll and queue."""
    path = _database(folder, quiet=healthy)
    with open_to_read(path) as db:
        found = status_of(db)
    now, running = SystemClock().now(), is_running(path)
    if healthy:
        sys.exit(0 if running and not _is_stuck(found, now) else 1)
    if as_json:
        print_json({"running": running, **asdict(found)})
        return
    out.print(f"Daemon: {'running' if running else 'not running'}")
    out.print(status_text(found, now), markup=False)


def _is_stuck(found: Status, now: datetime) -> bool:
    return found.next_due is not None and found.next_due < now - _STUCK_AFTER


@click.group()
def feeds() -> None:
    """Look at the feeds."""


@feeds.command(name="list")
@config_option
@json_option
@clear_errors
def list_feeds(folder: Path, as_json: bool) -> None:
    """List the feeds and how each is doing."""
    with open_to_read(_database(folder)) as db:
        health = feed_health(db)
    if as_json:
        print_json([{**asdict(feed), "url": redact(feed.url)} for feed in health])
        return
    now = SystemClock().now()
    table = Table("feed", "items", "last read", "next", "trouble", box=None)
    for feed in health:
        table.add_row(
            Text(feed.name),
            str(feed.items),
            ago(feed.last_success, now),
            ahead(feed.due, now),
            Text(feed.error or "", style="red"),
        )
    out.print(table)
