"""Headlines of our own stories: kept apart, grouped, developed; and the same after a restart."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.alerts.candidates import StoryMemory
from bot.alerts.decide import decide_items
from bot.core.model import Action, Batch, Item, Story, WatchSpec
from bot.core.model.outbox import ReplyPayload
from bot.stories.grouping import LiveStories
from tests.stories.builders import item, watchlist
from tests.stories.scripts import ALL, KNOWN, MOVES, WINDOW, decided, known, scenarios, shares


def test_nothing_is_decided_otherwise_than_known() -> None:
    """What is wrong stands in `known.txt`, and nothing else is; `python -m tests.stories.scripts` writes it anew."""
    assert known() == KNOWN.read_text("utf-8").splitlines()


def test_few_are_merged_that_are_two_stories() -> None:
    """A wrong merge hides news: told apart are 97 of 100, brought together at least 65."""
    count = shares()

    assert count["pairs apart"] >= 100 <= count["pairs same"]
    assert count["pairs apart right"] >= 0.965 * count["pairs apart"]
    assert count["pairs same right"] >= 0.65 * count["pairs same"]


def test_stories_are_sent_once_and_their_developments_replied() -> None:
    """The bars for scripted stories, and for timelines that were tuned on and those that were held out."""
    count = shares()

    assert count["scripted stories hidden"] == 0
    assert count["scripted stories told once"] >= 0.95 * count["scripted stories"]
    assert count["scripted headlines in the right story"] >= 0.95 * count["scripted headlines"]
    for kind, bar in (("timelines", 0.9), ("held out", 0.75)):
        assert count[f"{kind} alert told by alert"] == count[f"{kind} alert"]
        assert count[f"{kind} silent told by reply"] == 0
        assert count[f"{kind} reply told by reply"] >= bar * count[f"{kind} reply"]


def test_grouping_without_vetoes_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The null control: likeness alone tells far fewer pairs apart than the bar."""
    for file in ("grouping", "vetoes"):
        monkeypatch.setattr(f"bot.stories.{file}.veto", lambda *lines, **names: None)
    count = shares()

    assert count["pairs apart right"] < 0.9 * count["pairs apart"]


def rebuilt(batches: list[Batch]) -> list[Story]:
    """Return the stories as a store would give them back."""
    kept: dict[int, Story] = {}
    for batch in batches:
        kept |= {story.id: story for story in batch.stories}
    return list(kept.values())


LINES = [line.item for file in ("scripted.txt", "timelines.txt") for _, lines in scenarios(file) for line in lines]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(LINES), min_size=2, max_size=24, unique_by=lambda item: item.title), st.integers(1, 23))
def test_a_restart_changes_no_decision(lines: list[Item], cut: int) -> None:
    """All that is known of stories stands in them: a memory built anew from the store decides the same."""
    items = [
        Item(number, line.title, "", None, line.outlet, None, (), None, LINES[0].seen + timedelta(hours=number * 5))
        for number, line in enumerate(lines)
    ]
    whole = decide_items(items, ALL, StoryMemory(LiveStories(WINDOW)))
    memory = StoryMemory(LiveStories(WINDOW))
    first = decide_items(items[:cut], ALL, memory)
    again = StoryMemory(
        LiveStories(WINDOW, rebuilt([first])), memory.last_story, memory.delivery_records, memory.alert_times
    )
    second = decide_items(items[cut:], ALL, again)

    assert [*first.decisions, *second.decisions] == list(whole.decisions)
    assert [*first.orders, *second.orders] == list(whole.orders)


def test_forty_outlets_are_one_message() -> None:
    """However many print it: one alert, and the rest makes it grow."""
    titles = [
        "Ilse Marten leaves Corvid AI",
        "Corvid AI's Ilse Marten steps down",
        "Corvid AI loses Ilse Marten",
        "Corvid AI says goodbye to Ilse Marten",
        "Ilse Marten is out at Corvid AI",
    ]
    items = [
        item(titles[number % 5], number=number, outlet=f"Outlet {number}", hours=number / 80) for number in range(40)
    ]
    actions = [decision.action for decision in decided(items, MOVES).values()]

    assert actions == [Action.ALERT, *[Action.UPDATE] * 39]


def test_the_same_event_years_later_is_a_new_story() -> None:
    """Leaving again is news again."""
    first, again = (item("Ilse Marten leaves Corvid AI", number=n, hours=n * 24 * 400) for n in range(2))

    assert [decision.action for decision in decided([first, again], MOVES).values()] == [Action.ALERT, Action.ALERT]


SEED = (
    (0, "The Inquirer", "Corvid AI researcher Ilse Marten is leaving the company, sources say", Action.ALERT),
    (0.2, "TechDaily", "Ilse Marten departs Corvid AI", Action.UPDATE),
    (0.4, "Wireline", "Ilse Marten is leaving Corvid AI again", Action.UPDATE),
    (0.5, "The Ledger", "Corvid AI loses co-founder Ilse Marten", Action.UPDATE),
    (0.7, "Herald", "Marten quits Corvid AI, The Inquirer reports", Action.UPDATE),
    (0.9, "Morning Post", "Corvid AI's Ilse Marten steps down", Action.UPDATE),
    (1.2, "ByteSize", "Another exit at Corvid AI: Ilse Marten has left", Action.UPDATE),
    (1.5, "Chronicle", "Ilse Marten leaves Corvid AI for the second time", Action.UPDATE),
    (4, "TechDaily", 'Ilse Marten confirms she has left Corvid AI: "nothing happened"', Action.REPLY),
    (7, "CrunchTime", "Ilse Marten is leaving Corvid AI again, but she says there was no drama", Action.UPDATE),
    (21, "The Ledger", "Marten denies drama behind her Corvid AI exit", Action.REPLY),
    (39, "Wireline", "Corvid AI names Petra Varga research head to succeed Ilse Marten", Action.REPLY),
)


def test_the_founding_story() -> None:
    """A first report, seven outlets, a confirmation, the next day a denial: one message, and three answers to it."""
    watches = watchlist(WatchSpec("Marten", to=("me",), people=("Ilse Marten",)))
    items = [
        item(title, number=number, outlet=outlet, hours=hours) for number, (hours, outlet, title, _) in enumerate(SEED)
    ]
    batch = decide_items(items, watches, StoryMemory(LiveStories(WINDOW)))

    assert [decision.action for decision in batch.decisions] == [action for *_, action in SEED]
    assert [order.payload.news for order in batch.orders if isinstance(order.payload, ReplyPayload)] == [
        "confirmed",
        "denied",
        "successor: Petra Varga",
    ]
    assert len({story.id for story in batch.stories}) == 1


HOSTILE = (
    *(
        "",
        "...",
        "\N{SLIGHTLY SMILING FACE}",
        "テスラが工場を閉鎖",
        "a",
        "9" * 400 + "%",
        "1e309 ½ ² ١٢٣",
        "Q5 0th 99999999999999999999th",
    ),
    *("A" * 100_000, " ".join(map(str, range(20_000))), "Marten " * 20_000, "$" * 50_000, "CEO of " * 5_000),
    *("according to Bloomberg " * 5_000, "x - y" * 9_999, "UPDATE 1-" * 3_000, '"' * 3_000),
)


def test_no_headline_is_too_odd_or_too_long() -> None:
    """Each is decided about, twice over; of a very long one only the beginning tells stories apart."""
    items = [item(title, number=n, outlet=f"Outlet {n}") for n, title in enumerate(HOSTILE * 2)]
    found = decided(items, ALL)

    assert set(found) == {one.id for one in items}
    assert all(decision.story_id is not None for decision in found.values())
