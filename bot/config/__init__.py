"""Reads config/*.toml, the environment and secret files → checked values."""

from bot.config.environment import TOKEN, Telegram, read_telegram
from bot.config.load import (
    FILES,
    Configuration,
    Findings,
    examine,
    find_database,
    load,
    load_watches,
    with_chats,
    write_shipped,
)

__all__ = [
    "FILES",
    "TOKEN",
    "Configuration",
    "Findings",
    "Telegram",
    "examine",
    "find_database",
    "load",
    "load_watches",
    "read_telegram",
    "with_chats",
    "write_shipped",
]
