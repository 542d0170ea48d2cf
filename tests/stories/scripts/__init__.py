"""Own headlines about stories: which belong together, how a story grows, and what is decided otherwise than written.

`python -m tests.stories.scripts` writes `known.txt` anew: all that is decided otherwise than the files say. A test
holds the program to it, so that no change makes something worse unseen.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.alerts.candidates import StoryMemory
from bot.alerts.decide import decide_items
from bot.core.model import Action, Decision, Item, WatchSpec
from bot.stories.grouping import LiveStories
from bot.watches.watchlist import Watchlist
from tests.stories.builders import watchlist

FOLDER = Path(__file__).parent
KNOWN = FOLDER / "known.txt"
WINDOW = timedelta(hours=72)
ALL = watchlist(WatchSpec("all", to=("me",), query="*"))
MOVES = watchlist(WatchSpec("moves", to=("me",), events=("departure", "arrival")))
NO_STORY = "-"  # of a headline that tells no event, as a suspension is no departure
_START = datetime(2026, 3, 3, 9, tzinfo=UTC)
_MINUTES = {"m": 1, "h": 60, "d": 1440}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two headlines of two days at most, and whether they tell one story."""

    family: str
    is_same: bool
    one: str
    other: str


@dataclass(frozen=True, slots=True)
class Line:
    """One headline of a scenario: whose story it belongs to, and what is to be done about it."""

    item: Item
    story: str
    wanted: str


def pairs() -> Iterator[Pair]:
    """Yield the pairs."""
    family = ""
    for line in (FOLDER / "pairs.txt").read_text("utf-8").splitlines():
        if line.startswith("## "):
            family = line[3:]
        elif line and not line.startswith("#"):
            kind, one, other = (part.strip() for part in line.split("||"))
            yield Pair(family, kind == "SAME", one, other)


def scenarios(file: str) -> Iterator[tuple[str, list[Line]]]:
    """Yield the scenarios of a file with their names."""
    name, lines = "", list[Line]()
    for line in [*(FOLDER / file).read_text("utf-8").splitlines(), "### "]:
        if line.startswith("### "):
            if lines:
                yield name, lines
            name, lines = line[4:], []
        elif line.startswith("+"):
            body, _, label = line.rpartition("=>")
            offset, outlet, title = (part.strip() for part in body.split("|"))
            number, unit = re.fullmatch(r"\+(\d+)([mhd])", offset).groups()  # type: ignore[union-attr]  # checked data
            seen = _START + timedelta(minutes=int(number) * _MINUTES[unit])
            story, _, wanted = label.strip().partition(" ")
            lines.append(Line(Item(len(lines), title, "", None, outlet, None, (), None, seen), story, wanted))


def decided(items: Sequence[Item], watches: Watchlist) -> dict[int, Decision]:
    """Return what is decided about each item."""
    batch = decide_items(items, watches, StoryMemory(LiveStories(WINDOW)))
    return {decision.item_id: decision for decision in batch.decisions}


def joins(pair: Pair) -> bool:
    """Say whether the second headline joins the story of the first."""
    items = [
        Item(number, title, "", None, f"Outlet {number}", None, (), None, _START + timedelta(hours=number))
        for number, title in enumerate((pair.one, pair.other))
    ]
    first, second = decided(items, ALL).values()
    return first.story_id == second.story_id


def problems(lines: Sequence[Line], found: dict[int, Decision]) -> Iterator[str]:
    """Yield what is wrong with a scenario: alerts beside one a story, a first report not told, and what is no event."""
    for story in dict.fromkeys(line.story for line in lines):
        mine = [found[line.item.id] for line in lines if line.story == story]
        if story == NO_STORY:
            if any(decision.action is not Action.SILENT for decision in mine):
                yield "told what is no event"
            continue
        read = [decision for decision in mine if decision.story_id is not None]
        alerts = sum(decision.action is Action.ALERT for decision in mine)
        if not read or read[0].action is not Action.ALERT:
            yield f"{story} hidden"
        elif alerts != 1:
            yield f"{story} {alerts} alerts"


def fate(line: Line, decision: Decision) -> str | None:
    """Return what is decided about a headline of a timeline where something else is wanted, or None."""
    kind, _, what = line.wanted.partition(":")
    right = {"reply": {Action.REPLY}, "edit": {Action.UPDATE}, "silent": {Action.UPDATE, Action.SILENT}}
    if kind not in right or decision.action in right[kind]:
        return None
    return f"{line.wanted} is {decision.action}" if what else f"{kind} is {decision.action}"


def known() -> list[str]:
    """Return all that is decided otherwise than the files say."""
    found = [f"pair: {pair.one} || {pair.other}" for pair in pairs() if joins(pair) is not pair.is_same]
    for name, lines in scenarios("scripted.txt"):
        answers = decided([line.item for line in lines], MOVES)
        found += [f"scripted: {name}: {problem}" for problem in problems(lines, answers)]
    for name, lines in scenarios("timelines.txt"):
        answers = decided([line.item for line in lines], ALL)
        found += [
            f"timeline: {name}: {wrong}: {line.item.title}"
            for line in lines
            if (wrong := fate(line, answers[line.item.id])) is not None
        ]
    return found


def shares() -> Counter[str]:
    """Return how many there are of each kind, and how many of them are right."""
    count: Counter[str] = Counter()
    for pair in pairs():
        kind = "same" if pair.is_same else "apart"
        count[f"pairs {kind}"] += 1
        count[f"pairs {kind} right"] += joins(pair) is pair.is_same
    for _, lines in scenarios("scripted.txt"):
        answers = decided([line.item for line in lines], MOVES)
        wrong = list(problems(lines, answers))
        stories = len({line.story for line in lines} - {NO_STORY})
        count["scripted stories"] += stories
        count["scripted stories told once"] += stories - len(wrong)
        count["scripted stories hidden"] += sum(problem.endswith("hidden") for problem in wrong)
        count["scripted headlines"] += sum(line.story != NO_STORY for line in lines)
        for story in {line.story for line in lines} - {NO_STORY}:
            places = Counter(answers[line.item.id].story_id for line in lines if line.story == story)
            del places[None]
            count["scripted headlines in the right story"] += max(places.values(), default=0)
    for file, kind in (("timelines.txt", "timelines"), ("heldout.txt", "held out")):
        for _, lines in scenarios(file):
            answers = decided([line.item for line in lines], ALL)
            for line in lines:
                action, wanted = answers[line.item.id].action, line.wanted.partition(":")[0]
                count[f"{kind} {wanted}"] += 1
                count[f"{kind} {wanted} told by {action}"] += 1
    return count
