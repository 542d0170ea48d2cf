"""What the benchmarks share: their options, and a table or one JSON object at the end."""

import argparse
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

DATA = Path(__file__).parent.parent.parent / "shared" / "data"


def options(what: str) -> argparse.Namespace:
    """Read --json, --quick (ends within 40 s) and --data."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--quick", action="store_true", help="measure less, within 40 seconds")
    parser.add_argument("--data", type=Path, default=DATA, help="the folder with real data")
    return parser.parse_args()


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds that work takes in this process."""
    began = time.process_time()
    work()
    return time.process_time() - began


def report(title: str, figures: Mapping[str, float], as_json: bool) -> None:
    """Print the figures."""
    if as_json:
        print(json.dumps(dict(figures)))
        return
    table = Table("figure", "value", title=title)
    for name, value in figures.items():
        table.add_row(name, f"{value:.3g}")
    Console().print(table)
