"""Deny by default: who is listened to, and who is not."""

from dataclasses import replace

import pytest

from bot.chat.access import Incoming, Members, command_refusal, refusal

OWNER = Incoming(update_id=1, chat_id=42, chat_kind="private", user_id=42, text="/status")
MEMBERS = Members({42: "me", -1001: "team"})


def test_the_owner_is_answered() -> None:
    """A private message of a known chat, typed now."""
    assert command_refusal(OWNER, MEMBERS) is None


@pytest.mark.parametrize(
    ("incoming", "reason"),
    [
        (replace(OWNER, chat_id=43, user_id=43), "unknown chat"),
        (replace(OWNER, is_edited=True), "edited or forwarded"),
        (replace(OWNER, is_forwarded=True), "edited or forwarded"),
        (replace(OWNER, is_from_bot=True), "not a person"),
        (replace(OWNER, is_for_a_chat=True), "not a person"),
        (replace(OWNER, user_id=None), "not a person"),
        (replace(OWNER, chat_id=-1001, chat_kind="supergroup"), "not a private chat"),
        (replace(OWNER, chat_id=-1001, chat_kind="channel"), "not a private chat"),
        (replace(OWNER, user_id=43), "not a private chat"),
    ],
)
def test_everybody_else_is_refused_with_the_reason(incoming: Incoming, reason: str) -> None:
    """Each refusal is one line of a table."""
    assert command_refusal(incoming, MEMBERS) == reason


def test_a_stranger_may_only_come_with_a_code() -> None:
    """An unknown private chat is listened to for the pairing code, and refused for commands."""
    stranger = replace(OWNER, chat_id=43, user_id=43)

    assert refusal(stranger, MEMBERS) is None
    assert command_refusal(stranger, MEMBERS) == "unknown chat"
