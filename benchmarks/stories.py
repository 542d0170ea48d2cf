"""How well stories are told apart on real headlines, beside what others use, and what that costs.

Eight headlines of every labelled story lie in a shuffled stream of unlabelled ones, all of them wanted. The stories are
split by a hash of their label: one half was looked at while this grew ("tuned_…"), the figures without a prefix are
those of the other half (of all, where the data are not the ones it grew on). `alerts_per_story` is how many
stories the headlines of one label make; `wrong_story_share` how many labelled headlines joined a story of another
label; `noise_wrong_share` how many unlabelled ones joined any story, but for those with the same title;
`hidden_stories` how many labels were swallowed with their first headline. `item_us_…` is the CPU time of
the whole decision about an item with so many live stories.
"""

import gc
import gzip
import hashlib
import json
import math
import random
import resource
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from _report import options, report
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent.parent))

from bot.alerts.batch import Limits
from bot.alerts.candidates import StoryMemory
from bot.alerts.decide import decide_items
from bot.core.model import Item, WatchSpec
from bot.core.text import words
from bot.events.outlets import Title
from bot.stories.grouping import LiveStories
from bot.watches.watchlist import Watchlist

OF_A_STORY, BACKGROUND = 8, 2_800
WINDOW = timedelta(hours=72)
ALL = Watchlist.compile([WatchSpec("all", to=("me",), query="*")], (), ())
NO_CAP = Limits(10**9)
START = datetime(2026, 3, 3, 9, tzinfo=UTC)
PLAIN = frozenset(
    words("a an and are as at be but by for from has have in is it its of on or that the to was were will with")
)


@dataclass(frozen=True, slots=True)
class Line:
    """A headline with its label, None for one of the background."""

    title: str
    outlet: str
    label: str | None


Grouping = Callable[[Sequence[Line]], list[int]]


def main() -> None:
    """Measure and report."""
    wanted = options(__doc__ or "")
    labelled = sorted(wanted.data.glob("stories_*.jsonl"))
    wild = sorted(wanted.data.glob("headlines_*.jsonl.gz"))
    if not labelled or not wild:
        print(f"skipped: there are no labelled stories in {wanted.data}")
        return
    rows = [json.loads(line) for line in labelled[0].read_text("utf-8").splitlines()]
    with gzip.open(wild[0], "rt", encoding="utf-8") as lines:
        background = [json.loads(line) for line in lines]
    is_known = labelled[0].stem == "stories_dev"
    unread = [row for row in rows if not is_known or not was_read(row["cluster"])]
    seeds = (1,) if wanted.quick else (1, 2, 3)
    ours = {method: scored(unread, background, seeds, group) for method, group in METHODS.items()}
    figures = dict(ours["Tipoff"])
    if is_known:
        read = [row for row in rows if was_read(row["cluster"])]
        figures |= {f"tuned_{key}": value for key, value in scored(read, background, seeds, by_tipoff).items()}
    figures |= pair_shares() | costs(background, 10_000 if wanted.quick else 100_000)
    if not wanted.json:
        Console().print(table(ours))
    report("stories", figures, as_json=wanted.json)


def was_read(label: str) -> bool:
    """Say whether a story belongs to the half that was looked at."""
    return hashlib.sha256(label.encode()).digest()[0] % 2 == 0


def stream(rows: Sequence[dict[str, Any]], background: Sequence[dict[str, Any]], seed: int) -> list[Line]:
    """Return a shuffled stream, the same for the same seed."""
    dice = random.Random(seed)
    by_label: dict[str, list[Line]] = defaultdict(list)
    for row in rows:
        by_label[row["cluster"]].append(Line(row["title"], row.get("outlet") or "", row["cluster"]))
    lines = [line for label in sorted(by_label) for line in sample(by_label[label], OF_A_STORY, dice)]
    noise = [Line(row["title"], row.get("outlet") or "", None) for row in sample(background, BACKGROUND, dice)]
    lines += noise
    dice.shuffle(lines)
    return lines


def sample(rows: Sequence[Any], count: int, dice: random.Random) -> list[Any]:
    """Return so many of some rows."""
    return dice.sample(list(rows), min(count, len(rows)))


def scored(
    rows: Sequence[dict[str, Any]], background: Sequence[dict[str, Any]], seeds: Iterable[int], group: Grouping
) -> dict[str, float]:
    """Return the mean figures of a method over some streams."""
    found: dict[str, list[float]] = defaultdict(list)
    for seed in seeds:
        lines = stream(rows, background, seed)
        for key, value in figures_of(lines, group(lines)).items():
            found[key].append(value)
    return {key: statistics.fmean(values) for key, values in found.items()}


