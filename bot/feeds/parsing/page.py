"""The addresses of feeds that a web page names, and where feeds often are if it names none. Pure."""

from collections.abc import Iterable
from contextlib import suppress
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from bot.core.links import is_web
from bot.feeds.parsing.formats import media_types

_MEDIA_TYPES = media_types()
_COMMON = ("/feed", "/rss", "/feed.xml", "/rss.xml", "/atom.xml", "/index.xml", "/feed.json", "/feeds/posts/default")
_LIKE_A_FEED = ("rss", "atom", "feed", ".xml", ".rdf")
_MOST = 8
_LONGEST_PAGE = 300_000  # bytes; links stand near the top


def feeds_of_page(page: bytes, url: str) -> tuple[str, ...]:
    """Return the addresses that a page gives for its feeds, the best first: link elements, then links in its text.

    The HTML Standard, section 4.6.7.1: `<link rel="alternate" type="application/rss+xml" href="...">`.
    """
    found = _Links()
    with suppress(AssertionError):  # what Python's reader says of declarations it cannot read
        found.feed(page[:_LONGEST_PAGE].decode("utf-8", "replace"))
    base = urljoin(url, found.base) if found.base else url
    return _distinct((*found.alternates, *found.others), base)[:_MOST]


def common_places(url: str) -> tuple[str, ...]:
    """Return where feeds often are, below the page and at its site."""
    below = url if url.endswith("/") else f"{url}/"
    places = [urljoin(below, place.lstrip("/")) for place in _COMMON[:2]] if urlsplit(url).path.strip("/") else []
    return _distinct((*places, *_COMMON), url)


def _distinct(links: Iterable[str], base: str) -> tuple[str, ...]:
    whole = (_absolute(base, link) for link in links)
    return tuple(dict.fromkeys(link for link in whole if link is not None))


def _absolute(base: str, link: str) -> str | None:
    try:
        whole = urljoin(base, link.strip()).partition("#")[0]
    except ValueError:
        return None
    return whole if is_web(whole) else None


class _Links(HTMLParser):
    """Gathers the links of a page that look like those of feeds."""

    def __init__(self) -> None:
        super().__init__()
        self.base = ""
        self.alternates: list[str] = []
        self.others: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        link = values.get("href", "")
        if tag == "base" and not self.base:
            self.base = link
        elif tag == "link" and "alternate" in values.get("rel", "").lower().split():
            if link and values.get("type", "").lower().partition(";")[0].strip() in _MEDIA_TYPES:
                self.alternates.append(link)
        elif tag == "a" and link and any(word in link.lower() for word in _LIKE_A_FEED):
            self.others.append(link)
