"""The outbox as a table: what is next in a chat, what is put in, and what is counted."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from bot.model import OWNER, TERMINAL, Address, Answer, Button, Kind, Piece, Quiet, Style
from bot.store.connection import as_json, micros
from bot.text import one_line
from bot.text import parts as parts_of

ADDRESS = "c.name, c.telegram_id, c.topic, c.timezone, c.quiet"
MOST_UNKNOWNS = 2  # outcomes nobody knows: after the second there is no third copy
# A row that is still to be told, by the name it has in the query. The first condition is that of a partial index.
WAITS = (
    "{0}.state in ('pending', 'uncertain', 'paused') "
    f"and not ({{0}}.state = 'uncertain' and {{0}}.unknowns >= {MOST_UNKNOWNS}) and {{0}}.in_digest is null"
)
_DAY = 86_400_000_000  # microseconds
_HOUR = _DAY // 24
_DIGEST = 2_400  # characters of a digest, so that one message holds it
# The first row of a kind that may be told now. What follows an alert waits until that is told or given up, and a
# change also until the message may be changed again.
_FIRST = f"""select o.id, o.created from outbox o
    left join outbox t on t.chat = o.chat and t.story_id = o.story_id and t.kind = 'alert'
    where o.chat = :chat and o.kind = :kind and {WAITS.format("o")}
    and o.state != 'paused' and o.not_before <= :now
    and (not :quiet or o.priority = 'high')
    and (t.id is null or t.id = o.id or (t.state != 'sending' and not ({WAITS.format("t")})))
    and (o.kind != 'edit' or t.id is null or t.not_before <= :now)
    order by o.id limit 1"""


def address_of(row: Sequence[Any]) -> Address:
    """Return the address in a row of `ADDRESS`."""
    name, id_, topic, zone, quiet = row
    return Address(name, id_, topic, ZoneInfo(zone), Quiet.parse(quiet))


def addresses(db: Database) -> list[Address]:
    """Return the chats that can be written to and have something waiting."""
    query = f"""select {ADDRESS} from chats c where c.state = 'ok' and exists
        (select 1 from outbox o where o.chat = c.name and {WAITS.format("o")} and o.state != 'paused')"""
    return [address_of(row) for row in db.execute(query)]


def held(db: Database, now: datetime) -> set[str]:
    """Return the chats with a message under way, or one that waits for its next attempt.

    After a 429 nothing else may be tried there either, and no later message overtakes.
    """
    query = f"""select distinct o.chat from outbox o where o.state = 'sending' or
        (o.state in ('pending', 'uncertain') and o.not_before > ? and o.attempt > 0 and {WAITS.format("o")})"""
    return {chat for (chat,) in db.execute(query, [micros(now)])}


def first(db: Database, address: Address, now: datetime) -> tuple[int, Kind, int] | None:
    """Return the row that is next in a chat, its kind and since when it waits: by urgency, then strictly in order."""
    quiet = address.is_quiet(now)
    for kind in Kind:
        values = {"chat": address.chat, "kind": kind, "now": micros(now), "quiet": quiet and kind.is_news}
        row = db.execute(_FIRST, values).fetchone()
        if row is not None:
            return row[0], kind, row[1]
    return None


def put_answer(db: Database, chat: str, number: int, text: str, now: datetime) -> None:
    """Put an answer to a command into the outbox, once for each update; a long one is several messages."""
    _put(db, chat, Kind.ANSWER, number, text, now)


def put_answers(
    db: Database,
    chat: str,
    number: int,
    answers: Sequence[Answer],
    now: datetime,
    *,
    thread: int | None = None,
    target: int | None = None,
) -> None:
    """Put answers with links, buttons or pictures into the outbox, once for each update; each has to fit one message.

    They go to the topic `thread`; the first changes the message `target` instead, if there is one.
    """
    for part, answer in enumerate(answers):
        db.execute(
            """insert or ignore into outbox (chat, story_id, kind, revision, priority, state, not_before, created,
            changed, answer, form, picture, thread, target)
            values (?, ?, ?, ?, 'high', 'pending', 0, ?, ?, ?, ?, ?, ?, ?)""",
            [
                *(chat, -part, Kind.ANSWER, number, micros(now), micros(now), answer.plain, _form(answer)),
                *(answer.picture, thread, None if part else target),
            ],
        )


def _form(answer: Answer) -> str:
    lines = [[[piece.text, piece.style, piece.url] for piece in line] for line in answer.lines]
    buttons = [[[b.label, b.url, b.data, b.is_main] for b in row] for row in answer.buttons]
    return as_json([lines, buttons])


def form_of(stored: str) -> Answer:
    """Return an answer as it was put in, but for its picture; nothing for one of plain words."""
    lines, buttons = json.loads(stored) if stored else ((), ())
    return Answer(
        tuple(tuple(Piece(text, Style(style), url) for text, style, url in line) for line in lines),
        tuple(tuple(Button(*values) for values in row) for row in buttons),
    )


def put_notice(db: Database, text: str, now: datetime) -> None:
    """Tell the owner what needs a person; the same words only once a day, and nobody while there is no owner."""
    query = """select 1 from chats c where c.name = ? and c.telegram_id is not null and not exists
        (select 1 from outbox where kind = ? and answer = ? and created > ?)"""
    if db.execute(query, [OWNER, Kind.NOTICE, text, micros(now) - _DAY]).fetchone():
        number = db.execute("select coalesce(max(id), 0) + 1 from outbox").fetchone()[0]
        _put(db, OWNER, Kind.NOTICE, number, text, now)


def _put(db: Database, chat: str, kind: Kind, number: int, text: str, now: datetime) -> None:
    for part, piece in enumerate(parts_of(text)):
        db.execute(
            """insert or ignore into outbox
            (chat, story_id, kind, revision, priority, state, not_before, created, changed, answer)
            values (?, ?, ?, ?, 'high', 'pending', 0, ?, ?, ?)""",
            # below zero, where no story is
            [chat, -part, kind, number, micros(now), micros(now), piece],
        )


def add_to_digest(db: Database, chat: str, line: str, due: int, now: int) -> int:
    """Add a line to the digest that a chat is told at an instant, or begin another one; return its row.

    One that is told already, or long enough for one message, is not touched.
    """
    row = db.execute(
        """select id, answer from outbox where chat = ? and kind = ? and not_before = ? and state = 'pending'
        order by id desc limit 1""",
        [chat, Kind.DIGEST, due],
    ).fetchone()
    if row is not None and len(row[1]) + len(line) < _DIGEST:
        db.execute("update outbox set answer = ? where id = ?", [f"{row[1]}\n{line}", row[0]])
        return int(row[0])
    cursor = db.execute(
        """insert into outbox (chat, story_id, kind, revision, priority, state, not_before, created, changed, answer)
        select ?, 0, ?, coalesce(max(revision), 0) + 1, 'normal', 'pending', ?, ?, ?, ? from outbox
        where chat = ? and kind = ?""",
        [chat, Kind.DIGEST, due, now, now, line, chat, Kind.DIGEST],
    )
    return int(cursor.lastrowid or 0)


def has_in_digest(db: Database, chat: str, line: str, due: int) -> bool:
    """Say whether a digest of an instant, told or not, has a line already."""
    query = "select answer from outbox where chat = ? and kind = ? and not_before = ?"
    return any(line in text.split("\n") for (text,) in db.execute(query, [chat, Kind.DIGEST, due]))


def put_off(db: Database, number: int, remark: str, due: int, now: int) -> None:
    """Tell a message, with all that is ordered about its story, in one line of a digest instead."""
    query = "select chat, story_id, answer from outbox where id = ?"
    chat, story, news = db.execute(query, [number]).fetchone()
    title, outlet, url = db.execute(
        "select title, outlet, url from story_sources where story_id = ? order by at, item_id limit 1", [story]
    ).fetchone()
    parts = news.split("\n") if news else (one_line(title), one_line(outlet), url or "")
    line = " · ".join(part for part in parts if part)
    digest = add_to_digest(db, chat, f"{line} ({remark})", due, now)
    db.execute(
        f"""update outbox as o set in_digest = ?, changed = ? where o.id = ? or
        (o.chat = ? and o.story_id = ? and o.kind in ('alert', 'reply', 'edit', 'touch') and {WAITS.format("o")})""",
        [digest, now, number, chat, story],
    )


def put_off_what_is_old(db: Database, chat: str, now: datetime) -> None:
    """Put what has waited for a day into one digest: nothing is lost, and nobody gets last week at once."""
    rows = db.execute(
        f"""select o.id from outbox o where o.chat = ? and o.kind in ('alert', 'reply') and o.state = 'pending'
        and o.created < ? and {WAITS.format("o")} order by o.id""",
        [chat, micros(now) - _DAY],
    ).fetchall()
    for (number,) in rows:
        # one of them may have taken another along
        if db.execute("select 1 from outbox where id = ? and in_digest is null", [number]).fetchone():
            put_off(db, number, "it waited for more than a day", 0, micros(now))


def next_hour(now: datetime) -> int:
    """Return the next full hour in microseconds: when digests are told."""
    return (micros(now) // _HOUR + 1) * _HOUR


def outbox_counts(db: Database) -> dict[str, int]:
    """Return how many rows are in each state."""
    return dict(db.execute("select state, count(*) from outbox group by state order by state").fetchall())


def unknown(db: Database) -> dict[str, int]:
    """Return how many messages may not have arrived in each chat, and are not tried again."""
    return dict(
        db.execute(
            "select chat, count(*) from outbox where state = 'uncertain' and unknowns >= ? group by chat order by chat",
            [MOST_UNKNOWNS],
        ).fetchall()
    )


def oldest_waiting(db: Database) -> int | None:
    """Return since when the oldest message waits that is still to be told."""
    query = f"select min(o.created) from outbox o where o.state = 'sending' or ({WAITS.format('o')})"
    return db.execute(query).fetchone()[0]  # type: ignore[no-any-return]  # a number or nothing, by the schema


def unpaired(db: Database) -> dict[str, int]:
    """Return how many messages wait for each chat that has no address yet."""
    return dict(
        db.execute(
            f"""select o.chat, count(*) from outbox o left join chats c on c.name = o.chat
            where {WAITS.format("o")} and c.telegram_id is null and o.chat != ?
            group by o.chat order by o.chat""",
            [TERMINAL],
        ).fetchall()
    )


def clamp_outbox(db: Database, now: datetime) -> None:
    """Let no message wait longer than an hour because the clock was set back."""
    latest = micros(now) + _DAY // 24
    db.execute("update outbox set not_before = ? where not_before > ?", [latest, latest])
