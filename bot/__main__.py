"""Run Tipoff: `python -m bot`, or the command `tipoff`."""


def main() -> None:
    """Run the command line."""
    # not at the top: the processes that read documents import this file too, and need nothing of it
    from bot.cli import commands

    commands()


if __name__ == "__main__":
    main()
