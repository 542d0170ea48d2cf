"""Reads of a document what is new in it, and all of it wherever there is doubt whether that would do."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.links import without_login
from bot.core.model import Feed, FeedDocument, FeedFailure, Response
from bot.core.ports import Parser
from bot.feeds.identity import EntryFingerprint, fingerprint_of
from bot.feeds.parsing.fingerprint import Cut, DocumentFingerprint, Trust, cut, is_safe, root_of
from bot.feeds.parsing.with_expat import read_with_expat
from bot.feeds.parsing.xml_feed import without_overruled_charset

_MOST_HERE = 262_144  # bytes of a part; what is longer would hold up others

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DocumentDelta:
    """What was read of a document.

    `places` says where its entries stand in the whole document; `beside` and `beside_places` are the entries that
    were read before and have not changed, `fingerprint` is what to remember for the next time.
    """

    document: FeedDocument
    places: tuple[int, ...]
    beside: tuple[EntryFingerprint, ...] = ()
    beside_places: tuple[int, ...] = ()
    fingerprint: bytes | None = None


async def read_delta(parser: Parser, feed: Feed, reply: Response, now: datetime) -> DocumentDelta | FeedFailure:
    """Read the entries of a document that are new bytes.

    The whole document is read the first time, at every 50th and once a day, and wherever there is doubt; then a
    few of its entries are read by themselves, too, and only where both say the same may the next document be
    read in part: without feedparser where it is of the usual shape.
    """
    pieces = cut(reply.body)
    before = DocumentFingerprint.unpack(feed.fingerprint)
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
    fingerprint = await _checked(parser, feed, pieces, document, before, now)
    known = dict(zip(hashes, (fingerprint_of(entry).pack() for entry in document.entries), strict=True))
    return replace(_as_whole(document), fingerprint=replace(fingerprint, marks=known).pack())


async def read_all(parser: Parser, url: str, reply: Response) -> FeedDocument | FeedFailure:
    """Read a whole document of a feed; `url` is its address, whose login gets into no link."""
    return await parser.parse(reply.body, without_overruled_charset(reply.body, reply.content_type), without_login(url))


def body_hash_of(reply: Response) -> str:
    """Return a hash of an answer's document and content type: the same means that nothing has to be read again."""
    found = hashlib.sha256(reply.content_type.encode() + b"\0")
    found.update(reply.body)
    return found.hexdigest()


def _whole(document: FeedDocument | FeedFailure) -> DocumentDelta | FeedFailure:
    return document if isinstance(document, FeedFailure) else _as_whole(document)


def _as_whole(document: FeedDocument) -> DocumentDelta:
    return DocumentDelta(document, tuple(range(len(document.entries))))


def _fits(document: FeedDocument, entries: int) -> bool:
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
) -> FeedDocument | None:
    """Read these entries by themselves; None when they do not come out as they went in."""
    if not numbers:
        return FeedDocument("", (), hints=feed.statistics.hints)
    body = pieces.part(numbers)
    if trust is Trust.PLAIN and len(body) > _MOST_HERE:
        return None
    if trust is Trust.PLAIN:
        entries = read_with_expat(body, charset, without_login(feed.url)) or ()
        return (
            FeedDocument("", entries, hints=feed.statistics.hints, clean=True) if len(entries) == len(numbers) else None
        )
    # the charset is decided once, by the whole: a few entries may be plain ASCII and be taken for another one
    part = await parser.parse(body, f"application/xml; charset={charset}", without_login(feed.url))
    if isinstance(part, FeedFailure) or not _fits(part, len(numbers)):
        return None
    return replace(part, title="", hints=feed.statistics.hints)


def _joined(
    feed: Feed, part: FeedDocument, hashes: Sequence[bytes], fresh: Sequence[int], before: DocumentFingerprint
) -> DocumentDelta:
    """Return what was read, and beside it what is known from before."""
    known = dict(before.marks)
    places = [number for number, key in enumerate(hashes) if key in known]
    beside = EntryFingerprint.unpack(b"".join([known[hashes[number]] for number in places]))
    known.update(
        zip((hashes[number] for number in fresh), (fingerprint_of(entry).pack() for entry in part.entries), strict=True)
    )
    fingerprint = replace(before, marks={key: known[key] for key in hashes}, uses=before.uses + 1)
    return DocumentDelta(part, tuple(fresh), tuple(beside), tuple(places), fingerprint.pack())


async def _checked(
    parser: Parser, feed: Feed, pieces: Cut, document: FeedDocument, before: DocumentFingerprint | None, now: datetime
) -> DocumentFingerprint:
    """Return a window that trusts reading in part if some entries come out the same by themselves."""
    root = root_of(pieces, document.charset)
    fingerprint = DocumentFingerprint(root, document.charset, Trust.NO, now, 0, {})
    if before is not None and before.root == root and before.trust is Trust.NO:
        return fingerprint
    last = len(pieces.spans) - 1
    # the last one at first: what leaks from one entry into those behind it shows there
    sample = [last] if before is None else sorted({0, last // 3, last // 2, last})
    expected = tuple(document.entries[number] for number in sample)
    for trust in (Trust.PLAIN, Trust.YES):
        part = await _read_part(parser, feed, pieces, sample, document.charset, trust)
        if part is not None and part.entries == expected:
            return replace(fingerprint, trust=trust)
    log.info("window_off feed=%s (its entries read by themselves differ)", feed.name)
    return fingerprint
