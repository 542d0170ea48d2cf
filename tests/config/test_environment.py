"""The token, and what is never said about it."""

import logging
from pathlib import Path

import pytest

from bot.config.environment import Telegram
from bot.core.errors import ConfigError

TOKEN = "123456789:AAE-" + "x" * 30


def test_no_token_is_no_telegram() -> None:
    """Unset and empty are the same: compose files hand over an empty one."""
    assert Telegram.read({}) is None
    assert Telegram.read({"TIPOFF_TELEGRAM_TOKEN": " "}) is None


def test_the_token_comes_from_a_variable_or_a_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """White space around it is no part of it; a file that others can read is warned about."""
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n", "utf-8")
    file.chmod(0o600)
    from_file = Telegram.read({"TIPOFF_TELEGRAM_TOKEN_FILE": str(file)})
    from_variable = Telegram.read({"TIPOFF_TELEGRAM_TOKEN": TOKEN, "TIPOFF_TELEGRAM_API": "http://127.0.0.1:1/"})

    assert from_file is not None
    assert from_variable is not None
    assert from_file.token == from_variable.token == TOKEN
    assert (from_file.api, from_variable.api) == ("https://api.telegram.org", "http://127.0.0.1:1")
    assert caplog.records == []

    file.chmod(0o644)
    with caplog.at_level(logging.WARNING):
        Telegram.read({"TIPOFF_TELEGRAM_TOKEN_FILE": str(file)})
    assert "chmod 600" in caplog.text


def test_a_token_is_shown_nowhere() -> None:
    """Not in a representation, not in an error."""
    telegram = Telegram.read({"TIPOFF_TELEGRAM_TOKEN": TOKEN})
    assert TOKEN not in repr(telegram)

    with pytest.raises(ConfigError) as caught:
        Telegram.read({"TIPOFF_TELEGRAM_TOKEN": TOKEN.replace(":", " ")})
    assert "x" * 30 not in str(caught.value)
    assert "@BotFather" in str(caught.value)


@pytest.mark.parametrize("content", [None, "", "nonsense"])
def test_a_bad_token_file_is_said(tmp_path: Path, content: str | None) -> None:
    """Missing, empty, or something else."""
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content, "utf-8")
        file.chmod(0o600)

    with pytest.raises(ConfigError, match="TIPOFF_TELEGRAM_TOKEN_FILE"):
        Telegram.read({"TIPOFF_TELEGRAM_TOKEN_FILE": str(file)})


@pytest.mark.parametrize(("token", "hint"), [(f'"{TOKEN}"', "the quotes"), (f"bot{TOKEN}", 'behind "bot"')])
def test_what_is_copied_along_with_a_token_is_said(token: str, hint: str) -> None:
    """Without showing it."""
    with pytest.raises(ConfigError) as caught:
        Telegram.read({"TIPOFF_TELEGRAM_TOKEN": token})

    assert hint in str(caught.value)
    assert "xxx" not in str(caught.value)


def test_a_missing_token_file_is_said_in_words() -> None:
    """With the cure, and no class of an error."""
    with pytest.raises(ConfigError, match="there is no file /nowhere; write the token into it") as caught:
        Telegram.read({"TIPOFF_TELEGRAM_TOKEN_FILE": "/nowhere"})
    assert "Error" not in str(caught.value)


def test_the_variable_goes_before_the_file(caplog: pytest.LogCaptureFixture) -> None:
    """And that is said, for one of them may be an old one."""
    with caplog.at_level(logging.WARNING):
        read = Telegram.read({"TIPOFF_TELEGRAM_TOKEN": TOKEN, "TIPOFF_TELEGRAM_TOKEN_FILE": "/nowhere"})

    assert read is not None
    assert "both set: the first counts" in caplog.text


def test_every_mistake_in_the_environment_is_named_at_once() -> None:
    """A bad token hides no bad server."""
    with pytest.raises(ConfigError) as caught:
        Telegram.read({"TIPOFF_TELEGRAM_TOKEN": "x", "TIPOFF_TELEGRAM_API": "localhost"})
    assert len(caught.value.mistakes) == 2


def test_a_bad_server_is_said() -> None:
    """The other Bot API has to be an address."""
    with pytest.raises(ConfigError, match="TIPOFF_TELEGRAM_API"):
        Telegram.read({"TIPOFF_TELEGRAM_TOKEN": TOKEN, "TIPOFF_TELEGRAM_API": "localhost"})
