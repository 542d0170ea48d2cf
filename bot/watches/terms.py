"""Words and phrases to look for, and one index over all of them. Pure.

All names and keywords of all watches stand in one tree of words. Looking costs one step a word of the text,
and one more for each word of a phrase that goes on: hardly more for 100,000 watches than for ten.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from bot.core.text import Text, fold, words
from bot.events.inflect import inflections, is_irregular

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Term:
    """A run of words, each in one of several forms. With a `gap`, in any order with so many others between."""

    label: str
    forms: tuple[frozenset[str], ...]
    gap: int = 0


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """What a term stands for, found in a text: the words from `first` to `last`."""

    value: T
    first: int
    last: int


def literal(text: str, gap: int = 0) -> Term:
    """Return a term of exactly these words; case, accents and possessives aside. Empty text gives no forms."""
    return Term(text, tuple(frozenset({word}) for word in words(text)), gap)


def inflected(text: str) -> Term:
    """Return a term in every inflection. A capitalised word is a name, and names do not inflect.

    Unless it begins a phrase and is a form of an irregular verb: "Leaving OpenAI" does not name a Leaving.
    """
    read = Text(text)
    forms = []
    for place, word in enumerate(read.words):
        is_verb = place == 0 and len(read.words) > 1 and is_irregular(word)
        is_name = text[read.spans[place][0]].isupper() and not is_verb
        forms.append(frozenset({word}) if is_name else inflections(word))
    return Term(text, tuple(forms))


def keyword(text: str) -> Term:
    """Return a keyword as a watch means it: literal in double quotes, else in every inflection."""
    stripped = text.strip()
    if is_literal(stripped):
        return literal(stripped[1:-1])
    return inflected(stripped)


def is_literal(text: str) -> bool:
    """Say whether a keyword stands in double quotes."""
    return len(text) > 2 and text[0] == text[-1] == '"'


def prefix(text: str) -> str:
    """Return the folded beginning that a prefix query such as `depart*` looks for."""
    return fold(text.removesuffix("*"))


class _Node(Generic[T]):
    """What may follow a run of words, and what ends with it."""

    __slots__ = ("by_forms", "following", "values")

    def __init__(self) -> None:
        self.following: dict[str, list[_Node[T]]] = {}
        self.by_forms: dict[frozenset[str], _Node[T]] = {}
        self.values: list[T] = []

    def after(self, forms: frozenset[str]) -> "_Node[T]":
        """Return the node behind a word in one of these forms, made where there is none."""
        node = self.by_forms.get(forms)
        if node is None:
            node = self.by_forms[forms] = _Node()
            for form in forms:
                self.following.setdefault(form, []).append(node)
        return node


class TermIndex(Generic[T]):
    """Finds all of many terms in one pass over a text."""

    def __init__(self, entries: Iterable[tuple[Term, T]]) -> None:
        self._root: _Node[T] = _Node()
        self._loose: dict[str, list[tuple[Term, T]]] = {}
        for term, value in entries:
            if term.gap and len(term.forms) > 1:
                for form in term.forms[0]:
                    self._loose.setdefault(form, []).append((term, value))
            elif term.forms:
                node = self._root
                for forms in term.forms:
                    node = node.after(forms)
                node.values.append(value)

    def find(self, text: Sequence[str]) -> list[Found[T]]:
        """Return every place of every term in a text of folded words, in the order of the text."""
        found: list[Found[T]] = []
        first = self._root.following
        for at, word in enumerate(text):
            for node in first.get(word, ()):
                _walk(node, text, at, at, found)
            if self._loose and word in self._loose:
                found += (Found(value, *span) for term, value in self._loose[word] if (span := _near(term, text, at)))
        return found


def _walk(node: _Node[T], text: Sequence[str], first: int, last: int, found: list[Found[T]]) -> None:
    found += (Found(value, first, last) for value in node.values)
    if node.following and last + 1 < len(text):
        for following in node.following.get(text[last + 1], ()):
            _walk(following, text, first, last + 1, found)


def _near(term: Term, text: Sequence[str], at: int) -> tuple[int, int] | None:
    """Return the words that a loose term spans around its first word, if it is there."""
    reach = len(term.forms) - 1 + term.gap
    low, high = max(0, at - reach), min(len(text), at + reach + 1)
    places = [[p for p in range(low, high) if text[p] in forms] for forms in term.forms[1:]]
    if not all(places):
        return None
    chosen = [at, *(min(options, key=lambda p: abs(p - at)) for options in places)]
    span = min(chosen), max(chosen)
    return span if span[1] - span[0] <= reach and len(set(chosen)) == len(chosen) else None
