"""Updates that the library refuses, or that no server sends: each is read by itself, and none ends the listening.

TIPOFF_FUZZ sets the number of broken updates, ten thousand by itself, a million in `make soak`.
"""

import copy
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest
from telegram import Bot, Update

from bot.chat.raw import UpdateReader, user_ids
from tests.chat.bed import CHANNEL, GROUP, OWNER, Chatroom

STEPS = int(os.environ.get("TIPOFF_FUZZ", "10000"))
FIRST = int(os.environ.get("TIPOFF_FUZZ_FIRST", "0"))
BOT = Bot("1:x")

PERSON = {"id": OWNER, "is_bot": False, "first_name": "Olga"}
US = {"id": 5, "is_bot": True, "first_name": "Tipoff"}
PRIVATE = {"id": OWNER, "type": "private", "first_name": "Olga"}
TEAM = {"id": GROUP, "type": "supergroup", "title": "The team", "is_forum": True}
MESSAGE = {"message_id": 1, "date": 1, "chat": PRIVATE, "from": PERSON, "text": "/watches"}
LETS_IN = {
    "chat": {"id": CHANNEL, "type": "channel", "title": "The board"},
    "from": PERSON,
    "date": 1,
    "old_chat_member": {"status": "left", "user": US},
    # without the rights that a newer version of the Bot API adds
    "new_chat_member": {"status": "administrator", "user": US, "can_be_edited": False, "can_manage_chat": True},
}
PRESS = {"id": "9", "from": PERSON, "chat_instance": "1", "data": "f:t0ken", "message": MESSAGE}
SOUND: tuple[dict[str, Any], ...] = (
    {"update_id": 1, "message": MESSAGE},
    {"update_id": 1, "message": MESSAGE | {"chat": TEAM, "reply_to_message": MESSAGE, "message_thread_id": 4}},
    {"update_id": 1, "message": MESSAGE | {"text": "/start " + "x" * 22}},
    {"update_id": 1, "message": MESSAGE | {"forward_origin": {"type": "of a kind to come"}}},
    {"update_id": 1, "message": MESSAGE | {"text": "/why", "sender_chat": TEAM, "via_bot": US}},
    {"update_id": 1, "edited_message": MESSAGE},
    {"update_id": 1, "message": MESSAGE | {"migrate_to_chat_id": -99, "chat": TEAM}},
    {"update_id": 1, "channel_post": {"message_id": 1, "date": 1, "chat": LETS_IN["chat"], "text": "/watches"}},
    {"update_id": 1, "callback_query": PRESS},
    {"update_id": 1, "my_chat_member": LETS_IN},
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, OWNER, GROUP, 2**31, 2**63, -(2**63) - 1, 10**400, 1.5, float("inf"), float("nan")),
    *("", "x", "/watch", "/start", "private", "channel", "\x00", "\ud800", "\U0010ffff", "a" * 5000, "\u0301" * 500),
    *(
        [],
        [[]],
        {},
        {"id": 1},
        [{}],
        "administrator",
        "f:",
        ":",
        "::::",
        "y:t0ken:1",
        "s:" + "9" * 60,
        "f:t0ken:\ud800",
    ),
)


def broken(dice: random.Random) -> dict[str, Any]:
    """Return an update with one to three of its values taken away or replaced."""
    update = copy.deepcopy(dice.choice(SOUND))
    for _ in range(dice.randint(1, 3)):
        place: Any = update
        while True:
            name = dice.choice(sorted(set(place) - {"update_id"} or place) or ["x"])
            if not isinstance(place.get(name), dict) or dice.random() < 0.15:
                break
            place = place[name]
        if dice.random() < 0.3:
            place.pop(name, None)
        else:
            place[name] = copy.deepcopy(dice.choice(VALUES))
        if dice.random() < 0.2:
            place[dice.choice(("x", "date", "text", "data", "chat", "message"))] = copy.deepcopy(dice.choice(VALUES))
    return update | {"update_id": 1}


def test_an_administrator_without_new_rights_is_one() -> None:
    """The library refuses this update; what it says of the chat is read all the same."""
    raw = {"update_id": 1, "my_chat_member": LETS_IN}
    with pytest.raises(TypeError):
        Update.de_json(copy.deepcopy(raw), BOT)
    update = UpdateReader().read(raw, BOT)

    assert update is not None
    assert update.my_chat_member is not None
    assert update.my_chat_member.new_chat_member.status == "member"


def test_a_forwarded_message_of_a_kind_to_come_is_forwarded() -> None:
    """Nobody is taken for the author of words that were another's."""
    update = UpdateReader().read(SOUND[3], BOT)

    assert update is not None
    assert update.message is not None
    assert update.message.forward_origin is not None


def test_what_cannot_be_read_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """One line for a reason, however often it comes."""
    reader = UpdateReader()
    for number in range(5):
        assert reader.read({"update_id": number, "message": 5}, BOT) is None

    assert caplog.text.count("laid_aside update=0 kind=message reason=ValueError") == 1
    assert caplog.text.count("laid_aside") == 1


def test_administrators_are_known_by_their_ids() -> None:
    """Also where a right is missing that the library wants to see."""
    assert user_ids([LETS_IN["new_chat_member"], 5, {"user": 1}, {"user": {"id": "x"}}]) == {US["id"]}


def test_no_update_ends_anything(tmp_path: Path) -> None:
    """Whatever its values are: it is read (and one in ten dealt with) or laid aside; the bot answers after that."""
    read = 0
    with Chatroom(tmp_path) as bed:
        reader = UpdateReader()

        async def hear(step: int) -> bool:
            update = reader.read(broken(random.Random(step)), bed.bot)
            if update is not None and step % 10 == 0:
                await bed.listener.on_update(update)
            return update is not None

        for step in range(FIRST, FIRST + STEPS):
            try:
                read += bed.run(hear(step))
            except Exception as error:
                error.add_note(f"step {step}: {broken(random.Random(step))!r:.2000}")
                raise
        assert "watch" in bed.ask("/help")
    assert 0.2 < read / STEPS < 0.9, "some are read, some are laid aside"


def test_a_step_that_ends_it_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The null control: with the library's own reading the first hundred steps end it."""
    monkeypatch.setattr(UpdateReader, "read", lambda self, raw, bot: Update.de_json(json.loads(json.dumps(raw)), bot))
    monkeypatch.setattr("tests.chat.test_raw.STEPS", 100)

    with pytest.raises((TypeError, AttributeError, ValueError)):
        test_no_update_ends_anything(tmp_path)
