"""How well events are read out of real headlines, beside plain keywords, and what it costs.

The labelled headlines are split by a hash of their title: one half was read while the lexicon grew ("tuned_…"), the
other was only ever scored; the figures without a prefix are those of the other half (of all, where the data are not
the ones it grew on). Recall is of headlines whose main event it is; precision counts a second labelled event as right.
`wild_per_10k` is how many of 10,000 unlabelled headlines fire at all without any name watched; how many of those
are wrong can only be read: the table prints a sample.
"""

import gc
import gzip
import hashlib
import json
import random
import re
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from math import sqrt
from typing import Any

from _report import options, report
from rich.console import Console
from rich.table import Table

from bot.core.model import Event, Item, Part, WatchSpec
from bot.core.text import Text, words
from bot.events.frames import read_events
from bot.events.inflect import inflections
from bot.events.lexicon import lexicon
from bot.watches.match import match_item
from bot.watches.watchlist import Watchlist

KINDS = ("departure", "arrival")
SAMPLE = 200
LEAVING = ("leave", "quit", "exit", "depart")
FLAT = {
    "departure": ("leave", "quit", "exit", "depart", "resign", "retire", "step", "fire", "oust", "replace"),
    "arrival": ("join", "hire", "appoint", "name", "tap", "poach", "become", "succeed", "promote"),
}
Row = dict[str, Any]
Firing = Callable[[str], bool]


def main() -> None:
    """Measure and report."""
    wanted = options(__doc__ or "")
    labelled = sorted(wanted.data.glob("events_*.jsonl"))
    wild = sorted(wanted.data.glob("headlines_*.jsonl.gz"))
    if not labelled or not wild:
        print(f"skipped: there are no labelled headlines in {wanted.data}")
        return
    rows = [json.loads(line) for line in labelled[0].read_text("utf-8").splitlines()]
    with gzip.open(wild[0], "rt", encoding="utf-8") as lines:
        titles = [json.loads(line)["title"] for line in lines]
    random.Random(1).shuffle(titles)
    titles = titles[: 10_000 if wanted.quick else 60_000]
    is_known = labelled[0].stem == "events_dev"
    unread = [row for row in rows if not is_known or not was_read(row["title"])]
    figures: dict[str, float] = {}
    figures |= scores(unread, "")
    if is_known:
        figures |= scores([row for row in rows if was_read(row["title"])], "tuned_")
    fired = [(title, told) for title in titles if (told := events(title, KINDS))]
    figures["wild_per_10k"] = len(fired) / len(titles) * 10_000
    figures |= costs(titles[:10_000])
    if not wanted.json:
        baselines(unread)
        show_sample(fired)
    report("events", figures, wanted.json)


def was_read(title: str) -> bool:
    """Say whether a headline belongs to the half that was read while the lexicon grew."""
    return hashlib.sha256(title.encode()).digest()[0] % 2 == 0


def events(title: str, kinds: Iterable[str]) -> list[Event]:
    """Return what a headline tells of some kinds; denials and background do not count."""
    found = read_events(Text(title), Part.TITLE, (), lexicon())
    return [e for e in found if e.kind in kinds and e.ruled_out is None and e.certainty != "denied"]


def labels(row: Row) -> set[str]:
    """Return the events a headline was labelled with."""
    return {row["event"], row.get("also") or row["event"]}


def scores(rows: Sequence[Row], prefix: str) -> dict[str, float]:
    """Return precision and recall, and how often person, organisation and certainty of a found event are right."""
    figures: dict[str, float] = {}
    person: list[bool] = []
    organisation: list[bool] = []
    certainty: list[bool] = []
    for kind in KINDS:
        fired = [(row, told) for row in rows if (told := events(row["title"], {kind}))]
        right = [(row, told) for row, told in fired if kind in labels(row)]
        main = [(row, told) for row, told in right if row["event"] == kind]
        figures[f"{prefix}{kind}_p"] = share(len(right), len(fired))
        figures[f"{prefix}{kind}_r"] = share(len(main), sum(row["event"] == kind for row in rows))
        person += [agrees((name for e in told for name in e.people), row["person"]) for row, told in main]
        organisation += [
            agrees((name for e in told for name in e.organisations), row["org"]) for row, told in main if row.get("org")
        ]
        certainty += [(told[0].certainty != "stated") == bool(row.get("planned_or_reported")) for row, told in main]
    for name, found in (("person", person), ("organisation", organisation), ("certainty", certainty)):
        figures[f"{prefix}{name}_acc"] = share(sum(found), len(found))
    return figures


def agrees(names: Iterable[str], wanted: str) -> bool:
    """Say whether one of some names shares a word of substance with the labelled one."""
    small = {"the", "of", "a", "and", "new", "former"}
    return bool(({word for name in names for word in words(name)} & set(words(wanted))) - small)


def share(part: int, whole: int) -> float:
    """Return a share, 0 of nothing."""
    return part / whole if whole else 0.0


