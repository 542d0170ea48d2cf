"""The real command line with one blow in the right place: `POINT run` instead of `run`.

Points (each strikes the first time that there is news):
    after-body        a document was read, nothing of it is stored
    after-poll        right after the commit of the poll
    before-decide      it is decided, nothing of it is stored
    after-decide       right after the commit of the decide stage
    before-sending    before a message is marked as being sent
    after-sending     it is marked, and not sent
    after-send        Telegram took it, and that is not noted
    after-sent        right after that is noted
    in-checkpoint     while the write-ahead log is folded into the file, again and again
    in-backup         while the database is copied
    random            at any moment of the 60 ms after the commit of a poll
    never             not at all
    blocked           no kill: the event loop stands still for 2.5 s, which counts as too long
    seen-first        the null control: items count as done as soon as they are stored, as in bots that mark what
                      they saw before they tell it; then as in after-poll
    sent-first        the null control: messages are marked as sent before they are sent; then as in after-sending

A kill counts only once its mark is printed: nothing is proved by a kill that came too early. Feeds are asked ten
times a second, messages are sent a hundred times as fast as Telegram allows, and documents are read in the
process itself, which saves the start of the readers; with REAL_READERS in the environment they are read in
processes of their own.
"""

import os
import random
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import bot.delivery.stage
import bot.feeds.poller
import bot.ops.health
import bot.store.engine.backup
from bot.core.model import DeliveryResult, Feed, FeedDocument, FeedFailure, Outcome
from bot.delivery.channels.telegram import TelegramChannel
from bot.delivery.pace import Budget, Budgets, Pace
from bot.feeds.parsing.formats import read_document
from bot.store.feeds import FetchTables
from bot.store.outbox.deliver import DeliverTables
from bot.store.stories import DecideTables

Armed = Callable[[tuple[Any, ...], Any], bool]


def mark(point: str) -> None:
    os.write(sys.stdout.fileno(), f"killed {point}\n".encode())


def die(point: str) -> NoReturn:
    mark(point)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("SIGKILL does not come back")


def die_within(seconds: float) -> None:
    """Let another thread kill the process at a random moment; the mark is printed before."""
    delay = random.uniform(0, seconds)

    def kill() -> None:
        time.sleep(delay)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=kill, daemon=True).start()


def has_news(args: tuple[Any, ...], _: Any) -> bool:
    _, poll, *_ = args
    return bool(poll.new and poll.feed.is_backfilled)


def has_orders(args: tuple[Any, ...], _: Any) -> bool:
    return bool(args[0].orders)


def has_chats(args: tuple[Any, ...], _: Any) -> bool:
    return bool(args[0])


def has_alerts(_: tuple[Any, ...], alerts: Any) -> bool:
    return bool(alerts)


def always(_: tuple[Any, ...], __: Any) -> bool:
    return True


def strike(place: type, method: str, when: str, armed: Armed) -> Callable[[str], None]:
    """Return what kills before or after a method, when its arguments and its result are those wanted."""

    def arrange(point: str) -> None:
        original = getattr(place, method)

        async def struck(self: Any, *args: Any, **details: Any) -> Any:
            if when == "before" and armed(args, None):
                die(point)
            result = await original(self, *args, **details)
            if when == "after" and armed(args, result):
                die(point)
            return result

        setattr(place, method, struck)

    return arrange


def follow(place: type, method: str, armed: Armed, then: Callable[[Any, str], Any]) -> Callable[[str], None]:
    """Return what does something after a method, as soon as there is news."""

    def arrange(point: str) -> None:
        original = getattr(place, method)

        async def followed(self: Any, *args: Any, **details: Any) -> Any:
            result = await original(self, *args, **details)
            if armed(args, result):
                await then(self, point)
            return result

        setattr(place, method, followed)

    return arrange


async def at_any_moment(_: Any, point: str) -> None:
    mark(point)
    die_within(0.06)


async def in_a_checkpoint(stage: Any, point: str) -> None:
    def fold(db: Any) -> None:
        mark(point)
        die_within(0.02)
        while True:
            db.execute("update feeds set errors = errors")
            db.rows("PRAGMA wal_checkpoint(TRUNCATE)")

    await stage._connection.read(fold)


