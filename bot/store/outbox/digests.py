"""Digests: rows of the outbox, whose lines are rows of a table and grow until they are sent."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from bot.core.event_kinds import SECTIONS
from bot.core.model import DigestLine, DigestPayload, MessageKind, MessageOrder, Priority
from bot.core.text import one_line, shorten, units
from bot.store.engine.connection import as_json, micros, texts
from bot.store.engine.transaction import Row, Transaction
from bot.store.outbox.button_tokens import new_token
from bot.store.outbox.payloads import encode

_HOUR = 3_600_000_000  # microseconds
_ROOM = 2_400  # UTF-16 units of lines, so that one message holds them however their stories grow
_LEAST = 60  # units that a headline takes at least; the story may have a longer one by then
_AROUND = 48  # units of a line for outlets, numbers and the signs between
_TITLE, _OUTLET, _REMARK = 300, 60, 160  # characters
REPEAT = "may be a repeat"  # of what is sent once more, for nobody knows whether it arrived
_COLUMNS = "l.story_id, l.title, l.outlet, l.url, l.remark, l.news, l.event, l.watches"
_RANK = {event: place for place, event in enumerate(SECTIONS)}


def next_hour(now: datetime) -> int:
    """Return the next full hour in microseconds: when digests are sent that nobody set an hour for."""
    return (micros(now) // _HOUR + 1) * _HOUR


def save_line(db: Transaction, order: MessageOrder, at: int) -> None:
    """Put an ordered line into its digest; the same one again changes nothing."""
    assert order.line is not None
    assert order.not_before is not None
    due = micros(order.not_before)
    query = f"""select {_COLUMNS} from digest_lines l join outbox o on o.id = l.digest
        where l.story_id = ? and l.due = ? and o.chat = ? and o.state != 'pending'"""
    sent = db.rows(query, [order.story_id, due, order.chat])
    if not any(order.line.news in row.news for row in sent):
        add_line(db, order.chat, order.story_id, order.line, due, at)


def add_line(db: Transaction, chat: str, story_id: int | None, line: DigestLine, due: int, now: int) -> int:
    """Put a line into the digest that a chat is sent at an instant, or begin another one; return the digest's row.

    One that was sent already, or is long enough for one message, is not touched.
    """
    line = replace(
        line,
        title=shorten(one_line(line.title), _TITLE),
        outlet=shorten(one_line(line.outlet), _OUTLET),
        remark=shorten(line.remark, _REMARK),
        news=shorten(one_line(line.news), _TITLE),
    )
    rows = _pending(db, chat, story_id, due)
    for row in reversed(rows):
        if row.story_id == story_id and _merge(db, rows, row.digest, row.position, line):
            return int(row.digest)
    digest = rows[-1].digest if rows else None
    held = [_line(row) for row in rows if row.digest == digest]
    if digest is None or sum(map(_size, held)) + _size(line) > _ROOM:
        digest, rows = _begin(db, chat, due, now), ()
    place = 1 + max((row.position for row in rows if row.digest == digest), default=-1)  # a join may have left a gap
    db.execute(
        """insert into digest_lines (digest, position, due, story_id, title, outlet, url, remark, news, event, watches)
        values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        [
            *(digest, place, due, story_id, line.title, line.outlet, line.url, line.remark, line.news, line.event),
            as_json(line.watches),
        ],
    )
    return int(digest)


def _pending(db: Transaction, chat: str, story_id: int | None, due: int) -> Sequence[Row]:
    """Return the lines of the digests of an instant that have a story already, and of the newest; in their order."""
    digests = """select o.id from outbox o
        where o.chat = ? and o.kind = 'digest' and o.state = 'pending' and o.not_before = ?"""
    return db.rows(
        f"""select l.digest, l.position, {_COLUMNS} from digest_lines l where l.digest in ({digests} and o.id in
        (select digest from digest_lines where story_id = ? and due = ?)
        union select max(newest.id) from ({digests}) newest) order by l.digest, l.position""",
        [chat, due, story_id, due, chat, due],
    )


def repeat(db: Transaction, digest: int, chat: str, due: int, now: int) -> None:
    """Send once more, and say so, what stands in a digest of which nobody knows whether it arrived; but only once."""
    query = f"select {_COLUMNS} from digest_lines l where l.digest = ? order by l.position"
    for row in db.rows(query, [digest]):
        line = _line(row)
        if REPEAT not in line.remark:
            later = add_line(db, chat, row.story_id, replace(line, remark=_both(line.remark, REPEAT)), due, now)
            query = "update outbox set in_digest = ?, changed = ? where in_digest = ? and story_id = ?"
            db.execute(query, [later, now, digest, row.story_id])
    db.execute(
        """update outbox set state = 'sent', changed = ?, reason = 'told in a digest that may not have arrived'
        where in_digest = ?""",
        [now, digest],
    )


