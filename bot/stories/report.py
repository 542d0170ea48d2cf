"""An item as stories are compared with it, and the story that it was grouped into. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.model import Event, EventKey, Item, Story
from bot.events.outlets import Title
from bot.stories.event_keys import event_keys_of
from bot.stories.language import Language, text_of
from bot.stories.likeness import Headline, headline_of


@dataclass(frozen=True, slots=True)
class Report:
    """An item as stories are compared with it."""

    item: Item
    event_keys: tuple[EventKey, ...]
    headline: Headline
    words: frozenset[str]  # of its title
    is_response: bool = False  # it mentions no event, and denies or confirms something
    background_keys: tuple[EventKey, ...] = ()  # of the events in its background, where it is a response
    speaks: bool = False  # somebody makes a statement in it


@dataclass(frozen=True, slots=True)
class Grouping:
    """The story of a report, None for a new one, with the reason.

    `possible_duplicate` is the id of a story that it may belong to. `about` is a story that it belongs to if it has a
    development: that is sent, so a doubt hides no news.
    """

    story: Story | None
    why: str
    possible_duplicate: int | None = None
    about: Story | None = None


def report_of(item: Item, events: Sequence[Event], language: Language) -> Report:
    """Return an item as stories are compared with it; `events` are those that it mentions."""
    event_keys = event_keys_of(events, language)
    is_response = not event_keys and language.certainty_of(item.title) in {"denied", "official"}
    background_keys = event_keys_of(events, language, are_news=False) if is_response else ()
    headline = headline_of(Title(item.title, item.outlet).bare, language)
    speaks = is_response or (not event_keys and bool(language.speaker(item.title)))
    return Report(
        item, event_keys, headline, frozenset(text_of(item.title).words), is_response, background_keys, speaks
    )
