"""The lock beside the database: one Tipoff runs on it at a time."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bot.core.errors import AlreadyRunning, StoreError
from bot.core.files import open_beside


@contextmanager
def only_instance(path: Path) -> Iterator[None]:
    """Hold the lock beside the database; the kernel gives it back even after a crash. Raises AlreadyRunning."""
    lock = path.with_name(path.name + ".lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = open_beside(lock, os.O_RDWR | os.O_CREAT)
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
        handle = open_beside(lock, os.O_RDONLY)
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
