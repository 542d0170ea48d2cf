"""Digests: rows of the outbox, whose lines are rows of a table and grow until they are told."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.core.event_kinds import SECTIONS
from bot.core.model import DigestLine, MessageKind, MessageOrder
from bot.core.text import one_line, shorten, units
from bot.store.engine.connection import as_json, micros, texts
from bot.store.engine.transaction import Transaction

_HOUR = 3_600_000_000  # microseconds
_ROOM = 2_400  # UTF-16 units of lines, so that one message holds them however their stories grow
_LEAST = 60  # units that a headline takes at least; the story may have a longer one by then
_AROUND = 48  # units of a line for outlets, numbers and the signs between
_TITLE, _OUTLET, _REMARK = 300, 60, 160  # characters
REPEAT = "may be a repeat"  # of what is told once more, for nobody knows whether it arrived
_COLUMNS = "l.story_id, l.title, l.outlet, l.url, l.remark, l.news, l.event, l.watches"
_RANK = {event: place for place, event in enumerate(SECTIONS)}


def next_hour(now: datetime) -> int:
    """Return the next full hour in microseconds: when digests are told that nobody set an hour for."""
    return (micros(now) // _HOUR + 1) * _HOUR


def save_line(db: Transaction, order: MessageOrder, at: int) -> None:
    """Put an ordered line into its digest; the same one again changes nothing."""
    assert order.line is not None
    assert order.not_before is not None
    due = micros(order.not_before)
    query = f"""select {_COLUMNS} from digest_lines l join outbox o on o.id = l.digest
        where l.story_id = ? and l.due = ? and o.chat = ? and o.state != 'pending'"""
    told = [_line(row) for row in db.rows(query, [order.story_id, due, order.chat])]
    if not any(order.line.news in line.news for line in told):
        add_line(db, order.chat, order.story_id, order.line, due, at)


def add_line(db: Transaction, chat: str, story_id: int | None, line: DigestLine, due: int, now: int) -> int:
    """Tell a story in the digest that a chat is told at an instant, in one line, or begin another one; return its row.

    One that is told already, or long enough for one message, is not touched.
    """
    line = replace(
        line,
        title=shorten(one_line(line.title), _TITLE),
        outlet=shorten(one_line(line.outlet), _OUTLET),
        remark=shorten(line.remark, _REMARK),
        news=shorten(one_line(line.news), _TITLE),
    )
    rows = _pending(db, chat, story_id, due)
    for number, position, story, *_ in reversed(rows):
        if story == story_id and _merge(db, rows, number, position, line):
            return int(number)
    digest = rows[-1][0] if rows else None
    held = [_line(row[2:]) for row in rows if row[0] == digest]
    if digest is None or sum(map(_size, held)) + _size(line) > _ROOM:
        digest, rows = _begin(db, chat, due, now), ()
    place = 1 + max((row[1] for row in rows if row[0] == digest), default=-1)  # a join may have left a gap
    db.execute(
        """insert into digest_lines (digest, position, due, story_id, title, outlet, url, remark, news, event, watches)
        values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        [
            *(digest, place, due, story_id, line.title, line.outlet, line.url, line.remark, line.news, line.event),
            as_json(line.watches),
        ],
    )
    return int(digest)


def _pending(db: Transaction, chat: str, story_id: int | None, due: int) -> Sequence[Sequence[Any]]:
    """Return the lines of the digests of an instant that have a story already, and of the newest; in their order."""
    digests = """select o.id from outbox o
        where o.chat = ? and o.kind = 'digest' and o.state = 'pending' and o.not_before = ?"""
    return db.rows(
        f"""select l.digest, l.position, {_COLUMNS} from digest_lines l where l.digest in ({digests} and o.id in
        (select digest from digest_lines where story_id = ? and due = ?) union select max(id) from ({digests}))
        order by l.digest, l.position""",
        [chat, due, story_id, due, chat, due],
    )


def repeat(db: Transaction, digest: int, chat: str, due: int, now: int) -> None:
    """Tell once more, and say so, what stands in a digest of which nobody knows whether it arrived; but only once."""
    query = f"select {_COLUMNS} from digest_lines l where l.digest = ? order by l.position"
    for row in db.rows(query, [digest]):
        line = _line(row)
        if REPEAT not in line.remark:
            later = add_line(db, chat, row[0], replace(line, remark=_both(line.remark, REPEAT)), due, now)
            query = "update outbox set in_digest = ?, changed = ? where in_digest = ? and story_id is ?"
            db.execute(query, [later, now, digest, row[0]])
    db.execute(
        """update outbox set state = 'sent', changed = ?, reason = 'told in a digest that may not have arrived'
        where in_digest = ?""",
        [now, digest],
    )


