"""Which developments are sent as a reply, seen from outside: the decision about an item."""

from datetime import timedelta

import pytest

from bot.alerts.candidates import StoryMemory
from bot.alerts.decide import decide_items
from bot.core.model import Action
from bot.stories.grouping import LiveStories
from tests.stories.builders import item
from tests.stories.scripts import ALL

WINDOW = timedelta(hours=72)
ALERT, UPDATE, REPLY = Action.ALERT, Action.UPDATE, Action.REPLY
BLAST = ("Gas pipeline blast in Tarn", "Explosion on Tarn gas pipeline")


def actions(*titles: str, hours: float = 2) -> list[Action]:
    """Return what is decided about headlines of different outlets, some hours apart."""
    items = [item(title, number=n, outlet=f"Outlet {n}", hours=n * hours) for n, title in enumerate(titles)]
    return [decision.action for decision in decide_items(items, ALL, StoryMemory(LiveStories(WINDOW))).decisions]


@pytest.mark.parametrize(
    ("titles", "last"),
    [
        ((*BLAST, "Operator Keystead says valve failed in Tarn blast"), REPLY),
        ((*BLAST, "Keystead valve failed in Tarn"), ALERT),  # nobody speaks: it may be another thing
        ((BLAST[0], "Operator Keystead says valve failed in Tarn blast"), REPLY),  # the only story of that place
        ((BLAST[0], "Operator Keystead says valve failed in Tarn"), ALERT),  # one outlet alone may mean something else
        ((*BLAST, "Operator Keystead says valve failed in Tarn"), REPLY),  # the one that several tell
        (("Corvid raises prices in Spain", *BLAST, "Corvid says network restored"), ALERT),
        ((*BLAST, "Operator Keystead says valve failed", "Mayor: Tarn school to shut for days"), REPLY),
        (
            ("Tarn mill closes", "Tarn mill to close", *BLAST, "Mayor speaks of shock in Tarn"),
            ALERT,
        ),  # of which of two?
    ],
)
def test_who_speaks_needs_little_likeness(titles: tuple[str, ...], last: Action) -> None:
    """What is said of a story that several outlets tell is an answer to it, worded however far from it.

    So it is where the name stands in no other story. One outlet's story needs some likeness beside the name.
    """
    assert actions(*titles)[-1] is last


@pytest.mark.parametrize(
    "title",
    [
        "CORRECTED-One dead in Tarn mall shooting",
        "CORRECTED-Four hurt, one dead in Tarn mall shooting",
    ],
)
def test_a_correction_joins_what_it_corrects(title: str) -> None:
    """Though its number is another one: that is what is corrected. The message is changed, nothing is answered."""
    assert (
        actions("Three dead in Tarn mall shooting", "Tarn mall shooting leaves three dead", title)[1:] == [UPDATE] * 2
    )


@pytest.mark.parametrize(
    ("one", "other", "second"),
    [
        ("Corvid chief Ilse Marten may quit, sources say", "Ilse Marten weighs exit from Corvid", UPDATE),
        ("Qatari fund buys Porto Azul", "Porto Azul is sold to Qatari fund", UPDATE),
        ("Corvid to cut API prices, blog hints", "Corvid cuts API prices by half", UPDATE),
        ("Everything about iOS 7 and its new blockers", "Everything about iOS 9 and its new blockers", ALERT),
        ("Corvid sues Pellucid over chip patents", "Pellucid sues Corvid over chip patents", ALERT),
    ],
)
def test_what_is_told_from_the_other_side(one: str, other: str, second: Action) -> None:
    """Two names change places without a second story, unless they change what is done to whom."""
    assert actions(one, other)[-1] is second


