"""Adds feeds to feeds.toml and takes them off, leaving all else in it as a person wrote it."""

import os
import re
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from bot.config.load import FEEDS
from bot.core.errors import ConfigError
from bot.core.files import as_owner_of, open_beside
from bot.core.guard import trouble
from bot.core.links import canonical, is_web
from bot.core.model import FeedSpec
from bot.core.secrets import redact
from bot.core.settings import format_duration
from bot.core.toml import quoted

_TABLE = re.compile(r"^(?=\[\[feed\]\])", re.MULTILINE)


class Added(NamedTuple):
    """What became of feeds that were to be added; each that was left out with the reason."""

    added: tuple[FeedSpec, ...]
    left_out: tuple[tuple[FeedSpec, str], ...]


class FeedsFile:
    """The list of feeds of a configuration folder: people edit it, too."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FEEDS

    def add(self, there: Sequence[FeedSpec], wanted: Iterable[FeedSpec], allow: Sequence[str]) -> Added:
        """Write feeds to its end, all at once; those that are there, or would be refused, are left out."""
        pages = {canonical(feed.url) for feed in there}
        names: set[str | None] = {feed.name for feed in there if feed.name}
        added: list[FeedSpec] = []
        left_out: list[tuple[FeedSpec, str]] = []
        for feed in wanted:
            if (reason := _refusal(feed, pages, allow)) is not None:
                left_out.append((feed, reason))
                continue
            name = feed.name if feed.name not in names else None  # two outlets never share a name
            added.append(FeedSpec(feed.url, name, feed.tags, feed.owner, feed.interval))
            pages.add(canonical(feed.url))
            names.add(name)
        if added:
            before = self._path.read_text("utf-8-sig") if self._path.exists() else ""
            gap = "" if not before else "\n" if before.endswith("\n") else "\n\n"
            self._write(before + gap + "\n".join(map(_table, added)))
        return Added(tuple(added), tuple(left_out))

    def remove(self, wanted: str) -> str:
        """Take a feed off, by its name or address; return its address. Raises ConfigError if there is none."""
        head, *tables = _TABLE.split(self._path.read_text("utf-8-sig"))
        for number, table in enumerate(tables):
            (feed,) = tomllib.loads(table)["feed"]
            if wanted in {feed.get("name"), feed["url"]} or canonical(feed["url"]) == canonical(wanted):
                self._write("".join((head, *tables[:number], *tables[number + 1 :])))
                return str(feed["url"])
        raise ConfigError(f"{self._path}: there is no feed {redact(wanted)!r}; see them with: tipoff feeds list")

    def _write(self, text: str) -> None:
        """Replace the file all at once: a daemon that looks at it sees the old one or the new one."""
        path = self._path
        try:
            temporary = path.with_name(f".{path.name}.new")
            with as_owner_of(path.parent):
                temporary.unlink(missing_ok=True)
                handle = open_beside(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    file.write(text)
                temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
                temporary.replace(path)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be written ({error.strerror})") from error


def _refusal(feed: FeedSpec, pages: set[str], allow: Sequence[str]) -> str | None:
    if not is_web(feed.url):
        return "it has to begin with http:// or https://"
    if canonical(feed.url) in pages:
        return "it is there already"
    return trouble(feed.url, allow)


def _table(feed: FeedSpec) -> str:
    lines = ["[[feed]]", f"url = {quoted(feed.url)}"]
    if feed.name:
        lines.append(f"name = {quoted(feed.name)}")
    if feed.tags:
        lines.append(f"tags = [{', '.join(map(quoted, feed.tags))}]")
    if feed.interval:
        lines.append(f'interval = "{format_duration(feed.interval)}"')
    return "\n".join(lines) + "\n"
