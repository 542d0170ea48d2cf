"""What fills the slots of a wording, behind its first words. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.events.firms import QUOTES, own_name
from bot.events.grammar import END, Element, Slot, Tag
from bot.events.inflect import is_past
from bot.events.nouns import LIKELY, SURE, WEAK, Phrase, described, with_title
from bot.events.phrases import after, is_loose
from bot.events.sentence import HEAD, Sentence, Span

_CLAUSE = 14  # words within which a preposition belongs to a verb
_CURRENCIES = frozenset("$€£¥₹")
_IDENTIFIED = Tag.DETERMINER | Tag.NUMBER | Tag.FORMER
_ASIDE = 6  # words that "OTHER" may cover before the next small word


@dataclass(frozen=True, slots=True)
class Rest:
    """What the elements behind an anchor were filled with."""

    who: Phrase | None
    organisation: Span | None
    is_anaphor: bool
    end: int
    parties: tuple[Span, ...]
    described: Span | None
    is_abroad: bool = False  # the organisation is only where a post is: "London editor"


def follow(elements: Sequence[Element], sentence: Sentence, place: int) -> Rest | None:
    """Fill the elements behind an anchor one after the other; None when one that is needed is missing."""
    who: Phrase | None = None
    organisation: Span | None = None
    is_anaphor = is_abroad = False
    parties: list[Span] = []
    described_as: Span | None = None
    end = place - 1
    number = 0
    while number < len(elements):
        element = elements[number]
        number += 1
        if element.words is END:
            if end + 1 < sentence.size and not sentence.breaks[end + 1]:
                return None
            continue
        if element.words:
            at = preposition(sentence, end + 1, element.words, within=2 if end < place else _CLAUSE)
            if at is None and not element.is_optional:
                return None
            if at is None:  # an optional preposition takes its slot with it
                continue
            if at > end + 1 and sentence.owns[at - 1] and organisation is None:
                # "named Pellucid's new CTO"
                organisation = own_name(sentence, end + 1, at - 1)
            end = at
            continue
        if element.slots & Slot.ROLE and who is not None and who.has_title:
            # "names Ilse Marten chief scientist": the role came with the name
            continue
        if element.slots & Slot.OTHER and number < len(elements) and elements[number].words:
            # whatever stands before the next word
            at = preposition(sentence, end + 1, elements[number].words, within=_ASIDE)
            if at is not None and at > end + 1:
                # "joins the Marten Foundation's advisory board"
                described_as = described_as or own_name(sentence, end + 1, at - 1)
            end = end if at is None else at - 1
            continue
        phrase = after(sentence, end + 1)
        if element.slots == Slot.ORG and phrase is not None and number < len(elements) and elements[number].words:
            # "is Pellucid's new CEO"
            owner = next((at for at in range(phrase.last, phrase.first, -1) if sentence.owns[at - 1]), None)
            if owner is not None and sentence.words[owner] in elements[number].words:
                organisation = own_name(sentence, phrase.first, owner - 1)
                end = owner - 1
                continue
        if phrase is not None and element.slots & Slot.WHO:
            phrase = owned(phrase, sentence)
        if element.slots & Slot.OTHER and phrase is None and end + 1 < sentence.size and not sentence.breaks[end + 1]:
            continue
        if (
            phrase is not None
            and element.slots & Slot.WHO
            and any(e.slots & Slot.ROLE for e in elements[number : number + 2])
        ):
            phrase = with_title(sentence, phrase)
        if (
            phrase is None
            or not fits(element, phrase, sentence)
            or (element.slots & Slot.WHO and is_bare(sentence, phrase))
            or (element.slots & Slot.ROLE and _sets_record(sentence, phrase))
            or _only_describes(element, phrase, sentence)
        ):
            if not element.is_optional or (phrase is not None and element.slots & Slot.ORG and element is elements[0]):
                return None
            continue
        if element.slots & Slot.WHO:
            who = phrase
        if element.slots & Slot.OTHER and phrase.is_organisation:
            # "named to the Marten council"
            described_as = described_as or phrase.organisation or described(sentence, phrase)
        if element.slots & Slot.ORG:
            organisation = phrase.organisation
            is_anaphor = organisation is None
            described_as = described_as or described(sentence, phrase)
            parties += [organisation] if organisation is not None else []
        elif element.slots & Slot.ROLE:
            is_abroad = (
                organisation is None and phrase.organisation is not None and is_place(sentence, phrase.organisation)
            )
            organisation = organisation or phrase.organisation
            who = who or (phrase if phrase.is_role else None)
        end = phrase.last
    return Rest(who, organisation, is_anaphor, end, tuple(parties), described_as, is_abroad)


def owned(phrase: Phrase, sentence: Sentence) -> Phrase:
    """Return who "Pellucid's Marten" is behind a verb that asks for somebody."""
    if phrase.sure != WEAK or phrase.owner is None or phrase.who is None or sentence.is_titled:
        return phrase
    is_beside = phrase.who[0] == phrase.owner[1] + 1
    return replace(phrase, sure=LIKELY, organisation=phrase.owner) if is_beside else phrase


def _only_describes(element: Element, phrase: Phrase, sentence: Sentence) -> bool:
    """Say whether a name only says whose a thing is that follows in small letters: "joins Amazon boycott"."""
    at = phrase.last + 1
    if at >= sentence.size or sentence.breaks[at] or sentence.text.raw[sentence.spans[at][0] - 1] != " ":
        # "joins Booking.com"
        return False
    if element.slots & Slot.ORG and phrase.sure <= WEAK and sentence.caps[phrase.last] and _is_thing(sentence, at):
        return True
    is_thing = phrase.sure < WEAK or (phrase.sure == WEAK and phrase.owner is not None)
    if not (element.slots & Slot.ORG and is_thing) and not (element.slots & Slot.WHO and phrase.sure == WEAK):
        return False
    if sentence.is_titled:
        return False
    if sentence.tags[at] & (Tag.DETERMINER | Tag.NUMBER | Tag.TIME) or sentence.words[at].endswith(("ly", "ed")):
        # "leaves OpenAI days after"
        return False
    return sentence.caps[phrase.last] and is_loose(sentence, at)


def _is_thing(sentence: Sentence, place: int) -> bool:
    """Say whether a word that may be a verb is a noun here, with nothing done to what follows: "joins Apple series"."""
    tags = sentence.tags[place]
    if not tags & Tag.COMMON or not tags & (Tag.VERB | Tag.STOP) or tags & (Tag.TIME | Tag.MODIFIER | Tag.KNOWN | HEAD):
        return False
    return sentence.caps[place] is sentence.is_titled and _is_closed(sentence, place)


def _is_closed(sentence: Sentence, place: int) -> bool:
    """Say whether a phrase ends with a word: what follows goes on with a preposition, or not at all."""
    at = place + 1
    return at == sentence.size or bool(sentence.breaks[at] or sentence.tags[at] & Tag.PREPOSITION)


def _sets_record(sentence: Sentence, phrase: Phrase) -> bool:
    """Say whether a role is none, but a record: "becomes the first coach to win it twice"."""
    to = phrase.last + 1
    return (
        to < sentence.size
        and sentence.words[to] == "to"
        and not sentence.breaks[to]
        and any(sentence.tags[at] & Tag.RECORD for at in range(phrase.first, to))
    )


def preposition(sentence: Sentence, place: int, wanted: frozenset[str], within: int = _CLAUSE) -> int | None:
    """Return where one of some words stands next in the clause."""
    for at in range(place, min(place + within, sentence.size)):
        if sentence.breaks[at] >= 2 and at > place - 1:
            return None
        if sentence.words[at] in wanted:
            # "leaves, but not for Pellucid"
            return None if at > place and sentence.words[at - 1] == "not" else at
        if (
            at > place
            and sentence.words[at - 1] in {"and", "as"}
            and sentence.tags[at] & Tag.VERB
            and not sentence.is_name(at)
        ):
            # "nabs X and announces $6M from Y": another verb
            return None
    return None


def fits(element: Element, phrase: Phrase, sentence: Sentence) -> bool:
    """Say whether a phrase is what an element asks for."""
    slots = element.slots
    if slots & Slot.OTHER:
        # "OTHER!": left aside, but somebody for sure
        return element.sure < SURE or phrase.sure == SURE
    if slots & Slot.WHO and phrase.sure >= element.sure and phrase.who is not None:
        return True
    if slots & Slot.ORG and phrase.organisation is None and (element.sure == 3 or _is_surname(sentence, phrase)):
        return False
    if slots & Slot.ORG and (phrase.is_organisation or phrase.is_post):
        return not _is_title(phrase, sentence)
    if slots & (Slot.MONEY | Slot.JOBS | Slot.THING) and _fits_thing(slots, phrase, sentence):
        return True
    if slots & Slot.ROLE and element.sure == 3:
        return phrase.is_role and not phrase.is_group
    is_team = phrase.is_group and phrase.is_organisation
    return bool(slots & Slot.ROLE and ((phrase.is_role and not is_team) or phrase.is_post))


def _is_surname(sentence: Sentence, phrase: Phrase) -> bool:
    """Say whether a lone surname is somebody, and no firm: "joins Trump on stage"."""
    is_lone = phrase.first == phrase.last and sentence.tags[phrase.last] & Tag.SURNAME
    return bool(is_lone) and _is_closed(sentence, phrase.last)


def _is_title(phrase: Phrase, sentence: Sentence) -> bool:
    """Say whether the title of a work is meant: "joins ‘Last of Them’"; not "joins its ‘Frontier’ lab"."""
    if sentence.tags[phrase.last] & (Tag.ORGANISATION | Tag.LEGAL | Tag.KNOWN | Tag.WATCHED):
        return False
    raw, spans = sentence.text.raw, sentence.spans
    return any(
        sentence.caps[at] and spans[at][0] and raw[spans[at][0] - 1] in QUOTES
        for at in range(phrase.first, phrase.last + 1)
    )


def _fits_thing(slots: int, phrase: Phrase, sentence: Sentence) -> bool:
    """Say whether a phrase is a sum, a number of jobs, or something made."""
    inside = range(phrase.first, phrase.last + 1)
    if slots & Slot.MONEY:
        signs = {sentence.text.raw[sentence.spans[at][0] - 1 : sentence.spans[at][0]] for at in inside}
        if signs & _CURRENCIES or any(sentence.tags[at] & Tag.MONEY for at in inside):
            return True
    if slots & Slot.JOBS and any(sentence.tags[at] & Tag.JOBS for at in inside):
        return True
    return bool(slots & Slot.THING and phrase.sure != SURE and not sentence.tags[phrase.first] & Tag.PRONOUN)


def is_place(sentence: Sentence, organisation: Span) -> bool:
    """Say whether what stands for an organisation is a place: "Detroit's best engineers"."""
    return all(sentence.tags[at] & Tag.PLACE for at in range(organisation[0], organisation[1] + 1))


def is_bare(sentence: Sentence, phrase: Phrase) -> bool:
    """Say whether a phrase is people in general: "hires engineers"; "hires four engineers" is not."""
    at = phrase.last + 1
    if at + 1 < sentence.size and (
        sentence.words[at] == "behind"
        or (sentence.words[at] == "from" and sentence.is_name(at + 1) and not sentence.tags[at + 1] & Tag.PLACE)
    ):
        # "hires executives from Pellucid", "fired employees behind a letter"
        return False
    if at + 1 < sentence.size and (
        (sentence.words[at] == "who" and is_past(sentence.words[at + 1]))
        or (
            is_past(sentence.words[at])
            and bool(sentence.tags[at + 1] & (Tag.PREPOSITION | Tag.AHEAD))
            and not sentence.breaks[at]
        )
    ):
        # "fires employees who criticised Marten", "fires managers tied to Marten"
        return False
    return phrase.is_group and (phrase.organisation is None or phrase.founded) and is_unnumbered(sentence, phrase)


def is_unnumbered(sentence: Sentence, phrase: Phrase) -> bool:
    """Say whether nothing tells which or how many people a phrase means."""
    return not any(
        sentence.tags[at] & _IDENTIFIED or sentence.words[at].isdigit() for at in range(phrase.first, phrase.last + 1)
    )
