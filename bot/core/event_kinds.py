"""The kinds of events, each declared once: its name, how people call it, its section in a digest. Pure.

The wordings by which events of a kind are read stand in `bot/events/frames.toml`, under the same name.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EventKind:
    """A kind of event that watches can ask for."""

    name: str
    section: str  # in a digest
    nouns: tuple[str, ...]  # how people call it: "departures at OpenAI"
    verbs: tuple[str, ...] = ()  # between a person and an organisation: "Ilse Marten leaving OpenAI"
    questions: tuple[str, ...] = ()  # before an organisation: "who leaves OpenAI"
    article: str = "a"  # "" where the name is a plural

    @property
    def phrase(self) -> str:
        """Return the name with its article: "a departure", "layoffs"."""
        return f"{self.article} {self.name}".lstrip()

    def verb(self, one: str, many: str) -> str:
        """Return the form of a verb that goes with the name."""
        return one if self.article else many


# In the order of the sections of a digest.
_ALL = (
    EventKind(
        "departure",
        "LEAVING",
        (
            *("departure", "departures", "leaver", "leavers", "exit", "exits", "resignation", "resignations"),
            *("leaving", "quitting", "firings"),
        ),
        verbs=("leaving", "leaves", "quitting", "quits", "exiting", "exits"),
        questions=("who leaves", "who quits", "who is leaving"),
    ),
    EventKind(
        "arrival",
        "JOINING",
        (
            *("arrival", "arrivals", "hire", "hires", "hiring", "hirings", "appointment", "appointments"),
            *("joining", "promotion", "promotions"),
        ),
        verbs=("joining", "joins"),
        questions=("who joins", "who is joining"),
        article="an",
    ),
    EventKind(
        "funding",
        "FUNDING",
        ("funding", "fundings", "round", "rounds", "raise", "raises", "investment", "investments"),
    ),
    EventKind(
        "acquisition",
        "ACQUISITIONS",
        (
            *("acquisition", "acquisitions", "takeover", "takeovers", "merger", "mergers", "buyout", "buyouts"),
            *("acquiring", "buying"),
        ),
        article="an",
    ),
    EventKind("layoffs", "LAYOFFS", ("layoff", "layoffs", "redundancies"), article=""),
    EventKind("launch", "LAUNCHES", ("launch", "launches", "release", "releases")),
    EventKind("lawsuit", "LAWSUITS", ("lawsuit", "lawsuits", "suit", "suits", "suing")),
    EventKind("outage", "OUTAGES", ("outage", "outages", "downtime"), article="an"),
)

EVENT_KINDS: Mapping[str, EventKind] = {kind.name: kind for kind in _ALL}
SECTIONS: Mapping[str, str] = {kind.name: kind.section for kind in _ALL}

# How certain an event is; the last is what stands in the background of other news.
CERTAINTIES = ("stated", "planned", "reported", "denied", "background")
