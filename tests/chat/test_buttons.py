"""What comes of every button under a message, also after a restart in the middle."""

from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from telegram.error import BadRequest

from bot.chat.buttons import BUTTONS
from bot.core.clock import SystemClock
from bot.core.errors import WatchError
from bot.core.model import ButtonAction, Mark
from bot.core.settings import DeliverySettings
from bot.core.toml import quoted
from tests.chat.bed import ADA, GROUP, OWNER, Chatroom
from tests.servers.bot_api import Message
from tests.test_cli import WATCH, config, run

__all__ = ["config"]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Chatroom]:
    with Chatroom(tmp_path) as room:
        room.news("an old story")
        room.news("Ilse Marten leaves Pellucid")
        yield room


def told(room: Chatroom, chat: int = OWNER) -> Message:
    """Return the message that tells the story, as it is now."""
    return next(one for one in room.api.messages(chat) if one.text.startswith("Ilse Marten leaves Pellucid"))


def labels(message: Message) -> list[str]:
    return [button["text"] for button in message.buttons]


def test_every_press_has_a_line_in_the_table() -> None:
    """A press that nothing is known of could not be pressed."""
    assert set(BUTTONS) == set(ButtonAction)


def test_the_buttons_of_an_alert(room: Chatroom) -> None:
    """The page first, then what this chat makes of the story; data is short and says nothing."""
    buttons = told(room).buttons

    assert labels(told(room)) == ["Read at The Ledger", "Follow", "Mute story", "···"]
    assert buttons[0]["url"] == "https://ledger.example/1"
    assert all(len(button["callback_data"]) < 64 and button["callback_data"][-1:] != "1" for button in buttons[1:])


@pytest.mark.parametrize("restarts", [False, True])
def test_follow_and_mute_are_shown_kept_and_taken_back(room: Chatroom, restarts: bool) -> None:
    """The message shows what was pressed, at once; a restart changes nothing."""
    for pressed, now, mark in (
        ("Follow", ["Following ✓", "Mute story"], Mark.FOLLOWED),
        ("Following ✓", ["Follow", "Mute story"], Mark.NONE),
        ("Mute story", ["Follow", "Muted ✓"], Mark.MUTED),
        ("Follow", ["Following ✓", "Mute story"], Mark.FOLLOWED),
    ):
        if restarts:
            room.restart()
        assert room.press(told(room), pressed)
        assert labels(told(room))[1:3] == now, mark
    assert labels(told(room, GROUP))[1:3] == ["Follow", "Mute story"], "another chat makes of it what it likes"


def test_the_menu_opens_and_shuts(room: Chatroom) -> None:
    """Three dots show the rest, and back hides it."""
    room.press(told(room), "···")
    assert labels(told(room))[1:4] == ["Snooze 1 h", "1 day", "1 week"]
    assert {"Why?", "More like this", "Not relevant"} <= set(labels(told(room)))
    room.restart()
    room.press(told(room), "‹ Back")
    assert labels(told(room)) == ["Read at The Ledger", "Follow", "Mute story", "···"]


@pytest.mark.parametrize(("label", "words"), [("Snooze 1 h", "in 1 h"), ("1 day", "in 1 d"), ("1 week", "in 7 d")])
def test_a_watch_is_snoozed(room: Chatroom, label: str, words: str) -> None:
    """For this chat alone, and the list says until when."""
    room.press(told(room), "···")
    before = room.clock.at
    assert "is told in a digest" in room.press(told(room), label)
    room.clock.at = before

    assert f"snoozed, ends {words}" in room.ask("/watches")
    assert "snoozed" not in room.ask("/watches", GROUP, user=ADA)


def test_why_tells_the_whole_path(room: Chatroom) -> None:
    """In a message of its own, which leaves the alert as it is."""
    room.press(told(room), "···")
    room.press(told(room), "Why?")

    assert "Marten alert: a story this chat has not been told" in room.api.messages(OWNER)[-1].text


def test_examples_are_kept(room: Chatroom) -> None:
    """More and less like this: the newest verdict counts, each with its watch and item."""
    query = "select watch, verdict, by from labels"
    for label, verdict in (("More like this", "more"), ("Not relevant", "less")):
        room.press(told(room), "···")
        assert "Noted" in room.press(told(room), label)
        rows = room.run(room.store.chats._connection.read(lambda db: db.rows(query)))
        assert rows == [("Marten", verdict, OWNER)]


def test_a_press_on_a_message_that_is_gone_is_no_new_message_storm(room: Chatroom) -> None:
    """Whoever deletes the message and presses in another client gets it anew once, and no more."""
    message = told(room)
    del room.api._world.messages[OWNER, message.id]
    before = len(room.api.messages(OWNER))
    for _ in range(2):
        room.press_data(message, message.buttons[1]["callback_data"], OWNER)

    assert len(room.api.messages(OWNER)) == before + 1


