"""What engines say differently: a few texts that stand inside statements. All else is SQL that each of them runs.

PostgreSQL would say `nextval('items_seq')`, `(select cast(value as bigint) from
jsonb_array_elements_text(cast(? as jsonb)) as listed (value))`, and `(select id from items where words @@ …)`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """How an engine says what SQL has no common words for."""

    next_seq: str  # the place of an item behind all others
    listed: str  # the numbers in a JSON list, which is its one value; behind "in"
    found: str  # the ids of the items that hold words, which are its one value; behind "in"


SQLITE = Dialect(
    # nobody else writes meanwhile: one connection does
    next_seq="(select coalesce(max(seq), 0) + 1 from items)",
    listed="(select value from json_each(?))",
    found="(select rowid from items_fts where items_fts match ?)",
)
