"""On which line of a TOML file a key stands. Pure.

`tomllib` gives values without their places; a person who made a mistake wants the place. This reads only
the shape of a file that tomllib has accepted: headers, keys, and where multi-line values end.
"""

import re

Path = tuple[str | int, ...]  # ("watch", 1, "query"): the key "query" of the second [[watch]]

_HEADER = re.compile(r"\s*(\[\[|\[)\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"\s*((?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*[A-Za-z0-9_-]+)*)\s*=")
_SYNTAX_PLACE = re.compile(r"\(at line (\d+), column \d+\)")
# what can open or close inside a value: strings, comments, brackets
_PIECE = re.compile(r'"""|\'\'\'|"(?:\\.|[^"\\])*"|\'[^\']*\'|#.*|[\[\]{}]')
_DEEPEST = 8  # levels; no key of ours has more than four


def key_lines(text: str) -> dict[Path, int]:
    """Return the line, from 1, of every header and key."""
    lines: dict[Path, int] = {}
    tables: dict[str, int] = {}
    table: Path = ()
    depth = 0
    string: str | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if string is None and depth == 0:
            if header := _HEADER.match(line):
                table = _table(header[1], header[2], tables)
                lines.setdefault(table, number)
                continue
            if key := _KEY.match(line):
                lines[(*table, *(part.strip().strip("\"'") for part in key[1].split(".")))] = number
        depth, string = _after(line, depth, string)
    return lines


def _table(brackets: str, name: str, tables: dict[str, int]) -> Path:
    if brackets == "[":
        return tuple(part.strip() for part in name.split("."))
    tables[name] = tables.get(name, -1) + 1
    return (name, tables[name])


def _after(line: str, depth: int, string: str | None) -> tuple[int, str | None]:
    """Return how many brackets, and which multi-line string, are open at the end of a line."""
    position = 0
    while position < len(line):
        if string is not None:
            end = line.find(string, position)
            if end < 0:
                return depth, string
            string, position = None, end + 3
            continue
        piece = _PIECE.search(line, position)
        if piece is None:
            return depth, None
        position = piece.end()
        if piece[0] in {'"""', "'''"}:
            string = piece[0]
        elif piece[0] in "[{":
            depth += 1
        elif piece[0] in "]}":
            depth -= 1
    return depth, string


def syntax_line(message: str, text: str) -> int | None:
    """Return the line that tomllib's own error names."""
    if "at end of document" in message:
        return len(text.splitlines())
    place = _SYNTAX_PLACE.search(message)
    return int(place[1]) if place else None


def first_lines(lines: dict[Path, int]) -> dict[Path, int]:
    """Return the line of every key, and of what is around one without a line of its own: the first thing inside it."""
    first = dict(lines)
    for path, line in lines.items():
        for length in range(1, min(len(path), _DEEPEST)):
            around = path[:length]
            if around not in lines:
                first[around] = min(first.get(around, line), line)
    return first


def line_of(first: dict[Path, int], path: Path) -> int | None:
    """Return the line of a key, of the first thing inside it, or of the nearest thing around it (`first_lines`)."""
    while path:
        if (line := first.get(path)) is not None:
            return line
        path = path[:-1]
    return None
