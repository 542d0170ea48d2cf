"""One-time codes: the first person who opens the link with the code owns the bot.

The code lies beside the database, as a digest, in a file only its owner can read; so that `tipoff pair` can
make one while the daemon runs.
"""

import hashlib
import hmac
import json
import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from bot.core.errors import StoreError
from bot.core.files import as_owner_of, open_beside

log = logging.getLogger(__name__)

_LIVES = timedelta(hours=1)


class PairingCode:
    """The code that is valid now, if any. What writes its file raises StoreError where that cannot be done."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._file = database.with_name(database.name + ".pairing")

    def issue(self, now: datetime) -> str:
        """Make a new code, valid for an hour; an older one is void."""
        code = secrets.token_urlsafe(18)
        temporary = self._file.with_suffix(".new")
        with self._usable(), as_owner_of(self._database):  # who has to read the code, also when root makes it
            temporary.unlink(missing_ok=True)
            with os.fdopen(open_beside(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "w") as file:
                json.dump({"sha256": _digest(code), "until": (now + _LIVES).timestamp()}, file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._file)
        return code

    def is_live(self, now: datetime) -> bool:
        """Say whether there is a code that still serves."""
        return self._stored(now) is not None

    def fits(self, code: str, now: datetime) -> bool:
        """Say whether this is the code and still valid. Does not use it up: call `void` once it has served."""
        stored = self._stored(now)
        return stored is not None and hmac.compare_digest(stored, _digest(code))

    def _stored(self, now: datetime) -> str | None:
        """Return the digest of the code that is valid; a file that cannot be read, or holds anything else, is none."""
        try:
            stored = json.loads(self._file.read_text("utf-8"))
            return str(stored["sha256"]) if now.timestamp() <= stored["until"] else None
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("pairing_code_unreadable file=%s reason=%s (make a new one: tipoff pair)", self._file, error)
            return None

    def void(self) -> None:
        """Make the code useless."""
        with self._usable(), as_owner_of(self._database):
            self._file.unlink(missing_ok=True)

    @contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = f"the pairing code cannot be kept ({error.strerror}): is its folder writable?"
            raise StoreError(f"{self._file}: {reason}") from error


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode("utf-8", "replace")).hexdigest()


def deep_link(username: str, code: str) -> str:
    """Return the link that opens the bot with the code (core.telegram.org/bots/features#deep-linking)."""
    return f"https://t.me/{username}?start={code}"
