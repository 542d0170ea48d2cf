"""An item as stories see it, and which story it was put into. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.desk.facts import facts_of
from bot.desk.likeness import Headline, headline
from bot.desk.outlets import LONGEST, bare_headline
from bot.desk.speech import Language
from bot.model import Event, Fact, Item, Story
from bot.text import Text


@dataclass(frozen=True, slots=True)
class Report:
    """One item as stories see it."""

    item: Item
    facts: tuple[Fact, ...]
    line: Headline
    words: frozenset[str]  # of its headline, as they stand there
    is_answer: bool = False  # it tells nothing of its own, and denies or confirms something
    echoes: tuple[Fact, ...] = ()  # what it comes back to then
    speaks: bool = False  # somebody takes a position in it


@dataclass(frozen=True, slots=True)
class Found:
    """The story of a report, None for a new one, with the reason; `akin` is a story that it may belong to.

    `about` is one that it belongs to if it says something new of it: then it is told, so that a doubt hides nothing.
    """

    story: Story | None
    why: str
    akin: int | None = None
    about: Story | None = None


def report_of(item: Item, events: Sequence[Event], speech: Language) -> Report:
    """Return an item as it is compared, with the events that are told in it."""
    facts = facts_of(events, speech)
    is_answer = not facts and speech.level(item.title) in {"denied", "official"}
    echoes = facts_of(events, speech, are_news=False) if is_answer else ()
    line = headline(bare_headline(item.title, item.outlet), speech)
    speaks = is_answer or (not facts and bool(speech.speaker(item.title)))
    return Report(item, facts, line, frozenset(Text(item.title[:LONGEST]).words), is_answer, echoes, speaks)
