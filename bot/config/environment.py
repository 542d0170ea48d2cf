"""Reads the environment: the bot's token, from a variable or a file, and which Bot API to talk to."""

import logging
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from bot.core.errors import ConfigError

log = logging.getLogger(__name__)

TOKEN = "TIPOFF_TELEGRAM_TOKEN"  # noqa: S105  # a name, not a secret
TOKEN_FILE = "TIPOFF_TELEGRAM_TOKEN_FILE"  # noqa: S105  # as above
API = "TIPOFF_TELEGRAM_API"
_TELEGRAM = "https://api.telegram.org"
_LOOKS_RIGHT = re.compile(r"\d{5,}:[A-Za-z0-9_-]{20,}")


@dataclass(frozen=True, slots=True)
class Telegram:
    """How to reach Telegram. The token is shown nowhere."""

    VARIABLE: ClassVar[str] = TOKEN

    token: str
    api: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Telegram | None":
        """Return how to reach Telegram; None when no token is set. Raises ConfigError, without the token in it."""
        name, token = _token(environment)
        if not token:
            return None
        api = environment.get(API, "").strip().rstrip("/") or _TELEGRAM
        mistakes = []
        if not _LOOKS_RIGHT.fullmatch(token):
            mistakes.append(f"{name}: {_wrong(token)}")
        if not api.startswith(("http://", "https://")):
            mistakes.append(f"{API}: must be an address such as https://api.telegram.org")
        if mistakes:
            raise ConfigError(*mistakes)
        return cls(token, api)

    def __repr__(self) -> str:
        """Return the value without its secret."""
        return f"Telegram(api={self.api!r})"


def is_token(key: str, value: object) -> bool:
    """Say whether what stands at a key of a file is a bot's token, or is meant for one."""
    if not isinstance(value, str):
        return False
    return "token" in key.lower() or _LOOKS_RIGHT.fullmatch(_bare(value)) is not None


def _bare(text: str) -> str:
    """Return a token without what is copied along with it."""
    return text.strip().strip("\"'").strip().removeprefix("bot")


def _wrong(token: str) -> str:
    """Return what is wrong with a token, with nothing of it in the words."""
    if not _LOOKS_RIGHT.fullmatch(_bare(token)):
        return "this is not a bot token; @BotFather gives one that looks like 123456789:AAE…"
    what = "the quotes around the token are no part of it" if token[0] in "\"'" else 'the token begins behind "bot"'
    return f"{what}; write it as @BotFather gives it, like 123456789:AAE…"


def _token(environment: Mapping[str, str]) -> tuple[str, str]:
    named = environment.get(TOKEN_FILE, "").strip()
    if token := environment.get(TOKEN, "").strip():
        if named:
            log.warning("%s and %s are both set: the first counts; cure: unset one of them", TOKEN, TOKEN_FILE)
        return TOKEN, token
    if not named:
        return TOKEN, ""
    path = Path(named)
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            log.warning("%s: %s can be read by others; cure: chmod 600 %s", TOKEN_FILE, path, path)
        token = path.read_text("utf-8").strip()
    except FileNotFoundError as error:
        raise ConfigError(f"{TOKEN_FILE}: there is no file {path}; write the token into it, or name another") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{TOKEN_FILE}: {path} is no text; write the token alone into it") from error
    except OSError as error:
        raise ConfigError(f"{TOKEN_FILE}: {path} cannot be read: {error.strerror}") from error
    if not token:
        raise ConfigError(f"{TOKEN_FILE}: {path} is empty")
    return TOKEN_FILE, token
