"""What a person makes of stories: two become one, or a report becomes a story of its own."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.alerts.batch import Limits
from bot.alerts.candidates import StoryMemory
from bot.alerts.decide import decide_items
from bot.alerts.regroup import regroup
from bot.core.model import (
    Action,
    DeliveryRecord,
    Item,
    Mark,
    MessageKind,
    Preferences,
    Regrouped,
    Regrouping,
    Story,
    WatchSpec,
)
from bot.stories.grouping import LiveStories
from tests.stories.builders import MARTEN, START, item, watchlist

WATCHES = watchlist(MARTEN, WatchSpec("gone", to=("team",), keywords=("bakery",)))
LEAVES = item("Ilse Marten leaves Corvid AI")
QUITS = item("Marten quits Corvid AI", number=2, outlet="Wireline", hours=1)
LAB = item("Ilse Marten founds a lab", number=3, outlet="Herald", hours=2)
NOW = START + timedelta(hours=5)


def story_of(*items: Item) -> tuple[Story, StoryMemory]:
    """Return the newest story that items make, and what is known then."""
    memory = StoryMemory(LiveStories(timedelta(hours=72)))
    return decide_items(items, WATCHES, memory).stories[-1], memory


def regrouped(
    regrouping: Regrouping, memory: StoryMemory, marks: dict[tuple[str, int], Mark] | None = None
) -> Regrouped:
    return regroup(regrouping, WATCHES, memory, Limits(), Preferences(marks=marks or {}))


def test_a_report_becomes_a_story_of_its_own() -> None:
    """It is sent as any news, by the time of now; the message of the story that it leaves is edited."""
    story, memory = story_of(LEAVES, QUITS)
    records = {("me", story.id): DeliveryRecord(1), ("team", story.id): DeliveryRecord(0, in_digest=True)}
    done = regrouped(
        Regrouping(7, "me", story, (LEAVES, QUITS), NOW, report=QUITS.id, delivery_records=records), memory
    )

    rest, own = done.stories
    assert [[source.item_id for source in one.sources] for one in (rest, own)] == [[LEAVES.id], [QUITS.id]]
    assert done.moved == ((QUITS.id, own.id),)
    assert [(order.chat, order.story_id, order.kind) for order in done.orders] == [
        ("me", rest.id, MessageKind.TOUCH),
        ("me", own.id, MessageKind.ALERT),
    ]
    assert [(decision.action, decision.story_id) for decision in done.decisions] == [(Action.ALERT, own.id)]
    assert [match.item.seen for match, _ in done.matches] == [NOW]


@pytest.mark.parametrize(
    ("items", "report"),
    [
        ((LEAVES,), LEAVES.id),  # it is all of the story
        ((LEAVES, QUITS), 9),  # it left the story meanwhile
        ((replace(LEAVES, title="A bakery opens"), replace(QUITS, title="Nothing of note")), QUITS.id),  # unwanted now
    ],
)
def test_nothing_comes_of_what_cannot_be_split(items: tuple[Item, ...], report: int) -> None:
    """Of one report, of one that has left, and of one that no watch wants any more."""
    story, memory = story_of(LEAVES, *([QUITS] if len(items) > 1 else []))
    regrouping = Regrouping(7, "me", story, items, NOW, report=report)

    assert regrouped(regrouping, memory) == Regrouped(regrouping)


@pytest.mark.parametrize(
    ("marks", "chats"),
    [
        ({}, ["me", "team"]),
        ({("me", 1): Mark.MUTED}, ["me", "team"]),
        ({("me", 1): Mark.MUTED, ("me", 2): Mark.MUTED}, ["team"]),
    ],
)
def test_two_stories_become_the_older_one(marks: dict[tuple[str, int], Mark], chats: list[str]) -> None:
    """Each outlet once, in order of time; messages are edited but where all of it is muted."""
    newer, memory = story_of(LEAVES, QUITS, LAB)
    older = memory.stories.get(1)
    assert older is not None
    twice = replace(LAB, id=4, outlet="Wireline")
    more = replace(newer, sources=(*newer.sources, replace(newer.sources[0], item_id=4, outlet="Wireline")))
    records = {("me", 1): DeliveryRecord(1), ("me", 2): DeliveryRecord(0), ("team", 2): DeliveryRecord(0)}
    done = regrouped(Regrouping(7, "me", more, (LAB, twice), NOW, older, (LEAVES, QUITS), None, records), memory, marks)

    (joined,) = done.stories
    assert done.joined == (2, 1)
    assert [source.item_id for source in joined.sources] == [LEAVES.id, QUITS.id, LAB.id]
    assert done.moved == ((LAB.id, 1), (4, 1))
    assert [(order.chat, order.story_id, order.kind) for order in done.orders] == [
        (chat, 1, MessageKind.TOUCH) for chat in chats
    ]
