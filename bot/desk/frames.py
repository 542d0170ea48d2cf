"""Reads an event (who, where from, how certain) out of a headline or a first paragraph. Pure.

A wording of `frames.toml` is an event when somebody it happens to can be found beside it: a watched
person, a capitalised name, or a role. What is background (former, ex-, who left) is not an event.
"""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from bot.desk.terms import Found, Term, TermIndex, inflected, literal
from bot.model import Event, Evidence, Where
from bot.text import Token, tokens

_BACKGROUND_REACH = 3  # words before a wording
_NAME_REACH = 6  # words beside a wording in which its person stands


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The wordings of `frames.toml`, compiled."""

    index: TermIndex
    events: dict[Term, tuple[str, str]]  # wording → event, manner
    background: frozenset[Term]
    another_sense: frozenset[Term]
    certainty: dict[Term, str]
    roles: frozenset[Term]

    @property
    def kinds(self) -> frozenset[str]:
        """Return the events there are."""
        return frozenset(kind for kind, _ in self.events.values())


@dataclass(frozen=True, slots=True)
class Mention:
    """A watched person or organisation in a text."""

    name: str
    is_person: bool
    found: Found


@cache
def lexicon() -> Lexicon:
    """Return the shipped lexicon."""
    text = resources.files("bot.desk").joinpath("frames.toml").read_text("utf-8")
    return _compile(tomllib.loads(text))


def _compile(tables: dict[str, dict[str, list[str]]]) -> Lexicon:
    rules = {name: tables.pop(name) for name in ("background", "certainty", "roles")}
    events = {
        inflected(wording): (kind, manner)
        for kind, manners in tables.items()
        for manner, wordings in manners.items()
        for wording in wordings
    }
    background = frozenset(literal(words) for words in rules["background"]["before"])
    another_sense = frozenset(inflected(words) for words in rules["background"]["another_sense"])
    certainty = {inflected(words): level for level, listed in rules["certainty"].items() for words in listed}
    roles = frozenset(inflected(word) for word in rules["roles"]["words"])
    index = TermIndex([*events, *background, *another_sense, *certainty, *roles])
    return Lexicon(index, events, background, another_sense, certainty, roles)


def read_events(text: str, where: Where, mentions: Sequence[Mention], lexicon: Lexicon) -> tuple[Event, ...]:
    """Return the events a text tells, in the order in which it tells them, one of each kind."""
    read = tokens(text)
    found = lexicon.index.find(read)
    events: dict[str, Event] = {}
    for wording in found:
        if wording.term not in lexicon.events or _is_background(wording, found, lexicon):
            continue
        kind, _ = lexicon.events[wording.term]
        people = _people(wording, read, text, mentions, lexicon)
        if kind in events or (not people and not _has_role(wording, found, lexicon)):
            continue
        evidence = [Evidence(where, text[wording.start : wording.end], kind)]
        organisations = tuple(dict.fromkeys(mention.name for mention in mentions if not mention.is_person))
        certainty = _certainty(found, lexicon)
        events[kind] = Event(kind, certainty, people, organisations, where, tuple(evidence))
    return tuple(events.values())


def _is_background(wording: Found, found: Iterable[Found], lexicon: Lexicon) -> bool:
    return any(
        (other.term in lexicon.background and 0 < wording.first - other.first <= _BACKGROUND_REACH)
        or (other.term in lexicon.another_sense and other.first <= wording.last and wording.first <= other.last)
        for other in found
    )


def _people(
    wording: Found, read: Sequence[Token], text: str, mentions: Sequence[Mention], lexicon: Lexicon
) -> tuple[str, ...]:
    watched = tuple(dict.fromkeys(mention.name for mention in mentions if mention.is_person))
    if watched:
        return watched
    taken = {place for m in mentions for place in range(m.found.first, m.found.last + 1)}
    taken |= {
        place
        for found in lexicon.index.find(tuple(read))
        if found.term in lexicon.roles or found.term in lexicon.events
        for place in range(found.first, found.last + 1)
    }
    before = range(wording.first - 1, max(wording.first - 1 - _NAME_REACH, -1), -1)
    after = range(wording.last + 1, min(wording.last + 1 + _NAME_REACH, len(read)))
    passive = lexicon.events[wording.term][1] != "verbs"
    for reach in (after, before) if passive else (before,):
        if name := _name(reach, read, text, taken):
            return (name,)
    return ()


def _name(reach: range, read: Sequence[Token], text: str, taken: set[int]) -> str | None:
    """Return the nearest run of two or three capitalised words that nothing else has taken."""
    run: list[int] = []
    for place in [*reach, None]:
        if place is not None and place not in taken and text[read[place].start].isupper():
            run.append(place)
        elif len(run) in {2, 3}:
            return " ".join(text[read[i].start : read[i].end] for i in sorted(run))
        else:
            run = []
    return None


def _has_role(wording: Found, found: Iterable[Found], lexicon: Lexicon) -> bool:
    return any(other.term in lexicon.roles and abs(other.first - wording.first) <= _NAME_REACH for other in found)


def _certainty(found: Iterable[Found], lexicon: Lexicon) -> str:
    levels = {lexicon.certainty[other.term] for other in found if other.term in lexicon.certainty}
    return next((level for level in ("denied", "reported", "planned") if level in levels), "stated")
