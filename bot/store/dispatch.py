"""Dispatch's part of the store: the outbox and the chats it goes to."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from bot.model import TERMINAL, Address, Alert, Kind, Outcome, Priority, Quiet, Sent, Told
from bot.store.connection import Connection, instant, micros
from bot.store.desk import hits_of, stories_where

_ADDRESS = "c.name, c.telegram_id, c.topic, c.timezone, c.quiet"
_MOST_UNKNOWNS = 2  # outcomes nobody knows: after the second there is no third copy
# A row that is still to be told, by the name it has in the query.
_WAITS = f"({{0}}.state = 'pending' or ({{0}}.state = 'uncertain' and {{0}}.unknowns < {_MOST_UNKNOWNS}))"

_STATES = {
    Sent.DONE: "sent",
    Sent.LATER: "pending",
    Sent.UNCERTAIN: "uncertain",
    Sent.PAUSED: "pending",  # waits for its chat, which is paused
    Sent.MIGRATED: "pending",
    Sent.TARGET_GONE: "pending",
    Sent.DEAD: "dead",
}


class SqliteDispatch:
    """DispatchStore on SQLite."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def recover(self, now: datetime) -> int:
        """Mark rows left in "sending" by a crash as uncertain; return how many there were."""

        def work(db: Database) -> int:
            query = "update outbox set state = 'uncertain', changed = ? where state = 'sending'"
            return int(db.execute(query, [micros(now)]).rowcount)

        return await self._connection.write(work)

    async def chats_waiting(self, now: datetime) -> Sequence[tuple[Address, bool]]:
        """Return the chats with something to send now, the longest waiting first; True marks high priority.

        A chat that is paused waits with its rows, and so does one that has to wait before its next attempt:
        after a 429 nothing else may be tried there either.
        """
        query = f"""select {_ADDRESS}, max(o.priority = 'high' or o.kind = 'answer')
            from outbox o join chats c on c.name = o.chat
            where {_WAITS.format("o")} and o.not_before <= ? and c.state = 'ok'
            and not exists (select 1 from outbox h where h.chat = o.chat and (h.state = 'sending'
                or ({_WAITS.format("h")} and h.attempt > 0 and h.not_before > ?)))
            group by c.name order by min(o.id)"""
        rows = await self._connection.read(lambda db: db.execute(query, [micros(now), micros(now)]).fetchall())
        return [(_address(row[:-1]), bool(row[-1])) for row in rows]

    async def take_alerts(self, chats: Mapping[str, bool], now: datetime) -> Sequence[Alert]:
        """Mark the next row of each chat as "sending" and return them with all that rendering needs.

        For a chat that maps to True only what has high priority is taken.
        """

        def work(db: Database) -> list[Alert]:
            alerts = [
                alert for chat, only_high in chats.items() if (alert := _next(db, chat, now, only_high)) is not None
            ]
            for alert in alerts:
                db.execute(
                    "update outbox set state = 'sending', attempt = attempt + 1, changed = ? where id = ?",
                    [micros(now), alert.id],
                )
            return alerts

        return await self._connection.write(work)

    async def settle(self, outcome: Outcome, now: datetime, retry: datetime) -> None:
        """Commit what became of an alert; one that is to be tried again waits until `retry`."""
        await self._connection.write(lambda db: _settle(db, outcome, now, retry))


def put_answer(db: Database, chat: str, number: int, text: str, now: datetime) -> None:
    """Put an answer to a command into the outbox, once for each update."""
    db.execute(
        """insert or ignore into outbox
        (chat, story_id, kind, revision, priority, state, not_before, created, changed, answer)
        values (?, 0, 'answer', ?, 'high', 'pending', 0, ?, ?, ?)""",
        [chat, number, micros(now), micros(now), text],
    )


def _next(db: Database, chat: str, now: datetime, only_high: bool) -> Alert | None:
    """Return what is to be told next in a chat: answers to commands first, then strictly in order.

    The first row that is not done is next, or nothing: a change of a message never overtakes the message.
    Where the message is stands in the alert's row, whatever became of the alert itself: a story whose alert
    was refused, or twice left without an answer, is told anew by its first change, and that message grows from
    then on.
    """
    row = db.execute(
        f"""select o.id, o.kind, o.story_id, o.attempt, o.created, o.priority, o.answer, t.message_id, t.text_hash,
        t.told_in, o.not_before, {_ADDRESS}
        from outbox o join chats c on c.name = o.chat
        left join outbox t on t.chat = o.chat and t.story_id = o.story_id and t.kind = 'alert'
        where o.chat = ? and {_WAITS.format("o")}
        and (? = 0 or o.kind = 'answer' or (o.priority = 'high' and (o.kind = 'alert' or not {_WAITS.format("t")})))
        order by o.kind != 'answer' or o.not_before > ?, o.id limit 1""",
        [chat, only_high, micros(now)],
    ).fetchone()
    return None if row is None or row[10] > micros(now) else _alert(db, row)


