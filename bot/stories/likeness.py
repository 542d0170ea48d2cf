"""The likeness of two headlines, and of a headline to a story. Pure.

Words are weighed by how few of the live headlines share them (TF-IDF, cosine: Salton and Buckley, "Term-weighting
approaches in automatic text retrieval", 1988). Synonyms stand in `stories.toml`.
"""

import math
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bot.core.text import Text
from bot.stories.language import Language, stem_of

_PRIOR = 2_000  # headlines that count as seen before the first
_NAME, _WORD, _LIGHT = 1.0, 14.0, 220.0  # of them with one name, one other word, one of the light words
_FEWEST = 2  # words that two headlines must share
_OTHERS = 1.6  # weight of the likeness to further headlines of a story
_ANY = 0.05  # likeness that any two headlines of one field have
_VOTES = 5  # headlines of a story that count
_WHOLE = 4  # words of a headline, all of which stand in another one
_HOLDS = 0.6  # the likeness of those two at least
_FEW = 0.75  # factor where two headlines share no more words than these
_NAMELESS = 0.8  # factor where they share no name
_NAMES_ALONE = 0.85  # factor where they share names alone
_FRACTIONS = {"half": 50.0, "third": 33.3, "quarter": 25.0}
_SCALE = {"k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "mln": 1e6, "million": 1e6, "b": 1e9, "bn": 1e9}
_SCALE |= {"bln": 1e9, "billion": 1e9, "tn": 1e12, "trillion": 1e12, "lakh": 1e5, "crore": 1e7}
_NUMBER = re.compile(
    r"(?P<money>[$€£¥₹])?\s?(?P<value>\d[\d,]*(?:\.\d+)*)(?P<nth>(?:st|nd|rd|th)\b)?"
    r"(?:[\s-]?(?P<scale>k|m|mn|mln|b|bn|bln|tn|thousand|million|billion|trillion|lakh|crore)\b)?"
    r"(?:\s?(?P<percent>%|percent|per cent|pct|pc)(?!\w))?",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_REACH = 30  # characters before a number in which its name stands
_BEFORE = re.compile(r"([A-Za-z][A-Za-z0-9]*)[\s-]?$")
_YEAR = range(1990, 2100)


@dataclass(frozen=True, slots=True)
class Headline:
    """A headline as it is compared with others."""

    words: tuple[str, ...]  # each once, in order
    named: int  # which of them are names: a bit each, to save memory
    numbers: tuple[tuple[str, float], ...]  # (what it counts, value)
    actor: str | None  # the first name
    is_passive: bool

    @property
    def names(self) -> frozenset[str]:
        """Return those of its words that are names."""
        return frozenset(word for at, word in enumerate(self.words) if self.named >> at & 1)


def headline_of(title: str, language: Language) -> Headline:
    """Return a bare headline as it is compared with others."""
    text = Text(title)
    raw, words = text.raw, text.words
    stems = [stem_of(word) for word in words]
    capital = [_is_capital(raw[a:b]) for a, b in text.spans]
    lower = [at for at, word in enumerate(words) if len(word) > 3 and language.is_ordinary(word)]
    is_titled = sum(capital[at] for at in lower if at) >= 0.6 * len([at for at in lower if at]) and len(lower) > 1
    found: dict[str, None] = {}
    names: set[str] = set()
    actor = None
    for at, group in language.groups_of(stems):
        is_letter = len(words[at]) < 2 and not words[at].isdigit()  # "X" is a firm, "a" is none
        if words[at] in language.plain or (is_letter and not capital[at]):
            continue
        if (
            at + 1 < len(words)
            and capital[at]
            and capital[at + 1]
            and language.lexicon.is_given(words[at])
            and not language.is_ordinary(words[at + 1])
        ):
            # "Ilse Marten" is one name, and "Marten" the same
            continue
        found.setdefault(group)
        is_known = language.lexicon.is_firm(words[at])
        is_count = words[at] in language.counts or words[at] in language.ordinals
        is_plain = is_count or (
            not is_known and (language.is_ordinary(words[at]) or language.lexicon.has_ordinary_ending(words[at]))
        )
        is_name = capital[at] and not ((at == 0 or is_titled) and is_plain)
        if is_name and not words[at].isdigit():
            names.add(group)
            actor = actor or group
    return Headline(
        tuple(map(sys.intern, found)),
        sum(1 << at for at, word in enumerate(found) if word in names),
        tuple(dict.fromkeys(_numbers(text, language))),
        actor,
        "by" in words,
    )


def _is_capital(piece: str) -> bool:
    return piece != piece.lower()


def _numbers(text: Text, language: Language) -> Iterable[tuple[str, float]]:
    """Yield the numbers of a headline with what they count."""
    raw = text.raw
    for match in _NUMBER.finditer(raw) if _DIGIT.search(raw) else ():
        value = match["value"].replace(",", "").rstrip(".")
        parts = value.split(".")
        number = float(parts[0] + ("." + "".join(parts[1:]) if len(parts) > 1 else ""))
        scale = _SCALE.get((match["scale"] or "").lower(), 1.0)
        before = _BEFORE.search(raw[max(match.start() - _REACH, 0) : match.start()])
        word = before[1].lower() if before else ""
        if match["percent"]:
            yield "%", number
        elif match["money"] or (match["scale"] and scale >= 1e5):
            yield "sum", number * scale
        elif match["nth"]:
            yield "nth", number
        elif word == "q" and number <= 4:
            yield "period", number
        elif len(value) == 4 and number in _YEAR:
            yield "year", number
        elif before and _is_capital(before[1]) and (word not in language.plain) and not language.is_ordinary(word):
            yield f"version of {stem_of(word)}", number
        else:
            yield "count", number * scale
    for at, word in enumerate(text.words):
        if word in _FRACTIONS and at and text.words[at - 1] in {"a", "one"}:
            yield "%", _FRACTIONS[word]
        elif word == "half" and at and text.words[at - 1] in language.ordinals:
            yield "period", language.ordinals[text.words[at - 1]] + 10
        elif word == "year" and at and text.words[at - 1] == "full":
            yield "period", 20.0
        elif word in language.ordinals:
            is_quarter = at + 1 < len(text.words) and text.words[at + 1] == "quarter"
            yield ("period" if is_quarter else "nth"), language.ordinals[word]
        elif word in language.counts:
            yield "count", language.counts[word]


class Weights:
    """The weights of words, by how few of the live headlines have them."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._counts: dict[str, int] = {}
        self._size = 0

    def add(self, words: Iterable[str]) -> None:
        """Count a new headline."""
        self._size += 1
        for word in words:
            self._counts[word] = self._counts.get(word, 0) + 1

    def remove(self, words: Iterable[str]) -> None:
        """Discount a headline that is too old."""
        self._size -= 1
        for word in words:
            left = self._counts[word] - 1
            if left:
                self._counts[word] = left
            else:
                del self._counts[word]

    def count(self, word: str) -> int:
        """Return how many live headlines have a word."""
        return self._counts.get(word, 0)

    def is_light(self, word: str) -> bool:
        """Say whether a word is one that many stories share."""
        return word in self._language.light

    def all_of(self, headline: Headline) -> dict[str, float]:
        """Return the weight of each word of a headline, in its order."""
        total, count, light, log = _PRIOR + self._size, self._counts.get, self._language.light, math.log
        found, named = dict[str, float](), headline.named
        for word in headline.words:
            shared = _LIGHT if word in light else _NAME if named & 1 else _WORD
            found[word] = log(total / (shared + count(word, 0)))
            named >>= 1
        return found


def likeness(one: Headline, other: Headline, weights: Weights, ours: Mapping[str, float] | None = None) -> float:
    """Return how alike two headlines are, from 0 to 1; `ours` are the weights of the first, where they are known.

    Names that stand side by side in both count as one word: they are one person's, most often.
    """
    shared = [word for word in one.words if word in other.words]
    if len(shared) < _FEWEST:
        return float(one.words == other.words and bool(one.words))
    theirs = weights.all_of(other)
    if ours is None:
        ours = weights.all_of(one)
    mine, their = (sum(value * value for value in weight.values()) for weight in (ours, theirs))
    inner = sum(ours[word] * theirs[word] for word in shared)
    if len(shared) >= _WHOLE and len(shared) == min(len(one.words), len(other.words)):
        # one says all that the other says, and more
        return max(_HOLDS, inner / math.sqrt(mine * their))
    names = one.names & other.names
    for first, second in _pairs(shared, names, one, other):
        once = min(ours[first] * theirs[first], ours[second] * theirs[second])
        inner, mine, their = inner - once, mine - once, their - once
    alike = inner / math.sqrt(mine * their)
    if not names:
        alike *= _NAMELESS
    if all(word in one.names or weights.is_light(word) for word in shared):
        alike *= _NAMES_ALONE
    return alike if len(shared) > _FEWEST else alike * _FEW


def likeness_to_story(
    headline: Headline, headlines: Sequence[Headline], weights: Weights, ours: Mapping[str, float]
) -> tuple[float, float]:
    """Return how alike a headline is to the nearest one of a story; and to the story, for which the others count, too.

    A headline that is like several of them is about the same, and not only worded like one of them; but not where all
    that they share is one name, which may stand in many stories.
    """
    found = sorted(((likeness(headline, other, weights, ours), at) for at, other in enumerate(headlines)), reverse=True)
    others = (
        alike - _ANY for alike, at in found[1:_VOTES] if alike > _ANY and _is_more(headline, headlines[at], weights)
    )
    return found[0][0], found[0][0] + _OTHERS * sum(others)


def _is_more(one: Headline, other: Headline, weights: Weights) -> bool:
    """Say whether two headlines share more than one name or word."""
    shared = [word for word in one.words if word in other.words]
    heavy = sum(not weights.is_light(word) for word in shared)
    return heavy - sum(1 for _ in _pairs(shared, one.names & other.names, one, other)) > 1


def _pairs(shared: Sequence[str], names: frozenset[str], one: Headline, other: Headline) -> Iterator[tuple[str, str]]:
    """Yield the names that two headlines share and that stand side by side in both, with the year of one."""
    for first, second in pairwise(shared):
        is_name = first in names and (second in names or second.isdigit())
        if is_name and _is_side_by_side(first, second, one, other):
            yield first, second


def _is_side_by_side(first: str, second: str, *headlines: Headline) -> bool:
    return all(headline.words.index(second) - headline.words.index(first) == 1 for headline in headlines)
