"""JSON Feed: what publishers write in it, and what is skipped or refused."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.errors import FeedError
from bot.core.model import Entry, FeedDocument
from bot.feeds.parsing.json_feed import looks_like_json, read_json_feed

URL = "https://feed.example/dir/feed.json"
VERSION = "https://jsonfeed.org/version/1.1"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = [
    "id",
    "url",
    "external_url",
    "title",
    "content_html",
    "content_text",
    "summary",
    "date_published",
    "date_modified",
]


def feed_of(*items: object, **more: object) -> bytes:
    return json.dumps({"version": VERSION, "items": items, **more}).encode()


def first(**item: object) -> Entry:
    return read_json_feed(feed_of(item), "", URL).entries[0]


@pytest.mark.parametrize(
    ("body", "expected"),
    [(b"{}", True), (b'\xef\xbb\xbf \r\n{"a"', True), (b"<rss/>", False), (b"[1]", False), (b"", False)],
)
def test_json_is_told_from_the_rest(body: bytes, expected: bool) -> None:
    """By its first character, whatever space or mark stands before it."""
    assert looks_like_json(body) is expected


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "malformed"),
        (b"\xff{}", "malformed"),
        (b'{"a":' * 100_000, "malformed"),
        (b'{"version": ' + b"9" * 10**6 + b"}", "not a feed"),
        (b'{"version": Infinity}', "not a feed"),
        (b"{}", "not a feed"),
        (b"[]", "not a feed"),
        (b'{"version": 1.1, "items": []}', "not a feed"),
        (b'{"version": "https://jsonfeed.org/version/1", "items": {}}', "malformed"),
    ],
    ids=["cut", "bytes", "depth", "digits", "infinity", "other", "list", "version", "items"],
)
def test_what_is_no_json_feed_is_refused(body: bytes, reason: str) -> None:
    """Each with its own word."""
    with pytest.raises(FeedError) as caught:
        read_json_feed(body, "", URL)
    assert caught.value.reason == reason


@pytest.mark.parametrize("version", ["https://jsonfeed.org/version/1", VERSION, "http://jsonfeed.org/version/1"])
def test_every_version_is_read(version: str) -> None:
    """1.0 and 1.1; a byte order mark does no harm."""
    body = b"\xef\xbb\xbf" + feed_of({"id": "1", "title": "x"}, version=version, title=" The \n Ledger ")

    read = read_json_feed(body, "", URL)
    assert (read.title, len(read.entries), read.complete) == ("The Ledger", 1, True)


@pytest.mark.parametrize(
    ("item", "field", "expected"),
    [
        ({"id": 5}, "guid", "5"),
        ({"id": " a\nb "}, "guid", "a b"),
        ({"id": ["a"]}, "guid", None),
        ({"url": "https://a.example/1"}, "link", "https://a.example/1"),
        ({"url": "../1"}, "link", "https://feed.example/1"),
        ({"url": "javascript:alert(1)", "external_url": "https://a.example/2"}, "link", "https://a.example/2"),
        ({"url": "http://[broken"}, "link", None),
        ({"title": "AT&amp;T <b>x</b>"}, "title", "AT&amp;T <b>x</b>"),
        ({"content_html": "<p>AT&amp;T</p><p>two</p>"}, "summary", "AT&T\ntwo"),
        ({"content_text": "5 < 6 &amp; <b>"}, "summary", "5 < 6 &amp; <b>"),
        ({"summary": "short", "content_html": "<p>long</p>"}, "summary", "short"),
        ({"date_published": "2026-03-03T10:00:00+01:00"}, "published", datetime(2026, 3, 3, 9, tzinfo=UTC)),
        ({"date_published": "2026-03-03T09:00:00Z"}, "published", datetime(2026, 3, 3, 9, tzinfo=UTC)),
        ({"date_published": "2026-03-03T09:00:00"}, "published", datetime(2026, 3, 3, 9, tzinfo=UTC)),
        ({"date_published": "soon", "date_modified": "2026-03-03"}, "published", datetime(2026, 3, 3, tzinfo=UTC)),
        ({"date_published": "0001-01-01T00:00:00+14:00"}, "published", None),
        ({"date_published": 7}, "published", None),
    ],
)
def test_fields_are_read_by_their_type(item: dict[str, Any], field: str, expected: object) -> None:
    """Text is literal, HTML becomes text, links are absolute; what has the wrong type is not there."""
    assert getattr(first(**{"id": "1", "title": "x"} | item), field) == expected


def test_an_item_without_a_title_is_called_by_its_text_or_link() -> None:
    """As in the other formats: the first words, else the address."""
    assert first(id="1", content_text="Only a text.").title == "Only a text."
    assert first(id="1", url="https://a.example/1").title == "https://a.example/1"


def test_endless_fields_are_cut() -> None:
    """A title of a megabyte is stored by nobody."""
    entry = first(id="1", title="x" * 10**6, summary="y " * 10**6, url="https://a.example/" + "z" * 10_000)

    assert len(entry.title) <= 1024
    assert len(entry.summary) <= 65536
    assert entry.link is None


def test_a_thousand_items_are_read() -> None:
    """And no more."""
    assert len(read_json_feed(feed_of(*({"id": n} for n in range(1200))), "", URL).entries) == 1000


@settings(max_examples=80, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(FIELDS), JSON) | JSON, max_size=4), JSON)
def test_any_item_is_read_or_skipped(items: list[object], title: object) -> None:
    """Nothing that JSON can say is an error; every item is counted; every text can be stored."""
    read = read_json_feed(feed_of(*items, title=title), "", URL)

    assert isinstance(read, FeedDocument)
    assert len(read.entries) + read.skipped == len(items)
    for entry in read.entries:
        "".join((entry.guid or "", entry.link or "", entry.title, entry.summary)).encode()


def test_one_odd_item_costs_no_other() -> None:
    """A byte that is no text, a number that is none or too long, a raw newline, half a character: the rest stays."""
    odd = (
        b'{"id": "1", "title": "Zo\xc3\xab \xff one"}',
        b'{"id": 2, "title": "two", "x": NaN, "y": [-Infinity]}',
        b'{"id": ' + b"7" * 5000 + b', "title": "three"}',
        b'{"id": "4", "title": "fo\nur\tx"}',
        b'{"id": "5", "title": "five \\ud83d"}',
        b'{"id": "6", "title": "six \\ud83d\\ude00"}',
    )
    body = b'{"version": "%s", "items": [%s]}\n ' % (VERSION.encode(), b",".join(odd))

    entries = read_json_feed(body, "", URL).entries
    assert [entry.title for entry in entries] == ["Zoë \ufffd one", "two", "three", "fo ur x", "five", "six \U0001f600"]
    assert entries[1].guid == "2"