def _alert(db: Database, row: Sequence[Any]) -> Alert:
    id_, kind, story_id, attempt, created, priority, answer, message_id, text_hash, told_in, _ = row[:11]
    address = _address(row[11:])
    is_answer = kind == Kind.ANSWER
    return Alert(
        id=id_,
        address=address,
        kind=Kind(kind),
        attempt=attempt + 1,
        created=instant(created),
        priority=Priority(priority),
        story=None if is_answer else stories_where(db, "s.id = ?", [story_id])[0],
        hits=() if is_answer else tuple(hits_of(db, story_id, address.chat)),
        # a message id means nothing in any other chat: not after pairing anew, a new id in the configuration or
        # a migration; what the terminal told has none
        told=Told(message_id, text_hash) if kind == Kind.EDIT and text_hash and told_in in {None, address.id} else None,
        answer=answer,
    )


def _address(row: Sequence[Any]) -> Address:
    name, id_, topic, zone, quiet = row
    return Address(name, id_, topic, ZoneInfo(zone), Quiet.parse(quiet))


def _settle(db: Database, outcome: Outcome, now: datetime, retry: datetime) -> None:
    alert = outcome.alert
    state = _STATES[outcome.sent]
    db.execute(
        """update outbox set state = ?, changed = ?, not_before = ?, reason = ?,
        message_id = coalesce(?, message_id), told_in = coalesce(?, told_in), text_hash = ?,
        unknowns = unknowns + ? where id = ?""",
        [
            state,
            micros(now),
            micros(retry),
            outcome.reason,
            *_place(outcome),
            outcome.text_hash or None,
            outcome.sent is Sent.UNCERTAIN and not alert.is_idempotent,
            alert.id,
        ],
    )
    match outcome.sent:
        case Sent.DONE if alert.kind is Kind.EDIT:
            _retold(db, alert, outcome)
        case Sent.TARGET_GONE:
            _retold(db, alert, outcome)
        case Sent.PAUSED:
            _pause(db, alert.address.chat, outcome.reason)
        case Sent.MIGRATED:
            _move(db, alert.address.chat, outcome.new_id)
        case _:
            pass


def _retold(db: Database, alert: Alert, outcome: Outcome) -> None:
    """Remember how the story's message reads now and where it is; without a hash it is no more.

    With one the story is told, also when its alert was refused or nobody knows what became of it.
    """
    text_hash = outcome.text_hash or None
    db.execute(
        """update outbox set state = case when ? is null then state else 'sent' end, text_hash = ?,
        message_id = coalesce(?, message_id), told_in = coalesce(?, told_in)
        where kind = 'alert' and (chat, story_id) = (select chat, story_id from outbox where id = ?)""",
        [text_hash, text_hash, *_place(outcome), alert.id],
    )


def _place(outcome: Outcome) -> tuple[int | None, int | None]:
    """Return the id of the message and the chat in which it counts, as it was addressed."""
    return outcome.message_id, None if outcome.message_id is None else outcome.alert.address.id


def _pause(db: Database, chat: str, reason: str) -> None:
    db.execute("update chats set state = 'paused', reason = ? where name = ?", [reason, chat])


def _move(db: Database, chat: str, new_id: int | None) -> None:
    db.execute(
        "update chats set telegram_id = ? where telegram_id = (select telegram_id from chats where name = ?)",
        [new_id, chat],
    )


def outbox_counts(db: Database) -> dict[str, int]:
    """Return how many rows are in each state."""
    return dict(db.execute("select state, count(*) from outbox group by state order by state").fetchall())


def unknown(db: Database) -> dict[str, int]:
    """Return how many messages may not have arrived in each chat: two attempts were left without an answer."""
    return dict(
        db.execute(
            "select chat, count(*) from outbox where state = 'uncertain' and unknowns >= ? group by chat order by chat",
            [_MOST_UNKNOWNS],
        ).fetchall()
    )


def oldest_waiting(db: Database) -> int | None:
    """Return since when the oldest message waits that is still to be told."""
    query = f"select min(o.created) from outbox o where o.state = 'sending' or {_WAITS.format('o')}"
    return db.execute(query).fetchone()[0]  # type: ignore[no-any-return]  # a number or nothing, by the schema


def unpaired(db: Database) -> dict[str, int]:
    """Return how many messages wait for each chat that has no address yet."""
    return dict(
        db.execute(
            f"""select o.chat, count(*) from outbox o left join chats c on c.name = o.chat
            where {_WAITS.format("o")} and c.telegram_id is null and o.chat != ?
            group by o.chat order by o.chat""",
            [TERMINAL],
        ).fetchall()
    )
