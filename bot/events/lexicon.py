"""The event lexicon, compiled: what each word may be, and in which wordings an event is told. Pure.

`frames.toml` is the lexicon; docs/lexicon.md says how it reads. This file knows its notation and no word of it.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import chain, product
from typing import Any

from bot.core.text import listed, words
from bot.events.grammar import END, ORDINARY, Element, Frame, Kind, Rule, Slot, Tag
from bot.events.inflect import inflections, is_past, participles

# Kinds of words whose plural means the same, and whose every inflection does.
_PLURAL, _INFLECTED = {"jobs", "role", "organisation", "post"}, {"stop"}


_SLOTS: dict[str, int] = {name: value for name, value in vars(Slot).items() if name.isupper()}


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
        return bool(self.tags(word) & (Tag.ROLE | Tag.GROUP))

    def is_given(self, word: str) -> bool:
        """Say whether a folded word is a given name: "andrej"."""
        return bool(self.tags(word) & Tag.GIVEN)

    def is_firm(self, word: str) -> bool:
        """Say whether a folded word is the name of a known firm: "openai"."""
        return bool(self.tags(word) & Tag.KNOWN)

    def is_legal_form(self, word: str) -> bool:
        """Say whether a folded word is the legal form of a firm: "inc"."""
        return bool(self.tags(word) & Tag.LEGAL)

    def ends_firm(self, word: str) -> bool:
        """Say whether a folded word ends names of firms or other organisations: "inc", "university"."""
        return bool(self.tags(word) & (Tag.LEGAL | Tag.ORGANISATION))

    def is_modifier(self, word: str) -> bool:
        """Say whether a folded word only describes: "danish"."""
        return bool(self.tags(word) & Tag.MODIFIER)

    def is_small(self, word: str) -> bool:
        """Say whether a folded word is mere grammar beside a name: "the", "of"."""
        return bool(self.tags(word) & (Tag.STOP | Tag.DETERMINER | Tag.OF | Tag.FILLER))

    def is_verb_or_stop(self, word: str) -> bool:
        """Say whether a folded word opens a wording, or ends a phrase."""
        return bool(self.tags(word) & (Tag.VERB | Tag.STOP))

    def is_outside_post(self, word: str) -> bool:
        """Say whether a folded word beside a post belongs to no field of it: a name, a firm, a verb, "former"."""
        return bool(self.tags(word) & (Tag.KNOWN | Tag.FORMER | Tag.VERB | Tag.GIVEN))

    def is_ordinary(self, word: str) -> bool:
        """Say whether a folded word is an ordinary one, and no firm's name: "cook", "deal"; not "apple"."""
        return bool(self.tags(word) & (Tag.COMMON | Tag.STOP | Tag.VERB | Tag.MODIFIER)) and not self.is_firm(word)

    def has_ordinary_ending(self, word: str) -> bool:
        """Say whether a word ends as ordinary words do: "-ment", "-tion"."""
        return word.endswith(ORDINARY)

    def wordings_at(self, text: Sequence[str], at: int) -> Iterator["Wording"]:
        """Yield the wordings whose first words stand at a place in a text, the longest first."""
        frames = [frame for frame in self.frames.get(text[at], ()) if len(frame.anchor) <= len(text) - at]
        for anchor in dict.fromkeys(frame.anchor for frame in sorted(frames, key=lambda frame: -len(frame.anchor))):
            if all(text[at + n] in forms for n, forms in enumerate(anchor)):
                own = [frame for frame in frames if frame.anchor == anchor]
                yield Wording(
                    at + len(anchor),
                    frozenset(frame.event for frame in own if frame.takes_name_behind),
                    frozenset(frame.event for frame in own if frame.is_complete_before),
                )


@dataclass(frozen=True, slots=True)
class Wording:
    """Where the first words of a wording end, and which events it mentions with one name behind or before them."""

    end: int
    with_name_behind: frozenset[str]
    with_name_before: frozenset[str]


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
