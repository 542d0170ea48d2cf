"""Developments: what a report adds to a story that is sent as a reply. Pure.

A rewrite adds nothing, however it is worded: outlets drop a "reportedly" within minutes. So a rumour counts as
confirmed only when somebody confirms it, or hours later, and a plan as carried out when its day has passed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.model import EventKey, Source, Story
from bot.events.outlets import Title
from bot.stories.event_keys import COMES, LEAVES, people_of, shares_organisation, shares_person
from bot.stories.language import Language, stem_of, text_of
from bot.stories.likeness import headline_of
from bot.stories.report import Report
from bot.stories.sources import is_source_of

_CONFIRMS = timedelta(hours=3)  # from this age of a story a plain headline confirms its rumour
_CONFIRMS_WITHOUT_EVENT = timedelta(hours=6)  # the same, where no event is read
_DAY = timedelta(hours=20)  # within this, one reply for a statement is enough
_PLANNED = timedelta(hours=20)  # from this age of a story a plain headline says that its plan was carried out
_SURE_NEW = 2  # new words that a statement needs which may be about another story
_MUCH_NEW = 3  # new words that another statement within the day needs
_STATEMENT = "a statement"


def developments(story: Story, report: Report, language: Language) -> tuple[str, ...]:
    """Return what a report says that the story did not, each in a few words: "denied", "destination: Arrowhead"."""
    return tuple(dict.fromkeys(_developments(story, report, language)))


def may_develop(report: Report, language: Language) -> bool:
    """Say whether a report may develop a story: somebody speaks, goes somewhere, or is named in an event."""
    return (
        report.speaks
        or any(event_key.is_named for event_key in report.event_keys)
        or (not report.event_keys and bool(language.destination(report.item.title)))
    )


def confirmed_event_keys(story: Story, report: Report, language: Language) -> tuple[EventKey, ...]:
    """Return the event keys of a story; planned and reported ones are stated once a report states them a day later.

    Until then rewrites may drop a "reportedly"; from then on no reply says again that it has happened.
    """
    if report.item.seen - story.first < _PLANNED:
        return story.event_keys
    sure = [event_key for event_key in report.event_keys if event_key.certainty == "stated"]
    return tuple(
        replace(old, certainty="stated")
        if old.certainty in {"planned", "reported"}
        and any(old.kind == event_key.kind and _may_be_one(event_key, old, language) for event_key in sure)
        else old
        for old in story.event_keys
    )


def developments_in_doubt(story: Story, report: Report, language: Language) -> tuple[str, ...]:
    """Return the developments in a report that may be about a story, where they are enough for a reply.

    Without them the report opens a story, which is sent too: so here a statement needs no day between two.
    """
    news = developments(story, report, language)
    if not news and not report.event_keys and _takes_position(report.item.title, report.item.seen, story, language):
        news = (_STATEMENT,)
    return news if news != (_STATEMENT,) or len(_unused_words(report, story, language)) >= _SURE_NEW else ()


def _developments(story: Story, report: Report, language: Language) -> Iterator[str]:
    if Title(report.item.title).is_correction:
        # its message is edited instead
        return
    if not report.event_keys:
        yield from _eventless(story, report, language)
    elif news := tuple(_eventful(story, report, language)):
        yield from news
    elif _is_statement_of_new_body(story, report, language):
        yield _STATEMENT


def _eventful(story: Story, report: Report, language: Language) -> Iterator[str]:
    """Yield what the events of a report add to those of the story."""
    for event_key in report.event_keys:
        known = [
            old for old in story.event_keys if old.kind == event_key.kind and _may_be_one(event_key, old, language)
        ]
        levels = {old.certainty for old in known}
        if known and event_key.certainty == "denied" and "denied" not in levels:
            yield "denied"
        elif known and event_key.certainty in {"stated", "planned"}:
            yield from _more_certain(story, report, event_key, known, language)
        elif not story.event_keys and (event_key.is_named or not event_key.people) and event_key.certainty == "stated":
            yield from _first_event(story, report, event_key, language)
        if event_key.certainty == "denied":
            continue
        if event_key.kind == COMES:
            yield from _comes(story, event_key, language)
        elif event_key.kind == LEAVES and event_key.is_named:
            yield from _leaves_too(story, event_key, language)


def _more_certain(
    story: Story, report: Report, event_key: EventKey, known: Sequence[EventKey], language: Language
) -> Iterator[str]:
    """Yield that an event is certain now which was reported, planned or denied before."""
    levels = {old.certainty for old in known}
    age = report.item.seen - story.first
    late = (source.title for source in story.sources if source.at - story.first >= _PLANNED)
    later = any(language.certainty_of(title) != "denied" and not language.speaker(title) for title in late)
    is_official = not language.official.isdisjoint(report.words)
    was_official = any(not language.official.isdisjoint(text_of(source.title).words) for source in story.sources)
    is_rumour = known[0].certainty == "reported" or language.certainty_of(story.sources[0].title) == "hedged"
    if event_key.certainty == "stated" and "denied" in levels and "stated" not in levels:
        if not _was_reversed(story, language):
            yield "confirmed after a denial"
    elif levels == {"reported"} and (is_official or age >= _CONFIRMS or is_source_of(story, report.item)):
        # the outlet that had it as a rumour is sure now, or time has passed
        yield "confirmed"
    elif is_rumour and is_official and not was_official:
        yield "confirmed"
    elif (
        event_key.certainty == "stated"
        and known[0].certainty in {"planned", "reported"}
        and event_key.kind == story.event_keys[0].kind
        and age >= _PLANNED
        and not later
    ):
        yield "confirmed" if known[0].certainty == "reported" else "now it has happened"


def _first_event(story: Story, report: Report, event_key: EventKey, language: Language) -> Iterator[str]:
    """Yield that an event has happened in a story without events: "under fire", "favourite for the post"."""
    is_rumour = language.certainty_of(story.sources[0].title) == "hedged"
    age = report.item.seen - story.first
    if is_rumour and age >= _CONFIRMS:
        yield "confirmed"
    elif event_key.is_named and not is_rumour and age >= _PLANNED:
        yield "now it has happened"


def _is_statement_of_new_body(story: Story, report: Report, language: Language) -> bool:
    """Say whether a new body comments on a known event: "the ministry accepts his resignation"."""
    title, seen = report.item.title, report.item.seen
    return (
        not language.bodies.isdisjoint(language.speaker(title))
        and _takes_position(title, seen, story, language)
        and bool(_new_words(report, story, language))
        and not any(_is_response(source, story, language) for source in story.sources if seen - source.at < _DAY)
    )


def _eventless(story: Story, report: Report, language: Language) -> Iterator[str]:
    """Yield what a headline without an event adds: a destination, a denial, a confirmation, a statement."""
    title, seen = report.item.title, report.item.seen
    level = language.certainty_of(title)
    if goal := _destination(report, story, language):
        yield f"destination: {goal}"
    elif level == "denied":
        if all(language.certainty_of(source.title) != "denied" for source in story.sources):
            yield "denied"
    elif any(_is_response(source, story, language) for source in story.sources if seen - source.at < _DAY):
        least = _SURE_NEW if _is_new_body(title, story, language) else _MUCH_NEW
        if len(_new_words(report, story, language)) >= least and _takes_position(title, seen, story, language):
            yield _STATEMENT
    elif _is_confirmed(level, seen, story, language) and not _is_stated(story, language):
        yield "confirmed"
    elif _reverses_denial(title, seen, story, language) and not _was_reversed(story, language):
        yield "confirmed after a denial"
    elif _new_words(report, story, language) and _takes_position(title, seen, story, language):
        yield _STATEMENT


def _is_new_body(title: str, story: Story, language: Language) -> bool:
    """Say whether a body speaks in a headline that no report of a story names yet."""
    bodies = language.speaker(title) & language.bodies
    named = {word for source in story.sources for word in text_of(source.title).words}
    return bool(bodies) and bodies.isdisjoint(named)


def _is_stated(story: Story, language: Language) -> bool:
    """Say whether a report states plainly what the first one only reported, not only in somebody's words."""
    plain = (source for source in story.sources if not language.speaker(source.title))
    return any(event_key.certainty == "stated" for event_key in story.event_keys) or any(
        _is_confirmed(language.certainty_of(source.title), source.at, story, language) for source in plain
    )


