"""What reading feeds costs, against feedparser with its defaults in the same run.

Ratios are ours divided by the peer's: below 1 is better. Needs the collection of real feeds.
"""

import io
import random
import statistics

import feedparser
from _report import cpu_seconds, options, report

from bot.wire.identity import keyed
from bot.wire.parse import read

ROUNDS = 3


def main() -> None:
    """Measure and report."""
    wanted = options(__doc__ or "")
    folder = wanted.data / "feeds"
    if not folder.is_dir():
        print(f"skipped: there are no real feeds in {folder}")
        return
    files = [path for path in sorted(folder.iterdir()) if path.name != "manifest.jsonl"]
    random.Random(1).shuffle(files)
    bodies = [path.read_bytes() for path in files[: 60 if wanted.quick else None]]
    ratios = [ours(bodies) / feedparsers(bodies) for _ in range(1 if wanted.quick else ROUNDS)]
    report("wire", {"feeds": len(bodies), "parse_first_vs_feedparser": statistics.median(ratios)}, wanted.json)


def ours(bodies: list[bytes]) -> float:
    """Return the CPU seconds of reading entries with their keys out of documents."""

    def work() -> None:
        for body in bodies:
            document = read(body, "", "http://feed.example/")
            keyed(getattr(document, "entries", ()))

    return cpu_seconds(work)


def feedparsers(bodies: list[bytes]) -> float:
    """Return the CPU seconds of feedparser alone."""

    def work() -> None:
        for body in bodies:
            feedparser.parse(io.BytesIO(body))

    return cpu_seconds(work)


if __name__ == "__main__":
    main()
