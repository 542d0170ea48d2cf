"""Which wordings of the lexicon stand in a sentence, and what fills them. Pure.

This file knows grammar and no word: active and passive, nouns and verbs, subjects left out, "leaves to lead ...".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.events.grammar import Frame, Slot, Tag
from bot.events.lexicon import Lexicon
from bot.events.nouns import LIKELY, SURE, Phrase
from bot.events.omitted import opening
from bot.events.phrases import after, after_comma, before
from bot.events.sentence import Sentence, Span
from bot.events.slots import fits, follow, owned, preposition

_CLAUSE_BREAK = 2


@dataclass(frozen=True, slots=True)
class Told:
    """A frame that was found in a sentence, with what fills it."""

    frame: Frame
    first: int  # of the anchor
    last: int
    who: Phrase | None
    organisation: Span | None
    is_anaphor: bool = False  # "the company"
    filler: int = 0  # the first word between the subject and the anchor
    end: int = 0  # the last word of all that was read
    parties: tuple[Span, ...] = ()  # all organisations of the wording, in its order
    described: Span | None = None  # an organisation without a name: "a venture firm"


def possible(words: Sequence[str], lexicon: Lexicon) -> Mapping[str, Sequence[Frame]]:
    """Return the frames that can stand in a text at all, by their first words: those whose other words are there, too.

    In two of three headlines there are none, and nothing more has to be read in them.
    """
    present = set(words)
    found = {}
    for word in present & lexicon.anchors:
        if frames := [frame for frame in lexicon.frames[word] if _has_all(present, frame.needed)]:
            found[word] = frames
    return found


def _has_all(present: set[str], needed: Sequence[frozenset[str]]) -> bool:
    for forms in needed:  # noqa: SIM110 - "all" is slower here, where most time is spent
        if forms.isdisjoint(present):
            return False
    return True


def tellings(sentence: Sentence, frames: Mapping[str, Sequence[Frame]]) -> Sequence[Told]:
    """Return what is told in a sentence, in its order; each event of the same words once."""
    found: list[Told] = []
    for place, word in enumerate(sentence.words[: sentence.end]):
        if sentence.joined[place] or (sentence.tags[place] & Tag.LEGAL and word.endswith("ing")):
            continue
        if sentence.tags[place] & Tag.GIVEN and sentence.tags[place - 1] & Tag.GIVEN and sentence.is_name(place):
            # "Hannah Sacks joins"
            continue
        for frame in frames.get(word, ()):
            if (told := _read(frame, sentence, place, found)) is not None and not _is_known(told, found):
                found.append(told)
    return found


def _is_known(told: Told, found: Sequence[Told]) -> bool:
    """Say whether the same words have been read as this event already."""
    return any(
        old.frame.event == told.frame.event
        and old.first <= told.last
        and told.first <= old.last
        and old.who is not None
        for old in found
    )


def _read(frame: Frame, sentence: Sentence, place: int, found: Sequence[Told]) -> Told | None:
    """Return what a frame tells when its anchor begins at a place, or None."""
    last = _anchor_end(frame, sentence, place)
    if last is None:
        return None
    if frame.is_noun:
        return _fill(frame, sentence, place, last, *_noun_owner(frame, sentence, place))
    if place and _is_noun_here(sentence, place):
        return None
    subject, filler = before(sentence, place)
    frame = _eased(frame, sentence, place, found)
    if subject is not None:
        subject = _surer(frame, sentence, place, subject, found)
    word = sentence.words[place]
    if subject is None and _is_behind(sentence, place, filler):
        return None
    if subject is not None and _is_told_of(sentence, subject.first) and not word.endswith("ing"):
        # "A film about Ilse Marten lands at …": not she
        subject = replace(subject, sure=0, who=None)
    if subject is None and not filler and (behind := _behind_colon(frame, sentence, place, last)) is not None:
        return behind
    if subject is None and filler < place and frame.before is not None and sentence.words[filler] in {"has", "have"}:
        # "Pellucid will sell lamps, has hired Ilse Marten"
        subject = opening(sentence, filler, is_firm=not frame.before.slots & Slot.WHO)
    if frame.has_passive and sentence.words[place] in frame.participles and sentence.words[place - 1] != "to":
        is_passive = any(sentence.tags[at] & Tag.PASSIVE for at in range(filler, place))
        active = None if is_passive else _fill(frame, sentence, place, last, subject, filler)
        if (
            active is not None
            and subject is not None
            and (subject.is_named or (subject.is_role and not subject.is_group and _is_post_only(sentence, last + 1)))
            and subject.sure >= max(frame.after[0].sure, 2)
        ):
            # "Ilse Marten named chief scientist" names her, "Trump named Marten chief scientist" another
            active = active if active.who is not None and active.who.is_named else None
        if active is not None or not (is_passive or _stands_alone(sentence, last)):
            return active
        return _passive(frame, sentence, place, last, subject, filler)
    if sentence.words[place] in frame.plain and not (
        _is_next(frame, place, found) or _may_be_plain(frame, sentence, place, filler, subject)
    ):
        return None
    if subject is None and frame.before is not None:
        subject = opening(sentence, filler, is_firm=not frame.before.slots & Slot.WHO)
    if (
        frame.before is not None
        and frame.before.slots & (Slot.WHO | Slot.OTHER)
        and (
            subject is None
            or (
                frame.before.slots & Slot.WHO
                and subject.sure < frame.before.sure
                and not _is_another(sentence, subject)
            )
        )
    ):
        subject = _left_out(sentence, place, filler, subject, found) or subject
    if subject is not None and subject.first and sentence.words[subject.first - 1] == "as" and not subject.is_named:
        # "Marten steps down as CEO to become chairman"
        subject = _left_out(sentence, place, filler, subject, found) or subject
    return _fill(frame, sentence, place, last, subject, filler)


def _eased(frame: Frame, sentence: Sentence, place: int, found: Sequence[Told]) -> Frame:
    """Return a frame that takes a lone surname behind somebody's post: "names Ilse Marten chief to replace Holm"."""
    if not found or not frame.after or frame.after[0].slots != Slot.WHO or frame.after[0].sure != LIKELY:
        return frame
    is_purpose = sentence.words[place - 1] == "to" or sentence.words[place].endswith("ing")
    is_same = is_purpose and _has_post(sentence, found, place)
    if frame.before is None or not frame.before.slots & Slot.OTHER or not (is_same or _is_next(frame, place, found)):
        return frame
    return replace(frame, after=(replace(frame.after[0], sure=1), *frame.after[1:]))


