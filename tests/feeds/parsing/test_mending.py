"""One broken piece of a document costs no more than itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import FeedError
from bot.core.model import FeedDocument, FeedFailure
from bot.feeds.parsing.formats import read_document
from bot.feeds.parsing.mending import mend_charset, mend_references, text_in_utf_8
from bot.feeds.parsing.with_feedparser import read_with_feedparser
from bot.feeds.parsing.xml_feed import read_xml_feed

URL = "https://a.example/feed"
NAMES = ["Zoë Brânză", "Müller’s plan", "Ålesund", "Žižek", "Núria", "Søren"]


def feed_of(*titles: bytes, charset: str = "utf-8") -> bytes:
    """Return a feed whose items have these titles, as they are."""
    items = b"".join(
        b"<item><title>%s</title><link>https://a.example/%d</link></item>" % (title, number)
        for number, title in enumerate(titles)
    )
    head = f'<?xml version="1.0" encoding="{charset}"?><rss version="2.0"><channel><title>A</title>'.encode()
    return head + items + b"</channel></rss>"


def titles_of(body: bytes, content_type: str = "application/xml") -> list[str]:
    document = read_document(body, content_type, URL)
    assert isinstance(document, FeedDocument), document
    return [entry.title for entry in document.entries]


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("&#xD83D;&#xDE00;", "\U0001f600"),
        ("&#55357;&#56832;", "\U0001f600"),
        ("&#65;&#xD83D;&#xDE00;&#66;", "A\U0001f600B"),
        ("&#xD83D;", "\ufffd"),
        ("&#xDE00;&#xD83D;", "\ufffd\ufffd"),
        ("&#x110000;", "\ufffd"),
        ("&#99999999999;", "\ufffd"),
        ("&#x0001F600;", "\U0001f600"),
        ("&#0;", ""),
        ("&#8;", ""),
        ("&#xFFFF;", ""),
        ("&#8217;", "’"),
        ("&#150;", "–"),
    ],
)
@pytest.mark.parametrize("charset", ["utf-8", "utf-16"])
def test_a_reference_to_no_character_costs_itself(reference: str, expected: str, charset: str) -> None:
    """In a document of any charset; all other entries are read, as if nothing were."""
    body = feed_of(*(name.encode() for name in NAMES), f"so{reference}so".encode(), charset=charset)

    assert titles_of(body.decode().encode(charset)) == [*NAMES, f"so{expected}so"]


def test_in_text_that_is_no_markup_a_reference_stays() -> None:
    """In CDATA it is the text's own, and is resolved with it."""
    assert titles_of(feed_of(b"<![CDATA[a &#x41; &amp;#x110000;]]>", b"b"))[1:] == ["b"]
    assert mend_references(b"&#x41;&#8217;") == b"&#x41;&#8217;"


@pytest.mark.parametrize(
    ("odd", "expected"),
    [
        (b"two \xff end", "two \ufffd end"),
        (b"it\x92s", "it’s"),
        (b"cut Zo\xc3", "cut Zo\ufffd"),
        (b"cut \xe2\x80", "cut \ufffd"),
    ],
)
@pytest.mark.parametrize("kind", ["application/xml", "text/xml; charset=utf-8", ""])
def test_one_byte_that_is_no_text_costs_itself(odd: bytes, expected: str, kind: str) -> None:
    """Every other name is as it was written."""
    body = feed_of(*(name.encode() for name in NAMES), odd)

    assert titles_of(body, kind) == [*NAMES, expected]
    document = read_document(body, kind, URL)
    assert isinstance(document, FeedDocument)
    assert not document.clean  # so that no part of it is read by itself


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        ("shift_jis", "日本語の見出し"),
        ("gb2312", "中国新闻标题"),
        ("euc-kr", "한국어제목"),
        ("windows-1253", "Ελληνικά"),
    ],
)
def test_other_charsets_are_mended_too(charset: str, name: str) -> None:
    """A byte that is none of a charset that a document names, and nearly all of which it is in."""
    body = feed_of(
        *[name.encode(charset)] * 4, b"x \xff <" if charset != "windows-1253" else b"x \xff", charset=charset
    )

    assert titles_of(body.replace(b" <<", b"<"))[:4] == [name] * 4


