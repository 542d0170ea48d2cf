"""Settings: declared once, documented from that."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.settings import (
    LogSettings,
    NetworkSettings,
    PollSettings,
    Size,
    StoreSettings,
    as_markdown,
    format_duration,
    host_and_port,
    parse_duration,
    read_section,
    show,
)


def test_the_page_of_settings_is_up_to_date() -> None:
    """`make docs` writes it; a setting that is not in it fails here."""
    page = Path(__file__).parents[2] / "docs" / "settings.md"

    assert page.read_text("utf-8") == as_markdown()


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("5m", 300), ("1h30m", 5400), ("2d", 172800), ("1h 5m", 3900)]
)
def test_spans_are_read(text: str, seconds: int) -> None:
    """With their units, added up."""
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("value", ["", "5", "5 years", "m5", "-5m", 5, None, "5m later"])
def test_what_is_no_span_is_refused(value: object) -> None:
    """With an example of what would be one."""
    with pytest.raises(ValueError, match="must be a span of time such as"):
        parse_duration(value)


@given(st.integers(0, 10**7))
def test_spans_are_written_as_they_are_read(seconds: int) -> None:
    """There and back."""
    assert parse_duration(format_duration(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


def test_every_problem_of_a_section_is_found() -> None:
    """And what is right counts all the same."""
    poll, problems = read_section(
        PollSettings, {"flor": "5m", "hosts": 0, "max_document": "5 MB", "timeout": True, "max_documents": "1 MB"}
    )

    assert poll.max_document == 5_000_000
    assert [key for key, _ in problems] == ["flor", "hosts", "timeout", "max_documents"]


@pytest.mark.parametrize(
    ("section", "key", "value", "words"),
    [
        (PollSettings, "max_document", "a lot", 'must be a size such as "500 kB" or "10 MB", not \'a lot\''),
        (PollSettings, "max_document", 5_000_000, "must be a size such as"),
        (PollSettings, "max_document", "1 B", "must be 1 kB to 100 MB, not 1 B"),
        (PollSettings, "hosts", "many", "must be a whole number, not 'many'"),
        (PollSettings, "agent", 5, "must be a text in quotes, not 5"),
        (StoreSettings, "path", "", "must be a path in quotes, not ''"),
        (NetworkSettings, "allow", "a:1", "must be a list of texts, not 'a:1'"),
        (NetworkSettings, "allow", [5, "a"], 'and 5 is none; "a" is no exact host:port pair'),
        (LogSettings, "level", "loud", "must be one of debug, info, warning, error, not 'loud'"),
    ],
)
def test_a_wrong_value_is_named_with_what_it_may_be(section: type, key: str, value: object, words: str) -> None:
    """Of every kind: sizes, numbers, texts, paths, lists and choices."""
    ((found, told),) = read_section(section, {key: value})[1]

    assert found == key
    assert words in told


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        (" 127.0.0.1:8080 ", "127.0.0.1:8080"),
        ("NAS.lan:80", "nas.lan:80"),
        ("[::1]:8080", "[::1]:8080"),
        ("[0:0::0001]:8080", "[::1]:8080"),
    ],
)
def test_a_pair_is_read(text: str, pair: str) -> None:
    """An IPv6 address has one form."""
    assert host_and_port(text) == pair


@pytest.mark.parametrize(
    "text", ["a", "a:0", "a:65536", "a:٣", "a b:1", "*:80", "[::g]:80", "[::1:80", "::1]:80", ":80"]
)
def test_what_is_no_pair_is_refused(text: str) -> None:
    """Nothing that could be more than one host."""
    with pytest.raises(ValueError, match="is no exact host:port pair"):
        host_and_port(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [(Size(1500), "1500 B"), (Size(10_000_000), "10 MB"), (("a", "b"), '["a", "b"]'), (5, "5"), (timedelta(0), "0s")],
)
def test_a_value_is_shown_as_it_would_be_written(value: object, text: str) -> None:
    """Sizes and spans in the largest unit in which they are whole."""
    assert show(value) == text