def follow_lines(db: Transaction, gone: int, into: int) -> None:
    """Let the lines of a story that was joined into another follow it.

    One that waits is dropped where the whole was sent already, or stands in the same digest, and nothing new is in it.
    """
    waiting = f"""select l.digest, l.position, {_COLUMNS}, o.chat from digest_lines l
        join outbox o on o.id = l.digest and o.state = 'pending' where l.story_id = ? and l.news = ''"""
    for row in db.rows(waiting, [gone]):
        query = f"select l.digest, l.position, {_COLUMNS} from digest_lines l where l.digest = ?"
        rows = db.rows(query, [row.digest])
        beside = [one.position for one in rows if one.story_id == into]
        if _is_sent_or_listed(db, into, row.digest, row.chat) and all(
            _merge(db, rows, row.digest, position, _line(row)) for position in beside
        ):
            db.execute("delete from digest_lines where digest = ? and position = ?", [row.digest, row.position])
    db.execute("update digest_lines set story_id = ? where story_id = ?", [into, gone])


def _is_sent_or_listed(db: Transaction, story: int, digest: int, chat: str) -> bool:
    """Say whether a chat was sent a story in a message or a digest, or will be in this one."""
    message = (
        "select 1 from outbox where chat = ? and story_id = ? and kind = 'alert' and text_hash is not null limit 1"
    )
    line = """select 1 from digest_lines l join outbox o on o.id = l.digest
        where l.story_id = ? and o.chat = ? and (o.id = ? or o.state = 'sent') limit 1"""
    is_sent = db.one(message, [chat, story]) is not None
    return is_sent or db.one(line, [story, chat, digest]) is not None


def _begin(db: Transaction, chat: str, due: int, now: int) -> int:
    key = f"digest:{new_token()}"  # a chat may have several of an instant
    row = db.one(
        """insert into outbox (chat, kind, dedupe_key, payload, priority, state, not_before, created, changed)
        values (?, ?, ?, ?, ?, 'pending', ?, ?, ?) returning id""",
        [chat, MessageKind.DIGEST, key, encode(DigestPayload()), Priority.NORMAL, due, now, now],
    )
    return int(row.id)


def _merge(db: Transaction, rows: Sequence[Row], digest: int, position: int, line: DigestLine) -> bool:
    """Say in the line of a story what else is new in it, for whom it stands there and why; False without the room."""
    held = {row.position: _line(row) for row in rows if row.digest == digest}
    before = held[position]
    news, remark = _both(before.news, line.news), _both(before.remark, line.remark)
    held[position] = replace(before, news=news, remark=remark)
    if len(news) > _TITLE or len(remark) > _REMARK or sum(map(_size, held.values())) > _ROOM:
        return False
    watches = sorted({*before.watches, *line.watches}) if before.watches and line.watches else []
    db.execute(
        "update digest_lines set news = ?, remark = ?, watches = ? where digest = ? and position = ?",
        [news, remark, as_json(watches), digest, position],
    )
    return True


def _both(one: str, other: str) -> str:
    """Return two lists of words, divided by semicolons, as one."""
    return "; ".join(dict.fromkeys(part for text in (one, other) for part in text.split("; ") if part))


def _size(line: DigestLine) -> int:
    """Return how much of a message a line may take, at least."""
    return max(units(line.title), _LEAST) + units(line.remark) + units(line.news) + _AROUND


def _line(row: Row) -> DigestLine:
    """Return the line in a row of `_COLUMNS`."""
    return DigestLine(row.title, row.outlet, row.url, row.remark, row.news, row.event, texts(row.watches))


def lines_of(db: Transaction, digest: int) -> list[tuple[int | None, DigestLine]]:
    """Return the lines of a digest in the order of their numbers, section by section, each with its story."""
    query = f"select {_COLUMNS} from digest_lines l where l.digest = ? order by l.position"
    lines = [(row.story_id, _line(row)) for row in db.rows(query, [digest])]
    # what is no event stands last, after those that have no section of their own
    return sorted(lines, key=lambda one: (_RANK.get(one[1].event, len(_RANK)), not one[1].event, one[1].event))


def stories_in_digests(db: Transaction, stories: str) -> Iterator[tuple[tuple[str, int], tuple[str, ...]]]:
    """Yield which of these stories, a JSON list, stand in digests of which chats, and for which watches alone."""
    lines = f"""select o.chat, l.story_id, l.watches from digest_lines l join outbox o on o.id = l.digest
        where l.story_id in {db.dialect.listed}"""
    # the digests of earlier versions are known by what was decided
    decided = f"""select distinct chat, story_id from decisions
        where action = 'digest' and story_id in {db.dialect.listed}"""
    found: dict[tuple[str, int], list[tuple[str, ...]]] = {}
    for chat, story, watches in db.rows(lines, [stories]):
        found.setdefault((chat, story), []).append(texts(watches))
    for chat, story in db.rows(decided, [stories]):
        found.setdefault((chat, story), [()])
    for key, each in found.items():
        yield key, tuple(sorted({name for names in each for name in names})) if all(each) else ()
