"""A folder of configuration → checked values, or every mistake in it."""

import shutil
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from bot.config.chats import NO_ID, read_chats
from bot.config.environment import TOKEN, TOKEN_FILE, is_token
from bot.config.feeds import read_feeds
from bot.config.tables import File
from bot.config.unreached import Reach, reach_of
from bot.config.watchlist import read_aliases, read_watches
from bot.core.errors import ConfigError, Mistake, WatchError
from bot.core.links import canonical
from bot.core.model import Alias, ChatSpec, FeedSpec, WatchSpec
from bot.core.settings import Settings, read_section, sections, unknown_key
from bot.watches.watchlist import Watch, Watchlist

MAIN, FEEDS, WATCHES = "tipoff.toml", "feeds.toml", "watchlist.toml"
FILES = (MAIN, FEEDS, WATCHES)
_MOST_LISTED = 100  # mistakes
_NO_TOKEN = (
    f"a bot's token never stands in a file that may be shared: take it out, and set {TOKEN} instead, or {TOKEN_FILE} "
    "to a file that only you can read"
)


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything a person wrote, checked."""

    settings: Settings = field(default_factory=Settings)
    chats: tuple[ChatSpec, ...] = ()
    feeds: tuple[FeedSpec, ...] = ()
    watches: tuple[WatchSpec, ...] = ()
    people: tuple[Alias, ...] = ()
    organisations: tuple[Alias, ...] = ()

    @classmethod
    def load(cls, folder: Path) -> "Configuration":
        """Read a configuration folder. Raises ConfigError with every mistake in it.

        `tipoff.toml` may be missing: then every setting has its default.
        """
        found = _read(folder)
        if found.mistakes:
            raise ConfigError(*found.mistakes)
        return found.configuration

    @classmethod
    def load_watches(cls, path: Path, chats: tuple[ChatSpec, ...]) -> "Configuration":
        """Read one watchlist file alone. Raises ConfigError with every mistake in it."""
        mistakes: list[Mistake] = []
        watches, people, organisations = _read_watchlist(File(path, mistakes), _names(chats))
        if mistakes:
            raise ConfigError(*_listed(mistakes, path, "mistakes"))
        return cls(chats=chats, watches=watches, people=people, organisations=organisations)

    def with_chats(
        self, watches: Iterable[tuple[str, WatchSpec]], feeds: Iterable[tuple[str, FeedSpec]]
    ) -> tuple["Configuration", tuple[tuple[str, str], ...]]:
        """Return it with what was added in chats, and the watches that are left out, each with the reason.

        What stands in the files goes first: a feed that is there already, or was added in two chats, is asked once.
        """
        pages = {canonical(feed.url): feed for feed in self.feeds}
        for _, feed in feeds:
            pages.setdefault(canonical(feed.url), feed)
        good: list[WatchSpec] = []
        refused: list[tuple[str, str]] = []
        for _, watch in watches:
            try:
                Watch.compile(watch)
            except WatchError as error:
                refused.append((watch.name, str(error)))
            else:
                good.append(watch)
        whole = replace(self, feeds=tuple(pages.values()), watches=(*self.watches, *good))
        return whole, tuple(refused)

    def watchlist(self) -> Watchlist:
        """Return the watches, compiled."""
        return Watchlist.compile(self.watches, self.people, self.organisations)


class Findings(NamedTuple):
    """What was read of a folder, with the mistakes in it, and what may be none."""

    configuration: Configuration
    mistakes: tuple[Mistake, ...]
    notes: tuple[Mistake, ...]

    @classmethod
    def of(cls, folder: Path, others: Sequence[FeedSpec] = (), titles: Collection[str] = ()) -> "Findings":
        """Return what a folder holds, with every mistake in it, also such as a daemon can run with.

        Those are tags and sources that watches want and no feed has. `others` are the feeds that were added in chats,
        `titles` what feeds are called so far. Raises ConfigError only where there is no folder.
        """
        return _read(folder, (others, titles))


class _Main(NamedTuple):
    """What tipoff.toml holds; the network's `allow` and the chats' `names` are None where a mistake hides them."""

    settings: Settings = Settings()
    chats: tuple[ChatSpec, ...] = ()
    allow: tuple[str, ...] | None = ()
    names: tuple[str, ...] | None = NO_ID


def find_database(folder: Path) -> tuple[Path, bool]:
    """Return where the database lies, and whether the configuration is without a mistake.

    For questions to a daemon that may run on an earlier, good configuration. Raises ConfigError only where
    there is no folder.
    """
    found = _read(folder)
    return Path(found.configuration.settings.store.path), not found.mistakes


def _read(folder: Path, known: tuple[Sequence[FeedSpec], Collection[str]] | None = None) -> Findings:
    """Read what can be read of a folder, and every mistake in it; with what is `known`, what watches want of feeds."""
    if not folder.is_dir():
        raise ConfigError(f"{folder}: there is no such folder; make one with: tipoff init {folder}")
    mistakes: list[Mistake] = []
    main = _read_main(folder / MAIN, mistakes) if (folder / MAIN).exists() else _Main()
    cure = f"; write it with: tipoff init {folder}"
    before = len(mistakes)
    feeds = read_feeds(File(folder / FEEDS, mistakes, cure), main.allow)
    reach = None
    if known is not None and len(mistakes) == before and (all_feeds := (*feeds, *known[0])):
        reach = reach_of(all_feeds, known[1])
    file = File(folder / WATCHES, mistakes, cure)
    watches, people, organisations = _read_watchlist(file, main.names, reach)
    whole = Configuration(main.settings, main.chats, feeds, watches, people, organisations)
    return Findings(whole, _listed(mistakes, folder, "mistakes"), _listed(file.notes, folder, "remarks"))


def _listed(found: list[Mistake], path: Path, what: str) -> tuple[Mistake, ...]:
    """Return what was found in the order of its lines; what is past a hundred is counted."""
    found.sort(key=lambda mistake: (mistake.file, mistake.line or 0))
    more = len(found) - _MOST_LISTED
    return (*found[:_MOST_LISTED], *([Mistake(str(path), None, f"and {more} more {what}")] if more > 0 else []))


def _read_watchlist(
    file: File, chats: Collection[str] | None, reach: Reach | None = None
) -> tuple[tuple[WatchSpec, ...], tuple[Alias, ...], tuple[Alias, ...]]:
    return read_watches(file, chats, reach), read_aliases(file, "person"), read_aliases(file, "organisation")


def _names(chats: Iterable[ChatSpec]) -> tuple[str, ...]:
    """Return what watches may name in `to`."""
    return tuple(dict.fromkeys((*NO_ID, *(chat.name for chat in chats))))


def _read_main(path: Path, mistakes: list[Mistake]) -> _Main:
    file = File(path, mistakes)
    known = (*sections(), "chat")
    values = {}
    hidden = set() if file.is_read else {"network", "chat"}
    for name, raw in _without_tokens(file).items():
        if name not in known:
            text = unknown_key(name, known).replace("key", "section", 1)
            file.mistake((name,), text)
            hidden.update(meant for meant in ("network", "chat") if f'"{meant}"' in text)
        elif name == "chat":
            continue
        elif not isinstance(raw, dict):
            file.mistake((name,), f"{name} is a section: write it as [{name}]")
            hidden.add(name)
        else:
            values[name], problems = read_section(sections()[name], raw)
            for key, text in problems:
                file.mistake((name, key), text)
                hidden.add(name)
    before = len(mistakes)
    settings, chats = Settings(**values), read_chats(file)
    are_good = "chat" not in hidden and len(mistakes) == before
    return _Main(
        settings, chats, None if "network" in hidden else settings.network.allow, _names(chats) if are_good else None
    )


def _without_tokens(file: File) -> dict[str, object]:
    """Return what stands in a file but for bot tokens, which are noted and shown nowhere."""
    rest: dict[str, object] = {}
    for name, raw in file.values.items():
        if is_token(name, raw):
            file.mistake((name,), _NO_TOKEN)
        elif isinstance(raw, dict) and (tokens := [key for key, value in raw.items() if is_token(key, value)]):
            for key in tokens:
                file.mistake((name, key), _NO_TOKEN)
            if name in sections() or len(tokens) < len(raw):
                rest[name] = {key: value for key, value in raw.items() if key not in tokens}
        else:
            rest[name] = raw
    return rest


def shipped() -> Path:
    """Return the folder with the configuration that comes with Tipoff."""
    in_wheel = Path(__file__).parent / "shipped"
    return in_wheel if in_wheel.is_dir() else Path(__file__).parent.parent.parent / "config"


def write_shipped(folder: Path) -> list[Path]:
    """Write what a folder lacks of the shipped configuration. Raises ConfigError where it lacks nothing."""
    missing = [name for name in FILES if not (folder / name).exists()]
    if not missing:
        raise ConfigError(f"{folder}: every file is there already and stays as it is; choose another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [Path(shutil.copyfile(shipped() / name, folder / name)) for name in missing]
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written ({error.strerror})") from error
