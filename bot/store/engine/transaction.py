"""What a statement of the store is carried out with: a text of SQL, its values, and the rows that come back."""

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any, TypeAlias

from bot.store.engine.dialect import SQLITE

Values: TypeAlias = Sequence[Any] | Mapping[str, Any]  # in the order of the "?", or by the names behind ":"
Row: TypeAlias = Any  # a named tuple: its fields are the columns, so that a row can be read by name and be unpacked
_MOST_STATEMENTS = 1_000  # whose rows' type is remembered


class Transaction:
    """Carries out statements, between a BEGIN and its end where they write. Every value is a parameter.

    Statements are SQL that SQLite and PostgreSQL both run; what they say differently stands in `dialect`.
    """

    dialect = SQLITE

    def __init__(self, raw: sqlite3.Connection) -> None:
        self.raw = raw  # for engine/ alone: migrations, backups, and what is no statement of the newsroom
        self._makers: dict[str, Callable[[Iterable[Any]], Row]] = {}

    def execute(self, sql: str, values: Values = ()) -> int:
        """Carry out a statement; return how many rows it changed."""
        return self.raw.execute(sql, values).rowcount

    def execute_many(self, sql: str, rows: Iterable[Values]) -> None:
        """Carry out a statement once for each of many rows of values."""
        self.raw.executemany(sql, rows)

    def rows(self, sql: str, values: Values = ()) -> list[Row]:
        """Return all rows that a statement gives."""
        cursor = self.raw.execute(sql, values)
        return list(map(self._maker(sql, cursor), cursor))

    def each(self, sql: str, values: Values = ()) -> Iterator[Row]:
        """Yield the rows that a statement gives, without holding all of them; nothing may be written meanwhile."""
        cursor = self.raw.execute(sql, values)
        return map(self._maker(sql, cursor), cursor)

    def one(self, sql: str, values: Values = ()) -> Row:
        """Return the first row that a statement gives, or None."""
        cursor = self.raw.execute(sql, values)
        row = cursor.fetchone()
        return None if row is None else self._maker(sql, cursor)(row)

    def _maker(self, sql: str, cursor: sqlite3.Cursor) -> Callable[[Iterable[Any]], Row]:
        """Return what makes a named tuple of a row: remembered, for naming the columns costs more than many rows."""
        maker = self._makers.get(sql)
        if maker is None:
            if len(self._makers) >= _MOST_STATEMENTS:
                self._makers.clear()
            maker = self._makers[sql] = _maker_of(tuple(column[0] for column in cursor.description or ()))
        return maker


@cache
def _maker_of(columns: tuple[str, ...]) -> Callable[[Iterable[Any]], Row]:
    row_type = namedtuple("row_type", columns, rename=True)  # type: ignore[misc]  # the columns are known only here
    return partial(tuple.__new__, row_type)
