"""Backups: made under load, checked, put back; and what a damaged or missing file leads to."""

import shutil
import sqlite3
import stat
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from bot.core.errors import StoreError
from bot.core.model import DeliveryResult
from bot.store.engine.backup import backups, copy_into_backups, damage, folder_of, rescue, restore
from bot.store.engine.schema import upgrade
from bot.store.engine.tables import migrations
from bot.store.engine.transaction import Transaction
from bot.store.store import Store, back_up_beside, open_to_read
from tests.store.builders import NOW, with_store
from tests.store.outbox.test_deliver import settle, store_with, take


def filled(path: Path) -> None:
    """Make a database with an alert that was told and one that waits."""

    async def work(store: Store) -> None:
        await store_with(store, "one", "two")
        await settle(store, await take(store), DeliveryResult.DONE, message_id=5, text_hash="h")

    with_store(path, work)


def counts(path: Path) -> dict[str, int]:
    with open_to_read(path) as store:
        return dict(store.status().outbox)


def back_up(path: Path, minutes: int = 0, keep: int = 7) -> Path:
    return back_up_beside(path, NOW + timedelta(minutes=minutes), keep)


def corrupt(path: Path) -> None:
    """Write over the middle of a file, as a failing disk does."""
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (path.stat().st_size - 8192))


def test_a_backup_is_one_whole_file_for_its_owner(tmp_path: Path) -> None:
    """Mode 0600, no log beside it, and all that was committed."""
    path = tmp_path / "x.db"
    filled(path)
    copy = back_up(path)

    assert [file.name for file in folder_of(path).iterdir()] == [copy.name]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder_of(path).stat().st_mode) == 0o700
    assert counts(copy) == counts(path) == {"pending": 1, "sent": 1}


def test_the_newest_are_kept(tmp_path: Path) -> None:
    """Older ones are thrown away once the new one is there."""
    path = tmp_path / "x.db"
    filled(path)
    made = [back_up(path, minutes, keep=3) for minutes in range(5)]

    assert backups(path) == made[:1:-1]


def hammer(path: Path, stop: threading.Event, written: list[int]) -> None:
    """Commit rows, as fast as it goes, and count them."""
    with closing(sqlite3.connect(path, timeout=30)) as db:
        while not stop.is_set():
            with db:
                db.execute("insert into near_misses values (?, '', '', 0)", [1000 + len(written)])
            written.append(1)


def test_a_hundred_backups_under_load_are_all_whole(tmp_path: Path) -> None:
    """While rows are committed without a pause each copy opens, is sound, and holds what was committed before it."""
    path = tmp_path / "x.db"
    filled(path)
    stop, written = threading.Event(), list[int]()
    with closing(sqlite3.connect(path)) as db, closing(Store(path)):
        db.execute("pragma foreign_keys=off")
        writer = threading.Thread(target=hammer, args=[path, stop, written])
        writer.start()
        try:
            for number in range(100):
                before = len(written)
                copy = back_up(path, number, keep=1)
                assert damage(copy, thorough=True) is None
                with open_to_read(copy) as store:
                    assert store._db.one("select count(*) from near_misses")[0] >= before
        finally:
            stop.set()
            writer.join()
    assert len(written) > 100


