"""Digests as they are sent: with their stories as they stand, and what is put into them or shown out of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.core.model import Address, Digest, DigestEntry, DigestLine, Priority, ReplyPayload, next_at
from bot.core.model.outbox import order_alert
from bot.store.chat_hours import hours_of
from bot.store.engine.connection import as_json, instant, micros
from bot.store.engine.transaction import Row, Transaction
from bot.store.outbox.button_tokens import digest_token
from bot.store.outbox.digests import add_line, lines_of
from bot.store.outbox.payloads import decode
from bot.store.outbox.rows import WAITS, put
from bot.store.stories import stories_where

_DAY = timedelta(days=1)
_MOMENT = timedelta(microseconds=1)


def digest_of(db: Transaction, number: int, address: Address, now: datetime) -> Digest | None:
    """Return what a digest says now; None for one of an early version, whose words stand in its payload."""
    lines = lines_of(db, number)
    if not lines:
        return None
    stories = {story.id: story for story in stories_where(db, f"s.id in {db.dialect.listed}", [_ids(lines)])}
    entries = tuple(DigestEntry(line, None if story is None else stories.get(story)) for story, line in lines)
    token = digest_token(db, address.chat, number, now)
    since = _day_before(db, number, address)
    if since is None:
        return Digest(entries, token, now)
    query = "select count(*) as articles from items where seen >= ? and seen < ? and backfill = 0"
    return Digest(entries, token, now, since, db.one(query, [micros(since), micros(now)]).articles)


def _ids(lines: Sequence[tuple[int | None, DigestLine]]) -> str:
    return as_json([story for story, _ in lines if story is not None])


def _day_before(db: Transaction, number: int, address: Address) -> datetime | None:
    """Return when the digest of the day before was due, if this is one of the chat's own hour."""
    hour = hours_of(db, address.chat).digest
    at = db.one("select max(due) as due from digest_lines where digest = ?", [number]).due
    due = instant(at)
    if hour is None or not at or next_at(hour, address.timezone, due - _MOMENT) != due:
        return None  # one of no hour, sent as soon as may be, has 0
    before = next_at(hour, address.timezone, due - 2 * _DAY)
    while (later := next_at(hour, address.timezone, before)) < due:
        before = later
    return before


def put_off(db: Transaction, number: int, remark: str, due: int, now: int) -> None:
    """Send a message, with all that is ordered about its story, as one line of a digest instead."""
    row = db.one("select chat, story_id, payload from outbox where id = ?", [number])
    found = stories_where(db, "s.id = ?", [row.story_id])
    if not found:
        return  # kept no more: whoever takes the row cancels it
    kept = found[0]
    first = kept.sources[0]
    event = kept.event_keys[0].kind if kept.event_keys else ""
    match decode(row.payload):
        case ReplyPayload(news, title, outlet, url):
            line = DigestLine(title, outlet, url, remark, news, event)
        case _:
            line = DigestLine(first.title, first.outlet, first.url, remark, "", event)
    digest = add_line(db, row.chat, kept.id, line, due, now)
    # the changes of a message that is there are shown in it all the same
    db.execute(
        f"""update outbox as o set in_digest = ?, changed = ? where o.id = ? or
        (o.chat = ? and o.story_id = ? and {WAITS.format("o")} and (o.kind in ('alert', 'reply')
        or (o.kind in ('edit', 'touch') and not exists (select 1 from outbox t where t.chat = o.chat
            and t.story_id = o.story_id and t.kind = 'alert' and t.text_hash is not null))))""",
        [digest, now, number, row.chat, kept.id],
    )


def put_off_what_is_old(db: Transaction, chat: str, now: datetime) -> None:
    """Put what has waited for a day into one digest: nothing is lost, and nobody gets last week at once."""
    rows = db.rows(
        f"""select o.id from outbox o where o.chat = ? and o.kind in ('alert', 'reply') and o.state = 'pending'
        and o.created < ? and {WAITS.format("o")} order by o.id""",
        [chat, micros(now - _DAY)],
    )
    for row in rows:
        # one of them may have taken another along
        if db.one("select 1 from outbox where id = ? and in_digest is null", [row.id]):
            put_off(db, row.id, "it waited for more than a day", 0, micros(now))


def can_show(db: Transaction, chat: str, digest: int, number: int) -> bool:
    """Say whether `show` would send something: the story is kept, and has no message in the chat yet."""
    story = _story_of_line(db, chat, digest, number)
    if story is None:
        return False
    row = _alert_of(db, chat, story)
    return row is None or bool(row.waits) or (row.text_hash is None and row.state != "sending")


def _alert_of(db: Transaction, chat: str, story: int) -> Row:
    """Return the row of a story's alert in a chat, or None, and whether it waits."""
    query = f"""select o.id, o.text_hash, o.state, {WAITS.format("o")} as waits from outbox o
        where o.chat = ? and o.story_id = ? and o.kind = 'alert'"""
    return db.one(query, [chat, story])


def _story_of_line(db: Transaction, chat: str, digest: int, number: int) -> int | None:
    """Return the story of a numbered line of a digest, if it is kept."""
    if db.one("select 1 from outbox where id = ? and chat = ?", [digest, chat]) is None:
        return None
    lines = lines_of(db, digest)
    story = lines[number - 1][0] if 1 <= number <= len(lines) else None
    return story if story is not None and stories_where(db, "s.id = ?", [story]) else None


def show(db: Transaction, chat: str, digest: int, number: int, now: datetime) -> bool:
    """Send the story of a numbered line of a digest in a message of its own, at once.

    Returns False, and sends nothing, where there is no such story or it has its message in the chat already.
    """
    story = _story_of_line(db, chat, digest, number)
    if story is None or not can_show(db, chat, digest, number):
        return False
    row = _alert_of(db, chat, story)
    if row is None:
        put(db, order_alert(chat, story, Priority.HIGH), micros(now))
        db.execute("update digest_lines set shown = 1 where digest = ? and story_id = ?", [digest, story])
        return True
    if row.waits:
        db.execute("update outbox set priority = 'high' where id = ?", [row.id])
        return True
    # it was sent in a digest only, refused, or given up as doubtful
    db.execute(
        """update outbox set state = 'pending', priority = 'high', in_digest = null, attempt = 0, unknowns = 0,
        not_before = 0, created = ?, changed = ? where id = ?""",
        [micros(now), micros(now), row.id],
    )
    return True
