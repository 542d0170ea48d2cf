"""What the commands answer."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.chat.commands import COMMANDS, Desk, ago, ahead, answer, status_text
from bot.model import Status, WatchSpec

NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
WATCHES = (
    WatchSpec("Marten", to=("me",), people=("Ilse Marten",), exclude=("podcast",)),
    WatchSpec("Others", to=("team",), keywords=("outage",)),
)


def status(
    outbox: Mapping[str, int] | None = None,
    unpaired: Mapping[str, int] | None = None,
    last_success: datetime | None = NOW - timedelta(minutes=5),
    failing: int = 1,
) -> Status:
    return Status(
        feeds=3,
        feeds_failing=failing,
        feeds_due=0,
        feeds_never_read=0,
        last_poll=NOW - timedelta(minutes=5),
        last_success=last_success,
        next_due=NOW + timedelta(hours=2),
        items=70,
        items_pending=0,
        stories=2,
        hits=3,
        outbox=outbox or {},
        oldest_waiting=None,
        unpaired=unpaired or {},
        unknown={"team": 1},
        paused={"team": "blocked"},
        sqlite="3.53.0",
    )


def ask(text: str) -> str:
    async def now() -> Status:
        return status()

    return asyncio.run(answer(text, Desk("me", WATCHES, now, NOW)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/start", "This chat is called “me”"),
        ("/help", "/status – feeds, last poll, queue"),
        ("/HELP", "/status – "),
        ("/help@tipoff_bot", "/status – "),
        ("/watches", "1 watch tells this chat:\n• Marten: Ilse Marten, without podcast"),
        ("/status", "Feeds: 3, 1 failing"),
        ("/nonsense", "I do not know that."),
        ("hello", "I do not know that."),
    ],
)
def test_a_command_is_answered(text: str, words: str) -> None:
    """Case and the bot's name behind the command do not matter; what is no command gets the help."""
    assert words in ask(text)


def test_a_chat_sees_its_own_watches_only() -> None:
    """What another chat watches is not shown."""
    assert "Others" not in ask("/watches")


def test_the_help_names_every_command() -> None:
    """Help, menu and documentation come from one table."""
    page = (Path(__file__).parent.parent.parent / "docs" / "commands.md").read_text("utf-8")
    for command in COMMANDS:
        assert f"/{command.name} – {command.help}" in ask("/help")
        assert f"`/{command.name}`" in page


def test_the_status_says_what_needs_a_person() -> None:
    """A paused chat and alerts that nobody can get are named."""
    text = status_text(status({"sent": 4, "pending": 2}, {"me": 2}), NOW)

    assert "4 sent, 2 pending" in text
    assert "2 wait for the chat “me”, which has no address yet: run  tipoff pair" in text
    assert "The chat “team” is paused: blocked" in text
    assert "1 may not have arrived in the chat “team”" in text
    assert "Last poll: 5 min ago; next due: in 2 h" in text


def test_a_poll_in_vain_is_not_the_last_poll() -> None:
    """What counts is when a feed was read; where all fail, the last try is told beside it."""
    never, before = status(last_success=None, failing=3), status(last_success=NOW - timedelta(hours=3), failing=3)

    assert "Last poll: never (tried in vain 5 min ago); next" in status_text(never, NOW)
    assert "Last poll: 3 h ago (tried in vain 5 min ago); next" in status_text(before, NOW)
    assert "Last poll: 5 min ago; next" in status_text(status(failing=2), NOW)


def test_spans_are_told_in_words() -> None:
    """Never, now, seconds to days."""
    assert (ago(None, NOW), ahead(None, NOW), ahead(NOW, NOW)) == ("never", "never", "now")
    assert ago(NOW - timedelta(days=3), NOW) == "3 d ago"
    assert ahead(NOW + timedelta(seconds=30), NOW) == "in 30 s"
