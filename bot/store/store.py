"""The store on SQLite through sqlite-utils: one file, one writer, one lock."""

import fcntl
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.core.errors import AlreadyRunning, StoreError
from bot.core.model import Explained, FeedHealth, Status
from bot.store.chats import ChatTables
from bot.store.engine.backup import backups, copy_into_backups, rescue, restore
from bot.store.engine.connection import Connection, looking, sqlite_report
from bot.store.engine.schema import require_current, upgrade
from bot.store.engine.transaction import Transaction
from bot.store.feeds import FetchTables, count_firsts, feed_health, feed_record
from bot.store.history import count_readings, edited, forget, labels, readings, search, start_of_newest
from bot.store.mutations import own_feeds, own_watches
from bot.store.outbox.deliver import DeliverTables
from bot.store.outbox.rows import put_notice
from bot.store.regroup import RegroupTables
from bot.store.reports import actions, explain, near_misses, silences, status_of
from bot.store.stories import DecideTables

log = logging.getLogger(__name__)

__all__ = [
    "Explained",
    "Store",
    "back_up_beside",
    "backups",
    "count_readings",
    "edited",
    "explain",
    "feed_health",
    "feed_record",
    "is_running",
    "labels",
    "near_misses",
    "only_instance",
    "open_to_read",
    "own_feeds",
    "own_watches",
    "readings",
    "rescue",
    "restore",
    "search",
    "sqlite_report",
    "start_of_newest",
    "status_of",
]


class Store:
    """One database file, by stage. Opening brings its schema up to date."""

    def __init__(self, path: Path | None, keep: int = 7) -> None:
        """Open the file, creating it where it is missing, or a scratch store in memory; `keep` so many backups.

        A file of an older version is copied before it is changed. Raises StoreError; a file that a newer Tipoff
        wrote is left as it is (NewerSchema).
        """
        self._connection = Connection(path)
        self._path = path
        self._keep = keep
        try:
            self._connection.read_now(lambda db: upgrade(db, path, keep))
        except StoreError:
            self._connection.close()
            raise
        self.fetch = FetchTables(self._connection)
        self.decide = DecideTables(self._connection)
        self.regroup = RegroupTables(self._connection)
        self.deliver = DeliverTables(self._connection)
        self.chats = ChatTables(self._connection)
        log.info("sqlite version=%s", sqlite_report())

    async def status(self, now: datetime | None = None) -> Status:
        """Return how the newsroom is doing; without the time no feed is due."""
        return await self._connection.read(lambda db: status_of(db, now))

    def status_now(self) -> Status:
        """Do as `status`, for callers without an event loop."""
        return self._connection.read_now(status_of)

    def notify_now(self, text: str, now: datetime) -> None:
        """Tell the owner what needs a person, before anything runs."""
        self._connection.write_now(lambda db: put_notice(db, text, now))

    async def feeds(self) -> Sequence[FeedHealth]:
        """Return how each feed is doing, by name."""
        return await self._connection.read(feed_health)

    async def actions(self) -> dict[str, int]:
        """Return how many decisions there were of each kind."""
        return await self._connection.read(actions)

    async def silences(self) -> dict[str, int]:
        """Return how many items stayed silent for each reason, the most frequent first."""
        return await self._connection.read(silences)

    async def tidy(self, *, thorough: bool) -> str | None:
        """Find out who breaks stories, and let SQLite look after its indexes.

        When `thorough` look through the whole file, and return what is wrong.
        """

        def work(db: Transaction) -> str | None:
            count_firsts(db)
            db.rows("PRAGMA optimize")
            found = db.one("PRAGMA integrity_check(1)")[0] if thorough else "ok"
            return None if found == "ok" else str(found)

        return await self._connection.write(work)

    async def forget(self, now: datetime, items: timedelta, stories: timedelta) -> int:
        """Forget some of what is kept long enough; return how much, 0 when nothing is left to forget."""
        return await self._connection.write(lambda db: forget(db, now, items, stories))

    async def backup(self, now: datetime) -> Path | None:
        """Copy the database as it stands, checked, into its folder of backups. Raises StoreError."""
        path = self._path
        if path is None:
            return None
        return await self._connection.read(lambda db: copy_into_backups(db.raw, path, now, self._keep))

    def newest_backup(self) -> datetime | None:
        """Return when the newest backup was written."""
        copies = () if self._path is None else backups(self._path)
        return datetime.fromtimestamp(copies[0].stat().st_mtime, UTC) if copies else None

    def on_trouble(self, call: Callable[[str | None], None]) -> None:
        """Call a function when the database cannot be written for now, with the reason, and with None afterwards."""
        self._connection.on_trouble = call

    @property
    def trouble(self) -> str | None:
        """Return why the database cannot be written now, if so."""
        return self._connection.trouble

    def log_size(self) -> int:
        """Return the size of the write-ahead log in bytes."""
        log_file = None if self._path is None else self._path.with_name(self._path.name + "-wal")
        return log_file.stat().st_size if log_file is not None and log_file.exists() else 0

    def close(self) -> None:
        """Finish what is under way and close the file."""
        self._connection.close()


@contextmanager
def open_to_read(path: Path) -> Iterator[Transaction]:
    """Open an existing file beside a running daemon, to look only. Raises StoreError, also for what fails inside."""
    with looking(path) as db:
        require_current(db, path)
        yield db


def back_up_beside(path: Path, now: datetime, keep: int) -> Path:
    """Copy a database, also while a daemon writes it. Raises StoreError."""
    with open_to_read(path) as db:
        return copy_into_backups(db.raw, path, now, keep)


@contextmanager
def only_instance(path: Path) -> Iterator[None]:
    """Hold the lock beside the database; the kernel gives it back even after a crash. Raises AlreadyRunning."""
    lock = path.with_name(path.name + ".lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(
            f"{path}: the database cannot be opened ({error.strerror}): is its folder writable?"
        ) from error
    try:
        if not _locked(handle):
            raise AlreadyRunning(f"{path}: another Tipoff is running on this database; stop it first")
        yield
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    """Take the lock, or say that another holds it; who only looks whether it is held lets go in an instant."""
    for wait in (0.0, 0.1, 0.3):
        time.sleep(wait)
        with suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    return False


def is_running(path: Path) -> bool:
    """Say whether a Tipoff holds the lock of this database. Makes no file. Raises StoreError."""
    lock = path.with_name(path.name + ".lock")
    try:
        handle = os.open(lock, os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StoreError(f"{lock}: cannot be read ({error.strerror})") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
