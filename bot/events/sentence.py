"""A text with what each of its words may be: the ground that phrases and frames stand on. Pure."""

import re
from collections.abc import Sequence
from functools import lru_cache

from bot.core.text import Text
from bot.events.grammar import Tag
from bot.events.inflect import is_past
from bot.events.lexicon import Lexicon

NOT_IN_NAMES = Tag.STOP | Tag.FILLER | Tag.ROLE | Tag.GROUP | Tag.DETERMINER | Tag.PRONOUN | Tag.VERB | Tag.FORMER
HEAD = Tag.ROLE | Tag.GROUP | Tag.ORGANISATION | Tag.POST
_LOWER = (
    HEAD | Tag.DETERMINER | Tag.MODIFIER | Tag.NUMBER | Tag.FORMER | Tag.PARTICLE | Tag.LEGAL | Tag.KNOWN | Tag.TITLE
)
_PLAIN = Tag.STOP | Tag.FILLER | Tag.VERB | Tag.COMMON | Tag.ROLE | Tag.GROUP
ENDS = Tag.STOP | Tag.FILLER | Tag.VERB | Tag.PRONOUN
_WORKING = Tag.STOP | Tag.FILLER | Tag.VERB | Tag.OF | Tag.AHEAD
# "23andMe" and "11x" are names, "68B" and "12th" are not
_DIGIT_NAME = re.compile(r"\d+(?!(?:st|nd|rd|th|s|k|m|b|bn|g|mp|fps|hz)$)[a-z]+|[a-z]\d+[a-z]+", re.IGNORECASE)
_SOURCE = 2  # words of the source at the end: "-LA Times"
_THOUSANDS = "kmbn"  # "36K"
Span = tuple[int, int]  # first and last word


@lru_cache(maxsize=4096)
def _between(gap: str) -> tuple[int, bool]:
    """Return how strongly what stands between two words divides them, and if it is a possessive.

    0 not at all, 1 a comma, 2 a colon or a dash, 3 the end of a sentence.
    """
    is_possessive = gap[:1] in {"'", "’", "`"} and gap[1:2] in {"s", "S", " "}
    if gap in {" ", "", "-", "/", "'s ", "’s "}:
        return 0, is_possessive
    if ". " in gap or "\n" in gap or "? " in gap or "! " in gap:
        return 3, is_possessive
    if any(mark in gap for mark in ";:?!|…—–") or " -" in gap or "- " in gap:
        return 2, is_possessive
    return int(any(mark in gap for mark in ",()[]")), is_possessive


