"""What reports say has happened, compared: the same event, another one, or one that may be either. Pure.

Two named people in one kind of event are two events; a role may be anybody who fits it. Roles and short names are
in `stories.toml`.
"""

from collections.abc import Iterable, Sequence
from enum import IntEnum

from bot.core.model import Event, EventKey
from bot.core.text import words
from bot.stories.language import Language, stem_of

LEAVES, COMES = "departure", "arrival"
_PARTS = {"and", "&"}
_STEM = 4  # letters by which two spellings are one name


class Relation(IntEnum):
    """How two facts stand to each other; the higher wins where several pairs are compared."""

    NONE = 0  # nothing to do with each other
    OPEN = 1  # a role that may be this one
    ELSEWHERE = 2  # the same kind of thing, of one person, at another organisation by name
    OTHER = 3  # the same kind of thing, of somebody else
    BESIDE = 4  # the same, and the report says that it is a second one
    NEXT = 5  # who comes for somebody that goes
    SAME = 6


def event_keys_of(events: Iterable[Event], speech: Language, *, are_news: bool = True) -> tuple[EventKey, ...]:
    """Return what the events of an item say has happened; or, not `are_news`, what they only come back to."""
    return tuple(
        dict.fromkeys(
            EventKey(
                event.kind,
                event.certainty,
                event.people,
                event.organisations,
                event.is_named,
                _roles(event, speech) if event.people else (),
            )
            for event in events
            if (event.ruled_out is None) is are_news
        )
    )


def _roles(event: Event, speech: Language) -> tuple[str, ...]:
    """Return the posts that the words of an event name; those of its organisations are none."""
    whole = (*event.organisations, *(event.people if event.is_named else ()))
    names = {word for name in whole for word in words(name)}
    found = speech.roles([word for word in words(event.words) if word not in names])
    if not found and not event.is_named:
        # a post of no list: its last word tells it from others
        found = frozenset([w for w in words(event.people[0]) if w not in names and w not in speech.plain][-1:])
    place = frozenset[str]() if event.is_named else _place(event, speech)
    return tuple(sorted({_at(role, place, speech) for role in found}))


def _place(event: Event, speech: Language) -> frozenset[str]:
    """Return the words of a post that tell where it is: "of Vienna's …", and all where no organisation is named."""
    post = event.people[0]
    owners = " ".join(word[:-2] for word in post.split() if word.endswith(("'s", "\u2019s")))
    return speech.organisation(owners) if event.organisations else _described(post, speech)


def _at(role: str, place: frozenset[str], speech: Language) -> str:
    """Return a post without the words that tell where it is: the "railways chief" is the chief there."""
    field, _, post = role.rpartition(" ")
    return post if post == speech.top and not place.isdisjoint(speech.organisation(field)) else role


def people_of(event_key: EventKey) -> tuple[tuple[str, ...], ...]:
    """Return the names of a fact's people as folded words, several in one phrase apart."""
    found: list[tuple[str, ...]] = []
    for phrase in event_key.people:
        name: list[str] = []
        for word in words(phrase.replace(",", " and ")):
            if word in _PARTS:
                found.append(tuple(name))
                name = []
            else:
                name.append(spelt(word))
        found.append(tuple(name))
    return tuple(name for name in found if name)


def spelt(word: str) -> str:
    """Return one spelling of a folded word of a name: "Mueller" is "Müller"."""
    return word.replace("ae", "a").replace("oe", "o").replace("ue", "u")


def is_same_person(one: Sequence[str], other: Sequence[str], speech: Language) -> bool:
    """Say whether two names may be one person's: the same surname, and no other given name."""
    if len(one) > 1 and set(one) == set(other):
        # surname first
        return True
    if one[-1] != other[-1]:
        return False
    if len(one) == 1 or len(other) == 1:
        return True
    ours, theirs = one[0], other[0]
    is_short = ours[: len(theirs)] == theirs or theirs[: len(ours)] == ours
    is_spelt_otherwise = len(min(ours, theirs, key=len)) > _STEM and ours[:_STEM] == theirs[:_STEM]
    return is_short or is_spelt_otherwise or ours in other or theirs in one or theirs in speech.nicknames.get(ours, ())


def shares_person(one: EventKey, other: EventKey, speech: Language) -> bool:
    """Say whether two facts name one person."""
    return any(is_same_person(a, b, speech) for a in people_of(one) for b in people_of(other))


def shares_organisation(one: EventKey, other: EventKey, speech: Language) -> bool:
    """Say whether two facts name one organisation; "Danish" is one only for a minister and the like."""
    ours, theirs = (_organisations(event_key, speech) for event_key in (one, other))
    return any(a and b and (a <= b or b <= a or _is_demonym(a, b)) for a in ours for b in theirs)


def _organisations(event_key: EventKey, speech: Language) -> list[frozenset[str]]:
    """Return the organisations of a fact as words, without what only describes."""
    return [
        speech.organisation(name)
        for name in event_key.organisations
        if not speech.is_described(name) or any(role.split()[-1] in speech.state_roles for role in event_key.roles)
    ]


def described(event_key: EventKey, speech: Language) -> frozenset[str]:
    """Return the words by which a post alone tells where it is: "head of Krakow museum", "Czech railways boss"."""
    return frozenset() if event_key.is_named or not event_key.people else _described(event_key.people[0], speech)


def _described(post: str, speech: Language) -> frozenset[str]:
    found = speech.organisation(post) - speech.top_posts - speech.any_role
    # "finance chief" may be of any firm: without a country or a name of its own it tells nothing
    is_told = speech.has_country(found) or any(word[:1].isupper() for word in post.split()[1:])
    return found if is_told and len(found) > 1 else frozenset()