def test_a_copy_of_the_file_alone_would_be_seen(tmp_path: Path) -> None:
    """The null control: a live file copied without its log lacks what was committed."""
    path = tmp_path / "x.db"
    with closing(Store(path)), closing(sqlite3.connect(path)) as db:
        with db:
            db.execute("insert into leases (host, token, until) values ('a', 1, 1)")
        shutil.copyfile(path, tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy, pytest.raises(sqlite3.OperationalError):
        copy.execute("select * from leases")


def test_the_drill(tmp_path: Path) -> None:
    """Back up, go on, put the backup back: it is as it was, what was told is not told again, the old file is kept."""
    path = tmp_path / "x.db"
    filled(path)
    copy = back_up(path)
    with_store(path, lambda store: store.chats.set_chats([]))
    aside = restore(path, copy, NOW)

    assert aside is not None
    assert aside.exists()
    assert counts(path) == {"pending": 1, "sent": 1}
    assert copy.exists()

    async def work(store: Store) -> None:
        (alert,) = await store.deliver.take_alerts(["team"], NOW)
        assert alert.story is not None
        assert alert.story.sources[0].title == "two", "what was told before the backup is not told again"

    with_store(path, work)


def test_what_is_no_good_backup_is_not_put_back(tmp_path: Path) -> None:
    """Missing, empty or damaged: nothing is changed."""
    path = tmp_path / "x.db"
    filled(path)
    copy = back_up(path)
    before = path.read_bytes()
    corrupt(copy)
    (tmp_path / "empty.db").touch()

    for wrong in (copy, tmp_path / "empty.db", tmp_path / "none.db"):
        with pytest.raises(StoreError, match=r"damaged|there is no such backup"):
            restore(path, wrong, NOW)
    assert path.read_bytes() == before


def faults_of_a_rescue(path: Path) -> list[str]:
    """Damage a database and its newest backup, and start; return everything that is not as it should be then."""
    filled(path)
    good = back_up(path)
    corrupt(back_up(path, minutes=1))
    corrupt(path)
    damaged = path.read_bytes()
    try:
        told = rescue(path, NOW)
    except StoreError:
        return ["gives up"]
    is_sound = damage(path, thorough=True) is None
    if is_sound:
        Store(path).close()  # as the daemon does next
    aside = [file.read_bytes() for file in path.parent.glob("x.db.aside-*")]
    return [
        *(["tells nobody"] if told is None or good.name not in told else []),
        *(["keeps no evidence"] if aside != [damaged] else []),
        *(["still damaged"] if not is_sound else []),
        *(["repeats"] if is_sound and counts(path) != {"pending": 1, "sent": 1} else []),
    ]


def test_a_damaged_database_is_replaced_by_the_newest_good_backup(tmp_path: Path) -> None:
    """The damaged file is kept, and so is its log; a backup that is damaged itself is passed over."""
    assert faults_of_a_rescue(tmp_path / "x.db") == []
    assert rescue(tmp_path / "x.db", NOW) is None


@pytest.mark.parametrize(
    ("function", "breaks", "faults"),
    [
        ("damage", lambda path, **_: None, ["tells nobody", "keeps no evidence", "still damaged"]),
        ("newest_good", lambda path: backups(path)[0], ["gives up"]),
        ("restore", lambda path, copy, now: shutil.copyfile(copy, path), ["keeps no evidence"]),
        ("restore", lambda path, copy, now: path.rename(f"{path}.aside-now"), ["repeats"]),
    ],
)
def test_a_rescue_that_does_less_would_be_seen(
    tmp_path: Path, function: str, breaks: Callable[..., Any], faults: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The null controls: not looked at, the newest whatever it is, copied over, and begun anew."""
    monkeypatch.setattr(f"bot.store.engine.backup.{function}", breaks)

    assert faults_of_a_rescue(tmp_path / "x.db") == faults


def test_a_damaged_database_without_a_backup_is_left_alone(tmp_path: Path) -> None:
    """It is said, and not one byte changes."""
    path = tmp_path / "x.db"
    filled(path)
    corrupt(path)
    before = path.read_bytes()

    with pytest.raises(StoreError, match=r"damaged and cannot be opened .* no good backup"):
        rescue(path, NOW)
    assert path.read_bytes() == before


def test_a_missing_database_is_not_made_anew_beside_its_backups(tmp_path: Path) -> None:
    """An empty one would tell old news; without backups it is a first start."""
    path = tmp_path / "x.db"
    assert rescue(path, NOW) is None
    filled(path)
    back_up(path)
    path.unlink()

    with pytest.raises(StoreError, match="the database is gone, but there are backups"):
        rescue(path, NOW)


def test_a_start_that_does_not_look_for_backups_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The null control: it makes an empty database, and what was told is forgotten."""
    path = tmp_path / "x.db"
    filled(path)
    back_up(path)
    path.unlink()
    monkeypatch.setattr("bot.store.engine.backup.backups", lambda path: [])

    assert rescue(path, NOW) is None
    Store(path).close()
    assert counts(path) == {}


def test_an_upgrade_is_preceded_by_a_backup(tmp_path: Path) -> None:
    """Of every earlier schema; the copy has the old one, and the rows are still there afterwards."""
    path = tmp_path / "x.db"
    filled(path)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("delete from _sqlite_migrations where name = 'messages_in_digests'")
        db.execute("alter table outbox drop column in_digest")
    Store(path).close()

    (copy,) = backups(path)
    assert copy.name.endswith("-before-upgrade.db")
    with closing(sqlite3.connect(copy)) as db:
        names = {name for (name,) in db.execute("select name from _sqlite_migrations")}
    assert "messages_in_digests" not in names
    assert counts(path) == {"pending": 1, "sent": 1}


def test_a_backup_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """And leaves nothing half done."""
    path = tmp_path / "x.db"
    filled(path)
    folder_of(path).write_text("a file in the way", "utf-8")

    with pytest.raises(StoreError, match="the backup cannot be written"):
        back_up(path)


def test_a_copy_that_is_not_sound_is_no_backup(tmp_path: Path) -> None:
    """A damaged database gives a damaged copy, which is thrown away; the good one of before stays."""
    path = tmp_path / "x.db"
    filled(path)
    good = back_up(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("pragma writable_schema=on")
        db.execute("update sqlite_master set rootpage = 3 where name = 'outbox_by_state'")
        db.commit()

    with closing(sqlite3.connect(path)) as db, pytest.raises(StoreError, match=r"damaged|cannot be made"):
        copy_into_backups(db, path, NOW + timedelta(minutes=1), 1)
    assert backups(path) == [good]


STEPS = [migration.name for migration in migrations.pending(Database(memory=True))]


def one_of(db: Database, table: str, *names: str) -> str:
    """Return how a column is called in this version, which had several names."""
    return next(str(column.name) for column in db.table(table).columns if column.name in names)


def told_after_an_upgrade(path: Path, step: str) -> list[str]:
    """Make a database as it was before a step, with a message in each state; return what is told after the upgrade."""
    with closing(sqlite3.connect(path)) as connection:
        db = Database(connection)
        migrations.apply(db, stop_before=step)
        db.execute("insert into feeds (id, url, host, name, tags, due) values (1, 'https://a.b/', 'a.b', 'A', '[]', 0)")
        db.execute("insert into chats (name, telegram_id, timezone, source) values ('team', -1001, 'UTC', 'config')")
        for number, state in enumerate(("sent", "pending", "sending", "uncertain"), 1):
            item = {"id": number, "feed_id": 1, "seq": number, "state": "done", "title": f"news {number}"}
            item |= {"summary": "", "seen": 0, one_of(db, "items", "digest", "text_hash"): b"0"}
            db.table("items").insert(item)
            keys = one_of(db, "stories", "people", "facts", "event_keys")
            db.table("stories").insert({"id": number, keys: "[]", "first": 0, "last": 0})
            db.execute(
                "insert into story_sources (story_id, item_id, outlet, title, at) values (?, ?, 'A', ?, 0)",
                [number, number, f"news {number}"],
            )
            db.execute(
                """insert into outbox (chat, story_id, kind, revision, priority, state, not_before, created, changed)
                values ('team', ?, 'alert', 0, 'normal', ?, 0, ?, 0)""",
                [number, state, int(NOW.timestamp() * 1e6)],
            )

    async def work(store: Store) -> list[str]:
        await store.deliver.recover(NOW, again=True)
        told = []
        while await store.deliver.chats_waiting(NOW):
            alert = await take(store)
            assert alert.story is not None
            told.append(alert.story.sources[0].title)
            await settle(store, alert, DeliveryResult.DONE, message_id=1, text_hash="h")
        return told

    return with_store(path, work)


@pytest.mark.parametrize("step", STEPS[1:])
def test_every_earlier_schema_is_brought_up_to_date_with_its_rows(tmp_path: Path, step: str) -> None:
    """What waits is told, what was told is not: from the schema before each step to today's, after a backup."""
    path = tmp_path / "x.db"
    assert told_after_an_upgrade(path, step) == ["news 2", "news 3", "news 4"]
    (copy,) = backups(path)
    assert copy.name.endswith("-before-upgrade.db")


@pytest.mark.parametrize(
    ("forgets", "told"),
    [
        ("update outbox set state = 'pending' where state = 'sent'", ["news 1", "news 2", "news 3", "news 4"]),
        ("delete from outbox where state in ('sending', 'uncertain')", ["news 2"]),
    ],
)
def test_an_upgrade_that_repeats_or_loses_would_be_seen(
    tmp_path: Path, forgets: str, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The null controls: a step that forgets what was sent, and one that forgets what was under way."""

    def forgetful(db: Transaction, path: Path | None, keep: int) -> None:
        upgrade(db, path, keep)
        db.execute(forgets)

    monkeypatch.setattr("bot.store.store.upgrade", forgetful)

    assert told_after_an_upgrade(tmp_path / "x.db", STEPS[-1]) == told
