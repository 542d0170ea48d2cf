"""Reading in part gives what reading whole gives."""

import asyncio
import os
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bot.core.model import Feed, FeedDocument, FeedFailure, Response, Validators
from bot.feeds.delta import DocumentDelta, read_delta
from bot.feeds.identity import FINGERPRINT_SIZE
from bot.feeds.parsing.fingerprint import DocumentFingerprint, PartReader
from bot.feeds.parsing.splitting import is_safe_charset, split_document
from tests.builders import Entry, rss
from tests.feeds.bed import Counting
from tests.feeds.feeds_grammar import documents
from tests.feeds.parsing.reading import read

URL = "https://feed.example/dir/feed.xml"
NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
DATA = Path(__file__).parents[4] / "shared" / "data"
CASES = int(os.environ.get("TIPOFF_FEEDS", "150"))


def differences(body: bytes, numbers: Sequence[int]) -> list[object]:
    """Return the entries that come out otherwise when they are read by themselves; none where nobody would."""
    pieces, whole = split_document(body), read(body, "", URL)
    if pieces is None or not isinstance(whole, FeedDocument) or not is_safe_charset(whole.charset):
        return []
    if not whole.clean or whole.skipped or len(whole.entries) != len(pieces.spans):
        return []
    chosen = sorted({number % len(pieces.spans) for number in numbers})
    part = read(pieces.part(chosen), f"application/xml; charset={whole.charset}", URL)
    if not isinstance(part, FeedDocument) or not part.clean:
        return []  # seen by whoever reads it, who then reads the whole
    expected = [whole.entries[number] for number in chosen]
    return [pair for pair in zip(expected, part.entries, strict=False) if pair[0] != pair[1]] or (
        [] if len(expected) == len(part.entries) else ["another number"]
    )


@settings(max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents(), st.lists(st.integers(0, 100), min_size=1, max_size=4))
def test_entries_read_by_themselves_are_the_same(body: bytes, numbers: list[int]) -> None:
    """Title, link, id, summary and date, in order, for any document and any of its entries."""
    assert differences(body, numbers) == []


@settings(max_examples=60, deadline=None)
@given(documents(), st.integers(0, 2000), st.integers(0, 40), st.binary(max_size=12))
def test_a_damaged_document_is_cut_rightly_or_not_at_all(body: bytes, at: int, gone: int, noise: bytes) -> None:
    """Whatever is cut out or put in."""
    assert differences(body[:at] + noise + body[at + gone :], [0, 1]) == []


@pytest.mark.parametrize("bad", [b"<rss><channel><item>", b"<feed><entry/><entry></feed>", b"", b"{}", b"<rss/>"])
def test_what_is_no_whole_document_is_not_cut(bad: bytes) -> None:
    """It is read whole, and judged there."""
    assert split_document(bad) is None


@pytest.mark.parametrize(
    "inside",
    [
        "<item><item></item></item>",
        "text",
        "<Item></Item>",
        "<x:item></x:item>",
        "<item><![CDATA[</item>",
        "<item><!-- </item>",
        "<item a='></item>",
        "<?php ?>",
    ],
)
def test_doubtful_entries_are_not_cut(inside: str) -> None:
    """Nested, prefixed, in capitals, unfinished, or with something between them."""
    body = rss([Entry("a"), Entry("b")])
    pieces = split_document(body)
    assert pieces is not None
    assert len(pieces.spans) == 2
    doubtful = body.replace(b"</item>", b"</item>" + inside.encode(), 1)
    assert split_document(doubtful) is None or differences(doubtful, [0, 1]) == []


def test_cdata_comments_and_quotes_hide_end_tags() -> None:
    """And items that only look so are none."""
    body = rss([Entry("a"), Entry("b")], extra="<items/><!-- nothing --><itemid>7</itemid>")
    trap = b"<item x='>'><title><![CDATA[</item>]]></title><!-- </item> --></item>"
    pieces = split_document(body.replace(b"<item>", trap + b"<item>", 1))

    assert pieces is not None
    assert len(pieces.spans) == 3
    assert body[:0] + pieces.body[slice(*pieces.spans[0])] == trap


def entries(*numbers: int, odd: bool = False) -> bytes:
    """Return a document with these entries; if `odd`, of a shape that feedparser has to judge."""
    body = rss([Entry(f"Title {n}", f"https://a.example/{n}", f"id-{n}", "") for n in numbers])
    return body.replace(b"<item>", b"<item><odd>1</odd>") if odd else body


