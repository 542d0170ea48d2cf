"""Digests as they are told: with their stories as they stand, and what is put into them or shown out of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.core.model import Address, Digest, DigestEntry, DigestLine, next_at
from bot.store.chat_hours import hours_of
from bot.store.engine.connection import as_json, instant, micros
from bot.store.engine.transaction import Transaction
from bot.store.outbox.button_tokens import digest_token
from bot.store.outbox.digests import add_line, lines_of
from bot.store.outbox.rows import WAITS
from bot.store.stories import stories_where

_DAY = timedelta(days=1)
_MOMENT = timedelta(microseconds=1)


def digest_of(db: Transaction, number: int, address: Address, now: datetime) -> Digest | None:
    """Return what a digest tells now; None for one of an earlier version, whose words stand in its row."""
    lines = lines_of(db, number)
    if not lines:
        return None
    stories = {
        story.id: story for story in stories_where(db, "s.id in (select value from json_each(?))", [_ids(lines)])
    }
    entries = tuple(DigestEntry(line, None if story is None else stories.get(story)) for story, line in lines)
    token = digest_token(db, address.chat, number, now)
    since = _day_before(db, number, address)
    if since is None:
        return Digest(entries, token, now)
    query = "select count(*) from items where seen >= ? and seen < ? and backfill = 0"
    (articles,) = db.one(query, [micros(since), micros(now)])
    return Digest(entries, token, now, since, articles)


def _ids(lines: Sequence[tuple[int | None, DigestLine]]) -> str:
    return as_json([story for story, _ in lines if story is not None])


def _day_before(db: Transaction, number: int, address: Address) -> datetime | None:
    """Return when the digest of the day before was due, if this is one of the chat's own hour."""
    hour = hours_of(db, address.chat).digest
    (at,) = db.one("select max(due) from digest_lines where digest = ?", [number])
    due = instant(at)
    if hour is None or not at or next_at(hour, address.timezone, due - _MOMENT) != due:
        return None  # one of no hour, told as soon as may be, has 0
    before = next_at(hour, address.timezone, due - 2 * _DAY)
    while (later := next_at(hour, address.timezone, before)) < due:
        before = later
    return before


def put_off(db: Transaction, number: int, remark: str, due: int, now: int) -> None:
    """Tell a message, with all that is ordered about its story, in one line of a digest instead."""
    query = "select chat, story_id, answer from outbox where id = ?"
    chat, story, said = db.one(query, [number])
    found = stories_where(db, "s.id = ?", [story])
    if not found:
        return  # kept no more: whoever takes the row lays it to rest
    kept = found[0]
    first = kept.sources[0]
    news, title, outlet, url = (
        (*said.split("\n"), "", "", "")[:4] if said else ("", first.title, first.outlet, first.url)
    )
    event = kept.event_keys[0].kind if kept.event_keys else ""
    digest = add_line(db, chat, story, DigestLine(title, outlet, url or None, remark, news, event), due, now)
    # the changes of a message that is there are shown in it all the same
    db.execute(
        f"""update outbox as o set in_digest = ?, changed = ? where o.id = ? or
        (o.chat = ? and o.story_id = ? and {WAITS.format("o")} and (o.kind in ('alert', 'reply')
        or (o.kind in ('edit', 'touch') and not exists (select 1 from outbox t where t.chat = o.chat
            and t.story_id = o.story_id and t.kind = 'alert' and t.text_hash is not null))))""",
        [digest, now, number, chat, story],
    )


def put_off_what_is_old(db: Transaction, chat: str, now: datetime) -> None:
    """Put what has waited for a day into one digest: nothing is lost, and nobody gets last week at once."""
    rows = db.rows(
        f"""select o.id from outbox o where o.chat = ? and o.kind in ('alert', 'reply') and o.state = 'pending'
        and o.created < ? and {WAITS.format("o")} order by o.id""",
        [chat, micros(now - _DAY)],
    )
    for (number,) in rows:
        # one of them may have taken another along
        if db.one("select 1 from outbox where id = ? and in_digest is null", [number]):
            put_off(db, number, "it waited for more than a day", 0, micros(now))


def can_show(db: Transaction, chat: str, digest: int, number: int) -> bool:
    """Say whether `show` would tell something: the story is kept, and has no message in the chat yet."""
    story = _story_of_line(db, chat, digest, number)
    if story is None:
        return False
    query = f"""select {WAITS.format("o")}, o.text_hash, o.state = 'sending' from outbox o
        where o.chat = ? and o.story_id = ? and o.kind = 'alert'"""
    row = db.one(query, [chat, story])
    return row is None or bool(row[0]) or (row[1] is None and not row[2])


def _story_of_line(db: Transaction, chat: str, digest: int, number: int) -> int | None:
    """Return the story of a numbered line of a digest, if it is kept."""
    if db.one("select 1 from outbox where id = ? and chat = ?", [digest, chat]) is None:
        return None
    lines = lines_of(db, digest)
    story = lines[number - 1][0] if 1 <= number <= len(lines) else None
    return story if story is not None and stories_where(db, "s.id = ?", [story]) else None


def show(db: Transaction, chat: str, digest: int, number: int, now: datetime) -> bool:
    """Tell the story of a numbered line of a digest in a message of its own, at once.

    Returns False, and tells nothing, where there is no such story or it has its message in the chat already.
    """
    if not can_show(db, chat, digest, number):
        return False
    story = _story_of_line(db, chat, digest, number)
    query = f"""select o.id, {WAITS.format("o")} from outbox o
        where o.chat = ? and o.story_id = ? and o.kind = 'alert'"""
    row = db.one(query, [chat, story])
    if row is None:
        db.execute(
            """insert into outbox (chat, story_id, kind, revision, priority, state, not_before, created, changed)
            values (?, ?, 'alert', 0, 'high', 'pending', 0, ?, ?)""",
            [chat, story, micros(now), micros(now)],
        )
        db.execute("update digest_lines set shown = 1 where digest = ? and story_id = ?", [digest, story])
        return True
    alert, waits = row
    if waits:
        db.execute("update outbox set priority = 'high' where id = ?", [alert])
        return True
    # it was told in a digest only, refused, or given up as doubtful
    db.execute(
        """update outbox set state = 'pending', priority = 'high', in_digest = null, attempt = 0, unknowns = 0,
        not_before = 0, created = ?, changed = ? where id = ?""",
        [micros(now), micros(now), alert],
    )
    return True
