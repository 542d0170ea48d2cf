"""Every setting once: default, limits, unit, help. Pure.

`bot.config` reads the file they stand in; `docs/settings.md` is written from this file (`make docs`).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import timedelta
from difflib import get_close_matches
from ipaddress import AddressValueError, IPv6Address
from pathlib import PurePath
from typing import Any, get_type_hints

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_BYTES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}


class Size(int):
    """A number of bytes, written like "10 MB"."""


def setting(
    default: Any,
    help: str,  # noqa: A002  # the field's own word
    *,
    low: Any = None,
    high: Any = None,
    choices: tuple[str, ...] = (),
    each: Callable[[str], str] = str,
) -> Any:
    """Declare a setting: what it does, its default and the values that make sense; `each` reads a list's elements."""
    return field(default=default, metadata={"help": help, "low": low, "high": high, "choices": choices, "each": each})


def host_and_port(text: str) -> str:
    """Read an exact host:port pair such as "127.0.0.1:8080", "nas.lan:80" or "[::1]:8080". Raises ValueError."""
    host, _, port = text.strip().lower().rpartition(":")
    if re.fullmatch(r"[1-9]\d{0,4}", port, re.ASCII) and int(port) <= 65535:
        if re.fullmatch(r"[\w-]+(\.[\w-]+)*\.?", host):
            return f"{host}:{port}"
        if host.startswith("[") and host.endswith("]"):
            try:
                return f"[{IPv6Address(host[1:-1])}]:{port}"
            except AddressValueError:
                pass
    raise ValueError(f'"{text}" is no exact host:port pair such as "127.0.0.1:8080"')


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """Where Tipoff keeps what it knows."""

    path: PurePath = setting(PurePath("data/tipoff.db"), "The database file; relative to the folder Tipoff runs in.")
    backups: int = setting(
        7,
        "How many backups are kept beside the database, and of how many days the newest one; one is made each night.",
        low=1,
        high=1000,
    )
    keep_items: timedelta = setting(
        timedelta(days=90),
        "How long items are kept for searches, questions and backtests. What they are known by is kept for good.",
        low=timedelta(days=7),
        high=timedelta(days=3650),
    )
    keep_stories: timedelta = setting(
        timedelta(days=180),
        "How long stories are kept, with their reports, the decisions about them and what was sent.",
        low=timedelta(days=15),
        high=timedelta(days=3650),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PollSettings:
    """How often and how patiently feeds are asked."""

    every: timedelta = setting(
        timedelta(0),
        "How often a feed is asked that names no interval of its own; with `0s` as often as its rhythm asks for: "
        "every 13 minutes where 12 items come in a day, oftener where more do, seldom where nights are quiet.",
        low=timedelta(0),
        high=timedelta(days=7),
    )
    floor: timedelta = setting(
        timedelta(minutes=5),
        "Never oftener than this, whatever the rhythm of the feed.",
        low=timedelta(seconds=1),
        high=timedelta(days=1),
    )
    ceiling: timedelta = setting(
        timedelta(hours=14),
        "Never more seldom than this because a feed is quiet; what a publisher asks for can take longer.",
        low=timedelta(minutes=5),
        high=timedelta(days=7),
    )
    patience: timedelta = setting(
        timedelta(hours=24),
        "The longest Retry-After that is believed: a proxy can forge one.",
        low=timedelta(minutes=1),
        high=timedelta(days=31),
    )
    moves: int = setting(
        500,
        "How many polls in a row have to be redirected for good (301, 308) to one address before it is asked instead.",
        low=1,
        high=100_000,
    )
    timeout: timedelta = setting(
        timedelta(seconds=60),
        "How long one request may take in all, redirects included.",
        low=timedelta(seconds=1),
        high=timedelta(minutes=10),
    )
    hosts: int = setting(
        32,
        "How many hosts are asked at the same time, those left aside that have taken more than two seconds.",
        low=1,
        high=1000,
    )
    per_host: int = setting(2, "How many requests to one host at the same time.", low=1, high=8)
    gap: timedelta = setting(
        timedelta(seconds=1),
        "The least time between the beginnings of two requests to one host; at most a sixtieth of `floor`.",
        low=timedelta(0),
        high=timedelta(minutes=5),
    )
    workers: int = setting(2, "How many processes read documents.", low=1, high=64)
    parse_timeout: timedelta = setting(
        timedelta(seconds=20),
        "How long a process may read one document before it is stopped.",
        low=timedelta(seconds=1),
        high=timedelta(minutes=5),
    )
    max_document: Size = setting(
        Size(10_000_000), "The largest document that is read.", low=Size(1_000), high=Size(100_000_000)
    )
    agent: str = setting("", "A contact address or URL that publishers see in the User-Agent beside the name Tipoff.")


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """Which addresses may be reached."""

    allow: tuple[str, ...] = setting(
        (),
        'host:port pairs on the home network that feeds may come from, such as `["192.168.1.5:8099"]`; all other '
        "private addresses and unusual ports are refused.",
        each=host_and_port,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StorySettings:
    """When two reports are one story."""

    window: timedelta = setting(
        timedelta(hours=72),
        "A report this long after a story's newest one opens a new story.",
        low=timedelta(hours=1),
        high=timedelta(days=14),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings:
    """How much a chat is sent."""

    per_hour: int = setting(
        30,
        "Stories a chat is sent within an hour, each in a message of its own; what goes over is sent in one message "
        "when the hour ends. High priority is not counted out.",
        low=1,
        high=1000,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """How messages are sent."""

    promise: str = setting(
        "at-least-once",
        "What to do with a message of which nobody knows whether it arrived: send it once more, which may make a "
        "second copy (at-least-once), or leave it and name it to the owner (at-most-once).",
        choices=("at-least-once", "at-most-once"),
    )
    edit_every: timedelta = setting(
        timedelta(seconds=150),
        "A message is not changed oftener than this while its story grows.",
        low=timedelta(0),
        high=timedelta(hours=1),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthSettings:
    """How Tipoff is watched."""

    port: int = setting(
        0, "The port on this machine's loopback for /healthz and /metrics; 0 for none.", low=0, high=65535
    )
    ping: str = setting(
        "",
        "A URL that is asked for while all is well, such as a check of healthchecks.io: when that stops, somebody "
        "outside says so.",
    )
    ping_every: timedelta = setting(
        timedelta(minutes=1), "How often it is asked for.", low=timedelta(seconds=1), high=timedelta(days=1)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """What the log says."""

    level: str = setting("info", "How much is logged.", choices=("debug", "info", "warning", "error"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings; each field is a section of `config/tipoff.toml`."""

    store: StoreSettings = field(default_factory=StoreSettings)
    poll: PollSettings = field(default_factory=PollSettings)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    story: StorySettings = field(default_factory=StorySettings)
    alerts: AlertSettings = field(default_factory=AlertSettings)
    delivery: DeliverySettings = field(default_factory=DeliverySettings)
    health: HealthSettings = field(default_factory=HealthSettings)
    log: LogSettings = field(default_factory=LogSettings)


Problem = tuple[str, str]  # the key, and what is wrong with its value


def sections() -> dict[str, type[Any]]:
    """Return the sections by name."""
    return {f.name: f.default_factory for f in fields(Settings) if f.default_factory is not MISSING}  # type: ignore[misc]  # a dataclass's factory is its class


def read_section(section: type[Any], raw: Mapping[str, Any]) -> tuple[Any, list[Problem]]:
    """Check the values of one section; return the section, with defaults for what is wrong, and all problems."""
    hints = get_type_hints(section)
    known = {f.name: f for f in fields(section)}
    values: dict[str, object] = {}
    problems: list[Problem] = []
    for key, value in raw.items():
        if key not in known:
            problems.append((key, unknown_key(key, known)))
            continue
        try:
            values[key] = _within(known[key], _convert(hints[key], value, known[key].metadata["each"]))
        except ValueError as error:
            problems.append((key, f"{key}: {error}"))
    return section(**values), problems


def unknown_key(key: str, known: Mapping[str, object] | tuple[str, ...]) -> str:
    """Return what to say about a key nobody knows."""
    close = get_close_matches(key, list(known), n=1, cutoff=0.6)
    if close:
        return f'unknown key "{key}"; did you mean "{close[0]}"?'
    return f'unknown key "{key}"; known here: {", ".join(known)}'


def parse_duration(value: object) -> timedelta:
    """Read a span such as "90s", "5m", "1h30m" or "2d". Raises ValueError."""
    if isinstance(value, str) and value and (found := re.findall(r"(\d+)\s*([smhd])", value)):
        if re.sub(r"(\d+)\s*([smhd])|\s", "", value):
            raise ValueError(_duration_help(value))
        return timedelta(seconds=min(sum(int(n) * _SECONDS[unit] for n, unit in found), 10**9))
    raise ValueError(_duration_help(value))


def _duration_help(value: object) -> str:
    return f'must be a span of time such as "90s", "5m", "12h" or "2d", not {value!r}'


def format_duration(span: timedelta) -> str:
    """Return a span as it would be written in the file."""
    seconds = int(span.total_seconds())
    if seconds <= 0:
        return "0s"
    parts = []
    for unit in "dhms":
        count, seconds = divmod(seconds, _SECONDS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)


def _parse_size(value: object) -> Size:
    match = re.fullmatch(r"(\d{1,12})\s*(B|kB|MB|GB)", value) if isinstance(value, str) else None
    if not match:
        raise ValueError(f'must be a size such as "500 kB" or "10 MB", not {value!r}')
    return Size(int(match[1]) * _BYTES[match[2]])


def _convert(kind: Any, value: object, each: Callable[[str], str]) -> object:
    if kind is timedelta:
        return parse_duration(value)
    if kind is Size:
        return _parse_size(value)
    if kind is PurePath and isinstance(value, str) and value:
        return PurePath(value)
    if kind is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind is str and isinstance(value, str):
        return value
    if kind == tuple[str, ...] and isinstance(value, list):
        return tuple(_elements(value, each))
    raise ValueError(f"must be {_KIND_WORDS.get(kind, 'a list of texts')}, not {value!r}")


def _elements(parts: list[object], each: Callable[[str], str]) -> list[str]:
    """Read the elements of a list. Raises ValueError, which names all that are wrong."""
    read, wrong = [], []
    for part in parts:
        if not isinstance(part, str):
            wrong.append(f"must be a list of texts, and {part!r} is none")
            continue
        try:
            read.append(each(part))
        except ValueError as error:
            wrong.append(str(error))
    if wrong:
        raise ValueError("; ".join(wrong))
    return read


_KIND_WORDS: dict[Any, str] = {int: "a whole number", str: "a text in quotes", PurePath: "a path in quotes"}


def _within(declared: "Field[Any]", value: Any) -> object:
    low, high, choices = (declared.metadata[key] for key in ("low", "high", "choices"))
    if choices and value not in choices:
        raise ValueError(f"must be one of {', '.join(choices)}, not {value!r}")
    if low is not None and not low <= value <= high:
        raise ValueError(f"must be {show(low)} to {show(high)}, not {show(value)}")
    return value


def show(value: object) -> str:
    """Return a setting's value as a person would write it."""
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, Size):
        for unit, size in reversed(_BYTES.items()):
            if value % size == 0:
                return f"{value // size} {unit}"
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{part}"' for part in value) + "]"
    return str(value)


def as_markdown() -> str:
    """Return the reference of all settings: the text of `docs/settings.md`."""
    lines = [
        "# Settings",
        "",
        "Every key of `config/tipoff.toml` is optional. `make docs` writes this page from `bot/core/settings.py`.",
        "Chats (`[[chat]]`), feeds and watches are described in [configuration.md](configuration.md).",
    ]
    for name, section in sections().items():
        lines += ["", f"## [{name}]", "", section.__doc__ or "", "", "| key | default | may be | what it does |"]
        lines.append("|---|---|---|---|")
        lines += [_markdown_row(declared) for declared in fields(section)]
    return "\n".join(lines) + "\n"


def _markdown_row(declared: "Field[Any]") -> str:
    low, high, choices, text = (declared.metadata[key] for key in ("low", "high", "choices", "help"))
    may_be = " · ".join(choices) if choices else f"{show(low)} to {show(high)}" if low is not None else ""
    default = f"`{show(declared.default)}`" if show(declared.default) else ""
    return f"| `{declared.name}` | {default} | {may_be} | {text} |"


if __name__ == "__main__":
    print(as_markdown(), end="")
