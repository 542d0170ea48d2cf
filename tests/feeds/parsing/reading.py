"""Reads documents with feedparser alone, to compare with."""

from bot.core.model import FeedDocument, FeedFailure
from bot.feeds.parsing.formats import FORMATS, Format, read_document
from bot.feeds.parsing.with_feedparser import read_with_feedparser

_ALONE = (Format("XML", {}, lambda body: not FORMATS[1].recognises(body), read_with_feedparser), *FORMATS[1:])


def read(body: bytes, content_type: str, url: str) -> FeedDocument | FeedFailure:
    """Read a document of any format, XML with feedparser."""
    return read_document(body, content_type, url, _ALONE)
