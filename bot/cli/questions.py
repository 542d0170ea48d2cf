"""tipoff init, check, why and status: what can be asked without a daemon."""

import asyncio
import os
import sys
from dataclasses import asdict
from pathlib import Path

import click
from rich.text import Text

from bot.chat.question_commands import status_text
from bot.cli.common import clear_errors, config_option, counted, database_of, fail, json_option, out, print_json, warn
from bot.cli.daemon import username_of
from bot.config.environment import Telegram
from bot.config.load import Configuration, Findings, find_database, write_shipped
from bot.core.clock import SystemClock
from bot.core.errors import ConfigError, StoreError
from bot.core.secrets import redact
from bot.store.engine.lock import is_running
from bot.store.store import open_to_read


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@clear_errors
def init(folder: Path) -> None:
    """Write the shipped configuration into FOLDER: feeds, an example watchlist, the first settings.

    A file that is there already stays as it is.
    """
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
    notes: list[str] = []
    configuration: Configuration | None = None
    username: str | None = None
    try:
        found = _examine(folder)
    except ConfigError as error:
        mistakes += [str(mistake) for mistake in error.mistakes]
    else:
        mistakes += map(str, found.mistakes)
        notes += map(str, found.notes)
        configuration = found.configuration
    try:
        telegram = Telegram.read(os.environ)
        chats = configuration.chats if configuration else ()
        username = asyncio.run(username_of(telegram, chats)) if telegram else None
    except ConfigError as error:
        mistakes += [str(mistake) for mistake in error.mistakes]
    if as_json:
        said = {"mistakes": [redact(line) for line in mistakes], "notes": [redact(line) for line in notes]}
        print_json({"ok": not mistakes, **said, "bot": username})
        sys.exit(1 if mistakes else 0)
    for note in notes:
        warn(note)
    if mistakes or configuration is None:
        fail("\n".join(mistakes))
    counts = (
        counted(len(configuration.feeds), "feed", "feeds"),
        counted(len(configuration.watches), "watch", "watches"),
        counted(len(configuration.chats), "chat", "chats"),
    )
    is_empty = not configuration.feeds or not configuration.watches
    verdict = "is well formed, but without a feed and a watch nothing is ever sent" if is_empty else "is good"
    out.print(f"{folder} {verdict}: {', '.join(counts)}", markup=False)
    out.print(f"Telegram: @{username}" if username else "Telegram: no TIPOFF_TELEGRAM_TOKEN, alerts go to the terminal")


def _examine(folder: Path) -> Findings:
    """Return what a folder holds, looked at beside what the database knows of feeds, where there is one."""
    path, _ = find_database(folder)
    if not path.exists():
        return Findings.of(folder)
    try:
        with open_to_read(path) as store:
            others, titles = [feed for _, feed in store.own_feeds()], [feed.name for feed in store.feeds()]
    except StoreError as error:
        warn(f"without what the database knows of feeds: {error}")
        return Findings.of(folder)
    return Findings.of(folder, others, titles)


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="WHAT")
@config_option
@json_option
@clear_errors
def why(words: tuple[str, ...], folder: Path, as_json: bool) -> None:
    """Show every decision about an item (its URL or number) or a story (story 7), in order."""
    wanted = " ".join(words)
    with open_to_read(database_of(folder)) as store:
        found = store.explain(wanted)
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
    path = database_of(folder, quiet=healthy)
    with open_to_read(path) as store:
        found = store.status()
    now, running = SystemClock().now(), is_running(path)
    if healthy:
        sys.exit(0 if running and not found.is_overdue(now) else 1)
    if as_json:
        print_json({"running": running, **asdict(found)})
        return
    out.print(f"Daemon: {'running' if running else 'not running'}")
    out.print(status_text(found, now), markup=False)
