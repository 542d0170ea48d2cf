"""The demo's newsroom: invented outlets and their news, and each outlet's feed as of an instant."""

import json
import re
import tomllib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from html import escape
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

LONGEST_FEED = 25
"""How many items a document holds at most, as publishers cut theirs."""

_FILES = ("archive.toml", "newsroom.toml")
_ATOM = "http://www.w3.org/2005/Atom"
_CONTENT = "http://purl.org/rss/1.0/modules/content/"
_JSON_FEED = "https://jsonfeed.org/version/1.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """One publisher with one feed."""

    key: str
    name: str
    format: str
    """`rss` (2.0), `atom` (1.0) or `json` (JSON Feed 1.1)."""
    site: str
    tags: tuple[str, ...] = ()
    owner: str | None = None
    html: bool = True
    """Whether summaries are HTML paragraphs or plain text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsItem:
    """One thing an outlet prints, as plain text."""

    outlet: str
    at: timedelta
    """When it is published, after the start of the demo; zero or less is archive."""
    title: str
    summary: str
    url: str
    body: str | None = None
    story: str | None = None
    """Which items report the same news. For people and tests; never in a feed."""


@dataclass(frozen=True, slots=True)
class Newsroom:
    """All outlets, and all their items, oldest first."""

    outlets: tuple[Outlet, ...]
    items: tuple[NewsItem, ...]

    def outlet(self, key: str) -> Outlet | None:
        """Return the outlet with this key, or None."""
        return next((outlet for outlet in self.outlets if outlet.key == key), None)


def load() -> Newsroom:
    """Read the newsroom that ships with the package."""
    folder = files("bot.demo")
    return read(*(tomllib.loads((folder / name).read_text("utf-8")) for name in _FILES))


def read(*tables: Mapping[str, Any]) -> Newsroom:
    """Build a newsroom from parsed TOML; newsroom.toml says what the tables hold.

    Raises ValueError for a name that is not known, KeyError for an item of no outlet.
    """
    outlets = tuple(_outlet(raw) for table in tables for raw in table.get("outlet", ()))
    sites = {outlet.key: outlet.site for outlet in outlets}
    items = [_item(raw, sites[raw["outlet"]]) for table in tables for raw in table.get("item", ())]
    return Newsroom(outlets, tuple(sorted(items, key=lambda item: item.at)))


def _outlet(raw: Mapping[str, Any]) -> Outlet:
    if raw["format"] not in _WRITERS:
        raise ValueError(f"outlet {raw['key']}: unknown format {raw['format']!r}")
    return Outlet(**{**raw, "tags": tuple(raw.get("tags", ()))})


def _item(raw: Mapping[str, Any], site: str) -> NewsItem:
    path = raw.get("path") or "/" + _slug(raw["title"])
    return NewsItem(
        outlet=raw["outlet"],
        at=timedelta(minutes=raw["at"]),
        title=raw["title"],
        summary=raw["summary"],
        url=raw.get("url") or site + path,
        body=raw.get("body"),
        story=raw.get("story"),
    )


