"""Deny by default: who is listened to, and who is not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.chat.access import (
    ANONYMOUS_ADMIN,
    FAKE_CHANNEL,
    TELEGRAM,
    ButtonPress,
    IncomingMessage,
    KnownChats,
    Quota,
    command_refusal,
    press_refusal,
    refusal,
)
from bot.core.model import Member, TokenSubject
from tests.fakes import NOON

OWNER = IncomingMessage(update_id=1, chat_id=42, chat_kind="private", user_id=42, text="/status")
ADMIN = IncomingMessage(update_id=1, chat_id=-1001, chat_kind="supergroup", user_id=7, text="/status")
POST = IncomingMessage(1, -1002, "channel", None, "/status", sender_chat=-1002, is_post=True)
MEMBERS = {
    42: Member("me", 42, is_owner=True),
    -1001: Member("team", -1001),
    -1002: Member("board", -1002),
    -1003: Member("open", -1003, takes_anonymous=True),
}
KNOWN = KnownChats(MEMBERS, {7})


@pytest.mark.parametrize(
    "incoming",
    [
        OWNER,
        ADMIN,
        replace(ADMIN, user_id=42),
        POST,
        replace(ADMIN, chat_id=-1003, user_id=ANONYMOUS_ADMIN, sender_chat=-1003),
    ],
    ids=["owner", "admin of a group", "owner in a group", "post in a channel", "anonymous admin who may"],
)
def test_who_may_ask_is_answered(incoming: IncomingMessage) -> None:
    """The owner, the admins of a known group, a known channel, and hidden admins where the configuration says so."""
    assert command_refusal(incoming, KNOWN) is None


@pytest.mark.parametrize(
    ("incoming", "reason"),
    [
        (replace(OWNER, chat_id=43, user_id=43), "unknown chat"),
        (replace(OWNER, is_edited=True), "edited or forwarded"),
        (replace(OWNER, is_forwarded=True), "edited or forwarded"),
        (replace(OWNER, is_from_bot=True), "not a person"),
        (replace(OWNER, sender_chat=-1001), "not a person"),
        (replace(OWNER, user_id=None), "not a person"),
        (replace(OWNER, user_id=43), "not in its place"),
        (replace(OWNER, is_for_another_bot=True), "not meant for this bot"),
        (replace(ADMIN, user_id=8), "not an admin"),
        (replace(ADMIN, user_id=FAKE_CHANNEL), "not a person"),
        (replace(ADMIN, user_id=TELEGRAM), "not a person"),
        (replace(ADMIN, user_id=ANONYMOUS_ADMIN), "not a person"),
        (replace(ADMIN, user_id=ANONYMOUS_ADMIN, sender_chat=-1001), "not an admin"),
        (replace(ADMIN, user_id=FAKE_CHANNEL, sender_chat=-1009), "not a person"),
        (replace(ADMIN, sender_chat=-1009), "not a person"),
        (replace(ADMIN, text="just talking"), "not meant for this bot"),
        (replace(ADMIN, chat_id=-5), "unknown chat"),
        (replace(POST, chat_id=-6, sender_chat=-6), "unknown chat"),
        (replace(POST, sender_chat=-1009), "not a person"),
        (replace(POST, is_post=False, sender_chat=None, user_id=7), "not in its place"),
        (replace(POST, text="an announcement"), "not meant for this bot"),
    ],
)
def test_everybody_else_is_refused_with_the_reason(incoming: IncomingMessage, reason: str) -> None:
    """Each refusal is one line of a table."""
    assert command_refusal(incoming, KNOWN) == reason


def test_a_stranger_may_only_come_with_a_code() -> None:
    """An unknown private chat is listened to for a code, and refused for commands."""
    stranger = replace(OWNER, chat_id=43, user_id=43)

    assert refusal(stranger, KNOWN) is None
    assert command_refusal(stranger, KNOWN) == "unknown chat"


PRESSED = ButtonPress(1, "q", 42, "private", 42, 5, "f:token")
STORY = TokenSubject("token", "me", "story", "7")


@pytest.mark.parametrize(
    ("pressed", "held", "words"),
    [
        (PRESSED, None, "does not work any more"),
        (PRESSED, replace(STORY, chat="team"), "does not work any more"),
        (PRESSED, replace(STORY, until=NOON - timedelta(seconds=1)), "does not work any more"),
        (PRESSED, replace(STORY, user_id=43), "Somebody else was asked"),
        (replace(PRESSED, user_id=43), STORY, "not for you"),
        (replace(PRESSED, chat_id=43, user_id=43), STORY, "not for you"),
        (replace(PRESSED, chat_id=-1001, chat_kind="supergroup", user_id=8), replace(STORY, chat="team"), "admins"),
        (replace(PRESSED, chat_id=-1002, chat_kind="channel", user_id=8), replace(STORY, chat="board"), "admins"),
    ],
)
def test_a_press_of_somebody_else_or_of_another_time_is_refused(
    pressed: ButtonPress, held: TokenSubject | None, words: str
) -> None:
    """A token counts in its chat, for its person, in its time."""
    assert words in (press_refusal(pressed, held, KNOWN, NOON) or "")


@pytest.mark.parametrize(
    ("pressed", "held"),
    [
        (PRESSED, STORY),
        (PRESSED, replace(STORY, user_id=42, until=NOON)),
        (replace(PRESSED, chat_id=-1001, chat_kind="supergroup", user_id=7), replace(STORY, chat="team")),
    ],
)
def test_a_press_of_who_may_is_taken(pressed: ButtonPress, held: TokenSubject) -> None:
    """The owner in private, an admin in a group."""
    assert press_refusal(pressed, held, KNOWN, NOON) is None


def test_a_quota_holds_those_who_ask_too_much_and_nobody_else() -> None:
    """So many in any minute; told once a minute; others go on."""
    quota = Quota(3)

    assert [quota.is_over({1}, NOON) for _ in range(4)] == [False, False, False, True]
    assert not quota.is_over({2}, NOON)
    assert quota.is_over({1, 2}, NOON), "a person is one person in all chats"
    assert [quota.is_to_be_warned(1, NOON), quota.is_to_be_warned(1, NOON)] == [True, False]
    assert not quota.is_over({1}, NOON + timedelta(minutes=1))
    assert not quota.is_over({1}, NOON - timedelta(days=1)), "a clock that is set back locks nobody out"