def _destination(report: Report, story: Story, language: Language) -> str:
    """Return where somebody goes who leaves, read from the words alone: "Marten heads to Pellucid"; "" for nowhere."""
    goal = language.destination(report.item.title)
    leavers = [
        event_key
        for event_key in story.event_keys
        if event_key.kind == LEAVES
        and event_key.is_named
        and any(name[-1] in report.words for name in people_of(event_key))
    ]
    is_known = any(
        event_key.kind == COMES and any(shares_person(event_key, one, language) for one in leavers)
        for event_key in story.event_keys
    )
    if not goal or not leavers or is_known:
        return ""
    places = (name for event_key in story.event_keys for name in event_key.organisations)
    is_same = any(language.organisation(goal) <= language.organisation(name) for name in places)
    return "" if is_same or _is_known_destination(goal, story, language) else goal


def _is_known_destination(goal: str, story: Story, language: Language) -> bool:
    """Say whether a report of a story names this destination already."""
    goals = (language.destination(source.title) for source in story.sources)
    return any(language.organisation(goal) & language.organisation(old) for old in goals if old)


def _reverses_denial(title: str, at: datetime, story: Story, language: Language) -> bool:
    """Say whether a headline states plainly, a day after a denial, what was denied."""
    denials = [s.at for s in story.sources if s.is_denial or language.certainty_of(s.title) == "denied"]
    is_late = bool(denials) and at - max(denials) >= _DAY
    return is_late and language.certainty_of(title) == "stated" and not language.speaker(title)