def figures_of(lines: Sequence[Line], groups: Sequence[int]) -> dict[str, float]:
    """Return how well groups fit the labels."""
    members: dict[int, list[str | None]] = defaultdict(list)
    of_label: dict[str, list[int]] = defaultdict(list)
    for line, group in zip(lines, groups, strict=True):
        members[group].append(line.label)
        if line.label is not None:
            of_label[line.label].append(group)
    precision, recall = [], []
    for line, group in zip(lines, groups, strict=True):
        if line.label is not None:
            same = sum(label == line.label for label in members[group])
            precision.append(same / len(members[group]))
            recall.append(same / len(of_label[line.label]))
    p, r = statistics.fmean(precision), statistics.fmean(recall)
    owner: dict[int, str] = {}
    titles: dict[int, set[str]] = defaultdict(set)
    begun: set[str] = set()
    wrong = noise = hidden = 0
    for line, group in zip(lines, groups, strict=True):
        title = Title(line.title, line.outlet).bare.casefold()
        if line.label is None:
            noise += bool(titles[group]) and title not in titles[group]
        else:
            is_wrong = owner.setdefault(group, line.label) != line.label
            wrong += is_wrong
            hidden += is_wrong and line.label not in begun
            begun.add(line.label)
        titles[group].add(title)
    return {
        "bcubed_p": p,
        "bcubed_r": r,
        "bcubed_f1": 2 * p * r / (p + r),
        "alerts_per_story": statistics.fmean(len(set(groups)) for groups in of_label.values()),
        "wrong_story_share": wrong / len(precision),
        "noise_wrong_share": noise / (len(lines) - len(precision)),
        "hidden_stories": hidden,
    }


def by_tipoff(lines: Sequence[Line]) -> list[int]:
    """Group by the real program; no outlet comes twice, so that none is silent for that."""
    items = [
        Item(
            at,
            line.title,
            "",
            None,
            f"{line.outlet or 'outlet'} {at}",
            None,
            (),
            None,
            START + timedelta(seconds=60 * at),
        )
        for at, line in enumerate(lines)
    ]
    batch = decide_items(items, ALL, StoryMemory(LiveStories(WINDOW)), NO_CAP)
    story = {match.item.id: number for match, number in batch.matches}
    return [story[at] for at in range(len(lines))]


def by_title(lines: Sequence[Line]) -> list[int]:
    """Group equal titles."""
    known: dict[str, int] = {}
    return [known.setdefault(Title(line.title, line.outlet).bare.casefold(), len(known)) for line in lines]


def content(line: Line) -> list[str]:
    """Return the words of a headline that are not mere grammar."""
    return [word for word in words(Title(line.title, line.outlet).bare) if word not in PLAIN]


def streamed(
    lines: Sequence[Line], likeness: Callable[[Any, Any], float], made: Sequence[Any], least: float
) -> list[int]:
    """Group each headline with the most alike one before it, where that is alike enough."""
    groups: list[int] = []
    places: dict[str, list[int]] = defaultdict(list)
    for at, line in enumerate(lines):
        near = {other for word in set(content(line)) for other in places[word]}
        best = max(near, key=lambda other: (likeness(made[at], made[other]), -other), default=None)
        joins = best is not None and likeness(made[at], made[best]) >= least
        groups.append(groups[best] if joins and best is not None else at)
        for word in set(content(line)):
            places[word].append(at)
    return groups


def by_jaccard(lines: Sequence[Line]) -> list[int]:
    """Group what shares half of its words."""
    sets = [frozenset(content(line)) for line in lines]
    return streamed(lines, lambda a, b: len(a & b) / max(len(a | b), 1), sets, 0.5)


def by_tfidf(lines: Sequence[Line]) -> list[int]:
    """Group what has a cosine of half, words weighed by the whole stream."""
    counts = Counter(word for line in lines for word in set(content(line)))

    def vector(line: Line) -> dict[str, float]:
        raw = {word: math.log(len(lines) / counts[word]) for word in content(line)}
        size = math.sqrt(sum(value * value for value in raw.values())) or 1.0
        return {word: value / size for word, value in raw.items()}

    vectors = [vector(line) for line in lines]
    return streamed(lines, lambda a, b: sum(a[w] * b[w] for w in a.keys() & b.keys()), vectors, 0.5)


