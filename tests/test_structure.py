"""The house keeps its order: layers, faces, pure files, no cycles, room sizes, and a picture that is true."""

import ast
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from tests.structure import (
    BOT,
    DESIGN,
    LAYERS,
    OPEN,
    breaks_layers,
    crossings,
    cycle,
    docstring_of,
    face_of,
    files,
    imports,
    name_of,
    own_imports,
    page,
    room_of,
    says_it_is_pure,
    tree_of,
)

MOST_NAMES = 10  # of a face
MOST_FILES = 15  # of a room
MOST_LINES = 2_500
LONGEST = 400  # lines of a file
# Its reader of events is to be replaced whole; until then the room is larger than others may be.
LARGE = {"events"}
# What reads a clock, draws lots, logs, or reaches outside the process.
OUTSIDE = {
    *("asyncio", "aiohttp", "httpx", "logging", "multiprocessing", "os", "pathlib", "pebble", "random", "secrets"),
    *("socket", "sqlite3", "sqlite_utils", "subprocess", "telegram", "threading", "time", "apscheduler", "rich"),
}
ALLOWED = {("core/settings", "pathlib")}  # PurePath names a place and goes nowhere
CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}
# How the statements of SQLite begin. A sentence begins with one capital letter, which no statement of ours does.
STATEMENT = re.compile(
    r"\s*(?![A-Z][a-z])(?is:(?:select\b.*\bfrom|update\s+\w+\s+set|delete\s+from|"
    r"(?:insert|replace)\s+(?:or\s+\w+\s+)?into|(?:create|alter|drop)\s+(?:\w+\s+)?(?:table|index|view|trigger)|"
    r"with\s+\w+\s+as\s*\(\s*select|pragma)\b)"
)
# A library that only one file or folder may know.
ONLY_IN = {
    "feedparser": "feeds/parsing/with_feedparser",
    "pebble": "feeds/parsing/workers",
    "luqum": "watches/query",
    "listparser": "config/opml",
    "re2": "watches/watchlist",
    "apscheduler": "ops/schedule",
    "sqlite_utils": "store/engine",
    "sqlite3": "store/engine",
    "prometheus_client": "ops/metrics",
    "segno": "cli/daemon",
    "PIL": "chat/chart",
}
PURE = [path for path in files() if says_it_is_pure(path)]


@pytest.mark.parametrize("path", files(), ids=name_of)
def test_a_file_imports_only_from_lower_layers(path: Path) -> None:
    """An import that goes up or sideways fails here, with its name."""
    name = name_of(path)
    assert room_of(name) in LAYERS, "a new room needs a layer in pyproject.toml"

    assert [imported for imported, _ in own_imports(path) if breaks_layers(name, imported)] == []


@pytest.mark.parametrize(
    ("name", "imported"),
    [("feeds/fetch", "watches/match"), ("watches/match", "alerts/stage"), ("core/errors", "events/lexicon")],
)
def test_a_breach_would_be_seen(name: str, imported: str) -> None:
    """The rule itself works: these imports would break it."""
    assert breaks_layers(name, imported)


@pytest.mark.parametrize("room", [room for room in LAYERS if room != OPEN])
def test_other_rooms_import_what_a_room_shows(room: str) -> None:
    """What crosses a border stands in the face of the room, which is small; nothing stands there that nobody uses."""
    used = {name for (own, other), names in crossings().items() for name in names if other == room}
    face = set(face_of(room))
    if not (BOT / room).is_dir():
        return  # one file is its own face

    assert used <= face, "not in the face"
    assert face <= used, "in the face, and used by nobody"
    assert len(face) <= MOST_NAMES


@pytest.mark.parametrize("room", ["rooms", *(room for room in LAYERS if (BOT / room).is_dir())])
def test_there_is_no_cycle(room: str) -> None:
    """Neither between rooms nor between the files of one."""
    graph: dict[str, set[str]] = defaultdict(set)
    for path in files():
        name = name_of(path)
        for imported, _ in own_imports(path):
            if room == "rooms" and room_of(imported) != room_of(name):
                graph[room_of(name)].add(room_of(imported))
            elif room_of(name) == room_of(imported) == room:
                graph[name].add(imported)

    assert cycle(graph) == []


