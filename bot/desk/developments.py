"""What a report adds to a story that deserves a word of its own. Pure.

A rewrite adds nothing, however it is worded: outlets drop a "reportedly" within minutes. So a rumour has come true
only when somebody confirms it, or hours later; a plan, when its day has passed.
"""

from collections.abc import Iterator
from datetime import timedelta

from bot.desk.facts import shares_organisation, shares_person
from bot.desk.outlets import LONGEST
from bot.desk.sources import is_source_of
from bot.desk.speech import Language
from bot.desk.stories import Report
from bot.model import Fact, Story
from bot.text import Text

_HEARD = timedelta(hours=3)  # after this a plain statement confirms a rumour
_PLANNED = timedelta(hours=20)  # after this it says that what was planned has happened
_LEAVES, _COMES = "departure", "arrival"


def developments(story: Story, report: Report, speech: Language) -> tuple[str, ...]:
    """Return what a report says that the story did not, each in a few words: "denied", "destination: Arrowhead"."""
    return tuple(dict.fromkeys(_developments(story, report, speech)))


def _developments(story: Story, report: Report, speech: Language) -> Iterator[str]:
    age = report.item.seen - story.first
    if not report.facts:
        yield from _sure(story, report, speech)
    is_official = not speech.official.isdisjoint(report.words)
    was_official = any(not speech.official.isdisjoint(Text(source.title[:LONGEST]).words) for source in story.sources)
    for fact in report.facts:
        known = [old for old in story.facts if old.kind == fact.kind and _may_be(fact, old, speech)]
        levels = {old.certainty for old in known}
        if known and fact.certainty == "denied" and "denied" not in levels:
            yield "denied"
        elif known and fact.certainty in {"stated", "planned"} and levels == {"reported"}:
            if is_official or age >= _HEARD or is_source_of(story, report.item):
                # the outlet that had it as a rumour is sure now, or time has passed
                yield "confirmed"
        elif known and fact.certainty == "stated" and "reported" in levels and is_official and not was_official:
            yield "confirmed"
        elif known and fact.certainty == "stated" and "stated" not in levels:
            if "denied" in levels:
                yield "confirmed after a denial"
            elif age >= _PLANNED:
                yield "now it has happened"
        if fact.certainty == "denied":
            continue
        if fact.kind == _COMES:
            yield from _comes(story, fact, speech)
        elif fact.kind == _LEAVES and fact.is_named:
            yield from _leaves_too(story, fact, speech)


def _sure(story: Story, report: Report, speech: Language) -> Iterator[str]:
    """Yield that a headline without an event denies or confirms what the others only had heard."""
    level = speech.level(report.item.title)
    known = {speech.level(source.title) for source in story.sources}
    if level == "denied" and "denied" not in known:
        yield "denied"
    elif known == {"hedged"} and (
        level == "official" or (level == "stated" and report.item.seen - story.first >= _HEARD)
    ):
        yield "confirmed"


def _may_be(fact: Fact, old: Fact, speech: Language) -> bool:
    """Say whether two facts of one kind in one story are of one person."""
    return not (fact.is_named and old.is_named and fact.people and old.people) or shares_person(fact, old, speech)


def _comes(story: Story, fact: Fact, speech: Language) -> Iterator[str]:
    """Yield who comes for somebody that leaves, and where somebody goes that leaves."""
    leavers = [old for old in story.facts if old.kind == _LEAVES]
    if not leavers or any(old.kind == _COMES and _may_be(fact, old, speech) for old in story.facts):
        return
    if any(shares_person(fact, old, speech) for old in leavers):
        new = [o for o in fact.organisations if not _is_known(o, leavers, speech)]
        if new:
            yield f"destination: {new[0]}"
    elif fact.is_named and (not fact.organisations or any(shares_organisation(fact, old, speech) for old in leavers)):
        yield f"successor: {', '.join(fact.people)}"


def _is_known(organisation: str, facts: list[Fact], speech: Language) -> bool:
    one = Fact("", "", (), (organisation,))
    return any(shares_organisation(one, old, speech) for old in facts)


def _leaves_too(story: Story, fact: Fact, speech: Language) -> Iterator[str]:
    """Yield who leaves as well."""
    named = [old for old in story.facts if old.kind == _LEAVES and old.is_named]
    if named and not any(shares_person(fact, old, speech) for old in named):
        yield f"leaves, too: {', '.join(fact.people)}"
