"""The event lexicon, compiled: what each word may be, and in which wordings an event is told. Pure.

`frames.toml` is the lexicon; docs/lexicon.md says how it reads. This file knows its notation and no word of it.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import chain, product
from typing import Any

from bot.core.text import listed, words
from bot.events.inflect import inflections, is_past, participles


class Tag:
    """What a word may be; one bit for each list of `[words]`, and what the watches and the frames add.

    Plain numbers, not an enum: they are asked a hundred times a headline, and an enum's operators cost ten times more.
    """

    ROLE = 1 << 0
    GROUP = 1 << 1
    FORMER = 1 << 2
    PRONOUN = 1 << 3
    DETERMINER = 1 << 4
    MODIFIER = 1 << 5
    ORGANISATION = 1 << 6
    POST = 1 << 7
    LEGAL = 1 << 8
    KNOWN = 1 << 9
    PLACE = 1 << 10
    TITLE = 1 << 11
    PARTICLE = 1 << 12
    GIVEN = 1 << 13
    NUMBER = 1 << 14
    MONEY = 1 << 15
    OF = 1 << 16
    FILLER = 1 << 17
    STOP = 1 << 18
    COMMON = 1 << 19
    WIRE = 1 << 20
    JOBS = 1 << 21
    INDEFINITE = 1 << 22
    CONJUNCTION = 1 << 23
    PASSIVE = 1 << 24  # a form of "be" or "get": what follows is done to the subject
    AHEAD = 1 << 25  # what goes before the plain form of a verb: to, will, may
    PERSON = 1 << 26  # watched
    WATCHED = 1 << 27  # a watched organisation
    VERB = 1 << 28  # the first word of a frame
    PREPOSITION = 1 << 29
    RECORD = 1 << 30
    SURNAME = 1 << 31
    SOURCE = 1 << 32
    POSSESSIVE = 1 << 33
    TIME = 1 << 34
    RELATIVE = 1 << 35


# Kinds of words whose plural means the same, and whose every inflection does.
_PLURAL, _INFLECTED = {"jobs", "role", "organisation", "post"}, {"stop"}


class Slot:
    """What a frame asks for in a place."""

    WHO = 1 << 0
    ORG = 1 << 1
    ROLE = 1 << 2
    OTHER = 1 << 3
    MONEY = 1 << 4
    JOBS = 1 << 5
    THING = 1 << 6


_SLOTS: dict[str, int] = {name: value for name, value in vars(Slot).items() if name.isupper()}


@dataclass(frozen=True, slots=True)
class Element:
    """One part of a frame: words of which one has to stand there, or slots of which one has to be filled."""

    words: frozenset[str] = frozenset()
    slots: int = 0
    sure: int = 2  # how sure it has to be that WHO is somebody
    is_optional: bool = False


END = frozenset({"$"})  # the end of the clause


@dataclass(frozen=True, slots=True)
class Frame:
    """One wording of an event. `anchor` are its first words; `before` is filled from the left of them."""

    event: str
    text: str
    anchor: tuple[frozenset[str], ...]
    before: Element | None
    after: tuple[Element, ...]
    is_noun: bool
    plain: frozenset[str]  # forms of the first word that need a "to" or a plural before them
    ahead: frozenset[str]  # forms that need a "to" or "will", even with several people
    participles: frozenset[str]
    certainty: str  # where the wording itself says how certain it is
    needed: tuple[frozenset[str], ...]  # of each of these a text has to hold a word
    leaves: bool  # whether it tells the event that its kind implies, too

    @property
    def has_passive(self) -> bool:
        """Say whether the one it happens to can stand before the verb: "X was fired"."""
        return (
            not self.is_noun
            and self.before is not None
            and bool(self.before.slots & Slot.OTHER)
            and bool(self.after)
            and bool(self.after[0].slots & Slot.WHO | self.after[0].slots & Slot.ORG)
            # "replaced by WHO" is passive itself
            and not all(map(is_past, self.anchor[0]))
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """What words say about an event near them: a blocker with its reason, or a certainty."""

    reason: str
    scope: str
    certainty: str = ""
    nouns_only: bool = False
    spares: frozenset[str] = frozenset()  # events that it does not rule out
    yields: bool = False  # to a denial: "denies that he was told to resign"


@dataclass(frozen=True, slots=True)
class Kind:
    """One event of the lexicon."""

    name: str
    adjuncts: tuple[tuple[Element, ...], ...]
    implies: str | None
    has_topic: bool  # whether it may be about the organisation that the text opens with
    is_joint: bool  # whether all organisations of a wording take part: buyer and target
    unless: frozenset[str]  # words with which nothing is implied


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The compiled lexicon. `entries`: word → its tags and rules, and longer phrases that begin with it."""

    kinds: Mapping[str, Kind]
    frames: Mapping[str, tuple[Frame, ...]]  # by the first word of the anchor, as it stands in a text
    entries: Mapping[str, "Entry"]
    anchors: frozenset[str]
    rules: tuple[Rule, ...]

    def is_word(self, word: str) -> bool:
        """Say whether a name is an ordinary word, too, or the name of a firm: "cook", "dell", "apple"."""
        entry = self.entries.get(word)
        return entry is not None and bool(entry.tags & (Tag.COMMON | Tag.STOP | Tag.VERB | Tag.KNOWN | Tag.MODIFIER))

    def is_no_given(self, word: str) -> bool:
        """Say whether a capitalised word before a surname is no given name: a role, a verb, a conjunction."""
        entry = self.entries.get(word)
        kinds = (
            Tag.ROLE | Tag.GROUP | Tag.STOP | Tag.TITLE | Tag.WIRE | Tag.FORMER | Tag.FILLER | Tag.VERB | Tag.MODIFIER
        )
        return entry is not None and bool(entry.tags & kinds) and not entry.tags & Tag.GIVEN

    def tags(self, word: str) -> int:
        """Return what a folded word may be."""
        entry = self.entries.get(word)
        return 0 if entry is None else entry.tags

    def is_role(self, word: str) -> bool:
        """Say whether a folded word is a role or a group of people: "chief", "researchers"."""
        entry = self.entries.get(word)
        return entry is not None and bool(entry.tags & (Tag.ROLE | Tag.GROUP))


