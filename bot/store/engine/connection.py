"""One connection to one file, on one thread: every write is short, and whole or undone.

Writes that come together share one transaction, for the way to the disk is what costs; whoever waits for one goes on
when all of it is committed.
"""

import asyncio
import json
import logging
import os
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from sqlite_utils import Database

from bot.core.errors import StoreError, StoreUnavailable
from bot.store.engine.transaction import Transaction

log = logging.getLogger(__name__)

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_WAIT_FOR_LOCK = 5.0  # seconds
_LONGEST_RETRY = 30.0  # seconds
_MOST_TOGETHER = 32  # writes in one transaction
# What may pass by itself: a full disk, a lock that another program holds, a disk that fails for a while.
_MAY_PASS = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR}
# What the disk or another program does to the file: "disk full", "locked", and (as the plain class) "malformed".
# The other kinds of DatabaseError, such as a broken constraint, are ours.
_NOT_A_BUG = (sqlite3.OperationalError, sqlite3.DatabaseError)

# Versions in which a WAL file with more than one writing connection can lose commits (sqlite.org/wal.html).
_WAL_FIXED = ((3, 51, 3), (3, 50, 7), (3, 44, 6))


@dataclass(slots=True, eq=False)
class _Job:
    """A piece of work, and who waits for it: on a loop, or without one."""

    work: Callable[[Transaction], Any]
    is_write: bool
    future: "asyncio.Future[Any] | Future[Any]"
    loop: asyncio.AbstractEventLoop | None
    result: Any = None
    error: BaseException | None = None

    def deliver(self) -> None:
        if self.future.done():
            return  # nobody waits any more
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class Connection:
    """Runs work on the one connection, off the event loop: what waits together is read first, then written in order."""

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
        self._db: Transaction
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._is_over = False  # the end was among what waited
        self._is_closed = False
        opened: Future[None] = Future()
        self._thread = Thread(target=self._serve, args=[opened, wait], name="store", daemon=True)
        self._thread.start()
        opened.result()
        self._place = None if path is None else _place(path)

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Return what `work` reads."""
        return await self._persist(work, is_write=False)

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Return what `work` returns, once all it wrote is committed; an error in it undoes it all.

        While the disk is full, or another program holds the lock, it is tried again and again: whoever waits for it
        takes nothing new meanwhile, and nothing is lost.
        """
        return await self._persist(work, is_write=True)

    async def _persist(self, work: Callable[[Transaction], T], *, is_write: bool) -> T:
        wait = 1.0
        while True:
            loop = asyncio.get_running_loop()
            future: asyncio.Future[T] = loop.create_future()
            self._put(_Job(work, is_write, future, loop))
            try:
                result = await future
            except StoreUnavailable as error:
                self._note(str(error))
                await self._sleep(wait)
                wait = min(wait * 2, _LONGEST_RETRY)
            else:
                if is_write:
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

    def read_now(self, work: Callable[[Transaction], T]) -> T:
        """Do as `read`, for callers without an event loop."""
        return self._wait_for(work, is_write=False)

    def write_now(self, work: Callable[[Transaction], T]) -> T:
        """Do as `write`, for callers without an event loop: but once only. Raises StoreError."""
        return self._wait_for(work, is_write=True)

    def _wait_for(self, work: Callable[[Transaction], T], *, is_write: bool) -> T:
        future: Future[T] = Future()
        self._put(_Job(work, is_write, future, loop=None))
        return future.result()

    def close(self) -> None:
        """Finish what is under way, fold the log into the file and close."""
        self._is_closed = True
        self._jobs.put(None)
        self._thread.join()

    def _put(self, job: _Job) -> None:
        if self._is_closed:
            raise RuntimeError("the database was closed")
        self._jobs.put(job)

    def _serve(self, opened: Future[None], wait: float) -> None:
        """Do what comes, until the end. Nothing else touches the connection."""
        try:
            self._db = _open(self._path, wait)
        except StoreError as error:
            opened.set_exception(error)
            return
        opened.set_result(None)
        while jobs := self._take():
            for together in jobs:
                self._do(together)
                for loop, ready in groupby(together, lambda job: job.loop):
                    _deliver(list(ready), loop)
        self._close()

    def _take(self) -> Sequence[Sequence[_Job]]:
        """Wait for work; return the reading and the writing that waits, neither of them empty; nothing at the end.

        What waits at one time may be done in any order: who reads what was written waited for the writing.
        """
        if self._is_over:
            return ()
        waiting = [self._jobs.get()]
        with suppress(Empty):
            while len(waiting) < _MOST_TOGETHER:
                waiting.append(self._jobs.get_nowait())
        self._is_over = None in waiting
        jobs = [job for job in waiting if job is not None]
        apart = ([job for job in jobs if not job.is_write], [job for job in jobs if job.is_write])
        return [together for together in apart if together]

    def _do(self, jobs: Sequence[_Job]) -> None:
        wanted = [job for job in jobs if not job.future.done()]
        if len(wanted) > 1 and wanted[0].is_write and self._do_together(wanted):
            return
        for job in wanted:
            job.result = job.error = None
            try:
                job.result = self._transact(job.work) if job.is_write else self._run(job.work)
            except BaseException as error:  # noqa: BLE001  # it is for whoever waits
                job.error = error

    def _do_together(self, jobs: Sequence[_Job]) -> bool:
        """Do writes in one transaction; return False, with none of them done, where anything stands in the way."""

        def work(db: Transaction) -> None:
            for job in jobs:
                _do_apart(db, job)

        try:
            self._transact(work)
        except Exception:  # noqa: BLE001  # none is done: each is tried by itself, and hears its own error
            return False
        return True

    def _run(self, work: Callable[[Transaction], T]) -> T:
        if self._path is not None and _place(self._path) != self._place:
            raise StoreError(f"{self._path}: the database was moved or deleted while Tipoff runs; nothing more is told")
        try:
            return work(self._db)
        except sqlite3.DatabaseError as error:
            if type(error) not in _NOT_A_BUG:
                raise
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _MAY_PASS:
                raise StoreUnavailable(f"the database cannot be written: {error}") from error
            raise StoreError(f"the database cannot be used: {error}") from error

    def _transact(self, work: Callable[[Transaction], T]) -> T:
        def transaction(db: Transaction) -> T:
            db.execute("BEGIN IMMEDIATE")
            try:
                result = work(db)
                db.execute("COMMIT")
            except BaseException:  # whatever it was: undone, and passed on
                if db.raw.in_transaction:
                    with suppress(*_NOT_A_BUG):  # the first error says it
                        db.execute("ROLLBACK")
                raise
            return result

        return self._run(transaction)

    def _close(self) -> None:
        with suppress(*_NOT_A_BUG):  # a log that cannot be folded in now is read at the next start
            if not self._db.raw.in_transaction:
                self._db.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.raw.close()


