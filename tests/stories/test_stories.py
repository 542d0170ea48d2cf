"""When two reports are one story."""

from datetime import timedelta

import pytest

from bot.alerts.candidates import StoryMemory
from bot.alerts.decide import decide_items
from bot.core.model import Event, Item, Story, WatchSpec
from bot.core.text import Text
from bot.events.outlets import LONGEST, Title
from bot.stories.event_keys import MOST_EVENT_KEYS
from bot.stories.grouping import LiveStories
from tests.stories.builders import DEPARTURES, MARTEN, START, item, watchlist

WINDOW = timedelta(hours=72)
EVERY_EXIT = WatchSpec("exits", to=("me",), events=("departure",))
WATCHES = watchlist(MARTEN, DEPARTURES)
FIRST = item("Ilse Marten leaves Corvid AI after a year of quarrels", url="https://ledger.example/marten")


def stories_of(*items: Item) -> list[Story]:
    """Return the stories that items make, as they stand in the end."""
    batch = decide_items(items, WATCHES, StoryMemory(LiveStories(WINDOW)))
    return list({story.id: story for story in batch.stories}.values())


def joins(title: str, *, url: str | None = None, hours: float = 1, outlet: str = "Wireline") -> bool:
    """Say whether a report joins the story that FIRST opened."""
    return len(stories_of(FIRST, item(title, number=2, url=url, hours=hours, outlet=outlet))) == 1


@pytest.mark.parametrize(
    ("title", "url"),
    [
        ("Marten: in her own words", "http://www.ledger.example/marten/?utm_source=rss#top"),
        ("Ilse Marten leaves Corvid AI after a year of quarrels", None),
        ("UPDATE 2-Ilse Marten leaves Corvid AI after a year of quarrels - Wireline", None),
        ("BREAKING: Ilse Marten leaves Corvid AI after a year of quarrels | Wireline", None),
        ("Ilse Marten leaves Corvid AI after year of quarrels", None),
        ("Marten quits Corvid AI", None),
        ("Corvid AI co-founder Ilse Marten departs", None),
        ("Ilse Marten denies she is leaving Corvid AI", None),
        ("Arrowhead hires Ilse Marten from Corvid AI", None),
    ],
)
def test_the_same_news_joins(title: str, url: str | None) -> None:
    """The same page or headline, the same event of the same person, its denial, her new job."""
    assert joins(title, url=url)


@pytest.mark.parametrize(
    "title",
    [
        "Petra Varga leaves Corvid AI after a year of quarrels at home and abroad",
        "Ilse Marten founds a lab",
        "Ilse Marten also leaves the board of Pellucid",
    ],
)
def test_other_news_does_not(title: str) -> None:
    """Another person, another event, another organisation: when unsure, it is told."""
    assert not joins(title)


def test_another_number_is_another_story() -> None:
    """The twelfth and the thirteenth package differ by one word only."""
    one = item("Marten presents the 12th package of rules for small models today")
    other = item("Marten presents the 13th package of rules for small models today", number=2, hours=1, outlet="B")

    assert len(stories_of(one, other)) == 2


@pytest.mark.parametrize(("hours", "expected"), [(71, True), (73, False)])
def test_a_story_is_open_for_its_window(hours: float, expected: bool) -> None:
    """Counted from its newest report."""
    assert joins(FIRST.title, hours=hours) is expected


@pytest.mark.parametrize(
    ("outlet", "owner", "count"), [("Two", "Group", 1), ("The Ledger", None, 1), ("Two", None, 2), ("Two", "Other", 2)]
)
def test_an_owner_counts_once(outlet: str, owner: str | None, count: int) -> None:
    """A second report of the outlet, or of another outlet of its owner, adds no source."""
    one = item("Ilse Marten leaves Corvid AI", owner="Group")
    (story,) = stories_of(one, item("Marten quits Corvid AI", number=2, outlet=outlet, owner=owner))

    assert len(story.sources) == count