def _has_post(sentence: Sentence, found: Sequence[Told], place: int) -> bool:
    """Say whether somebody named before a place in the same clause gets a post there."""
    told = found[-1] if found else None
    if told is None or told.who is None or not told.who.is_named or told.who.first < told.first:
        return False
    between = range(told.last + 1, place)
    has_role = any(sentence.tags[at] & Tag.ROLE for at in between)
    return has_role and not any(sentence.breaks[at] > 1 for at in (*between, place))


def _is_next(frame: Frame, place: int, found: Sequence[Told]) -> bool:
    """Say whether a verb goes on right behind the name of another: "Rovers sack Marten, hire Holm"."""
    who = found[-1].who if found else None
    is_behind = who is not None and who.who is not None and who.is_named and who.who[1] + 1 == place
    return is_behind and found[-1].frame.event != frame.event


def _surer(frame: Frame, sentence: Sentence, place: int, subject: Phrase, found: Sequence[Told]) -> Phrase | None:
    """Return a subject, as somebody where what stands around it says so."""
    if (told := _holding(subject, found)) is not None:
        # "Pellucid Hires Ilse Marten to Lead Sales": no hires lead
        return told.who
    if found and found[-1].who is not None and _is_another(sentence, subject):
        # "Pellucid names Ilse Marten CEO, Holm to leave"
        return replace(subject, sure=LIKELY)
    if subject.sure and sentence.words[subject.first - 1] == "as" and _has_post(sentence, found, subject.first):
        # "Pellucid names Ilse Marten CEO as Holm leaves"
        return replace(subject, sure=LIKELY)
    asks_for_post = sentence.words[place - 1] == "to" or any(element.slots & Slot.ROLE for element in frame.after)
    if asks_for_post and frame.before is not None and frame.before.slots == Slot.WHO:
        # "Pellucid's Marten to join Corvid"; not "Corvid's Raptor joins …"
        return owned(subject, sentence)
    return subject


def _holding(subject: Phrase, found: Sequence[Told]) -> Told | None:
    """Return what has been told with a word of a subject, which is a verb then."""
    return next(
        (told for told in found if subject.first <= told.first <= subject.last and not told.frame.is_noun), None
    )


def _is_another(sentence: Sentence, subject: Phrase) -> bool:
    """Say whether somebody is named behind a comma, who is meant then: "Marten leaves, Ilse Holm to run sales"."""
    return subject.is_named and 0 < subject.sure <= LIKELY and sentence.breaks[subject.first] == 1


