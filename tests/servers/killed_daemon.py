"""The real command line with one blow in the right place: `POINT run` instead of `run`.

Points:
    after-poll   SIGKILL right after the commit of a poll that brought new items
    after-send   SIGKILL right after Telegram took a message, before that is noted
    seen-first   the null control: items count as done as soon as they are stored, as in bots that mark
                 what they saw before they tell it; then SIGKILL as in after-poll

A kill counts only once its mark is printed: nothing is proved by a kill that came too early.
"""

import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from typing import NoReturn

from bot.dispatch.telegram import TelegramMessenger
from bot.model import Alert, Kind, Lease, Message, Outcome, Poll
from bot.store.wire import SqliteWire

_commit_poll = SqliteWire.commit_poll
_deliver = TelegramMessenger.deliver


def die(point: str) -> NoReturn:
    os.write(sys.stdout.fileno(), f"killed {point}\n".encode())
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("SIGKILL does not come back")


async def commit_and_die(self: SqliteWire, lease: Lease, poll: Poll, until: datetime) -> None:
    await _commit_poll(self, lease, poll, until)
    if poll.new and poll.feed.baselined:
        die("after-poll")


async def mark_seen_and_die(self: SqliteWire, lease: Lease, poll: Poll, until: datetime) -> None:
    await _commit_poll(self, lease, poll, until)
    if poll.new and poll.feed.baselined:
        await self._connection.write(lambda db: db.execute("update items set state = 'done'"))
        die("seen-first")


async def send_and_die(self: TelegramMessenger, alert: Alert, message: Message) -> Outcome:
    outcome = await _deliver(self, alert, message)
    if alert.kind is Kind.ALERT and alert.attempt == 1:
        die("after-send")
    return outcome


POINTS: dict[str, Callable[[], None]] = {
    "after-poll": lambda: setattr(SqliteWire, "commit_poll", commit_and_die),
    "seen-first": lambda: setattr(SqliteWire, "commit_poll", mark_seen_and_die),
    "after-send": lambda: setattr(TelegramMessenger, "deliver", send_and_die),
}


def main() -> None:
    """Run the command line with the blow in its place."""
    from bot.cli import commands

    POINTS[sys.argv.pop(1)]()
    commands()
