"""The grammar of the lexicon: what a word may be, what a wording asks for, and what words near it say. Pure."""

from dataclasses import dataclass

from bot.core.text import listed
from bot.events.inflect import is_past

# Endings of ordinary words, which Title Case makes look like names.
ORDINARY = tuple(
    listed(
        "ment, tion, sion, ness, ity, ing, ed, ies, ance, ence, ism, ship, able, ful, less, ous, ive, ics, ure, age, "
        "ogy, ency, ancy, ical, ial, ual, les, ts, ers, ors, ks, ps, ds"
    )
)


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


class Slot:
    """What a frame asks for in a place."""

    WHO = 1 << 0
    ORG = 1 << 1
    ROLE = 1 << 2
    OTHER = 1 << 3
    MONEY = 1 << 4
    JOBS = 1 << 5
    THING = 1 << 6


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

    @property
    def takes_name_behind(self) -> bool:
        """Say whether a name right behind the first words makes it complete: "leaving OpenAI"."""
        return bool(self.after) and bool(self.after[0].slots & (Slot.ORG | Slot.WHO))

    @property
    def is_complete_before(self) -> bool:
        """Say whether it asks for nothing behind its first words: "Marten resigns"."""
        return all(element.is_optional for element in self.after)


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
