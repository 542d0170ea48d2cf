"""Documents that are made to hurt are read or refused in time, and reach nothing of this computer."""

from typing import NoReturn

import pytest

from bot.core.model import FeedDocument
from bot.feeds.parsing.formats import read_document
from tests.builders import Entry, json_feed, rss

URL = "https://feed.example/feed.xml"
GOOD = rss([Entry(f"Story {n}", f"https://a.example/{n}") for n in range(10)])
DECLARATION = b'<?xml version="1.0" encoding="utf-8"?>'


def with_prolog(prolog: bytes) -> bytes:
    return GOOD.replace(b"\n", b"", 1).replace(DECLARATION, DECLARATION + prolog)


def with_item(inner: bytes) -> bytes:
    return GOOD.replace(b"</item>", inner + b"</item>", 1)


HOSTILE = {
    "newlines before the root": with_prolog(b"\n" * 96_000),
    "comment and newlines": with_prolog(b"<!-- -->" + b"\n" * 96_000),
    "entities": with_prolog(b"<!DOCTYPE x [" + b'\n<!ENTITY a "b">' * 24_000 + b"]>"),
    "unfinished entities": with_prolog(b"<!DOCTYPE x [" + b"\n<!ENTITY" * 24_000),
    "author": with_item(b"<author>" + b"a." * 48_000 + b"@</author>"),
    "author of the channel": GOOD.replace(
        b"<item>", b"<managingEditor>" + b"a." * 48_000 + b"@</managingEditor><item>", 1
    ),
    "large entity": with_prolog(b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 50_000 + b'">]>').replace(
        b"Story 1<", b"&a;" * 2000 + b"<"
    ),
    "laughs": with_prolog(b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'),
    "foreign entity": with_prolog(b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>').replace(
        b"Story 1<", b"&a;<"
    ),
    "many items": rss([Entry(f"Story {n}") for n in range(20_000)]),
    "nested": with_item(b"<b>" * 32_000),
    "attributes": with_item(b"<b " + b" ".join(b'a%d="1"' % n for n in range(20_000)) + b"/>"),
    "cdata": with_item(b"<description><![CDATA[" + b"<" * 192_000 + b"]]></description>"),
    "open cdata": with_item(b"<![CDATA[" * 24_000),
    "date": with_item(b"<pubDate>" + b"1 " * 96_000 + b"</pubDate>"),
    "title": with_item(b"<title>" + b"x" * 1_000_000 + b"</title>"),
    "deep JSON": b'{"version": "https://jsonfeed.org/version/1.1", "items": ' + b"[" * 100_000,
    "large number": json_feed([Entry("x", guid="7")]).replace(b'"7"', b"7" * 1_000_000),
    "foreign DTD": with_prolog(b'<!DOCTYPE rss SYSTEM "http://127.0.0.1:1/rss.dtd">'),
    "namespaces": GOOD.replace(b"<rss", b"<rss " + b" ".join(b'xmlns:n%d="urn:%d"' % (n, n) for n in range(20_000)), 1),
    "empty items": GOOD.replace(b"<item>", b"<item/>" * 30_000 + b"<item>", 1),
    "author of a podcast": GOOD.replace(
        b"<rss", b'<rss xmlns:i="http://www.itunes.com/dtds/podcast-1.0.dtd"', 1
    ).replace(b"</item>", b"<i:author>" + b"a." * 48_000 + b"@</i:author></item>", 1),
    "brackets": b"<" * 2_000_000,
    "page": b"<html><script>" + b"<" * 900_000,
    "page of links": b"<html>" + b'<link rel=alternate type=application/rss+xml href="/nope">' * 100_000,
    "NUL": GOOD.replace(b"Story 1<", b"\x00Story<"),
    "UTF-7": GOOD.replace(b"utf-8", b"utf-7"),
    "path": b"/etc/passwd",
    "device": b"/dev/zero",
    "address": b"http://127.0.0.1:1/feed",
}


@pytest.mark.timeout(60)  # also under a tracer; feedparser alone takes minutes for some
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_documents_are_read_or_refused_in_time(name: str) -> None:
    """With nothing of this computer in them."""
    result = read_document(HOSTILE[name], "", URL)

    assert "root:" not in repr(result)
    if isinstance(result, FeedDocument):
        assert len(result.entries) <= 1000
        assert all(len(entry.title) <= 1000 for entry in result.entries)


@pytest.mark.parametrize("name", ["path", "device", "address", "foreign entity", "foreign DTD"])
def test_what_stands_in_a_document_is_not_opened(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a file nor an address."""
    read_document(GOOD, "", URL)  # what is imported at the first document
    asked: list[object] = []

    def seen(*args: object, **_: object) -> NoReturn:
        asked.append(args)
        raise OSError

    monkeypatch.setattr("builtins.open", seen)
    monkeypatch.setattr("socket.socket.connect", seen)
    monkeypatch.setattr("socket.getaddrinfo", seen)
    read_document(HOSTILE[name], "", URL)

    assert asked == []
