"""How soon items are found, and at what number of requests, against polling every five minutes.

Sixty invented feeds of mixed rhythm, five weeks long: four to learn, one that is measured. The clock is simulated;
the decisions are those of the daemon. `--plot FILE` draws the curve over several budgets.
"""

import argparse
import json
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median, quantiles

from _report import report
from _rhythms import START, arrivals

from bot.core.model import Feed, Validators
from bot.core.settings import PollSettings
from bot.feeds import due_times
from bot.feeds.due_times import next_due
from bot.feeds.feed_statistics import with_arrivals

FEEDS = 60
WEEKS, LEARNING = 5, 4
FIVE = timedelta(minutes=5)
BUDGETS = (0.5, 0.7, 1.0, 1.5, 2.0, 3.0)


def main() -> None:
    """Simulate and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--quick", action="store_true", help="simulate fewer feeds")
    parser.add_argument("--data", type=Path, help="not needed here")
    parser.add_argument("--plot", type=Path, help="write the curve over several budgets to this SVG file")
    wanted = parser.parse_args()
    feeds = [arrivals(number, WEEKS) for number in range(12 if wanted.quick else FEEDS)]
    if wanted.plot:
        wanted.plot.write_text(_plot([_point(feeds, budget) for budget in BUDGETS], _fixed(feeds)), "utf-8")
    waits, requests = simulate(feeds)
    fixed = len(feeds) * (WEEKS - LEARNING) * timedelta(weeks=1) / FIVE
    dead = simulate([[]])[1] / 7  # not one item in five weeks
    cuts = quantiles(waits, n=100)
    figures = {
        "feeds": float(len(feeds)),
        "items": float(len(waits)),
        "find_p50_min": median(waits),
        "find_p95_min": cuts[94],
        "requests_vs_fixed_5min": requests / fixed,
        "dead_feed_requests_a_day": dead,
    }
    twelve = [feed for number, feed in enumerate(feeds) if number % 10 in {3, 4, 5}]
    waits, requests = simulate(twelve)
    figures |= {
        "twelve_a_day_p50_min": median(waits),
        "twelve_a_day_p95_min": quantiles(waits, n=100)[94],
        "twelve_a_day_requests_vs_fixed_5min": requests / (fixed * len(twelve) / len(feeds)),
    }
    if wanted.json:
        print(json.dumps(figures))
    else:
        report("rhythm", figures, as_json=False)


def simulate(feeds: Sequence[Sequence[datetime]]) -> tuple[list[float], int]:
    """Poll feeds as the daemon would; return the minutes each item of the last week waited, and its requests."""
    waits: list[float] = []
    requests = 0
    begin, end = START + timedelta(weeks=LEARNING), START + timedelta(weeks=WEEKS)
    for number, items in enumerate(feeds):
        feed = Feed(number, f"https://{number}.example/feed", "x", validators=Validators('"1"'), is_backfilled=True)
        at = START
        feed = replace(feed, statistics=with_arrivals(feed.statistics, feed, [], at, is_first=True), polled=at)
        while at < end:
            assert feed.polled is not None
            fresh = list(items[bisect_right(items, feed.polled) : bisect_right(items, at)])
            statistics = with_arrivals(feed.statistics, feed, fresh, at, is_first=False)
            feed = replace(feed, statistics=statistics, polled=at)
            if at >= begin:
                requests += 1
                waits += [(at - item) / timedelta(minutes=1) for item in fresh if item >= begin]
            at = next_due(feed, at, PollSettings())
    return waits, requests


def _point(feeds: Sequence[Sequence[datetime]], budget: float) -> tuple[float, float, float]:
    """Return requests per feed and day, and the median and 95th percentile of the waits, with so much of a budget."""
    usual, due_times._PACE = due_times._PACE, due_times._PACE / budget  # noqa: SLF001  # the curve is about this number
    waits, requests = simulate(feeds)
    due_times._PACE = usual  # noqa: SLF001  # as above
    return requests / len(feeds) / 7, median(waits), quantiles(waits, n=100)[94]


def _fixed(feeds: Sequence[Sequence[datetime]]) -> list[tuple[float, float, float]]:
    """Return the same for fixed intervals."""
    begin = START + timedelta(weeks=LEARNING)
    points = []
    for minutes in (5, 8, 13, 20, 30):
        waits = [
            (minutes - ((item - begin) / timedelta(minutes=1) + number * 0.7) % minutes)
            for number, items in enumerate(feeds)
            for item in items[bisect_left(items, begin) :]
        ]
        points.append((1440 / minutes, median(waits), quantiles(waits, n=100)[94]))
    return points


def _plot(ours: list[tuple[float, float, float]], fixed: list[tuple[float, float, float]]) -> str:
    """Return the two curves as an SVG picture: requests a feed and day from left to right, minutes upwards."""
    width, height, left, low = 640, 360, 60, 310
    most_x = max(x for x, *_ in (*ours, *fixed)) * 1.05
    most_y = 32.0

    def place(x: float, y: float) -> str:
        return f"{left + x / most_x * (width - left - 20):.1f},{low - min(y, most_y) / most_y * (low - 30):.1f}"

    def curve(points: list[tuple[float, float, float]], which: int, style: str) -> str:
        line = " ".join(place(p[0], p[which]) for p in sorted(points))
        dots = "".join(
            '<circle cx="{}" cy="{}" r="3" {}/>'.format(*place(p[0], p[which]).split(","), style) for p in points
        )
        return f'<polyline points="{line}" fill="none" {style}/>{dots.replace("stroke-dasharray", "data-dash")}'

    grid = "".join(
        f'<line x1="{left}" x2="{width - 20}" y1="{place(0, y).split(",")[1]}" y2="{place(0, y).split(",")[1]}" '
        f'stroke="#ddd"/><text x="{left - 8}" y="{place(0, y).split(",")[1]}" text-anchor="end">{y}</text>'
        for y in (5, 10, 15, 20, 25, 30)
    )
    ticks = "".join(
        f'<text x="{place(x, 0).split(",")[0]}" y="{low + 18}" text-anchor="middle">{x}</text>'
        for x in range(0, int(most_x), 50)
    )
    blue, grey = 'stroke="#1565c0"', 'stroke="#888"'
    dash = ' stroke-dasharray="5 4"'
    words = [
        (blue, "by rhythm: median"),
        (blue + dash, "by rhythm: 95th percentile"),
        (grey, "fixed interval: median"),
        (grey + dash, "fixed interval: 95th percentile"),
    ]
    legend = "".join(
        f'<line x1="400" x2="430" y1="{48 + n * 18}" y2="{48 + n * 18}" {style}/>'
        f'<text x="436" y="{52 + n * 18}">{text}</text>'
        for n, (style, text) in enumerate(words)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="11">'
        f'<rect width="{width}" height="{height}" fill="white"/>{grid}{ticks}'
        f'<text x="{(width + left) / 2}" y="{height - 10}" text-anchor="middle">requests a feed and day</text>'
        f'<text x="{left}" y="18">minutes until an item is found</text>'
        f"{curve(fixed, 1, grey)}{curve(fixed, 2, grey + dash)}"
        f"{curve(ours, 1, blue)}{curve(ours, 2, blue + dash)}{legend}</svg>\n"
    )


if __name__ == "__main__":
    main()
