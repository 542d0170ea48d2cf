"""Builds small feed documents in the three formats, for tests that care about their entries."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as a publisher writes it; what is None is left out of the document.

    `published` as text is written as it stands, for dates that no publisher should send but some do.
    """

    title: str | None
    link: str | None = None
    guid: str | None = None
    summary: str | None = None
    published: datetime | str | None = None


def rss(
    items: Iterable[Entry],
    title: str = "Example News",
    link: str = "https://news.example/",
    extra: str = "",
) -> bytes:
    """Return an RSS 2.0 document; `extra` is XML for the channel, such as `<ttl>60</ttl>`."""
    parts = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<rss version="2.0"><channel>',
        _element("title", title) + _element("link", link) + extra,
        *map(_rss_item, items),
        "</channel></rss>",
    ]
    return "\n".join(parts).encode()


def _rss_item(entry: Entry) -> str:
    # A guid that is not the link must say so, or a reader takes it for an address (RSS 2.0, <guid>).
    permalink = ' isPermaLink="false"' if entry.guid != entry.link else ""
    return (
        "<item>"
        + _element("title", entry.title)
        + _element("link", entry.link)
        + _element("guid", entry.guid, permalink)
        + _element("description", entry.summary)
        + _element("pubDate", _date(entry.published, rfc822=True))
        + "</item>"
    )


def atom(
    items: Iterable[Entry],
    title: str = "Example News",
    link: str = "https://news.example/",
    extra: str = "",
) -> bytes:
    """Return an Atom 1.0 document; `extra` is XML for the feed element."""
    parts = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom">',
        _element("title", title) + _element("id", link) + _link(link) + extra,
        *map(_atom_entry, items),
        "</feed>",
    ]
    return "\n".join(parts).encode()


def _atom_entry(entry: Entry) -> str:
    date = _date(entry.published, rfc822=False)
    return (
        "<entry>"
        + _element("title", entry.title)
        + _link(entry.link)
        + _element("id", entry.guid)
        + _element("summary", entry.summary)
        + _element("published", date)
        + _element("updated", date)
        + "</entry>"
    )


def json_feed(
    items: Iterable[Entry],
    title: str = "Example News",
    link: str = "https://news.example/",
) -> bytes:
    """Return a JSON Feed 1.1 document."""
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": title,
        "home_page_url": link,
        "items": [_json_item(entry) for entry in items],
    }
    return json.dumps(document, ensure_ascii=False).encode()


def _json_item(entry: Entry) -> dict[str, str]:
    item = {
        "id": entry.guid,
        "url": entry.link,
        "title": entry.title,
        "content_text": entry.summary,
        "date_published": _date(entry.published, rfc822=False),
    }
    return {name: value for name, value in item.items() if value is not None}


def _element(name: str, text: str | None, attributes: str = "") -> str:
    return "" if text is None else f"<{name}{attributes}>{escape(text)}</{name}>"


def _link(href: str | None) -> str:
    return "" if href is None else f'<link href="{escape(href, {chr(34): "&quot;"})}"/>'


def _date(published: datetime | str | None, *, rfc822: bool) -> str | None:
    if published is None or isinstance(published, str):
        return published
    return format_datetime(published) if rfc822 else published.isoformat()
