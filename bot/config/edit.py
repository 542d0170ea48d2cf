"""Adds feeds to feeds.toml and takes them off, leaving all else in it as a person wrote it."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from bot.config.load import FEEDS
from bot.core.errors import ConfigError
from bot.core.guard import trouble
from bot.core.links import canonical, is_web
from bot.core.logs import redact
from bot.core.model import FeedSpec
from bot.core.settings import format_duration
from bot.core.toml import quoted

_TABLE = re.compile(r"^(?=\[\[feed\]\])", re.MULTILINE)


class Added(NamedTuple):
    """What became of feeds that were to be added; each that was left out with the reason."""

    added: tuple[FeedSpec, ...]
    left_out: tuple[tuple[FeedSpec, str], ...]


def add_feeds(folder: Path, there: Sequence[FeedSpec], wanted: Iterable[FeedSpec], allow: Sequence[str]) -> Added:
    """Write feeds to the end of feeds.toml, all at once; those that are there, or would be refused, are left out."""
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
        path = folder / FEEDS
        before = path.read_text("utf-8-sig") if path.exists() else ""
        gap = "" if not before else "\n" if before.endswith("\n") else "\n\n"
        _write(path, before + gap + "\n".join(map(_table, added)))
    return Added(tuple(added), tuple(left_out))


def _refusal(feed: FeedSpec, pages: set[str], allow: Sequence[str]) -> str | None:
    if not is_web(feed.url):
        return "it has to begin with http:// or https://"
    if canonical(feed.url) in pages:
        return "it is there already"
    return trouble(feed.url, allow)


def remove_feed(folder: Path, wanted: str) -> str:
    """Take a feed, by its name or address, off feeds.toml; return its address. Raises ConfigError if there is none."""
    path = folder / FEEDS
    head, *tables = _TABLE.split(path.read_text("utf-8-sig"))
    for number, table in enumerate(tables):
        (feed,) = tomllib.loads(table)["feed"]
        if wanted in {feed.get("name"), feed["url"]} or canonical(feed["url"]) == canonical(wanted):
            _write(path, "".join((head, *tables[:number], *tables[number + 1 :])))
            return str(feed["url"])
    raise ConfigError(f"{path}: there is no feed {redact(wanted)!r}; see them with: tipoff feeds list")


def _table(feed: FeedSpec) -> str:
    lines = ["[[feed]]", f"url = {quoted(feed.url)}"]
    if feed.name:
        lines.append(f"name = {quoted(feed.name)}")
    if feed.tags:
        lines.append(f"tags = [{', '.join(map(quoted, feed.tags))}]")
    if feed.interval:
        lines.append(f'interval = "{format_duration(feed.interval)}"')
    return "\n".join(lines) + "\n"


def _write(path: Path, text: str) -> None:
    """Replace a file all at once: a daemon that looks at it sees the old one or the new one."""
    try:
        temporary = path.with_name(f".{path.name}.new")
        temporary.write_text(text, "utf-8")
        if path.exists():
            temporary.chmod(path.stat().st_mode & 0o777)
        temporary.replace(path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror})") from error
