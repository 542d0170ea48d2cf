"""Rows that come to be another's: of a chat, a watch or a story that goes by another name now."""

from collections.abc import Sequence

from bot.store.engine.transaction import Transaction


def move_rows(
    db: Transaction, table: str, column: str, old: object, new: object, beside: Sequence[str], only: str = "true"
) -> None:
    """Write `new` for `old` in a column, but not where the row would then be there twice: that one stays.

    A row is the only one with its values in this column and in those `beside` it. `only` is a condition in SQL.
    """
    same = "".join(f" and other.{name} = {table}.{name}" for name in beside)
    db.execute(
        f"""update {table} set {column} = ? where {column} = ? and {only}
        and not exists (select 1 from {table} other where other.{column} = ?{same})""",
        [new, old, new],
    )
