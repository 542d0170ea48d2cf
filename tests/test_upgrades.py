"""What an earlier version left: its database and its configuration are taken over, what waits is sent, nothing twice.

Each folder in `tests/upgrades/` was written by the code of that version: `tipoff.db` as it stood when the process died
with every kind of message waiting, `expected.json` with what stood in the chats by then (`before`) and what that same
version went on to send (`after`), `config/` and what it was read as (`configuration.json`).
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.config.load import Configuration
from bot.core.model import ChatSpec, Priority, WatchSpec
from tests.chat.bed import CHANNEL, GROUP, MARTEN, OWNER, Chatroom
from tests.fakes import FixedClock
from tests.servers.bot_api import Message

FOLDER = Path(__file__).parent / "upgrades"
VERSIONS = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())
WATCHES = (
    MARTEN,
    WatchSpec("departures", to=("me", "board"), events=("departure",), organisations=("Corvid AI",)),
    WatchSpec("money", to=("me",), events=("funding", "acquisition"), priority=Priority.LOW),
    WatchSpec("outages", to=("team",), keywords=("outage",), priority=Priority.HIGH),
)
CHATS = (ChatSpec("team", GROUP, timezone=ZoneInfo("Europe/Berlin")), ChatSpec("board", CHANNEL))
Shown = dict[str, list[list[Any]]]


class Upgraded(Chatroom):
    """The chats as they were when the earlier version died, and this version on its database."""

    def __init__(self, folder: Path, version: str) -> None:
        super().__init__(folder, WATCHES, chats=CHATS, outlets=2)
        self.left = json.loads((FOLDER / version / "expected.json").read_text("utf-8"))
        self.clock = FixedClock(datetime.fromisoformat(self.left["at"]))
        shutil.copy(FOLDER / version / "tipoff.db", self.path)

    def begin(self) -> None:
        """Find the chats as they were."""
        messages = [
            Message(
                chat_id=int(chat),
                id=number,
                sender=int(self.api.token.partition(":")[0]),
                date=1,
                text=text,
                html=text,
                reply_markup=self.left["markups"][chat][str(number)],
                reply_to=reply_to,
            )
            for chat, shown in self.left["before"].items()
            for number, text, _, reply_to in shown
        ]
        last_ids = {int(counter): last for counter, last in self.left["last_ids"].items()}
        self.api.restore(messages, last_ids, self.left["offset"])
        self.open()

    def shown(self) -> Shown:
        """Return what stands in each chat: number, words, labels of buttons, what it answers."""
        return {
            str(chat): [
                [
                    message.id,
                    message.text.replace("\u2060", ""),
                    [button["text"] for button in message.buttons],
                    message.reply_to,
                ]
                for message in self.api.messages(chat)
            ]
            for chat in (OWNER, GROUP, CHANNEL)
        }

    def go_on(self) -> Shown:
        """Let a day pass."""
        for hours in (0, 0, 24, 0):
            self.clock.move(hours=hours)
            self.decide()
        return self.shown()


@pytest.fixture(params=VERSIONS)
def upgraded(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Upgraded]:
    with Upgraded(tmp_path, request.param) as chats:
        yield chats


def test_what_waited_is_sent_as_the_earlier_version_would_have_sent_it(upgraded: Upgraded) -> None:
    """Alerts, edits, replies, answers, notices, a digest, what a crash cut off, and items nobody had decided about."""
    assert upgraded.go_on() == upgraded.left["after"]


def test_nothing_is_sent_twice_after_one_more_start(upgraded: Upgraded) -> None:
    """Neither at the next start nor in the days after it."""
    once = upgraded.go_on()
    upgraded.restart()

    assert upgraded.go_on() == once


def test_a_button_of_an_old_message_still_works(upgraded: Upgraded) -> None:
    """What was followed before the upgrade can be muted after it."""
    upgraded.go_on()
    story = next(message for message in upgraded.api.messages(OWNER) if "Following ✓" in str(message.buttons))
    upgraded.press(story, "Mute story")

    now = next(message for message in upgraded.api.messages(OWNER) if message.id == story.id)
    assert "Muted ✓" in str(now.buttons)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_configuration_is_read_as_before(version: str) -> None:
    """Every key means what it meant; fields that are new have their defaults."""
    was = json.loads((FOLDER / version / "configuration.json").read_text("utf-8"))
    now = plain(asdict(Configuration.load(FOLDER / version / "config")))

    assert missing(was, now) == []


def plain(value: Any) -> Any:
    """Return a value as JSON writes it."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value if isinstance(value, int | float | str | None) else str(value)


def missing(was: Any, now: Any, path: str = "") -> list[str]:
    """Return what was and is no more, or is otherwise."""
    if isinstance(was, dict) and isinstance(now, dict):
        return [line for key in was for line in missing(was[key], now.get(key, "nothing"), f"{path}.{key}")]
    if isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        return [line for n, (a, b) in enumerate(zip(was, now, strict=True)) for line in missing(a, b, f"{path}[{n}]")]
    return [] if was == now else [f"{path}: {was!r} became {now!r}"]


def test_a_difference_would_be_seen() -> None:
    """The null control of the comparison."""
    assert missing({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}], "c": 4}) == [".a[1].b: 2 became 3"]
    assert missing({"a": 1}, {}) == [".a: 1 became 'nothing'"]
