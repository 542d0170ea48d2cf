"""The outbox as a table: what is next in a chat, what is put in, and what is counted."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.core.model import OWNER, TERMINAL, Address, Answer, Button, MessageKind, Piece, Quiet, Style
from bot.core.text import parts as parts_of
from bot.store.chat_hours import EFFECTIVE
from bot.store.engine.connection import as_json, instant, micros
from bot.store.engine.transaction import Transaction

ADDRESS = f"c.name, c.telegram_id, c.topic, {EFFECTIVE.format('c')}, c.quiet_until"
MOST_UNKNOWNS = 2  # outcomes nobody knows: after the second there is no third copy
# A row that is still to be told, by the name it has in the query. The first condition is that of a partial index.
WAITS = (
    "{0}.state in ('pending', 'uncertain', 'paused') "
    f"and not ({{0}}.state = 'uncertain' and {{0}}.unknowns >= {MOST_UNKNOWNS}) and {{0}}.in_digest is null"
)
_DAY = 86_400_000_000  # microseconds
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
    name, id_, topic, zone, quiet, until = row
    return Address(name, id_, topic, ZoneInfo(zone), Quiet.parse(quiet), instant(until) if until else None)


def addresses(db: Transaction) -> list[Address]:
    """Return the chats that can be written to and have something waiting."""
    query = f"""select {ADDRESS} from chats c where c.state = 'ok' and exists
        (select 1 from outbox o where o.chat = c.name and {WAITS.format("o")} and o.state != 'paused')"""
    return [address_of(row) for row in db.rows(query)]


def held(db: Transaction, now: datetime) -> set[str]:
    """Return the chats with a message under way, or one that waits for its next attempt.

    After a 429 nothing else may be tried there either, and no later message overtakes.
    """
    query = f"""select distinct o.chat from outbox o where o.state = 'sending' or
        (o.state in ('pending', 'uncertain') and o.not_before > ? and o.attempt > 0 and {WAITS.format("o")})"""
    return {chat for (chat,) in db.rows(query, [micros(now)])}


def first(db: Transaction, address: Address, now: datetime) -> tuple[int, MessageKind, int] | None:
    """Return the row that is next in a chat, its kind and since when it waits: by urgency, then strictly in order."""
    quiet, paused = address.is_quiet(now), address.is_paused(now)
    for kind in MessageKind:
        if paused and kind.is_news:
            continue
        values = {"chat": address.chat, "kind": kind, "now": micros(now), "quiet": quiet and kind.is_news}
        row = db.one(_FIRST, values)
        if row is not None:
            return row[0], kind, row[1]
    return None


def put_answer(db: Transaction, chat: str, number: int, text: str, now: datetime) -> None:
    """Put an answer to a command into the outbox, once for each update; a long one is several messages."""
    _put(db, chat, MessageKind.ANSWER, number, text, now)


def put_answers(
    db: Transaction,
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
                *(chat, -part, MessageKind.ANSWER, number, micros(now), micros(now), answer.plain, _form(answer)),
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


def put_notice(db: Transaction, text: str, now: datetime) -> None:
    """Tell the owner what needs a person; the same words only once a day, and nobody while there is no owner."""
    query = """select 1 from chats c where c.name = ? and c.telegram_id is not null and not exists
        (select 1 from outbox where kind = ? and answer = ? and created > ?)"""
    if db.one(query, [OWNER, MessageKind.NOTICE, text, micros(now) - _DAY]):
        number = db.one("select coalesce(max(id), 0) + 1 from outbox")[0]
        _put(db, OWNER, MessageKind.NOTICE, number, text, now)


def _put(db: Transaction, chat: str, kind: MessageKind, number: int, text: str, now: datetime) -> None:
    for part, piece in enumerate(parts_of(text)):
        db.execute(
            """insert or ignore into outbox
            (chat, story_id, kind, revision, priority, state, not_before, created, changed, answer)
            values (?, ?, ?, ?, 'high', 'pending', 0, ?, ?, ?)""",
            # below zero, where no story is
            [chat, -part, kind, number, micros(now), micros(now), piece],
        )


def lay_to_rest(db: Transaction, chat: str) -> None:
    """Tell a chat nothing more that is no member any more; what is under way is waited for."""
    db.execute(
        """update outbox set state = 'dead', reason = 'the chat is no member any more'
        where chat = ? and state in ('pending', 'uncertain', 'paused')""",
        [chat],
    )


def lay_former_to_rest(db: Transaction) -> None:
    """Tell chats nothing more that are none any more, also what was ordered for them in that moment."""
    for (name,) in db.rows("select name from former_chats"):
        lay_to_rest(db, name)


def outbox_counts(db: Transaction) -> dict[str, int]:
    """Return how many rows are in each state."""
    return dict(db.rows("select state, count(*) from outbox group by state order by state"))


def unknown(db: Transaction) -> dict[str, int]:
    """Return how many messages may not have arrived in each chat, and are not tried again."""
    return dict(
        db.rows(
            "select chat, count(*) from outbox where state = 'uncertain' and unknowns >= ? group by chat order by chat",
            [MOST_UNKNOWNS],
        )
    )


def oldest_waiting(db: Transaction, now: datetime | None = None) -> int | None:
    """Return since when the oldest message waits that is still to be told, digests before their hour left out."""
    query = f"""select min(o.created) from outbox o where o.state = 'sending' or
        ({WAITS.format("o")} and (o.kind != 'digest' or o.not_before <= coalesce(?, o.not_before)))"""
    return db.one(query, [None if now is None else micros(now)])[0]  # type: ignore[no-any-return]  # a number or nothing, by the schema


def unpaired(db: Transaction) -> dict[str, int]:
    """Return how many messages wait for each chat that has no address yet."""
    return dict(
        db.rows(
            f"""select o.chat, count(*) from outbox o left join chats c on c.name = o.chat
            where {WAITS.format("o")} and c.telegram_id is null and o.chat != ?
            group by o.chat order by o.chat""",
            [TERMINAL],
        )
    )


def clamp_outbox(db: Transaction, now: datetime) -> None:
    """Let no message wait longer than an hour because the clock was set back.

    A digest waits for its own hour, which may be days away, unless it was begun at a time that is still to come.
    """
    latest = micros(now) + _DAY // 24
    db.execute(
        "update outbox set not_before = ? where not_before > ? and (kind != 'digest' or attempt > 0 or created > ?)",
        [latest, latest, latest],
    )