def hashed(word: str, seed: int) -> int:
    """Return 64 bits of a word."""
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8, salt=seed.to_bytes(8, "big")).digest(), "big")


def by_simhash(lines: Sequence[Line]) -> list[int]:
    """Group what differs in three bits of 64 at most (Charikar, 2002)."""

    def bits(line: Line) -> int:
        sums = [0] * 64
        for word in content(line):
            value = hashed(word, 0)
            for bit in range(64):
                sums[bit] += 1 if value >> bit & 1 else -1
        return sum(1 << bit for bit in range(64) if sums[bit] > 0)

    return streamed(lines, lambda a, b: 1 - (a ^ b).bit_count() / 64, [bits(line) for line in lines], 1 - 3 / 64)


def by_minhash(lines: Sequence[Line]) -> list[int]:
    """Group what agrees in half of 64 smallest hashes (Broder, 1997)."""
    cache: dict[str, list[int]] = {}

    def smallest(line: Line) -> list[int]:
        found = set(content(line)) or {""}
        for word in found:
            if word not in cache:
                cache[word] = [hashed(word, seed) for seed in range(64)]
        return [min(cache[word][seed] for word in found) for seed in range(64)]

    def alike(a: list[int], b: list[int]) -> float:
        return sum(x == y for x, y in zip(a, b, strict=True)) / 64

    return streamed(lines, alike, [smallest(line) for line in lines], 0.5)


METHODS: dict[str, Grouping] = {
    "Tipoff": by_tipoff,
    "exact title": by_title,
    "SimHash ≤ 3": by_simhash,
    "MinHash .5": by_minhash,
    "Jaccard .5": by_jaccard,
    "TF-IDF .5": by_tfidf,
}


def pair_shares() -> dict[str, float]:
    """Return how many of our own pairs are told apart, and brought together."""
    from tests.stories.scripts import joins, pairs

    right: dict[bool, list[bool]] = {True: [], False: []}
    for pair in pairs():
        right[pair.is_same].append(joins(pair) is pair.is_same)
    return {"pairs_apart": statistics.fmean(right[False]), "pairs_same": statistics.fmean(right[True])}


def costs(background: Sequence[dict[str, Any]], most: int) -> dict[str, float]:
    """Return microseconds an item with so many live stories, and the memory that they take."""
    dice = random.Random(5)
    titles = [row["title"] for row in background]
    dice.shuffle(titles)
    memory, found = StoryMemory(LiveStories(timedelta(days=14))), dict[str, float]()
    before, number = resident(), 0
    for size, name in ((1_000, "1k"), (10_000, "10k"), (100_000, "100k")):
        if size > most:
            break
        while len(memory.stories) < size:
            number = fed(memory, titles, number, 500, dice)
        gc.collect()
        gc.disable()
        started = time.process_time()
        fed(memory, titles, number, 500, dice)
        found[f"item_us_{name}"] = (time.process_time() - started) / 500 * 1e6
        gc.enable()
        number += 500
    found[f"rss_mb_{'100k' if most >= 100_000 else '10k'}"] = resident() - before
    return found


def fed(memory: StoryMemory, titles: Sequence[str], number: int, count: int, dice: random.Random) -> int:
    """Decide about so many items; when the titles end, they come again with other words in them."""
    items = []
    for at in range(number, number + count):
        title, turn = titles[at % len(titles)], at // len(titles)
        if turn:
            parts = title.split()
            for _ in range(max(len(parts) // 2, 2)):
                place = dice.randrange(len(parts))
                parts[place] = f"{parts[place]}{chr(97 + turn)}{dice.randrange(10**4)}"
            title = " ".join(parts)
        items.append(
            Item(
                at, title, "", f"https://o.example/{at}", f"o {at % 500}", None, (), None, START + timedelta(seconds=at)
            )
        )
    decide_items(items, ALL, memory, NO_CAP)
    return number + count


def resident() -> float:
    """Return megabytes that the process holds now; what it held at most, where the system does not say."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def table(results: dict[str, dict[str, float]]) -> Table:
    """Return the methods beside each other."""
    shown = Table("method", title="stories of real headlines")
    keys = list(next(iter(results.values())))
    for key in keys:
        shown.add_column(key.replace("_", " "), justify="right")
    for name, figures in results.items():
        shown.add_row(name, *(f"{figures[key]:.3g}" for key in keys))
    return shown


if __name__ == "__main__":
    main()
