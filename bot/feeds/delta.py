"""Reads the entries of a document that are new, or the whole document where it is not sure that they suffice."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.model import Feed, FeedDocument, FeedFailure, Response
from bot.core.ports import Parser
from bot.core.secrets import public_base
from bot.feeds.identity import EntryFingerprint, fingerprint_of
from bot.feeds.parsing.fingerprint import DocumentFingerprint, PartReader, root_of
from bot.feeds.parsing.splitting import SplitDocument, is_safe_charset, split_document
from bot.feeds.parsing.with_expat import read_with_expat
from bot.feeds.parsing.xml_feed import without_overruled_charset

_MOST_IN_PROCESS = 262_144  # bytes of a part; what is longer would hold up others

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DocumentDelta:
    """What was read of a document.

    `places` says where its entries stand in the whole document; `unchanged` and `unchanged_places` are the entries
    that were read before and have not changed, `fingerprint` is the document's own, to be stored for the next time.
    """

    document: FeedDocument
    places: tuple[int, ...]
    unchanged: tuple[EntryFingerprint, ...] = ()
    unchanged_places: tuple[int, ...] = ()
    fingerprint: bytes | None = None


async def read_delta(parser: Parser, feed: Feed, reply: Response, now: datetime) -> DocumentDelta | FeedFailure:
    """Read the entries of a document that are new bytes.

    The whole document is read the first time, at every 50th and once a day, and wherever there is doubt; then a
    few of its entries are read by themselves, too, and only where both say the same may the next document be
    read in part: without feedparser where it is of the usual shape.
    """
    pieces = split_document(reply.body)
    before = DocumentFingerprint.unpack(feed.fingerprint)
    if pieces is None:
        return _or_failure(await read_all(parser, feed.url, reply))
    hashes = pieces.hashes()
    if before is not None:
        fresh = [number for number, key in enumerate(hashes) if key not in before.entries]
        if before.may_read_part(pieces, fresh, now):
            part = await _read_part(parser, feed, pieces, fresh, before.charset, before.part_reader)
            if part is not None:
                return _joined(feed, part, hashes, fresh, before)
            log.info("partial_read_failed feed=%s (the whole document is read)", feed.name)
    document = await read_all(parser, feed.url, reply)
    if isinstance(document, FeedFailure) or not _fits(document, len(hashes)) or not is_safe_charset(document.charset):
        return _or_failure(document)
    fingerprint = await _checked(parser, feed, pieces, document, before, now)
    known = dict(zip(hashes, (fingerprint_of(entry).pack() for entry in document.entries), strict=True))
    return replace(whole(document), fingerprint=replace(fingerprint, entries=known).pack())


async def read_all(parser: Parser, url: str, reply: Response) -> FeedDocument | FeedFailure:
    """Read a whole document of a feed; `url` is its address, whose login gets into no link."""
    return await parser.parse(reply.body, without_overruled_charset(reply.body, reply.content_type), public_base(url))


def body_hash_of(reply: Response) -> str:
    """Return a hash of an answer's document and content type: the same means that nothing has to be read again."""
    found = hashlib.sha256(reply.content_type.encode() + b"\0")
    found.update(reply.body)
    return found.hexdigest()


def _or_failure(document: FeedDocument | FeedFailure) -> DocumentDelta | FeedFailure:
    return document if isinstance(document, FeedFailure) else whole(document)


def whole(document: FeedDocument) -> DocumentDelta:
    """Return a document all of which was read."""
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
    parser: Parser, feed: Feed, pieces: SplitDocument, numbers: Sequence[int], charset: str, part_reader: PartReader
) -> FeedDocument | None:
    """Read these entries by themselves; None when they do not come out as they went in."""
    if not numbers:
        return FeedDocument("", (), hints=feed.statistics.hints)
    body = pieces.part(numbers)
    if part_reader is PartReader.EXPAT and len(body) > _MOST_IN_PROCESS:
        return None
    if part_reader is PartReader.EXPAT:
        entries = read_with_expat(body, charset, public_base(feed.url)) or ()
        return (
            FeedDocument("", entries, hints=feed.statistics.hints, clean=True) if len(entries) == len(numbers) else None
        )
    # the charset is decided once, by the whole: a few entries may be plain ASCII and be taken for another one
    part = await parser.parse(body, f"application/xml; charset={charset}", public_base(feed.url))
    if isinstance(part, FeedFailure) or not _fits(part, len(numbers)) or part.charset != charset:
        return None
    return replace(part, title="", hints=feed.statistics.hints)


def _joined(
    feed: Feed, part: FeedDocument, hashes: Sequence[bytes], fresh: Sequence[int], before: DocumentFingerprint
) -> DocumentDelta:
    """Return what was read, and what is known from before."""
    known = dict(before.entries)
    places = [number for number, key in enumerate(hashes) if key in known]
    unchanged = EntryFingerprint.unpack(b"".join([known[hashes[number]] for number in places]))
    known.update(
        zip((hashes[number] for number in fresh), (fingerprint_of(entry).pack() for entry in part.entries), strict=True)
    )
    fingerprint = replace(before, entries={key: known[key] for key in hashes}, uses=before.uses + 1)
    return DocumentDelta(part, tuple(fresh), tuple(unchanged), tuple(places), fingerprint.pack())


async def _checked(
    parser: Parser,
    feed: Feed,
    pieces: SplitDocument,
    document: FeedDocument,
    before: DocumentFingerprint | None,
    now: datetime,
) -> DocumentFingerprint:
    """Return the fingerprint of a document, with who may read its entries by themselves: whoever reads some alike."""
    root = root_of(pieces, document.charset)
    fingerprint = DocumentFingerprint(root, document.charset, PartReader.NOBODY, now, 0, {})
    if before is not None and before.root == root and before.part_reader is PartReader.NOBODY:
        return fingerprint
    last = len(pieces.spans) - 1
    # the last one at first: what leaks from one entry into those behind it shows there
    sample = [last] if before is None else sorted({0, last // 3, last // 2, last})
    expected = tuple(document.entries[number] for number in sample)
    for part_reader in (PartReader.EXPAT, PartReader.FEEDPARSER):
        part = await _read_part(parser, feed, pieces, sample, document.charset, part_reader)
        if part is not None and part.entries == expected:
            return replace(fingerprint, part_reader=part_reader)
    log.info("partial_reads_off feed=%s (its entries read by themselves differ)", feed.name)
    return fingerprint
