"""Tables that the code writes into pages of `docs/`: the keys of a watch, and the commands of the chat.

`python -m tests.pages` writes them; `tests/test_pages.py` checks that the pages are true.
"""

from collections.abc import Callable

from bot.chat.commands import COMMANDS
from bot.core.watch_text import as_markdown
from tests.structure import ROOT, with_block

DOCS = ROOT / "docs"


def commands(*, for_owner: bool) -> str:
    """Return the table of the commands that everybody, or the owner alone, may use in a chat."""
    rows = (f"| `/{one.name}` | {one.help} |" for one in COMMANDS if one.for_owner is for_owner)
    return "\n".join(["| command | what it does |", "|---|---|", *rows])


TABLES: tuple[tuple[str, str, Callable[[], str]], ...] = (
    ("configuration.md", "watch keys", as_markdown),
    ("commands.md", "chat commands", lambda: commands(for_owner=False)),
    ("commands.md", "commands of the owner", lambda: commands(for_owner=True)),
)


def page(name: str) -> str:
    """Return a page with its tables as they are now."""
    text = (DOCS / name).read_text("utf-8")
    for file, table, write in TABLES:
        if file == name:
            text = with_block(text, table, write())
    return text


if __name__ == "__main__":
    for name in dict.fromkeys(file for file, _, _ in TABLES):
        (DOCS / name).write_text(page(name), "utf-8")
