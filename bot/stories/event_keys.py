"""Compares event keys: the same event, another one, or one that may be either. Pure.

Two named people in one kind of event are two events; a role may be anybody who fits it. Roles and nicknames are in
 `stories.toml`.
"""

from collections.abc import Iterable, Sequence
from enum import IntEnum

from bot.core.model import Event, EventKey
from bot.core.text import words
from bot.stories.language import Language, stem_of

LEAVES, COMES = "departure", "arrival"
MOST_EVENT_KEYS = 24  # of a story
_PARTS = {"and", "&"}
_STEM = 4  # letters by which two spellings are one name


class Relation(IntEnum):
    """The relation of two event keys; the highest one wins where several pairs are compared."""

    NONE = 0
    POSSIBLE = 1  # a post that may be this one
    ELSEWHERE = 2  # the same kind, of one person, at another organisation by name
    OTHER = 3  # the same kind, of somebody else
    ALSO = 4  # the same kind, and the report says that somebody else does it "also"
    SUCCESSOR = 5  # somebody comes to the post that somebody leaves
    SAME = 6


def event_keys_of(events: Iterable[Event], language: Language, *, are_news: bool = True) -> tuple[EventKey, ...]:
    """Return the keys of an item's events that are news; or, not `are_news`, of those in its background."""
    return tuple(
        dict.fromkeys(
            EventKey(
                event.kind,
                event.certainty,
                event.people,
                event.organisations,
                event.is_named,
                _roles(event, language) if event.people else (),
            )
            for event in events
            if (event.ruled_out is None) is are_news
        )
    )


def _roles(event: Event, language: Language) -> tuple[str, ...]:
    """Return the posts that the words of an event name, but for those in the names of its organisations."""
    whole = (*event.organisations, *(event.people if event.is_named else ()))
    names = {word for name in whole for word in words(name)}
    found = language.roles([word for word in words(event.words) if word not in names])
    if not found and not event.is_named:
        # a post that no list has: its last word stands for it
        found = frozenset([w for w in words(event.people[0]) if w not in names and w not in language.plain][-1:])
    place = frozenset[str]() if event.is_named else _place_words(event, language)
    return tuple(sorted({_without_place(role, place, language) for role in found}))


def _place_words(event: Event, language: Language) -> frozenset[str]:
    """Return the words of a post that say where it is: "of Vienna's …", and all where no organisation is named."""
    post = event.people[0]
    owners = " ".join(word[:-2] for word in post.split() if word.endswith(("'s", "\u2019s")))
    return language.organisation(owners) if event.organisations else _post_place(post, language)


def _without_place(role: str, place: frozenset[str], language: Language) -> str:
    """Return a post without the words for its place: the "railways chief" is the chief there."""
    field, _, post = role.rpartition(" ")
    return post if post == language.top and not place.isdisjoint(language.organisation(field)) else role


def people_of(event_key: EventKey) -> tuple[tuple[str, ...], ...]:
    """Return the names of the people of an event key as folded words; several in one phrase are split."""
    found: list[tuple[str, ...]] = []
    for phrase in event_key.people:
        name: list[str] = []
        for word in words(phrase.replace(",", " and ")):
            if word in _PARTS:
                found.append(tuple(name))
                name = []
            else:
                name.append(spelling_of(word))
        found.append(tuple(name))
    return tuple(name for name in found if name)


def spelling_of(word: str) -> str:
    """Return the common spelling of a folded word of a name: "Mueller" is "Müller"."""
    return word.replace("ae", "a").replace("oe", "o").replace("ue", "u")


def is_same_person(one: Sequence[str], other: Sequence[str], language: Language) -> bool:
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
    return (
        is_short or is_spelt_otherwise or ours in other or theirs in one or theirs in language.nicknames.get(ours, ())
    )


def shares_person(one: EventKey, other: EventKey, language: Language) -> bool:
    """Say whether two event keys name one person."""
    return any(is_same_person(a, b, language) for a in people_of(one) for b in people_of(other))


def shares_organisation(one: EventKey, other: EventKey, language: Language) -> bool:
    """Say whether two event keys name one organisation; "Danish" is one only for a minister and the like."""
    ours, theirs = (_organisations(event_key, language) for event_key in (one, other))
    return any(a and b and (a <= b or b <= a or _is_demonym(a, b)) for a in ours for b in theirs)


def _organisations(event_key: EventKey, language: Language) -> list[frozenset[str]]:
    """Return the organisations of an event key as words, without those that only describe."""
    return [
        language.organisation(name)
        for name in event_key.organisations
        if not language.is_described(name) or any(role.split()[-1] in language.state_roles for role in event_key.roles)
    ]


def post_place(event_key: EventKey, language: Language) -> frozenset[str]:
    """Return the words by which a post alone says where it is: "head of Krakow museum", "Czech railways boss"."""
    return frozenset() if event_key.is_named or not event_key.people else _post_place(event_key.people[0], language)


def _post_place(post: str, language: Language) -> frozenset[str]:
    found = language.organisation(post) - language.top_posts - language.any_role
    # "finance chief" may be of any firm: only a country or a name in it says which
    is_specific = language.has_country(found) or any(word[:1].isupper() for word in post.split()[1:])
    return found if is_specific and len(found) > 1 else frozenset()


