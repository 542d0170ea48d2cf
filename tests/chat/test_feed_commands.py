"""/feeds, /addfeed and /removefeed, with a publisher who answers."""

from pathlib import Path

from bot.chat.access import MOST_FEEDS
from bot.core.model import AddFeed, FeedSpec
from tests.builders import Entry, rss
from tests.chat.bed import ADA, GROUP, OWNER, Chatroom
from tests.servers.feeds import FeedServer


def test_without_feeds_the_answer_says_how_to_add_one(tmp_path: Path) -> None:
    """An empty list would help nobody."""
    with Chatroom(tmp_path, outlets=0) as room:
        assert "There is no feed yet: /addfeed example.org" in room.ask("/feeds")


def test_of_many_feeds_sixty_are_named(tmp_path: Path) -> None:
    """And how many more there are."""
    feeds = [FeedSpec(f"https://n{number}.example/feed", f"Outlet {number}") for number in range(70)]
    with Chatroom(tmp_path, outlets=0, feeds=feeds) as room:
        text = "\n".join(answer.text for answer in room.say("/feeds"))

    assert text.count("• Outlet") == 60
    assert "and 10 more: tipoff feeds list" in text


def test_a_feed_is_added_once_and_taken_off_where_it_was_added(tmp_path: Path, server: FeedServer) -> None:
    """Another chat cannot take it off; the owner can."""
    server.serve("/feed", rss([Entry("A story", "https://a.example/1", "1")], title="The Gazette"))
    with Chatroom(tmp_path, allow=[server.address]) as room:
        (asked,) = room.say(f"/addfeed {server.url('/feed')}")
        assert room.press(asked, "Add it") == "Added"
        assert "That one is read already" in room.ask(f"/addfeed {server.url('/feed')}")
        assert f"• {server.address} · read never · added in a chat" in room.ask("/feeds")
        assert "was added in another chat" in room.ask(f"/removefeed {server.url('/feed')}", GROUP, user=ADA)
        assert "is read no more" in room.ask(f"/removefeed {server.url('/feed')}")
        assert "No feed is called" in room.ask(f"/removefeed {server.url('/feed')}")


def test_a_yes_that_comes_when_the_chat_is_full_adds_nothing(tmp_path: Path, server: FeedServer) -> None:
    """The feeds that were added between the question and the answer count."""
    server.serve("/feed", rss([Entry("A story", "https://a.example/1", "1")]))
    with Chatroom(tmp_path, allow=[server.address]) as room:
        (asked,) = room.say(f"/addfeed {server.url('/feed')}")
        many = [AddFeed(f"https://n{number}.example/feed", None, OWNER) for number in range(MOST_FEEDS)]
        room.run(room.store.chats.carry_out("me", 77, many, (), room.clock.now()))
        room.press(asked, "Add it")

        assert "as many as there may be" in room.api.messages(OWNER)[-1].text
        assert server.url("/feed") not in {feed.url for feed in room.run(room.store.feeds())}