def _is_told_of(sentence: Sentence, first: int) -> bool:
    """Say whether a phrase hangs on a noun before it: "a film about …", "a lab founded by …"."""
    if first <= 1 or sentence.breaks[first] or sentence.breaks[first - 1]:
        return False
    tags = sentence.tags[first - 1]
    return bool(tags & Tag.PREPOSITION) and not tags & (Tag.CONJUNCTION | Tag.OF)


def _is_behind(sentence: Sentence, verb: int, place: int) -> bool:
    """Say whether a verb in -ing hangs on a preposition, and is no clause: "three weeks before axing a third"."""
    is_near = bool(place) and not sentence.breaks[place] and bool(sentence.tags[place - 1] & Tag.PREPOSITION)
    return is_near and sentence.words[verb].endswith("ing")


def _behind_colon(frame: Frame, sentence: Sentence, place: int, last: int) -> Told | None:
    """Return what a frame tells of the one who stands behind its colon: "Poached: Pellucid's CFO", "Leaving: ..."."""
    if last + 1 >= sentence.size or sentence.text.raw[sentence.spans[last][1]] != ":":
        return None
    subject = after_comma(sentence, last + 1)
    if subject is None or subject.sure < LIKELY:
        return None
    if frame.has_passive and sentence.words[place] in frame.participles:
        return _passive(frame, sentence, place, last, subject, 0)
    is_verb = sentence.words[place].endswith("ing") or any(sentence.tags[at] & Tag.AHEAD for at in range(place))
    return _fill(frame, sentence, place, last, subject, 0) if is_verb and not frame.is_noun else None


def _is_noun_here(sentence: Sentence, place: int) -> bool:
    """Say whether a word that is a verb elsewhere is a noun after what stands before it: "the leaders' move"."""
    tags = sentence.tags[place - 1]
    if sentence.owns[place - 1] or (tags & Tag.DETERMINER and not tags & (Tag.ROLE | Tag.GROUP | Tag.FILLER)):
        return True
    is_described = bool(tags & Tag.MODIFIER) and not tags & (
        Tag.ROLE | Tag.GROUP | Tag.ORGANISATION | Tag.FILLER | Tag.KNOWN
    )
    return is_described and place > 1 and (sentence.owns[place - 2] or bool(sentence.tags[place - 2] & Tag.DETERMINER))


def _is_post_only(sentence: Sentence, place: int) -> bool:
    """Say whether nothing but a post stands behind a verb: "appointed ambassador", not "appointed a new ambassador"."""
    if place >= sentence.size or not sentence.tags[place] & Tag.ROLE:
        return False
    end = place + 1
    return end == sentence.size or bool(sentence.breaks[end] or sentence.tags[end] & (Tag.OF | Tag.STOP | Tag.ROLE))


def _stands_alone(sentence: Sentence, last: int) -> bool:
    """Say whether nothing is done to what follows a verb: "fired on Friday", not "fired a missile"."""
    at = last + 1
    if at >= sentence.size or sentence.breaks[at]:
        return True
    return bool(sentence.tags[at] & (Tag.STOP | Tag.FILLER | Tag.OF)) or sentence.words[at].endswith("ly")


def _has_object(sentence: Sentence, last: int) -> bool:
    """Say whether something is done to what follows a verb that takes no object: "is retiring the designer's car"."""
    at = last + 1
    if at >= sentence.size or sentence.breaks[at] or sentence.is_titled:
        return False
    tags = sentence.tags[at]
    if tags & Tag.STOP:
        # "steps down this week"
        return False
    return bool(tags & (Tag.DETERMINER | Tag.ROLE)) or (sentence.is_name(at) and not tags & Tag.PLACE)


def _anchor_end(frame: Frame, sentence: Sentence, place: int) -> int | None:
    """Return the last word of the anchor; between its words an adverb may stand."""
    at = place
    for forms in frame.anchor[1:]:
        at += 1
        if at < sentence.size and sentence.words[at] not in forms and sentence.tags[at] & (Tag.FILLER | Tag.DETERMINER):
            at += 1
        if at >= sentence.size or sentence.words[at] not in forms or sentence.breaks[at] >= 2:
            return None
    return at


def _may_be_plain(frame: Frame, sentence: Sentence, place: int, filler: int, subject: Phrase | None) -> bool:
    """Say whether the plain form of a verb fits: after "to" or "will", or with several people."""
    if any(sentence.tags[at] & Tag.AHEAD for at in range(filler, place)):
        return True
    if subject is None or filler == 0 or sentence.words[place] in frame.ahead:
        return False
    start = subject.first - (subject.first > 0 and subject.sure == SURE)
    if any(sentence.words[at] in {"and", "&", "both"} for at in range(start, place)):
        return True
    if (
        frame.before is not None
        and not frame.before.slots & Slot.WHO
        and sentence.breaks[subject.first] >= _CLAUSE_BREAK
        and sentence.caps[subject.first]
        and not (sentence.is_titled or sentence.caps[place] or subject.is_role)
    ):
        # "Rovers sign", "Leinster appoint"
        return True
    is_plural = sentence.words[filler - 1].endswith("s") and not sentence.words[filler - 1].endswith("ss")
    return subject.is_group or (is_plural and (subject.is_organisation or not sentence.caps[filler - 1]))