@dataclass(slots=True)
class Entry:
    """What a word is by itself, and the longer phrases that it begins.

    Those stand by their second word: the words after the first, their tags and rules.
    """

    tags: int = 0
    rules: tuple[int, ...] = ()
    longer: dict[str, list[tuple[tuple[str, ...], int, tuple[int, ...]]]] = field(default_factory=dict)


@cache
def lexicon() -> Lexicon:
    """Return the shipped lexicon."""
    return compile_lexicon(resources.files("bot.events").joinpath("frames.toml").read_text("utf-8"))


def compile_lexicon(toml: str) -> Lexicon:
    """Compile a lexicon. Raises ValueError that names the line that cannot be understood."""
    tables: dict[str, Any] = tomllib.loads(toml)
    _check(tables)
    lists: dict[str, str] = tables.pop("words")
    blockers: list[dict[str, Any]] = tables.pop("blocker")
    certainty: dict[str, dict[str, list[str]]] = tables.pop("certainty")
    entries: dict[str, Entry] = {}
    for name, text in lists.items():
        _tag(entries, name, text)
    rules: list[Rule] = []
    for table in blockers:
        for scope in (scope for scope in _SCOPES if scope in table):
            rules.append(
                Rule(
                    table["reason"],
                    scope,
                    nouns_only=table.get("scope") == "nouns",
                    yields="yields" in table,
                    spares=frozenset(table.get("spares", ())),
                )
            )
            _add_rule(entries, table[scope], len(rules) - 1)
    for level, scopes in certainty.items():
        for scope, phrases in scopes.items():
            rules.append(Rule(level, scope, certainty=level))
            _add_rule(entries, phrases, len(rules) - 1)
    kinds: dict[str, Kind] = {}
    frames: dict[str, list[Frame]] = {}
    for name, table in tables.items():
        adjuncts = tuple(_elements(text)[0] for text in table.get("adjuncts", ()))
        kinds[name] = Kind(
            name,
            adjuncts,
            table.get("implies"),
            table.get("topic", False),
            table.get("joint", False),
            frozenset(table.get("unless", ())),
        )
        for is_noun, lines in ((False, table.get("verbs", ())), (True, table.get("nouns", ()))):
            for line in lines:
                frame = _frame(name, line, is_noun=is_noun)
                for form in frame.anchor[0]:
                    frames.setdefault(form, []).append(frame)
                    entry = entries.setdefault(form, Entry())
                    if not is_noun:
                        entry.tags |= Tag.VERB
    return Lexicon(
        kinds, {form: tuple(found) for form, found in frames.items()}, entries, frozenset(frames), tuple(rules)
    )


