"""What an outlet puts around a headline, and whom it credits with a report. Pure; the words are in `outlets.toml`."""

import re
import tomllib
from functools import cache
from importlib.resources import files

from bot.core.text import Text, fold, lede, listed, words

_SUFFIX = re.compile(r"\s+[|–—-]\s+([^|–—]{2,40})$")
_ARTICLE = "the"
LONGEST = 400  # characters of a headline by which stories are told apart


class Outlets:
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
def outlets() -> Outlets:
    """Return what `outlets.toml` says, read once."""
    return Outlets(tomllib.loads((files("bot.events") / "outlets.toml").read_text("utf-8")))


def apart(title: str) -> str:
    """Return a headline in which a wire's "… to leave -WSJ" or "… quits-sources" stands apart, behind a dash."""
    return outlets().tail.sub(r" - \1", title)


def bare_headline(title: str, outlet: str) -> str:
    """Return a headline without what a wire or an outlet puts around it, and without who says so at its end."""
    known = outlets()
    title = known.prefix.sub("", apart(title[:LONGEST]))
    suffix = _SUFFIX.search(title)
    if suffix and (
        (outlet and (fold(suffix[1]) in fold(outlet) or fold(outlet) in fold(suffix[1])))
        or suffix[1] in known.voices
        or _key(suffix[1]) in known.known.get(next(iter(_key(suffix[1])), ""), ())
    ):
        title = title[: suffix.start()]
    return known.attribution.sub("", title)


def is_correction(title: str) -> bool:
    """Say whether a headline opens by saying that an earlier one was wrong."""
    return outlets().correction.match(title) is not None


def credit(title: str, summary: str, outlet: str, others: tuple[str, ...] = ()) -> str | None:
    """Return the outlet that a report says has it first, or None; `others` are outlets known beside the list.

    A name counts only beside words that cite: "first reported by Wireline", "Wireline reports".
    """
    known = outlets()
    ours = _key(outlet)
    more = _by_first(list(others))
    for text in (Text(title[:LONGEST]), Text(lede(summary))):
        found = text.words
        for at, word in enumerate(found):
            for key in (*more.get(word, ()), *known.known.get(word, ())):
                end = at + len(key)
                if tuple(found[at:end]) != key or key == ours or not text.raw[text.spans[at][0]].isupper():
                    continue
                start = at - 1 if at and found[at - 1] == _ARTICLE else at
                if any(tuple(found[start - len(p) : start]) == p for p in known.before if len(p) <= start) or any(
                    tuple(found[end : end + len(p)]) == p for p in known.behind
                ):
                    return next((other for other in others if _key(other) == key), text.quote(at, end - 1))
    return None
