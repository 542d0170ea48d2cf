"""Reads RSS, RDF and Atom: entries of the usual shape with expat, all else as feedparser reads it. Pure."""

import re
from collections.abc import Callable
from dataclasses import replace

from bot.core.errors import FeedError
from bot.core.model import Entry, FeedDocument
from bot.feeds.parsing.hints import read_hints
from bot.feeds.parsing.splitting import SplitDocument, is_in_charset, is_safe_charset, split_document
from bot.feeds.parsing.with_expat import read_with_expat
from bot.feeds.parsing.with_feedparser import read_with_feedparser

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s\"';]*)", re.IGNORECASE)
_MOST_TRIES = 60  # to read a document without the entries that break its reader
_LEAST = 4  # entries, of a document in which that saves anything
# A byte order mark, or a declaration with an encoding.
_NAMES_CHARSET = re.compile(rb"\s*(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff|<\?xml\s[^<>?]{0,200}\sencoding\s*=)")

Read = Callable[[bytes, str, str], FeedDocument]


def looks_like_xml(body: bytes) -> bool:
    """Say whether a document begins as XML does."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


def without_overruled_charset(body: bytes, content_type: str) -> str:
    """Return a content type without the charset where the document itself names one.

    A server names one charset for all it sends; whoever wrote the document knew better (W3C, XML 1.0, appendix F).
    """
    return content_type.partition(";")[0].strip() if _NAMES_CHARSET.match(body) else content_type


def read_xml_feed(body: bytes, content_type: str, url: str, read_all: Read = read_with_feedparser) -> FeedDocument:
    """Return what `read_all`, feedparser's reader, makes of a document, in less time. Raises FeedError as it does.

    At first it is given the document with three of its entries: what the feed says of itself is taken from there, and
    the three have to come out as expat reads them. Where anything is unusual, it reads it all.
    """
    pieces = split_document(body)
    if pieces is not None and len(pieces.spans) >= _LEAST:
        document = _read_with_sample(pieces, content_type, url, read_all)
        if document is not None:
            return document
    try:
        return read_all(body, content_type, url)
    except FeedError as error:
        document = None if pieces is None or error.reason != "malformed" else _read_in_halves(pieces, url, read_all)
        if document is None:
            raise
        return document


def _read_in_halves(pieces: SplitDocument, url: str, read_all: Read) -> FeedDocument | None:
    """Return what can be read of a document that breaks its reader as a whole; None if that is nothing, or too much.

    A half that breaks it again is halved, down to the entry that does.
    """
    found: FeedDocument | None = None
    entries: list[Entry] = []
    skipped = tries = 0
    waiting = [range(len(pieces.spans))]
    while waiting:
        numbers = waiting.pop()
        tries += 1
        if tries > _MOST_TRIES:
            return None
        try:
            part = read_all(pieces.part(numbers), "", url)
        except FeedError:
            middle = len(numbers) // 2
            skipped += len(numbers) == 1
            waiting += (half for half in (numbers[middle:], numbers[:middle]) if middle)
            continue
        found = found or part
        entries += part.entries
        skipped += part.skipped
    if found is None:
        return None
    return replace(found, entries=tuple(entries), skipped=skipped, hints=read_hints(pieces.body), clean=False)


def _read_with_sample(pieces: SplitDocument, content_type: str, url: str, read_all: Read) -> FeedDocument | None:
    named = _CHARSET.search(content_type)
    if named is not None and not is_safe_charset(named[1]):
        return None  # whether a document can be read in it may hang on its length
    count = len(pieces.spans)
    sample = (0, count // 2, count - 1)
    try:
        found = read_all(_thinned(pieces, sample), content_type, url)
    except FeedError:
        return None
    if not found.clean or not found.complete or found.skipped:
        return None
    if not is_safe_charset(found.charset) or not is_in_charset(pieces.body, found.charset):
        return None
    # with what stands between them, too: whatever makes it malformed has to be seen
    between = slice(pieces.spans[0][0], pieces.spans[-1][1])
    entries = read_with_expat(b"".join((pieces.head, pieces.body[between], pieces.tail)), found.charset, url)
    if entries is None or len(entries) != count or tuple(entries[number] for number in sample) != found.entries:
        return None
    return replace(found, entries=entries)


def _thinned(pieces: SplitDocument, numbers: tuple[int, ...]) -> bytes:
    """Return a document with these entries only, and all that stands before and behind them."""
    body, spans = pieces.body, pieces.spans
    kept = (body[slice(*spans[number])] for number in numbers)
    return b"".join((body[: spans[0][0]], *kept, body[spans[-1][1] :]))