@pytest.mark.parametrize(
    ("one", "other", "second"),
    [
        ("Corvid Unveils Lumo", "Corvid launches Caretaker to help clinics", ALERT),
        ("Corvid launches Lumo", "Corvid unveils tracker", ALERT),
        ("Corvid unveils the Lumo headset", "New Lumo headset launched by Corvid", UPDATE),
    ],
)
def test_an_organisation_may_bring_out_several_things(one: str, other: str, second: Action) -> None:
    """Two launches are one story only where they are of one thing."""
    assert actions(one, other)[-1] is second


GOES = "Corvid chief Ilse Marten leaves"


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        (GOES, "Corvid sales chief Petra Varga also leaves", REPLY),
        (GOES, "Petra Varga quits Corvid as well", REPLY),
        (GOES, "Petra Varga follows Marten out of Corvid", REPLY),
        ("Tarn festival head Ilse Marten quits", "Tarn festival appoints Petra Varga", REPLY),
        (GOES, "Corvid sales chief Petra Varga leaves", ALERT),  # two people are two stories, unless a report says so
        (GOES, "Pellucid sales chief Petra Varga also leaves", ALERT),
        ("Estonia's farm minister Kalle Rand resigns", "Estonia's culture minister Piret Vaar also resigns", ALERT),
        ("Corvid hires Ilse Marten", "Corvid also hires Petra Varga", ALERT),
        (GOES, "Corvid appoints Petra Varga", REPLY),  # without a post it is the highest
        (GOES, "Corvid hires Petra Varga", ALERT),
        ("Corvid risk chief Ilse Marten leaves", "Corvid names Petra Varga chief risk officer", REPLY),
        ("Corvid CTO Marten leaves", "Ilse Marten joins Pellucid", REPLY),
    ],
)
def test_second_people_and_successors(first: str, second: str, what: Action) -> None:
    """Somebody who leaves as well, and who comes, are told in an answer where the words tie them to the first."""
    assert actions(first, second, hours=20)[-1] is what


@pytest.mark.parametrize(
    ("one", "other", "second"),
    [
        ("Director of Krakow history museum dismissed", "Poland fires head of Krakow history museum", UPDATE),
        ("Head of Czech Rail Operator sacked", "Czech railways boss fired over delays", UPDATE),
        ("Artistic director of Vienna's Donautheater resigns", "Donautheater's artistic director quits", UPDATE),
        ("Czech railways boss fired", "Czech police boss fired", ALERT),
        ("Irish police chief resigns", "Ireland's army chief resigns", ALERT),
        ("Polish finance minister resigns", "Poland's health minister resigns", ALERT),
        ("Finance chief of Corvid resigns", "Finance chief of Pellucid resigns", ALERT),
        ("Corvid risk chief resigns", "Chief risk officer resigns at Corvid", UPDATE),
    ],
)
def test_a_post_may_say_where_it_is(one: str, other: str, second: Action) -> None:
    """The words of a post stand for an organisation that is not named; a country alone does not."""
    assert actions(one, other)[-1] is second


def test_what_was_denied_and_comes_true_is_told_once() -> None:
    """A plain headline a day after the denial says so, and the next one adds nothing; at once it is a rewrite."""
    first = ("Corvid to shut Tarn dam, union says", "Corvid denies plan to shut Tarn dam")

    assert actions(*first, "Corvid shuts Tarn dam", "Corvid closes Tarn dam", hours=24) == [ALERT, REPLY, REPLY, UPDATE]
    assert actions(*first, "Corvid shuts Tarn dam", hours=2) == [ALERT, REPLY, UPDATE]


@pytest.mark.parametrize(
    "first", ["Corvid chief Ilse Marten to leave in May", "Corvid chief Ilse Marten decides to leave, sources say"]
)
def test_what_has_happened_is_said_once(first: str) -> None:
    """However often the only outlet that tells it says it again."""
    titles = (
        first,
        "Ilse Marten leaves Corvid",
        "Corvid chief Marten leaves",
        "Corvid ousts Marten",
    )
    items = [item(title, number=n, outlet="Wireline", hours=n * 24) for n, title in enumerate(titles)]
    found = [decision.action for decision in decide_items(items, ALL, StoryMemory(LiveStories(WINDOW))).decisions]

    assert found == [ALERT, REPLY, Action.SILENT, Action.SILENT]


