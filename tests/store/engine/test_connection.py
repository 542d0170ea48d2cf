"""What the disk and other programs do to the database: it waits, says so once, and loses nothing."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bot.core.errors import StoreError
from bot.store.engine.connection import Connection
from bot.store.engine.transaction import Transaction


class Waiter:
    """Waits no real time, and lets somebody cure the trouble meanwhile."""

    def __init__(self, cure: Callable[[int], None]) -> None:
        self.waits: list[float] = []
        self.said: list[str | None] = []
        self._cure = cure

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self._cure(len(self.waits))
        await asyncio.sleep(0)


def opened(path: Path, waiter: Waiter) -> Connection:
    connection = Connection(path, waiter.sleep, wait=0.05)
    connection.on_trouble = waiter.said.append
    return connection


def insert(db: Transaction) -> None:
    db.execute("insert into t values (zeroblob(20000))")


def make(db: Transaction) -> None:
    db.execute("create table if not exists t (x)")


def test_a_full_disk_is_waited_for(tmp_path: Path) -> None:
    """Two writes wait, the trouble is said once and its end once, and both are committed; reading goes on."""
    waiter = Waiter(lambda count: None)
    connection = opened(tmp_path / "x.db", waiter)

    async def work() -> None:
        await connection.write(make)
        pages = await connection.read(lambda db: db.one("pragma page_count")[0])
        await connection.read(lambda db: db.rows(f"pragma max_page_count={pages}"))

        async def free() -> None:
            while len(waiter.waits) < 5:
                assert (await connection.read(lambda db: db.one("select count(*) from t"))) == (0,)
            await connection.read(lambda db: db.rows("pragma max_page_count=100000"))

        await asyncio.gather(connection.write(insert), connection.write(insert), free())
        assert await connection.read(lambda db: db.one("select count(*) from t")) == (2,)

    try:
        asyncio.run(work())
    finally:
        connection.close()
    assert waiter.said == ["the database cannot be written: database or disk is full", None]
    assert waiter.waits[:2] == [1.0, 1.0]


def test_the_waits_grow_to_half_a_minute(tmp_path: Path) -> None:
    """Nobody hammers on a disk that is full."""
    other: list[sqlite3.Connection] = []

    def cure(count: int) -> None:
        if count == 8:
            other[0].execute("rollback")

    waiter = Waiter(cure)
    connection = opened(tmp_path / "x.db", waiter)
    other.append(sqlite3.connect(tmp_path / "x.db", check_same_thread=False))
    try:
        asyncio.run(connection.write(make))
        other[0].execute("begin immediate")
        asyncio.run(connection.write(insert))
    finally:
        connection.close()
        other[0].close()
    assert waiter.waits == [1, 2, 4, 8, 16, 30, 30, 30]
    assert waiter.said == ["the database cannot be written: database is locked", None]


def test_a_lock_that_is_held_for_a_moment_is_not_even_said(tmp_path: Path) -> None:
    """Within the time that SQLite waits by itself."""
    waiter = Waiter(lambda count: None)
    connection = Connection(tmp_path / "x.db", waiter.sleep, wait=5)
    connection.on_trouble = waiter.said.append
    with closing(sqlite3.connect(tmp_path / "x.db", check_same_thread=False)) as other:
        asyncio.run(connection.write(make))
        other.execute("begin immediate")
        timer = threading.Timer(0.5, lambda: other.execute("rollback"))
        timer.start()
        asyncio.run(connection.write(insert))
        timer.join()
        connection.close()
    assert (waiter.said, waiter.waits) == ([], [])


def write_into(path: Path, what: str) -> None:
    """Write into a database whose file goes missing before."""
    connection = opened(path, Waiter(lambda count: None))
    asyncio.run(connection.write(make))
    path.unlink()
    if what == "replaced":
        path.write_bytes(b"")
    try:
        asyncio.run(connection.write(insert))
    finally:
        connection.close()


@pytest.mark.parametrize("what", ["deleted", "replaced"])
def test_a_file_that_goes_missing_ends_it(tmp_path: Path, what: str) -> None:
    """What would be written then is seen by nobody: it is an error, not a silent loss, and no new file appears."""
    path = tmp_path / "x.db"
    with pytest.raises(StoreError, match="was moved or deleted while Tipoff runs"):
        write_into(path, what)
    assert path.exists() is (what == "replaced")


@pytest.mark.parametrize("what", ["deleted", "replaced"])
def test_a_connection_that_does_not_look_would_be_seen(
    tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The null control: SQLite itself takes what is written into a file that is gone, and says nothing."""
    monkeypatch.setattr("bot.store.engine.connection._place", lambda path: (0, 0))

    write_into(tmp_path / "x.db", what)


