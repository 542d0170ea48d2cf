"""What strangers, plain members, bots and forged presses come to: nothing is changed, by a digest of the database."""

import itertools
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.chat.access import (
    ANONYMOUS_ADMIN,
    FAKE_CHANNEL,
    MOST_COMMANDS,
    MOST_FEEDS,
    MOST_LOOKS,
    MOST_WATCHES,
    TELEGRAM,
)
from bot.core.model import AddFeed, AddWatch, ChatSpec, FeedSpec, Mutation, WatchSpec
from tests.builders import Entry, rss
from tests.chat.bed import ADA, CHANNEL, EVE, GROUP, OWNER, Chatroom
from tests.servers.feeds import FeedServer

COMMAND = "/unwatch Marten"
COMMANDS = (
    COMMAND,
    "/watch Eve",
    "/pause 90d",
    "/quiet 0-23",
    "/expel @ada",
    "/invite",
    "/backup",
    "/start wrong-code",
)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Chatroom]:
    with Chatroom(tmp_path) as room:
        yield room


def message(chat: int, user: int | None, text: str, **more: Any) -> dict[str, Any]:
    kind = {GROUP: "supergroup", CHANNEL: "channel"}.get(chat, "private")
    person = {} if user is None else {"from": {"id": user, "is_bot": False, "first_name": "X"}}
    return {"message_id": 900, "date": 1, "chat": {"id": chat, "type": kind}, "text": text, **person, **more}


def chat_of(number: int, kind: str) -> dict[str, Any]:
    return {"id": number, "type": kind, "title": "X"}


FORWARDED = {"forward_origin": {"type": "hidden_user", "date": 1, "sender_user_name": "Olga"}}
BOT = {"from": {"id": 99, "is_bot": True, "first_name": "Robot"}}
# Who writes → as what the update comes.
INTRUDERS: dict[str, tuple[str, dict[str, Any]]] = {
    "stranger": ("message", message(EVE, EVE, COMMAND)),
    "plain member": ("message", message(GROUP, EVE, COMMAND)),
    "anonymous admin": ("message", message(GROUP, ANONYMOUS_ADMIN, COMMAND, sender_chat=chat_of(GROUP, "supergroup"))),
    "id of anonymous admins": ("message", message(GROUP, ANONYMOUS_ADMIN, COMMAND)),
    "channel in a group": ("message", message(GROUP, FAKE_CHANNEL, COMMAND, sender_chat=chat_of(-77, "channel"))),
    "Telegram itself": ("message", message(GROUP, TELEGRAM, COMMAND, is_automatic_forward=True)),
    "bot": ("message", message(GROUP, 99, COMMAND) | BOT),
    "via a bot": ("message", message(OWNER, OWNER, COMMAND, via_bot={"id": 9, "is_bot": True, "first_name": "B"})),
    "forwarded": ("message", message(OWNER, OWNER, COMMAND, **FORWARDED)),
    "edited": ("edited_message", message(OWNER, OWNER, COMMAND, edit_date=2)),
    "edited post": ("edited_channel_post", message(CHANNEL, None, COMMAND, edit_date=2)),
    "for another bot": ("message", message(OWNER, OWNER, "/unwatch@another_bot Marten")),
    "unknown group": ("message", message(-500, OWNER, COMMAND) | {"chat": chat_of(-500, "group")}),
    "unknown channel": ("channel_post", message(-600, None, COMMAND) | {"chat": chat_of(-600, "channel")}),
    "in another's private chat": ("message", message(OWNER, EVE, COMMAND)),
}


@pytest.mark.parametrize("who", INTRUDERS)
def test_nobody_else_changes_anything(room: Chatroom, who: str) -> None:
    """Not a byte of the database changes, and nothing is answered."""
    kind, update = INTRUDERS[who]
    before, sent = room.state(), len(room.api.calls_of("sendMessage"))
    for command in COMMANDS:
        room.api.push({kind: update | {"text": update["text"].replace(COMMAND, command)}})
        room.hear()

    assert room.state() == before
    assert len(room.api.calls_of("sendMessage")) == sent


