"""The SAX driver that feedparser reads XML with: it passes on only what an entry is made of. Pure.

feedparser takes SAX drivers by the name of their module. This one differs from Python's own in two ways: a run of
text comes at once and not line by line, and elements that no item is made of (people, categories, pictures, and
the whole article beside its summary) are left out where they stand right in an entry or the channel. What is left
out is checked for well-formedness all the same.
"""

from itertools import islice
from typing import Any
from xml.sax.expatreader import ExpatParser

_MOST_ATTRIBUTES = 100  # of one element: Python's driver looks through all of them for each
_PARENTS = frozenset({"item", "entry", "channel", "feed"})
_ENTRIES = frozenset({"item", "entry"})
_ATOM = "http://www.w3.org/2005/Atom"
_PLAIN = (
    "",
    _ATOM,
    "http://purl.org/rss/1.0/",
    "http://backend.userland.com/rss2",
    "http://my.netscape.com/rdf/simple/0.9/",
)
_PEOPLE = (
    "author",
    "contributor",
    "managingEditor",
    "webMaster",
    "category",
    "comments",
    "enclosure",
    "cloud",
    "rights",
)
_DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
_MEDIA = "http://search.yahoo.com/mrss/"
_PODCASTS = "http://www.itunes.com/dtds/podcast-1.0.dtd"
# Namespaces all of whose elements are left out.
UNUSED_NAMESPACES = frozenset(
    {
        "http://purl.org/rss/1.0/modules/slash/",
        "http://wellformedweb.org/CommentAPI/",
        "http://purl.org/syndication/thread/1.0",
        "http://www.georss.org/georss",
        "http://www.w3.org/2003/01/geo/wgs84_pos#",
    }
)
# Elements that are left out, as expat names them.
UNUSED = frozenset(
    {f"{space} {name}".strip() for space in _PLAIN for name in _PEOPLE}
    | {
        f"{_DUBLIN_CORE} {name}"
        for name in ("creator", "subject", "publisher", "contributor", "rights", "format", "type")
    }
    | {f"{_PODCASTS} {name}" for name in ("author", "owner", "category", "image", "keywords")}
    | {f"{_MEDIA} {name}" for name in ("thumbnail", "credit", "copyright", "keywords", "rating", "category", "player")}
)
_ARTICLES = frozenset({"http://purl.org/rss/1.0/modules/content/ encoded", f"{_ATOM} content"})


class Driver(ExpatParser):
    """A SAX driver that leaves out what no item is made of."""

    _cont_handler: Any  # where the base class sends what it reads

    def __init__(self) -> None:
        super().__init__()
        self._names: list[str] = []
        self._left_out = 0  # how deep below an element that is left out

    def reset(self) -> None:
        """Begin a new document."""
        super().reset()
        self._parser: Any
        self._parser.buffer_text = True
        self._parser.buffer_size = 65_536
        self._names, self._left_out = [], 0

    def start_element_ns(self, name: str, attrs: Any) -> None:
        """Pass on an element, or leave it out."""
        if self._left_out:
            self._left_out += 1
            return
        if self._names and self._names[-1] in _PARENTS and self._is_unused(name):
            self._left_out = 1
            self._parser.CharacterDataHandler = None
            return
        self._names.append(name.split()[1] if " " in name else name)
        if len(attrs) > _MOST_ATTRIBUTES:
            attrs = dict(islice(attrs.items(), _MOST_ATTRIBUTES))
        super().start_element_ns(name, attrs)

    def end_element_ns(self, name: str) -> None:
        """Pass on the end of an element, unless it was left out."""
        if self._left_out:
            self._left_out -= 1
            if not self._left_out:
                self._parser.CharacterDataHandler = self._cont_handler.characters
            return
        self._names.pop()
        super().end_element_ns(name)

    def _is_unused(self, name: str) -> bool:
        space, _, rest = name.partition(" ")
        local = rest.partition(" ")[0]
        if space in UNUSED_NAMESPACES and local:
            return True
        plain = f"{space} {local}" if local else space
        return plain in UNUSED or (plain in _ARTICLES and self._has_summary())

    def _has_summary(self) -> bool:
        """Say whether the entry has its summary, so that the article is not needed.

        feedparser would then take a later summary for the better one, and has to know that there was an article.
        """
        handler: Any = self._cont_handler
        if self._names[-1] not in _ENTRIES or not handler.entries or not handler.entries[-1].get("summary", "").strip():
            return False
        handler.hasContent = 1
        return True


def create_parser() -> Driver:
    """Return a driver; `xml.sax.make_parser` asks for it by this name."""
    return Driver()
