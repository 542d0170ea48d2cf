"""tipoff demo: the real daemon on a recorded newsroom, a day in half a minute."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from bot.app import Newsroom, Notices, build
from bot.cli.common import clear_errors, fail, out
from bot.config.environment import Telegram
from bot.config.load import Configuration
from bot.core import logs
from bot.core.clock import FastClock
from bot.core.errors import ConfigError
from bot.core.model import ChatSpec, FeedSpec
from bot.core.settings import DeliverySettings, NetworkSettings, PollSettings, Settings
from bot.delivery.channels.terminal import TerminalChannel
from bot.demo.newsroom import Newsroom as Recording
from bot.demo.newsroom import load as load_recording
from bot.demo.server import NewsroomServer
from bot.store.store import Store
from bot.transports import real_transports

_START = datetime(2026, 3, 3, 6, 0, tzinfo=UTC)
_SPEED = 3000.0
_TICK = timedelta(milliseconds=100)
_EVERY = timedelta(minutes=10)
_AFTERWARDS = 1.0  # seconds for the last alerts to be sent
_CHAT = "demo"


@click.command()
@click.option("--speed", type=click.FloatRange(60, 20_000), default=_SPEED, show_default=True, help="Times real time.")
@click.option("--telegram", "to_telegram", type=int, metavar="CHAT", help="Send to this chat instead, with your token.")
@clear_errors
def demo(speed: float, to_telegram: int | None) -> None:
    """Watch a recorded newsroom for a day: no account, token or network is needed."""
    logs.set_up("warning")
    telegram = Telegram.read(os.environ) if to_telegram else None
    if to_telegram and telegram is None:
        raise ConfigError("TIPOFF_TELEGRAM_TOKEN is not set: --telegram sends to your own chat through your own bot")
    with TemporaryDirectory(prefix="tipoff-demo-") as folder:
        asyncio.run(_play(Path(folder), speed, telegram, to_telegram))
    _print_next()


async def _play(folder: Path, speed: float, telegram: Telegram | None, chat: int | None) -> None:
    recording = load_recording()
    clock = FastClock(_START, speed)
    server = NewsroomServer(recording, _START, clock.now)
    await server.start()
    store = Store(folder / "demo.db")
    try:
        configuration = _configuration(server, chat)
        transports = real_transports(configuration.settings, telegram, TerminalChannel(out))
        notices = Notices(unpaired=_say_nothing, trouble=fail)
        parts = build(configuration, clock, transports, store, folder / "demo.db", notices)
        newsroom = Newsroom(parts, tick=_TICK)
        stop = asyncio.Event()
        director = asyncio.create_task(_run_day(recording, store, clock, speed, stop))
        await newsroom.run(stop)
        await director
        await _print_summary(store, server)
    finally:
        store.close()
        await server.stop()


def _say_nothing(username: str) -> None:
    """Nobody has to own the bot of a demo."""


async def _run_day(recording: Recording, store: Store, clock: FastClock, speed: float, stop: asyncio.Event) -> None:
    """Let the day begin when every feed was read once, and end after its last item."""
    lasts = max(item.at for item in recording.items)
    out.print(
        f"[bold]Tipoff demo[/]: {len(recording.outlets)} invented outlets publish {len(recording.items)} items in "
        f"{lasts / timedelta(hours=1):.0f} hours; here that takes {lasts.total_seconds() / speed:.0f} seconds."
    )
    while True:
        status = await store.status()
        if status.feeds and not status.feeds_never_read:
            break
        await asyncio.sleep(0.05)
    out.print(f"First poll: {status.items} items stood there before; they are a backfill and give no alerts.\n")
    clock.begin()
    await asyncio.sleep((lasts + _EVERY * 1.2).total_seconds() / speed + _AFTERWARDS)
    stop.set()


def _configuration(server: NewsroomServer, chat: int | None) -> Configuration:
    """Return the demo's watches over the recorded feeds; the guard lets through this one server."""
    with resources.as_file(resources.files("bot.demo") / "watchlist.toml") as path:
        watching = Configuration.load_watches(path, ())
    if chat is not None:
        watches = tuple(replace(watch, to=(_CHAT,)) for watch in watching.watches)
        watching = replace(watching, watches=watches, chats=(ChatSpec(_CHAT, chat),))
    return replace(
        watching,
        settings=Settings(
            poll=PollSettings(every=_EVERY, floor=_EVERY, per_host=8, gap=timedelta(0)),
            network=NetworkSettings(allow=(server.address,)),
            delivery=DeliverySettings(edit_every=timedelta(seconds=2)),
        ),
        feeds=tuple(FeedSpec(feed.url, feed.name, feed.tags, feed.owner) for feed in server.feed_urls()),
    )


async def _print_summary(store: Store, server: NewsroomServer) -> None:
    status, actions, silences = await store.status(), await store.actions(), await store.silences()
    out.print("\n[bold]What happened[/]")
    rows: Mapping[str, int] = {
        "items read": status.items,
        "stories wanted by a watch": status.stories,
        "alerts sent": actions.get("alert", 0),
        "messages that grew instead of a new one (edits)": actions.get("update", 0),
        "requests": server.requests,
        "… of which the publisher could answer “nothing new”": server.not_modified,
    }
    for what, count in rows.items():
        out.print(f"  {count:>5}  {what}")
    out.print(f"  {sum(silences.values()):>5}  silences, by reason:")
    for reason, count in silences.items():
        out.print(f"         {count:>5}  {reason}", markup=False)


def _print_next() -> None:
    """Say how to go on; in a clone the configuration is there already."""
    if Path("config").is_dir():
        out.print(
            "\nNext, with real feeds: [bold]config/watchlist.toml[/] says what is watched; [bold]tipoff run[/] begins."
        )
    else:
        out.print("\nNext: [bold]tipoff init config[/] writes a configuration for real feeds.")