def _is_told_in(one: EventKey, other: EventKey, speech: Language) -> bool:
    """Say whether the words of a post name the organisation that the other fact is of."""
    told, names = described(one, speech), _organisations(other, speech)
    return bool(told) and any(name <= told or (told <= name and not other.is_named) for name in names if name)


def _is_wider(one: EventKey, other: EventKey, speech: Language) -> bool:
    """Say whether one names a country where the other names something in it that its post has nothing to do with.

    "Ireland's data commissioner" and the "Irish Media Watchdog" are two; "Argentina's statistics chief" is of the
    "Argentine Statistics Office".
    """
    for wide, narrow in ((one, other), (other, one)):
        post = {stem_of(word) for phrase in wide.people for word in words(phrase)}
        for country in _organisations(wide, speech):
            names = (*_organisations(narrow, speech), described(narrow, speech))
            within = [name - country for name in names if country < name]
            if within and speech.is_country(country) and not any(post & rest for rest in within):
                return True
    return False


def _is_demonym(one: frozenset[str], other: frozenset[str]) -> bool:
    """Say whether two names are of one country: "Tunisia", "Tunisian"."""
    ours, theirs = min(one), min(other)
    is_single = len(one) == len(other) == 1
    return is_single and min(len(ours), len(theirs)) > _STEM and ours[: _STEM + 1] == theirs[: _STEM + 1]


def fits(one: EventKey, other: EventKey, speech: Language) -> bool:
    """Say whether two facts may be of one post; an unknown or a general one fits every other."""
    ours, theirs = (set(event_key.roles) - speech.any_role for event_key in (one, other))
    return (
        not ours
        or not theirs
        or any(a == b or a.endswith(f" {b}") or b.endswith(f" {a}") for a in ours for b in theirs)
    )


def relate(one: EventKey, other: EventKey, speech: Language) -> Relation:
    """Return how two facts stand to each other."""
    if not one.people and not other.people:
        if one.kind == other.kind and one.kind in speech.either_way and _are_of_two(one, other, speech):
            return Relation.SAME
        return Relation.OPEN if one.kind == other.kind and shares_organisation(one, other, speech) else Relation.NONE
    if not one.people or not other.people:
        return Relation.NONE
    at_one_place = shares_organisation(one, other, speech)
    if one.is_named and other.is_named:
        return _named(one, other, speech, at_one_place=at_one_place)
    at_one_place = at_one_place or _is_told_in(one, other, speech) or _is_told_in(other, one, speech)
    if not at_one_place or _is_wider(one, other, speech):
        return Relation.NONE
    if one.kind != other.kind:
        return _next(one, other, speech)
    if is_another(one, speech) or is_another(other, speech):
        return Relation.OTHER
    return Relation.OPEN if fits(one, other, speech) else Relation.OTHER


def _are_of_two(one: EventKey, other: EventKey, speech: Language) -> bool:
    """Say whether two facts are between the same two organisations, in whichever order."""
    ours, theirs = (_organisations(event_key, speech) for event_key in (one, other))
    return min(len(ours), len(theirs)) > 1 and all(any(a <= b or b <= a for b in theirs) for a in ours)


def _named(one: EventKey, other: EventKey, speech: Language, *, at_one_place: bool) -> Relation:
    if shares_person(one, other, speech):
        is_elsewhere = not at_one_place and all(
            any(not speech.is_country(name) for name in _organisations(event_key, speech)) for event_key in (one, other)
        )
        if is_elsewhere and one.kind == other.kind:
            # a surname alone with the post of before is no namesake
            is_known = _is_full(other) and not _is_full(one) and not _posts(one, speech).isdisjoint(other.roles)
            return Relation.SAME if is_known else Relation.ELSEWHERE
        return Relation.SAME
    if not at_one_place:
        return Relation.NONE
    return Relation.OTHER if one.kind == other.kind else _next(one, other, speech)


def _posts(event_key: EventKey, speech: Language) -> set[str]:
    """Return the posts of a fact but for those that anybody may have."""
    return set(event_key.roles) - speech.any_role


def _is_full(event_key: EventKey) -> bool:
    """Say whether a fact gives more than a surname."""
    return any(len(name) > 1 for name in people_of(event_key))


def _next(one: EventKey, other: EventKey, speech: Language) -> Relation:
    """Return whether one comes to the post that the other leaves, at one organisation."""
    return Relation.NEXT if is_one_post(set(one.roles), set(other.roles), speech) else Relation.NONE


def is_one_post(ours: set[str], theirs: set[str], speech: Language) -> bool:
    """Say whether two people's posts are one, or both of who leads an organisation."""
    is_top = not speech.top_posts.isdisjoint(ours) and not speech.top_posts.isdisjoint(theirs)
    return is_top or not (ours & theirs) <= speech.any_role


def is_another(event_key: EventKey, speech: Language) -> bool:
    """Say whether a fact is of somebody beside the one that was told of: "another executive"."""
    return any(name[0] in speech.another for name in people_of(event_key))


def kept(old: Sequence[EventKey], new: Sequence[EventKey], most: int) -> tuple[EventKey, ...]:
    """Return the facts of a story with new ones; when there are too many, the first stays and the oldest others go."""
    event_keys = tuple(dict.fromkeys((*old, *new)))
    return event_keys if len(event_keys) <= most else (event_keys[0], *event_keys[1 - most :])
