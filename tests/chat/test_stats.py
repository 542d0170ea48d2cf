"""What a chat was told, counted and drawn."""

import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from PIL import Image

from bot.chat.chart import draw
from bot.core.model import Stats
from tests.chat.bed import ADA, GROUP, OWNER, Chatroom

NOTHING = Stats(date(2026, 2, 2), 30, 0, {}, [], None, None)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Chatroom]:
    with Chatroom(tmp_path, outlets=2) as room:
        room.news("an old thing", outlet="ledger")
        room.news("one more", outlet="wireline")
        yield room


def stats(room: Chatroom, chat: str = "me") -> Stats:
    return room.run(room.store.chats.stats(chat, room.clock.now(), 30))


def test_what_was_told_is_counted(room: Chatroom) -> None:
    """Reports a day for each watch, stories, who broke them, and how soon they were told."""
    assert (stats(room).stories, stats(room).mentions) == (0, {})
    room.news("Ilse Marten leaves Pellucid", outlet="ledger")
    room.news("Marten quits Pellucid", outlet="wireline")
    room.clock.move(days=1)
    room.news("Ilse Marten founds a lab", outlet="wireline")
    found = stats(room)

    assert found.stories == 2
    assert list(found.mentions) == ["Marten"]
    assert list(found.mentions["Marten"])[-2:] == [2, 1]
    assert list(found.outlets) == [("The Ledger", 1), ("Wireline", 1)]
    assert found.from_poll is not None
    assert 0 < found.from_poll[0] <= found.from_poll[1] < 120


def test_a_chat_counts_its_own(room: Chatroom) -> None:
    """What another chat was told, and how its watches are called, is not in it."""
    (asked,) = room.say("/watch Petra Varga", GROUP, user=ADA)
    room.press(asked, "Watch it", user=ADA)
    room.news("Petra Varga leaves Pellucid", outlet="ledger")

    assert stats(room).stories == 0
    assert list(stats(room, "team").mentions) == ["team/Petra Varga"]


def test_days_are_those_of_the_chat(room: Chatroom) -> None:
    """An evening in London is the next day in Auckland."""
    room.clock.move(hours=4)
    room.news("Ilse Marten leaves Pellucid", outlet="ledger")
    room.ask("/timezone Pacific/Auckland")
    assert stats(room).start.day == 3
    assert stats(room, "team").start.day == 2


def test_the_picture_is_sent(room: Chatroom) -> None:
    """As a photo with a caption, from the same command."""
    (answer,) = room.say("/stats")

    assert answer.photo is not None
    assert answer.text.startswith("The last 30 days: 0 stories")


@pytest.mark.parametrize(
    "values",
    [
        NOTHING,
        Stats(date(2026, 2, 2), 30, 9, {"a": [1000] * 30, "b": [1] * 30}, [], None, None),
        Stats(date(2026, 2, 2), 30, 1, {"me/x": [0] * 29 + [1]}, [("The Ledger", 1)], None, (1.0, 1.0)),
        Stats(
            date(2026, 2, 2),
            30,
            9_000,
            {f"watch {n} {'x' * 90} 名前 🎉": [n] * 30 for n in range(500, 0, -1)},
            [(f"Outlet {n} {'y' * 90} Ωμέγα", n) for n in range(500, 0, -1)],
            (90_000.0, 1e6),
            (0.2, 9.0),
        ),
    ],
    ids=["nothing", "thin", "one", "very many"],
)
def test_any_values_are_drawn_the_same_way_each_time(values: Stats) -> None:
    """A PNG of one size that a phone shows well; long names and signs that no font has break nothing."""
    picture = draw(values, "me")

    assert picture == draw(values, "me")
    assert len(picture) < 120_000
    with Image.open(io.BytesIO(picture)) as image:
        assert (image.format, image.size) == ("PNG", (1280, 860))
        assert len(image.getcolors(256) or ()) > 3, "something is drawn"


def test_what_others_watch_is_one_bar(room: Chatroom) -> None:
    """Of many watches the busiest are drawn by themselves, the rest together: nothing is left out."""
    few = {f"w{n}": [9 - n] * 30 for n in range(8)}
    many = {**few, "w8": [1] * 30}
    values = Stats(date(2026, 2, 2), 30, 9, few, [], None, None)

    assert draw(values, "me") != draw(Stats(date(2026, 2, 2), 30, 9, many, [], None, None), "me")
    assert room.api.messages(OWNER)