def test_a_cycle_would_be_seen() -> None:
    """The null control."""
    assert cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == ["a", "b", "c", "a"]


@pytest.mark.parametrize("path", PURE, ids=name_of)
def test_pure_files_touch_nothing_outside(path: Path) -> None:
    """A file that says so does no I/O, reads no clock, uses no randomness and does not log."""
    assert touches(tree_of(path), name_of(path)) == set()


def touches(tree: ast.Module, name: str = "") -> set[str]:
    """Return what a file uses that reaches outside."""
    found = set()
    for node in ast.walk(tree):
        roots: set[str] = set()
        if isinstance(node, ast.Import):
            roots = {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            roots = {node.module.partition(".")[0]}
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and (node.value.id, node.attr) in CLOCKS
        ):
            found.add(f"{node.value.id}.{node.attr}")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open":
            found.add("open")
        found |= {root for root in roots & OUTSIDE if (name, root) not in ALLOWED}
    return found


@pytest.mark.parametrize("source", ["import os", "from time import sleep", "datetime.now(UTC)", "open('x')"])
def test_what_is_not_pure_would_be_seen(source: str) -> None:
    """The null control."""
    assert touches(ast.parse(source))


@pytest.mark.parametrize("room", ["events", "watches", "stories"])
def test_what_reads_matches_and_groups_is_pure(room: str) -> None:
    """The middle of the way is a pipeline of pure functions: every file there says so."""
    assert [name for path in files() if room_of(name := name_of(path)) == room and path not in PURE] in (
        [],
        [f"{room}/__init__"],
    )


def test_pure_files_import_pure_files() -> None:
    """What is pure stands on what is pure."""
    pure = {name_of(path) for path in PURE}
    plain = {"core/errors", "core/ports"}  # classes alone
    for path in PURE:
        if "Pure but for" in docstring_of(path):
            continue
        for imported, _ in own_imports(path):
            file = imported if (BOT / f"{imported}.py").is_file() else f"{imported}/__init__"
            assert file in pure | plain, f"{path} imports {imported}"


@pytest.mark.parametrize("library", ONLY_IN)
def test_one_place_knows_a_library(library: str) -> None:
    """A foreign library is known to the file or folder that says so, and to no other."""
    knows = {name_of(path) for path in files() if library in {module.partition(".")[0] for module, _ in imports(path)}}
    place = ONLY_IN[library]

    assert knows
    assert {name for name in knows if name != place and not name.startswith(f"{place}/")} == set()


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
        if room_of(name_of(path)) != "store":
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


@pytest.mark.parametrize(
    "name", ["feeds", "stories", "chats", "reports", "outbox/rows", "outbox/deliver", "engine/tables"]
)
def test_the_statements_of_the_store_are_seen(name: str) -> None:
    """Where they are known to stand."""
    assert statements((BOT / "store" / f"{name}.py").read_text("utf-8"))


@pytest.mark.parametrize("path", files(), ids=name_of)
def test_no_file_is_too_long(path: Path) -> None:
    """A file past 400 lines is looking for its seam."""
    assert len(path.read_text("utf-8").splitlines()) <= LONGEST


def test_no_room_is_too_large() -> None:
    """A folder past 15 files or 2,500 lines is looking for its seam."""
    count: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    for path in files():
        folder = path.parent.relative_to(BOT).as_posix()
        count[folder] += path.name != "__init__.py"
        lines[folder] += len(path.read_text("utf-8").splitlines())

    assert {folder for folder in count if count[folder] > MOST_FILES} - LARGE == set()
    assert {folder for folder in lines if lines[folder] > MOST_LINES} - LARGE == set()


def test_the_picture_is_true() -> None:
    """docs/design.md shows the rooms, files and borders there are; `make docs` writes them."""
    assert page() == DESIGN.read_text("utf-8"), "run: make docs"


def test_every_file_says_what_it_is() -> None:
    """Each opens with a sentence."""
    assert [path for path in files() if not ast.get_docstring(tree_of(path))] == []
