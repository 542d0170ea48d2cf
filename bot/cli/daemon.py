"""tipoff run, once and pair: the daemon, one pass of it, and how it gets an owner."""

import asyncio
import logging
import multiprocessing
import multiprocessing.util
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click
import segno
from rich.panel import Panel
from telegram import Bot
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, TelegramError, TimedOut

from bot.app import Newsroom, Notices, build
from bot.chat.pairing import PairingCode, deep_link
from bot.cli.common import clear_errors, config_option, counted, out, warn
from bot.config.environment import Telegram
from bot.config.load import FILES, Configuration
from bot.core import logs
from bot.core.clock import SystemClock
from bot.core.errors import ConfigError, StoreError
from bot.core.heap import settle
from bot.core.model import ChatSpec
from bot.core.secrets import redact
from bot.delivery.channels.terminal import TerminalChannel
from bot.store.engine.backup import rescue
from bot.store.engine.lock import is_running, only_instance
from bot.store.store import Store
from bot.transports import real_transports

log = logging.getLogger(__name__)

_CHECK_EVERY = 2.0  # seconds between two checks of the configuration files


@click.command()
@config_option
@clear_errors
def run(folder: Path) -> None:
    """Watch the feeds and write to the chats until stopped."""
    with _opened(folder) as (configuration, telegram, path, store):
        where = "Telegram" if telegram else "this terminal (no TIPOFF_TELEGRAM_TOKEN is set)"
        out.print(
            f"Tipoff watches {counted(len(configuration.feeds), 'feed', 'feeds')} with "
            f"{counted(len(configuration.watches), 'watch', 'watches')}; "
            f"alerts go to {where}. Stop with Ctrl-C."
        )
        if configuration.settings.network.allow:
            log.warning("network_allow=%s", ",".join(configuration.settings.network.allow))
        newsroom = _newsroom(configuration, telegram, path, store)
        settle()
        asyncio.run(_run(newsroom, folder, configuration))


@click.command()
@config_option
@clear_errors
def once(folder: Path) -> None:
    """Make one pass: poll what is due, decide, send; then exit, with code 1 when messages are left."""
    with _opened(folder) as (configuration, telegram, path, store):
        is_done = asyncio.run(_newsroom(configuration, telegram, path, store).once())
        found = store.status_now()
        sent = found.outbox.get("sent", 0)
        waiting = sum(found.outbox.get(state, 0) for state in ("pending", "sending", "uncertain"))
        waiting -= sum(found.unknown.values())
        out.print(
            f"{counted(found.feeds, 'feed', 'feeds')}, {found.feeds_failing} of them failing (tipoff feeds list); "
            f"{counted(found.items, 'item', 'items')}, {counted(found.stories, 'story', 'stories')}; "
            f"{counted(sent, 'message', 'messages')} sent, {waiting} waiting"
        )
        if not is_done:
            sys.exit(1)


@click.command()
@config_option
@clear_errors
def pair(folder: Path) -> None:
    """Print a one-time link: whoever opens it first owns the bot and is the chat "me"."""
    configuration = Configuration.load(folder)
    telegram = Telegram.read(os.environ)
    if telegram is None:
        raise ConfigError("TIPOFF_TELEGRAM_TOKEN is not set: @BotFather in Telegram gives a token to a new bot")
    path = Path(configuration.settings.store.path)
    username = asyncio.run(username_of(telegram))
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreError(f"{path.parent}: the folder cannot be made: {error.strerror}") from error
    _print_link(username, PairingCode(path).issue(SystemClock().now()))
    if is_running(path):
        out.print("The daemon is running and waits for you.")
    else:
        out.print("Start the daemon now: tipoff run")


async def username_of(telegram: Telegram, chats: Sequence[ChatSpec] = ()) -> str:
    """Return the bot's name at Telegram. Raises ConfigError with the cure, also for chats the bot cannot see."""
    try:
        async with Bot(telegram.token, base_url=f"{telegram.api}/bot") as bot:
            unseen = [mistake for chat in chats if (mistake := await _trouble_with(bot, chat))]
            username = str(bot.username)
    except InvalidToken as error:
        raise ConfigError("Telegram does not know this bot token; see TIPOFF_TELEGRAM_TOKEN") from error
    except TelegramError as error:
        raise ConfigError(f"Telegram cannot be reached: {_why(error, telegram)}") from error
    if unseen:
        raise ConfigError(*unseen)
    return username


def _why(error: TelegramError, telegram: Telegram) -> str:
    """Return in words why nobody answered as the Bot API does."""
    if isinstance(error, TimedOut):
        return f"{telegram.api} does not answer in time; try again later"
    if isinstance(error, NetworkError):
        return f"no Bot API answers at {telegram.api}; look at the network"
    return f"{telegram.api} says: {redact(str(error))}"


