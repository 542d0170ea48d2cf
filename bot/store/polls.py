"""A poll, written down: items that are new or changed, what they are known by, and how the poll ended."""

from collections.abc import Sequence

from bot.core.model import Edit, KeyedEntry, Poll
from bot.store.engine.connection import micros, micros_or_none
from bot.store.engine.transaction import Transaction
from bot.store.feed_statistics import write_statistics
from bot.store.items import BACKFILL, LATE_ARRIVAL

_KEYS_AT_ONCE = 500
_LONGEST_NAME = 60  # characters; a title beyond it is a sentence


def save_poll(db: Transaction, poll: Poll) -> None:
    """Write down a poll; the same one again changes nothing."""
    if poll.new:
        _insert(db, poll)
    for edit in poll.edited:
        _apply(db, poll, edit)
    for edit in poll.rekeyed:
        _remember(db, poll, [(edit.keyed, edit.item_id)])
    if poll.failure is None:
        _note_success(db, poll)
    else:
        _note_failure(db, poll)


def _insert(db: Transaction, poll: Poll) -> None:
    """Store new items, but for those of which a key became known since: that is a replay."""
    known = _known(db, poll.feed.id, [key for keyed in poll.new for key in keyed.keys])
    stored = []
    for keyed in poll.new:
        if known.isdisjoint(keyed.keys):
            stored.append((keyed, _insert_one(db, poll, keyed)))
            known.update(_keys_of(keyed))
    _remember(db, poll, stored)


def _known(db: Transaction, feed_id: int, keys: Sequence[bytes]) -> set[bytes]:
    found: set[bytes] = set()
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        part = keys[start : start + _KEYS_AT_ONCE]
        query = f"select key from item_keys where feed_id = ? and key in ({','.join('?' * len(part))})"
        found.update(row.key for row in db.rows(query, [feed_id, *part]))
    return found


def _insert_one(db: Transaction, poll: Poll, keyed: KeyedEntry) -> int:
    entry = keyed.entry
    row = db.one(
        f"""insert into items (feed_id, seq, state, title, summary, url, published, seen, text_hash, backfill)
        values (?, {db.dialect.next_seq}, 'pending', ?, ?, ?, ?, ?, ?, ?) returning id""",
        [
            poll.feed.id,
            entry.title,
            entry.summary,
            entry.link,
            micros_or_none(entry.published),
            micros(poll.at),
            keyed.text_hash,
            BACKFILL if not poll.feed.is_backfilled else LATE_ARRIVAL if keyed.is_late_arrival else 0,
        ],
    )
    return int(row.id)


def _apply(db: Transaction, poll: Poll, edit: Edit) -> None:
    """Store the new text of an item and let the decide stage read it once more; keep the text that it has read."""
    entry, text_hash = edit.keyed.entry, edit.keyed.text_hash
    db.execute(
        """insert into item_versions (item_id, edits, seq, title, summary, url, published, seen, backfill)
        select id, edits, seq, title, summary, url, published, seen, backfill from items
        where id = ? and text_hash != ? and state = 'done'
        on conflict do nothing""",
        [edit.item_id, text_hash],
    )
    db.execute(
        f"""update items set title = ?, summary = ?, url = coalesce(?, url), text_hash = ?, seen = ?,
        edits = edits + 1, state = 'pending', seq = {db.dialect.next_seq} where id = ? and text_hash != ?""",
        [entry.title, entry.summary, entry.link, text_hash, micros(poll.at), edit.item_id, text_hash],
    )
    _remember(db, poll, [(edit.keyed, edit.item_id)])


def _remember(db: Transaction, poll: Poll, stored: Sequence[tuple[KeyedEntry, int]]) -> None:
    """Write down what items are known by."""
    db.execute_many(
        "insert into item_keys (feed_id, key, item_id) values (?, ?, ?) on conflict do nothing",
        [(poll.feed.id, key, item_id) for keyed, item_id in stored for key in _keys_of(keyed)],
    )


def _keys_of(keyed: KeyedEntry) -> Sequence[bytes]:
    return keyed.keys if keyed.title_key is None else (*keyed.keys, keyed.title_key)


def _note_failure(db: Transaction, poll: Poll) -> None:
    """Store that the poll failed, and when the next one is due; in an outage no failure is counted but the first."""
    assert poll.failure is not None
    db.execute(
        """update feeds set due = ?, last_poll = ?, errors = case when errors = 0 then 1 else errors + ? end,
        error = ?, statistics = ?, gone = ? where id = ?""",
        [
            micros(poll.due),
            micros(poll.at),
            not poll.in_outage,
            f"{poll.failure.reason}: {poll.failure.detail}",
            write_statistics(poll.statistics),
            poll.is_gone,
            poll.feed.id,
        ],
    )


def _note_success(db: Transaction, poll: Poll) -> None:
    """Store when the poll was, and its validators: they go together with the items they stand for."""
    dates = [date for keyed in poll.new if (date := keyed.entry.published) is not None]
    oldest = micros(min(dates)) if dates else micros_or_none(poll.feed.oldest)
    # what has not changed is not written again: a fingerprint is the greatest part of a row
    is_same = poll.fingerprint == poll.feed.fingerprint
    db.execute(
        f"""update feeds set due = ?, last_poll = ?, last_success = ?, errors = 0, error = null,
        is_backfilled = case when ? = 1 then 1 else is_backfilled end,
        etag = ?, last_modified = ?, body_hash = ?, statistics = ?,
        oldest = case when oldest < ? then oldest else ? end{"" if is_same else ", fingerprint = ?"} where id = ?""",
        [
            micros(poll.due),
            micros(poll.at),
            micros(poll.at),
            poll.ends_backfill,
            poll.validators.etag,
            poll.validators.last_modified,
            poll.body_hash,
            write_statistics(poll.statistics),
            oldest,
            oldest,
            *([] if is_same else [poll.fingerprint]),
            poll.feed.id,
        ],
    )
    if poll.title and len(poll.title) <= _LONGEST_NAME:
        # only once: an outlet keeps its name, and two outlets never share one
        db.execute(
            """update feeds set name = ?, title = ? where id = ? and title is null and name = host
            and not exists (select 1 from feeds where name = ?)""",
            [poll.title, poll.title, poll.feed.id, poll.title],
        )
