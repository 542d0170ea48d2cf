"""One connection to one file, on one thread: every write is one short transaction that takes the lock first."""

import asyncio
import json
import logging
import os
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from sqlite_utils import Database

from bot.errors import StoreError, StoreUnavailable

log = logging.getLogger(__name__)

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_WAIT_FOR_LOCK = 5.0  # seconds
_LONGEST_RETRY = 30.0  # seconds
# What may pass by itself: a full disk, a lock that another program holds, a disk that fails for a while.
_MAY_PASS = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR}
# What the disk or another program does to the file: "disk full", "locked", and (as the plain class) "malformed".
# The other kinds of DatabaseError, such as a broken constraint, are ours.
_NOT_A_BUG = (sqlite3.OperationalError, sqlite3.DatabaseError)

# Versions in which a WAL file with more than one writing connection can lose commits (sqlite.org/wal.html).
_WAL_FIXED = ((3, 51, 3), (3, 50, 7), (3, 44, 6))


class Connection:
    """Runs work on the one connection, one piece at a time, off the event loop."""

    def __init__(
        self, path: Path | None, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep, wait: float = _WAIT_FOR_LOCK
    ) -> None:
        """Open the file, or an empty database in memory; `wait` seconds for a lock. Raises StoreError.

        `on_trouble` may be set: it is told, once, that the disk or another program stands in the way, and None
        when that is over.
        """
        self._path = path
        self._sleep = sleep
        self.on_trouble: Callable[[str | None], None] = lambda trouble: None
        self.trouble: str | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._db = self._thread.submit(_open, path, wait).result()
        self._place = None if path is None else _place(path)

    async def read(self, work: Callable[[Database], T]) -> T:
        """Return what `work` reads."""
        return await self._persist(self._run, work)

    async def write(self, work: Callable[[Database], T]) -> T:
        """Return what `work` returns, once all it wrote is committed; an error in it undoes it all.

        While the disk is full, or another program holds the lock, it is tried again and again: whoever waits for it
        takes nothing new meanwhile, and nothing is lost.
        """
        return await self._persist(self._transact, work, tells=True)

    async def _persist(
        self, run: Callable[[Callable[[Database], T]], T], work: Callable[[Database], T], *, tells: bool = False
    ) -> T:
        wait = 1.0
        while True:
            try:
                result = await asyncio.get_running_loop().run_in_executor(self._thread, run, work)
            except StoreUnavailable as error:
                self._note(str(error))
                await self._sleep(wait)
                wait = min(wait * 2, _LONGEST_RETRY)
            else:
                if tells:
                    self._note(None)
                return result

    def _note(self, trouble: str | None) -> None:
        """Say what stands in the way once, however many wait for it."""
        if (trouble is None) != (self.trouble is None):
            if trouble is None:
                log.warning("database_back (it can be written again)")
            else:
                log.error("database_stands_still reason=%s (it is tried again until it goes through)", trouble)
            self.on_trouble(trouble)
        self.trouble = trouble

    def read_now(self, work: Callable[[Database], T]) -> T:
        """Do as `read`, for callers without an event loop."""
        return self._thread.submit(self._run, work).result()

    def close(self) -> None:
        """Finish what is under way, fold the log into the file and close."""
        self._thread.submit(self._close).result()
        self._thread.shutdown()

    def _run(self, work: Callable[[Database], T]) -> T:
        try:
            return work(self._db)
        except sqlite3.DatabaseError as error:
            if type(error) not in _NOT_A_BUG:
                raise
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _MAY_PASS:
                raise StoreUnavailable(f"the database cannot be written: {error}") from error
            raise StoreError(f"the database cannot be used: {error}") from error

    def _transact(self, work: Callable[[Database], T]) -> T:
        def transaction(db: Database) -> T:
            if self._path is not None and _place(self._path) != self._place:
                raise StoreError(
                    f"{self._path}: the database was moved or deleted while Tipoff runs; nothing more is told"
                )
            db.execute("BEGIN IMMEDIATE")
            try:
                result = work(db)
                db.execute("COMMIT")
            except BaseException:  # whatever it was, cancelling too: undone, and passed on
                if db.conn.in_transaction:
                    with suppress(*_NOT_A_BUG):  # the first error says it
                        db.execute("ROLLBACK")
                raise
            return result

        return self._run(transaction)

    def _close(self) -> None:
        with suppress(*_NOT_A_BUG):  # a log that cannot be folded in now is read at the next start
            if not self._db.conn.in_transaction:
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._db.close()


def _place(path: Path) -> tuple[int, int] | None:
    """Return which file this is, or None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _open(path: Path | None, wait: float) -> Database:
    try:
        return _connect(path, wait)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path}: the database cannot be opened ({error}): is its folder writable?") from error


def _connect(path: Path | None, wait: float) -> Database:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
            raise PermissionError("not writable")
    connection = sqlite3.connect(str(path or ":memory:"), timeout=wait)
    db = Database(connection)
    if path is not None:
        db.enable_wal()
    # NORMAL could lose the last commits at a power cut: a lost "sent" is a repeated alert
    db.execute("PRAGMA synchronous=FULL")
    db.execute("PRAGMA foreign_keys=ON")
    return db


@contextmanager
def looking(path: Path) -> Iterator[Database]:
    """Open an existing file beside a running daemon, to look only. Raises StoreError, also for what fails inside."""
    try:
        path.stat()
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=_WAIT_FOR_LOCK)) as connection:
            connection.execute("PRAGMA query_only=ON")
            yield Database(connection)
    except FileNotFoundError as error:
        raise StoreError(f"{path}: there is no database yet; start it with: tipoff run") from error
    except OSError as error:
        raise StoreError(f"{path}: the database cannot be read ({error.strerror})") from error
    except sqlite3.Error as error:
        raise StoreError(f"{path}: the database cannot be read ({error})") from error


def sqlite_report(in_use: str = sqlite3.sqlite_version) -> str:
    """Return the SQLite version in use, and what follows from it."""
    version = tuple(int(part) for part in in_use.split("."))
    fixed = version >= _WAL_FIXED[0] or any(version[:2] == good[:2] and version >= good for good in _WAL_FIXED[1:])
    return in_use + ("" if fixed else " (before 3.51.3 two programs that write could lose data; Tipoff alone writes)")


def micros(instant: datetime) -> int:
    """Return an instant as the store writes it: microseconds since 1970, UTC."""
    return (instant - _EPOCH) // _MICROSECOND


def micros_or_none(instant: datetime | None) -> int | None:
    """Return an instant as the store writes it, if there is one."""
    return None if instant is None else micros(instant)


def instant(value: int) -> datetime:
    """Return the instant that the store wrote."""
    return _EPOCH + timedelta(microseconds=value)


def instant_or_none(value: int | None) -> datetime | None:
    """Return the instant that the store wrote, if there is one."""
    return None if value is None else instant(value)


def texts(value: str) -> tuple[str, ...]:
    """Return a list of texts that the store wrote."""
    return tuple(json.loads(value))


def as_json(value: object) -> str:
    """Return a value as the store writes lists."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
