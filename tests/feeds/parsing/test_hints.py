"""What a feed says of when to ask."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import Hints
from bot.feeds.parsing.hints import read_hints
from tests.builders import Entry, rss


def hints(extra: str) -> Hints:
    return read_hints(rss([Entry("x")], extra=extra))


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ("", Hints()),
        ("<ttl>60</ttl>", Hints(ttl=timedelta(hours=1))),
        ("<ttl>soon</ttl>", Hints()),
        ("<skipHours><hour>0</hour><hour> 24 </hour><hour>77</hour></skipHours>", Hints(skip_hours=frozenset({0}))),
        ("<skipDays><day>Sunday</day><day>Noday</day></skipDays>", Hints(skip_days=frozenset({6}))),
        ("<sy:updatePeriod>\n\tdaily\t</sy:updatePeriod>", Hints(period=timedelta(days=1))),
        (
            "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>",
            Hints(period=timedelta(hours=6)),
        ),
        ("<sy:updatePeriod>now and then</sy:updatePeriod>", Hints()),
    ],
)
def test_hints_are_read(extra: str, expected: Hints) -> None:
    """And nonsense is none."""
    assert hints(extra) == expected


def test_the_words_of_entries_are_no_hints() -> None:
    """They stand before the first one."""
    assert read_hints(b"<rss><channel><item><ttl>60</ttl></item></channel></rss>") == Hints()


@given(st.binary(max_size=300))
def test_any_bytes_give_hints(body: bytes) -> None:
    """Never an exception."""
    assert read_hints(b"<skipHours>" + body) is not None
