"""Reads of a document what is new in it, and all of it wherever there is doubt whether that would do."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.links import without_login
from bot.model import Document, Feed, FeedFailure, Reply
from bot.ports import Parser
from bot.wire.identity import Marks, marks
from bot.wire.plain import read_plain
from bot.wire.window import Cut, Trust, Window, cut, is_safe, root_of

# A byte order mark, or a declaration with an encoding.
_NAMES_CHARSET = re.compile(rb"\s*(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff|<\?xml\s[^<>?]{0,200}\sencoding\s*=)")

_MOST_HERE = 262_144  # bytes of a part; what is longer would hold up others

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of a document.

    `places` says where its entries stand in the whole document; `beside` and `beside_places` are the entries that
    were read before and have not changed, `window` is what to remember for the next time.
    """

    document: Document
    places: tuple[int, ...]
    beside: tuple[Marks, ...] = ()
    beside_places: tuple[int, ...] = ()
    window: bytes | None = None


async def read_new(parser: Parser, feed: Feed, reply: Reply, now: datetime) -> Reading | FeedFailure:
    """Read the entries of a document that are new bytes.

    The whole document is read the first time, at every 50th and once a day, and wherever there is doubt; then a
    few of its entries are read by themselves, too, and only where both say the same may the next document be
    read in part: without feedparser where it is of the usual shape.
    """
    pieces = cut(reply.body)
    before = Window.unpack(feed.window)
    if pieces is None:
        return _whole(await read_all(parser, feed.url, reply))
    hashes = pieces.hashes()
    if before is not None:
        fresh = [number for number, key in enumerate(hashes) if key not in before.marks]
        if before.may_read_part(pieces, fresh, now):
            part = await _read_part(parser, feed, pieces, fresh, before.charset, before.trust)
            if part is not None:
                return _joined(feed, part, hashes, fresh, before)
            log.info("window_doubt feed=%s (the whole document is read)", feed.name)
    document = await read_all(parser, feed.url, reply)
    if isinstance(document, FeedFailure) or not _fits(document, len(hashes)) or not is_safe(document.charset):
        return _whole(document)
    window = await _checked(parser, feed, pieces, document, before, now)
    known = dict(zip(hashes, (marks(entry).pack() for entry in document.entries), strict=True))
    return replace(_as_whole(document), window=replace(window, marks=known).pack())


async def read_all(parser: Parser, url: str, reply: Reply) -> Document | FeedFailure:
    """Read a whole document of a feed; `url` is its address, whose login gets into no link."""
    return await parser.parse(reply.body, kind_of(reply), without_login(url))


def kind_of(reply: Reply) -> str:
    """Return as what a document was sent, without the charset where the document itself names one.

    A server names one charset for all it sends; whoever wrote the document knew better (W3C, XML 1.0, appendix F).
    """
    has_own = _NAMES_CHARSET.match(reply.body) is not None
    return reply.content_type.partition(";")[0].strip() if has_own else reply.content_type


def _whole(document: Document | FeedFailure) -> Reading | FeedFailure:
    return document if isinstance(document, FeedFailure) else _as_whole(document)


def _as_whole(document: Document) -> Reading:
    return Reading(document, tuple(range(len(document.entries))))


def _fits(document: Document, entries: int) -> bool:
    """Say whether a document was read without a complaint, and holds as many entries as were found in its bytes."""
    return (
        document.clean
        and document.complete
        and not document.skipped
        and not document.left_out
        and len(document.entries) == entries
    )


async def _read_part(
    parser: Parser, feed: Feed, pieces: Cut, numbers: Sequence[int], charset: str, trust: Trust
) -> Document | None:
    """Read these entries by themselves; None when they do not come out as they went in."""
    if not numbers:
        return Document("", (), hints=feed.habits.hints)
    body = pieces.part(numbers)
    if trust is Trust.PLAIN and len(body) > _MOST_HERE:
        return None
    if trust is Trust.PLAIN:
        entries = read_plain(body, charset, without_login(feed.url)) or ()
        return Document("", entries, hints=feed.habits.hints, clean=True) if len(entries) == len(numbers) else None
    # the charset is decided once, by the whole: a few entries may be plain ASCII and be taken for another one
    part = await parser.parse(body, f"application/xml; charset={charset}", without_login(feed.url))
    if isinstance(part, FeedFailure) or not _fits(part, len(numbers)):
        return None
    return replace(part, title="", hints=feed.habits.hints)


def _joined(feed: Feed, part: Document, hashes: Sequence[bytes], fresh: Sequence[int], before: Window) -> Reading:
    """Return what was read, and beside it what is known from before."""
    known = dict(before.marks)
    places = [number for number, key in enumerate(hashes) if key in known]
    beside = Marks.unpack(b"".join([known[hashes[number]] for number in places]))
    known.update(
        zip((hashes[number] for number in fresh), (marks(entry).pack() for entry in part.entries), strict=True)
    )
    window = replace(before, marks={key: known[key] for key in hashes}, uses=before.uses + 1)
    return Reading(part, tuple(fresh), tuple(beside), tuple(places), window.pack())


async def _checked(
    parser: Parser, feed: Feed, pieces: Cut, document: Document, before: Window | None, now: datetime
) -> Window:
    """Return a window that trusts reading in part if some entries come out the same by themselves."""
    root = root_of(pieces, document.charset)
    window = Window(root, document.charset, Trust.NO, now, 0, {})
    if before is not None and before.root == root and before.trust is Trust.NO:
        return window
    last = len(pieces.spans) - 1
    # the last one at first: what leaks from one entry into those behind it shows there
    sample = [last] if before is None else sorted({0, last // 3, last // 2, last})
    expected = tuple(document.entries[number] for number in sample)
    for trust in (Trust.PLAIN, Trust.YES):
        part = await _read_part(parser, feed, pieces, sample, document.charset, trust)
        if part is not None and part.entries == expected:
            return replace(window, trust=trust)
    log.info("window_off feed=%s (its entries read by themselves differ)", feed.name)
    return window
