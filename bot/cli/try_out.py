"""tipoff try, misses and search: how headlines are read, which words decide, and what was stored."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.text import Text

from bot.cli.common import (
    clear_errors,
    config_option,
    database_of,
    json_option,
    load_whole,
    match_as_json,
    out,
    print_json,
)
from bot.core.clock import SystemClock
from bot.core.errors import ConfigError
from bot.core.model import Event, Item, Match
from bot.core.text import clean, one_line
from bot.store.store import open_to_read
from bot.watches.match import Explanation, explain_match
from bot.watches.query import Reading
from bot.watches.watchlist import Watch

_CURES = {"source": " (say one: --source NAME)", "tag": " (say one: --tag TAG)"}
_MOST = 1_000  # headlines that one report of misses shows


@click.command(name="try")
@click.argument("text", required=False)
@click.option("--source", default="", metavar="NAME", help="The outlet that TEXT is from, for watches with sources.")
@click.option(
    "--tag", "tags", multiple=True, help="A tag of its feed, for watches with tags; may be given several times."
)
@config_option
@json_option
@clear_errors
def try_text(text: str | None, source: str, tags: tuple[str, ...], folder: Path, as_json: bool) -> None:
    """Show which watches want a headline, and the words that decided.

    Without TEXT, reads one JSON object a line from standard input: title, and optionally summary, url, outlet, tags.
    """
    if text is None and sys.stdin.isatty():
        raise ConfigError('a headline was expected: tipoff try "…"; or JSON lines on standard input, see --help')
    watchlist = load_whole(folder).watchlist()
    given: dict[str, object] = {"outlet": source, "tags": [*tags]}
    for item in _items_from(sys.stdin, given) if text is None else [_item({"title": text, **given})]:
        reading, answers = explain_match(item, watchlist)
        if as_json:
            print_json(_as_json(item, reading, answers))
        else:
            _print(item, reading, answers)


def _items_from(lines: Iterator[str], given: dict[str, object]) -> Iterator[Item]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                values = json.loads(line)
            except ValueError as error:
                raise ConfigError(f"standard input, line {number}: this is not JSON") from error
            if not isinstance(values, dict) or not isinstance(values.get("title"), str):
                raise ConfigError(f'standard input, line {number}: an object with a "title" was expected')
            yield _item({**given, **values})


def _item(values: dict[str, object]) -> Item:
    summary, url, outlet = (clean(str(values.get(key) or "")) for key in ("summary", "url", "outlet"))
    return Item(
        id=0,
        title=one_line(str(values["title"])),  # as a feed's is: a terminal obeys what stands in it
        summary=summary,
        url=url or None,
        outlet=outlet,
        owner=None,
        tags=tuple(map(str, tags)) if isinstance(tags := values.get("tags"), list) else (),
        published=None,
        seen=datetime(1970, 1, 1, tzinfo=UTC),
    )


def _as_json(item: Item, reading: Reading, answers: Sequence[tuple[Watch, Explanation]]) -> dict[str, object]:
    matches = [answer.match for _, answer in answers if answer.match is not None]
    return {
        "title": item.title,
        "matches": [match_as_json(match) for match in matches if match.background is None],
        "background": [
            {"watch": match.watch, "reason": match.background} for match in matches if match.background is not None
        ],
        "near": [{"watch": watch.name, "missing": answer.missing} for watch, answer in answers if answer.near],
        "events": [_event_as_json(event) for event in (*reading.events, *reading.background)],
    }


def _event_as_json(event: Event) -> dict[str, object]:
    words = "; ".join(piece.text for piece in event.evidence)
    return {**asdict(event), "evidence": words}


def _print(item: Item, reading: Reading, answers: Sequence[tuple[Watch, Explanation]]) -> None:
    """Print a headline with the words that decided, the events read, and each watch that wants it or nearly does."""
    matches = [answer.match for _, answer in answers if answer.match is not None]
    title = Text(item.title, style="bold")
    for event in (*reading.events, *reading.background):
        title.highlight_words([piece.text for piece in event.evidence], "bold yellow")
        title.highlight_words(event.people, "bold cyan")
        title.highlight_words(event.organisations, "bold magenta")
    title.highlight_words([piece.text for match in matches for piece in match.evidence], "bold yellow")
    out.print(title)
    for event in (*reading.events, *reading.background):
        out.print(_event_line(event))
    if not any(match.background is None for match in matches):
        out.print("  no watch wants it", style="dim")
    for watch, answer in answers:
        if answer.match is not None and answer.match.background is None:
            out.print(_match_line(answer.match))
        elif answer.match is not None:
            out.print(Text(f"  ✗ {watch.name}  {answer.match.background}", style="yellow"))
        elif answer.near:
            cure = _CURES.get(answer.lacks, "")
            out.print(Text(f"  ✗ {watch.name}  {answer.missing}{cure}", style="dim"))


def _event_line(event: Event) -> Text:
    line = Text(f"  {event.kind}, {event.certainty}", style="yellow")
    line.append(f"  who: {', '.join(event.people) or '–'}", style="cyan")
    line.append(f"  organisation: {', '.join(event.organisations) or '–'}", style="magenta")
    line.append(f"  in the {event.where}: “{'; '.join(piece.text for piece in event.evidence)}”", style="default")
    if event.ruled_out:
        line.append(f"  ruled out: {event.ruled_out}", style="red")
    return line


def _match_line(match: Match) -> Text:
    line = Text(f"  ✓ {match.watch}", style="green")
    if match.event:
        line.append(f"  {match.event.kind}, {match.event.certainty}", style="cyan")
    for piece in match.evidence:
        line.append(f"  {piece.slot}: “{piece.text}” ({piece.where})", style="default")
    return line


@click.command()
@config_option
@json_option
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 3650), help="How far to look back.")
@clear_errors
def misses(folder: Path, as_json: bool, days: int) -> None:
    """List headlines that name somebody watched and a role but mention no event: wordings the lexicon may lack."""
    with open_to_read(database_of(folder)) as store:
        found = store.near_misses(SystemClock().now() - timedelta(days=days), _MOST)
    if as_json:
        print_json([asdict(near_miss) for near_miss in found])
        return
    for near_miss in found:
        line = Text(near_miss.title, style="bold")
        line.append(f"  {near_miss.outlet}, {near_miss.name} and “{near_miss.role}”", style="dim")
        out.print(line)
    if not found:
        out.print(f"None in {days} days.", style="dim")


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1, _MOST), default=20, show_default=True, help="So many at most.")
@config_option
@json_option
@clear_errors
def search(words: tuple[str, ...], limit: int, folder: Path, as_json: bool) -> None:
    """Show stored items with all WORDS in headline or summary, the newest first; "word*" finds what begins so."""
    with open_to_read(database_of(folder)) as store:
        found = store.search(" ".join(words), limit)
    if as_json:
        print_json([asdict(item) for item in found])
        return
    for item in found:
        out.print(Text(item.title, style="bold").append(f" ({item.outlet}, item {item.item_id})", style="not bold dim"))
        out.print(Text(f"  {item.seen:%Y-%m-%d %H:%M}  {item.url or ''}", style="dim"))
    if not found:
        out.print("nothing that is stored has all of these words")
