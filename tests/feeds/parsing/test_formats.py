"""The registry of feed formats: what is asked for, recognised and read."""

import pytest

from bot.core.errors import FeedError
from bot.core.model import Entry, FeedDocument, FeedFailure
from bot.feeds.parsing.formats import FORMATS, Format, accept, media_types, read_document
from tests.builders import Entry as Written
from tests.builders import atom, json_feed, rss

URL = "https://feed.example/feed"
WRITTEN = Written("Title", "https://a.example/1")


@pytest.mark.parametrize("body", [rss([WRITTEN]), atom([WRITTEN]), json_feed([WRITTEN])], ids=["rss", "atom", "json"])
@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b" \r\n"])
def test_each_format_is_recognised_by_its_bytes(body: bytes, before: bytes) -> None:
    """Whatever mark or space stands before them, and whatever the server calls it; only one format claims it."""
    found = read_document(before + body, "text/html", URL)

    assert isinstance(found, FeedDocument)
    assert [entry.title for entry in found.entries] == ["Title"]
    assert sum(known.recognises(before + body) for known in FORMATS) == 1


@pytest.mark.parametrize(("body", "reason"), [(b"", "empty"), (b" \n", "empty"), (b"hello", "not a feed")])
def test_what_no_format_recognises_is_refused(body: bytes, reason: str) -> None:
    """With a word of its own."""
    found = read_document(body, "", URL)

    assert isinstance(found, FeedFailure)
    assert found.reason == reason


def test_servers_are_asked_for_every_format() -> None:
    """By weight; the header is the one that publishers have always got."""
    assert accept() == (
        "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
        "application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1"
    )


def test_a_new_format_is_one_entry() -> None:
    """It is asked for, known on web pages, recognised and read; what its reader refuses is a failure of the feed."""

    def read_lines(body: bytes, _content_type: str, _url: str) -> FeedDocument:
        titles = body.decode().splitlines()[1:]
        if not titles:
            raise FeedError("malformed", "there are no lines")
        return FeedDocument("Lines", tuple(Entry(None, None, title, "", None) for title in titles))

    lines = Format("lines", {"text/x-lines": 0.5}, lambda body: body.startswith(b"#lines"), read_lines)
    formats = (*FORMATS, lines)

    assert "text/x-lines;q=0.5, */*" in accept(formats)
    assert media_types(formats) - media_types() == {"text/x-lines"}
    found = read_document(b"#lines\nOne\nTwo", "", URL, formats)
    assert isinstance(found, FeedDocument)
    assert [entry.title for entry in found.entries] == ["One", "Two"]
    assert read_document(b"#lines", "", URL, formats) == FeedFailure("malformed", "there are no lines")
    assert isinstance(read_document(rss([WRITTEN]), "", URL, formats), FeedDocument)