def follow_lines(db: Transaction, gone: int, into: int) -> None:
    """Let the lines of a story that was joined into another follow it.

    One that waits is dropped where the whole was told already, or stands in the same digest, and nothing new is in it.
    """
    waiting = f"""select l.digest, l.position, {_COLUMNS}, o.chat from digest_lines l
        join outbox o on o.id = l.digest and o.state = 'pending' where l.story_id = ? and l.news = ''"""
    for digest, position, *columns, chat in db.rows(waiting, [gone]):
        query = f"select l.digest, l.position, {_COLUMNS} from digest_lines l where l.digest = ?"
        rows = db.rows(query, [digest])
        beside = [row[1] for row in rows if row[2] == into]
        if _is_told_or_listed(db, into, digest, chat) and all(
            _merge(db, rows, digest, place, _line(columns)) for place in beside
        ):
            db.execute("delete from digest_lines where digest = ? and position = ?", [digest, position])
    db.execute("update digest_lines set story_id = ? where story_id = ?", [into, gone])


def _is_told_or_listed(db: Transaction, story: int, digest: int, chat: str) -> bool:
    """Say whether a chat was told of a story by a message or a digest, or will be by this one."""
    query = """select exists (select 1 from outbox where chat = :chat and story_id = :story and kind = 'alert'
            and text_hash is not null)
        or exists (select 1 from digest_lines l join outbox o on o.id = l.digest
            where l.story_id = :story and o.chat = :chat and (o.id = :digest or o.state = 'sent'))"""
    return bool(db.one(query, {"chat": chat, "story": story, "digest": digest})[0])


def _begin(db: Transaction, chat: str, due: int, now: int) -> int:
    (number,) = db.one(
        """insert into outbox (chat, story_id, kind, revision, priority, state, not_before, created, changed)
        select ?, 0, ?, coalesce(max(revision), 0) + 1, 'normal', 'pending', ?, ?, ? from outbox
        where chat = ? and kind = ? returning id""",
        [chat, MessageKind.DIGEST, due, now, now, chat, MessageKind.DIGEST],
    )
    return int(number)


def _merge(db: Transaction, rows: Sequence[Sequence[Any]], digest: int, position: int, line: DigestLine) -> bool:
    """Say in the line of a story what else is new in it, for whom it stands there and why; False without the room."""
    held = {row[1]: _line(row[2:]) for row in rows if row[0] == digest}
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


def _line(row: Sequence[Any]) -> DigestLine:
    _, title, outlet, url, remark, news, event, watches = row
    return DigestLine(title, outlet, url, remark, news, event, texts(watches))


def lines_of(db: Transaction, digest: int) -> list[tuple[int | None, DigestLine]]:
    """Return the lines of a digest in the order of their numbers, section by section, each with its story."""
    query = f"select {_COLUMNS} from digest_lines l where l.digest = ? order by l.position"
    lines = [(row[0], _line(row)) for row in db.rows(query, [digest])]
    # what is no event stands last, after those that have no section of their own
    return sorted(lines, key=lambda one: (_RANK.get(one[1].event, len(_RANK)), not one[1].event, one[1].event))


def told_in_digests(db: Transaction, stories: str) -> Iterator[tuple[tuple[str, int], tuple[str, ...]]]:
    """Yield the chats that were told of these stories, a JSON list, in digests, and for which watches alone."""
    lines = """select o.chat, l.story_id, l.watches from digest_lines l join outbox o on o.id = l.digest
        where l.story_id in (select value from json_each(?))"""
    # the digests of earlier versions are known by what was decided
    decided = """select distinct chat, story_id from decisions
        where action = 'digest' and story_id in (select value from json_each(?))"""
    found: dict[tuple[str, int], list[tuple[str, ...]]] = {}
    for chat, story, watches in db.rows(lines, [stories]):
        found.setdefault((chat, story), []).append(texts(watches))
    for chat, story in db.rows(decided, [stories]):
        found.setdefault((chat, story), [()])
    for key, each in found.items():
        yield key, tuple(sorted({name for names in each for name in names})) if all(each) else ()
