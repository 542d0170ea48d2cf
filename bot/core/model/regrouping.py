"""A person puts stories together or takes one apart: what was asked for, and what comes of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.core.model.decisions import Decision, DeliveryRecord
from bot.core.model.items import Item
from bot.core.model.outbox import MessageOrder
from bot.core.model.stories import Match, Story


@dataclass(frozen=True, slots=True)
class Regrouping:
    """What a person asks for: a story and its `possible_duplicate` become one, or, without that, a report leaves it.

    `items` are the reports of the story, in the order of its sources; `possible_duplicate_items` those of the other;
    `delivery_records` say what each chat was sent of both, by chat and story.
    """

    id: int
    chat: str
    story: Story
    items: tuple[Item, ...]
    at: datetime
    possible_duplicate: Story | None = None
    possible_duplicate_items: tuple[Item, ...] = ()
    report: int | None = None  # the item that leaves the story: the newest one when the person asked
    delivery_records: Mapping[tuple[str, int], DeliveryRecord] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Regrouped:
    """What comes of a regrouping: stories as they are from then on, and orders for messages.

    `moved` are the reports that are in another story now, by their items; `joined` says which story went into which;
    `matches` and `decisions` are those about a report that is decided about anew.
    """

    regrouping: Regrouping
    stories: tuple[Story, ...] = ()
    moved: tuple[tuple[int, int], ...] = ()
    joined: tuple[int, int] | None = None
    orders: tuple[MessageOrder, ...] = ()
    matches: tuple[tuple[Match, int], ...] = ()
    decisions: tuple[Decision, ...] = ()