class Reader:
    """Reads one document after another as the fetch stage does, and counts what that took."""

    def __init__(self) -> None:
        self.parser = Counting()
        self.fingerprint: bytes | None = None
        self.now = NOW

    def read(self, body: bytes) -> list[str]:
        feed = Feed(1, URL, "A", fingerprint=self.fingerprint)
        reply = Response(200, body, "application/rss+xml", Validators())
        reading = asyncio.run(read_delta(self.parser, feed, reply, self.now))  # type: ignore[arg-type]  # counted
        assert isinstance(reading, DocumentDelta), reading
        self.fingerprint = reading.fingerprint
        return [entry.title.removeprefix("Title ") for entry in reading.document.entries]


@pytest.mark.parametrize(("odd", "parts"), [(False, 0), (True, 4)])
def test_only_new_and_changed_entries_are_read(odd: bool, parts: int) -> None:
    """Nothing at all when nothing changed but the head; the whole when most is new. Feedparser judges odd ones."""
    reader = Reader()
    now = entries(5, 4, 3, 2, odd=odd)
    assert reader.read(entries(4, 3, 2, 1, odd=odd)) == ["4", "3", "2", "1"]
    assert reader.read(now) == ["5"]
    assert reader.read(now.replace(b"Example News", b"Other News")) == []
    assert reader.read(now.replace(b"Title 3", b"Title three")) == ["three"]
    assert reader.read(now) == ["3"]
    assert reader.read(entries(4, 2, odd=odd)) == []
    assert (reader.parser.documents, reader.parser.parts) == (1, parts)
    assert reader.read(entries(9, 8, 4, odd=odd)) == ["9", "8", "4"]
    assert reader.parser.documents == 2


def test_an_odd_entry_among_usual_ones_makes_the_whole_be_read() -> None:
    """From then on feedparser judges every part, until the whole is read again."""
    reader = Reader()
    reader.read(entries(4, 3, 2, 1))
    odd = entries(6, odd=True)[entries(6, odd=True).index(b"<item>") :].partition(b"</channel>")[0]
    mixed = entries(5, 4, 3, 2, 1).replace(b"<item>", odd + b"<item>", 1)
    assert reader.read(mixed) == ["6", "5", "4", "3", "2", "1"]
    assert (reader.parser.documents, reader.parser.parts) == (2, 1)
    assert reader.read(mixed.replace(b"Title 5", b"Title five")) == ["five"]
    assert (reader.parser.documents, reader.parser.parts) == (2, 2)


def test_the_whole_is_read_again_every_so_often() -> None:
    """After 50 documents, after a day, and when root or declaration change."""
    reader = Reader()
    reader.read(entries(*range(10)))
    for number in range(50):
        assert len(reader.read(entries(100 + number, *range(10)))) == 1
    assert reader.parser.documents == 1
    assert len(reader.read(entries(200, *range(10)))) == 11
    assert len(reader.read(entries(201, *range(10)))) == 1
    reader.now += timedelta(hours=25)
    assert len(reader.read(entries(202, *range(10)))) == 11
    changed = entries(203, *range(10)).replace(b'<rss version="2.0">', b'<rss version="2.0" xml:lang="de">')
    assert len(reader.read(changed)) == 11


def test_a_broken_entry_makes_the_whole_be_read() -> None:
    """As long as it stands there; afterwards reading in part goes on."""
    reader = Reader()
    broken = entries(5, 4, 3, 2, 1).replace(b"Title 5", b"Title 5 & more <b>")
    reader.read(entries(4, 3, 2, 1))
    assert len(reader.read(broken)) >= 4
    assert len(reader.read(broken.replace(b"Example", b"Other"))) >= 4
    assert len(reader.read(entries(6, 4, 3, 2, 1))) == 5
    assert reader.read(entries(7, 6, 4, 3, 2)) == ["7"]


class Lying(Counting):
    """A parser that reads some entries otherwise: when it is shown a part, or when it is not."""

    def __init__(self, *, parts: bool) -> None:
        super().__init__()
        self.lies_about_parts = parts

    async def parse(self, body: bytes, content_type: str, url: str) -> object:
        is_part = content_type.startswith("application/xml; charset=")
        lies = is_part or not self.lies_about_parts
        return await super().parse(body.replace(b"Title", b"Tale") if lies else body, content_type, url)


def trust_in(reader: Reader) -> PartReader:
    known = DocumentFingerprint.unpack(reader.fingerprint)
    assert known is not None
    return known.part_reader


def test_a_feed_whose_entries_differ_is_always_read_document() -> None:
    """The result of the whole counts, and the difference is remembered."""
    reader = Reader()
    reader.parser = Lying(parts=True)
    for number in range(5, 9):
        assert reader.read(entries(number, 3, 2, 1, odd=True))[0] == str(number)
    assert (reader.parser.documents, reader.parser.parts) == (4, 1)
    assert trust_in(reader) is PartReader.NOBODY


