"""A person says that two stories are one, or that a report is another story: the messages follow."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.desk.regroup import regroup
from bot.model import Regrouped, Regrouping, WatchSpec
from tests.chat.bed import ADA, GROUP, OWNER, Chatroom
from tests.servers.bot_api import Message

FIRST = "Petra Varga unveils plan for a quantum chip plant in Dresden"
SECOND = "Varga's quantum chip plant: what we know about the plan for Dresden"
AKIN = "Petra Varga and the Dresden question"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Chatroom]:
    with Chatroom(tmp_path, [WatchSpec("all", to=("me", "team"), query="*")], outlets=2) as room:
        room.news("an old thing", outlet="ledger")
        room.news("one more old thing", outlet="wireline")
        room.news(FIRST, outlet="ledger")
        yield room


def story(room: Chatroom, title: str, chat: int = OWNER) -> Message:
    """Return the message with a headline, as it is now."""
    (found,) = [one for one in room.api.messages(chat) if one.text.startswith(title) and one.buttons]
    return found


def choose(room: Chatroom, message: Message, label: str, user: int | None = None) -> str:
    room.press(message, "···", user=user)
    toast = room.press(message, label, user=user)
    room.decide()
    return toast


def labels(message: Message) -> list[str]:
    return [button["text"] for button in message.buttons]


def rows(room: Chatroom, query: str) -> list[Any]:
    return room.run(room.store.chats._connection.read(lambda db: db.execute(query).fetchall()))


def assert_a_restart_would_know_the_same(room: Chatroom) -> None:
    """See that what the desk keeps in memory is what it would learn from the database."""
    memory = room.newsroom.desk._memory
    assert memory is not None
    learnt = room.run(room.newsroom.desk._remember())
    for known in (memory, learnt):
        known.told = {chat: dict(sorted(told.items())) for chat, told in sorted(known.told.items()) if told}
    assert list(memory.stories._live.values()) == list(learnt.stories._live.values())
    assert memory.stories._places._numbers == learnt.stories._places._numbers
    assert (memory.told, memory.last_story) == (learnt.told, learnt.last_story)


def test_a_story_of_one_report_is_not_taken_apart(room: Chatroom) -> None:
    """There is no such button, and a press that was forged comes to nothing."""
    room.press(story(room, FIRST), "···")
    assert "Not this story" not in labels(story(room, FIRST))
    data = next(b["callback_data"] for b in story(room, FIRST).buttons if b["text"] == "Why?")
    before = rows(room, "select id, facts from stories")
    room.press_data(story(room, FIRST), data.replace("w:", "n:"), OWNER)
    room.decide()

    assert rows(room, "select id, facts from stories") == before


@pytest.mark.parametrize("restarts", [False, True])
def test_a_report_is_split_off_and_told_by_itself(room: Chatroom, restarts: bool) -> None:
    """In every chat that was told: the message loses the report, which gets one of its own; later ones keep apart."""
    room.news(SECOND, outlet="wireline")
    assert "2 sources" in story(room, FIRST).text
    if restarts:
        room.restart()
    assert "another story" in choose(room, story(room, FIRST), "Not this story")
    assert_a_restart_would_know_the_same(room)
    if restarts:
        room.restart()

    for chat in (OWNER, GROUP):
        assert "Wireline" not in story(room, FIRST, chat).text
        assert "Wireline" in story(room, SECOND, chat).text
    assert rows(room, "select count(*) from story_sources where story_id = 1") == [(1,)]
    assert "made a story of its own by a person" in room.ask("/why", reply_to=story(room, SECOND).id)
    assert "Varga's" not in room.ask("/why", reply_to=story(room, FIRST).id)
    room.restart()
    room.news("Varga's quantum chip plant: what we know about the plan", outlet="ledger")
    assert "2 sources" in story(room, SECOND).text
    assert "2 sources" not in story(room, FIRST).text


async def both(room: Chatroom) -> tuple[Regrouping | None, Regrouped]:
    """Return what is asked, and what comes of it, uncommitted."""
    asked = await room.store.regroup.next_regrouping()
    assert asked is not None
    desk = room.newsroom.desk
    return asked, regroup(asked, desk.watchlist, await desk._remember())


def test_it_happens_once_though_asked_again(room: Chatroom) -> None:
    """Pressing twice splits nothing more, for one report is left."""
    room.news(SECOND, outlet="wireline")
    message = story(room, FIRST)
    room.press(message, "···")
    data = next(b["callback_data"] for b in story(room, FIRST).buttons if b["text"] == "Not this story")
    for _ in range(2):
        room.press_data(message, data, OWNER)
    (asked, done) = room.run(both(room))
    assert asked is not None
    room.run(room.store.regroup.commit_regrouping(done))
    room.run(room.store.regroup.commit_regrouping(done))
    room.restart()
    room.decide()

    assert len([one for one in room.api.messages(OWNER) if SECOND[:20] in one.text]) == 1
    assert rows(room, "select count(*) from stories") == [(2,)]


@pytest.mark.parametrize("restarts", [False, True])
def test_two_stories_become_one(room: Chatroom, restarts: bool) -> None:
    """The first message has both reports, the other points to it, also in the other chat; what comes next joins it."""
    room.news(AKIN, outlet="wireline")
    room.press(story(room, AKIN), "···")
    assert "Same story" in labels(story(room, AKIN)), "the two have to be alike, but not surely the same"
    if restarts:
        room.restart()
    assert "one story" in room.press(story(room, AKIN), "Same story")
    room.decide()
    assert_a_restart_would_know_the_same(room)
    assert rows(room, "select id from stories") == [(1,)]

    for chat in (OWNER, GROUP):
        assert "2 sources" in story(room, FIRST, chat).text
        (pointer,) = [one for one in room.api.messages(chat) if one.text.startswith("One story with")]
        assert pointer.text.splitlines()[0] == f"One story with {FIRST}"
        assert pointer.buttons == ()
    assert "joined with another story by a person" in room.ask("/why", reply_to=story(room, FIRST).id)
    assert rows(room, "select count(*) from story_sources where item_id = 4") == [(1,)]
    room.restart()
    room.press(story(room, FIRST), "Follow")
    assert "Following ✓" in labels(story(room, FIRST))


def test_a_chat_that_knew_only_one_of_them_goes_on_with_it(tmp_path: Path) -> None:
    """Its message becomes that of the whole story, and grows."""
    watches = [
        WatchSpec("all", to=("me",), query="*"),
        WatchSpec("question", to=("team",), keywords=("question",)),
    ]
    with Chatroom(tmp_path, watches, outlets=2) as room:
        room.news("an old thing", outlet="ledger")
        room.news("one more old thing", outlet="wireline")
        room.news(FIRST, outlet="ledger")
        room.news(AKIN, outlet="wireline")
        before = story(room, AKIN, GROUP)
        choose(room, before, "Same story", user=ADA)

        (only,) = [one for one in room.api.messages(GROUP) if "quantum chip plant" in one.text]
        assert "2 sources" in only.text
        assert "Follow" in labels(only)
        room.press(only, "Mute story", user=ADA)
        assert "Muted ✓" in labels(story(room, FIRST, GROUP))
        assert "Mute story" in labels(story(room, FIRST))
        room.press_data(only, before.buttons[1]["callback_data"], ADA)
        assert "Following ✓" in labels(story(room, FIRST, GROUP)), "the buttons of before are not dead"


def test_a_report_that_is_no_source_moves_along(room: Chatroom) -> None:
    """An outlet that reported the second story twice: all that is known of it is of the first story from then on."""
    room.news(AKIN, outlet="wireline")
    room.news("Petra Varga and the Dresden question again", outlet="wireline")
    choose(room, story(room, AKIN), "Same story")

    assert rows(room, "select distinct story_id from hits") == [(1,)]
    assert "2 sources" in story(room, FIRST).text
