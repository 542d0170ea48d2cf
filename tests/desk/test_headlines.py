"""Events are read right in headlines of every wording family; what is read wrong is written down."""

import re
from pathlib import Path

import pytest

from tests.desk.headlines import cases, is_right, read

PEOPLE = frozenset({"departure", "arrival"})
FILES = {
    **dict.fromkeys(("departure", "arrival", "pairs", "certainty", "names"), PEOPLE),
    **{kind: frozenset({kind}) for kind in ("funding", "acquisition", "layoffs", "launch", "lawsuit", "outage")},
}
LEXICON = Path(__file__).parents[2] / "docs" / "lexicon.md"


def known_wrong() -> set[str]:
    """Return the headlines that the documentation lists as read wrong."""
    return set(re.findall(r"^- `(.+)`$", LEXICON.read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("name", FILES)
def test_what_is_read_wrong_is_written_down(name: str) -> None:
    """A headline that turns wrong has to be mended or listed; one that turns right has to come off the list."""
    found = list(cases(name))
    wrong = {case.headline for case in found if not is_right(case, FILES[name])}

    assert wrong == known_wrong() & {case.headline for case in found}


@pytest.mark.parametrize(
    ("name", "count", "share"),
    [
        ("departure", 150, 0.85),
        ("arrival", 120, 0.85),
        ("pairs", 300, 0.94),
        ("names", 50, 0.80),
        ("funding", 20, 0.80),
        ("acquisition", 20, 0.80),
        ("layoffs", 20, 0.80),
        ("launch", 20, 0.80),
        ("lawsuit", 20, 0.80),
        ("outage", 20, 0.80),
    ],
)
def test_enough_is_read_right(name: str, count: int, share: float) -> None:
    """There are enough cases, and enough of them are right."""
    found = list(cases(name))

    assert len(found) >= count
    assert sum(is_right(case, FILES[name]) for case in found) >= share * len(found)


def test_how_certain_it_is() -> None:
    """Planned, reported and denied events are told apart where they are found."""
    right = total = 0
    for case in cases("certainty"):
        for expected in case.expected:
            found = [event for event in read(case.headline) if event.kind == expected.kind]
            total += bool(found)
            right += bool(found) and found[0].certainty == expected.certainty

    assert total >= 100
    assert right >= 0.85 * total


def test_a_reader_that_knows_no_background_would_be_caught() -> None:
    """The null control: without what rules events out, far fewer pairs are right."""
    found = list(cases("pairs"))
    blind = sum(bool(case.expected) for case in found)

    assert blind < 0.7 * len(found)