def wilson(part: int, whole: int) -> str:
    """Return a share with its 95% interval (Wilson 1927)."""
    if not whole:
        return "–"
    p, z = part / whole, 1.96
    middle = (p + z * z / 2 / whole) / (1 + z * z / whole)
    half = z * sqrt(p * (1 - p) / whole + z * z / 4 / whole / whole) / (1 + z * z / whole)
    return f"{p:.3f} ({middle - half:.2f}–{middle + half:.2f})"


def baselines(rows: Sequence[Row]) -> None:
    """Print the same headlines read by plain keywords."""
    firms = {str(row["org"]) for row in rows if row.get("org")}
    table = Table("method", "event", "precision", "recall", "F1", title="beside plain keywords, with 95% intervals")
    for kind in KINDS:
        verb = "leaving" if kind == "departure" else "joins"
        forms = {form for lemma in (LEAVING if kind == "departure" else FLAT[kind]) for form in inflections(lemma)}
        flat = {form for lemma in FLAT[kind] for form in inflections(lemma)}
        methods: dict[str, Firing] = {
            f'keyword "{verb} <org>"': beside({verb}, firms),
            "any inflection, <org>": beside(forms, firms),
            "flat list of verbs": lambda title, flat=flat: bool(flat & set(words(title))),  # type: ignore[misc]
            "Tipoff": lambda title, kind=kind: bool(events(title, {kind})),  # type: ignore[misc]
        }
        for name, fires in methods.items():
            fired = [row for row in rows if fires(row["title"])]
            right = sum(kind in labels(row) for row in fired)
            found, whole = sum(row["event"] == kind for row in fired), sum(row["event"] == kind for row in rows)
            p, r = share(right, len(fired)), share(found, whole)
            f1 = 2 * p * r / (p + r) if p + r else 0.0
            table.add_row(name, kind, wilson(right, len(fired)), wilson(found, whole), f"{f1:.2f}")
    Console().print(table)


def beside(forms: set[str], firms: Iterable[str]) -> Firing:
    """Return a keyword: one of some words right before an organisation."""
    verbs = "|".join(map(re.escape, sorted(forms)))
    names = "|".join(re.escape(firm) for firm in sorted(firms))
    pattern = re.compile(rf"\b(?:{verbs}) (?:{names})\b", re.IGNORECASE)
    return lambda title: bool(pattern.search(title))


def show_sample(fired: Sequence[tuple[str, Sequence[Event]]]) -> None:
    """Print fired headlines, for reading."""
    table = Table("read as", "headline", title=f"{SAMPLE} of the {len(fired)} that fire in the wild")
    for title, told in random.Random(2).sample(list(fired), min(SAMPLE, len(fired))):
        table.add_row("; ".join(f"{e.kind}: {', '.join(e.people)} @ {', '.join(e.organisations)}" for e in told), title)
    Console().print(table)


def costs(titles: Sequence[str]) -> dict[str, float]:
    """Return microseconds a headline with ten watches, and what 100,000 more watches add."""
    few = [WatchSpec(f"w{n}", events=(kind,)) for n, kind in enumerate(sorted(lexicon().kinds))]
    few += [WatchSpec("names", people=("Andrej Karpathy",)), WatchSpec("words", keywords=("leaving OpenAI",))]
    people = [
        WatchSpec(f"p{n}", people=(f"{GIVEN[n % 100]} {SUR[n // 100 % 100]}{SUR[n // 10_000]}",))
        for n in range(100_000)
    ]
    items = [Item(1, title, "", None, "", None, (), None, datetime(2026, 1, 1, tzinfo=UTC)) for title in titles]
    small, large = Watchlist.compile(few), Watchlist.compile([*few, *people])
    gc.collect()
    gc.disable()
    alone = timed(items, small)
    added = statistics.median(
        statistics.mean(timed(items, large)) - statistics.mean(timed(items, small)) for _ in range(3)
    )
    gc.enable()
    return {
        "mean_us": statistics.mean(alone) * 1e6,
        "p99_us": sorted(alone)[int(0.99 * len(alone))] * 1e6,
        "max_us": max(alone) * 1e6,
        "watches_100k_added_us": added * 1e6,
    }


def timed(items: Sequence[Item], watchlist: Watchlist) -> list[float]:
    """Return the seconds each item takes; the better of two passes."""
    passes = []
    for _ in range(2):
        taken = []
        for item in items:
            began = time.perf_counter()
            match_item(item, watchlist)
            taken.append(time.perf_counter() - began)
        passes.append(taken)
    return [min(pair) for pair in zip(*passes, strict=True)]


_SYLLABLES = ("ba", "de", "fi", "go", "lu", "ma", "ne", "ri", "so", "tu")
GIVEN = [f"{a}{b}n".title() for a in _SYLLABLES for b in _SYLLABLES]
SUR = [f"{a}{b}s".title() for a in _SYLLABLES for b in _SYLLABLES]


if __name__ == "__main__":
    main()