class Sentence:
    """A text with what each word may be."""

    __slots__ = (
        "begin",
        "breaks",
        "caps",
        "end",
        "hits",
        "is_titled",
        "joined",
        "owns",
        "size",
        "spans",
        "tags",
        "text",
        "words",
    )

    def __init__(self, text: Text, lexicon: Lexicon, watched: Sequence[tuple[int, int, int]] = ()) -> None:
        self.text = text
        self.words = text.words
        self.spans = text.spans
        self.size = len(self.words)
        self.tags = [0] * self.size
        self.hits: list[tuple[int, int, int]] = []  # rule, first, last
        self._look_up(lexicon)
        for first, last, tag in watched:
            for place in range(first, last + 1):
                self.tags[place] = self.tags[place] & ~NOT_IN_NAMES | tag
        self._read_writing()

    def _look_up(self, lexicon: Lexicon) -> None:
        entries, tags = lexicon.entries, self.tags
        # any number stands for "#"
        words = ["#" if word[0].isdigit() and word.rstrip(_THOUSANDS)[-1:].isdigit() else word for word in self.words]
        for place, word in enumerate(words):
            if (entry := entries.get(word)) is None:
                continue
            tags[place] |= entry.tags
            for rule in entry.rules:
                self.hits.append((rule, place, place))
            if not entry.longer or place + 1 == self.size:
                continue
            for rest, tag, rules in entry.longer.get(words[place + 1], ()):
                last = place + len(rest)
                if len(rest) == 1 or tuple(words[place + 1 : last + 1]) == rest:
                    for at in range(place, last + 1) if tag else ():
                        tags[at] |= tag
                    for rule in rules:
                        self.hits.append((rule, place, last))

    def _read_writing(self) -> None:
        raw, spans = self.text.raw, self.spans
        self.caps = []
        self.breaks = [2] * (self.size + 1)  # what divides a word from the one before it
        self.owns = [False] * self.size
        self.joined = [False] * self.size  # by a hyphen
        end = 0
        for place, (start, stop) in enumerate(spans):
            piece = raw[start:stop]
            self.caps.append((piece != piece.lower() and not piece[0].isdigit()) or bool(_DIGIT_NAME.fullmatch(piece)))
            if place:
                gap = raw[end:start]
                strength, is_possessive = _between(gap)
                if gap == "-" and place >= self.size - _SOURCE and self._is_sourced(place):
                    # "steps down-LA Times", "leaves-source"
                    strength = 2
                elif gap == "-":
                    # "self-driving" is no verb, "the step-down" neither
                    self.tags[place - 1] &= ~_WORKING
                    self.tags[place] &= ~_WORKING
                    self.joined[place - 1] = self.joined[place] = True
                if gap == "." and len(piece) > 1 and piece.isalpha() and self._is_dotted(place - 1):
                    # "Pellucid.com", "Pellucid.US" are names
                    self.tags[place] = self.tags[place] & Tag.KNOWN | Tag.LEGAL
                    self.caps[place] = True
                if strength == 3 and raw[end : end + 2] == ". " and self._is_short(place - 1):
                    strength = 0
                self.breaks[place] = strength
                # "she's" owns nothing
                if (
                    is_possessive
                    and not self.tags[place - 1] & Tag.PRONOUN
                    and (raw[end + 1 : end + 2] in {"s", "S"} or self.words[place - 1].endswith("s"))
                    and not self._is_called_so(place)
                ):
                    self.owns[place - 1] = True
            end = stop
        # Title Case shows in the words that are no names
        capital = [
            self.caps[place]
            for place in range(1, self.size)
            if len(self.words[place]) > 3 and self.tags[place] & _PLAIN
        ]
        self.is_titled = bool(capital) and sum(capital) >= 0.6 * len(capital)
        self._read_firms()
        self.end = self._before_outlet()
        opening = 0
        while opening + 1 < self.size and (
            self.tags[opening] & Tag.WIRE or (opening and self.words[opening].isdigit())
        ):
            # "UPDATE 2-Pellucid's CFO resigns"
            opening += 1
        self.begin = opening
        for place in range(opening):
            self.tags[place] |= Tag.STOP
        if opening:
            self.breaks[opening] = 2
            self.joined[opening] = False

    def _is_dotted(self, place: int) -> bool:
        """Say whether a word before a full stop without a space opens a name: not an initial, not "Dr."."""
        return self.caps[place] and len(self.words[place]) > 1 and not self.tags[place] & Tag.TITLE

    def _is_sourced(self, place: int) -> bool:
        """Say whether a word behind a hyphen opens who reports it, and is no part of what stands before."""
        before, after = self.tags[place - 1], self.tags[place]
        is_verb = before & (Tag.STOP | Tag.VERB) and not self.caps[place - 1]
        return bool(is_verb) and (self.caps[place] or bool(after & Tag.SOURCE))

    def _read_firms(self) -> None:
        """Take a verb that ends a capitalised name for a part of it: "Orrery Shipping names", "Hannah Sacks joins"."""
        for place in range(1, self.size):
            if self.caps[place] and self.tags[place] & Tag.VERB and self._is_surname(place):
                self.tags[place] = self.tags[place] & ~_WORKING | Tag.GIVEN
            if (
                self.caps[place]
                and self.tags[place] & _WORKING
                and self.words[place].endswith("ing")
                and (self.owns[place] or (not self.is_titled and self.caps[place - 1] and not self.breaks[place]))
                and not self.tags[place - 1] & (_PLAIN if self.is_titled or place == 1 else _PLAIN & ~Tag.COMMON)
                and (self.owns[place] or not self._takes_object(place))
            ):
                self.tags[place] = self.tags[place] & ~_WORKING | Tag.LEGAL

    def _is_surname(self, place: int) -> bool:
        """Say whether a capitalised verb stands behind a given name, where other verbs are not capitalised."""
        is_behind = self.caps[place - 1] and bool(self.tags[place - 1] & Tag.GIVEN) and not self.breaks[place]
        return (
            is_behind
            and not (self.is_titled or self.joined[place] or self.owns[place - 1])
            and any(tags & Tag.VERB and not cap for tags, cap in zip(self.tags, self.caps, strict=True))
        )

    def _takes_object(self, place: int) -> bool:
        """Say whether something is done to what follows: "Ilse Marten Leaving the board"."""
        at = place + 1
        return at < self.size and not self.breaks[at] and bool(self.caps[at] or self.tags[at] & Tag.DETERMINER)

    def _is_called_so(self, place: int) -> bool:
        """Say whether a firm has the "'s" in its name: "McDonald's names …"; not "McDonald's head of …"."""
        if not self.tags[place - 1] & Tag.POSSESSIVE:
            return False
        tags = self.tags[place]
        # "Moody's hires" acts, "Moody's head" and "Moody's heads of research" do not
        is_one = tags & (Tag.ROLE | Tag.POST) and not tags & Tag.GROUP
        is_head = is_one or (place + 1 < self.size and self.tags[place + 1] & Tag.OF)
        return bool(tags & (Tag.VERB | Tag.FILLER) and not is_head)

    def _before_outlet(self) -> int:
        """Return where the headline ends and " - The Ledger" or " | Wireline" begins."""
        for place in range(self.size - 1, max(self.size - 7, 2), -1):
            if self.breaks[place] >= 2:
                gap = self.text.raw[self.spans[place - 1][1] : self.spans[place][0]]
                return place if gap.strip() in {"-", "|", "–", "—"} and self.caps[place] else self.size
        return self.size

    def _is_short(self, place: int) -> bool:
        return len(self.words[place]) == 1 or bool(self.tags[place] & (Tag.TITLE | Tag.LEGAL))

    def quote(self, span: Span) -> str:
        """Return the words of a span as they were written."""
        return self.text.quote(*span)

    def is_verb_behind_to(self, place: int) -> bool:
        """Say whether a word behind "to" is a verb: "to head research"; "to head coach" is a post."""
        if not self.tags[place] & Tag.VERB or self.caps[place]:
            return False
        after = self.tags[place + 1] if place + 1 < self.size else 0
        return not (self.tags[place] & Tag.ROLE and after & Tag.ROLE and not after & Tag.GROUP)

    def is_name(self, place: int) -> bool:
        """Say whether a word looks like a part of a name."""
        tags = self.tags[place]
        if tags & (Tag.PERSON | Tag.WATCHED):
            return True
        if self.is_initial(place) or self.is_handle(place):
            return True
        if not self.caps[place]:
            if (
                place
                and self.joined[place]
                and self.joined[place - 1]
                and self.caps[place - 1]
                and not tags & (HEAD | Tag.MODIFIER)
            ):
                # "Hyun-woo"
                return self.words[place].isalpha()
            return bool(tags & Tag.PARTICLE) and 0 < place < self.size - 1 and self._is_between(place)
        if tags & Tag.GIVEN and not tags & (Tag.FILLER | Tag.DETERMINER):
            return True
        if tags & NOT_IN_NAMES:
            # initials, and the names of firms that are words: "X", "Meta"
            return bool(tags & Tag.KNOWN) and not tags & (Tag.STOP | Tag.FILLER) and self.words[place] != "i"
        if not (self.is_titled and tags & (Tag.COMMON | Tag.MODIFIER | Tag.ORGANISATION) and not tags & Tag.KNOWN):
            return True
        # "John Wall Retires": a word behind a given name is a surname
        return place > 0 and self.caps[place - 1] and bool(self.tags[place - 1] & Tag.GIVEN) and not self.breaks[place]

    def is_initial(self, place: int) -> bool:
        """Say whether a word is an initial: "J. R."."""
        end = self.spans[place][1]
        return self.caps[place] and len(self.words[place]) == 1 and self.text.raw[end : end + 1] == "."

    def is_handle(self, place: int) -> bool:
        """Say whether a word is a handle: "@karpathy"."""
        start = self.spans[place][0]
        return start > 0 and self.text.raw[start - 1] == "@"

    def _is_between(self, place: int) -> bool:
        """Say whether a particle stands between two parts of a name: "van der Berg"."""
        sides = (self.caps[at] or self.tags[at] & Tag.PARTICLE for at in (place - 1, place + 1))
        return all(sides) and (self.caps[place - 1] or self.caps[place + 1])

    def belongs(self, place: int) -> bool:
        """Say whether a word can be part of a phrase of name, role or organisation."""
        tags = self.tags[place]
        if tags & (HEAD | Tag.PERSON | Tag.WATCHED) and not (tags & Tag.VERB and not self._is_noun(place)):
            return True
        if self.is_name(place):
            return True
        if tags & ENDS:
            return self._describes(place)
        if self.words[place][0].isdigit():
            return True
        return bool(tags & _LOWER) or self.caps[place]

    def _describes(self, place: int) -> bool:
        """Say whether a form of a verb describes what follows: "its trading chief", "head of paid search"."""
        is_doing = self.words[place].endswith("ing")
        if (
            (not is_doing and not is_past(self.words[place]))
            or place == 0
            or place + 1 >= self.size
            or self.breaks[place + 1]
        ):
            return False
        start = place - 1
        while is_doing and start > 1 and self.tags[start] & (Tag.MODIFIER | Tag.COMMON) and not self.owns[start]:
            # "head of autonomous driving", "its first investing partner"
            start -= 1
        link = self.tags[start]
        if link & Tag.OF and self.words[start] == "of":
            is_field = is_doing and start > 0 and bool(self.tags[start - 1] & Tag.ROLE)
            return is_field or not self.tags[place + 1] & (ENDS | Tag.OF)
        is_described = start + 1 < place or self.owns[start] or bool(link & Tag.DETERMINER)
        return is_described and bool(self.tags[place + 1] & HEAD)

    def _is_noun(self, place: int) -> bool:
        """Say whether a word that may be a verb stands like a noun: "the head", "design lead"."""
        after = place + 1 < self.size and not self.breaks[place + 1] and self.tags[place + 1]
        return not (after and after & (Tag.DETERMINER | Tag.PERSON))
