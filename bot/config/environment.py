"""Reads the environment: the bot's token, from a variable or a file, and which Bot API to talk to."""

import logging
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.errors import ConfigError

log = logging.getLogger(__name__)

TOKEN = "TIPOFF_TELEGRAM_TOKEN"  # noqa: S105  # a name, not a secret
TOKEN_FILE = "TIPOFF_TELEGRAM_TOKEN_FILE"  # noqa: S105  # as above
API = "TIPOFF_TELEGRAM_API"
_TELEGRAM = "https://api.telegram.org"
_LOOKS_RIGHT = re.compile(r"\d{5,}:[A-Za-z0-9_-]{20,}")


@dataclass(frozen=True, slots=True)
class Telegram:
    """How to reach Telegram. The token is shown nowhere."""

    token: str
    api: str

    def __repr__(self) -> str:
        """Return the value without its secret."""
        return f"Telegram(api={self.api!r})"


def read_telegram(environment: Mapping[str, str]) -> Telegram | None:
    """Return how to reach Telegram, or None when no token is set. Raises ConfigError, without the token in it."""
    name, token = _token(environment)
    if not token:
        return None
    if not _LOOKS_RIGHT.fullmatch(token):
        raise ConfigError(f"{name}: this is not a bot token; @BotFather gives one that looks like 123456789:AAE…")
    api = environment.get(API, "").strip().rstrip("/") or _TELEGRAM
    if not api.startswith(("http://", "https://")):
        raise ConfigError(f"{API}: must be an address such as https://api.telegram.org")
    return Telegram(token, api)


def _token(environment: Mapping[str, str]) -> tuple[str, str]:
    if token := environment.get(TOKEN, "").strip():
        return TOKEN, token
    named = environment.get(TOKEN_FILE, "").strip()
    if not named:
        return TOKEN, ""
    path = Path(named)
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            log.warning("%s: %s can be read by others; cure: chmod 600 %s", TOKEN_FILE, path, path)
        token = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{TOKEN_FILE}: {path} cannot be read ({type(error).__name__})") from error
    if not token:
        raise ConfigError(f"{TOKEN_FILE}: {path} is empty")
    return TOKEN_FILE, token
