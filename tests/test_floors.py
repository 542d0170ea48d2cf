"""The house has floors: a file imports only from lower ones, and pure files touch nothing outside."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

BOT = Path(__file__).parent.parent / "bot"

# What stands where, from the ground up; inside a folder a file imports only from those listed above it.
FLOORS: dict[str, int] = {
    "__init__": 0,
    "errors": 0,
    "model": 1,
    "text": 1,
    "links": 1,
    "toml": 1,
    "settings": 1,
    "logs": 1,
    "clock": 1,
    "heap": 1,
    "ports": 2,
    "wire": 3,
    "desk": 3,
    "dispatch": 3,
    "chat": 3,
    "store": 3,
    "health": 3,
    "demo": 3,
    "config": 4,
    "reception": 4,
    "schedule": 4,
    "upkeep": 4,
    "app": 5,
    "cli": 6,
    "__main__": 7,
}
FOLDERS: dict[str, list[str]] = {
    "model": ["hours", "written", "chat", "changes", "wire", "desk", "dispatch", "reports", "__init__"],
    "wire": [
        *(
            "pulse",
            "cadence",
            "habits",
            "identity",
            "window",
            "entry",
            "jsonfeed",
            "hints",
            "expat",
            "parse",
            "plain",
            "whole",
            "reading",
            "workers",
            "guard",
            "discover",
            "search",
        ),
        *("fetch", "rate_gate", "stage"),
    ],
    "desk": [
        *(
            "inflect",
            "terms",
            "lexicon",
            "sentence",
            "firms",
            "nouns",
            "joined",
            "phrases",
            "omitted",
            "slots",
            "wordings",
            "whose",
            "frames",
            "query",
        ),
        *(
            "watches",
            "wish",
            "outlets",
            "reading",
            "match",
            "speech",
            "likeness",
            "facts",
            "sources",
            "places",
            "familiar",
            "report",
            "vetoes",
            "relations",
            "developments",
            "stories",
            "cases",
            "decide",
            "regroup",
            "stage",
        ),
    ],
    "dispatch": ["nodes", "keyboard", "digest", "render", "pace", "line", "telegram", "terminal", "stage"],
    "chat": [
        *("access", "pairing", "talk", "words", "picture", "watching", "feeding", "hours", "asking", "inviting"),
        "commands",
        *("buttons", "updates", "polling"),
    ],
    "health": ["sight", "metrics", "systemd", "server", "watchman"],
    "store": [
        *(
            "connection",
            "backup",
            "tables",
            "schema",
            "hours",
            "outbox",
            "learned",
            "turns",
            "wire",
            "digests",
            "desk",
            "archive",
            "scratch",
            "handles",
            "editions",
            "topics",
            "asked",
            "dispatch",
        ),
        *("reports", "regroup", "stats", "chats", "sqlite"),
    ],
    "demo": ["newsroom", "server"],
    "config": [
        "lines",
        "tables",
        "reach",
        "feeds",
        "chats",
        "watchlist",
        "environment",
        "opml",
        "load",
        "edit",
        "__init__",
    ],
    "cli": ["common", "daemon", "ask", "checks", "feeds", "copies", "tried", "backtest", "demo", "__init__"],
}
PURE = [
    *("text", "links", "toml", "model", "settings"),
    *(
        "wire/pulse",
        "wire/cadence",
        "wire/habits",
        "wire/identity",
        "wire/window",
        "wire/entry",
        "wire/jsonfeed",
        "wire/hints",
        "wire/expat",
        "wire/discover",
    ),
    *("wire/parse", "wire/plain", "wire/whole"),
    *("desk/inflect", "desk/terms", "desk/lexicon", "desk/sentence", "desk/firms", "desk/nouns"),
    *("desk/joined", "desk/phrases", "desk/omitted", "desk/slots", "desk/wordings", "desk/whose"),
    *("desk/frames", "desk/query", "desk/watches", "desk/wish", "desk/reading"),
    *(
        "desk/match",
        "desk/speech",
        "desk/likeness",
        "desk/vetoes",
        "desk/outlets",
        "desk/facts",
        "desk/places",
        "desk/developments",
        "desk/stories",
        "desk/cases",
        "desk/decide",
        "desk/regroup",
    ),
    *(
        "dispatch/nodes",
        "dispatch/keyboard",
        "dispatch/digest",
        "dispatch/render",
        "dispatch/pace",
        "chat/access",
        "chat/commands",
        "config/lines",
    ),
    *(
        "chat/talk",
        "chat/words",
        "chat/picture",
        "chat/watching",
        "chat/feeding",
        "chat/hours",
        "chat/asking",
        "chat/buttons",
    ),
    "health/sight",
]
# What reads a clock, draws lots, logs, or reaches outside the process.
OUTSIDE = {
    *("asyncio", "aiohttp", "httpx", "logging", "multiprocessing", "os", "pathlib", "pebble", "random", "secrets"),
    *("socket", "sqlite3", "sqlite_utils", "subprocess", "telegram", "threading", "time", "apscheduler", "rich"),
}
ALLOWED = {("settings", "pathlib")}  # PurePath names a place and goes nowhere
CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}
# How the statements of SQLite begin. A sentence begins with one capital letter, which no statement of ours does.
STATEMENT = re.compile(
    r"\s*(?![A-Z][a-z])(?is:(?:select\b.*\bfrom|update\s+\w+\s+set|delete\s+from|"
    r"(?:insert|replace)\s+(?:or\s+\w+\s+)?into|(?:create|alter|drop)\s+(?:\w+\s+)?(?:table|index|view|trigger)|"
    r"with\s+\w+\s+as\s*\(\s*select|pragma)\b)"
)
# A library that only one file may know.
ONLY_IN = {
    "feedparser": {"wire/parse"},
    "pebble": {"wire/workers"},
    "luqum": {"desk/query"},
    "listparser": {"config/opml"},
    "re2": {"desk/watches"},
    "apscheduler": {"schedule"},
    "sqlite_utils": {f"store/{name}" for name in FOLDERS["store"]},
    "sqlite3": {"store/connection", "store/backup"},
    "prometheus_client": {"health/metrics"},
    "segno": {"cli/daemon"},
    "PIL": {"chat/picture"},
}


def files() -> list[Path]:
    return sorted(BOT.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(BOT).with_suffix("").as_posix()


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each import as (root module, dotted name)."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0], node.module


def own_imports(path: Path) -> Iterator[str]:
    """Yield the files of this project that a file imports, like "desk/match" or "errors"."""
    for root, dotted in imports(path):
        if root == "bot":
            inner = dotted.removeprefix("bot").strip(".").replace(".", "/")
            yield inner or "__init__"


def place(name: str) -> tuple[int, int]:
    """Return a file's floor, and its place inside its folder."""
    folder, _, file = name.partition("/")
    inside = FOLDERS.get(folder, [])
    return FLOORS[folder], inside.index(file) if file in inside else len(inside)