def test_a_feed_that_feedparser_reads_otherwise_is_left_to_it() -> None:
    """Usual entries, too: what its whole says is right."""
    reader = Reader()
    reader.parser = Lying(parts=False)
    assert reader.read(entries(4, 3, 2, 1))[0] == "Tale 4"
    assert trust_in(reader) is PartReader.FEEDPARSER
    assert reader.read(entries(5, 4, 3, 2)) == ["Tale 5"]
    assert (reader.parser.documents, reader.parser.parts) == (1, 2)


@given(st.dictionaries(st.binary(min_size=16, max_size=16), st.binary(min_size=32, max_size=32), max_size=5))
def test_a_window_comes_back_as_it_was_packed(known: dict[bytes, bytes]) -> None:
    """Byte for byte."""
    stored = DocumentFingerprint(b"r" * 16, "utf-8", PartReader.FEEDPARSER, NOW, 7, known)

    assert DocumentFingerprint.unpack(stored.pack()) == stored
    assert DocumentFingerprint.unpack(None) is None


@settings(max_examples=40, deadline=None)
@given(documents(), st.randoms(use_true_random=False))
def test_two_polls_give_what_one_whole_reading_gives(body: bytes, chance: random.Random) -> None:
    """A feed that is read in part and one that is read whole end with the same entries."""
    pieces = split_document(body)
    assume(pieces is not None)
    assert pieces is not None
    keep = [n for n in range(len(pieces.spans)) if chance.random() < 0.7] or [0]
    whole, reader = read(body, "application/rss+xml", URL), Reader()
    if isinstance(whole, FeedFailure):
        return
    before = read(pieces.part(keep), "application/rss+xml", URL)
    if isinstance(before, FeedFailure):
        return
    first = reader.read(pieces.part(keep))
    second = reader.read(body)
    titles = {entry.title.removeprefix("Title ") for entry in whole.entries}
    assert titles <= {*first, *second}


@pytest.mark.real
@pytest.mark.skipif(not DATA.is_dir(), reason="the collection of real feeds is not at hand")
def test_real_and_odd_feeds_read_in_part_are_the_same() -> None:
    """Every entry of every document, one by one and by thirds."""
    cut_at_all = 0
    for folder in ("feeds", "nasty"):
        for path in sorted((DATA / folder).iterdir()):
            if path.name == "manifest.jsonl":
                continue
            body = path.read_bytes()
            pieces = split_document(body)
            if pieces is None:
                continue
            cut_at_all += folder == "feeds"
            count = len(pieces.spans)
            for chosen in ([0], [count // 2], [count - 1], range(0, count, 3), range(1, count, 3), range(2, count, 3)):
                assert differences(body, list(chosen) or [0]) == [], path.name
    assert cut_at_all >= 180


TEXTS = {
    "utf-8": "Müller geht – 漢字",
    "iso-8859-1": "Müller geht",
    "windows-1251": "Министр уходит",
    "shift_jis": "大臣が辞任",
    "gb2312": "部长辞职",
    "utf-16": "Müller geht – 漢字",
}


@pytest.mark.parametrize("kind", ["text/xml", "text/html; charset=utf-8", "application/xml; charset=iso-8859-1"])
@pytest.mark.parametrize("encoding", TEXTS)
def test_a_document_knows_its_charset_better_than_its_server(encoding: str, kind: str) -> None:
    """Whatever the header says, letters come out right."""
    text = f'<?xml version="1.0" encoding="{encoding}"?><rss version="2.0"><channel><title>T</title>'
    text += f"<item><title>{TEXTS[encoding]}</title><link>https://a.example/1</link></item></channel></rss>"
    reply = Response(200, text.encode(encoding), kind, Validators())
    found = asyncio.run(read_delta(Counting(), Feed(1, URL, "A"), reply, NOW))  # type: ignore[arg-type]  # counted

    assert isinstance(found, DocumentDelta)
    assert found.document.entries[0].title == TEXTS[encoding]


@pytest.mark.parametrize(
    "change",
    [
        lambda packed: b"x" + packed,
        lambda packed: packed[:-3],
        lambda packed: packed.partition(b"\n")[0],
        lambda packed: b"[]\n",
        lambda packed: packed.replace(b'"checked": 1', b'"checked": 1e999'),
        lambda packed: packed.replace(b'"root": "', b'"root": "x'),
        lambda packed: b"[" * 100_000,
    ],
)
def test_a_damaged_fingerprint_is_none(change: Callable[[bytes], bytes]) -> None:
    """The document is then read whole; a row of the database that was damaged ends nothing."""
    packed = DocumentFingerprint(
        b"r" * 16, "utf-8", PartReader.EXPAT, NOW, 0, {b"k" * 16: b"e" * FINGERPRINT_SIZE}
    ).pack()
    read_again = DocumentFingerprint.unpack(change(packed))

    assert read_again is None or not read_again.entries
    assert DocumentFingerprint.unpack(packed) is not None
