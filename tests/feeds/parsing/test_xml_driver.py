"""What is left out of a document on its way to feedparser changes nothing of what is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import feedparser.api
import pytest
from hypothesis import given, settings

from bot.core.model import FeedDocument, FeedFailure
from tests.builders import Entry, rss
from tests.feeds.feeds_grammar import documents
from tests.feeds.parsing.reading import read

URL = "https://feed.example/dir/feed.xml"
DATA = Path(__file__).parents[4] / "shared" / "data"


@contextmanager
def pythons_own_driver() -> Iterator[None]:
    """Let feedparser use what it would use by itself."""
    ours = list(feedparser.api.PREFERRED_XML_PARSERS)
    feedparser.api.PREFERRED_XML_PARSERS[:] = []
    try:
        yield
    finally:
        feedparser.api.PREFERRED_XML_PARSERS[:] = ours


def both(body: bytes) -> tuple[FeedDocument | FeedFailure, FeedDocument | FeedFailure]:
    """Return what is read with our driver, and with Python's own."""
    ours = read(body, "", URL)
    with pythons_own_driver():
        return ours, read(body, "", URL)


@settings(max_examples=120, deadline=None)
@given(documents())
def test_documents_are_read_the_same(body: bytes) -> None:
    """Entries, title, well-formedness and all."""
    ours, theirs = both(body)
    assert ours == theirs


@pytest.mark.parametrize(
    "inner",
    [
        "<description>a</description><content:encoded>b</content:encoded>",
        "<content:encoded>b</content:encoded><description>a</description>",
        "<description> </description><content:encoded>b</content:encoded>",
        "<description/><content:encoded>b</content:encoded>",
        "<description>a</description><content:encoded>b</content:encoded><itunes:summary>c</itunes:summary>",
        "<content:encoded>b</content:encoded>",
        "<author>a@b.example (A)</author><category>x</category><description>a &lt;b&gt; b</description>",
        '<enclosure url="https://a.example/x.mp3" length="1" type="audio/mpeg"/><guid>x</guid>',
        "<slash:comments>5</slash:comments><description>a</description>",
        "<media:thumbnail url='x'/><media:description>m</media:description>",
        "<description>a<author>b</author>c</description>",
        "<description>line\none &amp; <![CDATA[two\n]]> three</description>",
    ],
)
def test_what_stands_beside_each_other_is_read_the_same(inner: str) -> None:
    """Whichever of summary and article comes first, whatever stands in what."""
    spaces = (
        b'<rss xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:media="http://search.yahoo.com/mrss/" '
        b'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" '
        b'xmlns:slash="http://purl.org/rss/1.0/modules/slash/" '
    )
    body = rss([Entry("a"), Entry("b")]).replace(b"<rss ", spaces).replace(b"</item>", inner.encode() + b"</item>")
    ours, theirs = both(body)
    assert ours == theirs
    assert isinstance(ours, FeedDocument)


def test_what_is_left_out_has_to_be_well_formed_too() -> None:
    """Else the document is malformed, as without us."""
    body = rss([Entry("a")]).replace(b"</item>", b"<category><b></category></item>")
    ours, theirs = both(body)
    assert isinstance(ours, FeedDocument)
    assert not ours.clean
    assert ours == theirs


@pytest.mark.real
@pytest.mark.skipif(not DATA.is_dir(), reason="the collection of real feeds is not at hand")
def test_real_and_odd_documents_are_read_the_same() -> None:
    """Every one of them."""
    for folder in ("feeds", "nasty"):
        for path in sorted((DATA / folder).iterdir()):
            ours, theirs = both(path.read_bytes())
            assert ours == theirs, path.name
