"""The query of a watch: Lucene syntax, compiled to a tree that answers yes or no with evidence. Pure.

AND OR NOT, + and -, parentheses, "exact phrases", proximity ("a b"~5), prefixes (depart*), the fields
title:, lede:, body:, source:, tag:, event:, certainty:, person: and organisation:, and * for every
item. Words side by side mean AND. The only file that knows luqum.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from luqum import tree
from luqum.exceptions import ParseError
from luqum.parser import parser

from bot.core.errors import WatchError
from bot.core.event_kinds import CERTAINTIES, EVENT_KINDS
from bot.core.model import Event, Evidence, Part
from bot.core.text import Text, fold, words
from bot.watches.terms import Term, inflected, literal, prefix

_TEXT_FIELDS = {"title": Part.TITLE, "lede": Part.LEDE, "body": Part.BODY}
_OTHER_FIELDS = ("source", "tag", "event", "certainty", "person", "organisation")
_WIDEST = 50  # words that may stand between those of a proximity
_POSITION = re.compile(r"at position (\d+)")


@dataclass(frozen=True, slots=True)
class Reading:
    """All that has been read out of an item, for watches to ask about. `events` are news, `background` is not."""

    texts: Mapping[Part, Text]
    found: Mapping[Term, tuple[Evidence, ...]]
    events: tuple[Event, ...]
    background: tuple[Event, ...]
    outlet: str
    tags: tuple[str, ...]
    all_events: tuple[Event, ...] = ()  # also those that the watch that asks does not want


# What a question gives for an item: None for no, else the words that answer it (none for a NOT or a *).
Answer = tuple[Evidence, ...] | None
Question = Callable[[Reading], Answer]


@dataclass(frozen=True, slots=True)
class Query:
    """A compiled query and the terms it needs looked for.

    `tags` and `sources` are those that it wants of feeds, as they are written; what stands behind a NOT is none.
    """

    question: Question
    terms: tuple[Term, ...]
    wants_body: bool
    wants_events: bool
    tags: tuple[str, ...]
    sources: tuple[str, ...]

    def answer(self, reading: Reading) -> Answer:
        """Ask the query; all that it says of an event has to be true of one event."""
        answer = self.question(reading)
        if answer is None or len(reading.events) < 2:
            return answer
        single = (self.question(replace(reading, events=events)) for events in ((), *((e,) for e in reading.events)))
        return next((one for one in single if one is not None), None)


def compile_query(text: str, where: Sequence[Part], aliases: Mapping[tuple[str, ...], str] | None = None) -> Query:
    """Compile a query that looks in `where` unless it names a field. Raises WatchError with the place.

    `aliases` gives the name that other spellings of a person or an organisation stand for.
    """
    if not text.strip():
        raise WatchError("the query is empty")
    try:
        parsed = parser.parse(text)
    except ParseError as error:
        raise WatchError(_explain(text, str(error)), _column(str(error), text)) from error
    except ValueError as error:
        # luqum takes "a b"~1.5 and stumbles over it
        raise WatchError("the number behind a ~ must be whole", text.find("~") + 1 or None) from error
    compiler = _Compiler(aliases or {})
    try:
        question = compiler.question(parsed, tuple(where), None)
    except RecursionError as error:
        raise WatchError("the query is nested too deeply") from error
    return Query(
        question,
        tuple(compiler.terms),
        compiler.wants_body,
        compiler.wants_events,
        tuple(compiler.wanted["tag"]),
        tuple(compiler.wanted["source"]),
    )


def _explain(text: str, message: str) -> str:
    if text.count('"') % 2:
        return 'the query has a " that is never closed'
    if text.count("(") != text.count(")"):
        return "the query's parentheses do not match"
    if "end of expression" in message or "end of input" in message:
        return "the query ends where another word was expected"
    return "the query cannot be understood"


def _column(message: str, text: str) -> int | None:
    place = _POSITION.search(message)
    return int(place[1]) + 1 if place else len(text)


class _Compiler:
    """Turns luqum's tree into questions, gathering the terms."""

    def __init__(self, aliases: Mapping[tuple[str, ...], str]) -> None:
        self._aliases = aliases
        self.terms: list[Term] = []
        self.wants_body = False
        self.wants_events = False
        self.wanted: dict[str, list[str]] = {"tag": [], "source": []}
        self._is_denied = False

    def question(self, node: tree.Item, where: tuple[Part, ...], field: str | None) -> Question:
        """Return the question a node asks; `field` is one of the fields that hold no text."""
        match node:
            case tree.AndOperation() | tree.UnknownOperation():
                return _all([self.question(child, where, field) for child in node.children])
            case tree.OrOperation():
                return _any([self.question(child, where, field) for child in node.children])
            case tree.Not() | tree.Prohibit():
                return self._denied(node.children[0], where, field)
            case tree.Plus() | tree.Group() | tree.FieldGroup():
                return self.question(node.children[0], where, field)
            case tree.SearchField():
                return self._field(node)
            case tree.Word() | tree.Phrase() | tree.Proximity():
                return self._leaf(node, where, field)
        raise WatchError(f"{str(node).strip()!r} is not supported in a query", _place(node))

    def _denied(self, node: tree.Item, where: tuple[Part, ...], field: str | None) -> Question:
        before, self._is_denied = self._is_denied, True
        question = self.question(node, where, field)
        self._is_denied = before
        return _none(question)

    def _field(self, node: tree.SearchField) -> Question:
        if node.name in _TEXT_FIELDS:
            self.wants_body |= node.name == "body"
            return self.question(node.expr, (_TEXT_FIELDS[node.name],), None)
        if node.name in _OTHER_FIELDS:
            return self.question(node.expr, (), node.name)
        fields = ", ".join(f"{name}:" for name in (*_TEXT_FIELDS, *_OTHER_FIELDS))
        raise WatchError(f'there is no field "{node.name}:"; there are {fields}', _place(node))

    def _leaf(self, node: tree.Item, where: tuple[Part, ...], field: str | None) -> Question:
        text = str(node).strip()
        if field is not None:
            return self._about_item(text.strip('"'), field, node)
        if text == "*":
            return lambda reading: ()
        if isinstance(node, tree.Proximity):
            if node.degree > _WIDEST:
                raise WatchError(f"the number behind a ~ must be {_WIDEST} at most", _place(node))
            term = literal(str(node.children[0]).strip().strip('"'), gap=int(node.degree))
        elif isinstance(node, tree.Phrase):
            term = literal(text.strip('"'))
        elif text.endswith("*") and text[:-1].isalnum():
            return _begins(prefix(text), where)
        elif set("*?") & set(text):
            raise WatchError(f"{text!r}: a * can only stand at the end of a word", _place(node))
        else:
            term = inflected(text)
        if not term.forms:
            raise WatchError(f"{text!r} has no word in it", _place(node))
        self.terms.append(term)
        return lambda reading: _standing(reading.found.get(term, ()), where)

    def _about_item(self, value: str, field: str, node: tree.Item) -> Question:
        wanted = fold(value)
        if not words(value):
            raise WatchError(f"{field}: has no word behind it", _place(node))
        if field in self.wanted and not self._is_denied:
            self.wanted[field].append(value)
        if field == "source":
            return lambda reading: () if set(words(value)) <= set(words(reading.outlet)) else None
        if field == "tag":
            return lambda reading: () if wanted in map(fold, reading.tags) else None
        self.wants_events = True
        if field in {"person", "organisation"}:
            return _about_events(field, words(self._aliases.get(words(value), value)))
        known = EVENT_KINDS if field == "event" else CERTAINTIES[:-1]
        if wanted not in known:
            raise WatchError(f'there is no {field} "{value}"; there are {", ".join(sorted(known))}', _place(node))
        return lambda reading: next((e.evidence for e in reading.events if wanted in {e.kind, e.certainty}), None)