_SCOPES = ("around", "near", "before", "after", "behind", "first", "any")
_LEVELS = ("denied", "reported", "planned")
_BLOCKER = (*_SCOPES, "reason", "scope", "spares", "yields")
_EVENT = ("verbs", "nouns", "adjuncts", "implies", "unless", "joint", "topic")


def _check(tables: Mapping[str, Any]) -> None:
    """See that a lexicon holds no key that nobody reads: a wording behind a slip of the pen would be lost silently."""
    kinds = [name for name in tables if name not in {"words", "blocker", "certainty"}]
    lists = [name.lower() for name in vars(Tag) if name.isupper()]
    _known("words", tables["words"], lists)
    _known("certainty", tables["certainty"], _LEVELS)
    for level, scopes in tables["certainty"].items():
        _known(f"certainty.{level}", scopes, _SCOPES)
    for blocker in tables["blocker"]:
        _known("blocker", blocker, _BLOCKER)
        _known(f'blocker "{blocker["reason"]}", spares', blocker.get("spares", ()), kinds)
        _known(f'blocker "{blocker["reason"]}", yields', [blocker.get("yields", "denied")], ["denied"])
        _known(f'blocker "{blocker["reason"]}", scope', [blocker.get("scope", "nouns")], ["nouns"])
    for kind in kinds:
        _known(kind, tables[kind], _EVENT)
        _known(f"{kind}, implies", [tables[kind].get("implies", kind)], kinds)


def _known(where: str, keys: Iterable[str], known: Iterable[str]) -> None:
    for key in keys:
        if key not in known:
            raise ValueError(f"frames.toml: {where}: there is no {key!r}; there are {', '.join(known)}")


def _tag(entries: dict[str, Entry], name: str, text: str) -> None:
    tag: int = getattr(Tag, name.upper())
    for phrase in map(words, listed(text)):
        for form in _forms(phrase, name):
            _add(entries, form, tag, ())
        if name == "role":
            # "executives" are a group
            for form in ((*phrase[:-1], phrase[-1] + "s"),):
                _add(entries, form, Tag.GROUP, ())


def _forms(phrase: tuple[str, ...], name: str) -> Iterable[tuple[str, ...]]:
    if name in _INFLECTED and len(phrase) == 1:
        return ((form,) for form in inflections(phrase[0]))
    if name in _PLURAL:
        return (phrase, (*phrase[:-1], phrase[-1] + "s"))
    return (phrase,)


def _add_rule(entries: dict[str, Entry], phrases: Sequence[str], rule: int) -> None:
    for text in phrases:
        # "a|b" and inflections in all combinations; "=word" stands as it is
        for form in product(*map(_in_words, text.split())):
            _add(entries, tuple(chain.from_iterable(form)), 0, (rule,))


