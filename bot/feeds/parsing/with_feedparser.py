"""Reads RSS, RDF and Atom with feedparser; the only file that knows it. Pure.

It is run in a process that can be killed (`bot.feeds.parsing.workers`): feedparser has quadratic paths, and a
document may be built to find them.
"""

import io
import re
from calendar import timegm
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import feedparser.api
import feedparser.datetimes
import feedparser.html
import feedparser.mixin
import feedparser.urls

from bot.core.errors import FeedError
from bot.core.links import is_web
from bot.core.model import Entry, FeedDocument
from bot.core.text import clean, one_line, strip_markup, unescape_once
from bot.feeds.parsing.entry import bounded, make_entry
from bot.feeds.parsing.hints import read_hints
from bot.feeds.parsing.mending import mend_charset, mend_references

feedparser.api.PREFERRED_XML_PARSERS[:] = ["bot.feeds.parsing.xml_driver"]
# It resolves the base address against itself at every element, which is a seventh of its time.
feedparser.mixin.make_safe_absolute_uri = lru_cache(maxsize=256)(feedparser.mixin.make_safe_absolute_uri)

# White space between the XML declaration and the root sends feedparser's DOCTYPE search into quadratic time.
_AFTER_DECLARATION = re.compile(rb"^((?:\xef\xbb\xbf)?\s*<\?xml[^<>]{0,200}\?>)\s+")
_DECLARATION = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml[^<>]{0,200}\?>")
# An ampersand that is no reference; where none has to be one, and what ends that (XML 1.0 sections 2.4, 2.5, 2.7).
_BARE = re.compile(rb"&(?!(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z_][\w.-]{0,63});)")
_VERBATIM = re.compile(rb"<!\[CDATA\[|<!--|<\?")
_CLOSING = {b"<![CDATA[": b"]]>", b"<!--": b"-->", b"<?": b"?>"}
_FIRST_TAG = re.compile(rb"<[A-Za-z]")
_FEED_TAG = re.compile(rb"<(?:[\w.-]+:)?(?:rss|feed|rdf|channel|item|entry)\b", re.IGNORECASE)
_LONGEST_PROLOG = 2_000  # bytes
_ROOT_END = re.compile(rb"</(?:[\w.-]+:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)
# What feedparser complains of although all is read: it took another charset, or another content type.
_HARMLESS = ("CharacterEncodingOverride", "NonXMLContentType")
# What feedparser, or a codec under it, raises on documents that are broken in new ways.
PROVOKED = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    RecursionError,
    MemoryError,
    OverflowError,
)


def read_with_feedparser(body: bytes, content_type: str, url: str) -> FeedDocument:
    """Read one document of RSS, RDF or Atom; `url` is the stored address of the feed, to resolve links against.

    Raises FeedError where it is not a feed, or cut off before its first entry.
    """
    body, content_type, is_mended = mend_charset(body, content_type)
    if body.lstrip().startswith(b"<") and b"\x00" not in body[:200] and _FEED_TAG.search(body) is None:
        raise FeedError(
            "not a feed", f"the server sent {_description_of(body)}"
        )  # a page can keep feedparser busy for long
    parsed = _feedparser(_escaped(_harmless(body)), content_type, url)
    version = parsed.get("version", "")
    if not version and not parsed.entries:
        raise FeedError("not a feed", f"the server sent {_description_of(body)}")
    complete = not (parsed.bozo and _is_truncated(body))
    # the last entry of a document that was cut is cut too: it is read when it comes whole
    found, left_out = bounded(parsed.entries if complete else parsed.entries[:-1])
    if not complete and not found:
        raise FeedError("cut off", "the document ends in the middle")
    entries = [_entry_or_none(entry, is_rss=version.startswith("rss")) for entry in found]
    kept = tuple(entry for entry in entries if entry is not None)
    return FeedDocument(
        one_line(_text_of(parsed.feed, "title", is_rss=True)),
        kept,
        skipped=len(entries) - len(kept),
        left_out=left_out,
        complete=complete,
        hints=read_hints(body),
        clean=not is_mended and (not parsed.bozo or type(parsed.get("bozo_exception")).__name__ in _HARMLESS),
        charset=str(parsed.get("encoding") or "").lower(),
        older=_older(parsed.feed),
    )


def _older(feed: Mapping[str, Any]) -> str | None:
    """Return where older entries stand (RFC 5005 sections 3 and 4)."""
    links = feed.get("links")
    for wanted in ("prev-archive", "next"):
        for link in links if isinstance(links, list) else ():  # an element of that name would stand in its place
            if link.get("rel") == wanted and is_web(link.get("href")):
                return str(link["href"])
    return None


