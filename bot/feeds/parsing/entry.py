"""Makes an entry of its parts, the same for every format: limits, and a title where there is none. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from bot.core.links import is_web
from bot.core.model import Entry
from bot.core.text import one_line, shorten

T = TypeVar("T")

_LONGEST_GUID = 2000  # characters
_LONGEST_LINK = 2000
_LONGEST_TITLE = 1000
_LONGEST_SUMMARY = 20_000  # a watch reads the first paragraph, and the body only if asked to
_MOST_ENTRIES = 1_000  # of a document
_NAMED_BY = 120  # characters of the text that stand in for a title


def bounded(entries: Sequence[T]) -> tuple[Sequence[T], int]:
    """Return the entries of a document that are read, and how many are left out: those in the middle of too many.

    What is new stands at the top of most feeds, and at the end of others.
    """
    left_out = max(len(entries) - _MOST_ENTRIES, 0)
    half = _MOST_ENTRIES // 2
    return (entries, 0) if not left_out else ([*entries[:half], *entries[-half:]], left_out)


def make_entry(guid: str, links: Sequence[str], title: str, summary: str, published: datetime | None) -> Entry | None:
    """Return the entry, or None when nothing can be said of it. The first of the links that is one counts."""
    guid, title = one_line(guid), one_line(title)
    link = next((link for link in links if is_web(link) and len(link) <= _LONGEST_LINK), None)
    if not (guid or link or title or summary):
        return None
    return Entry(
        guid=guid[:_LONGEST_GUID] or None,
        link=link,
        title=shorten(title, _LONGEST_TITLE) or shorten(one_line(summary), _NAMED_BY) or link or guid,
        summary=summary[:_LONGEST_SUMMARY],
        published=published,
    )
