"""One table of commands: the help, the menu and the answers come from it. Pure but for the status it asks for."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.model import Status, WatchSpec


@dataclass(frozen=True, slots=True)
class Desk:
    """What a command may ask about."""

    chat: str
    watches: Sequence[WatchSpec]
    status: Callable[[], Awaitable[Status]]
    now: datetime


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its name, what it does in a few words, and how it answers."""

    name: str
    help: str
    answer: Callable[[Desk], Awaitable[str]]


async def _start(desk: Desk) -> str:
    return f"Tipoff is watching for you. This chat is called “{desk.chat}” in the watchlist.\n\n{_help_text()}"


async def _help(desk: Desk) -> str:
    return _help_text()


def _help_text() -> str:
    lines = [f"/{command.name} – {command.help}" for command in COMMANDS]
    return "\n".join(["What you can ask:", *lines, "", "Watches and feeds are edited in the config folder."])


async def _watches(desk: Desk) -> str:
    own = [watch for watch in desk.watches if desk.chat in watch.to]
    if not own:
        return f'No watch tells this chat. Give one  to = ["{desk.chat}"]  in watchlist.toml.'
    tell = "1 watch tells" if len(own) == 1 else f"{len(own)} watches tell"
    return "\n".join([f"{tell} this chat:", *(f"• {describe(watch)}" for watch in own)])


async def _status(desk: Desk) -> str:
    return status_text(await desk.status(), desk.now)


COMMANDS: tuple[Command, ...] = (
    Command("start", "what this bot does", _start),
    Command("help", "this list", _help),
    Command("watches", "what is watched for this chat", _watches),
    Command("status", "feeds, last poll, queue", _status),
)


async def answer(text: str, desk: Desk) -> str:
    """Return the answer to a message; what is no command gets the help."""
    name = text.split()[0].partition("@")[0].removeprefix("/").lower() if text.startswith("/") else ""
    command = next((command for command in COMMANDS if command.name == name), None)
    return await command.answer(desk) if command else f"I do not know that.\n{_help_text()}"


def describe(watch: WatchSpec) -> str:
    """Return a watch in one line of words."""
    parts = [
        *watch.events,
        *watch.people,
        *watch.organisations,
        *watch.keywords,
        *((watch.query,) if watch.query else ()),
    ]
    without = f", without {', '.join(watch.exclude)}" if watch.exclude else ""
    return f"{watch.name}: {', '.join(parts)}{without}"


def status_text(status: Status, now: datetime) -> str:
    """Return the status in a few lines for people."""
    lines = [
        f"Feeds: {status.feeds}, {status.feeds_failing} failing, {status.feeds_never_read} never read yet",
        f"Last poll: {_last_poll(status, now)}; next due: {ahead(status.next_due, now)}",
        f"Items: {status.items}, {status.items_pending} waiting for the desk; stories: {status.stories}",
        "Messages: " + (", ".join(f"{count} {state}" for state, count in status.outbox.items()) or "none yet"),
    ]
    if status.oldest_waiting is not None:
        lines.append(f"Oldest message waiting: {ago(status.oldest_waiting, now)}")
    lines += [
        f"{count} wait for the chat “{chat}”, which has no address yet: run  tipoff pair"
        if chat == "me"
        else f"{count} wait for the chat “{chat}”, which has no address"
        for chat, count in status.unpaired.items()
    ]
    lines += [
        f"{count} may not have arrived in the chat “{chat}”: Telegram left two attempts without an answer"
        for chat, count in status.unknown.items()
    ]
    lines += [f"The chat “{chat}” is paused: {reason}" for chat, reason in status.paused.items()]
    return "\n".join([*lines, f"SQLite {status.sqlite}"])


def _last_poll(status: Status, now: datetime) -> str:
    """Return when a feed was read at last and, when all fail, when one was tried in vain."""
    in_vain = status.last_poll is not None and status.feeds_failing == status.feeds
    tried = f" (tried in vain {ago(status.last_poll, now)})" if in_vain else ""
    return ago(status.last_success, now) + tried


def ago(then: datetime | None, now: datetime) -> str:
    """Return how long ago something was, in words."""
    return "never" if then is None else f"{_span((now - then).total_seconds())} ago"


def ahead(then: datetime | None, now: datetime) -> str:
    """Return how far ahead something is, in words."""
    if then is None:
        return "never"
    return "now" if then <= now else f"in {_span((then - now).total_seconds())}"


def _span(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"
