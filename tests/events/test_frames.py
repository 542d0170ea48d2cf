"""Any text is read, whatever stands in it; an article gives its news and, apart from it, its background.

TIPOFF_TEXTS sets how many generated texts are read (2,000 in the ordinary suite).
"""

import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.model import Alias, Event, Part, WatchSpec
from bot.core.text import Text
from bot.events.frames import read_events
from bot.events.lexicon import compile_lexicon, lexicon
from bot.watches.match import explain_match
from tests.events.headlines import cases
from tests.stories.builders import item, watchlist

TEXTS = int(os.environ.get("TIPOFF_TEXTS", "2000"))
MARTEN = Alias("Ilse Marten")


def read(text: str) -> tuple[Event, ...]:
    return read_events(Text(text), Part.TITLE, (), lexicon())


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_no_text_raises(text: str) -> None:
    """And the evidence of every event stands in the text."""
    for event in read(text):
        assert all(piece.text in text for piece in event.evidence)


def test_words_of_the_lexicon_in_any_order_are_read() -> None:
    """Texts made of what the engine reacts to most: its own words, names, marks and cases in a heap."""
    chance = random.Random(7)
    words = [*lexicon().entries, "Ilse", "Marten", "Corvid", "OpenAI", "$10M", "2017", "J.", "@karpathy", "’s", "Kim"]
    marks = (" ", " ", " ", " ", ", ", ": ", " – ", "’s ", "-", ". ", "? ", ' "', "” ")
    for _ in range(TEXTS):
        chosen = chance.choices(words, k=chance.randrange(1, 30))
        cased = (word.title() if chance.random() < 0.4 else word for word in chosen)
        text = "".join(word + chance.choice(marks) for word in cased)
        for event in read(text):
            assert event.kind in lexicon().kinds
            assert all(piece.text in text for piece in event.evidence)


def test_headlines_cut_and_joined_anywhere_are_read() -> None:
    """Real shapes, damaged: as feeds that cut titles off deliver them."""
    chance = random.Random(8)
    headlines = [case.headline for name in ("departure", "arrival", "pairs") for case in cases(name)]
    for _ in range(TEXTS):
        one, other = chance.choice(headlines), chance.choice(headlines)
        read(one[: chance.randrange(len(one))] + other[chance.randrange(len(other)) :])


ARTICLE = (
    "The head of research at Corvid AI told staff on Monday that Friday is her last day. Initially leaving to join "
    "Tarn Systems in 2017, she came back a year ago. “I had no quarrel with anybody,” she said.\n"
    "Marten’s exit coincides with a year of changes: Corvid AI’s board fired chief executive Petra Varga in May."
)


def test_an_article_gives_its_news_and_keeps_its_background_apart() -> None:
    """The headline is the news; what happened years ago, or stands deep in the text, is kept with the reason."""
    watches = watchlist(
        WatchSpec("w", events=("departure",), organisations=("Corvid AI",)), people=(MARTEN,), organisations=()
    )
    reading, ((_, answer),) = explain_match(item("Ilse Marten is leaving Corvid AI again", ARTICLE), watches)

    assert [(e.kind, e.people, e.organisations, e.certainty) for e in reading.events] == [
        ("departure", ("Ilse Marten",), ("Corvid AI",), "stated")
    ]
    assert answer.match is not None
    assert answer.match.background is None
    told = {(event.kind, event.people) for event in reading.background}
    assert ("departure", ("Petra Varga",)) in told
    assert all(event.ruled_out for event in reading.background)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("WHO leave NOBODY", "there is no slot NOBODY"),
        ("WHO ORG leave", "needs small words after one slot"),
        ("WHO leave (ORG", "a parenthesis is not closed"),
        ("WHO leave ; planed", "there is no certainty 'planed'"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(line: str, message: str) -> None:
    """Whoever adds a wording is told which line is wrong."""
    toml = f'blocker = []\n[certainty]\n[words]\n[departure]\nverbs = ["{line}"]\n'
    with pytest.raises(ValueError, match=message):
        compile_lexicon(toml)


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("blocker = []\n[certainty]\n[words]\npartikel = 'van'", "words: there is no 'partikel'"),
        ("blocker = []\n[certainty.deneid]\n[words]", "certainty: there is no 'deneid'"),
        ("[[blocker]]\nreason = 'x'\nbehnd = ['y']\n[certainty]\n[words]", "blocker: there is no 'behnd'"),
        ("blocker = []\n[certainty]\n[words]\n[a]\nadjunts = []", "a: there is no 'adjunts'"),
        ("blocker = []\n[certainty]\n[words]\n[a]\nimplies = 'b'", "a, implies: there is no 'b'"),
    ],
)
def test_a_slip_in_the_lexicon_is_named(toml: str, message: str) -> None:
    """A key that nobody reads would lose its wordings without a word."""
    with pytest.raises(ValueError, match=message):
        compile_lexicon(toml)