def test_null_control_what_is_in_another_charset_is_not_mended() -> None:
    """A feed that says UTF-8 and is in Windows' own charset all over is read in that, as before."""
    body = feed_of(*(name.encode("windows-1252") for name in ("Zoë", "Müller’s plan", "Ålesund")))

    assert titles_of(body) == ["Zoë", "Müller’s plan", "Ålesund"]
    assert mend_charset(body, "application/xml")[2] is False


@pytest.mark.parametrize("charset", ["utf-16", "utf-32", "utf-7", "cp037", "ucs-2"])
@pytest.mark.parametrize("padding", [b"", b" "])
def test_a_charset_that_a_document_cannot_be_in_is_not_believed(charset: str, padding: bytes) -> None:
    """Its first sign says so, whether the number of its bytes fits or not; the same where a server names it."""
    names = [name.encode() for name in NAMES]

    assert titles_of(feed_of(*names, charset=charset) + padding) == NAMES
    assert titles_of(feed_of(*names) + padding, f"text/xml; charset={charset}") == NAMES


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_what_is_in_a_wide_charset_is_read_in_it(charset: str) -> None:
    """With a mark or without."""
    body = feed_of(*(name.encode() for name in NAMES), charset=charset[:6])

    assert titles_of(body.decode().encode(charset)) == NAMES


@given(st.binary(max_size=300))
def test_any_bytes_have_a_text(data: bytes) -> None:
    """One that can be stored; what is UTF-8 comes out as it went in."""
    text_in_utf_8(data).encode()
    for sign in (b"", b"<", b"\xff\xfe", b"\0<", b"<?xml version='1.0' encoding='" + data[:8] + b"'?>"):
        mended, _, _ = mend_charset(sign + data, "text/xml; charset=" + data[:6].decode("latin-1"))
        mend_references(mended)
    assert text_in_utf_8("Zoë’s".encode()) == "Zoë’s"


def test_one_entry_that_breaks_the_reader_costs_itself() -> None:
    """The document is halved until that entry stands alone; it is counted, and the others are read."""
    body = feed_of(*(b"title %d" % number for number in range(40))).replace(b"<item>", b"<item about='odd'>")
    reads = 0

    def breaking(part: bytes, content_type: str, url: str) -> FeedDocument:
        nonlocal reads
        reads += 1
        if b"title 7<" in part or b"title 8<" in part or b"title 33<" in part:
            raise FeedError("malformed", "it breaks")
        return read_with_feedparser(part, content_type, url)

    document = read_xml_feed(body, "", URL, breaking)

    assert len(document.entries) == 37
    assert (document.skipped, document.clean, document.title) == (
        3,
        False,
        "",
    )  # a part has no title; the stored one stays
    assert reads <= 40


def test_a_document_all_of_which_breaks_the_reader_is_given_up() -> None:
    """After sixty tries, whatever its length."""
    reads = 0

    def breaking(_part: bytes, _content_type: str, _url: str) -> FeedDocument:
        nonlocal reads
        reads += 1
        raise FeedError("malformed", "it breaks")

    for count in (100, 1000):
        reads = 0
        with pytest.raises(FeedError):
            read_xml_feed(feed_of(*[b"x"] * count), "", URL, breaking)
        assert reads <= 63


def test_a_document_that_is_no_feed_stays_none() -> None:
    """Mending makes no feed of anything."""
    assert isinstance(read_document(b"\xff\xfe\x00", "", URL), FeedFailure)
    assert isinstance(read_document(b"<html>\xff</html>", "", URL), FeedFailure)