def _do_apart(db: Transaction, job: _Job) -> None:
    """Do one write of several: an error of its own undoes it alone."""
    db.execute("SAVEPOINT apart")
    try:
        job.result = job.work(db)
    except Exception as error:  # it is for whoever waits for this one
        if type(error) in _NOT_A_BUG:
            raise
        job.error = error
        db.execute("ROLLBACK TO apart")
    db.execute("RELEASE apart")


def _deliver(jobs: Sequence[_Job], loop: asyncio.AbstractEventLoop | None) -> None:
    def deliver() -> None:
        for job in jobs:
            job.deliver()

    if loop is None:
        deliver()
    else:
        with suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(deliver)


def _place(path: Path) -> tuple[int, int] | None:
    """Return which file this is, or None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _open(path: Path | None, wait: float) -> Transaction:
    try:
        return _connect(path, wait)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path}: the database cannot be opened ({error}): is its folder writable?") from error


def _connect(path: Path | None, wait: float) -> Transaction:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
            raise PermissionError("not writable")
    connection = sqlite3.connect(str(path or ":memory:"), timeout=wait, isolation_level=None)
    db = Database(connection)
    if path is not None:
        db.enable_wal()
    # NORMAL could lose the last commits at a power cut: a lost "sent" is a repeated alert
    db.execute("PRAGMA synchronous=FULL")
    db.execute("PRAGMA foreign_keys=ON")
    return Transaction(connection)


@contextmanager
def looking(path: Path) -> Iterator[Transaction]:
    """Open an existing file beside a running daemon, to look only. Raises StoreError, also for what fails inside."""
    try:
        path.stat()
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=_WAIT_FOR_LOCK)) as connection:
            connection.execute("PRAGMA query_only=ON")
            yield Transaction(connection)
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
    return _ENCODE(value)
