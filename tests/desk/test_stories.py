"""When two reports are one story."""

from datetime import timedelta

import pytest

from bot.desk.match import match
from bot.desk.stories import add_source, bare_headline, find_story, open_story
from tests.desk.builders import DEPARTURES, MARTEN, item, watchlist

WINDOW = timedelta(hours=72)
WATCHES = watchlist(MARTEN, DEPARTURES)
FIRST = item("Ilse Marten leaves Corvid AI after a year of quarrels", url="https://ledger.example/marten")


def joins(title: str, *, url: str | None = None, hours: float = 1, outlet: str = "Wireline") -> bool:
    """Say whether a report joins the story that FIRST opened."""
    story = open_story(1, FIRST, match(FIRST, WATCHES).hits)
    other = item(title, number=2, url=url, hours=hours, outlet=outlet)
    return find_story(other, match(other, WATCHES).hits, [story], WINDOW) is not None


@pytest.mark.parametrize(
    ("title", "url"),
    [
        ("Something else", "http://www.ledger.example/marten/?utm_source=rss#top"),
        ("Ilse Marten leaves Corvid AI after a year of quarrels", None),
        ("UPDATE 2-Ilse Marten leaves Corvid AI after a year of quarrels - Wireline", None),
        ("BREAKING: Ilse Marten leaves Corvid AI after a year of quarrels | Wireline", None),
        ("Ilse Marten leaves Corvid AI after year of quarrels", None),
        ("Marten quits Corvid AI", None),
        ("Corvid AI co-founder Ilse Marten departs", None),
    ],
)
def test_the_same_news_joins(title: str, url: str | None) -> None:
    """The same page, the same or nearly the same headline, the same event of the same person."""
    assert joins(title, url=url)


@pytest.mark.parametrize(
    "title",
    [
        "Petra Varga leaves Corvid AI after a year of quarrels at home and abroad",
        "Ilse Marten founds a lab",
        "Ilse Marten denies she is leaving Corvid AI",
        "Something else",
    ],
)
def test_other_news_does_not(title: str) -> None:
    """Another person, another event, a denial: when unsure, it is told."""
    assert not joins(title)


def test_another_number_is_another_story() -> None:
    """The twelfth and the thirteenth package differ by one word only."""
    one = item("Marten presents the 12th package of rules for small models today")
    other = item("Marten presents the 13th package of rules for small models today", number=2, hours=1)
    story = open_story(1, one, match(one, WATCHES).hits)

    assert find_story(other, match(other, WATCHES).hits, [story], WINDOW) is None


@pytest.mark.parametrize(("hours", "expected"), [(71, True), (73, False)])
def test_a_story_is_open_for_its_window(hours: float, expected: bool) -> None:
    """Counted from its newest report."""
    assert joins(FIRST.title, hours=hours) is expected


def test_an_owner_counts_once() -> None:
    """A second report of the outlet, or of another outlet of its owner, adds no source."""
    story = open_story(1, item("A", outlet="One", owner="Group"), ())

    assert len(add_source(story, item("B", number=2, outlet="Two", owner="Group")).sources) == 1
    assert len(add_source(story, item("B", number=2, outlet="One")).sources) == 1
    assert len(add_source(story, item("B", number=2, outlet="Two")).sources) == 2


@pytest.mark.parametrize(
    ("title", "bare"),
    [
        ("UPDATE 1-Marten leaves - Wireline", "Marten leaves"),
        ("Exclusive: Marten leaves", "Marten leaves"),
        ("Marten leaves – but not today", "Marten leaves – but not today"),
    ],
)
def test_a_headline_is_stripped_of_what_wires_and_outlets_add(title: str, bare: str) -> None:
    """And of nothing else."""
    assert bare_headline(title, "Wireline") == bare


def test_one_outlet_may_tell_many_things_on_one_page() -> None:
    """Entries of a changelog share their page; another outlet that links it reports the same."""
    page = "https://ledger.example/changelog"
    first = item("Ilse Marten leaves Corvid AI", url=f"{page}#one")
    again = item("Ilse Marten founds a bakery in Lisbon", url=f"{page}#two", number=2)
    other = item("Marten out, says changelog", url=page, number=3, outlet="Wireline")
    story = open_story(1, first, match(first, WATCHES).hits)

    assert find_story(again, match(again, WATCHES).hits, [story], WINDOW) is None
    assert find_story(other, match(other, WATCHES).hits, [story], WINDOW) is story
