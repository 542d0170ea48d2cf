"""Which watches want an item, and by which words."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.errors import WatchError
from bot.core.model import Alias, Part, WatchSpec
from bot.watches.match import match_item
from tests.growth import LINEAR, growth
from tests.stories.builders import DEPARTURES, MARTEN, item, watchlist

CORVID = Alias("Corvid AI", ("Corvid", "CorvidAI"))
HEAD = (Part.TITLE, Part.LEDE)


def words(*keywords: str, where: tuple[Part, ...] = HEAD, exclude: tuple[str, ...] = ()) -> WatchSpec:
    return WatchSpec("words", keywords=keywords, where=where, exclude=exclude)


@pytest.mark.parametrize(
    ("watch", "title", "expected"),
    [
        (words("Tor"), "FileStore gets faster", False),
        (words("Tor"), "A motor, a constructor, refactoring", False),
        (words("Tor"), "Tor gets faster", True),
        (words("Tor"), "TOR’s new release", True),
        (words("OpenAI"), "OpenAI's new model", True),
        (words("OpenAI"), "OPENAI’S NEW MODEL", True),
        (words("leaving OpenAI"), "She left OpenAI", True),
        (words("leaving OpenAI"), "He leaves OpenAI behind", True),
        (words("leaving OpenAI"), "Leaving the OpenAI board", False),
        (words('"leaving OpenAI"'), "She left OpenAI", False),
        (words('"leaving OpenAI"'), "Is she leaving OpenAI?", True),
        (words("Windows"), "A window opens", False),
        (words("cloud outage"), "Cloud outages everywhere", True),
        (words("cloud outage"), "Cloud outrage everywhere", False),
        (words("AT&T"), "AT&T cuts prices", True),
        (words("C++"), "A new C++ standard", True),
        (words("C++"), "Vitamin C is good", False),
        (words("Müller"), "Muller resigns", True),
        (words("東京"), "速報東京で地震", True),
        (words("outage", exclude=("storm",)), "Outage in the cloud", True),
        (words("outage", exclude=("storm",)), "Storms bring an outage", False),
        (MARTEN, "Ilse Marten is leaving", True),
        (MARTEN, "Marten is leaving", True),
        (MARTEN, "ILSE MARTEN QUITS", True),
        (MARTEN, "Jonas Marten wins the cup", False),
        (MARTEN, "Why Marten left", True),
        (MARTEN, "CEO Marten resigns", True),
        (MARTEN, "Martens in the woods", False),
    ],
)
def test_a_watch_wants_whole_words(watch: WatchSpec, title: str, expected: bool) -> None:
    """Names, inflected and literal keywords, exclusions; somebody else of the same surname is somebody else."""
    assert bool(match_item(item(title), watchlist(watch)).matches) is expected


@pytest.mark.parametrize(
    ("where", "summary", "expected"),
    [
        (HEAD, "An outage.", Part.LEDE),
        (HEAD, "Nothing.\n\nAn outage.", None),
        ((Part.TITLE,), "An outage.", None),
        ((Part.BODY,), "Nothing.\nAn outage.", Part.BODY),
        ((Part.BODY,), "An outage.", None),
    ],
)
def test_a_watch_reads_headline_and_first_paragraph(
    where: tuple[Part, ...], summary: str, expected: Part | None
) -> None:
    """Unless it says where."""
    matches = match_item(item("Headline", summary), watchlist(words("outage", where=where))).matches

    assert [match.where for match in matches] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("title", "certainty"),
    [
        ("Ilse Marten is leaving Corvid AI again, but she says there was no drama", "stated"),
        ("Corvid AI co-founder departs for the second time", "stated"),
        ("Corvid loses its head of research", "stated"),
        ("Marten Vale steps down as Corvid AI chief", "stated"),
        ("Corvid AI to part ways with its CEO", "planned"),
        ("Petra Varga will leave CorvidAI next month", "planned"),
        ("Corvid AI founder reportedly leaving", "reported"),
        ("Corvid AI chief denies he is leaving", "denied"),
        ("Ex-Corvid AI researcher raises $10M", None),
        ("Former Corvid AI chief, who left in 2017, paints", None),
        ("Corvid AI unveils a model", None),
        ("Corvid AI is losing money on its plan, CEO Petra Varga says", None),
        ("Corvid AI’s head of marketing takes leave", None),
        ("Corvid AI chief leaves the door open to a sale", None),
        ("Thousands leave the city, says Corvid AI map", None),
    ],
)
def test_an_event_is_read_however_it_is_worded(title: str, certainty: str | None) -> None:
    """A person or a role has to be there, and background is no event."""
    matches = match_item(item(title), watchlist(DEPARTURES, organisations=(CORVID,))).matches

    events = [match.event for match in matches if match.background is None]
    assert [event and event.certainty for event in events] == ([certainty] if certainty else [])


def test_every_kind_of_word_has_to_be_there() -> None:
    """People and keywords: one of each, not one of either."""
    both = WatchSpec("both", people=("Ilse Marten",), keywords=("chip", "lab"))

    assert match_item(item("Marten founds a lab"), watchlist(both)).matches
    assert not match_item(item("Marten goes home"), watchlist(both)).matches
    assert not match_item(item("A lab goes home"), watchlist(both)).matches


def test_the_evidence_is_the_words_of_the_text() -> None:
    """As they stand there, with the part of the watch they answer."""
    (match,) = match_item(
        item("Corvid’s chief scientist departs"), watchlist(DEPARTURES, organisations=(CORVID,))
    ).matches

    assert {(piece.text, piece.slot) for piece in match.evidence} == {("departs", "departure"), ("Corvid", "Corvid AI")}


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (WatchSpec("w"), "it watches nothing"),
        (WatchSpec("w", events=("depature",)), 'unknown event "depature"; did you mean "departure"?'),
        (WatchSpec("w", keywords=("!!",)), '"!!" has no word in it'),
        (WatchSpec("w", people=("…",)), "has no word in it"),
    ],
)
def test_a_watch_that_makes_no_sense_is_refused(spec: WatchSpec, text: str) -> None:
    """With what is wrong and what was meant."""
    with pytest.raises(WatchError) as caught:
        watchlist(spec)
    assert text in str(caught.value)


SPECS = (MARTEN, DEPARTURES, words("outage"), WatchSpec("q", query="tor OR NOT lab"), WatchSpec("all", query="*"))


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=300), st.text(max_size=600), st.permutations(SPECS))
def test_any_text_is_read_and_the_order_of_watches_does_not_matter(
    title: str, summary: str, order: list[WatchSpec]
) -> None:
    """No text raises, and each watch decides for itself."""
    news = item(title, summary)

    assert {h.watch for h in match_item(news, watchlist(*order)).matches} == {
        h.watch for h in match_item(news, watchlist(*SPECS)).matches
    }


@pytest.mark.parametrize("piece", ["a ", "leaves ", "A", "Ilse Marten ", "<", "said. Ilse Marten leaves "])
def test_long_texts_cost_linear_work(piece: str) -> None:
    """Repetition does not multiply the work, up to the longest title and summary that a feed gives."""
    watches = watchlist(*SPECS)

    def job(text: str) -> None:
        match_item(item(text[:1000], text), watches)

    assert growth(job, lambda size: (piece * size)[:size], size=20_000 // 16) < LINEAR


@pytest.mark.parametrize(
    ("spec", "title", "expected"),
    [
        # what is a name to one watch is a word to another
        (WatchSpec("w", query="OpenAI"), "Jane Doe resigns from OpenAI", True),
        (WatchSpec("w", query="title:OpenAI"), "Jane Doe resigns from OpenAI", True),
        (WatchSpec("w", query='"OpenAI"'), "Jane Doe resigns from OpenAI", True),
        (WatchSpec("w", keywords=("OpenAI",)), "Jane Doe resigns from OpenAI", True),
        (WatchSpec("w", keywords=("robots",), exclude=("OpenAI",)), "OpenAI robots", False),
        (WatchSpec("w", query="robots AND NOT OpenAI"), "OpenAI robots", False),
        # a keyword that is the wording of an event means the event
        (WatchSpec("w", keywords=("leaving OpenAI",)), "OpenAI research chief Priya Raman is out", True),
        (WatchSpec("w", keywords=("leaving OpenAI",)), "Priya Raman quits as OpenAI CFO", True),
        (WatchSpec("w", keywords=("leaving OpenAI",)), "Priya Raman leaves OpenAI out of her talk", False),
        (WatchSpec("w", keywords=("leaving OpenAI",)), "Priya Raman leaves Pellucid for OpenAI", False),
        (WatchSpec("w", keywords=("joins OpenAI",)), "OpenAI hires Priya Raman as CFO", True),
        # the people and organisations of an event, not just of the text
        (
            WatchSpec("w", events=("departure",), organisations=("OpenAI",)),
            "Pellucid CFO Priya Raman leaves to join OpenAI",
            False,
        ),
        (
            WatchSpec("w", events=("arrival",), organisations=("OpenAI",)),
            "Pellucid CFO Priya Raman leaves to join OpenAI",
            True,
        ),
        (
            WatchSpec("w", events=("departure",), organisations=("OpenAI",)),
            "Priya Raman to leave, OpenAI confirms",
            True,
        ),
        (WatchSpec("w", events=("departure",), people=("Priya Raman",)), "Jonas Okoro quits, Priya Raman says", False),
        # what is theirs is not they
        (WatchSpec("w", events=("departure",), people=("Priya Raman",)), "Four of Priya Raman's key aides quit", False),
        (
            WatchSpec("w", events=("departure",), people=("Priya Raman",)),
            "Co-founder of Priya Raman's lab quits",
            False,
        ),
        (WatchSpec("w", events=("arrival",), people=("Priya Raman",)), "OpenAI names Priya Raman's successor", False),
        (WatchSpec("w", events=("departure",), people=("Priya Raman",)), "Judge throws out Raman panel's rule", False),
        (WatchSpec("w", events=("departure",), people=("Priya Raman",)), "Raman warns staff who quit OpenAI", False),
        (
            WatchSpec("w", events=("departure",), people=("Priya Raman",)),
            "Priya Raman, who ran sales, quits OpenAI",
            True,
        ),
        (WatchSpec("w", events=("departure",), people=("Priya Raman",)), "OpenAI's Priya Raman quits", True),
        # a surname that is somebody's given name
        (WatchSpec("w", people=("Oona James",)), "Rovers sign James Halloran on a free contract", False),
        (WatchSpec("w", people=("Oona James",)), "Pellucid Promotes Rob Okoro And James Halloran", False),
        (WatchSpec("w", people=("Oona James",)), "Rovers sign James on a free contract", True),
        (WatchSpec("w", people=("Oona James",)), "James Quits Pellucid", True),
        (WatchSpec("w", people=("Oona James",)), "Oona James Quits", True),
        # how certain, from where
        (WatchSpec("w", events=("departure",), certainty=("stated",)), "OpenAI CFO to leave in May", False),
        (WatchSpec("w", events=("departure",), certainty=("planned",)), "OpenAI CFO to leave in May", True),
        (WatchSpec("w", events=("departure",)), "OpenAI CFO has no plans to leave", True),
        (
            WatchSpec("w", events=("departure",), certainty=("stated", "planned")),
            "OpenAI CFO has no plans to leave",
            False,
        ),
        (WatchSpec("w", keywords=("outage",), sources=("ledger",)), "An outage", True),
        (WatchSpec("w", keywords=("outage",), sources=("wireline",)), "An outage", False),
        (WatchSpec("w", keywords=("outage",), tags=("tech",)), "An outage", False),
        (WatchSpec("w", query="certainty:denied"), "OpenAI CFO denies he is leaving", True),
        (WatchSpec("w", query="person:Raman AND organisation:OpenAI"), "Priya Raman leaves OpenAI", True),
        (WatchSpec("w", query='"outage cloud"~2'), "Cloud sees an outage", True),
        (WatchSpec("w", query='"outage cloud"~1'), "Cloud sees an outage", False),
        (WatchSpec("w", regex=(r"GPT-\d+",)), "Here comes gpt-7", True),
        (WatchSpec("w", regex=(r"^GPT-\d+",)), "Here comes GPT-7", False),
    ],
)
def test_a_watch_means_what_it_says(spec: WatchSpec, title: str, expected: bool) -> None:
    """Beside watches that know the same words as names."""
    others = WatchSpec("other", organisations=("OpenAI",)), WatchSpec("another", people=("Priya Raman",))
    matches = match_item(item(title), watchlist(spec, *others, organisations=(Alias("OpenAI"),))).matches

    assert any(match.watch == "w" and match.background is None for match in matches) is expected


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Andrej Karpathy is leaving", True),
        ("Karpathy is leaving", True),
        ("@karpathy is leaving", True),
        ("A. Karpathy is leaving", True),
        ("J. Karpathy is leaving", False),
        ("Andrej M. Karpathy is leaving", True),
        ('Andrej "Badmephisto" Karpathy is leaving', True),
        ("Ivan Karpathy is leaving", False),
        ("ANDREJ KARPATHY IS LEAVING", True),
        ("CEO Karpathy is leaving", True),
        ("A karpathy of a plan", False),
        ("Mueller is leaving", True),
        ("Jörg Muller is leaving", True),
        ("Jörg Müller is leaving", True),
        ("Smith speaks", True),
    ],
)
def test_a_person_is_known_by_every_spelling_of_the_name(title: str, expected: bool) -> None:
    """Surname, initials, handle, nickname, accents; two watched people of one surname both count."""
    people = ("Andrej Karpathy", "Jörg Müller", "Jane Smith", "John Smith")
    matches = match_item(item(title), watchlist(*(WatchSpec(name, people=(name,)) for name in people))).matches

    assert bool(matches) is expected
    if "Smith" in title:
        assert len(matches) == 2


@pytest.mark.parametrize(
    ("regex", "message"),
    [("(foo", "cannot be understood"), ("a" * 300, "longer than"), (r"(a)\1", "cannot be understood")],
)
def test_a_regex_that_cannot_be_used_is_refused(regex: str, message: str) -> None:
    """Too long, broken, or with back-references, which no linear engine knows."""
    with pytest.raises(WatchError, match=message) as caught:
        watchlist(WatchSpec("w", regex=(regex,)))
    assert caught.value.key == "regex"
    assert caught.value.column or len(regex) == 300


DENIED = "Priya Raman denies she is leaving OpenAI"
JOINS = "Pellucid CFO leaves to join OpenAI"
CFO = WatchSpec("w", events=("departure",), people=("Ilse Marten",))
OPENAI = WatchSpec("w", events=("departure",), organisations=("OpenAI",))


@pytest.mark.parametrize(
    ("spec", "title", "summary", "expected"),
    [
        # whoever is named in an event is its only subject
        (CFO, "Corvid AI CFO quits, Ilse Marten says", "", False),
        (CFO, "Jonas Marten quits Corvid AI, Ilse Marten says", "", False),
        (CFO, "Corvid AI CFO quits", "Ilse Marten had been there for a year.", True),
        (CFO, "Jonas Okoro quits Corvid AI", "Ilse Marten had hired him.", False),
        (OPENAI, "Priya Raman steps down", "The CFO of Pellucid often criticised OpenAI.", False),
        # how certain, whatever the watch is made of
        (
            WatchSpec("w", keywords=("leaving OpenAI",), certainty=("stated",)),
            DENIED,
            "",
            False,
        ),
        (WatchSpec("w", keywords=("leaving OpenAI",)), DENIED, "", True),
        (
            WatchSpec("w", query="event:departure", certainty=("stated",)),
            DENIED,
            "",
            False,
        ),
        (WatchSpec("w", query="event:departure", certainty=("background",)), "Should Priya Raman quit?", "", True),
        # all that a query says of an event is true of one event
        (
            WatchSpec("w", query="event:departure AND organisation:OpenAI"),
            JOINS,
            "",
            False,
        ),
        (WatchSpec("w", query="event:arrival AND organisation:OpenAI"), JOINS, "", True),
        (
            WatchSpec("w", query="event:departure AND NOT event:arrival"),
            JOINS,
            "",
            False,
        ),
        (WatchSpec("w", query='organisation:"Open AI"'), "Open AI ousts its CFO", "", True),
        # other spellings stand for the name
        (WatchSpec("w", events=("departure",), organisations=("Open AI",)), "OpenAI ousts its CFO", "", True),
        (WatchSpec("w", events=("departure",), organisations=("openai",)), "Open AI ousts its CFO", "", True),
        (WatchSpec("w", keywords=("leaving Open AI",)), "OpenAI ousts its CFO", "", True),
        # where it stands
        (WatchSpec("w", events=("departure",), where=(Part.BODY,)), "News", "First.\nOpenAI ousts its CFO.", True),
        (WatchSpec("w", events=("departure",)), "News", "First.\nOpenAI ousts its CFO.", False),
        (
            WatchSpec("w", events=("departure",), where=(Part.LEDE,)),
            "OpenAI CFO quits",
            "OpenAI’s CFO quits on Friday.",
            True,
        ),
        (
            WatchSpec("w", keywords=("outage",), exclude=("sponsored",), where=(Part.TITLE,)),
            "Outage",
            "Sponsored.",
            False,
        ),
        # the events of two texts are one only when they are of the same people or organisation
        (
            WatchSpec("w", events=("departure",), organisations=("Tarn Systems",)),
            "Ilse Marten leaves Corvid AI",
            "Meanwhile, two researchers quit Tarn Systems.",
            True,
        ),
        # capital letters tell names from words
        (WatchSpec("w", people=("Larry Page",)), "How to Page a Doctor in Ten Minutes", "", False),
        (WatchSpec("w", people=("Larry Page",)), "Larry Page on pasta", "", True),
        (WatchSpec("w", people=("Larry Page",)), "CEO Page on pasta", "", True),
        (WatchSpec("w", organisations=("Apple",)), "An apple a day", "", False),
        (WatchSpec("w", people=("Sebastian Coe",)), "Co-founder wins a prize", "", False),
        (WatchSpec("w", people=("Jane Doe",)), "Do you need a new phone?", "", False),
        (WatchSpec("w", people=("Lech Wałęsa",)), "Walesa speaks", "", True),
        (WatchSpec("w", people=("Jonas Støre",)), "Jonas Store speaks", "", True),
        (WatchSpec("w", people=("Ilse Marten-Vale",)), "Jonas Marten-Vale wins the cup", "", False),
        (WatchSpec("w", keywords=("Rose",)), "Prices are rising", "", False),
        (WatchSpec("w", keywords=("outage",), sources=("AP",)), "An outage", "", False),
    ],
)
def test_a_watch_wants_its_own_news(spec: WatchSpec, title: str, summary: str, expected: bool) -> None:
    """And answers the same alone as among others that share its words."""
    news = item(title, summary, outlet="Japan Ledger")
    openai = Alias("OpenAI", ("Open AI",))
    others = (WatchSpec("x", where=(Part.BODY,), keywords=("news",)), WatchSpec("y", organisations=("Google OpenAI",)))
    alone = match_item(news, watchlist(spec, organisations=(openai,))).matches
    among = match_item(news, watchlist(spec, *others, organisations=(openai,))).matches

    assert any(match.background is None for match in alone) is expected
    assert [match.background is None for match in among if match.watch == "w"] == [
        match.background is None for match in alone
    ]


@pytest.mark.parametrize(
    ("query", "message"),
    [('"a b"~1.5', "must be whole"), ('"a b"~9999', "50 at most"), ('source:"!!"', "has no word behind it")],
)
def test_a_query_that_cannot_work_is_refused(query: str, message: str) -> None:
    """With what is wrong, at its place."""
    with pytest.raises(WatchError, match=message) as caught:
        watchlist(WatchSpec("w", query=query))
    assert caught.value.column
