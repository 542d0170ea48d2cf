"""Settings: declared once, documented from that."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.settings import PollSettings, as_markdown, format_duration, parse_duration, read_section


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