def test_whoever_may_would_have_changed_it(room: Chatroom) -> None:
    """The same commands of the owner, of an admin and in the channel do change something: the test above can fail."""
    for chat, user in ((OWNER, OWNER), (GROUP, ADA), (GROUP, OWNER), (CHANNEL, None)):
        before = room.state()
        kind = "channel_post" if chat == CHANNEL else "message"
        room.api.push({kind: message(chat, user, "/quiet 22:00-06:00")})
        room.hear()
        assert room.state() != before


def test_a_hidden_admin_counts_where_the_configuration_says_so(tmp_path: Path) -> None:
    """`anonymous_admins = true`, and only for the group itself."""
    hidden = message(GROUP, ANONYMOUS_ADMIN, "/quiet 22:00-06:00", sender_chat=chat_of(GROUP, "supergroup"))
    with Chatroom(tmp_path, chats=[ChatSpec("team", GROUP, takes_anonymous=True)]) as room:
        before = room.state()
        room.api.push({"message": hidden | {"sender_chat": chat_of(-77, "channel")}})
        room.hear()
        assert room.state() == before
        room.api.push({"message": hidden})
        room.hear()
        assert room.state() != before


def test_what_a_hidden_admin_asks_is_answered_by_any_admin(tmp_path: Path) -> None:
    """Nobody knows who it was: whoever presses comes with an id of their own."""
    hidden = message(GROUP, ANONYMOUS_ADMIN, "/watch Petra Varga", sender_chat=chat_of(GROUP, "supergroup"))
    with Chatroom(tmp_path, chats=[ChatSpec("team", GROUP, takes_anonymous=True)]) as room:
        room.api.push({"message": hidden})
        room.hear()
        asked = room.api.messages(GROUP)[-1]
        assert room.press(asked, "Watch it", user=EVE) == "Only admins of this chat can do that."
        assert room.press(asked, "Watch it", user=ADA) == "Watching"
        assert "Petra Varga" in room.ask("/watches", GROUP, user=ADA)


def test_admins_that_cannot_be_looked_up_are_asked_for_again(room: Chatroom) -> None:
    """Not with every message, and soon."""
    room.api.fault("getChatAdministrators", code=500)
    for _ in range(3):
        room.api.user_text(GROUP, "/quiet 22:00-06:00", user=ADA)
    room.run(room._hear())
    assert len(room.api.calls_of("getChatAdministrators")) == 1
    room.clock.move(seconds=11)
    assert "Quiet from" in room.ask("/quiet 22:00-06:00", GROUP, user=ADA)


def test_a_demoted_admin_is_refused_within_five_minutes(room: Chatroom) -> None:
    """Admins are looked up anew before that."""
    assert "Quiet from" in room.ask("/quiet 22:00-06:00", GROUP, user=ADA)
    room.api._world.chats[GROUP].members[ADA] = "member"
    room.clock.move(minutes=4)
    before = room.state()

    assert room.say("/quiet off", GROUP, user=ADA) == []
    assert room.state() == before


def test_presses_of_others_replayed_forged_or_late_change_nothing(room: Chatroom) -> None:
    """A token counts for its chat and person and time, and an update counts once."""
    room.news("an old story")
    room.news("Ilse Marten leaves Pellucid")
    (told,) = [one for one in room.api.messages(OWNER) if one.text.startswith("Ilse Marten leaves")]
    (in_group,) = [one for one in room.api.messages(GROUP) if one.text.startswith("Ilse Marten leaves")]
    (asked,) = room.say("/watch Petra Varga")
    (group_asked,) = room.say("/watch Petra Varga", GROUP, user=ADA)
    data = {label: button["callback_data"] for label, button in buttons(told, asked)}
    group_data = {label: button["callback_data"] for label, button in buttons(in_group, group_asked)}
    forged = ("", "f", "f:", "f:x", "zz:x", "y:" + "x" * 60, "f:'; drop table marks; --", "d:1:1", data["Follow"] + "x")
    before = room.state()

    tries = [
        *((told, one, EVE, EVE) for one in data.values()),
        *((told, one, EVE, OWNER) for one in data.values()),
        *((in_group, one, EVE, GROUP) for one in (*data.values(), *group_data.values())),
        *((told, one, OWNER, OWNER) for one in group_data.values()),
        *((in_group, one, ADA, GROUP) for one in data.values()),
        (group_asked, group_data["Watch it"], OWNER, GROUP),
        *((told, one, OWNER, OWNER) for one in forged),
        (told, data["Follow"].replace("f:", "y:"), OWNER, OWNER),
        (asked, data["Watch it"].replace("y:", "m:"), OWNER, OWNER),
        (asked, data["Watch it"].replace("y:", "d:") + ":1", OWNER, OWNER),
    ]
    for target, wanted, user, chat in tries:
        toast = room.press_data(target, wanted, user, chat)
        assert room.state() == before, (wanted, user, chat)
        assert toast, "whoever presses is told that nothing comes of it"

    room.clock.move(days=2)
    assert "does not work any more" in room.press_data(asked, data["Watch it"], OWNER)
    assert room.state() == before
    room.press_data(told, data["Follow"], OWNER)
    assert room.state() != before, "the button itself does work"


