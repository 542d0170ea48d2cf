"""The words by which stories are compared: what `stories.toml` says, compiled. Pure."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from bot.core.text import Text, listed
from bot.events.inflect import stem
from bot.events.lexicon import Lexicon, lexicon
from bot.events.outlets import Title

Phrases = Mapping[str, Sequence[tuple[str, ...]]]  # the rest of each, by its first word
_FIELD = 2  # words of the field of a chief at most
_SPEAKER = 5  # words at the beginning of a headline that may name the speaker


@lru_cache(maxsize=65536)
def stem_of(word: str) -> str:
    """Return the stem of a folded word, from a cache where it is known."""
    return stem(word)


def text_of(title: str) -> Text:
    """Return a headline as text, of a very long one the beginning."""
    return Text(Title(title).beginning)


class Language:
    """What `stories.toml` says, compiled."""

    def __init__(self, raw: dict[str, Any], words: Lexicon) -> None:
        self.lexicon = words
        self.plain = frozenset(listed(raw["plain"]))
        self.light = frozenset(stem(word) for word in listed(raw["light"]))
        self._groups: dict[str, str] = {}  # a word → the group it belongs to
        self._long_groups: dict[
            str, list[tuple[tuple[str, ...], str]]
        ] = {}  # the first of several words → the rest, group
        for line in (*raw["alike"], *raw["same_name"], *raw["countries"]):
            members = listed(line)
            for member in members:
                first, *rest = (stem(word) for word in Text(member).words)
                if rest:
                    self._long_groups.setdefault(first, []).append((tuple(rest), stem(Text(members[0]).words[0])))
                else:
                    self._groups.setdefault(first, stem(Text(members[0]).words[0]))
        self.vague = self.light | {self.group(stem(word)) for word in listed(raw["hearsay"])}
        self._countries = frozenset(stem(Text(listed(line)[0]).words[0]) for line in raw["countries"])
        self.opposite: dict[str, set[str]] = {}
        for line in raw["opposite"]:
            one, other = (self.group(stem(part.strip())) for part in line.split("/"))
            self.opposite.setdefault(one, set()).add(other)
            self.opposite.setdefault(other, set()).add(one)
        self.ordinals = {word: float(at) for at, word in enumerate(listed(raw["ordinals"]), 1)}
        self.counts = {word: float(at) for at, word in enumerate(listed(raw["numbers"]), 1)}
        self.any_role = frozenset(listed(raw["any_role"]))
        self.with_field = self.any_role | frozenset(listed(raw["with_field"]))
        self.state_roles = frozenset(listed(raw["state_roles"]))
        self.top_posts = frozenset(listed(raw["top_posts"]))
        self.hedged, self.denied, self._beside, self._heads_to = (
            _by_first(listed(raw[key])) for key in ("hedged", "denied", "beside", "goes")
        )
        self.top = listed(raw["top_posts"])[0]
        self.legal = frozenset(stem_of(word) for word in listed(raw["legal"]))
        self.no_field = frozenset(listed(raw["no_field"]))
        self.nicknames: dict[str, set[str]] = {}
        for line in raw["nicknames"]:
            for name in (names := listed(line)):
                self.nicknames.setdefault(name, set()).update(names)
        self.another = frozenset(listed(raw["another"]))
        self.also = frozenset(listed(raw["also"]))
        self.official = frozenset(listed(raw["official"]))
        self.negations = frozenset(listed(raw["negations"]))
        self.appoints, self.either_way, self.manifold = (
            frozenset(listed(raw[key])) for key in ("appoints", "either_way", "manifold")
        )
        self.bodies, self.speaks, self._acts, self.particles = (
            frozenset(listed(raw[key])) for key in ("bodies", "speaks", "acts", "particles")
        )
        self._apologises, self._confirms = (frozenset(listed(raw[key])) for key in ("sorry", "firm"))
        self._roles: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for line in (*raw["same_role"], *sorted(self.any_role)):
            members = listed(line)
            for member in members:
                key = tuple(Text(member).words)
                self._roles.setdefault(key[0], []).append((key, members[0]))
        for found in self._roles.values():
            found.sort(key=lambda entry: -len(entry[0]))

    def roles(self, words: Sequence[str]) -> frozenset[str]:
        """Return the posts in a text, each by the first of its names in the list.

        "head of news" and "news chief" are one, and so is one field of several: "cloud security head".
        """
        found: set[str] = set()
        words = self._chiefs(words)
        at = 0
        while at < len(words):
            for key, role in self._roles.get(words[at], ()):
                if tuple(words[at : at + len(key)]) == key:
                    fields = self._fields(words, at, len(key)) if role in self.with_field else []
                    head = self.top if role in self.any_role else role
                    found |= {f"{field} {head}" for field in fields} or {role}
                    at += len(key) - 1
                    break
            at += 1
        return frozenset(found)

    def _chiefs(self, words: Sequence[str]) -> Sequence[str]:
        """Return words in which a "chief risk officer" is the "risk chief", unless the list has that post."""
        if "chief" not in words or "officer" not in words:
            return words
        first, last = words.index("chief"), words.index("officer")
        is_known = any(key == tuple(words[first : last + 1]) for key, _ in self._roles["chief"])
        field = words[first + 1 : last]
        return (
            words if is_known or not 0 < len(field) <= _FIELD else [*words[:first], *field, "chief", *words[last + 1 :]]
        )

    def _fields(self, words: Sequence[str], at: int, size: int) -> list[str]:
        """Return the field of a chief, where the words beside name it."""
        end = at + size
        if end + 1 < len(words) and words[end] == "of":
            beside = words[end + 1 : end + 4]
        else:
            beside = words[max(at - 3, 0) : at][::-1]
        found: list[str] = []
        for word in beside:
            if word in self.plain or word in self.no_field or self.lexicon.is_outside_post(word):
                if word == "the":
                    continue
                break
            found.append(word)
        return found

    def certainty_of(self, title: str) -> str:
        """Return how certain a headline is: "denied", "official", "hedged" or "stated"."""
        found = text_of(title).words
        if _holds_any(found, self.denied):
            return "denied"
        if _holds_any(found, self.hedged):
            return "official" if self._is_confirmation(title, found) else "hedged"
        return "stated" if self.official.isdisjoint(found) else "official"

    def _is_confirmation(self, title: str, found: Sequence[str]) -> bool:
        """Say whether somebody confirms what a headline hedges: "Pellucid confirms talks"."""
        if self._confirms.isdisjoint(found):
            return False
        speaker = self.speaker(title)
        return bool(speaker) and not _holds_any(sorted(speaker), self.hedged)

    def says_also(self, title: str) -> bool:
        """Say whether a headline says that somebody else does the same: "also", "as well"."""
        found = text_of(title).words
        return _holds_any(found, self._beside)

    def speaker(self, title: str) -> frozenset[str]:
        """Return the words for who makes a statement in a headline, none where nobody does: "Police arrest …"."""
        text = Text(Title(title).without_prefix)
        for at, word in enumerate(text.words[: _SPEAKER + 1]):
            if word in self.bodies and text.raw[text.spans[at][1] : text.spans[at][1] + 1] == ":":
                return frozenset(text.words[: at + 1]) - self.plain
            if at and (word in self.speaks or (word in self._acts and not self.bodies.isdisjoint(text.words[:at]))):
                # "No talks, says Pellucid" only names a source, and who "calls back" cars says nothing
                is_apart = "," in text.raw[text.spans[at - 1][1] : text.spans[at][0]]
                is_on = at + 1 < len(text.words) and (
                    word in self._apologises or text.words[at + 1] not in self.particles
                )
                is_said = not is_apart and is_on
                return frozenset(text.words[:at]) - self.plain if is_said else frozenset()
        return frozenset()

    def destination(self, title: str) -> str:
        """Return where somebody goes in a headline, "" for nowhere: "Marten heads to Pellucid"."""
        text = Text(Title(title).without_prefix)
        for at, word in enumerate(text.words):
            for rest in self._heads_to.get(word, ()) if at else ():
                end = at + 1 + len(rest)
                if tuple(text.words[at + 1 : end]) == rest:
                    return text.quote(end, last) if (last := _last_of_name(text, end)) >= end else ""
        return ""

    def is_described(self, name: str) -> bool:
        """Say whether a name only describes, as "Danish" does, and is no organisation's."""
        return all(self.lexicon.is_modifier(word) for word in Text(name).words)

    def has_country(self, words: Iterable[str]) -> bool:
        """Say whether a country, or its people, is among words as `organisation` gives them."""
        return not self._countries.isdisjoint(words)

    def is_country(self, words: Iterable[str]) -> bool:
        """Say whether the words of a name, as `organisation` gives them, are a country or its people alone."""
        return self._countries.issuperset(words)

    def organisation(self, name: str) -> frozenset[str]:
        """Return the words by which an organisation is recognised, without its legal form."""
        stems = [stem_of(word) for word in Text(name).words]
        found = frozenset(group for _, group in self.groups_of(stems))
        return frozenset(word for word in found if word not in self.legal and word not in self.plain) or found

    def is_ordinary(self, word: str) -> bool:
        """Say whether a folded word is an ordinary one, and no firm's name: "cook", "deal"; not "apple"."""
        return self.lexicon.is_ordinary(word)

    def group(self, word: str) -> str:
        """Return the group of a stem, or the stem itself."""
        return self._groups.get(word, word)

    def groups_of(self, stems: Sequence[str]) -> Iterable[tuple[int, str]]:
        """Yield the groups of a run of stems, each with the place of its first word; several words may be one group."""
        at = 0
        while at < len(stems):
            word = stems[at]
            for rest, group in self._long_groups.get(word, ()):
                if tuple(stems[at + 1 : at + 1 + len(rest)]) == rest:
                    yield at, group
                    at += 1 + len(rest)
                    break
            else:
                yield at, self._groups.get(word, word)
                at += 1


def _last_of_name(text: Text, at: int) -> int:
    """Return where the name that begins at a word ends; before it where none does."""
    last = at - 1
    while last + 1 < len(text.words) and text.quote(last + 1, last + 1)[:1].isupper():
        last += 1
        if text.raw[text.spans[last][1] : text.spans[last][1] + 1] not in {" ", "-"}:
            break
    return last


def _by_first(phrases: Iterable[str]) -> Phrases:
    """Return phrases by their first word, for one step a word of a headline."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for phrase in phrases:
        first, *rest = phrase.split()
        found.setdefault(first, []).append(tuple(rest))
    return found


def _holds_any(words: Sequence[str], phrases: Phrases) -> bool:
    """Say whether one of some phrases stands in a run of words; a "*" in it is any word."""
    return any(
        len(rest) < len(words) - at and all(part in {"*", words[at + place]} for place, part in enumerate(rest, 1))
        for at, word in enumerate(words)
        for rest in phrases.get(word, ())
    )


@cache
def story_language() -> Language:
    """Return what `stories.toml` says, read once."""
    return Language(tomllib.loads((files("bot.stories") / "stories.toml").read_text("utf-8")), lexicon())