def _slug(title: str) -> str:
    plain = unicodedata.normalize("NFKD", re.sub(r"['’]", "", title)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def published(newsroom: Newsroom, outlet: Outlet, start: datetime, now: datetime) -> list[NewsItem]:
    """Return what the outlet's feed lists at `now`, newest first."""
    items = [item for item in newsroom.items if item.outlet == outlet.key and start + item.at <= now]
    return items[::-1][:LONGEST_FEED]


def document(newsroom: Newsroom, outlet: Outlet, start: datetime, now: datetime) -> bytes:
    """Write the outlet's feed as published at `now`; `start` and `now` are aware.

    The bytes change only when an item appears, so that a validator made from them is honest.
    """
    entries = [_Entry(item, start + item.at, _guid(outlet, item)) for item in published(newsroom, outlet, start, now)]
    updated = entries[0].published if entries else start
    return _WRITERS[outlet.format](outlet, entries, updated)


@dataclass(frozen=True, slots=True)
class _Entry:
    item: NewsItem
    published: datetime
    guid: str


def _guid(outlet: Outlet, item: NewsItem) -> str:
    """Return a tag URI (RFC 4151): unlike a link, it is never anybody else's and never tracked."""
    return f"tag:{urlsplit(outlet.site).hostname},2000:{urlsplit(item.url).path}"


def _rss(outlet: Outlet, entries: Sequence[_Entry], updated: datetime) -> bytes:
    rss = ET.Element("rss", {"version": "2.0", "xmlns:content": _CONTENT})
    channel = ET.SubElement(rss, "channel")
    _add(channel, "title", outlet.name)
    _add(channel, "link", outlet.site)
    _add(channel, "description", f"News from {outlet.name}")
    _add(channel, "language", "en")
    _add(channel, "lastBuildDate", format_datetime(updated))
    for entry in entries:
        item = ET.SubElement(channel, "item")
        _add(item, "title", entry.item.title)
        _add(item, "link", entry.item.url)
        _add(item, "guid", entry.guid, isPermaLink="false")
        _add(item, "pubDate", format_datetime(entry.published))
        summary = entry.item.summary
        _add(item, "description", _paragraphs(summary) if outlet.html else summary)
        if entry.item.body:
            _add(item, "content:encoded", _paragraphs(summary, entry.item.body))
    return _xml(rss)


def _atom(outlet: Outlet, entries: Sequence[_Entry], updated: datetime) -> bytes:
    feed = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": "en"})
    _add(feed, "id", f"{outlet.site}/")
    _add(feed, "title", outlet.name)
    _add(feed, "link", rel="alternate", href=outlet.site)
    _add(feed, "updated", updated.isoformat())
    _add(ET.SubElement(feed, "author"), "name", outlet.name)
    for entry in entries:
        element = ET.SubElement(feed, "entry")
        _add(element, "id", entry.guid)
        _add(element, "title", entry.item.title)
        _add(element, "link", rel="alternate", href=entry.item.url)
        _add(element, "published", entry.published.isoformat())
        _add(element, "updated", entry.published.isoformat())
        summary = entry.item.summary
        if outlet.html:
            _add(element, "summary", _paragraphs(summary), type="html")
        else:
            _add(element, "summary", summary)
        if entry.item.body:
            _add(element, "content", _paragraphs(summary, entry.item.body), type="html")
    return _xml(feed)


def _add(parent: ET.Element, tag: str, text: str | None = None, **attributes: str) -> None:
    ET.SubElement(parent, tag, attributes).text = text


def _xml(root: ET.Element) -> bytes:
    body: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return body


def _json(outlet: Outlet, entries: Sequence[_Entry], updated: datetime) -> bytes:
    feed = {
        "version": _JSON_FEED,
        "title": outlet.name,
        "home_page_url": outlet.site,
        "language": "en",
        "items": [_json_item(entry, html=outlet.html) for entry in entries],
    }
    return json.dumps(feed, ensure_ascii=False, indent=1).encode()


def _json_item(entry: _Entry, *, html: bool) -> dict[str, str]:
    item = entry.item
    texts = [item.summary, item.body] if item.body else [item.summary]
    content = {"content_html": _paragraphs(*texts)} if html else {"content_text": "\n\n".join(texts)}
    return {
        "id": entry.guid,
        "url": item.url,
        "title": item.title,
        "summary": item.summary,
        "date_published": entry.published.isoformat(),
    } | content


def _paragraphs(*texts: str) -> str:
    return "".join(f"<p>{escape(text, quote=False)}</p>" for text in texts)


_Writer = Callable[[Outlet, Sequence[_Entry], datetime], bytes]
_WRITERS: dict[str, _Writer] = {"rss": _rss, "atom": _atom, "json": _json}