@pytest.mark.parametrize(
    ("title", "bare"),
    [
        ("UPDATE 1-Marten leaves - Wireline", "Marten leaves"),
        ("Exclusive: Marten leaves", "Marten leaves"),
        ("CORRECTED - Marten leaves", "Marten leaves"),
        ("Marten to leave -WSJ", "Marten to leave"),
        ("Marten to leave-sources", "Marten to leave"),
        ("Marten leaves – but not today", "Marten leaves – but not today"),
    ],
)
def test_a_headline_is_stripped_of_what_agencies_and_outlets_add(title: str, bare: str) -> None:
    """And of nothing else."""
    assert Title(title, "Wireline").bare == bare


@pytest.mark.parametrize(
    ("title", "summary", "expected"),
    [
        ("Marten to leave, Bloomberg reports", "", "Bloomberg"),
        ("Marten to leave", "The news was first reported by The Information on Monday.", "Information"),
        ("Marten to leave: report", "According to the Wall Street Journal she goes in May.", "Wall Street Journal"),
        ("Marten tells Herald she will leave", "", "Herald"),
        ("Bloomberg appoints Marten", "The terminal maker needs help.", None),
        ("Marten reads the times", "", None),
        ("Wireline reports a loss", "", None),
    ],
)
def test_who_is_credited(title: str, summary: str, expected: str | None) -> None:
    """An outlet that is named beside words that cite, and is not the outlet itself."""
    assert Title(title, "Wireline").credit(summary, ("Herald",)) == expected


def test_who_only_cites_confirms_nothing() -> None:
    """Three outlets that cite one are one source of their own; a fourth that reports by itself is a second."""
    (story,) = stories_of(
        item("Ilse Marten leaves Corvid AI", outlet="Herald"),
        item("Marten quits Corvid AI, Herald reports", number=2, outlet="Two"),
        item("Corvid AI's Ilse Marten steps down", "That was first reported by Herald.", number=3, outlet="Three"),
        item("Ilse Marten is out at Corvid AI", number=4, outlet="Four"),
    )

    assert [source.credit for source in story.sources] == [None, "Herald", "Herald", None]
    assert story.independent == 2


def test_one_outlet_may_tell_many_things_on_one_page() -> None:
    """Entries of a changelog share their page; another outlet that links it reports the same."""
    page = "https://ledger.example/changelog"
    first = item("Ilse Marten leaves Corvid AI", url=f"{page}#one")
    again = item("Ilse Marten founds a bakery in Lisbon", url=f"{page}#two", number=2)
    other = item("Marten out, says changelog", url=page, number=3, outlet="Wireline")
    stories = stories_of(first, again, other)

    assert len(stories) == 2


def test_a_story_that_goes_on_outlives_one_that_does_not() -> None:
    """Each is forgotten a window after its own newest report, whichever was opened first."""
    stories = LiveStories(WINDOW)
    news = [item("Pellucid opens a bakery"), item("Quillstack closes a mine", number=2, hours=1)]
    first, second = (stories.open(n, stories.report(one, ())) for n, one in enumerate(news, 1))
    again = item("Pellucid opens a bakery at last", number=3, outlet="Wireline", hours=70)
    stories.add(first, stories.report(again, ()))

    assert list(stories.expire(again.seen + timedelta(hours=4))) == [second.id]
    assert stories.get(first.id) is not None


