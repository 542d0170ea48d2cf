"""Words and phrases to look for, and one index over all of them. Pure.

All names and keywords of all watches stand in one index by their first word, so that looking costs one
step a word of the text, however many watches there are.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.desk.inflect import inflections, is_irregular
from bot.text import Token, fold, tokens, words


@dataclass(frozen=True, slots=True)
class Term:
    """A run of words, each in one of several forms. `gap` lets that many other words stand between."""

    label: str
    forms: tuple[frozenset[str], ...]
    gap: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """A term in a text: the words from token `first` up to token `last`, and the characters they cover."""

    term: Term
    first: int
    last: int
    start: int
    end: int


def literal(text: str, gap: int = 0) -> Term:
    """Return a term of exactly these words; case, accents and possessives aside. Empty text gives no forms."""
    return Term(text, tuple(frozenset({word}) for word in words(text)), gap)


def inflected(text: str) -> Term:
    """Return a term in every inflection. A capitalised word is a name, and names do not inflect.

    Unless it is a form of an irregular verb: "Leaving OpenAI" begins a line, it does not name a Leaving.
    """
    forms = []
    for token in tokens(text):
        is_name = text[token.start].isupper() and not is_irregular(token.folded)
        forms.append(frozenset({token.folded}) if is_name else inflections(token.folded))
    return Term(text, tuple(forms))


def keyword(text: str) -> Term:
    """Return a keyword as a watch means it: literal in double quotes, else in every inflection."""
    stripped = text.strip()
    if len(stripped) > 2 and stripped[0] == stripped[-1] == '"':
        return literal(stripped[1:-1])
    return inflected(stripped)


def prefix(text: str) -> str:
    """Return the folded beginning that a prefix query such as `depart*` looks for."""
    return fold(text.removesuffix("*"))


class TermIndex:
    """Finds all of many terms in one pass over a text."""

    def __init__(self, terms: Iterable[Term]) -> None:
        self._by_first: dict[str, list[Term]] = {}
        for term in dict.fromkeys(terms):
            for form in term.forms[0] if term.forms else ():
                self._by_first.setdefault(form, []).append(term)

    def find(self, text: tuple[Token, ...]) -> list[Found]:
        """Return every place of every term, in the order of the text."""
        found = []
        for at, token in enumerate(text):
            for term in self._by_first.get(token.folded, ()):
                last = _match(term, text, at)
                if last is not None:
                    found.append(Found(term, at, last, token.start, text[last].end))
        return found


def _match(term: Term, text: tuple[Token, ...], at: int) -> int | None:
    """Return the last token of the term when it begins at token `at`."""
    position = at
    for forms in term.forms[1:]:
        reach = range(position + 1, min(position + 2 + term.gap, len(text)))
        following = next((place for place in reach if text[place].folded in forms), None)
        if following is None:
            return None
        position = following
    return position
