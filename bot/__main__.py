"""Run Tipoff: `python -m bot`, or the command `tipoff`."""

import os
import sys

# `python -m` puts the folder it is started in first: nothing in it is run, unless Tipoff itself lies there
# (by modules that are loaded already: any other would be looked for there).
if (_here := os.getcwd()) != os.path.dirname(os.path.dirname(os.path.abspath(__file__))):  # noqa: PTH109, PTH120, PTH100
    sys.path[:] = [place for place in sys.path if os.path.abspath(place) != _here]  # noqa: PTH100


def main() -> None:
    """Run the command line."""
    # not at the top: the processes that read documents import this file too, and need nothing of it
    from bot.cli import commands

    commands()


if __name__ == "__main__":
    main()
