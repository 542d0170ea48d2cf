"""Files beside a database, written by whoever it belongs to: root could be led to any file by a link planted there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def as_owner_of(path: Path) -> Iterator[None]:
    """Act, where root does, as the owner of a database, or of its folder while there is none.

    Whatever is written is then the daemon's to go on with, and nothing can be reached that it could not reach itself.
    """
    found = None
    for place in (path, path.parent):
        with suppress(OSError):
            found = found or place.lstat()  # of a link itself, not of what somebody let it lead to
    if os.geteuid() != 0 or found is None or found.st_uid == 0:
        yield
        return
    group, groups = os.getegid(), os.getgroups()
    os.setgroups([found.st_gid])
    os.setegid(found.st_gid)
    os.seteuid(found.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


def open_beside(path: Path, flags: int) -> int:
    """Open a file that only its owner can read from its first moment on; a link is refused. Raises OSError."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