def _left_out(
    sentence: Sentence, place: int, filler: int, subject: Phrase | None, found: Sequence[Told]
) -> Phrase | None:
    """Return the subject that is said once for two verbs: "X leaves A to lead B", "X leaves A, joins B"."""
    earlier = next((told for told in reversed(found) if told.who is not None and told.last < place), None)
    if (
        earlier is not None
        and subject is None
        and sentence.breaks[filler] >= 2
        and sentence.words[place].endswith("ing")
    ):
        # "Initially leaving to join Tesla, …": the sentence goes on about the same person
        return earlier.who
    if earlier is None or any(sentence.breaks[at] >= 2 for at in range(earlier.last + 1, place + 1)):
        return None
    has_purpose = any(sentence.words[at] in {"to", "and"} for at in range(filler, place))
    follows = sentence.breaks[filler] == 1 or sentence.words[filler - 1] in {"and", "before"}
    return earlier.who if has_purpose or (follows and subject is None) else None


def _noun_owner(frame: Frame, sentence: Sentence, place: int) -> tuple[Phrase | None, int]:
    """Return whose a noun is: "the CEO's departure"."""
    if frame.before is None:
        return None, place
    at = place
    while at > 1 and sentence.tags[at - 1] & (Tag.MODIFIER | Tag.FILLER) and not sentence.owns[at - 1]:
        at -= 1
    if not at or not sentence.owns[at - 1]:
        return None, place
    phrase, _ = before(sentence, at)
    return phrase, at


def _passive(
    frame: Frame, sentence: Sentence, place: int, last: int, subject: Phrase | None, filler: int
) -> Told | None:
    """Return what a frame tells of its subject when it stands in the passive."""
    wanted = frame.after[0]
    if subject is None or not fits(wanted, subject, sentence):
        return None
    rest = follow(frame.after[1:], sentence, last + 1)
    if rest is None:
        return None
    who = subject if wanted.slots & Slot.WHO else rest.who
    organisation = rest.organisation
    by = preposition(sentence, last + 1, frozenset({"by"}))
    agent = after(sentence, by + 1) if by is not None else None
    if organisation is None and agent is not None and agent.organisation is not None and frame.before is not None:
        is_firm = bool(frame.before.slots & Slot.ORG) or (agent.sure < LIKELY and subject.employer is None)
        organisation = agent.organisation if is_firm and not agent.is_role else None
    agents = (agent.organisation,) if agent is not None and agent.organisation is not None else ()
    subjects = (subject.organisation,) if wanted.slots & Slot.ORG and subject.organisation is not None else ()
    return Told(
        frame,
        place,
        last,
        who,
        organisation,
        filler=filler,
        end=rest.end,
        parties=(*agents, *subjects, *rest.parties),
        described=rest.described,
    )


def _fill(frame: Frame, sentence: Sentence, place: int, last: int, subject: Phrase | None, filler: int) -> Told | None:
    who = organisation = None
    is_anaphor = False
    parties: tuple[Span, ...] = ()
    if frame.before is not None:
        if subject is not None and fits(frame.before, subject, sentence):
            if frame.before.slots & (Slot.WHO | Slot.ROLE):
                who = subject
            else:
                organisation = subject.organisation
                parties = (organisation,) if organisation is not None else ()
        elif not frame.before.is_optional or sentence.words[place] in frame.participles:
            # "Fired employees sue": without a subject a participle only describes
            return None
    rest = follow(frame.after, sentence, last + 1)
    if rest is None or (not frame.after and not frame.is_noun and _has_object(sentence, last)):
        return None
    is_named = rest.organisation is not None and not (rest.is_abroad and organisation is not None)
    if is_named or rest.is_anaphor:
        # "Pellucid names Ilse Marten London editor" is of Pellucid
        organisation, is_anaphor = rest.organisation or organisation, rest.is_anaphor
    return Told(
        frame,
        place,
        last,
        who or rest.who,
        organisation,
        is_anaphor,
        filler,
        max(last, rest.end),
        (*parties, *rest.parties),
        rest.described,
    )
