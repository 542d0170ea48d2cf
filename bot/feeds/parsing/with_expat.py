"""Reads entries of the usual shape with expat alone, and leaves all others to feedparser. Pure.

Nearly every entry is made of a few elements with a text in them, on which feedparser spends several times what they
need. Here every element that may stand in an entry has a line in a table; at any other, at an attribute that could
change a meaning and wherever two elements could speak of the same, the entries are not read here. What is read comes
out as from feedparser; `bot.feeds.delta` makes sure of it for every feed, and again every day.

It takes time linear in the bytes, so a small part needs no process of its own, as feedparser does.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from xml.parsers import expat

from bot.core.model import Entry
from bot.feeds.parsing.entry import make_entry
from bot.feeds.parsing.with_feedparser import PROVOKED, as_text, date_in, is_markup, joined, mended
from bot.feeds.parsing.xml_driver import UNUSED, UNUSED_NAMESPACES

_AMPERSAND = re.compile("&([A-Za-z0-9_]+);")
_CHARSETS = frozenset({"utf-8", "us-ascii", "iso-8859-1", "windows-1252", "windows-1251"})
_LONGEST_DATE = 100  # characters
_ATOM = "http://www.w3.org/2005/Atom"
_DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
_MEDIA = ("http://search.yahoo.com/mrss/", "http://search.yahoo.com/mrss", "https://search.yahoo.com/mrss/")
_ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
_LANG = "http://www.w3.org/XML/1998/namespace lang"
_BASE = "http://www.w3.org/XML/1998/namespace base"
_ENTRIES = frozenset({"item", f"{_ATOM} entry"})
_NOTHING: frozenset[str] = frozenset()
_TYPED = frozenset({"type", _LANG, _BASE})
# Elements with a text, by what it is and the attributes that it may have.
_TEXTS_OF_BOTH = {
    f"{_DUBLIN_CORE} date": ("updated", _NOTHING),
    f"{_ATOM} updated": ("updated", _NOTHING),
    **{f"{space} description": ("about", frozenset({"type"})) for space in _MEDIA},
}
_TEXTS_OF_RSS = _TEXTS_OF_BOTH | {
    "title": ("title", _NOTHING),
    "link": ("link", _NOTHING),
    "guid": ("guid", frozenset({"isPermaLink"})),
    "description": ("summary", _NOTHING),
    "pubDate": ("published", _NOTHING),
    "http://purl.org/rss/1.0/modules/content/ encoded": ("article", _NOTHING),
}
_TEXTS_OF_ATOM = _TEXTS_OF_BOTH | {
    f"{_ATOM} title": ("title", _TYPED),
    f"{_ATOM} id": ("guid", _NOTHING),
    f"{_ATOM} summary": ("summary", _TYPED),
    f"{_ATOM} content": ("article", _TYPED),
    f"{_ATOM} published": ("published", _NOTHING),
}
_OF_LINKS = frozenset(
    {
        *("href", "rel", "type", "hreflang", "title", "length"),
        *(f"http://purl.org/syndication/thread/1.0 {name}" for name in ("count", "updated", "when")),
    }
)
_KINDS = {"text": "text/plain", "html": "text/html", "text/plain": "text/plain", "text/html": "text/html"}
_PAGES = frozenset({"text/html", "html", "application/xhtml+xml", "xhtml"})
# Elements with nothing in them but text, of which no entry is made.
_UNUSED_TEXTS = frozenset(
    {
        "source",
        "com-wordpress:feed-additions:1 post-id",
        "http://rssnamespace.org/feedburner/ext/1.0 origLink",
        f"{_DUBLIN_CORE} identifier",
        *(f"http://www.youtube.com/xml/schemas/2015 {name}" for name in ("videoId", "channelId")),
        *(f"{_ITUNES} {name}" for name in ("author", "block", "duration", "episode", "episodeType", "explicit")),
        *(f"{_ITUNES} {name}" for name in ("image", "keywords", "order", "season", "subtitle", "title")),
    }
)
_MEDIA_AROUND = frozenset(f"{space} {name}" for space in _MEDIA for name in ("group", "content"))
_MEDIA_TITLES = frozenset(f"{space} title" for space in _MEDIA)
_UNUSED_MEDIA = frozenset(
    f"{space} {name}"
    for space in _MEDIA
    for name in (
        *("thumbnail", "credit", "copyright", "keywords", "rating", "category", "player"),
        *("community", "starRating", "statistics", "text"),
    )
)
# feedparser takes the version of a document from these before it looks at the root.
_OTHER_ROOTS = ("http://purl.org/rss/1.0/", "http://my.netscape.com/rdf/simple/0.9/")


class _UnusualError(Exception):
    """An entry is not of the usual shape."""


def read_with_expat(part: bytes, charset: str, url: str) -> tuple[Entry, ...] | None:
    """Return the entries of a part (`SplitDocument.part`); None when one is unusual and feedparser has to judge.

    `url` is the stored address of the feed, against which links are resolved.
    """
    if charset not in _CHARSETS:
        return None
    try:
        return _Reader(url).read(part.decode(charset).lstrip("\ufeff \t\r\n"))
    except (_UnusualError, expat.ExpatError, *PROVOKED):
        return None


@lru_cache(maxsize=4096)
def _base_of(url: str) -> str:
    return joined(url, url)


class _Reader:
    """Reads one document."""

    def __init__(self, url: str) -> None:
        self._base = _base_of(url)
        self._entries: list[Entry] = []
        self._entry: dict[str, str] = {}  # the texts of an entry
        self._kinds: dict[str, str] = {}  # as what they were sent
        self._needs: set[str] = set()  # texts without which something else would stand in their place
        self._is_rss = False
        self._texts: Mapping[str, tuple[str, frozenset[str]]] = _TEXTS_OF_ATOM
        self._depth = 0
        self._entry_depth = 0
        self._around = 0  # media elements that are open around the one that begins
        self._field = ""  # what the element is whose text is gathered
        self._pieces: list[str] = []
        self._is_permalink = True
        self._left_out = 0  # the depth of an element that is left out with all in it
        self._is_leaf = False  # nothing but text may stand in it

    def read(self, text: str) -> tuple[Entry, ...]:
        parser = expat.ParserCreate(None, " ")
        parser.buffer_text = True
        parser.StartNamespaceDeclHandler = self._declare
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._gather
        parser.Parse(text, True)
        return tuple(self._entries)

    def _declare(self, _prefix: str | None, uri: str | None) -> None:
        if uri and uri.lower() in _OTHER_ROOTS:
            raise _UnusualError

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._left_out:
            if self._is_leaf:
                raise _UnusualError
        elif self._depth > self._entry_depth > 0:
            self._begin_inside(name, attributes)
        elif self._depth == 1:
            self._begin_root(name, attributes)
        elif self._depth == self._entry_depth and name in _ENTRIES and attributes.keys() <= {_LANG}:
            self._entry, self._kinds, self._needs = {}, {}, set()
        elif name != "channel" or attributes:
            raise _UnusualError

    def _begin_root(self, name: str, attributes: dict[str, str]) -> None:
        self._is_rss = name == "rss"
        if not self._is_rss and name != f"{_ATOM} feed":
            raise _UnusualError
        if any(known.rpartition(" ")[2].lower() in {"base", "href", "lastmod"} for known in attributes):
            raise _UnusualError
        self._entry_depth = 3 if self._is_rss else 2
        self._texts = _TEXTS_OF_RSS if self._is_rss else _TEXTS_OF_ATOM

    def _begin_inside(self, name: str, attributes: dict[str, str]) -> None:
        if self._field:
            raise _UnusualError  # markup that is not escaped
        text = self._texts.get(name)
        if text is not None and attributes.keys() <= text[1]:
            self._begin_text(text[0], attributes)
        elif self._around:
            self._begin_in_media(name)
        elif name == f"{_ATOM} link":
            self._link(attributes)
            self._leave_out(leaf=True)
        elif name in UNUSED or name.partition(" ")[0] in UNUSED_NAMESPACES:
            self._leave_out()
        elif name in _UNUSED_TEXTS:
            self._leave_out(leaf=True)
        elif name in _MEDIA_AROUND:
            self._around += 1
        else:
            raise _UnusualError

    def _begin_text(self, field: str, attributes: dict[str, str]) -> None:
        if field in self._kinds or (self._around and field != "about"):
            raise _UnusualError
        self._field, self._pieces = field, []
        self._is_permalink = attributes.get("isPermaLink", "true") == "true"
        if field == "article" and not self._is_rss and attributes.get("type") == "xhtml":
            self._field, self._kinds[field] = "", ""
            self._needs.add("summary")
            self._leave_out()
        else:
            self._kinds[field] = _kind_of(field, attributes, is_rss=self._is_rss)

    def _begin_in_media(self, name: str) -> None:
        if name in _MEDIA_TITLES:
            self._needs.add("title")
            self._leave_out(leaf=True)
        elif name in _UNUSED_MEDIA:
            self._leave_out()
        elif name in _MEDIA_AROUND:
            self._around += 1
        else:
            raise _UnusualError

    def _leave_out(self, *, leaf: bool = False) -> None:
        self._left_out, self._is_leaf = self._depth, leaf

    def _link(self, attributes: dict[str, str]) -> None:
        if "href" not in attributes or not attributes.keys() <= _OF_LINKS:
            raise _UnusualError
        kind = attributes.get("type", "text/html").lower()
        if attributes.get("rel", "alternate").lower() == "alternate" and kind in _PAGES:
            self._entry["link"] = joined(self._base, attributes["href"])

    def _gather(self, text: str) -> None:
        if self._field:
            self._pieces.append(text)

    def _end(self, _name: str) -> None:
        if self._left_out:
            if self._left_out == self._depth:
                self._left_out = 0
        elif self._field:
            self._end_text(self._field, "".join(self._pieces).strip())
            self._field = ""
        elif self._depth == self._entry_depth:
            self._end_entry()
        elif self._depth > self._entry_depth > 0:
            self._around -= 1
        self._depth -= 1

    def _end_text(self, field: str, text: str) -> None:
        if text and (field == "link" or (field == "guid" and self._is_permalink)):
            text = joined(self._base, text)
        if field == "title" and self._is_rss and is_markup(text):
            self._kinds[field] = "text/html"
        self._entry[field] = mended(text)
        if field == "link":
            self._entry["link"] = _AMPERSAND.sub(r"&\1", self._entry["link"].replace("&amp;", "&"))
        elif field == "guid" and self._is_permalink:
            self._entry.setdefault("link", self._entry["guid"])

    def _end_entry(self) -> None:
        entry = self._entry
        if not self._needs <= entry.keys() or ("title" in self._needs and not entry["title"]):
            raise _UnusualError
        summary = next((field for field in ("summary", "article", "about") if field in entry), "summary")
        if "about" in entry and summary != "about":
            raise _UnusualError
        made = make_entry(
            guid=entry.get("guid", ""),
            links=(entry.get("link", "").strip(),),
            title=self._text("title"),
            summary=self._text(summary),
            published=self._date("published") or self._date("updated"),
        )
        if made is None:
            raise _UnusualError
        self._entries.append(made)

    def _text(self, field: str) -> str:
        return as_text(self._entry.get(field, ""), self._kinds.get(field, ""), is_rss=self._is_rss)

    def _date(self, field: str) -> Any:
        text = self._entry.get(field, "")
        if len(text) > _LONGEST_DATE:
            raise _UnusualError
        return date_in(text)


def _kind_of(field: str, attributes: Mapping[str, str], *, is_rss: bool) -> str:
    """Return as what a text was sent: by its type in Atom; RSS knows only what feedparser takes it for."""
    if is_rss or field not in {"title", "article", "summary"}:
        if attributes.get("type", "html").lower() not in {"html", "text/html"}:
            raise _UnusualError
        return "text/plain" if field == "title" else "text/html"
    kind = _KINDS.get(attributes.get("type", "text").lower())
    if kind is None:
        raise _UnusualError
    return kind
