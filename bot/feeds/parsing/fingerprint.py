"""The fingerprint of a feed's last document: which entries it had, so that only new ones have to be read. Pure.

An entry is known by the hash of its bytes, and stored with its own fingerprint (`bot.feeds.identity`).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from bot.feeds.parsing.splitting import ENTRY_HASH_SIZE, SplitDocument, is_in_charset

FINGERPRINT_SIZE = 32  # bytes of an entry's fingerprint
_CHECK_AFTER = timedelta(hours=24)
_CHECK_EVERY = 50  # documents


class PartReader(StrEnum):
    """Who may read a feed's entries without the rest of its document."""

    EXPAT = "plain"  # as they are stored
    FEEDPARSER = "yes"
    NOBODY = "no"


@dataclass(frozen=True, slots=True)
class DocumentFingerprint:
    """What is remembered of a feed's last document; `entries` maps the hash of an entry's bytes to its fingerprint."""

    root: bytes
    charset: str
    part_reader: PartReader
    checked: datetime
    uses: int
    entries: dict[bytes, bytes]

    def may_read_part(self, split: SplitDocument, fresh: Sequence[int], now: datetime) -> bool:
        """Say whether reading the fresh entries of a document will do."""
        return (
            self.part_reader is not PartReader.NOBODY
            and self.root == root_of(split, self.charset)
            and len(fresh) * 2 <= len(split.spans)
            and self.uses < _CHECK_EVERY
            and abs(now - self.checked) < _CHECK_AFTER
            and is_in_charset(split.body, self.charset)
        )

    def pack(self) -> bytes:
        """Return the fingerprint as bytes."""
        head = {
            "root": self.root.hex(),
            "charset": self.charset,
            "trust": self.part_reader,
            "checked": self.checked.timestamp(),
            "uses": self.uses,
        }
        return json.dumps(head).encode() + b"\n" + b"".join(key + entry for key, entry in self.entries.items())

    @classmethod
    def unpack(cls, packed: bytes | None) -> "DocumentFingerprint | None":
        """Return the fingerprint in these bytes; None where they hold none, and the document is read whole."""
        try:
            return cls._unpack(packed) if packed else None
        except (ValueError, TypeError, LookupError, OverflowError, OSError, RecursionError):
            return None

    @classmethod
    def _unpack(cls, packed: bytes) -> "DocumentFingerprint":
        head, _, rest = packed.partition(b"\n")
        known = json.loads(head)
        size = ENTRY_HASH_SIZE + FINGERPRINT_SIZE
        if len(rest) % size:
            raise ValueError("it is cut off")
        pairs = (rest[at : at + size] for at in range(0, len(rest), size))
        return cls(
            root=bytes.fromhex(known["root"]),
            charset=str(known["charset"]),
            part_reader=PartReader(known["trust"]),
            checked=datetime.fromtimestamp(known["checked"], UTC),
            uses=int(known["uses"]),
            entries={pair[:ENTRY_HASH_SIZE]: pair[ENTRY_HASH_SIZE:] for pair in pairs},
        )


def root_of(split: SplitDocument, charset: str) -> bytes:
    """Return a hash of all that surrounds an entry when it is read by itself."""
    return sha256(b"\0".join((split.head, split.tail, charset.encode()))).digest()[:ENTRY_HASH_SIZE]
