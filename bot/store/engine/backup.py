"""Copies of the database: made while it is in use, checked, and put back when the file is damaged.

A copy is made under another name, checked, flushed and only then renamed: there is no half copy
(sqlite.org/backup.html; a live file is never copied without its log).
"""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from bot.core.errors import StoreError
from bot.core.files import open_beside

_HOUR = 3600  # seconds
_DAY = 8  # characters of a copy's name, which are its day
_SIDES = ("", "-wal", "-shm")  # what belongs to one database


def folder_of(path: Path) -> Path:
    """Return where the copies of a database lie."""
    return path.with_name(path.name + ".backups")


def backups(path: Path) -> Sequence[Path]:
    """Return the copies of a database, the newest first."""
    return sorted(folder_of(path).glob("*.db"), reverse=True)


def copy_into_backups(source: sqlite3.Connection, path: Path, now: datetime, keep: int, why: str = "") -> Path:
    """Copy an open database beside it, check the copy, and throw old ones away. Raises StoreError.

    The newest `keep` stay, and the newest one of each of as many days. The time and `why` make the name. Two copies
    of one second get the same name, and the later one stays.
    """
    folder = folder_of(path)
    target = folder / f"{now.astimezone(UTC):%Y%m%dT%H%M%S.%f}Z{why and '-' + why}.db"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _copy(source, target)
        _throw_away(path, target, keep)
    except OSError as error:
        raise StoreError(f"{folder}: the backup cannot be written ({error.strerror})") from error
    except sqlite3.Error as error:
        raise StoreError(f"{target}: the backup cannot be made ({error})") from error
    return target


def _throw_away(path: Path, made: Path, keep: int) -> None:
    """Keep the newest copies, and the newest of each day: many in one day do not take the nightly ones away.

    The one that was just made stays whatever its name says: the clock may have been set. What a kill left half done
    goes after an hour.
    """
    copies = backups(path)
    days: dict[str, Path] = {}
    for copy in copies:
        days.setdefault(copy.name[:_DAY], copy)
    stay = {made, *copies[:keep], *list(days.values())[:keep]}
    half = (one for one in made.parent.glob("*.new") if made.stat().st_mtime - one.stat().st_mtime > _HOUR)
    for copy in [*copies, *half]:
        if copy not in stay:
            copy.unlink(missing_ok=True)


def _copy(source: sqlite3.Connection, target: Path) -> None:
    """Copy a database under another name, check it and give it its name."""
    temporary = target.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    try:
        os.close(open_beside(temporary, os.O_CREAT | os.O_WRONLY | os.O_EXCL))
        with closing(sqlite3.connect(temporary)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE").fetchall()  # one file, without a log beside it
            if trouble := _damage(copy):
                raise StoreError(f"{target}: the copy is damaged ({trouble}), and with it the database")
        _flush(temporary)
        temporary.replace(target)
        _flush(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _damage(connection: sqlite3.Connection) -> str | None:
    """Return the first thing wrong in a database, or None."""
    (first, *_) = connection.execute("PRAGMA quick_check(1)").fetchone()
    return None if first == "ok" else str(first)


def damage(path: Path, *, thorough: bool = False) -> str | None:
    """Return what is wrong in a database file, or None; a file that is missing or empty is not damaged.

    What cannot be told, because of rights or locks, is no damage: whoever opens the file says it.
    """
    if not path.exists() or path.stat().st_size == 0:
        return None
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=5)) as connection:
            if thorough:
                (first, *_) = connection.execute("PRAGMA integrity_check(1)").fetchone()
                return None if first == "ok" else str(first)
            return _damage(connection)
    except sqlite3.OperationalError:
        return None
    except sqlite3.DatabaseError as error:
        return str(error)


def newest_good(path: Path) -> Path | None:
    """Return the newest copy that is whole."""
    return next((copy for copy in backups(path) if copy.stat().st_size and damage(copy, thorough=True) is None), None)


def restore(path: Path, copy: Path, now: datetime) -> Path | None:
    """Put a copy in the place of a database; return where what stood there lies now. Raises StoreError.

    The database must not be in use. The copy stays where it is.
    """
    if not copy.is_file():
        raise StoreError(f"{copy}: there is no such backup")
    if (trouble := damage(copy, thorough=True)) is not None or copy.stat().st_size == 0:
        raise StoreError(f"{copy}: this backup is damaged ({trouble or 'it is empty'}); nothing was changed")
    aside = path.with_name(f"{path.name}.aside-{now.astimezone(UTC):%Y%m%dT%H%M%S}Z")
    temporary = path.with_name(path.name + ".restored")
    try:
        with closing(sqlite3.connect(f"{copy.absolute().as_uri()}?mode=ro", uri=True)) as source:
            _copy(source, temporary)
        was_there = path.exists()
        for side in _SIDES:
            with suppress(FileNotFoundError):
                path.with_name(path.name + side).rename(aside.with_name(aside.name + side))
        temporary.rename(path)
        _flush(path.parent)
    except OSError as error:
        raise StoreError(f"{path}: the backup cannot be put back ({error.strerror})") from error
    except sqlite3.Error as error:
        raise StoreError(f"{copy}: the backup cannot be read ({error})") from error
    return aside if was_there else None


def rescue(path: Path, now: datetime) -> str | None:
    """Put the newest good copy in the place of a damaged database; return what the owner is to know, or None.

    The damaged file is kept. Raises StoreError where there is no copy, and where a database has gone missing:
    an empty one in its place would tell old news.
    """
    if not path.exists():
        if backups(path):
            raise StoreError(
                f"{path}: the database is gone, but there are backups of it in {folder_of(path)}; put the newest back "
                "with: tipoff restore, or move that folder away to begin anew"
            )
        return None
    trouble = damage(path)
    if trouble is None:
        return None
    copy = newest_good(path)
    if copy is None:
        raise StoreError(
            f"{path}: the database is damaged and cannot be opened ({trouble}), and there is no good backup of it; "
            "move it away to begin anew"
        )
    aside = restore(path, copy, now)
    return (
        f"The database was damaged ({trouble}). The backup {copy.name} is in its place: what was told since then may "
        f"be told once more. The damaged file is kept: {aside}"
    )
