"""tipoff backtest: the decide stage over items of the past, with a store in memory."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

import click
from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from bot.alerts.batch import NOBODY, Limits
from bot.alerts.stage import DecideStage
from bot.cli.common import (
    clear_errors,
    config_option,
    counted,
    database_of,
    json_option,
    load_whole,
    match_as_json,
    out,
    print_json,
)
from bot.config.load import Configuration
from bot.core.clock import SystemClock
from bot.core.errors import ConfigError
from bot.core.links import host
from bot.core.model import Action, Address, Alert, Batch, Decision, Item, Match, MessageKind, ReplyPayload, Story
from bot.core.settings import parse_duration
from bot.core.text import clean, one_line
from bot.delivery.render import render
from bot.store.memory import MemoryStore
from bot.store.store import open_to_read
from bot.watches.watchlist import Watchlist

_START = datetime(2000, 1, 1, tzinfo=UTC)  # of items without a date
_RANK = (Action.ALERT, Action.REPLY, Action.UPDATE, Action.DIGEST, Action.SILENT)
_EPOCH_MS = 100_000_000_000  # numbers beyond are milliseconds


@dataclass(frozen=True, slots=True)
class Past:
    """Items to go through, in their order; `keys` are their ids as they were given."""

    items: Callable[[], Iterator[Item]]
    count: int
    keys: dict[int, Any] = field(default_factory=dict)
    edited: Sequence[int] = ()
    examples: Sequence[tuple[str, int, str, str]] = ()  # chat, item, headline, and "more" or "less" like it


@click.command()
@config_option
@json_option
@click.option("--since", default="30d", show_default=True, help="How far to go back in what is stored, like 30d.")
@click.option("--items", "file", type=click.Path(path_type=Path, dir_okay=False), help="Items as JSON lines instead.")
@click.option("--watchlist", type=click.Path(path_type=Path, dir_okay=False), help="Another watchlist to try.")
@click.option("--against", type=click.Path(path_type=Path, dir_okay=False), help="A watchlist to compare with.")
@clear_errors
def backtest(
    folder: Path, as_json: bool, since: str, file: Path | None, watchlist: Path | None, against: Path | None
) -> None:
    """Show what would have been sent, had the watches been there before.

    With --against, shows which alerts the watchlist gains and loses; exit code 1 when it loses any.
    """
    span = _span(since)
    configuration = Configuration.load(folder) if file is not None else load_whole(folder)
    limits = Limits(configuration.settings.alerts.per_hour)
    window = configuration.settings.story.window
    watches = _watches(watchlist, configuration)
    with _past(folder, span, file) as past:
        result = Result(past.keys, as_json=as_json and against is None)
        _run(past, watches, window, limits, result)
        if against is None:
            if not as_json:
                result.print()
                result.print_examples(past.examples)
            return
        other = Result(past.keys)
        _run(past, _watches(against, configuration), window, limits, other)
    lost = _compare(result, other, as_json=as_json)
    sys.exit(1 if lost else 0)


def _watches(path: Path | None, configuration: Configuration) -> Watchlist:
    return (configuration if path is None else Configuration.load_watches(path, configuration.chats)).watchlist()


@contextmanager
def _past(folder: Path, span: timedelta, file: Path | None) -> Iterator[Past]:
    """Open the items of a backtest; the database stays open while they are read."""
    if file is not None:
        yield _from_file(file)
        return
    start = SystemClock().now() - span
    with open_to_read(database_of(folder)) as store:
        yield Past(
            lambda: store.readings(start), store.count_readings(start), edited=store.edited(), examples=store.labels()
        )


def _span(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ConfigError(f"--since {text}: {error}") from error


def _from_file(path: Path) -> Past:
    """Return the items of a file of JSON lines, all mistakes of which are found before anything runs."""
    keys: dict[int, Any] = {}
    try:
        with path.open(encoding="utf-8") as lines:
            for number, values in _objects(path, lines):
                _item(number, values, _START, f"{path}:{number}")
                keys[number] = values.get("id", number)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: this is not UTF-8") from error

    def items() -> Iterator[Item]:
        now = _START
        with path.open(encoding="utf-8") as lines:
            for number, values in _objects(path, lines):
                item = _item(number, values, now, f"{path}:{number}")
                now = item.seen
                yield item

    return Past(items, len(keys), keys)


def _objects(path: Path, lines: TextIO) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"{path}:{number}: this is not JSON") from error
        if not isinstance(values, dict) or not isinstance(values.get("title"), str):
            raise ConfigError(f'{path}:{number}: an object with a "title" was expected')
        yield number, values


def _item(number: int, values: dict[str, Any], now: datetime, place: str) -> Item:
    summary, url, outlet = (clean(str(values.get(key) or "")) for key in ("summary", "url", "outlet"))
    published = _instant(values.get("published"), place)
    # time never runs backwards: items come in the order of their lines
    seen = max(now, published) if published is not None else now
    return Item(number, one_line(values["title"]), summary, url or None, outlet or host(url), None, (), published, seen)


def _instant(value: Any, place: str) -> datetime | None:
    """Return an ISO 8601 text or seconds since 1970 as an instant."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value / 1000 if abs(value) > _EPOCH_MS else value, UTC)
        moment = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError, OSError) as error:
        raise ConfigError(f'{place}: "published" is no date: {value!r}') from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _run(past: Past, watchlist: Watchlist, window: timedelta, limits: Limits, result: "Result") -> None:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("items", total=past.count)

        def receive(batch: Batch) -> None:
            result.take(batch)
            progress.advance(task, len(batch.done))

        stage = DecideStage(MemoryStore(past.items(), receive, past.edited), watchlist, window, limits)
        asyncio.run(stage.run_once())