async def insert_many(connection: Connection, path: Path, many: int) -> tuple[list[object], int]:
    """Read and write as many at once, every third with an error of its own; return how each ended, and the commits."""
    said: list[str] = []
    await connection.write(make)
    await connection.read(lambda db: db.raw.set_trace_callback(said.append))

    async def one(number: int) -> object:
        await connection.read(lambda db: db.one("select 1"))

        def work(db: Transaction) -> int:
            db.execute("insert into t values (?)", [number])
            if number % 3 == 0:
                raise ValueError(number)
            return number

        ended = await connection.write(work)
        with closing(sqlite3.connect(path)) as other:
            assert other.execute("select count(*) from t where x = ?", [number]).fetchone() == (1,)
        return ended

    ended = await asyncio.gather(*map(one, range(many)), return_exceptions=True)
    await connection.read(lambda db: db.raw.set_trace_callback(None))
    return ended, said.count("COMMIT")


def inserting(number: int) -> Callable[[Transaction], object]:
    """Return the work of writing a number."""
    return lambda db: db.execute("insert into t values (?)", [number])


def count(db: Transaction) -> object:
    """Look up how many there are."""
    return db.one("select count(*) from t")


def rows(connection: Connection) -> list[int]:
    return [row[0] for row in connection.read_now(lambda db: db.rows("select x from t order by rowid"))]


def test_writes_that_come_together_share_a_commit(tmp_path: Path) -> None:
    """In their order; an error undoes its own write and no other; whoever goes on finds the write committed."""
    connection = opened(tmp_path / "x.db", Waiter(lambda count: None))
    try:
        ended, commits = asyncio.run(insert_many(connection, tmp_path / "x.db", 60))
        assert rows(connection) == [number for number in range(60) if number % 3]
    finally:
        connection.close()

    assert [one for one in ended if not isinstance(one, ValueError)] == [n for n in range(60) if n % 3]
    assert [one.args[0] for one in ended if isinstance(one, ValueError)] == list(range(0, 60, 3))
    assert commits < 20


def test_the_null_control_writes_one_by_one_commit_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The count above sees it."""
    monkeypatch.setattr("bot.store.engine.connection._MOST_TOGETHER", 1)
    connection = opened(tmp_path / "x.db", Waiter(lambda count: None))
    try:
        _, commits = asyncio.run(insert_many(connection, tmp_path / "x.db", 60))
    finally:
        connection.close()

    assert commits == 40


def test_what_is_read_meanwhile_parts_no_writes(tmp_path: Path) -> None:
    """Polls that wait to be written are written together, though others look something up between them."""
    connection = opened(tmp_path / "x.db", Waiter(lambda count: None))
    said: list[str] = []

    is_open = threading.Event()

    async def run() -> None:
        await connection.write(make)
        await connection.read(lambda db: db.raw.set_trace_callback(said.append))
        jobs: list[asyncio.Task[object]] = [asyncio.create_task(connection.read(lambda db: is_open.wait(9)))]
        await asyncio.sleep(0)
        for number in range(10):
            jobs += map(asyncio.create_task, (connection.write(inserting(number)), connection.read(count)))
        await asyncio.sleep(0)
        is_open.set()
        await asyncio.gather(*jobs)

    try:
        asyncio.run(run())
        assert rows(connection) == list(range(10))
    finally:
        connection.close()
    assert said.count("COMMIT") == 1


def test_a_bug_in_sharing_a_commit_costs_no_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is done by itself then, and the thread goes on: nobody waits for ever."""

    def buggy(db: Transaction, job: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("bot.store.engine.connection._do_apart", buggy)
    connection = opened(tmp_path / "x.db", Waiter(lambda count: None))
    try:
        ended, _ = asyncio.run(insert_many(connection, tmp_path / "x.db", 9))
        assert rows(connection) == [1, 2, 4, 5, 7, 8]
    finally:
        connection.close()
    assert sum(isinstance(one, ValueError) for one in ended) == 3


def test_a_write_that_nobody_waits_for_any_more_is_not_done(tmp_path: Path) -> None:
    """Unless it was begun; and after the end nothing is taken."""
    connection = opened(tmp_path / "x.db", Waiter(lambda count: None))
    begun = threading.Event()

    async def work() -> None:
        await connection.write(make)
        reading = asyncio.create_task(connection.read(lambda db: begun.wait(10)))
        writing = asyncio.create_task(connection.write(insert))
        await asyncio.sleep(0)
        writing.cancel()
        begun.set()
        assert await reading
        assert await connection.read(lambda db: db.one("select count(*) from t")) == (0,)

    asyncio.run(work())
    connection.close()
    with pytest.raises(RuntimeError, match="was closed"):
        asyncio.run(connection.write(insert))


def test_the_null_control_a_write_that_gives_up_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the second try a lock that lasts costs what was to be written."""
    monkeypatch.setattr("bot.store.engine.connection._MAY_PASS", set())
    connection = opened(tmp_path / "x.db", Waiter(lambda count: None))
    with closing(sqlite3.connect(tmp_path / "x.db")) as other:
        asyncio.run(connection.write(make))
        other.execute("begin immediate")
        with pytest.raises(StoreError, match="locked"):
            asyncio.run(connection.write(insert))
        other.execute("rollback")
        assert other.execute("select count(*) from t").fetchone() == (0,)
    connection.close()
