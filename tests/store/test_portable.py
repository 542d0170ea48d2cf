"""Every statement of the store is SQL that PostgreSQL runs, too: what it would refuse is seen in the texts."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.store.engine.transaction import Row, Transaction
from bot.store.store import Store
from tests.structure import files, name_of
from tests.test_structure import statements

STORE = [path for path in files() if name_of(path).startswith("store/") and "engine" not in path.parts]

# What SQLite alone says, each with what may stand instead.
REFUSED = {
    "on conflict do nothing": r"\b(?:insert|update)\s+or\s+\w+|\breplace\s+into\b",
    "on conflict (column) do update": r"\bon\s+conflict\s+do\s+update\b",
    "is null, =, is not distinct from": r"\bis\s+(?:not\s+)?(?:[?:]|\w+\.\w|[a-z]+_\w)",
    "a dialect's text, or a join": r"\bjson_\w+\s*\(",
    "case when": r"\biif\s*\(",
    "coalesce": r"\bifnull\s*\(",
    "replace, like": r"\binstr\s*\(",
    "substr(…) =": r"\bglob\b",
    "a key": r"\browid\b",
    "a dialect's next_seq": r"\bmax\s*\(\s*(?:\w+\.)?seq\s*\)",
    "returning": r"\blast_insert_rowid\b",
    "count(*) filter (where …)": r"\b(?:sum|total|max|min)\s*\((?:[^()]|\([^()]*\))*(?:[<>=]|\bis\b|\bnot\b)",
    "a condition": r"\bwhere\s+[01]\b|\band\s+[01]\b(?!\s*[<>=])",
    "a list of something": r"\bin\s*\(\s*\)",
    "cast(… as bigint)": r"\bcast\s*\([^()]*\bas\s+int\s*\)",
}
_SCALAR = re.compile(r"\b(?:max|min)\s*\(")
_DERIVED = re.compile(r"\b(?:from|join)\s*\(\s*(?=select\b|x\b)")
_ALIAS = re.compile(r"\s*(?:as\s+)?(?!where\b|order\b|group\b|on\b|limit\b|join\b|left\b|union\b)[a-z]\w*")


def of_table(table: str) -> Callable[[Transaction], list[Row]]:
    return lambda db: db.rows(f"pragma table_info('{table}')")


def flags() -> frozenset[str]:
    """Return the columns of numbers: none of them may stand where a truth is wanted."""
    store = Store(None)
    try:
        tables = [row.name for row in store._connection.read_now(lambda db: db.rows("pragma table_list"))]
        columns = [store._connection.read_now(of_table(table)) for table in tables]
    finally:
        store.close()
    return frozenset(column.name for each in columns for column in each if column.type.lower() == "integer")


FLAGS = re.compile(
    r"\b(?:where|and|or|not|when)\s+(?:not\s+)?(?:\w+\.)?(?:" + "|".join(sorted(flags())) + r")\b"
    r"(?!\s*(?:[<>=!+*/,|-]|is\b|in\b|not\s+in\b|between\b|and\s+\?))"
)


def ends(text: str, start: int) -> int:
    """Return where the parenthesis closes that opened before `start`."""
    depth = 1
    for place in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if not depth:
            return place
    return len(text)


def faults(sql: str) -> list[str]:
    """Return what PostgreSQL would not take in a text of SQL."""
    text = re.sub(r"'[^']*'", "''", sql.lower())
    found = [instead for instead, pattern in REFUSED.items() if re.search(pattern, text)]
    for call in _SCALAR.finditer(text):
        inside = text[call.end() : ends(text, call.end())]
        while (plain := re.sub(r"\([^()]*\)", "", inside)) != inside:
            inside = plain
        if "," in inside:
            found.append("case when, of two")
    for derived in _DERIVED.finditer(text):
        end = ends(text, derived.end())
        if end < len(text) and not _ALIAS.match(text, end + 1):
            found.append("an alias")
    found += [f"= 1, for {flag[0]!r}" for flag in FLAGS.finditer(text)]
    return found


def texts(source: str) -> Iterator[str]:
    """Yield the texts of a file that are not docstrings; what an f-string puts in reads as `x`."""
    tree = ast.parse(source)
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped.update(map(id, node.values))
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.value


@pytest.mark.parametrize("path", STORE, ids=name_of)
def test_what_sqlite_alone_says_stands_in_no_statement(path: Path) -> None:
    """Nor in a part of one; what engines say differently stands in the dialect."""
    source = path.read_text("utf-8")

    assert {text: found for text in texts(source) if (found := faults(text))} == {}
    assert "lastrowid" not in source


def test_the_statements_are_looked_at() -> None:
    """They are among the texts, and there are many."""
    seen = [text for path in STORE for text in texts(path.read_text("utf-8"))]
    whole = [text for path in STORE for text in statements(path.read_text("utf-8"))]

    assert set(whole) <= set(seen)
    assert len(whole) > 100


@pytest.mark.parametrize(
    "sql",
    [
        "insert or ignore into labels (chat) values (?)",
        "insert or replace into labels (chat) values (?)",
        "update or ignore outbox set chat = ?",
        "replace into leases values (1)",
        "insert into stories (id) values (?) on conflict do update set last = excluded.last",
        "select 1 from chats where telegram_id is ?",
        "select 1 from chats where telegram_id is not configured_id",
        "select 1 from outbox where id in (select value from json_each(?))",
        "update feeds set due = iif(last_poll is null, ?, ?)",
        "select ifnull(name, '') from feeds",
        "select id from items where instr(url, ?) > 0",
        "select watch from labels where watch glob ?",
        "select rowid from items",
        "insert into items (seq) values ((select coalesce(max(seq), 0) + 1 from items))",
        "select last_insert_rowid()",
        "select sum(errors > 0) from feeds",
        "select max(story_id = ?) from outbox",
        "select sum(not backfill) from items",
        "select coalesce(sum(last_success is null), 0) from feeds",
        "update outbox set state = 'pending' where 1",
        "select 1 from items where id in ()",
        "update leases set until = max(until, ?)",
        "update feeds set oldest = min(coalesce(oldest, ?), ?)",
        "select count(*) from (select id from items) where id > 1",
        "select id from items join (select 1 as a) on a = id",
        "select 1 from feeds where active",
        "select 1 from feeds where active = 1 and not gone",
        "select 1 from digest_lines l join outbox o on o.id = l.digest where l.shown",
        "select 1 from regroupings where not done order by id",
        "select case when anonymous then 1 else 0 end from chats",
    ],
)
def test_what_postgresql_refuses_would_be_seen(sql: str) -> None:
    """The null control: each kind, as it once stood in a statement."""
    assert faults(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "insert into labels (chat) values (?) on conflict do nothing",
        "insert into stories (id) values (?) on conflict (id) do update set last = excluded.last",
        "select max(due) from feeds where last_poll is not null and due <= ?",
        "select coalesce(max(revision), 0) + 1, count(*) from outbox",
        "select count(*) filter (where errors > 0) from feeds where active = 1 and gone < 1",
        "select max(coalesce(a, 0)) from (select max(id) as a from stories) given",
        "select r.seen from (select seen from items) r where seen >= ? and r.seen < ?",
        "select 1 from feeds where due between ? and ? and coalesce(last_poll, 0) <= ?",
        "select 1 from items where title is null or url is not null",
        "update feeds set name = 'iif(a, b)' where id = ?",
        "select id from items where state = 'done' and edits in (1, 2) and published is null",
    ],
)
def test_what_both_run_is_left_alone(sql: str) -> None:
    """The other control: it is about what one of them refuses."""
    assert faults(sql) == []