def buttons(*messages: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for button in itertools.chain.from_iterable(message.buttons for message in messages):
        if "callback_data" in button:
            yield button["text"], button


def is_changed_by_a_replay(room: Chatroom) -> bool:
    """Say whether an update that comes again changes anything, although something else was asked since."""
    again = room.api.user_text(OWNER, "/quiet 22:00-06:00")
    room.hear()
    room.ask("/quiet off")
    after = room.state()
    update = message(OWNER, OWNER, "/quiet 22:00-06:00") | {"message_id": 901}
    room._offset = None
    room.api.push({"update_id": again, "message": update})
    room.hear()
    return room.state() != after


def test_an_update_that_comes_again_counts_once(room: Chatroom) -> None:
    """A crash brings an update again: it changes nothing any more."""
    assert not is_changed_by_a_replay(room)
    assert "No quiet hours" in room.ask("/quiet")


def test_a_bot_that_does_not_know_what_it_did_would_be_seen(room: Chatroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """The null control: it carries the command out once more."""
    monkeypatch.setattr("bot.store.chats.is_handled", lambda db, update_id: False)

    assert is_changed_by_a_replay(room)


def test_too_many_commands_are_refused_and_others_are_served(room: Chatroom) -> None:
    """The 61st of a minute is not carried out, which is said once; another chat goes on."""
    clock_was = room.clock.at
    for _ in range(MOST_COMMANDS + 3):
        room.api.user_text(OWNER, "/quiet 22:00-06:00")
    room.api.user_text(OWNER, "/quiet off")
    room.api.user_text(GROUP, "/quiet 21:00-05:00", user=ADA)
    room.run(room._hear())
    room.clock.at = clock_was + timedelta(hours=1)
    for _ in range(30):
        room.tell()

    texts = [one.text for one in room.api.messages(OWNER) if one.sender == room.bot.id]
    assert sum("too much for a minute" in text for text in texts) == 1
    assert "22:00 to 06:00" in room.ask("/quiet")
    assert "21:00 to 05:00" in room.ask("/quiet", GROUP, user=ADA)


def test_looks_at_pages_are_fewer(room: Chatroom) -> None:
    """Each is a request to somebody: the eleventh of a minute is not made, and other commands are answered."""
    for _ in range(MOST_LOOKS + 1):
        room.api.user_text(OWNER, "/addfeed http://127.0.0.1:1/")
    room.run(room._hear())
    for _ in range(5):
        room.tell()
    texts = [one.text for one in room.api.messages(OWNER)]

    assert sum("No feed was found" in text for text in texts) == MOST_LOOKS
    assert sum("too much for a minute" in text for text in texts) == 1


def test_the_feed_after_a_thousand_is_refused(room: Chatroom) -> None:
    """And another chat goes on adding."""
    many = [AddFeed(f"https://n{n}.example/feed", None, OWNER) for n in range(MOST_FEEDS)]
    room.run(room.store.chats.carry_out("me", 77, many, (), room.clock.now()))

    assert "as many as there may be" in room.ask("/addfeed https://one-more.example/feed")
    assert "No feed was found" in room.ask("/addfeed http://127.0.0.1:1/", GROUP, user=ADA)


def test_the_watch_after_five_hundred_is_refused(room: Chatroom) -> None:
    """One that takes the place of another is not one more."""
    many = [AddWatch(WatchSpec(f"me/w{n}", people=(f"Ada B{n}",)), OWNER) for n in range(MOST_WATCHES)]
    room.run(room.store.chats.carry_out("me", 77, many, (), room.clock.now()))
    room.restart()

    assert "500 watches, which is as many as there may be" in room.ask("/watch Petra Varga")
    assert "takes the place" in room.ask("/watch w7")


@pytest.mark.parametrize(
    ("command", "button", "many"),
    [
        ("/watch Petra Varga", "Watch it", [AddWatch(WatchSpec(f"me/w{n}", query="x"), OWNER) for n in range(500)]),
        ("/addfeed {page}", "Add it", [AddFeed(f"https://n{n}.example/feed", None, OWNER) for n in range(1000)]),
    ],
)
def test_what_was_asked_before_is_refused_as_well(
    tmp_path: Path, command: str, button: str, many: list[Mutation]
) -> None:
    """Ten questions, each answered with yes at last, do not go over."""
    with FeedServer() as feeds:
        feeds.serve("/page", rss([Entry("A", "https://a.example/a", "a")]))
        with Chatroom(tmp_path, allow=[feeds.url("/page").split("/")[2]]) as room:
            (asked,) = room.say(command.format(page=feeds.url("/page")))
            room.run(room.store.chats.carry_out("me", 77, many, (), room.clock.now()))
            room.restart()
            room.press(asked, button)
            assert "as many as there may be" in room.api.messages(OWNER)[-1].text


def test_logins_of_feeds_are_shown_to_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in a group's answers nor in the log."""
    caplog.set_level("DEBUG")
    urls = ("https://ada:hush@secret.example/feed", "https://keys.example/feed?token=hush&x=1")
    with Chatroom(tmp_path, feeds=[FeedSpec(url) for url in urls]) as room:
        for text in ("/feeds", "/status", "/help", "/removefeed secret.example", f"/addfeed {urls[0]}"):
            for answer in room.say(text, GROUP, user=ADA):
                assert "hush" not in answer.text
        for answer in room.say(f"/addfeed {urls[1]}"):
            assert "hush" not in answer.text
    with FeedServer() as server:
        server.serve("/feed?token=hush", rss([Entry("A story", "https://x.example/1", "1")], title="Keys"))
        host = server.url("/feed").split("/")[2]
        with Chatroom(tmp_path / "other", allow=[host]) as room:
            shown = room.ask(f"/addfeed http://{host}/feed?token=hush")
            assert "Add Keys?" in shown
            assert "hush" not in shown
    own = [record.getMessage() for record in caplog.records if record.name.startswith("bot.")]
    assert own
    assert not [line for line in own if "hush" in line]


NASTY = (
    "Robert'); DROP TABLE chats;--",
    'a" OR 1=1 --',
    "NEAR(x, 2) AND *",
    "../../etc/passwd",
    "title:x* ^ - + ( )",
    "{0} %s %n",
    "<b>bold</b> &lt;i&gt; <a href='tg://user?id=1'>x</a>",
    "\u202egnp.exe \u200b\u200b zero",
    "@channel #tag $AMZN /stop t.me/x",
    "名前 Ωmega 🎉🎉",
)


ACTS = {"mention", "hashtag", "cashtag", "text_mention", "url"}


@pytest.mark.parametrize(
    "name", ["watch", "unwatch", "search", "why", "pause", "addfeed", "removefeed", "expel", "timezone"]
)
def test_words_are_words(tmp_path: Path, name: str) -> None:
    """SQL, search operators, paths and markup in an argument are taken as they stand, and shown so."""
    with Chatroom(tmp_path, shows_tags=True) as room:
        for text in NASTY:
            (answer,) = room.say(f"/{name} {text}")

            assert answer.text
            assert not [one for one in answer.entities if one["type"] in ACTS]
        assert room.ask("/status").startswith("Feeds: 1")


def test_a_nasty_watch_is_stored_and_shown_as_it_was_typed(room: Chatroom) -> None:
    """From the question to the list, the export and the message."""
    (asked,) = room.say(f"/watch {NASTY[0]}")
    room.press(asked, "Watch it")

    assert NASTY[0] in room.ask("/watches")
    assert NASTY[0] in room.ask("/export")
    room.restart()
    assert NASTY[0] in room.ask("/watches")
    assert "watched no more" in room.ask(f"/unwatch {NASTY[0]}")
