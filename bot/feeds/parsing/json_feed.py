"""Reads JSON Feed 1.0 and 1.1 (jsonfeed.org/version/1.1), which feedparser does not. Pure."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urljoin

from bot.core.errors import FeedError
from bot.core.model import Entry, FeedDocument
from bot.core.text import clean, one_line, strip_markup
from bot.feeds.parsing.entry import bounded, make_entry
from bot.feeds.parsing.mending import text_in_utf_8

# What JSON does not know, but a careless server writes, costs no more than itself: a raw newline in a text, a number
# that is none (which is then nothing), or one of any length (which stays as it is written).
_DECODER = json.JSONDecoder(strict=False, parse_constant=lambda _: None, parse_int=str)


def looks_like_json(body: bytes) -> bool:
    """Say whether a document can only be JSON."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"


def read_json_feed(body: bytes, _content_type: str, url: str) -> FeedDocument:
    """Read a JSON Feed. Raises FeedError when it is not one; a broken item is skipped and counted."""
    try:
        feed = _DECODER.decode(text_in_utf_8(body).strip())
    except (ValueError, RecursionError) as error:
        raise FeedError("malformed", "the JSON cannot be read") from error
    if not isinstance(feed, dict) or not str(feed.get("version", "")).startswith(
        ("https://jsonfeed.org/version/", "http://jsonfeed.org/version/")
    ):
        raise FeedError("not a feed", "this is JSON, but not a JSON Feed")
    items = feed.get("items")
    if not isinstance(items, list):
        raise FeedError("malformed", 'the JSON Feed has no list "items"')
    found, left_out = bounded(items)
    entries = [_entry(item, url) for item in found]
    kept = tuple(entry for entry in entries if entry is not None)
    return FeedDocument(one_line(_text(feed, "title")), kept, skipped=len(entries) - len(kept), left_out=left_out)


def _entry(item: object, base: str) -> Entry | None:
    if not isinstance(item, dict):
        return None
    identity = item.get("id")
    guid = str(identity) if isinstance(identity, str | int | float) else ""
    content = strip_markup(_text(item, "content_html")) or clean(_text(item, "content_text"))
    summary = clean(_text(item, "summary")) or content
    return make_entry(
        guid=guid,
        links=[_link(_text(item, key), base) for key in ("url", "external_url")],
        title=_text(item, "title"),
        summary=summary,
        published=_date(_text(item, "date_published")) or _date(_text(item, "date_modified")),
    )


def _link(value: str, base: str) -> str:
    try:
        return urljoin(base, value.strip()) if value else ""
    except ValueError:
        return ""


def _text(values: Mapping[str, object], key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""


def _date(value: str) -> datetime | None:
    """Read an RFC 3339 date; a date without a zone counts as UTC."""
    try:
        date = datetime.fromisoformat(value)
        return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
