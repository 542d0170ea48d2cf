"""An item: one entry of one feed, and its parts. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of one feed, as it is stored."""

    id: int
    title: str
    summary: str
    url: str | None
    outlet: str
    owner: str | None
    tags: tuple[str, ...]
    published: datetime | None
    seen: datetime
    is_backfill: bool = False
    edits: int = 0
    is_late_arrival: bool = False  # older than the first poll of its feed, and new in it only now


class Part(StrEnum):
    """A part of an item, in which words stand."""

    TITLE = "title"
    LEDE = "lede"
    BODY = "body"
