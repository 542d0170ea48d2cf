"""Reads whole documents: entries of the usual shape without feedparser, and the rest as it says. Pure.

It is run in a process that can be killed (`bot.feeds.parsing.workers`).
"""

import re
from collections.abc import Callable
from dataclasses import replace

from bot.core.model import FeedDocument, FeedFailure
from bot.feeds.parsing.fingerprint import Cut, cut, is_safe, is_text
from bot.feeds.parsing.with_expat import read_plain
from bot.feeds.parsing.with_feedparser import read

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s\"';]*)", re.IGNORECASE)
_LEAST = 4  # entries, of a document in which that saves anything


Read = Callable[[bytes, str, str], FeedDocument | FeedFailure]


def read_whole(body: bytes, content_type: str, url: str, reader: Read = read) -> FeedDocument | FeedFailure:
    """Do as `reader`, feedparser's, which is shown the document with three of its entries at first.

    What the feed says of itself is taken from there, and the three have to come out the same; anything unusual, and
    it reads it all.
    """
    pieces = cut(body)
    if pieces is not None and len(pieces.spans) >= _LEAST:
        document = _read(pieces, content_type, url, reader)
        if document is not None:
            return document
    return reader(body, content_type, url)


def _read(pieces: Cut, content_type: str, url: str, reader: Read) -> FeedDocument | None:
    named = _CHARSET.search(content_type)
    if named is not None and not is_safe(named[1]):
        return None  # whether a document can be read in it may hang on its length
    count = len(pieces.spans)
    sample = (0, count // 2, count - 1)
    found = reader(_thinned(pieces, sample), content_type, url)
    if not isinstance(found, FeedDocument) or not found.clean or not found.complete or found.skipped:
        return None
    if not is_safe(found.charset) or not is_text(pieces.body, found.charset):
        return None
    # with what stands between them, too: whatever makes it malformed has to be seen
    between = slice(pieces.spans[0][0], pieces.spans[-1][1])
    entries = read_plain(b"".join((pieces.head, pieces.body[between], pieces.tail)), found.charset, url)
    if entries is None or len(entries) != count or tuple(entries[number] for number in sample) != found.entries:
        return None
    return replace(found, entries=entries)


def _thinned(pieces: Cut, numbers: tuple[int, ...]) -> bytes:
    """Return a document with these entries only, and all that stands before and behind them."""
    body, spans = pieces.body, pieces.spans
    kept = (body[slice(*spans[number])] for number in numbers)
    return b"".join((body[: spans[0][0]], *kept, body[spans[-1][1] :]))
