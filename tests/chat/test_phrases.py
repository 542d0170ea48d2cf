"""Words for answers: pages, what a watch means, spans of time."""

from datetime import timedelta
from typing import Any

import pytest

from bot.chat.phrases import answer_of, meaning
from bot.chat.question_commands import explained
from bot.core.model import Explained, Priority, WatchSpec
from bot.core.phrases import ago, ahead, span
from tests.fakes import NOON


def test_a_long_answer_is_several_messages() -> None:
    """No line is lost or cut, and the buttons stand under the last."""
    answers = answer_of(*(f"line {number} " + "x" * 80 for number in range(100)))

    texts = [line[0].text.split()[1] for answer in answers for line in answer.lines]
    assert len(answers) > 1
    assert texts == [str(number) for number in range(100)]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"people": ("Ilse Marten",), "organisations": ("Corvid",)}, "news with Ilse Marten and Corvid"),
        (
            {"events": ("arrival",), "people": ("Ilse Marten",), "organisations": ("Corvid",)},
            "an arrival of Ilse Marten and Corvid, however it is worded",
        ),
        ({"events": ("layoffs",)}, "layoffs of anybody, anywhere, however it is worded"),
        ({"keywords": ("outage", '"on strike"')}, "the words “outage” or “on strike” exactly so"),
        ({"query": "title:outage"}, "what answers the query title:outage"),
        ({"regex": ("gpt-[0-9]",)}, "what fits the pattern gpt-[0-9]"),
        ({"query": "x", "exclude": ("podcast",)}, "what answers the query x, but not with “podcast”"),
        ({"query": "x", "priority": Priority.HIGH}, "what answers the query x; at any hour"),
        ({"regex": tuple("abcdefghij")}, "what fits the pattern a, b, c, d, e, f, g, h or 2 more"),
    ],
)
def test_a_watch_is_told_in_a_sentence(fields: dict[str, Any], words: str) -> None:
    """Each kind of watch has its own."""
    assert meaning(WatchSpec("x", **fields)) == words


def test_spans_have_their_largest_unit() -> None:
    """Days, hours, minutes or seconds, before or after now, or never."""
    assert [span(seconds) for seconds in (90_000, 7200, 60, 5, -1)] == ["1 d", "2 h", "1 min", "5 s", "0 s"]
    assert (ago(None, NOON), ago(NOON - timedelta(hours=2), NOON)) == ("never", "2 h ago")
    assert (ahead(None, NOON), ahead(NOON, NOON)) == ("never", "now")


def test_of_many_decisions_the_first_are_told() -> None:
    """And how many more there are."""
    one = Explained(1, "Ledger", "A title", None, NOON, "me/x", "me", None, "silent", "too old", None)
    (answer,) = explained([one] * 14, "me", NOON)

    assert sum(piece.text == "silent" for line in answer.lines for piece in line) == 12
    assert answer.lines[-1][0].text == "and 2 more decisions: tipoff why"