def test_presses_that_come_too_late_to_be_answered_are_carried_out(
    room: Chatroom, caplog: pytest.LogCaptureFixture
) -> None:
    """After an outage a whole queue of them: no crash, no flood in the log, and the last one counts."""
    caplog.set_level("WARNING")
    data = told(room).buttons[1]["callback_data"]
    for _ in range(50):
        room.api.press(OWNER, told(room).id, data, age=3600)
    room.hear()

    assert labels(told(room))[1] == "Following ✓"
    assert all(call.code == 400 for call in room.api.calls_of("answerCallbackQuery"))
    assert caplog.records == []


def test_a_late_press_that_ends_the_listening_would_be_seen(room: Chatroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """The null control: with the refusal of a late answer not expected, it is the end."""
    monkeypatch.setattr("bot.chat.updates.TelegramError", ZeroDivisionError)
    room.api.press(OWNER, told(room).id, told(room).buttons[1]["callback_data"], age=3600)

    with pytest.raises(BadRequest, match="Query is too old"):
        room.hear()


def test_buttons_work_for_weeks(room: Chatroom) -> None:
    """As long as the story is kept."""
    room.clock.move(days=60)
    room.restart()

    assert "Following" in room.press(told(room), "Follow")
    assert labels(told(room))[1] == "Following ✓"


def test_a_press_is_shown_at_once_although_changes_wait(room: Chatroom) -> None:
    """What nobody pressed waits for `edit_every`; presses in a row do not."""
    moment = room.clock.at
    room.press(told(room), "···")
    room.clock.at = moment
    room.press(told(room), "‹ Back")
    room.clock.at = moment
    room.press(told(room), "Follow")

    assert labels(told(room))[1] == "Following ✓"
    assert room.clock.at - moment < DeliverySettings().edit_every


def test_a_snooze_of_what_no_watch_is_known_to_have_told(room: Chatroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """The decisions about old stories are kept no more: it is said, and nothing is snoozed."""

    async def nothing(*_: object) -> tuple[()]:
        return ()

    room.press(told(room), "···")
    monkeypatch.setattr(room.store.chats, "explain", nothing)
    assert room.press(told(room), "1 day") == "No watch of this chat told that."


def test_a_watch_that_cannot_be_understood_any_more_is_not_added(
    room: Chatroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version may read the line of a question otherwise."""

    def refuse(*_: object) -> NoReturn:
        raise WatchError("the line is odd")

    (asked,) = room.say("/watch Petra Varga")
    monkeypatch.setattr("bot.services.understand_request", refuse)
    room.press(asked, "Watch it")
    assert "I cannot watch that any more: the line is odd." in room.api.messages(OWNER)[-1].text


def test_a_number_of_a_digest_brings_its_story(room: Chatroom) -> None:
    """At once, in a message of its own; while the chat is paused, that is said."""
    room.press(told(room), "···")
    room.press(told(room), "1 day")
    room.news("Ilse Marten founds a lab", "Ilse Marten wins a prize")
    room.clock.move(hours=25)
    room.tell()
    digest = next(one for one in room.api.messages(OWNER) if one.text.startswith("Digest"))
    assert labels(digest) == ["1", "2"]
    assert room.press(digest, "2") == "Here it comes"
    assert room.press(digest, "2") == "It has its message already, or is kept no more."
    data = str(digest.buttons[0]["callback_data"])
    assert "does not work any more" in room.press_data(digest, data.removesuffix(":1") + ":x", OWNER)
    assert room.api.messages(OWNER)[-1].text.startswith("Ilse Marten wins")
    room.ask("/pause 2h")
    assert room.press(digest, "1") == "It comes when the pause is over"
    room.clock.move(hours=3)
    room.tell()
    assert room.api.messages(OWNER)[-1].text.startswith("Ilse Marten founds")


def test_a_backtest_shows_the_examples_that_people_gave(room: Chatroom, config: Path) -> None:
    """Whether each would be told by the watches as they are now, or by others."""
    room.press(told(room), "···")
    room.press(told(room), "Not relevant")
    settings = f'[network]\nallow = ["127.0.0.1:9"]\n[store]\npath = {quoted(str(room.path))}\n'
    (config / "tipoff.toml").write_text(settings, "utf-8")
    (config / "other.toml").write_text(WATCH.replace("people", 'not = ["Pellucid"]\npeople'), "utf-8")
    age = SystemClock().now() - room.clock.now()

    shown = run("backtest", "--since", f"{age.days + 9}d").output
    assert "✗ not relevant, sent: Ilse Marten leaves Pellucid → me" in shown
    other = run("backtest", "--since", f"{age.days + 9}d", "--watchlist", str(config / "other.toml")).output
    assert "✓ not relevant, not sent: Ilse Marten leaves Pellucid → me" in other
