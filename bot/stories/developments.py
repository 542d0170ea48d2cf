"""What a report adds to a story that deserves a word of its own. Pure.

A rewrite adds nothing, however it is worded: outlets drop a "reportedly" within minutes. So a rumour has come true
only when somebody confirms it, or hours later; a plan, when its day has passed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.model import EventKey, Source, Story
from bot.events.outlets import Title
from bot.stories.event_keys import COMES, LEAVES, people_of, shares_organisation, shares_person
from bot.stories.language import Language, stem_of, text_of
from bot.stories.likeness import headline
from bot.stories.report import Report
from bot.stories.sources import is_source_of

_HEARD = timedelta(hours=3)  # after this a plain statement confirms a rumour
_FIRM = timedelta(hours=6)  # the same, where no event is read
_DAY = timedelta(hours=20)  # within this one answer is enough
_PLANNED = timedelta(hours=20)  # after this it says that what was planned has happened
_SURE_NEW = 2  # words that nobody has used, in a statement that may be about something else
_MUCH_NEW = 3  # of them in another statement within the day
_STATEMENT = "a statement"


def developments(story: Story, report: Report, speech: Language) -> tuple[str, ...]:
    """Return what a report says that the story did not, each in a few words: "denied", "destination: Arrowhead"."""
    return tuple(dict.fromkeys(_developments(story, report, speech)))


def adds(report: Report, speech: Language) -> bool:
    """Say whether a report may add something to a story that it names: somebody speaks, goes somewhere, or has gone."""
    return (
        report.speaks
        or any(event_key.is_named for event_key in report.event_keys)
        or (not report.event_keys and bool(speech.goal(report.item.title)))
    )


def settled(story: Story, report: Report, speech: Language) -> tuple[EventKey, ...]:
    """Return the facts of a story in which what was planned or heard is sure, once a report says so a day later.

    Until then rewrites may drop a "reportedly"; from then on nobody is told once more that it has happened.
    """
    if report.item.seen - story.first < _PLANNED:
        return story.event_keys
    sure = [event_key for event_key in report.event_keys if event_key.certainty == "stated"]
    return tuple(
        replace(old, certainty="stated")
        if old.certainty in {"planned", "reported"}
        and any(old.kind == event_key.kind and _may_be(event_key, old, speech) for event_key in sure)
        else old
        for old in story.event_keys
    )


def heard(story: Story, report: Report, speech: Language) -> tuple[str, ...]:
    """Return what a report that may be about a story says to it, where that is enough to be told in an answer.

    Otherwise the report is a story of its own, and told as well: so it may speak as often as it has something new.
    """
    news = developments(story, report, speech)
    if not news and not report.event_keys and _takes_position(report.item.title, report.item.seen, story, speech):
        news = (_STATEMENT,)
    return news if news != (_STATEMENT,) or len(_unsaid(report, story, speech)) >= _SURE_NEW else ()


def _developments(story: Story, report: Report, speech: Language) -> Iterator[str]:
    if Title(report.item.title).is_correction:
        # the message is changed instead
        return
    if not report.event_keys:
        yield from _eventless(story, report, speech)
    elif news := tuple(_eventful(story, report, speech)):
        yield from news
    elif _is_spoken_by_a_body(story, report, speech):
        yield _STATEMENT


def _eventful(story: Story, report: Report, speech: Language) -> Iterator[str]:
    """Yield what the events of a report add to those that were told."""
    for event_key in report.event_keys:
        known = [old for old in story.event_keys if old.kind == event_key.kind and _may_be(event_key, old, speech)]
        levels = {old.certainty for old in known}
        if known and event_key.certainty == "denied" and "denied" not in levels:
            yield "denied"
        elif known and event_key.certainty in {"stated", "planned"}:
            yield from _certain(story, report, event_key, known, speech)
        elif not story.event_keys and (event_key.is_named or not event_key.people) and event_key.certainty == "stated":
            yield from _first(story, report, event_key, speech)
        if event_key.certainty == "denied":
            continue
        if event_key.kind == COMES:
            yield from _comes(story, event_key, speech)
        elif event_key.kind == LEAVES and event_key.is_named:
            yield from _leaves_too(story, event_key, speech)


def _certain(
    story: Story, report: Report, event_key: EventKey, known: Sequence[EventKey], speech: Language
) -> Iterator[str]:
    """Yield that an event is sure now which had only been heard of, planned or denied."""
    levels = {old.certainty for old in known}
    age = report.item.seen - story.first
    late = (source.title for source in story.sources if source.at - story.first >= _PLANNED)
    later = any(speech.level(title) != "denied" and not speech.speaker(title) for title in late)
    is_official = not speech.official.isdisjoint(report.words)
    was_official = any(not speech.official.isdisjoint(text_of(source.title).words) for source in story.sources)
    is_rumour = known[0].certainty == "reported" or speech.level(story.sources[0].title) == "hedged"
    if event_key.certainty == "stated" and "denied" in levels and "stated" not in levels:
        if not _has_turned(story, speech):
            yield "confirmed after a denial"
    elif levels == {"reported"} and (is_official or age >= _HEARD or is_source_of(story, report.item)):
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


def _first(story: Story, report: Report, event_key: EventKey, speech: Language) -> Iterator[str]:
    """Yield that an event has happened in a story that only pointed to it: "under fire", "favourite for the post"."""
    is_rumour = speech.level(story.sources[0].title) == "hedged"
    age = report.item.seen - story.first
    if is_rumour and age >= _HEARD:
        yield "confirmed"
    elif event_key.is_named and not is_rumour and age >= _PLANNED:
        yield "now it has happened"


def _is_spoken_by_a_body(story: Story, report: Report, speech: Language) -> bool:
    """Say whether a body that was not heard before speaks of what is known: "the ministry accepts his resignation"."""
    title, seen = report.item.title, report.item.seen
    return (
        not speech.bodies.isdisjoint(speech.speaker(title))
        and _takes_position(title, seen, story, speech)
        and bool(_new_words(report, story, speech))
        and not any(_is_answer(source, story, speech) for source in story.sources if seen - source.at < _DAY)
    )


def _eventless(story: Story, report: Report, speech: Language) -> Iterator[str]:
    """Yield what a headline without an event says to what the others told: that it is so, or not, or more."""
    title, seen = report.item.title, report.item.seen
    level = speech.level(title)
    if goal := _goes(report, story, speech):
        yield f"destination: {goal}"
    elif level == "denied":
        if all(speech.level(source.title) != "denied" for source in story.sources):
            yield "denied"
    elif any(_is_answer(source, story, speech) for source in story.sources if seen - source.at < _DAY):
        least = _SURE_NEW if _is_unheard(title, story, speech) else _MUCH_NEW
        if len(_new_words(report, story, speech)) >= least and _takes_position(title, seen, story, speech):
            yield _STATEMENT
    elif _is_firm(level, seen, story, speech) and not _is_sure(story, speech):
        yield "confirmed"
    elif _is_turn(title, seen, story, speech) and not _has_turned(story, speech):
        yield "confirmed after a denial"
    elif _new_words(report, story, speech) and _takes_position(title, seen, story, speech):
        yield _STATEMENT


def _is_unheard(title: str, story: Story, speech: Language) -> bool:
    """Say whether a body speaks in a headline that no report of a story names yet."""
    bodies = speech.speaker(title) & speech.bodies
    said = {word for source in story.sources for word in text_of(source.title).words}
    return bool(bodies) and bodies.isdisjoint(said)


def _is_sure(story: Story, speech: Language) -> bool:
    """Say whether a story tells plainly already what its first report had heard, not only in somebody's words."""
    plain = (source for source in story.sources if not speech.speaker(source.title))
    return any(event_key.certainty == "stated" for event_key in story.event_keys) or any(
        _is_firm(speech.level(source.title), source.at, story, speech) for source in plain
    )


