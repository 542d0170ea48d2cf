"""Matches, and the stories that they are grouped into. Pure."""

from dataclasses import dataclass
from datetime import datetime

from bot.core.model.events import EventKey, EventSummary, Evidence
from bot.core.model.items import Item, Part


@dataclass(frozen=True, slots=True)
class Match:
    """An item that a watch wants, with the evidence; or, with `background`, would want if its event were news."""

    item: Item
    watch: str
    where: Part
    evidence: tuple[Evidence, ...]
    event: EventSummary | None = None
    background: str | None = None  # why the event is no news


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A headline with a watched name and a role in which no event was read: a wording that may be missing."""

    item_id: int
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Source:
    """One outlet's report of a story. `credit` is the outlet that it says has it first."""

    item_id: int
    outlet: str
    owner: str | None
    title: str
    url: str | None
    at: datetime
    credit: str | None = None
    is_named: bool = False  # its headline names who it is about
    is_corrected: bool = False
    is_denial: bool = False


@dataclass(frozen=True, slots=True)
class Story:
    """What several outlets report of one thing; `sources` are in order of arrival.

    `possible_duplicate` is a story that may be the same one: the two are alike, but not surely the same.
    """

    id: int
    event_keys: tuple[EventKey, ...]
    sources: tuple[Source, ...]
    possible_duplicate: int | None = None

    @property
    def first(self) -> datetime:
        """Return when the first source was seen."""
        return self.sources[0].at

    @property
    def last(self) -> datetime:
        """Return when the newest source was seen."""
        return self.sources[-1].at

    @property
    def independent(self) -> int:
        """Return how many outlets report it of their own: not who denies it, and who cites another as that other."""
        return len({source.credit or source.outlet for source in self.sources if not source.is_denial})