@cache
def _in_words(text: str) -> Sequence[tuple[str, ...]]:
    """Return the forms of one word of the notation, each cut into words as a headline is."""
    return [words(form) or (form,) for form in sorted(_alternatives(text))]


@cache
def _alternatives(text: str) -> frozenset[str]:
    """Return the forms of one word of the notation: "leave", "=left", "step|stand"; a past form is itself alone."""
    forms: set[str] = set()
    for word in text.split("|"):
        if word.startswith(("=", "~")):
            forms |= {word[1:]}
        elif is_past(word):
            forms |= {word}
        else:
            forms |= inflections(word)
    return frozenset(forms)


def _add(entries: dict[str, Entry], phrase: tuple[str, ...], tags: int, rules: tuple[int, ...]) -> None:
    entry = entries.setdefault(phrase[0], Entry())
    if len(phrase) == 1:
        entry.tags |= tags
        entry.rules += tuple(rule for rule in rules if rule not in entry.rules)
    elif (longer := (phrase[1:], tags, rules)) not in (known := entry.longer.setdefault(phrase[1], [])):
        known.append(longer)


def _frame(event: str, line: str, *, is_noun: bool) -> Frame:
    wording, _, more = line.partition(";")
    certainty = more.replace("leaves", "").strip()
    if certainty and certainty not in _LEVELS:
        raise ValueError(f"frames.toml: {line!r}: there is no certainty {certainty!r}; there are {', '.join(_LEVELS)}")
    if wording.count("(") != wording.count(")"):
        raise ValueError(f"frames.toml: {line!r}: a parenthesis is not closed")
    elements, pieces = _elements(wording)
    start = next((i for i, element in enumerate(elements) if element.words), None)
    if start is None or start > 1:
        raise ValueError(f"frames.toml: {event}: {line!r} needs small words after one slot at most")
    anchor = [elements[start].words]
    end = start + 1
    # words right behind belong to the anchor: "step down", "part ways"
    while (
        end < len(elements) and elements[end].words and elements[end].words is not END and not elements[end].is_optional
    ):
        anchor.append(elements[end].words)
        end += 1
    first = [piece for piece in pieces[start].split("|") if not piece.startswith(("=", "~"))]
    only = [piece[1:] for piece in pieces[start].split("|") if piece.startswith("~")]
    plain = frozenset((*first, *only)) if not is_noun else frozenset()
    done = frozenset(form for word in first for form in participles(word))
    return Frame(
        event,
        line,
        tuple(anchor),
        elements[0] if start else None,
        tuple(elements[end:]),
        is_noun,
        plain - done - {word for word in first if is_past(word)},
        frozenset(only),
        done,
        certainty,
        tuple(e.words for e in elements[start + 1 :] if e.words and e.words is not END and not e.is_optional),
        "leaves" in more,
    )


def _elements(line: str) -> tuple[tuple[Element, ...], list[str]]:
    """Read the notation: "WHO leave|quit (ORG)"; also return the text of each element."""
    elements: list[Element] = []
    pieces: list[str] = []
    is_optional = False
    for piece in line.replace("WHO's", "WHO").replace("(", "( ").replace(")", " )").split():
        if piece in {"(", ")"}:
            is_optional = piece == "("
            continue
        names = [name.rstrip("!?") for name in piece.split("|")]
        if all(name in _SLOTS for name in names):
            slots = 0
            for name in names:
                slots |= _SLOTS[name]
            sure = 3 if "!" in piece else 1 if "?" in piece else 2
            elements.append(Element(slots=slots, sure=sure, is_optional=is_optional))
        elif piece == "$":
            elements.append(Element(words=END, is_optional=False))
        elif piece.upper() == piece and piece.isalpha() and len(piece) > 1:
            raise ValueError(f"frames.toml: {line!r}: there is no slot {piece}")
        else:
            elements.append(Element(words=_alternatives(piece), is_optional=is_optional))
        pieces.append(piece)
    return tuple(elements), pieces
