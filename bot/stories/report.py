"""An item as stories see it, and which story it was put into. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.model import Event, EventKey, Item, Story
from bot.events.outlets import Title
from bot.stories.event_keys import event_keys_of
from bot.stories.language import Language, text_of
from bot.stories.likeness import Headline, headline


@dataclass(frozen=True, slots=True)
class Report:
    """One item as stories see it."""

    item: Item
    event_keys: tuple[EventKey, ...]
    line: Headline
    words: frozenset[str]  # of its headline, as they stand there
    is_answer: bool = False  # it tells nothing of its own, and denies or confirms something
    echoes: tuple[EventKey, ...] = ()  # what it comes back to then
    speaks: bool = False  # somebody takes a position in it


@dataclass(frozen=True, slots=True)
class Grouping:
    """The story of a report, None for a new one, with the reason.

    `possible_duplicate` is a story that it may belong to. `about` is one that it belongs to if it says something new
    of it: then it is sent, so that a doubt hides nothing.
    """

    story: Story | None
    why: str
    possible_duplicate: int | None = None
    about: Story | None = None


def report_of(item: Item, events: Sequence[Event], speech: Language) -> Report:
    """Return an item as it is compared, with the events that are told in it."""
    event_keys = event_keys_of(events, speech)
    is_answer = not event_keys and speech.level(item.title) in {"denied", "official"}
    echoes = event_keys_of(events, speech, are_news=False) if is_answer else ()
    line = headline(Title(item.title, item.outlet).bare, speech)
    speaks = is_answer or (not event_keys and bool(speech.speaker(item.title)))
    return Report(item, event_keys, line, frozenset(text_of(item.title).words), is_answer, echoes, speaks)