async def in_a_backup(stage: Any, point: str) -> None:
    def copy(source: sqlite3.Connection, target: Path) -> None:
        pages = source.execute("pragma page_count").fetchone()[0]
        fatal = random.randrange(pages)

        def progress(_: int, left: int, __: int) -> None:
            if left <= fatal:
                die(point)

        temporary = target.with_suffix(".new")
        with closing(sqlite3.connect(temporary)) as made:
            source.backup(made, pages=1, progress=progress)

    bot.store.engine.backup._copy = copy
    path = Path("data/tipoff.db")
    await stage._connection.read(
        lambda db: bot.store.engine.backup.copy_into_backups(db.raw, path, datetime.now(UTC), 3)
    )


async def mark_seen(stage: Any, point: str) -> None:
    await stage._connection.write(lambda db: db.execute("update items set state = 'done'"))
    die(point)


def sent_first(point: str) -> None:
    take = DeliverTables.take_alerts

    async def take_and_mark(self: Any, chats: Any, now: Any) -> Any:
        alerts = await take(self, chats, now)
        for alert in alerts:
            await self.settle(Outcome(alert, DeliveryResult.DONE), now, now)
        if alerts:
            die(point)
        return alerts

    setattr(DeliverTables, "take_alerts", take_and_mark)  # noqa: B010  # mypy takes it for a mistake


class Reader:
    """Reads documents in this process."""

    def __init__(self, *_: Any) -> None:
        """Take what ParseWorkers takes."""

    async def parse(self, body: bytes, content_type: str, url: str) -> FeedDocument | FeedFailure:
        return read_document(body, content_type, url)

    async def close(self) -> None:
        """Nothing is open."""


async def block(_: Any, point: str) -> None:
    mark(point)
    bot.ops.health._BLOCKED = 1.0
    time.sleep(2.5)  # noqa: ASYNC251  # what nobody should do is what is tested


POINTS: dict[str, Callable[[str], None]] = {
    "after-body": strike(FetchTables, "commit_poll", "before", has_news),
    "after-poll": strike(FetchTables, "commit_poll", "after", has_news),
    "before-decide": strike(DecideTables, "commit_batch", "before", has_orders),
    "after-decide": strike(DecideTables, "commit_batch", "after", has_orders),
    "before-sending": strike(DeliverTables, "take_alerts", "before", has_chats),
    "after-sending": strike(DeliverTables, "take_alerts", "after", has_alerts),
    "after-send": strike(TelegramChannel, "deliver", "after", always),
    "after-sent": strike(DeliverTables, "settle", "after", always),
    "in-checkpoint": follow(DecideTables, "commit_batch", has_orders, in_a_checkpoint),
    "in-backup": follow(DecideTables, "commit_batch", has_orders, in_a_backup),
    "random": follow(FetchTables, "commit_poll", has_news, at_any_moment),
    "never": lambda point: None,
    "blocked": follow(DecideTables, "commit_batch", has_orders, block),
    "seen-first": follow(FetchTables, "commit_poll", has_news, mark_seen),
    "sent-first": sent_first,
}


def soon(feed: Feed, now: datetime, *others: object, **more: object) -> datetime:
    """Ask every feed again at once."""
    return now + timedelta(seconds=0.1)


def main() -> None:
    """Run the command line with the blow in its place."""
    import bot.transports
    from bot.cli import commands

    random.seed(os.getpid() + time.time_ns())
    setattr(bot.feeds.poller, "next_due", soon)  # noqa: B010  # replaced, not used
    fast = Budget(100.0, 100.0)
    setattr(bot.delivery.stage, "Pace", lambda: Pace(Budgets(fast, fast, fast)))  # noqa: B010  # as above
    if "REAL_READERS" not in os.environ:
        setattr(bot.transports, "ParseWorkers", Reader)  # noqa: B010  # mypy takes it for a mistake
    point = sys.argv.pop(1)
    POINTS[point](point)
    commands()
