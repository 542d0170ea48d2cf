"""What is told in an answer to a story, through the door of the desk: an item's decision."""

from datetime import timedelta

import pytest

from bot.desk.decide import Memory, decide_items
from bot.desk.stories import Stories
from bot.model import Action
from tests.desk.builders import item
from tests.desk.stories import ALL

WINDOW = timedelta(hours=72)
ALERT, UPDATE, REPLY = Action.ALERT, Action.UPDATE, Action.REPLY
BLAST = ("Gas pipeline blast in Tarn", "Explosion on Tarn gas pipeline")


def actions(*titles: str, hours: float = 2) -> list[Action]:
    """Return what is decided about headlines of different outlets, some hours apart."""
    items = [item(title, number=n, outlet=f"Outlet {n}", hours=n * hours) for n, title in enumerate(titles)]
    return [decision.action for decision in decide_items(items, ALL, Memory(Stories(WINDOW))).decisions]


@pytest.mark.parametrize(
    ("titles", "last"),
    [
        ((*BLAST, "Operator Keystead says valve failed in Tarn blast"), REPLY),
        ((*BLAST, "Keystead valve failed in Tarn blast"), ALERT),  # nobody speaks: it may be another thing
        (
            (BLAST[0], "Operator Keystead says valve failed in Tarn blast"),
            ALERT,
        ),  # one outlet alone may mean something else
    ],
)
def test_who_speaks_needs_little_likeness(titles: tuple[str, ...], last: Action) -> None:
    """What is said of a story that several outlets tell is an answer to it, worded however far from it."""
    assert actions(*titles)[-1] is last
