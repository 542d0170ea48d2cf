"""A whole document comes out as if feedparser had read all of it."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.model import FeedDocument
from bot.feeds.parsing.formats import read_document
from bot.feeds.parsing.with_feedparser import read_with_feedparser
from bot.feeds.parsing.xml_feed import read_xml_feed
from tests.builders import Entry, atom, rss
from tests.feeds.feeds_grammar import documents
from tests.feeds.parsing.reading import read

URL = "https://feed.example/dir/feed.xml"
DATA = Path(__file__).parents[4] / "shared" / "data"
KINDS = st.sampled_from(["", "text/xml", "application/rss+xml; charset=utf-8", "text/html; charset=iso-8859-1"])
ENTRIES = [Entry(f"Title {n}", f"https://a.example/{n}", f"id-{n}", f"<p>Text {n}</p>") for n in range(12)]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents(), KINDS)
def test_any_document_is_read_alike(body: bytes, kind: str) -> None:
    """With all that it says of itself."""
    assert read_document(body, kind, URL) == read(body, kind, URL)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([rss(ENTRIES), atom(ENTRIES)]), st.integers(0, 3000), st.integers(0, 40), st.binary(max_size=12))
def test_a_damaged_document_is_read_alike(body: bytes, at: int, gone: int, noise: bytes) -> None:
    """Whatever is cut out or put in."""
    damaged = body[:at] + noise + body[at + gone :]

    assert read_document(damaged, "text/xml", URL) == read(damaged, "text/xml", URL)


SPOILT = {
    "a comment that is none": (b"</item>", b"</item><!-- a -- b -->"),
    "text between": (b"</item>", b"</item>text"),
    "an odd entry": (b"<title>Title 3", b"<odd>x</odd><title>Title 3"),
    "an entry with nothing in it": (b"</item>", b"</item><item></item>"),
    "another charset further on": (b"Title 3", b"Title \xfc"),
    "an open entry": (b"Title 3</title>", b"Title 3"),
    "an unknown reference": (b"Title 3", b"Title &nbsp;"),
}


@pytest.mark.parametrize(("old", "new"), SPOILT.values(), ids=SPOILT.keys())
@pytest.mark.parametrize("kind", ["", "text/xml", "text/xml; charset=us-ascii"])
def test_what_is_wrong_anywhere_is_seen(old: bytes, new: bytes, kind: str) -> None:
    """It stands in none of the entries that feedparser is shown at first."""
    body = rss(ENTRIES)
    spoilt = body.replace(old, new, 1)

    assert spoilt != body
    assert read_document(spoilt, kind, URL) == read(spoilt, kind, URL)


@pytest.mark.parametrize("kind", ["text/xml; charset=utf-16", "text/xml;CHARSET='UTF-16'", "text/xml; charset=x"])
@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_charset_that_the_server_made_up_is_taken_alike(kind: str, end: bytes) -> None:
    """Whether UTF-16 fits a document of another charset hangs on nothing but its length."""
    for number in range(2):
        body = rss(ENTRIES).replace(b"Title 5", b"Title " + b"5" * (number + 1)) + end

        assert read_document(body, kind, URL) == read(body, kind, URL)


def test_a_document_of_usual_entries_needs_little_of_feedparser() -> None:
    """It is shown three of twelve."""
    shown: list[int] = []

    def counted(body: bytes, content_type: str, url: str) -> FeedDocument:
        shown.append(body.count(b"<item>"))
        return read_with_feedparser(body, content_type, url)

    found = read_xml_feed(rss(ENTRIES), "", URL, counted)

    assert shown == [3]
    assert [entry.title for entry in found.entries] == [entry.title for entry in ENTRIES]


def test_where_the_three_come_out_otherwise_all_are_left_to_feedparser() -> None:
    """What it says is right."""

    def other(body: bytes, content_type: str, url: str) -> FeedDocument:
        return read_with_feedparser(body.replace(b"Title", b"Tale"), content_type, url)

    found = read_xml_feed(rss(ENTRIES), "", URL, other)

    assert {entry.title.split()[0] for entry in found.entries} == {"Tale"}


@pytest.mark.real
@pytest.mark.skipif(not DATA.is_dir(), reason="the collection of real feeds is not at hand")
def test_real_and_odd_documents_are_read_alike() -> None:
    """All of them, with all that they say of themselves."""
    for folder in ("feeds", "nasty"):
        for path in sorted((DATA / folder).iterdir()):
            if path.name != "manifest.jsonl":
                assert read_document(path.read_bytes(), "", URL) == read(path.read_bytes(), "", URL), path.name