async def _trouble_with(bot: Bot, chat: ChatSpec) -> str | None:
    """Return what is wrong with a configured chat, or None."""
    if chat.id is None:
        return None
    try:
        await bot.get_chat(chat.id)
    except (BadRequest, Forbidden) as error:
        return f'the chat "{chat.name}" ({chat.id}) cannot be seen by the bot: {error}; add the bot to it first'
    return None


@contextmanager
def _opened(folder: Path) -> Iterator[tuple[Configuration, Telegram | None, Path, Store]]:
    """Read the configuration, take the lock and open the database; close it at the end."""
    os.umask(0o077)
    signal.signal(signal.SIGTERM, _stop_before_it_runs)
    configuration = Configuration.load(folder)
    logs.set_up(configuration.settings.log.level)
    telegram = Telegram.read(os.environ)
    os.environ.pop(Telegram.VARIABLE, None)  # the processes that read documents have no use for it
    path = Path(configuration.settings.store.path)
    now = SystemClock().now()
    with only_instance(path):
        rescued = rescue(path, now)
        store = Store(path, configuration.settings.store.backups)
        if rescued is not None:
            warn(rescued)
            store.notify_now(rescued, now)
        try:
            yield configuration, telegram, path, store
        finally:
            store.close()


def _newsroom(configuration: Configuration, telegram: Telegram | None, path: Path, store: Store) -> Newsroom:
    transports = real_transports(configuration.settings, telegram, TerminalChannel(out), os.environ)
    return Newsroom(build(configuration, SystemClock(), transports, store, path, _notices(PairingCode(path))))


def _stop_before_it_runs(*_: object) -> NoReturn:
    """End in order although nothing runs yet that could be stopped."""
    sys.exit(0)


def _notices(code: PairingCode) -> Notices:
    def unpaired(username: str) -> None:
        if code.is_live(SystemClock().now()):
            out.print("Nobody owns this bot yet: open the link that was printed before, or make a new one: tipoff pair")
        else:
            _print_link(username, code.issue(SystemClock().now()))

    def trouble(text: str) -> None:
        click.echo(f"tipoff: {text}", err=True)

    return Notices(unpaired, trouble)


def _print_link(username: str, code: str) -> None:
    link = deep_link(username, code)
    out.print(Panel.fit(link, title="Open this link in Telegram within an hour: the first to do so owns the bot"))
    if sys.stdout.isatty():
        segno.make(link).terminal(compact=True)


async def _run(newsroom: Newsroom, folder: Path, configuration: Configuration) -> None:
    stop, changed = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop_or_end, stop)
    loop.add_signal_handler(signal.SIGHUP, changed.set)
    async with asyncio.TaskGroup() as group:
        reloading = group.create_task(_reload(newsroom, folder, changed, has_watches=bool(configuration.watches)))
        await newsroom.run(stop)
        reloading.cancel()


def _stop_or_end(stop: asyncio.Event) -> None:
    """Stop in order; a second signal ends at once, whatever hangs: nothing is lost by that, as by a crash."""
    if stop.is_set():
        click.echo("tipoff: stopped at once; messages under way are sent again at the next start", err=True)
        _end_now()
    stop.set()


def _end_now() -> NoReturn:
    """End without waiting for anybody: an exception would first unwind, and show, all that hangs."""
    for child in multiprocessing.active_children():
        child.kill()
    # or the resource tracker complains of semaphores; the name is not public
    getattr(multiprocessing.util, "_run_finalizers", int)(0)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)


async def _reload(newsroom: Newsroom, folder: Path, changed: asyncio.Event, *, has_watches: bool) -> None:
    """Take over a new configuration on SIGHUP or when a file changed; a broken one is refused and the old one stays.

    So is one without a watch where there was one: an editor or a copy may have cut the file. Said twice, it is meant.
    """
    seen, may_be_empty = _stamps(folder), not has_watches
    while True:
        with_signal = await _wait(changed)
        now = _stamps(folder)
        if not with_signal and now == seen:
            continue
        seen = now
        changed.clear()
        try:
            configuration = await asyncio.to_thread(Configuration.load, folder)
            if not configuration.watches and not may_be_empty:
                may_be_empty = True
                log.error("the watchlist is empty now, the old one stays; save it once more if that is meant")
                continue
            await newsroom.reload(configuration)
            may_be_empty = not configuration.watches
            log.info("reloaded folder=%s", folder)
        except ConfigError as error:
            log.error("the new configuration is refused, the old one stays:")  # noqa: TRY400  # no traceback for a typo
            for mistake in error.mistakes:
                log.error("%s", mistake)  # noqa: TRY400  # as above


async def _wait(changed: asyncio.Event) -> bool:
    try:
        await asyncio.wait_for(changed.wait(), _CHECK_EVERY)
    except TimeoutError:
        return False
    return True


def _stamps(folder: Path) -> tuple[tuple[int, int], ...]:
    """Return the size and time of each configuration file."""
    return tuple(_stamp(folder / name) for name in FILES)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()  # one call: the file may be replaced at any moment
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size
