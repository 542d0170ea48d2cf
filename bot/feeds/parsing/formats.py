"""The formats of feeds: how servers call them, how a document of each is recognised, and who reads it. Pure.

A new format is a file with a reader and an entry in `FORMATS`: it is then asked for, found on web pages, and read.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.core.errors import FeedError
from bot.core.model import FeedDocument, FeedFailure
from bot.feeds.parsing.json_feed import looks_like_json, read_json_feed
from bot.feeds.parsing.xml_feed import looks_like_xml, read_xml_feed


@dataclass(frozen=True, slots=True)
class Format:
    """One format. `media_types` gives how much each is wanted, up to 1 (RFC 9110 section 12.4.2).

    `read` takes the bytes, the content type as sent, and the stored address of the feed, against which links are
    resolved. It raises FeedError where a document is not a feed, or cut off before its first entry.
    """

    name: str
    media_types: Mapping[str, float]
    recognises: Callable[[bytes], bool]
    read: Callable[[bytes, str, str], FeedDocument]


XML = Format(
    "RSS, RDF or Atom",
    {
        "application/atom+xml": 1,
        "application/rss+xml": 1,
        "application/rdf+xml": 0.9,
        "application/xml": 0.8,
        "text/xml": 0.8,
    },
    looks_like_xml,
    read_xml_feed,
)
FORMATS: tuple[Format, ...] = (
    XML,
    Format("JSON Feed", {"application/feed+json": 1, "application/json": 0.7}, looks_like_json, read_json_feed),
)


def read_document(
    body: bytes, content_type: str, url: str, formats: Sequence[Format] = FORMATS
) -> FeedDocument | FeedFailure:
    """Read one feed document, or return why it cannot be read. What nobody recognises is read as XML.

    It is run in a process that can be killed (`bot.feeds.parsing.workers`).
    """
    if not body.strip():
        return FeedFailure("empty", "the server sent an empty document")
    try:
        found = next((known for known in formats if known.recognises(body)), XML)
        return found.read(body, content_type, url)
    except FeedError as error:
        return FeedFailure(error.reason, error.detail)


def media_types(formats: Sequence[Format] = FORMATS) -> frozenset[str]:
    """Return all media types that feeds are sent as."""
    return frozenset(media_type for known in formats for media_type in known.media_types)


def accept(formats: Sequence[Format] = FORMATS) -> str:
    """Return the header that asks for feeds, the most wanted media type first, and takes anything else."""
    wanted = [one for known in formats for one in known.media_types.items()]
    wanted.sort(key=lambda one: -one[1])
    return ", ".join([*(kind if weight == 1 else f"{kind};q={weight}" for kind, weight in wanted), "*/*;q=0.1"])
