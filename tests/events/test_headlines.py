"""Events are read right in headlines of every wording family; what is read wrong is written down."""

import re
from importlib import resources
from pathlib import Path

import pytest

from bot.events.lexicon import compile_lexicon, lexicon
from tests.events.headlines import FOLDER, cases, is_right, read, shares

PEOPLE = frozenset({"departure", "arrival"})
# A file of an event's own name is about that event; the others, like those two, are about people who come and go.
FILES = {
    path.stem: frozenset({path.stem}) if path.stem in lexicon().kinds.keys() - PEOPLE else PEOPLE
    for path in sorted(FOLDER.glob("*.txt"))
}
COUNTS = {"departure": 150, "arrival": 120, "pairs": 300, "certainty": 100, "names": 50, "posts": 180, "firms": 60}
SHARES = {"pairs": 0.95, "certainty": 0.75, "posts": 0.95, "firms": 0.95, "almost": 0.95}
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


def test_the_list_holds_nothing_else() -> None:
    """What is listed as read wrong stands in a file."""
    assert known_wrong() <= {case.headline for name in FILES for case in cases(name)}


@pytest.mark.parametrize("name", FILES)
def test_enough_is_read_right(name: str) -> None:
    """There are enough cases, and enough of them are right."""
    found = list(cases(name))

    assert len(found) >= COUNTS.get(name, 20)
    assert sum(is_right(case, FILES[name]) for case in found) >= SHARES.get(name, 0.8) * len(found)


def test_every_event_has_its_headlines() -> None:
    """An event comes with a file of its own."""
    assert lexicon().kinds.keys() <= FILES.keys()


def test_the_organisation_is_read() -> None:
    """Of the events that are found, nearly all with the organisation they are of."""
    right = total = 0
    for case in (
        case
        for name in ("departure", "arrival", "names", "pairs", "posts", "firms", "newcomers")
        for case in cases(name)
    ):
        for expected in (expected for expected in case.expected if expected.organisation):
            found = [event for event in read(case.headline) if event.kind == expected.kind]
            total += bool(found)
            right += any(shares(event.organisations, expected.organisation) for event in found)

    assert total >= 400
    assert right >= 0.88 * total


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
    """The null control: with no blocker in the lexicon, too many pairs are wrong."""
    toml = resources.files("bot.events").joinpath("frames.toml").read_text("utf-8")
    start, end = toml.index("[[blocker]]"), toml.index("[certainty.")
    blind = compile_lexicon(f"blocker = []\n{toml[:start]}{toml[end:]}")
    found = list(cases("pairs"))

    assert sum(is_right(case, PEOPLE, blind) for case in found) < 0.9 * len(found)
