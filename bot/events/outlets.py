"""What an outlet puts around a headline, and whom it credits with a report. Pure.

The words are in `outlets.toml`.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from bot.core.text import Text, fold, lede, listed, words

_SUFFIX = re.compile(r"\s+[|–—-]\s+([^|–—]{2,40})$")
_ARTICLE = "the"
LONGEST = 400  # characters of a headline by which stories are told apart


class _Outlets:
    """What `outlets.toml` says, compiled."""

    def __init__(self, raw: dict[str, str]) -> None:
        prefixes, corrections = (
            "|".join(re.escape(word) for word in sorted(listed(raw[key]), key=len, reverse=True))
            for key in ("prefixes", "corrections")
        )
        self.prefix = re.compile(rf"^(?:{prefixes}|{corrections})(?:\s*\d+)?\s*(?:[:|–—]|-+)+\s*", re.IGNORECASE)
        self.correction = re.compile(rf"^(?:{corrections})\b", re.IGNORECASE)
        self.tail = re.compile(rf"(?<=\w)\s?-\s?([A-Z][A-Z.&]+|(?:{'|'.join(listed(raw['voices']))}))$")
        who, verb = ("|".join(map(re.escape, listed(raw[key]))) for key in ("attributed", "attributes"))
        self.attribution = re.compile(rf"(?<=\w),\s+(?:{who})\s+(?:{verb})$", re.IGNORECASE)
        self.voices = frozenset(listed(raw["voices"]))
        self.before = tuple(words(phrase) for phrase in listed(raw["before"]))
        self.behind = tuple(words(phrase) for phrase in listed(raw["behind"]))
        self.known = _by_first(listed(raw["known"]))

    def is_cited(self, words: Sequence[str], first: int, end: int) -> bool:
        """Say whether the words before or behind a name cite it."""
        start = first - 1 if first and words[first - 1] == _ARTICLE else first
        return any(tuple(words[start - len(p) : start]) == p for p in self.before if len(p) <= start) or any(
            tuple(words[end : end + len(p)]) == p for p in self.behind
        )


def _by_first(names: list[str]) -> dict[str, list[tuple[str, ...]]]:
    found: dict[str, list[tuple[str, ...]]] = {}
    for name in names:
        key = _key(name)
        if key:
            found.setdefault(key[0], []).append(key)
    return {first: sorted(keys, key=len, reverse=True) for first, keys in found.items()}


def _key(name: str) -> tuple[str, ...]:
    found = words(name)
    return found[1:] if len(found) > 1 and found[0] == _ARTICLE else found


@cache
def _outlets() -> _Outlets:
    """Return what `outlets.toml` says, read once."""
    return _Outlets(tomllib.loads((files("bot.events") / "outlets.toml").read_text("utf-8")))


@dataclass(frozen=True, slots=True)
class Title:
    """A headline as an outlet prints it, and what the outlet puts around it."""

    text: str
    outlet: str = ""

    @property
    def beginning(self) -> str:
        """Return as much of it as is compared: whoever prints 100 kilobytes does not hold up the others."""
        return self.text[:LONGEST]

    @property
    def with_tail_apart(self) -> str:
        """Return it with "… to leave -WSJ" or "… quits-sources" set apart behind a dash."""
        return _outlets().tail.sub(r" - \1", self.text)

    @property
    def without_prefix(self) -> str:
        """Return its beginning without "UPDATE 1-", "Exclusive:" and the like."""
        return _outlets().prefix.sub("", self.beginning)

    @property
    def bare(self) -> str:
        """Return its beginning without what agencies and outlets put around it, and without who says so at its end."""
        known = _outlets()
        title = known.prefix.sub("", Title(self.beginning).with_tail_apart)
        suffix = _SUFFIX.search(title)
        if suffix and self._is_outlet(suffix[1], known):
            title = title[: suffix.start()]
        return known.attribution.sub("", title)

    def _is_outlet(self, name: str, known: "_Outlets") -> bool:
        """Say whether words behind a dash are the outlet, another one, or a voice: "sources"."""
        if self.outlet and (fold(name) in fold(self.outlet) or fold(self.outlet) in fold(name)):
            return True
        return name in known.voices or _key(name) in known.known.get(next(iter(_key(name)), ""), ())

    @property
    def is_correction(self) -> bool:
        """Say whether it opens by saying that an earlier one was wrong."""
        return _outlets().correction.match(self.text) is not None

    def credit(self, summary: str, others: tuple[str, ...] = ()) -> str | None:
        """Return the outlet that a report says has it first, or None; `others` are outlets known beside the list.

        A name counts only beside words that cite: "first reported by Wireline", "Wireline reports".
        """
        known = _outlets()
        ours = _key(self.outlet)
        more = _by_first(list(others))
        for text in (Text(self.beginning), Text(lede(summary))):
            found = text.words
            for at, word in enumerate(found):
                for key in (*more.get(word, ()), *known.known.get(word, ())):
                    end = at + len(key)
                    if tuple(found[at:end]) != key or key == ours or not text.raw[text.spans[at][0]].isupper():
                        continue
                    if known.is_cited(found, at, end):
                        return next((other for other in others if _key(other) == key), text.quote(at, end - 1))
        return None