def test_a_rumour_is_confirmed_once() -> None:
    """However many days later the next plain headline comes."""
    titles = ("Corvid may shut Tarn dam", "Corvid shuts Tarn dam", "Tarn dam is shut by Corvid")

    assert actions(*titles, hours=24) == [ALERT, REPLY, UPDATE]


MORE = ("Corvid lab burns in Tarn", "Fire at Corvid lab in Tarn")


@pytest.mark.parametrize(
    ("title", "last"),
    [
        ("Corvid says fire at Tarn lab started in a rusty freezer", REPLY),
        ("Corvid says Tarn lab burns", UPDATE),  # nothing that was not told
        ("Corvid: fire burns in Tarn lab, says firm", UPDATE),
        ("Corvid says nobody saw fire at lab in Tarn", UPDATE),  # one other word is a wording
        ("Corvid says fire at lab in Tarn was not arson", REPLY),
        ("Prosecutor detains two over fire at Corvid lab in Tarn", REPLY),
    ],
)
def test_what_is_said_is_told_if_it_is_new(title: str, last: Action) -> None:
    """By a body that was not heard, or by whom the story is about, in more than one word that it has not."""
    assert actions(*MORE, title)[-1] is last


@pytest.mark.parametrize(
    ("titles", "last"),
    [
        ((GOES, "Marten quits Corvid", "Marten heads to Pellucid"), REPLY),
        ((GOES, "Marten quits Corvid", "Marten heads to Pellucid", "Pellucid hires Ilse Marten"), UPDATE),
        ((GOES, "Marten quits Corvid", "Varga heads to Pellucid"), ALERT),
    ],
)
def test_where_somebody_goes_needs_no_event(titles: tuple[str, ...], last: Action) -> None:
    """Nor is it told twice, however the next one words it."""
    assert actions(*titles)[-1] is last


def test_another_minister_speaks() -> None:
    """One who holds another post than who was named before."""
    titles = ("Estonian farm minister Rand ill", "Farm minister Rand of Estonia ill")

    assert actions(*titles, "Estonian prime minister: Rand returns in spring")[-1] is REPLY


def test_a_plea_is_no_verdict() -> None:
    """The words are nearly the same; what a jury finds is news."""
    titles = ("Fraud trial of Ilse Marten opens in Tarn", "Marten pleads not guilty to fraud in Tarn")

    assert actions(*titles, "Jury finds Ilse Marten guilty of fraud in Tarn", hours=24)[-1] is ALERT


@pytest.mark.parametrize(
    ("titles", "hours"),
    [
        (
            (
                "Norvik said to discuss merger with Quist",
                "Norvik, Quist explore merger",
                "Quist confirms merger talks with Norvik",
            ),
            1,
        ),
        (
            ("Marlow Bank app down", "Marlow Bank app outage", "Marlow Bank apologises for app outage, offers refunds"),
            1,
        ),
        (
            (
                "Novelist sues Lumetra over training",
                "Lumetra sued over training",
                "Lumetra calls training suit baseless",
            ),
            1,
        ),
        (
            (
                "Bridge collapses in Tarn",
                "Tarn bridge collapses",
                "Police: three dead in Tarn bridge collapse",
                "Tarn mayor says bridge was inspected in spring",
            ),
            1,
        ),
        (
            (
                "Corvid founder Ilse Marten arrested",
                "Police arrest Corvid's Ilse Marten",
                "Marten's lawyer calls arrest a mistake",
            ),
            1,
        ),
    ],
)
def test_a_position_is_told(titles: tuple[str, ...], hours: float) -> None:
    """Who confirms what was only talked of, is sorry, calls it baseless, or speaks as another body, is answered for.

    What only rewords ("Police arrest …") is no answer, and holds none back.
    """
    assert actions(*titles, hours=hours)[-1] is REPLY