def _feedparser(body: bytes, content_type: str, url: str) -> Any:
    headers = {"content-location": url}
    if content_type:
        headers["content-type"] = content_type
    try:
        # never parse(bytes): feedparser would first try to open them as the name of a file
        return feedparser.parse(
            io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except PROVOKED as error:
        raise FeedError("malformed", f"the document cannot be read ({type(error).__name__})") from error


def _harmless(body: bytes) -> bytes:
    """Return the document without what costs feedparser quadratic time before its root; nothing else changes.

    That is white space, and a long list of entities: a document type of any use is short.
    """
    body = _AFTER_DECLARATION.sub(rb"\1\n", body.lstrip(b" \t\r\n"), count=1)
    root = _FIRST_TAG.search(body)
    if root is None or root.start() <= _LONGEST_PROLOG:
        return body
    declaration = _DECLARATION.match(body)
    return (declaration[0] if declaration else b"") + body[root.start() :]


def _escaped(body: bytes) -> bytes:
    """Return the document with "&amp;" for each "&" that begins no reference: "AT&T" would come out as "AT&T;".

    References to what is no character are mended.
    """
    if b"\x00" in body[:200] or (_BARE.search(body) is None and b"&#" not in body):
        return body
    pieces: list[bytes] = []
    at = 0
    while at < len(body):
        opening = _VERBATIM.search(body, at)
        end = len(body) if opening is None else opening.start()
        pieces.append(_BARE.sub(b"&amp;", mend_references(body[at:end])))
        closing = -1 if opening is None else body.find(_CLOSING[opening[0]], opening.end())
        at = len(body) if closing < 0 else closing
        pieces.append(body[end:at])
    return b"".join(pieces)


def _is_truncated(body: bytes) -> bool:
    """Say whether a malformed document lacks the end of its root: it was cut, its other entries are missing."""
    return b"\x00" not in body[:200] and not _ROOT_END.search(body[-2000:])


def _description_of(body: bytes) -> str:
    start = body[:2000].lower()
    is_page = b"<html" in start or b"<!doctype html" in start
    return "a web page, not a feed" if is_page else "something that is not a feed"


def _entry_or_none(entry: dict[str, Any], *, is_rss: bool) -> Entry | None:
    """Return an entry, or None where it cannot be read: its neighbours can."""
    try:
        return _entry(entry, is_rss=is_rss)
    except PROVOKED:
        return None


def _entry(entry: dict[str, Any], *, is_rss: bool) -> Entry | None:
    return make_entry(
        guid=str(entry.get("id") or ""),
        links=(str(entry.get("link") or "").strip(),),
        title=_text_of(entry, "title", is_rss=is_rss),
        summary=_text_of(entry, "summary", is_rss=is_rss),
        # by the dict itself: feedparser would pass off the one for the other, with a warning
        published=_date(dict.get(entry, "published_parsed")) or _date(dict.get(entry, "updated_parsed")),
    )


def _text_of(entry: Mapping[str, Any], key: str, *, is_rss: bool) -> str:
    value = str(entry.get(key) or "")
    detail = entry.get(f"{key}_detail")
    if not isinstance(detail, dict):  # an element of that name stands in its place
        detail = _article(entry, value)
    return as_text(value, str(detail.get("type", "")), is_rss=is_rss)


def as_text(value: str, kind: str, *, is_rss: bool) -> str:
    """Return what stands in an element, sent as this kind, as plain text.

    Its type decides: markup is stripped and resolved once; plain text of RSS, which has no types, is
    resolved once where it holds a reference; Atom's plain text is literal (RFC 4287 section 3.1.1).
    """
    if kind in {"text/html", "application/xhtml+xml"}:
        return strip_markup(value)
    return clean(unescape_once(value) if is_rss else value)


def _article(entry: Mapping[str, Any], value: str) -> Mapping[str, Any]:
    """Return the article that feedparser copied into the place of a missing summary, without its type."""
    articles = (article for article in entry.get("content") or () if isinstance(article, Mapping))
    return next((article for article in articles if article.get("value") == value), {})


def _date(parsed: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(timegm(parsed), UTC) if parsed else None
    except (ValueError, OverflowError, OSError, TypeError):
        return None


_OF_WINDOWS = re.compile("[\x80-\x9f]")


def mended(text: str) -> str:
    """Return text as feedparser hands it out: characters that were encoded twice, or are of Windows, put right."""
    if text.isascii():
        return text
    with suppress(UnicodeError):
        text = text.encode("iso-8859-1").decode("utf-8")
    return text if _OF_WINDOWS.search(text) is None else text.translate(feedparser.html._cp1252)  # noqa: SLF001  # to be the same in every case


def joined(base: str, address: str) -> str:
    """Return an address as feedparser resolves it."""
    return str(feedparser.urls._urljoin(base, address))  # noqa: SLF001  # to be the same in every case


def is_markup(text: str) -> bool:
    """Say whether feedparser takes text of RSS, which has no types, for HTML."""
    return bool(feedparser.mixin._FeedParserMixin.looks_like_html(text))  # noqa: SLF001  # to be the same in every case


def date_in(text: str) -> datetime | None:
    """Return the date that feedparser finds in a text."""
    return _date(feedparser.datetimes._parse_date(text))  # noqa: SLF001  # to be the same in every case