@dataclass(slots=True)
class _SentStory:
    """A story as it was sent to one chat."""

    story: Story
    at: datetime
    matches: list[Match] = field(default_factory=list)
    items: set[int] = field(default_factory=set)
    edits: int = 0
    replies: list[ReplyPayload] = field(default_factory=list)


class Result:
    """What a backtest decided."""

    def __init__(self, keys: dict[int, Any], *, as_json: bool = False) -> None:
        self._keys = keys
        self._as_json = as_json
        self.sent: dict[tuple[str, int], _SentStory] = {}
        self._actions: Counter[Action] = Counter()
        self._silences: Counter[str] = Counter()
        self._items = 0
        self._seen: set[int] = set()

    def take(self, batch: Batch) -> None:
        """Take in what was decided about some items."""
        self._items += len(batch.done)
        self._seen.update(item.id for item in batch.done)
        stories = {story.id: story for story in batch.stories}
        decisions: dict[int, list[Decision]] = {}
        for decision in batch.decisions:
            decisions.setdefault(decision.item_id, []).append(decision)
            self._actions[decision.action] += 1
            if decision.action is Action.SILENT:
                self._silences[decision.reason] += 1
        matches: dict[int, list[tuple[Match, int]]] = {}
        for match, story in batch.matches:
            matches.setdefault(match.item.id, []).append((match, story))
        for item in batch.done:
            mine, theirs = decisions.get(item.id, []), matches.get(item.id, [])
            for decision in mine:
                self._note(item, decision, [match for match, _ in theirs if match.watch == decision.watch])
            if self._as_json:
                print_json(self._line(item, mine, theirs))
        for sent in self.sent.values():
            sent.story = stories.get(sent.story.id, sent.story)
        for order in batch.orders:
            if isinstance(order.payload, ReplyPayload) and order.story_id is not None:
                self.sent[order.chat, order.story_id].replies.append(order.payload)

    def _note(self, item: Item, decision: Decision, matches: list[Match]) -> None:
        if decision.story_id is None:
            return
        key = (decision.chat, decision.story_id)
        if decision.action is Action.SILENT:
            if key in self.sent:
                # its story was sent: nothing is lost with it
                self.sent[key].items.add(item.id)
            return
        sent = self.sent.setdefault(key, _SentStory(Story(decision.story_id, (), ()), item.seen))
        sent.matches += matches
        sent.items.add(item.id)
        sent.edits += decision.action in {Action.UPDATE, Action.REPLY}

    def _line(self, item: Item, decisions: list[Decision], matches: list[tuple[Match, int]]) -> dict[str, Any]:
        wanted = [decision for decision in decisions if decision.watch != NOBODY] or decisions
        first = min(wanted, key=lambda decision: _RANK.index(decision.action))
        return {
            "id": self._keys.get(item.id, item.id),
            "story": matches[0][1] if matches else None,
            "matches": [match_as_json(match) for match, _ in matches],
            "decision": first.action,
            "reason": first.reason,
        }

    def print(self) -> None:
        """Print the alerts as they would have looked at the end, and what was not sent."""
        for (chat, _), sent in sorted(self.sent.items(), key=lambda entry: (entry[1].at, entry[0])):
            alert = Alert(
                0, Address(chat, None), MessageKind.ALERT, 1, sent.at, story=sent.story, matches=tuple(sent.matches)
            )
            out.print(Text(f"{sent.at:%Y-%m-%d %H:%M} → {chat}", style="bold cyan"))
            out.print(Text(render(alert).plain()))
            for reply in sent.replies:
                by = f" ({reply.outlet})" if reply.outlet else ""
                out.print(Text(f"  ↳ {reply.news}: {reply.title}{by}", style="yellow"))
            out.print(Text(f"  {counted(sent.edits, 'change', 'changes')} of this message", style="dim"))
            out.print()
        counts = ", ".join(f"{self._actions[action]} {action}" for action in _RANK if self._actions[action])
        out.print(f"{counted(self._items, 'item', 'items')}: {counts or 'nothing to decide'}")
        for reason, count in self._silences.most_common():
            out.print(Text(f"  {count:>7}  {reason}"))

    def print_examples(self, examples: Sequence[tuple[str, int, str, str]]) -> None:
        """Print what people asked for more of, or not for, and whether it would have been sent."""
        sent = {(chat, item) for (chat, _), one in self.sent.items() for item in one.items}
        seen = [example for example in examples if example[1] in self._seen]
        if seen:
            out.print("Examples that people gave:")
        for chat, item, title, verdict in seen:
            is_sent = (chat, item) in sent
            sign, style = ("✓", "green") if is_sent == (verdict == "more") else ("✗", "red")
            wanted = "more like this" if verdict == "more" else "not relevant"
            line = Text(f"  {sign} {wanted}, {'sent' if is_sent else 'not sent'}: ", style=style)
            out.print(line.append(f"{one_line(title)} → {chat}", style="default"))

    def alerts(self) -> dict[tuple[str, int], frozenset[int]]:
        """Return the items of every story that was sent to a chat."""
        return {key: frozenset(sent.items) for key, sent in self.sent.items()}

    def title(self, key: tuple[str, int]) -> str:
        """Return how an alert is called in a comparison."""
        sent = self.sent[key]
        return f"{sent.at:%Y-%m-%d %H:%M} → {key[0]}: {one_line(sent.story.sources[0].title)}"


def _compare(new: Result, old: Result, *, as_json: bool) -> list[str]:
    """Print what the watchlist gains and loses against the other; return what it loses."""
    lost = _missing(old, new)
    gained = _missing(new, old)
    if as_json:
        print_json({"gained": gained, "lost": lost})
        return lost
    for sign, style, titles in (("+", "green", gained), ("-", "red", lost)):
        for title in titles:
            out.print(Text(f"{sign} {title}", style=style))
    out.print(f"{counted(len(gained), 'alert', 'alerts')} gained, {len(lost)} lost")
    return lost


def _missing(one: Result, other: Result) -> list[str]:
    """Return the alerts of one result of which the other sends the same chat nothing."""
    sent: dict[str, set[int]] = {}
    for (chat, _), items in other.alerts().items():
        sent.setdefault(chat, set()).update(items)
    return [one.title(key) for key, items in one.alerts().items() if items.isdisjoint(sent.get(key[0], ()))]
