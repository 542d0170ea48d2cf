"""Forums in which each watch has a topic of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.core.model import ChatSpec, WatchSpec
from tests.chat.bed import ADA, GROUP, Chatroom
from tests.servers.bot_api import Message

FORUM = -1010
WATCHES = (
    WatchSpec("Marten", to=("forum",), people=("Ilse Marten",)),
    WatchSpec("outages", to=("forum",), events=("outage",)),
)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Chatroom]:
    with Chatroom(tmp_path, WATCHES, chats=[ChatSpec("forum", FORUM), ChatSpec("team", GROUP)], outlets=2) as room:
        room.api.add_chat(FORUM, "forum", title="The forum", members={ADA: "administrator"})
        room.news("an old thing", outlet="ledger")
        room.news("one more", outlet="wireline")
        yield room


def told(room: Chatroom, title: str) -> Message:
    return next(one for one in reversed(room.api.messages(FORUM)) if one.text.startswith(title) and one.buttons)


def test_each_watch_has_its_topic(room: Chatroom) -> None:
    """Opened with its first news, kept over a restart; what follows goes there, too."""
    room.news("Ilse Marten leaves Pellucid")
    assert told(room, "Ilse Marten leaves").thread_id is None
    assert "a topic of its own from now on" in room.ask("/topics on", FORUM, user=ADA)
    room.news("Ilse Marten founds a lab")
    room.news("Northgate hit by a long outage")
    marten, outage = told(room, "Ilse Marten founds").thread_id, told(room, "Northgate hit").thread_id
    assert None not in {marten, outage}
    assert marten != outage
    room.restart()
    room.news("Ilse Marten wins a prize")

    assert told(room, "Ilse Marten wins").thread_id == marten
    assert [call.params["name"] for call in room.api.calls_of("createForumTopic")] == ["Marten", "outages"]
    assert "all is told in the chat itself" in room.ask("/topics off", FORUM, user=ADA).lower()
    room.news("Ilse Marten loses a bet")
    assert told(room, "Ilse Marten loses").thread_id is None


def test_a_topic_that_was_deleted_is_opened_anew_and_nothing_is_lost(room: Chatroom) -> None:
    """With the next news, in one message."""
    room.ask("/topics on", FORUM, user=ADA)
    room.news("Ilse Marten founds a lab")
    first = told(room, "Ilse Marten founds").thread_id
    assert first is not None
    room.api.set_topic(FORUM, first, "deleted")
    room.news("Ilse Marten wins a prize")

    assert told(room, "Ilse Marten wins").thread_id not in {None, first}
    assert sum(one.text.startswith("Ilse Marten wins") for one in room.api.messages(FORUM)) == 1


def test_what_belongs_into_a_closed_topic_is_told_in_the_forum(room: Chatroom) -> None:
    """Somebody closed it on purpose; the owner is told, and no other is opened."""
    room.ask("/topics on", FORUM, user=ADA)
    room.news("Ilse Marten founds a lab")
    first = told(room, "Ilse Marten founds").thread_id
    assert first is not None
    room.api.set_topic(FORUM, first, "closed")
    room.news("Ilse Marten wins a prize")
    room.news("Ilse Marten loses a bet")

    assert told(room, "Ilse Marten wins").thread_id is None
    assert told(room, "Ilse Marten loses").thread_id is None
    assert len(room.api.calls_of("createForumTopic")) == 1
    assert any("closed or gone" in one.text for one in room.api.messages(4242))


def test_where_no_topic_may_be_opened_all_is_told_in_the_chat(room: Chatroom) -> None:
    """The right is missing: that is asked once, not for each message."""
    room.ask("/topics on", FORUM, user=ADA)
    room.api.fault(
        "createForumTopic", code=400, description="Bad Request: not enough rights to create a topic", times=9
    )
    room.news("Ilse Marten founds a lab")
    room.news("Ilse Marten wins a prize")

    assert told(room, "Ilse Marten wins").thread_id is None
    assert len(room.api.calls_of("createForumTopic")) == 1


def test_an_answer_that_never_came_makes_no_second_message(room: Chatroom) -> None:
    """At worst there is a topic too many."""
    room.ask("/topics on", FORUM, user=ADA)
    room.api.fault("createForumTopic", when="after", drop=True)
    room.news("Ilse Marten founds a lab")
    for _ in range(4):
        room.tell()

    assert sum(one.text.startswith("Ilse Marten founds") for one in room.api.messages(FORUM)) == 1
    assert told(room, "Ilse Marten founds").thread_id is not None


def test_a_command_is_answered_in_its_topic(room: Chatroom) -> None:
    """Where it was asked, not in the forum's general topic."""
    room.api.set_topic(FORUM, 77, "open")
    room.api.user_text(FORUM, "/watches", user=ADA, thread=77)
    room.hear()

    assert room.api.messages(FORUM)[-1].thread_id == 77


def test_a_group_without_topics_is_told_so(room: Chatroom) -> None:
    """Nothing is changed."""
    assert "has no topics" in room.ask("/topics on", GROUP, user=ADA)
