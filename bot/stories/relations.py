"""The relation of a report's event to a story's, by their keys and by the words of both. Pure."""

from collections.abc import Iterable

from bot.core.model import EventKey, Story
from bot.core.text import words
from bot.stories.event_keys import (
    COMES,
    LEAVES,
    Relation,
    is_another,
    is_one_post,
    may_be_one_post,
    people_of,
    relate,
    shares_organisation,
    shares_person,
)
from bot.stories.language import Language, text_of
from bot.stories.report import Report

_TITLES = 12  # reports of a story whose headlines may name a post


def relation_of(mine: EventKey, theirs: EventKey, report: Report, story: Story, language: Language) -> Relation:
    """Return the relation of an event key of a report to one of a story, by the words of both too."""
    relation = relate(mine, theirs, language)
    if relation is Relation.OTHER and _names_people_of(report, theirs):
        # "Basnet follows Quist out of The Sentinel"
        return Relation.SAME
    if relation is Relation.OTHER and _leaves_too(mine, theirs, report, language):
        return Relation.ALSO
    if relation is Relation.NONE and _succeeds(mine, theirs, report, story, language):
        return Relation.SUCCESSOR
    if relation is Relation.SAME and _is_elsewhere_too(mine, theirs, report, language):
        return Relation.OTHER
    return relation


def names_others(report: Report, story: Story, language: Language) -> bool:
    """Say whether a report and a story each name people of an event, and none of them is the same."""
    ours = [event_key for event_key in report.event_keys if event_key.is_named]
    theirs = [event_key for event_key in story.event_keys if event_key.is_named]
    return bool(ours and theirs) and not any(shares_person(a, b, language) for a in ours for b in theirs)


def is_like_event(report: Report, story: Story, language: Language) -> bool:
    """Say whether both mention one kind of event of what may be one post, and one of them at most names the person."""
    return any(
        mine.kind == theirs.kind
        and mine.people
        and theirs.people
        and not (mine.is_named and theirs.is_named)
        and not (mine.organisations and theirs.organisations)
        and may_be_one_post(mine, theirs, language)
        and not (is_another(mine, language) or is_another(theirs, language))
        for mine in report.event_keys
        for theirs in story.event_keys
    )


def is_other_kind(report: Report, story: Story) -> bool:
    """Say whether one mentions an event, and the other none, or one of another kind."""
    ours, theirs = (
        {event_key.kind for event_key in event_keys} for event_keys in (report.event_keys, story.event_keys)
    )
    return ours.isdisjoint(theirs) and bool(ours or theirs)


def organisation_words(event_keys: Iterable[EventKey], language: Language) -> set[str]:
    """Return the words of the organisations of some event keys."""
    return {
        word for event_key in event_keys for name in event_key.organisations for word in language.organisation(name)
    }


def _names_people_of(report: Report, event_key: EventKey) -> bool:
    """Say whether a headline names the people of an event key beside its own."""
    own = {name[-1] for mine in report.event_keys for name in people_of(mine)}
    surnames = {name[-1] for name in people_of(event_key)} - own if event_key.is_named else set()
    return not surnames.isdisjoint(report.words)


def _leaves_too(mine: EventKey, theirs: EventKey, report: Report, language: Language) -> bool:
    """Say whether a report says that somebody else leaves an organisation as well."""
    is_one_kind = mine.kind == theirs.kind == LEAVES and mine.is_named and theirs.is_named
    if not is_one_kind or not language.says_also(report.item.title):
        return False
    # two ministers of one country may leave for unrelated reasons
    return not any(language.is_country(language.organisation(name)) for name in mine.organisations)


def _succeeds(mine: EventKey, theirs: EventKey, report: Report, story: Story, language: Language) -> bool:
    """Say whether somebody is appointed to a post that only another headline of the story names."""
    if (mine.kind, theirs.kind) != (COMES, LEAVES) or not mine.is_named or language.appoints.isdisjoint(report.words):
        return False
    if not shares_organisation(mine, theirs, language):
        return False
    names = {word for event_key in story.event_keys for name in event_key.organisations for word in words(name)}
    titles = (text_of(source.title).words for source in story.sources[:_TITLES])
    posts = {role for title in titles for role in language.roles([word for word in title if word not in names])}
    # an appointment without a post is to the highest one
    return is_one_post(posts, set(mine.roles) or {language.top}, language)


def _is_elsewhere_too(mine: EventKey, theirs: EventKey, report: Report, language: Language) -> bool:
    """Say whether somebody "also" leaves or joins an organisation that the story does not name."""
    if mine.kind != theirs.kind or language.also.isdisjoint(report.words):
        return False
    places = organisation_words((theirs,), language)
    return bool(places) and places.isdisjoint(report.headline.words)
