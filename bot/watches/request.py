"""What a person asks for in a line of chat → a watch: "departures at OpenAI", "Karpathy", "leaving OpenAI". Pure.

It is the watch language with fewer signs; what it was understood as is shown before anything is watched.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bot.core.errors import WatchError
from bot.core.event_kinds import EVENT_KINDS
from bot.core.model import Alias, Priority, WatchSpec
from bot.core.text import fold, one_line, shorten, words
from bot.events.lexicon import Lexicon, lexicon
from bot.watches.watchlist import Watch, aliases_of

_LONGEST = 300  # characters of a request
_NAME = 60
_EVENTS = {noun: kind.name for kind in EVENT_KINDS.values() for noun in kind.nouns}
_ACTS = {verb: kind.name for kind in EVENT_KINDS.values() for verb in kind.verbs}
_QUESTIONS = {question: kind.name for kind in EVENT_KINDS.values() for question in kind.questions}
_BEFORE_NAME = {"at", "of", "from", "by", "against", "for", "to", "in", "with", "on", "about", "around", "involving"}
_JOINS = {"and", "or"}
_SPLIT = re.compile(r"\s*[,;]\s*|\s+or\s+", re.IGNORECASE)
_WITHOUT = re.compile(r"\s+(?:without|but not|except|not)\s+", re.IGNORECASE)
_QUERY = re.compile(r"\b(?:AND|OR|NOT)\b|\b(?:title|lede|body|source|tag|event|certainty|person|organisation):")
_PRIORITY = re.compile(r"(?P<level>high|low)(?:\s+priority)?\s*:\s*(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_ASKS = re.compile(r"^(?:news|headlines|anything|everything|stories)\s+(?:about|on|with|of)\s+", re.IGNORECASE)


def understand_request(
    text: str, chat: str, people: Iterable[Alias] = (), organisations: Iterable[Alias] = ()
) -> WatchSpec:
    """Return the watch that a line asks for, for one chat. Raises WatchError, with what is wrong in words.

    `people` and `organisations` are the names that are listed. The watch's name is CHAT/LINE.
    """
    line = one_line(text)
    if not words(line) and not _is_regex(line):
        raise WatchError("there is no word in it")
    if len(line) > _LONGEST:
        raise WatchError(f"it is longer than {_LONGEST} characters")
    known = tuple(people), tuple(organisations)
    spec = _Reader(lexicon(), *known).read(line)
    named = replace(spec, name=f"{chat}/{shorten(line, _NAME)}", to=(chat,))
    Watch.compile(named, aliases_of(*known))
    return named


def _is_regex(line: str) -> bool:
    return len(line) > 2 and line[0] == line[-1] == "/"


class _Reader:
    """Reads one line."""

    def __init__(self, lexicon: Lexicon, people: Sequence[Alias], organisations: Sequence[Alias]) -> None:
        self._lexicon = lexicon
        self._people = _spellings(people)
        self._organisations = _spellings(organisations)

    def read(self, line: str) -> WatchSpec:
        priority = Priority.NORMAL
        if level := _PRIORITY.fullmatch(line):
            priority, line = Priority(level["level"].lower()), level["rest"].strip()
        if _is_regex(line):
            return WatchSpec("", regex=(line[1:-1],), priority=priority)
        if len(line) > 2 and line[0] == line[-1] == '"' and '"' not in line[1:-1]:
            return WatchSpec("", keywords=(line,), priority=priority)
        if _QUERY.search(line):
            return WatchSpec("", query=line, priority=priority)
        wanted, *without = (part.strip() for part in _WITHOUT.split(f" {line}"))
        if not words(wanted):
            raise WatchError("it says only what is not wanted")
        exclude = tuple(part for piece in without for part in _SPLIT.split(piece) if words(part))
        found = self._event(wanted) or self._names(_ASKS.sub("", wanted))
        return replace(found, exclude=exclude, priority=priority)

    def _event(self, line: str) -> WatchSpec | None:
        """Read "departures and arrivals at OpenAI, Anthropic", "OpenAI layoffs", "outages", "who leaves OpenAI"."""
        low = line.lower()
        for question, event in _QUESTIONS.items():
            if low.startswith(f"{question} "):
                return self._about((event,), line[len(question) :])
        tokens = line.split()
        first = [fold(token.strip(",;")) for token in tokens]
        count = 0
        while count < len(tokens) and (first[count] in _EVENTS or (count and first[count] in _JOINS)):
            count += 1
        while count and first[count - 1] in _JOINS:
            count -= 1
        is_followed = count < len(tokens) and first[count] in _BEFORE_NAME
        if count and (count == len(tokens) or is_followed):
            events = tuple(dict.fromkeys(_EVENTS[word] for word in first[:count] if word in _EVENTS))
            return self._about(events, " ".join(tokens[count + is_followed :]))
        if len(tokens) > 1 and first[-1] in _EVENTS and tokens[0][0].isupper():
            return self._about((_EVENTS[first[-1]],), " ".join(tokens[:-1]))
        return self._act(tokens, first)

    def _act(self, tokens: Sequence[str], folded: Sequence[str]) -> WatchSpec | None:
        """Read "Andrej Karpathy leaving OpenAI"."""
        place = next((n for n, word in enumerate(folded) if word in _ACTS and 0 < n < len(folded) - 1), None)
        if place is None:
            return None
        people, *others = self._sorted(" ".join(tokens[:place]))
        where = self._sorted(" ".join(tokens[place + 1 :]))
        if not people or any(others) or where[0]:
            return None
        return WatchSpec("", events=(_ACTS[folded[place]],), people=people, organisations=(*where[1], *where[2]))

    def _about(self, events: tuple[str, ...], names: str) -> WatchSpec | None:
        """Return a watch for events of whoever is named; None where that cannot be known."""
        if not words(names):
            return WatchSpec("", events=events)
        people, organisations, others = self._sorted(names)
        # whatever has no known kind is an organisation here: events happen there
        organisations = (*organisations, *others)
        if people and organisations:
            return None
        return WatchSpec("", events=events, people=people, organisations=organisations)

    def _names(self, line: str) -> WatchSpec:
        people, organisations, others = self._sorted(line)
        if others or (people and organisations):
            parts = [part for part in _SPLIT.split(line) if words(part)]
            return WatchSpec("", keywords=tuple(parts))
        return WatchSpec("", people=people, organisations=organisations)

    def _sorted(self, names: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """Return the people, the organisations and the other words that stand in a list of names."""
        people: list[str] = []
        organisations: list[str] = []
        others: list[str] = []
        for part in _SPLIT.split(names):
            name = part.strip()
            read = words(name)
            if not read:
                continue
            if read in self._people:
                people.append(self._people[read])
            elif read in self._organisations:
                organisations.append(self._organisations[read])
            elif self._is_person(name, read):
                people.append(name)
            elif self._is_organisation(name, read):
                organisations.append(name)
            else:
                others.append(name)
        return tuple(people), tuple(organisations), tuple(others)

    def _is_person(self, name: str, read: tuple[str, ...]) -> bool:
        is_name = 1 < len(read) <= 4 and not any(part[0].islower() for part in name.split())
        return is_name and self._lexicon.is_given(read[0]) and not self._lexicon.is_legal_form(read[-1])

    def _is_organisation(self, name: str, read: tuple[str, ...]) -> bool:
        if not name[0].isupper() and not any(letter.isupper() for letter in name):
            return False
        if len(read) == 1:
            return self._lexicon.is_firm(read[0])
        return self._lexicon.ends_firm(read[-1])


def _spellings(aliases: Iterable[Alias]) -> Mapping[tuple[str, ...], str]:
    return {words(text): alias.name for alias in aliases for text in (*alias.aliases, alias.name)}
