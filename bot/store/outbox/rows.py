"""The outbox as a table: what is next in a chat, what is put in, and what is counted."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.core.model import (
    OWNER,
    Address,
    Answer,
    AnswerPayload,
    MessageKind,
    MessageOrder,
    NoticePayload,
    Priority,
    Quiet,
    plain_lines,
)
from bot.core.model.outbox import order_alert
from bot.core.text import parts as parts_of
from bot.store.chat_hours import EFFECTIVE
from bot.store.engine.connection import instant, micros
from bot.store.engine.transaction import Row, Transaction
from bot.store.outbox.payloads import encode

ADDRESS = f"c.name, c.telegram_id, c.topic, {EFFECTIVE.format('c')}, c.quiet_until"
MOST_UNKNOWNS = 2  # outcomes nobody knows: after the second there is no third copy
# The condition of a partial index, which SQLite takes only where the query says it, too.
_NOT_SETTLED = "{0}.state in ('pending', 'uncertain', 'paused')"
# A row that is still to be sent, by the name it has in the query.
WAITS = (
    _NOT_SETTLED
    + f" and not ({{0}}.state = 'uncertain' and {{0}}.unknowns >= {MOST_UNKNOWNS}) and {{0}}.in_digest is null"
)
_DAY = 86_400_000_000  # microseconds
# The first row of a kind that may be sent now. What follows an alert waits until that is sent or given up, and a
# change also until the message may be changed again.
_FIRST = f"""select o.id, o.created from outbox o
    left join outbox t on t.chat = o.chat and t.story_id = o.story_id and t.kind = 'alert'
    where o.chat = ? and o.kind = ? and {WAITS.format("o")}
    and o.state != 'paused' and o.not_before <= ? and o.priority in ('high', ?, ?)
    and (t.id is null or t.id = o.id or (t.state != 'sending' and not ({WAITS.format("t")})))
    and (o.kind != 'edit' or t.id is null or t.not_before <= ?)
    order by o.id limit 1"""
_EVERY_PRIORITY = [Priority.NORMAL, Priority.LOW]
_HIGH_ALONE = [Priority.HIGH, Priority.HIGH]


def address_of(row: Row) -> Address:
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
    # two parts, and each without "distinct": so each is found by an index, however many rows were sent before
    query = f"""select o.chat from outbox o where o.state = 'sending' union all
        select o.chat from outbox o where {WAITS.format("o")} and o.state != 'paused' and o.not_before > ?
        and o.attempt > 0"""
    return {row.chat for row in db.rows(query, [micros(now)])}


def first(db: Transaction, address: Address, now: datetime) -> tuple[int, MessageKind, int] | None:
    """Return the row that is next in a chat, its kind and since when it waits: by urgency, then strictly in order."""
    quiet, paused = address.is_quiet(now), address.is_paused(now)
    for kind in MessageKind:
        if paused and kind.is_news:
            continue
        priorities = _HIGH_ALONE if quiet and kind.is_news else _EVERY_PRIORITY
        row = db.one(_FIRST, [address.chat, kind, micros(now), *priorities, micros(now)])
        if row is not None:
            return row.id, kind, row.created
    return None


def put(
    db: Transaction, order: MessageOrder, at: int, *, update_id: int | None = None, picture: bytes | None = None
) -> None:
    """Put a message into the outbox; the same order again changes nothing."""
    db.execute(
        """insert into outbox (chat, kind, dedupe_key, story_id, revision, update_id, payload, picture, priority, state,
        not_before, created, changed) values (?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', 0, ?, ?)
        on conflict (chat, dedupe_key) do nothing""",
        [
            *(order.chat, order.kind, order.dedupe_key, order.story_id, order.revision, update_id),
            *(encode(order.payload), picture, order.priority, at, at),
        ],
    )


def put_answer(db: Transaction, chat: str, update: int, text: str, now: datetime) -> None:
    """Put an answer to a command into the outbox, once for each update; a long one is several messages."""
    put_answers(db, chat, update, [Answer(plain_lines(part)) for part in parts_of(text)], now)


def put_answers(
    db: Transaction,
    chat: str,
    update: int,
    answers: Sequence[Answer],
    now: datetime,
    *,
    topic: int | None = None,
    changes: int | None = None,
) -> None:
    """Put answers with links, buttons or pictures into the outbox, once for each update; each has to fit one message.

    They go to the `topic` of a forum; the first changes the message `changes` instead, if there is one.
    """
    for part, answer in enumerate(answers):
        payload = AnswerPayload(answer.lines, answer.buttons, topic, None if part else changes)
        order = MessageOrder(chat, MessageKind.ANSWER, Priority.HIGH, f"answer:{update}:{part}", payload=payload)
        put(db, order, micros(now), update_id=update, picture=answer.picture)


def put_pointer(db: Transaction, chat: str, about: str, answer: Answer, message: int, now: datetime) -> None:
    """Let a message say something else from now on, which no update asked for; without the message nothing is said."""
    payload = AnswerPayload(answer.lines, answer.buttons, changes=message)
    put(db, MessageOrder(chat, MessageKind.ANSWER, Priority.HIGH, f"answer:{about}", payload=payload), micros(now))


def put_notice(db: Transaction, text: str, now: datetime) -> None:
    """Put a notice to the owner into the outbox; the same words only once a day, and none while there is no owner."""
    words = f"notice:{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    query = """select 1 from chats c where c.name = ? and c.telegram_id is not null and not exists
        (select 1 from outbox o where o.chat = c.name and o.dedupe_key between ? and ? and o.created > ?)"""
    if db.one(query, [OWNER, f"{words}:", f"{words}:~", micros(now) - _DAY]):
        for part, piece in enumerate(parts_of(text)):
            key, payload = f"{words}:{micros(now)}:{part}", NoticePayload(piece)
            put(db, MessageOrder(OWNER, MessageKind.NOTICE, Priority.HIGH, key, payload=payload), micros(now))


def move_alerts(db: Transaction, gone: int, into: int) -> None:
    """Let the alerts of a story be those of another, but where that has its own: a story has one in a chat."""
    key = order_alert("", into, Priority.NORMAL).dedupe_key
    db.execute(
        """update outbox set story_id = ?, dedupe_key = ? where story_id = ? and kind = 'alert' and not exists
        (select 1 from outbox other where other.chat = outbox.chat and other.dedupe_key = ?)""",
        [into, key, gone, key],
    )
    db.execute("delete from outbox where story_id = ? and kind = 'alert'", [gone])


def cancel_all(db: Transaction, chat: str) -> None:
    """Cancel what waits for a chat that is no member any more; what is under way is waited for."""
    db.execute(
        """update outbox set state = 'dead', reason = 'the chat is no member any more'
        where chat = ? and state in ('pending', 'uncertain', 'paused')""",
        [chat],
    )


def cancel_for_former_chats(db: Transaction) -> None:
    """Cancel what waits for chats that are no members any more, also what was ordered for them in that moment."""
    for (name,) in db.rows("select name from former_chats"):
        cancel_all(db, name)


def outbox_counts(db: Transaction) -> dict[str, int]:
    """Return how many rows are in each state."""
    return dict(db.rows("select state, count(*) from outbox group by state order by state"))


def unknown(db: Transaction) -> dict[str, int]:
    """Return how many messages may not have arrived in each chat, and are not tried again."""
    return dict(
        db.rows(
            f"""select chat, count(*) from outbox where {_NOT_SETTLED.format("outbox")} and state = 'uncertain'
            and unknowns >= ? group by chat order by chat""",
            [MOST_UNKNOWNS],
        )
    )


def oldest_waiting(db: Transaction, now: datetime | None = None) -> int | None:
    """Return since when the oldest message waits that is still to be sent, digests before their hour left out."""
    query = f"""select min(waiting.created) as oldest from (
        select o.created from outbox o where o.state = 'sending' union all
        select o.created from outbox o where {WAITS.format("o")}
        and (o.kind != 'digest' or o.not_before <= coalesce(?, o.not_before))) waiting"""
    oldest: int | None = db.one(query, [None if now is None else micros(now)]).oldest
    return oldest


def unpaired(db: Transaction) -> dict[str, int]:
    """Return how many messages wait for the owner while nobody has paired, and for chats that are none any more."""
    return dict(
        db.rows(
            f"""select o.chat, count(*) from outbox o left join chats c on c.name = o.chat
            where {WAITS.format("o")} and (c.name is null or (c.name = ? and c.telegram_id is null))
            group by o.chat order by o.chat""",
            [OWNER],
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
