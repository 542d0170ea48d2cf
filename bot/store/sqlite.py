"""The store on SQLite through sqlite-utils: one file, one writer, one lock."""

import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlite_utils import Database

from bot.errors import AlreadyRunning, StoreError
from bot.model import Status
from bot.store.chats import SqliteChats
from bot.store.connection import Connection, looking, sqlite_report
from bot.store.desk import SqliteDesk
from bot.store.dispatch import SqliteDispatch
from bot.store.reports import Explained, Missed, actions, explain, misses, silences, status_of
from bot.store.schema import require_current, upgrade
from bot.store.wire import SqliteWire, feed_health

log = logging.getLogger(__name__)

__all__ = [
    "Explained",
    "Missed",
    "SqliteStore",
    "explain",
    "feed_health",
    "is_running",
    "misses",
    "only_instance",
    "open_to_read",
    "sqlite_report",
    "status_of",
]


class SqliteStore:
    """One database file, by stage. Opening brings its schema up to date."""

    def __init__(self, path: Path | None) -> None:
        """Open the file, creating it where it is missing, or a scratch store in memory.

        Raises StoreError; a file that a newer Tipoff wrote is left as it is (NewerSchema).
        """
        self._connection = Connection(path)
        try:
            self._connection.read_now(lambda db: upgrade(db, path))
        except StoreError:
            self._connection.close()
            raise
        self.wire = SqliteWire(self._connection)
        self.desk = SqliteDesk(self._connection)
        self.dispatch = SqliteDispatch(self._connection)
        self.chats = SqliteChats(self._connection)
        log.info("sqlite version=%s", sqlite_report())

    async def status(self) -> Status:
        """Return how the newsroom is doing."""
        return await self._connection.read(status_of)

    def status_now(self) -> Status:
        """Do as `status`, for callers without an event loop."""
        return self._connection.read_now(status_of)

    async def actions(self) -> dict[str, int]:
        """Return how many decisions there were of each kind."""
        return await self._connection.read(actions)

    async def silences(self) -> dict[str, int]:
        """Return how many items stayed silent for each reason, the most frequent first."""
        return await self._connection.read(silences)

    async def tidy(self) -> None:
        """Do the nightly work: let SQLite look after its indexes."""
        await self._connection.read(lambda db: db.execute("PRAGMA optimize").fetchall())

    def close(self) -> None:
        """Finish what is under way and close the file."""
        self._connection.close()


@contextmanager
def open_to_read(path: Path) -> Iterator[Database]:
    """Open an existing file beside a running daemon, to look only. Raises StoreError, also for what fails inside."""
    with looking(path) as db:
        require_current(db, path)
        yield db


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
