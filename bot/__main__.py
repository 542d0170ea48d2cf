"""Run Tipoff: `python -m bot`, or the command `tipoff`."""

import sys
from pathlib import Path

# `python -m` puts the folder it is started in first: nothing in it is run, unless Tipoff itself lies there
if (_here := Path.cwd()) != Path(__file__).parent.parent:
    sys.path[:] = [place for place in sys.path if Path(place).absolute() != _here]


def main() -> None:
    """Run the command line."""
    # not at the top: the processes that read documents import this file too, and need nothing of it
    from bot.cli import commands

    commands()


if __name__ == "__main__":
    main()
