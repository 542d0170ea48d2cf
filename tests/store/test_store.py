"""The file itself: who may open it, and what is refused."""

import fcntl
import logging
import sqlite3
import stat
from pathlib import Path

import pytest

from bot.core.errors import AlreadyRunning, NewerSchema, StoreError
from bot.store.engine.connection import sqlite_report
from bot.store.engine.lock import is_running, only_instance
from bot.store.store import Store, open_to_read
from tests.store.builders import leased, with_store


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Mode 0600: feed addresses can hold secrets."""
    Store(tmp_path / "x.db").close()

    assert stat.S_IMODE((tmp_path / "x.db").stat().st_mode) == 0o600


def test_opening_twice_migrates_once(tmp_path: Path) -> None:
    """The second opening finds the schema as it is."""
    for _ in range(2):
        Store(tmp_path / "x.db").close()


def of_a_newer_version(path: Path) -> Path:
    Store(path).close()
    with sqlite3.connect(path) as db:
        db.execute("insert into _sqlite_migrations (migration_set, name, applied_at) values ('tipoff', 'later', '')")
    db.close()
    return path


def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    """Not one byte of the file changes."""
    path = of_a_newer_version(tmp_path / "x.db")
    before = path.read_bytes()

    with pytest.raises(NewerSchema, match="'later'"):
        Store(path)
    assert path.read_bytes() == before


def test_a_store_that_takes_any_schema_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The null control: it opens what a newer version wrote, without a word."""
    monkeypatch.setattr("bot.store.engine.schema._refuse_newer", lambda db, path: None)

    Store(of_a_newer_version(tmp_path / "x.db")).close()


def test_a_second_instance_is_refused(tmp_path: Path) -> None:
    """The lock is held as long as the first runs, and free afterwards."""
    path = tmp_path / "x.db"
    with only_instance(path):
        assert is_running(path)
        with pytest.raises(AlreadyRunning, match="another Tipoff"), only_instance(path):
            pass
    assert not is_running(path)