def _place(node: tree.Item) -> int | None:
    return None if node.pos is None else node.pos + 1


def _standing(evidence: Sequence[Evidence], where: tuple[Part, ...]) -> Answer:
    return tuple(piece for piece in evidence if piece.where in where) or None


def _about_events(field: str, wanted: tuple[str, ...]) -> Question:
    def question(reading: Reading) -> Answer:
        for event in reading.events:
            names = event.people if field == "person" else event.organisations
            if any(set(wanted) <= set(words(name)) or set(words(name)) <= set(wanted) for name in names):
                return event.evidence
        return None

    return question


def _begins(beginning: str, where: tuple[Part, ...]) -> Question:
    def question(reading: Reading) -> Answer:
        return (
            tuple(
                Evidence(place, reading.texts[place].quote(at, at), f"{beginning}*")
                for place in where
                for at, word in enumerate(reading.texts[place].words)
                if word.startswith(beginning)
            )
            or None
        )

    return question


def _all(questions: Sequence[Question]) -> Question:
    def question(reading: Reading) -> Answer:
        evidence: tuple[Evidence, ...] = ()
        for part in questions:
            if (answer := part(reading)) is None:
                return None
            evidence += answer
        return evidence

    return question


def _any(questions: Sequence[Question]) -> Question:
    def question(reading: Reading) -> Answer:
        answers = [answer for part in questions if (answer := part(reading)) is not None]
        return tuple(piece for answer in answers for piece in answer) if answers else None

    return question


def _none(part: Question) -> Question:
    return lambda reading: () if part(reading) is None else None
