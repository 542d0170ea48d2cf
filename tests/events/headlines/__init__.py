"""Headlines of our own making, with the events they tell: read as README.md in this folder says."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.core.model import Event, Part
from bot.core.text import Text
from bot.core.text import words as words_of
from bot.events.frames import read_events
from bot.events.lexicon import Lexicon, lexicon

FOLDER = Path(__file__).parent
_EVENT = re.compile(r"(?P<kind>\w+)\s*(?P<rest>.*?)(?:, (?P<certainty>planned|reported|denied|stated))?")


@dataclass(frozen=True, slots=True)
class Expected:
    """An event that a headline tells."""

    kind: str
    who: str
    organisation: str
    certainty: str


@dataclass(frozen=True, slots=True)
class Case:
    """A headline with the events it tells, and the family of wordings it belongs to."""

    family: str
    headline: str
    expected: tuple[Expected, ...]


def cases(name: str) -> Iterator[Case]:
    """Yield the cases of one file of this folder."""
    family = ""
    for line in (FOLDER / f"{name}.txt").read_text("utf-8").splitlines():
        if line.startswith("## "):
            family = line[3:]
        elif line and not line.startswith("#"):
            headline, _, told = line.rpartition(" => ")
            yield Case(family, headline, tuple(_expected(told)))


def _expected(told: str) -> Iterator[Expected]:
    for text in told.split("; ") if told != "none" else ():
        match = _EVENT.fullmatch(text.strip())
        assert match is not None, text
        who, _, organisation = f" {match['rest']}".partition(" @ ")
        yield Expected(match["kind"], who.strip(), organisation.strip(), match["certainty"] or "stated")


def read(headline: str, words: Lexicon | None = None) -> list[Event]:
    """Return the events of a headline that are news."""
    return [e for e in read_events(Text(headline), Part.TITLE, (), words or lexicon()) if e.ruled_out is None]


def is_right(case: Case, kinds: frozenset[str], lexicon: Lexicon | None = None) -> bool:
    """Say whether exactly the expected events of these kinds are read: who, and whether it is a denial."""
    found = [event for event in read(case.headline, lexicon) if event.kind in kinds]
    wanted = [expected for expected in case.expected if expected.kind in kinds]
    told = {(event.kind, event.certainty == "denied") for event in found}
    if told != {(expected.kind, expected.certainty == "denied") for expected in wanted}:
        return False
    return all(any(_is_same(event, expected) for event in found) for expected in wanted)


def _is_same(event: Event, expected: Expected) -> bool:
    return event.kind == expected.kind and (not expected.who or shares(event.people, expected.who))


def shares(names: tuple[str, ...], wanted: str) -> bool:
    """Say whether one of some names shares a word with what was wanted."""
    return bool({word for name in names for word in words_of(name)} & set(words_of(wanted)))
