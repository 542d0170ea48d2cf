"""Says which pure files have branches that no test takes; `make coverage` runs it behind the tests.

A pure file has no excuse: what it answers hangs on its arguments alone, so each of its branches can be tested.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from tests.structure import ROOT, files, name_of, room_of, says_it_is_pure

LEAST = 95  # % of the branches and lines of each file
# Its reader is to be replaced whole; tests for what will be thrown away help nobody.
EXCEPTED = {"events"}


def share(summary: Mapping[str, Any]) -> float:
    """Return the share of a file that was covered, in %: of its branches or of all, whichever is less."""
    branches, taken = summary["num_branches"], summary["covered_branches"]
    return float(min(summary["percent_covered"], 100 * taken / branches if branches else 100))


def missed(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each pure file that is covered too little, the least covered first."""
    found = []
    for path in files():
        name, file = name_of(path), path.relative_to(ROOT).as_posix()
        if not says_it_is_pure(path) or room_of(name) in EXCEPTED:
            continue
        covered = report["files"].get(file)
        if covered is None:
            found.append((0.0, f"{file}: no test imports it"))
        elif (reached := share(covered["summary"])) < LEAST:
            ways = ", ".join(f"{a}→{b if b > 0 else 'end'}" for a, b in covered["missing_branches"])
            lines = ", ".join(map(str, covered["missing_lines"]))
            found.append((reached, f"{file}: {reached:.1f} %; lines {lines or 'all'}; branches {ways or 'all'}"))
    yield from (line for _, line in sorted(found))


def main() -> None:
    """Read what coverage.py has gathered; exit with 1 where a file is below the mark."""
    done = subprocess.run(
        [sys.executable, "-m", "coverage", "json", "-q", "-o", "-"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = list(missed(json.loads(done.stdout)))
    print("\n".join(lines) or f"every pure file: {LEAST} % of its branches or more")
    sys.exit(bool(lines))


if __name__ == "__main__":
    main()
