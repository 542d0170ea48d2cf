"""A folder of configuration → checked values, or every mistake in it."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.config.chats import read_chats
from bot.config.feeds import read_feeds
from bot.config.tables import File
from bot.config.watchlist import read_aliases, read_watches
from bot.desk.lexicon import lexicon
from bot.desk.watches import Watchlist, compile_watch, compile_watches
from bot.errors import ConfigError, Mistake, WatchError
from bot.links import canonical
from bot.model import OWNER, TERMINAL, Alias, ChatSpec, FeedSpec, WatchSpec
from bot.settings import Settings, read_section, sections, unknown_key

MAIN, FEEDS, WATCHES = "tipoff.toml", "feeds.toml", "watchlist.toml"
FILES = (MAIN, FEEDS, WATCHES)


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything a person wrote, checked."""

    settings: Settings = field(default_factory=Settings)
    chats: tuple[ChatSpec, ...] = ()
    feeds: tuple[FeedSpec, ...] = ()
    watches: tuple[WatchSpec, ...] = ()
    people: tuple[Alias, ...] = ()
    organisations: tuple[Alias, ...] = ()

    def watchlist(self) -> Watchlist:
        """Return the watches, compiled."""
        return compile_watches(self.watches, self.people, self.organisations)


def load(folder: Path) -> Configuration:
    """Read a configuration folder. Raises ConfigError with every mistake in it.

    `tipoff.toml` may be missing: then every setting has its default.
    """
    configuration, mistakes = _read(folder)
    if mistakes:
        raise ConfigError(*sorted(mistakes, key=lambda mistake: (mistake.file, mistake.line or 0)))
    return configuration


def find_database(folder: Path) -> tuple[Path, bool]:
    """Return where the database lies, and whether the configuration is without a mistake.

    For questions to a daemon that may run on an earlier, good configuration. Raises ConfigError only where
    there is no folder.
    """
    configuration, mistakes = _read(folder)
    return Path(configuration.settings.store.path), not mistakes


def _read(folder: Path) -> tuple[Configuration, list[Mistake]]:
    """Read what can be read of a folder, and every mistake in it."""
    if not folder.is_dir():
        raise ConfigError(f"{folder}: there is no such folder; make one with: tipoff init {folder}")
    mistakes: list[Mistake] = []
    settings, chats, allow = _read_main(folder / MAIN, mistakes) if (folder / MAIN).exists() else (Settings(), (), ())
    feeds = read_feeds(File(folder / FEEDS, mistakes), allow)
    watches, people, organisations = _read_watchlist(folder / WATCHES, chats, mistakes)
    return Configuration(settings, chats, feeds, watches, people, organisations), mistakes


def load_watches(path: Path, chats: tuple[ChatSpec, ...]) -> Configuration:
    """Read one watchlist file alone. Raises ConfigError with every mistake in it."""
    mistakes: list[Mistake] = []
    watches, people, organisations = _read_watchlist(path, chats, mistakes)
    if mistakes:
        raise ConfigError(*mistakes)
    return Configuration(chats=chats, watches=watches, people=people, organisations=organisations)


def _read_watchlist(
    path: Path, chats: tuple[ChatSpec, ...], mistakes: list[Mistake]
) -> tuple[tuple[WatchSpec, ...], tuple[Alias, ...], tuple[Alias, ...]]:
    file = File(path, mistakes)
    names = dict.fromkeys((OWNER, TERMINAL, *(chat.name for chat in chats)))
    return read_watches(file, names), read_aliases(file, "person"), read_aliases(file, "organisation")


def _read_main(path: Path, mistakes: list[Mistake]) -> tuple[Settings, tuple[ChatSpec, ...], tuple[str, ...] | None]:
    """Return settings, chats, and what `[network] allow` holds: None where a mistake hides it."""
    file = File(path, mistakes)
    known = (*sections(), "chat")
    values = {}
    is_hidden = bool(mistakes)
    for name, raw in file.values.items():
        if name not in known:
            file.mistake((name,), unknown_key(name, known).replace("key", "section", 1))
            is_hidden = True
        elif name == "chat":
            continue
        elif not isinstance(raw, dict):
            file.mistake((name,), f"{name} is a section: write it as [{name}]")
            is_hidden = True
        else:
            values[name], problems = read_section(sections()[name], raw)
            for key, text in problems:
                file.mistake((name, key), text)
                is_hidden = is_hidden or name == "network"
    settings = Settings(**values)
    return settings, read_chats(file), None if is_hidden else settings.network.allow


def with_chats(
    configuration: Configuration, watches: Iterable[tuple[str, WatchSpec]], feeds: Iterable[tuple[str, FeedSpec]]
) -> tuple[Configuration, tuple[tuple[str, str], ...]]:
    """Return a configuration with what was added in chats, and the watches that are left out, each with the reason.

    What stands in the files goes first: a feed that is there already, or was added in two chats, is asked once.
    """
    pages = {canonical(feed.url): feed for feed in configuration.feeds}
    for _, feed in feeds:
        pages.setdefault(canonical(feed.url), feed)
    good: list[WatchSpec] = []
    refused: list[tuple[str, str]] = []
    for _, watch in watches:
        try:
            compile_watch(watch, lexicon())
        except WatchError as error:
            refused.append((watch.name, str(error)))
        else:
            good.append(watch)
    whole = replace(configuration, feeds=tuple(pages.values()), watches=(*configuration.watches, *good))
    return whole, tuple(refused)


def shipped() -> Path:
    """Return the folder with the configuration that comes with Tipoff."""
    in_wheel = Path(__file__).parent / "shipped"
    return in_wheel if in_wheel.is_dir() else Path(__file__).parent.parent.parent / "config"


def write_shipped(folder: Path) -> list[Path]:
    """Write the shipped configuration into a folder. Raises ConfigError, and writes nothing, where one is there."""
    there = [folder / name for name in FILES if (folder / name).exists()]
    if there:
        raise ConfigError(f"{there[0]}: this file is there already and stays as it is; choose another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [Path(shutil.copyfile(shipped() / name, folder / name)) for name in FILES]
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written ({error.strerror})") from error