def _was_reversed(story: Story, language: Language) -> bool:
    """Say whether a report of a story does so already."""
    return any(_reverses_denial(source.title, source.at, story, language) for source in story.sources)


def _new_words(report: Report, story: Story, language: Language) -> set[str]:
    """Return the new words of a headline but for who speaks, where they are more than a rewording."""
    speaker = language.speaker(report.item.title)
    unused = _unused_words(report, story, language)
    found = unused - {language.group(stem_of(word)) for word in speaker}
    is_late = report.item.seen - story.first >= _DAY
    # one other word is an outlet's wording of the same
    is_enough = len(unused) >= _SURE_NEW or is_late or not language.bodies.isdisjoint(speaker)
    return found if is_enough else set()


def _unused_words(report: Report, story: Story, language: Language) -> set[str]:
    """Return the words of a headline that no report of a story has, negations among them."""
    known = {word for source in story.sources for word in headline_of(Title(source.title).beginning, language).words}
    denials = {word for source in story.sources for word in text_of(source.title).words} & language.negations
    return (set(report.headline.words) - known - language.light) | (report.words & language.negations - denials)


def _is_response(source: Source, story: Story, language: Language) -> bool:
    """Say whether a report of a story confirms, denies or comments on those before it."""
    level = language.certainty_of(source.title)
    return (
        level in {"denied", "official"}
        or _is_confirmed(level, source.at, story, language)
        or (_takes_position(source.title, source.at, story, language) and _says_something_new(source, story, language))
    )


def _says_something_new(source: Source, story: Story, language: Language) -> bool:
    """Say whether a report with a speaker says more than those before it: "police arrest him" may only reword them."""
    before = (one.title for one in story.sources if one.at < source.at)
    known = {word for title in before for word in headline_of(Title(title).beginning, language).words}
    known |= {language.group(stem_of(word)) for word in language.speaker(source.title)} | language.light
    return not known.issuperset(headline_of(Title(source.title).beginning, language).words)


def _is_confirmed(level: str, at: datetime, story: Story, language: Language) -> bool:
    """Say whether a headline of this certainty, at this time, confirms the rumour that the story began with."""
    is_rumour = language.certainty_of(story.sources[0].title) == "hedged"
    return is_rumour and (level == "official" or (level == "stated" and at - story.first >= _CONFIRMS_WITHOUT_EVENT))


def _takes_position(title: str, at: datetime, story: Story, language: Language) -> bool:
    """Say whether somebody in a story, or a body that it did not name before, speaks in a headline."""
    speaker = language.speaker(title)
    if not speaker:
        return False
    before = [source for source in story.sources if source.at < at]
    named = {word for source in before for word in text_of(source.title).words}
    if bodies := speaker & language.bodies:
        # the "prime minister" is another body than the "climate minister"
        is_another = not bodies <= named or (bodies <= language.with_field and not speaker <= named)
        if before and is_another:
            return True
    names = {word for source in before[:1] for word in headline_of(Title(source.title).beginning, language).names}
    names |= {
        word
        for event_key in story.event_keys
        for name in event_key.organisations
        for word in language.organisation(name)
    }
    return not names.isdisjoint(language.group(stem_of(word)) for word in speaker)


def _may_be_one(event_key: EventKey, old: EventKey, language: Language) -> bool:
    """Say whether two event keys of one kind in one story may be of one person."""
    return not (event_key.is_named and old.is_named and event_key.people and old.people) or shares_person(
        event_key, old, language
    )


def _comes(story: Story, event_key: EventKey, language: Language) -> Iterator[str]:
    """Yield who succeeds somebody who leaves, and where somebody goes who leaves."""
    leavers = [old for old in story.event_keys if old.kind == LEAVES]
    if not leavers or any(old.kind == COMES and _may_be_one(event_key, old, language) for old in story.event_keys):
        return
    if any(shares_person(event_key, old, language) for old in leavers):
        new = [o for o in event_key.organisations if not _is_known(o, leavers, language)]
        if new and not _is_known_destination(new[0], story, language):
            yield f"destination: {new[0]}"
    elif event_key.is_named and (
        not event_key.organisations or any(shares_organisation(event_key, old, language) for old in leavers)
    ):
        yield f"successor: {', '.join(event_key.people)}"


def _is_known(organisation: str, event_keys: list[EventKey], language: Language) -> bool:
    one = EventKey("", "", (), (organisation,))
    return any(shares_organisation(one, old, language) for old in event_keys)


def _leaves_too(story: Story, event_key: EventKey, language: Language) -> Iterator[str]:
    """Yield who else leaves."""
    named = [old for old in story.event_keys if old.kind == LEAVES and old.is_named]
    if named and not any(shares_person(event_key, old, language) for old in named):
        yield f"leaves, too: {', '.join(event_key.people)}"