def breaks(name: str, imported: str) -> bool:
    """Say whether an import goes up, or sideways into another room."""
    own_room, other_room = name.partition("/")[0], imported.partition("/")[0]
    if own_room == other_room:
        return place(imported)[1] >= place(name)[1]
    return place(imported)[0] >= place(name)[0]


@pytest.mark.parametrize("path", files(), ids=name_of)
def test_a_file_imports_only_from_lower_floors(path: Path) -> None:
    """An import that goes up or sideways fails here, with its name."""
    name = name_of(path)
    if path.name == "__init__.py" and path.parent != BOT and name.split("/")[0] not in {"model", "config", "cli"}:
        assert not list(own_imports(path)), "the other rooms' __init__ files hold only their sentence"
        return

    assert [imported for imported in own_imports(path) if breaks(name, imported)] == []


@pytest.mark.parametrize(
    ("name", "imported"),
    [("wire/fetch", "desk/match"), ("desk/match", "desk/stage"), ("errors", "model"), ("store/sqlite", "app")],
)
def test_a_breach_would_be_seen(name: str, imported: str) -> None:
    """The rule itself works: these imports would break it."""
    assert breaks(name, imported)


def test_every_file_has_its_place() -> None:
    """A new file is named in the picture above, and in docs/design.md."""
    design = (BOT.parent / "docs" / "design.md").read_text("utf-8")
    for path in files():
        folder, _, file = name_of(path).partition("/")
        assert folder in FLOORS
        if file:
            assert file in FOLDERS[folder] or file == "__init__", path
            assert f"{file}.py" in design or file == "__init__", f"{path} is missing in docs/design.md"


@pytest.mark.parametrize("name", PURE)
def test_pure_files_touch_nothing_outside(name: str) -> None:
    """A pure file does no I/O, reads no clock, uses no randomness and does not log."""
    paths = sorted((BOT / name).glob("*.py")) if (BOT / name).is_dir() else [(BOT / name).with_suffix(".py")]
    for path in paths:
        roots = {root for root, _ in imports(path)}
        assert {root for root in roots & OUTSIDE if (name, root) not in ALLOWED} == set()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                assert (node.value.id, node.attr) not in CLOCKS
            assert not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open")


@pytest.mark.parametrize("library", ONLY_IN)
def test_one_room_knows_a_library(library: str) -> None:
    """A foreign library is known to the file that says so, and to no other."""
    knows = {name_of(path) for path in files() if library in {root for root, _ in imports(path)}}

    assert knows <= ONLY_IN[library]


def statements(source: str) -> list[str]:
    """Return the texts in a file that begin like an SQL statement; what an f-string puts in reads as `x`."""
    pieces: set[ast.AST] = set()
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            pieces.update(node.values)
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in pieces:
            text = node.value
        else:
            continue
        found += [text] if STATEMENT.match(text) else []
    return found


def test_sql_stands_in_the_store_only() -> None:
    """No other folder holds a statement."""
    for path in files():
        if path.parent.name != "store":
            assert statements(path.read_text("utf-8")) == [], path


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("'select max(due) from feeds'", 1),
        (r"' SELECT id,\n name FROM feeds'", 1),
        ("f'select {columns} from {table}'", 1),
        ("'update feeds set due = 0'", 1),
        ("f'update {table} set due = 0'", 1),
        ("'delete ' 'from feeds'", 1),
        ("'insert or ignore into feeds values (1)'", 1),
        ("'replace into leases values (1)'", 1),
        ("'drop table feeds'", 1),
        ("'PRAGMA optimize'", 1),
        ("'with x as (select 1) select * from x'", 1),
        ("'Select what comes from the feeds.'", 0),
        ("'update the feeds that were set'", 0),
        ("'with a feed as (it) was'", 0),
        ("f'{x} from {y} set'", 0),
    ],
)
def test_a_statement_would_be_seen(text: str, count: int) -> None:
    """The rule itself works: each kind is seen, split, put together and in capitals; a sentence is none."""
    assert len(statements(f"db.execute({text})")) == count


@pytest.mark.parametrize("name", ["wire", "desk", "outbox", "dispatch", "chats", "reports", "tables", "schema"])
def test_the_statements_of_the_store_are_seen(name: str) -> None:
    """Where they are known to stand."""
    assert statements((BOT / "store" / f"{name}.py").read_text("utf-8"))


@pytest.mark.parametrize("path", files(), ids=name_of)
def test_no_file_is_too_long(path: Path) -> None:
    """A file past 400 lines is looking for its seam."""
    assert len(path.read_text("utf-8").splitlines()) <= 400