def test_a_lock_that_can_be_shared_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The null control: with it a second instance runs beside the first."""
    monkeypatch.setattr("bot.store.engine.lock.fcntl.LOCK_EX", fcntl.LOCK_SH)
    path = tmp_path / "x.db"

    with only_instance(path), only_instance(path):
        assert not is_running(path)


def test_what_cannot_be_opened_is_said(tmp_path: Path) -> None:
    """A file that is no database, and a folder that is none."""
    (tmp_path / "text.db").write_text("this is not a database, but it is long enough to look at" * 20, "utf-8")

    for path in (tmp_path / "text.db", tmp_path / "text.db" / "x.db"):
        with pytest.raises(StoreError, match="cannot be opened"):
            Store(path)


def test_a_file_that_is_damaged_under_way_is_said_in_one_line(tmp_path: Path) -> None:
    """What SQLite calls malformed is no bug of ours, in a read, in a write and at the closing."""
    path = tmp_path / "x.db"

    async def work(store: Store) -> None:
        await leased(store)
        await store._connection.read(lambda db: db.rows("PRAGMA wal_checkpoint(TRUNCATE)"))
        await store._connection.read(lambda db: db.rows("PRAGMA shrink_memory"))
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * (path.stat().st_size - 4096))
        with pytest.raises(StoreError, match=r"the database cannot be used: .*malformed"):
            await store.status()
        with pytest.raises(StoreError, match=r"the database cannot be used: .*malformed"):
            await leased(store)

    with_store(path, work)


def test_a_broken_constraint_is_a_bug() -> None:
    """It is no trouble that a person could cure."""

    async def work(store: Store) -> None:
        with pytest.raises(sqlite3.IntegrityError):
            await store._connection.write(lambda db: db.execute("insert into leases values (null, null, null, 0)"))

    with_store(None, work)


def test_an_error_in_a_transaction_undoes_it_all() -> None:
    """Nothing of a failed write is left."""

    async def work(store: Store) -> None:
        await leased(store)
        with pytest.raises(ZeroDivisionError):
            await store._connection.write(lambda db: (db.execute("delete from feeds"), 1 / 0))

        assert (await store.status()).feeds == 1

    with_store(None, work)


def test_a_reader_beside_the_daemon_sees_and_writes_nothing(tmp_path: Path) -> None:
    """Status can be asked while the file is open elsewhere."""
    store = Store(tmp_path / "x.db")
    try:
        with open_to_read(tmp_path / "x.db") as beside:
            assert beside.status().feeds == 0
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                beside._db.execute("delete from feeds")
    finally:
        store.close()


def looked_at(path: Path) -> str:
    """Return what is said to somebody who asks for the status of a file that cannot give it."""
    with pytest.raises(StoreError) as caught, open_to_read(path) as store:
        store.status()
    return str(caught.value)


def test_what_cannot_be_read_is_said_with_its_file(tmp_path: Path) -> None:
    """Missing, empty, of an older or a newer version, half a file, no database, in a folder that is none."""
    for name in ("none", "empty", "foreign", "old", "new", "holed", "text"):
        Store(tmp_path / name).close()
    (tmp_path / "none").unlink()
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "text").write_text("no database " * 100, "utf-8")
    for name, statement in {
        "foreign": "update _sqlite_migrations set migration_set = 'other'",
        "old": "delete from _sqlite_migrations where name != 'the_newsroom'",
        "new": "insert into _sqlite_migrations (migration_set, name, applied_at) values ('tipoff', 'later', '')",
        "holed": "alter table feeds rename to gone",
    }.items():
        with sqlite3.connect(tmp_path / name) as db:
            db.execute(statement)
        db.close()

    for name, words in {
        "none": "there is no database yet; start it with: tipoff run",
        "empty": "there is nothing of Tipoff in this file yet; start it with: tipoff run",
        "foreign": "there is nothing of Tipoff in this file yet",
        "old": "the database was written by an older Tipoff; the next start brings it up to date: tipoff run",
        "new": "the database was written by a newer Tipoff (it knows 'later')",
        "holed": "the database cannot be read (no such table: feeds)",
        "text": "the database cannot be read (file is not a database)",
        "text/x.db": "the database cannot be read (Not a directory)",
    }.items():
        assert looked_at(tmp_path / name).startswith(f"{tmp_path / name}: {words}")


def test_odd_names_are_opened_as_they_are(tmp_path: Path) -> None:
    """A question mark, a hash and a percent sign mean nothing in a path."""
    Store(tmp_path / "a?b#c%20d.db").close()

    with open_to_read(tmp_path / "a?b#c%20d.db") as store:
        assert store.status().feeds == 0


def test_looking_for_a_daemon_makes_no_file(tmp_path: Path) -> None:
    """Who only asks leaves the folder as it is, and may not even write there."""
    assert not is_running(tmp_path / "x.db")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(StoreError, match=r"long.*: cannot be read"):
        is_running(tmp_path / ("long" * 100))


def test_questions_that_no_item_can_answer_find_nothing(tmp_path: Path) -> None:
    """Numbers beyond SQLite's, and what only looks like a number."""
    Store(tmp_path / "x.db").close()

    with open_to_read(tmp_path / "x.db") as store:
        for wanted in ("9" * 19, "story " + "9" * 5000, "²", "story ²"):
            assert store.explain(wanted) == []


AFFECTED = ("3.7.0", "3.40.1", "3.44.5", "3.45.3", "3.50.6", "3.51.2")
SOUND = ("3.44.6", "3.50.7", "3.51.3", "3.53.0", "3.100.0", "4.0.0")


def misjudged() -> set[str]:
    """Return the versions of which the wrong thing is told."""
    warned = {version for version in (*AFFECTED, *SOUND) if "Tipoff alone writes" in sqlite_report(version)}
    return warned ^ set(AFFECTED)


def test_the_version_in_use_is_told() -> None:
    """With what follows from it where its write-ahead log has a known fault; the status says the same."""
    assert misjudged() == set()
    assert all(sqlite_report(version).startswith(version) for version in (*AFFECTED, *SOUND))

    async def work(store: Store) -> str:
        return (await store.status()).sqlite

    assert with_store(None, work) == sqlite_report()


@pytest.mark.parametrize(
    ("fixed", "wrong"),
    [
        (((3, 7, 0),), {"3.7.0", "3.40.1", "3.44.5", "3.45.3", "3.50.6", "3.51.2"}),
        (((3, 51, 3),), {"3.44.6", "3.50.7"}),
        (((3, 44, 6),), {"3.45.3", "3.50.6", "3.51.2"}),
    ],
)
def test_a_wrong_judgement_of_a_version_would_be_seen(
    fixed: tuple[tuple[int, ...], ...], wrong: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The null controls: no fault is known, backports are not, or everything after the first is trusted."""
    monkeypatch.setattr("bot.store.engine.connection._WAL_FIXED", fixed)

    assert misjudged() == wrong


def test_the_version_is_logged_calmly(caplog: pytest.LogCaptureFixture) -> None:
    """For information: nothing has to be done about it."""
    with caplog.at_level(logging.INFO):
        Store(None).close()

    (record,) = caplog.records
    assert (record.levelname, record.getMessage()) == ("INFO", f"sqlite version={sqlite_report()}")
