"""The store: one SQLite file with one writer, by stage; and what others may read in it meanwhile."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.core.errors import StoreError
from bot.core.model import Explained, FeedHealth, FeedRecord, FeedSpec, Item, Status, StoredItem, WatchSpec
from bot.store.chats import ChatTables
from bot.store.engine.backup import backups, copy_into_backups
from bot.store.engine.connection import Connection, looking, sqlite_report
from bot.store.engine.schema import maintain, require_current, upgrade
from bot.store.engine.transaction import Transaction
from bot.store.feeds import FetchTables, count_firsts, feed_health, feed_record
from bot.store.history import count_readings, edited, forget, labels, readings, search, start_of_newest
from bot.store.mutations import own_feeds, own_watches
from bot.store.outbox.deliver import DeliverTables
from bot.store.outbox.rows import put_notice
from bot.store.regroup import RegroupTables
from bot.store.reports import StoredNearMiss, actions, explain, near_misses, silences, status_of
from bot.store.stories import DecideTables

log = logging.getLogger(__name__)


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
            return maintain(db, thorough=thorough)

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


class ReadStore:
    """What a database file holds, beside a daemon that may write it meanwhile; see `open_to_read`."""

    def __init__(self, db: Transaction) -> None:
        self._db = db

    def status(self) -> Status:
        """Return how the newsroom is doing; no feed is due, for there is no clock."""
        return status_of(self._db)

    def feeds(self) -> Sequence[FeedHealth]:
        """Return how each feed is doing, by name."""
        return feed_health(self._db)

    def feed(self, wanted: str, newest: int) -> FeedRecord | None:
        """Return a feed by its address or name, with so many of its newest items; None where it is not polled."""
        return feed_record(self._db, wanted, newest)

    def own_watches(self) -> Sequence[tuple[str, WatchSpec]]:
        """Return the watches that were made in chats, each with its chat, the oldest first."""
        return own_watches(self._db)

    def own_feeds(self) -> Sequence[tuple[str, FeedSpec]]:
        """Return the feeds that were added in chats, each with its chat, the oldest first."""
        return own_feeds(self._db)

    def readings(self, since: datetime) -> Iterator[Item]:
        """Yield what the decide stage has read since a moment, in its order; an edited item once for each text."""
        return readings(self._db, since)

    def count_readings(self, since: datetime) -> int:
        """Return how many items `readings` yields."""
        return count_readings(self._db, since)

    def start_of_newest(self, since: datetime, most: int) -> datetime:
        """Return from when on there are at most so many items, not before `since`."""
        return start_of_newest(self._db, since, most)

    def edited(self) -> Sequence[int]:
        """Return the items that were read more than once."""
        return edited(self._db)

    def labels(self) -> Sequence[tuple[str, int, str, str]]:
        """Return what people said of items: the chat, the item, its headline, and "more" or "less" like it."""
        return labels(self._db)

    def near_misses(self, since: datetime, limit: int) -> Sequence[StoredNearMiss]:
        """Return headlines in which a wording may be missing from the lexicon, the newest first."""
        return near_misses(self._db, since, limit)

    def search(self, words: str, limit: int) -> Sequence[StoredItem]:
        """Return stored items with all of these words, the newest first."""
        return search(self._db, words, limit)

    def explain(self, wanted: str) -> Sequence[Explained]:
        """Return every decision about an item (its id or URL), or about a story ("story 7"), in order."""
        return explain(self._db, wanted)


@contextmanager
def open_to_read(path: Path) -> Iterator[ReadStore]:
    """Open an existing file beside a running daemon, to look only. Raises StoreError, also for what fails inside."""
    with _current(path) as db:
        yield ReadStore(db)


@contextmanager
def _current(path: Path) -> Iterator[Transaction]:
    with looking(path) as db:
        require_current(db, path)
        yield db


def back_up_beside(path: Path, now: datetime, keep: int) -> Path:
    """Copy a database, also while a daemon writes it. Raises StoreError."""
    with _current(path) as db:
        return copy_into_backups(db.raw, path, now, keep)
