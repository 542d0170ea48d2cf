"""How what a report tells stands to what a story tells, beyond what the two facts say. Pure."""

from collections.abc import Iterable

from bot.core.model import EventKey, Story
from bot.core.text import words
from bot.stories.event_keys import (
    COMES,
    LEAVES,
    Relation,
    fits,
    is_another,
    is_one_post,
    people_of,
    relate,
    shares_organisation,
    shares_person,
)
from bot.stories.language import Language, text_of
from bot.stories.report import Report

_TITLES = 12  # reports of a story whose headlines may name a post


def stands(mine: EventKey, theirs: EventKey, report: Report, story: Story, speech: Language) -> Relation:
    """Return how a fact of a report stands to a fact of a story, the words of both considered."""
    relation = relate(mine, theirs, speech)
    if relation is Relation.OTHER and _names_them(report, theirs):
        # "Basnet follows Quist out of The Sentinel"
        return Relation.SAME
    if relation is Relation.OTHER and _is_beside(mine, theirs, report, speech):
        return Relation.BESIDE
    if relation is Relation.NONE and _takes_post(mine, theirs, report, story, speech):
        return Relation.NEXT
    if relation is Relation.SAME and _is_more(mine, theirs, report, speech):
        return Relation.OTHER
    return relation


def names_others(report: Report, story: Story, speech: Language) -> bool:
    """Say whether a report and a story each name people of an event, and none of them is the same."""
    ours = [event_key for event_key in report.event_keys if event_key.is_named]
    theirs = [event_key for event_key in story.event_keys if event_key.is_named]
    return bool(ours and theirs) and not any(shares_person(a, b, speech) for a in ours for b in theirs)


def is_like_event(report: Report, story: Story, speech: Language) -> bool:
    """Say whether both tell one kind of event, of a post that fits, and at most one of them names who it is."""
    return any(
        mine.kind == theirs.kind
        and mine.people
        and theirs.people
        and not (mine.is_named and theirs.is_named)
        and not (mine.organisations and theirs.organisations)
        and fits(mine, theirs, speech)
        and not (is_another(mine, speech) or is_another(theirs, speech))
        for mine in report.event_keys
        for theirs in story.event_keys
    )


def is_other_kind(report: Report, story: Story) -> bool:
    """Say whether one tells an event of which the other knows nothing."""
    ours, theirs = (
        {event_key.kind for event_key in event_keys} for event_keys in (report.event_keys, story.event_keys)
    )
    return ours.isdisjoint(theirs) and bool(ours or theirs)


def words_of_places(event_keys: Iterable[EventKey], speech: Language) -> set[str]:
    """Return the words of the organisations of some facts."""
    return {word for event_key in event_keys for name in event_key.organisations for word in speech.organisation(name)}


def _names_them(report: Report, event_key: EventKey) -> bool:
    """Say whether a headline names who a fact is about beside somebody else of the same kind."""
    own = {name[-1] for mine in report.event_keys for name in people_of(mine)}
    surnames = {name[-1] for name in people_of(event_key)} - own if event_key.is_named else set()
    return not surnames.isdisjoint(report.words)


def _is_beside(mine: EventKey, theirs: EventKey, report: Report, speech: Language) -> bool:
    """Say whether a report says that somebody leaves an organisation as the one of a story did."""
    is_one_kind = mine.kind == theirs.kind == LEAVES and mine.is_named and theirs.is_named
    if not is_one_kind or not speech.is_beside(report.item.title):
        return False
    # two ministers of one country may go for reasons of their own
    return not any(speech.is_country(speech.organisation(name)) for name in mine.organisations)


def _takes_post(mine: EventKey, theirs: EventKey, report: Report, story: Story, speech: Language) -> bool:
    """Say whether somebody is appointed for one that goes, whose post only another headline of the story names."""
    if (mine.kind, theirs.kind) != (COMES, LEAVES) or not mine.is_named or speech.appoints.isdisjoint(report.words):
        return False
    if not shares_organisation(mine, theirs, speech):
        return False
    names = {word for event_key in story.event_keys for name in event_key.organisations for word in words(name)}
    titles = (text_of(source.title).words for source in story.sources[:_TITLES])
    posts = {role for title in titles for role in speech.roles([word for word in title if word not in names])}
    # who is appointed without a post is so to the highest
    return is_one_post(posts, set(mine.roles) or {speech.top}, speech)


def _is_more(mine: EventKey, theirs: EventKey, report: Report, speech: Language) -> bool:
    """Say whether somebody "also" leaves or joins something that the story does not name."""
    if mine.kind != theirs.kind or speech.also.isdisjoint(report.words):
        return False
    places = words_of_places((theirs,), speech)
    return bool(places) and places.isdisjoint(report.line.words)