def _goes(report: Report, story: Story, speech: Language) -> str:
    """Return where somebody goes that leaves, read from the words alone: "Marten heads to Pellucid"."""
    goal = speech.goal(report.item.title)
    leavers = [
        event_key
        for event_key in story.event_keys
        if event_key.kind == LEAVES
        and event_key.is_named
        and any(name[-1] in report.words for name in people_of(event_key))
    ]
    is_told = any(
        event_key.kind == COMES and any(shares_person(event_key, one, speech) for one in leavers)
        for event_key in story.event_keys
    )
    if not goal or not leavers or is_told:
        return ""
    places = (name for event_key in story.event_keys for name in event_key.organisations)
    is_same = any(speech.organisation(goal) <= speech.organisation(name) for name in places)
    return "" if is_same or _was_goal(goal, story, speech) else goal


def _was_goal(goal: str, story: Story, speech: Language) -> bool:
    """Say whether a report in a story said already that somebody goes there."""
    goals = (speech.goal(source.title) for source in story.sources)
    return any(speech.organisation(goal) & speech.organisation(old) for old in goals if old)


def _is_turn(title: str, at: datetime, story: Story, speech: Language) -> bool:
    """Say whether a headline states plainly, a day later, what was denied."""
    denials = [s.at for s in story.sources if s.is_denial or speech.level(s.title) == "denied"]
    is_late = bool(denials) and at - max(denials) >= _DAY
    return is_late and speech.level(title) == "stated" and not speech.speaker(title)


