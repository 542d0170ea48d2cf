"""The structure of `bot/`, read out of its files: rooms, layers, faces, what is pure, what crosses each border.

The layers stand in `pyproject.toml`, the face of a room (what other rooms may import of it) in the docstring of its
`__init__.py`, behind "Face:", and a file that is pure says "Pure" in its docstring. `python -m tests.structure`
writes the picture of the house and the table of borders into `docs/design.md`; `tests/test_structure.py` checks it all.
"""

import ast
import re
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
BOT = ROOT / "bot"
DESIGN = ROOT / "docs" / "design.md"
LAYERS: Mapping[str, int] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["tipoff"]["layers"]
OPEN = "core"  # the room that has no face: every file of it is for all
_FACE = re.compile(r"^Face:(.*)", re.DOTALL | re.MULTILINE)
_PURE = re.compile(r"\s*\bPure\b[^.]*\.")
_WIDTH = 26


def files() -> list[Path]:
    """Return every file of the program."""
    return sorted(path for path in BOT.rglob("*.py") if path.parent != BOT or path.name != "__init__.py")


def name_of(path: Path) -> str:
    """Return a file's name inside `bot/`, like "feeds/parsing/entry"."""
    return path.relative_to(BOT).with_suffix("").as_posix()


def room_of(name: str) -> str:
    """Return the room of a file: its first folder, or its own name where it stands in none."""
    return name.partition("/")[0]


@cache
def tree_of(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(path.read_text("utf-8"))


def docstring_of(path: Path) -> str:
    """Return what a file says of itself."""
    return ast.get_docstring(tree_of(path)) or ""


def says_it_is_pure(path: Path) -> bool:
    """Say whether a file declares that it touches nothing outside its arguments."""
    return _PURE.search(docstring_of(path)) is not None


@cache
def imports(path: Path) -> tuple[tuple[str, str], ...]:
    """Return each name that a file imports as (module, name); the name is "" where a module is imported whole."""
    found: list[tuple[str, str]] = []
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found += ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += ((node.module, alias.name) for alias in node.names)
    return tuple(found)


@cache
def own_imports(path: Path) -> tuple[tuple[str, str], ...]:
    """Return what a file imports of this program, as (file, name), like ("feeds/stage", "FetchStage")."""
    found = []
    for module, name in imports(path):
        root, _, inner = module.partition(".")
        if root != "bot" or not inner:
            continue
        file = inner.replace(".", "/")
        # a module may be imported out of its folder
        found.append((f"{file}/{name}", "") if (BOT / file / f"{name}.py").is_file() else (file, name))
    return tuple(found)


def breaks_layers(name: str, imported: str) -> bool:
    """Say whether an import goes up, or sideways into another room."""
    own, other = room_of(name), room_of(imported)
    return own != other and LAYERS[other] >= LAYERS[own]


def face_of(room: str) -> tuple[str, ...]:
    """Return what other rooms may import of a room, like "stage.FetchStage"; without a name it is the file whole."""
    path = BOT / room / "__init__.py"
    found = _FACE.search(docstring_of(path)) if path.is_file() else None
    return tuple(re.findall(r"[\w/]+(?:\.\w+)?", found.group(1))) if found else ()


def crossings() -> dict[tuple[str, str], set[str]]:
    """Return the names that cross each border, as "file.name": (importing room, imported room) → names."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for path in files():
        own = room_of(name_of(path))
        for file, name in own_imports(path):
            other = room_of(file)
            if other != own:
                inside = file.partition("/")[2]
                found[own, other].add(f"{inside}.{name}" if inside and name else inside or name)
    return found


def cycle(graph: Mapping[str, set[str]]) -> list[str]:
    """Return one cycle of a graph, or nothing."""
    state: dict[str, int] = {}
    way: list[str] = []

    def visit(node: str) -> list[str]:
        if state.get(node) == 1:
            return [*way[way.index(node) :], node]
        if state.get(node) == 2:
            return []
        state[node] = 1
        way.append(node)
        for other in sorted(graph.get(node, ())):
            if found := visit(other):
                return found
        way.pop()
        state[node] = 2
        return []

    return next((found for node in sorted(graph) if (found := visit(node))), [])


def picture() -> str:
    """Return the house as text: each room with its layer, each file with what it says of itself."""
    lines = ["bot/"]
    for room, layer in LAYERS.items():
        path = BOT / room
        if path.is_dir():
            lines += _folder(path, 1, str(layer))
        else:
            lines.append(_line(f"{room}.py", 1, path.with_suffix(".py"), str(layer)))
    return "\n".join(line.rstrip() for line in lines)


def _folder(path: Path, depth: int, layer: str = "") -> list[str]:
    lines = [_line(f"{path.name}/", depth, path / "__init__.py", layer)]
    own = [file for file in sorted(path.glob("*.py")) if file.name != "__init__.py"]
    lines += [_line(file.name, depth + 1, file) for file in own]
    for folder in sorted(path.iterdir()):
        if (folder / "__init__.py").is_file():
            lines += _folder(folder, depth + 1)
    return lines


def _line(label: str, depth: int, path: Path, layer: str = "") -> str:
    first = docstring_of(path).partition("\n\n")[0].replace("\n", " ")
    pure = "pure" if says_it_is_pure(path) else ""
    said = _PURE.sub("", first).rstrip(". ")
    return f"{' ' * 2 * depth}{label:<{_WIDTH - 2 * depth}}{layer or ' '}  {pure:<5} {said}"


def borders() -> str:
    """Return a table of how many names cross each border."""
    found = crossings()
    lines = ["| room | its face | what it imports of others |", "|---|---|---|"]
    for room in LAYERS:
        used = [f"{other} {len(found[room, other])}" for other in LAYERS if (room, other) in found]
        offered = "open" if room == OPEN else str(len(face_of(room)) or "–")
        lines.append(f"| {room} | {offered} | {', '.join(used) or '–'} |")
    return "\n".join(lines)


def page() -> str:
    """Return docs/design.md with the picture and the table as they are now."""
    text = DESIGN.read_text("utf-8")
    for name, block in (("house", f"```\n{picture()}\n```"), ("borders", borders())):
        text = with_block(text, name, block)
    return text


def with_block(text: str, name: str, block: str) -> str:
    """Return a page with what stands between the markers of a name replaced."""
    start, end = f"<!-- {name}: written by `make docs` -->", f"<!-- end of {name} -->"
    before, _, rest = text.partition(start)
    return f"{before}{start}\n{block}\n{end}{rest.partition(end)[2]}"


if __name__ == "__main__":
    DESIGN.write_text(page(), "utf-8")