def _is_named_in_post(one: EventKey, other: EventKey, language: Language) -> bool:
    """Say whether the words of a post name the organisation of the other event key."""
    place, names = post_place(one, language), _organisations(other, language)
    return bool(place) and any(name <= place or (place <= name and not other.is_named) for name in names if name)


def _is_wider(one: EventKey, other: EventKey, language: Language) -> bool:
    """Say whether one names a country, and the other an organisation in it that the post of the first does not name.

    "Ireland's data commissioner" and the "Irish Media Watchdog" are two; "Argentina's statistics chief" is of the
    "Argentine Statistics Office".
    """
    for wide, narrow in ((one, other), (other, one)):
        post = {stem_of(word) for phrase in wide.people for word in words(phrase)}
        for country in _organisations(wide, language):
            names = (*_organisations(narrow, language), post_place(narrow, language))
            within = [name - country for name in names if country < name]
            if within and language.is_country(country) and not any(post & rest for rest in within):
                return True
    return False


def _is_demonym(one: frozenset[str], other: frozenset[str]) -> bool:
    """Say whether two names are of one country: "Tunisia", "Tunisian"."""
    ours, theirs = min(one), min(other)
    is_single = len(one) == len(other) == 1
    return is_single and min(len(ours), len(theirs)) > _STEM and ours[: _STEM + 1] == theirs[: _STEM + 1]


def may_be_one_post(one: EventKey, other: EventKey, language: Language) -> bool:
    """Say whether two event keys may be of one post; an unknown or a general post may be any other."""
    ours, theirs = (set(event_key.roles) - language.any_role for event_key in (one, other))
    return (
        not ours
        or not theirs
        or any(a == b or a.endswith(f" {b}") or b.endswith(f" {a}") for a in ours for b in theirs)
    )


def relate(one: EventKey, other: EventKey, language: Language) -> Relation:
    """Return the relation of two event keys."""
    if not one.people and not other.people:
        if one.kind == other.kind and one.kind in language.either_way and _are_of_two(one, other, language):
            return Relation.SAME
        return (
            Relation.POSSIBLE if one.kind == other.kind and shares_organisation(one, other, language) else Relation.NONE
        )
    if not one.people or not other.people:
        return Relation.NONE
    at_one_place = shares_organisation(one, other, language)
    if one.is_named and other.is_named:
        return _named(one, other, language, at_one_place=at_one_place)
    at_one_place = at_one_place or _is_named_in_post(one, other, language) or _is_named_in_post(other, one, language)
    if not at_one_place or _is_wider(one, other, language):
        return Relation.NONE
    if one.kind != other.kind:
        return _succession(one, other, language)
    if is_another(one, language) or is_another(other, language):
        return Relation.OTHER
    return Relation.POSSIBLE if may_be_one_post(one, other, language) else Relation.OTHER


def _are_of_two(one: EventKey, other: EventKey, language: Language) -> bool:
    """Say whether two event keys are of the same two organisations, in whichever order."""
    ours, theirs = (_organisations(event_key, language) for event_key in (one, other))
    return min(len(ours), len(theirs)) > 1 and all(any(a <= b or b <= a for b in theirs) for a in ours)


def _named(one: EventKey, other: EventKey, language: Language, *, at_one_place: bool) -> Relation:
    if shares_person(one, other, language):
        is_elsewhere = not at_one_place and all(
            any(not language.is_country(name) for name in _organisations(event_key, language))
            for event_key in (one, other)
        )
        if is_elsewhere and one.kind == other.kind:
            # a surname alone with the same post is the same person
            is_known = _is_full(other) and not _is_full(one) and not _posts(one, language).isdisjoint(other.roles)
            return Relation.SAME if is_known else Relation.ELSEWHERE
        return Relation.SAME
    if not at_one_place:
        return Relation.NONE
    return Relation.OTHER if one.kind == other.kind else _succession(one, other, language)


def _posts(event_key: EventKey, language: Language) -> set[str]:
    """Return the posts of an event key, without general ones."""
    return set(event_key.roles) - language.any_role


def _is_full(event_key: EventKey) -> bool:
    """Say whether an event key has more of a name than the surname."""
    return any(len(name) > 1 for name in people_of(event_key))


def _succession(one: EventKey, other: EventKey, language: Language) -> Relation:
    """Return whether one comes to the post that the other leaves, both at one organisation."""
    return Relation.SUCCESSOR if is_one_post(set(one.roles), set(other.roles), language) else Relation.NONE


def is_one_post(ours: set[str], theirs: set[str], language: Language) -> bool:
    """Say whether two people have one post, or both lead the organisation."""
    is_top = not language.top_posts.isdisjoint(ours) and not language.top_posts.isdisjoint(theirs)
    return is_top or not (ours & theirs) <= language.any_role


def is_another(event_key: EventKey, language: Language) -> bool:
    """Say whether an event key is of somebody else than those before: "another executive"."""
    return any(name[0] in language.another for name in people_of(event_key))


def merged_event_keys(old: Sequence[EventKey], new: Sequence[EventKey]) -> tuple[EventKey, ...]:
    """Return the event keys of a story with new ones; of too many, the first one and the newest stay."""
    event_keys = tuple(dict.fromkeys((*old, *new)))
    return event_keys if len(event_keys) <= MOST_EVENT_KEYS else (event_keys[0], *event_keys[1 - MOST_EVENT_KEYS :])