def _has_turned(story: Story, speech: Language) -> bool:
    """Say whether a report in a story did so already."""
    return any(_is_turn(source.title, source.at, story, speech) for source in story.sources)


def _new_words(report: Report, story: Story, speech: Language) -> set[str]:
    """Return what a headline says beside that somebody says what was told already."""
    speaker = speech.speaker(report.item.title)
    unsaid = _unsaid(report, story, speech)
    found = unsaid - {speech.group(stem_of(word)) for word in speaker}
    is_late = report.item.seen - story.first >= _DAY
    # one other word is how an outlet words what somebody has said
    is_enough = len(unsaid) >= _SURE_NEW or is_late or not speech.bodies.isdisjoint(speaker)
    return found if is_enough else set()


def _unsaid(report: Report, story: Story, speech: Language) -> set[str]:
    """Return the words of a headline that a story does not have; that something is not so is one, too."""
    known = {word for source in story.sources for word in headline(Title(source.title).beginning, speech).words}
    denials = {word for source in story.sources for word in text_of(source.title).words} & speech.negations
    return (set(report.line.words) - known - speech.light) | (report.words & speech.negations - denials)


def _is_answer(source: Source, story: Story, speech: Language) -> bool:
    """Say whether a report in a story confirms, denies or comments on what was told before it."""
    level = speech.level(source.title)
    return (
        level in {"denied", "official"}
        or _is_firm(level, source.at, story, speech)
        or (_takes_position(source.title, source.at, story, speech) and _is_anew(source, story, speech))
    )


def _is_anew(source: Source, story: Story, speech: Language) -> bool:
    """Say whether who speaks in a report said what no report before it had: "police arrest him" may only reword it."""
    before = (one.title for one in story.sources if one.at < source.at)
    known = {word for title in before for word in headline(Title(title).beginning, speech).words}
    known |= {speech.group(stem_of(word)) for word in speech.speaker(source.title)} | speech.light
    return not known.issuperset(headline(Title(source.title).beginning, speech).words)


def _is_firm(level: str, at: datetime, story: Story, speech: Language) -> bool:
    """Say whether what the first report had heard is sure at a time: officially, or a while later."""
    is_rumour = speech.level(story.sources[0].title) == "hedged"
    return is_rumour and (level == "official" or (level == "stated" and at - story.first >= _FIRM))


def _takes_position(title: str, at: datetime, story: Story, speech: Language) -> bool:
    """Say whether somebody whom a story is about, or a body that it did not name before, speaks in a headline."""
    speaker = speech.speaker(title)
    if not speaker:
        return False
    before = [source for source in story.sources if source.at < at]
    said = {word for source in before for word in text_of(source.title).words}
    if bodies := speaker & speech.bodies:
        # the "prime minister" is another one than the "climate minister"
        is_another = not bodies <= said or (bodies <= speech.with_field and not speaker <= said)
        if before and is_another:
            return True
    names = {word for source in before[:1] for word in headline(Title(source.title).beginning, speech).names}
    names |= {
        word for event_key in story.event_keys for name in event_key.organisations for word in speech.organisation(name)
    }
    return not names.isdisjoint(speech.group(stem_of(word)) for word in speaker)


def _may_be(event_key: EventKey, old: EventKey, speech: Language) -> bool:
    """Say whether two facts of one kind in one story are of one person."""
    return not (event_key.is_named and old.is_named and event_key.people and old.people) or shares_person(
        event_key, old, speech
    )


def _comes(story: Story, event_key: EventKey, speech: Language) -> Iterator[str]:
    """Yield who comes for somebody that leaves, and where somebody goes that leaves."""
    leavers = [old for old in story.event_keys if old.kind == LEAVES]
    if not leavers or any(old.kind == COMES and _may_be(event_key, old, speech) for old in story.event_keys):
        return
    if any(shares_person(event_key, old, speech) for old in leavers):
        new = [o for o in event_key.organisations if not _is_known(o, leavers, speech)]
        if new and not _was_goal(new[0], story, speech):
            yield f"destination: {new[0]}"
    elif event_key.is_named and (
        not event_key.organisations or any(shares_organisation(event_key, old, speech) for old in leavers)
    ):
        yield f"successor: {', '.join(event_key.people)}"


def _is_known(organisation: str, event_keys: list[EventKey], speech: Language) -> bool:
    one = EventKey("", "", (), (organisation,))
    return any(shares_organisation(one, old, speech) for old in event_keys)


def _leaves_too(story: Story, event_key: EventKey, speech: Language) -> Iterator[str]:
    """Yield who leaves as well."""
    named = [old for old in story.event_keys if old.kind == LEAVES and old.is_named]
    if named and not any(shares_person(event_key, old, speech) for old in named):
        yield f"leaves, too: {', '.join(event_key.people)}"
