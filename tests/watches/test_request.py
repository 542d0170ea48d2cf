"""How a line of chat is understood."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import WatchError
from bot.core.model import Alias, Priority, WatchSpec
from bot.watches.request import understand_request

PEOPLE = (Alias("Ilse Marten", ("I. Marten", "ilsemarten")),)
PLACES = (Alias("Corvid AI", ("Corvid",)),)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("Ilse Marten", {"people": ("Ilse Marten",)}),
        ("ilsemarten", {"people": ("Ilse Marten",)}),
        ("corvid", {"organisations": ("Corvid AI",)}),
        ("Andrej Karpathy", {"people": ("Andrej Karpathy",)}),
        ("OpenAI", {"organisations": ("OpenAI",)}),
        ("Karpathy", {"keywords": ("Karpathy",)}),
        ("Tarn Systems", {"organisations": ("Tarn Systems",)}),
        ("departures at OpenAI", {"events": ("departure",), "organisations": ("OpenAI",)}),
        ("Departures from OpenAI, Anthropic", {"events": ("departure",), "organisations": ("OpenAI", "Anthropic")}),
        ("departures and hires at OpenAI", {"events": ("departure", "arrival"), "organisations": ("OpenAI",)}),
        ("departures of Ilse Marten", {"events": ("departure",), "people": ("Ilse Marten",)}),
        ("who leaves OpenAI", {"events": ("departure",), "organisations": ("OpenAI",)}),
        ("who joins Corvid", {"events": ("arrival",), "organisations": ("Corvid AI",)}),
        ("OpenAI layoffs", {"events": ("layoffs",), "organisations": ("OpenAI",)}),
        ("outages", {"events": ("outage",)}),
        ("lawsuits against Meta", {"events": ("lawsuit",), "organisations": ("Meta",)}),
        (
            "Andrej Karpathy leaving OpenAI",
            {"events": ("departure",), "people": ("Andrej Karpathy",), "organisations": ("OpenAI",)},
        ),
        ("departures and OpenAI", {"keywords": ("departures and OpenAI",)}),
        ("departures of Ilse Marten, Corvid", {"keywords": ("departures of Ilse Marten", "Corvid")}),
        ("Petra leaving OpenAI", {"keywords": ("Petra leaving OpenAI",)}),
        ("leaving OpenAI", {"keywords": ("leaving OpenAI",)}),
        ('"leaving OpenAI"', {"keywords": ('"leaving OpenAI"',)}),
        ("quantum computing", {"keywords": ("quantum computing",)}),
        ("hiring freeze", {"keywords": ("hiring freeze",)}),
        ("news about OpenAI not podcast, rumour", {"organisations": ("OpenAI",), "exclude": ("podcast", "rumour")}),
        ("high: Ilse Marten", {"people": ("Ilse Marten",), "priority": Priority.HIGH}),
        ("low priority: outages", {"events": ("outage",), "priority": Priority.LOW}),
        ("Ilse Marten, OpenAI", {"keywords": ("Ilse Marten", "OpenAI")}),
        ("event:departure AND OpenAI", {"query": "event:departure AND OpenAI"}),
        ("/gpt-[0-9]/", {"regex": ("gpt-[0-9]",)}),
        ("AI/ML", {"keywords": ("AI/ML",)}),
    ],
)
def test_a_line_is_understood(line: str, wanted: dict[str, Any]) -> None:
    """People, organisations, events, words: as people write them."""
    spec = understand_request(line, "me", PEOPLE, PLACES)

    assert spec.name == f"me/{line}"
    assert spec.to == ("me",)
    plain = WatchSpec("")
    fields = [field for field in WatchSpec.__slots__ if field not in {"name", "to"}]
    assert {field: getattr(spec, field) for field in fields if getattr(spec, field) != getattr(plain, field)} == wanted


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "no word in it"),
        ("!!! ...", "no word in it"),
        ("x" * 301, "longer than 300"),
        ("event:foo AND x", 'there is no event "foo"'),
        ("title:(a", "parentheses do not match"),
        ("/(a/", "cannot be understood"),
        ("a AND " * 40 + "b", None),
        ("OpenAI not ???", None),
    ],
)
def test_what_cannot_be_watched_is_said(line: str, words: str | None) -> None:
    """With what is wrong; None: it can be."""
    if words is None:
        understand_request(line, "me")
        return
    with pytest.raises(WatchError, match=words):
        understand_request(line, "me")


@given(st.text(max_size=80))
def test_any_line_is_a_watch_or_a_clear_error(line: str) -> None:
    """Nothing that people type breaks it."""
    with suppress(WatchError):
        assert understand_request(line, "me", PEOPLE, PLACES).to == ("me",)
