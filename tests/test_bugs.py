"""A bug ends the process loudly; whatever it chokes on is laid aside, so that the next start goes on past it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.core.model import WatchSpec
from bot.delivery.render import render
from bot.feeds.identity import keyed
from bot.watches.match import match_item
from tests.builders import Entry, rss
from tests.chat.bed import GROUP, OWNER, Chatroom
from tests.feeds.bed import Bed, news
from tests.feeds.bed import run as run_fetch_stage

POISON = "Petra Varga joins Poison Labs"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Chatroom]:
    with Chatroom(tmp_path, [WatchSpec("all", to=("me", "team"), query="*")]) as room:
        room.news("an old story")
        yield room


def with_a_bug(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of the product with a bug that one headline wakes."""

    def buggy(*values: Any, **more: Any) -> Any:
        if "Poison" in repr(getattr(values[0], "story", values[0])):
            raise ZeroDivisionError("division by zero")
        return function(*values, **more)

    return buggy


def heads(room: Chatroom, chat: int) -> list[str]:
    """Return what a chat was told, by first lines; notices left out."""
    texts = [message.text.splitlines()[0] for message in room.api.messages(chat)]
    return [text for text in texts if "has a bug" not in text]


def test_a_headline_that_the_decide_stage_chokes_on(room: Chatroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came with it is told, and the owner reads it as it stands; the bug is still there at the next start."""
    monkeypatch.setattr("bot.alerts.decide.match_item", with_a_bug(match_item))
    with pytest.raises(ZeroDivisionError):
        room.news("Ilse Marten leaves Corvid", POISON, "An outage at Pellucid")
    room.restart()
    room.decide()
    room.news("Quantum chips are here")

    assert heads(room, GROUP) == ["Ilse Marten leaves Corvid", "An outage at Pellucid", "Quantum chips are here"]
    (notice,) = [message.text for message in room.api.messages(OWNER) if "has a bug" in message.text]
    assert notice.replace("\u2060", "").splitlines()[1:] == [POISON, "https://ledger.example/2"]
    assert "Tipoff has a bug (ZeroDivisionError)" in room.ask("/why https://ledger.example/2")


def test_without_that_every_start_would_end_there(room: Chatroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the check above would say of a decide stage that only raises."""
    monkeypatch.setattr("bot.alerts.decide.match_item", with_a_bug(match_item))

    async def nothing(items: object) -> None:
        pass

    for _ in range(3):
        monkeypatch.setattr(room.decide_stage, "_skip_failing", nothing)
        with pytest.raises(ZeroDivisionError):
            room.news("Ilse Marten leaves Corvid", POISON)
        room.restart()
    assert heads(room, GROUP) == []


def test_a_message_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner is told of it in plain words; the chat goes on."""
    with Chatroom(tmp_path, [WatchSpec("all", to=("team",), query="*")]) as room:
        room.news("an old story")
        monkeypatch.setattr("bot.delivery.stage.render", with_a_bug(render))
        with pytest.raises(ZeroDivisionError):
            room.news(POISON)
        room.restart()
        room.news("Ilse Marten leaves Corvid")

        assert heads(room, GROUP) == ["Ilse Marten leaves Corvid"]
        (notice,) = [message.text for message in room.api.messages(OWNER) if "has a bug" in message.text]
        assert POISON in notice


def test_a_feed_that_the_wire_chokes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a feed that fails, and waits as such; the others are read at the next start."""

    async def work(bed: Bed) -> None:
        bed.server.serve("/a", news(1))
        bed.server.serve("/b", rss([Entry("Poison", "https://b.example/1", "1")]))
        monkeypatch.setattr("bot.feeds.poller.keyed", with_a_bug(keyed))
        with pytest.raises(ZeroDivisionError):
            await bed.pass_once()
        asked = len(bed.server.requests)
        await bed.store.fetch.reclaim()
        await bed.pass_after(minutes=1)
        assert all(request.path == "/a" for request in bed.server.requests[asked:])
        health = {feed.name: feed.error for feed in await bed.feeds()}
        assert health["/b"] == "a bug of Tipoff: ZeroDivisionError: please report it"
        assert health["/a"] is None

    run_fetch_stage(work, "/a", "/b")