def test_a_story_of_very_many_events_is_forgotten_whole() -> None:
    """Those beyond the limit are looked up no more, and nothing points to the story once it is gone."""
    stories = LiveStories(WINDOW)
    names = [f"Ilse {a}{b}lund" for a in ("Bo", "Da", "Fe", "Gu", "Ha") for b in "kmnrstv"]
    events = [Event("departure", "stated", (name,), ("Corvid AI",), is_named=True) for name in names]
    first, *others = [
        item("Exits", number=n, outlet=f"O{n}", hours=n / 100) for n in range(1, len(names) // MOST_EVENT_KEYS + 2)
    ]
    story = stories.open(1, stories.report(first, events[:MOST_EVENT_KEYS]))
    for one in others:
        story = stories.add(story, stories.report(one, events[MOST_EVENT_KEYS:]))
    text = Text(f"{names[1]} and {names[-1]} resign")

    assert len(story.event_keys) == MOST_EVENT_KEYS
    assert [mention.name for mention in stories.mentions_in(text)] == [names[-1]]
    assert list(stories.expire(START + timedelta(days=30))) == [1]
    assert len(stories) == 0
    assert stories.mentions_in(text) == ()


def test_only_the_beginning_of_a_headline_is_compared() -> None:
    """Whoever sends a hundred kilobytes does not hold up the others."""
    assert len(Title("x" * 100_000, "Wireline").bare) == LONGEST


def fates(*titles: str) -> list[tuple[str, int | None]]:
    """Return what a watch of departures does with headlines, an hour apart."""
    items = [item(title, number=number, hours=number, outlet=f"O{number}") for number, title in enumerate(titles)]
    batch = decide_items(items, watchlist(EVERY_EXIT), StoryMemory(LiveStories(WINDOW)))
    return [(str(decision.action), decision.story_id) for decision in batch.decisions]


@pytest.mark.parametrize(
    "title", ["Solheim quits Corvid", "Corvid Loses Solheim", "Solheim-led team in the dark as Solheim leaves Corvid"]
)
def test_a_surname_that_a_story_names_is_somebody(title: str) -> None:
    """A lone surname is read as a person where a live story has told who that is, and only there."""
    assert fates(title) == [("silent", None)]
    assert fates("Bjarte Solheim quits Corvid AI", title) == [("alert", 1), ("update", 1)]


@pytest.mark.parametrize(
    "title", ["Jonas Solheim quits Corvid AI", "Solheim-Berg quits Pellucid", "Corvid and Solheim quits game"]
)
def test_a_surname_inside_another_name_is_not(title: str) -> None:
    """Somebody with another given name, or a longer surname, is not the one of the story."""
    assert fates("Bjarte Solheim quits Corvid AI", title)[1][0] != "update"


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("Ireland's data commissioner to leave", "Head of Irish Media Watchdog to step down", False),
        ("Ireland's statistics chief resigns", "Irish Statistics Office Head Steps Down", True),
        ("Ilse Marten resigns as chairwoman of Corvid", "Ilse Marten also gives up seat on Pellucid board", False),
        ("Irish deputy governor Ilse Marten resigns", "Marten steps down from Banca Centrale", True),
        ("Ilse Marten resigns as chairwoman of Corvid", "Marten steps down from Pellucid", False),
    ],
)
def test_a_country_is_no_organisation_of_its_own(one: str, other: str, is_same: bool) -> None:
    """What stands in a country is not all one place; who is named with a country is not somewhere else then."""
    found = fates(one, other)

    assert [action for action, _ in found] == ["alert", "update" if is_same else "alert"]


@pytest.mark.parametrize(
    ("titles", "last"),
    [
        # for one outlet it is another thing in the same sentence
        (
            (
                "Tarn ferry halts service after engine fault",
                "Ferry service in Tarn halted by fault of engine",
                "Tarn ferry halts service after propeller fault",
            ),
            True,
        ),
        # a name that all have, and nothing else
        (
            (
                "Tarn Water chief may go, sources say",
                "Chief of Tarn Water weighs exit",
                "Tarn Water chief Marten to leave",
                "Tarn Water fined over sewage",
            ),
            False,
        ),
    ],
)
def test_most_headlines_of_a_story_decide(titles: tuple[str, ...], last: bool) -> None:
    """One outlet's wording divides no story, and one name in all of its headlines makes nothing one with it."""
    items = [item(title, number=n, outlet=f"Outlet {n}", hours=n) for n, title in enumerate(titles)]
    decided = decide_items(
        items, watchlist(WatchSpec("all", to=("me",), query="*")), StoryMemory(LiveStories(WINDOW))
    ).decisions

    assert (decided[-1].story_id == decided[0].story_id) is last
