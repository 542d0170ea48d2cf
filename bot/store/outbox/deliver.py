"""Dispatch's part of the store: rows are taken, told, and settled; every change is one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.core.model import (
    Address,
    Alert,
    DeliveryResult,
    MessageKind,
    Outcome,
    Priority,
    SentMessage,
    Source,
    WaitingChat,
)
from bot.store.engine.connection import Connection, instant, micros
from bot.store.engine.transaction import Transaction
from bot.store.outbox.button_tokens import handle
from bot.store.outbox.digest_contents import digest_of, put_off, put_off_what_is_old
from bot.store.outbox.digests import REPEAT, next_hour, repeat
from bot.store.outbox.rows import (
    ADDRESS,
    MOST_UNKNOWNS,
    WAITS,
    address_of,
    addresses,
    clamp_outbox,
    first,
    form_of,
    held,
    lay_former_to_rest,
    lay_to_rest,
    put_notice,
)
from bot.store.outbox.topics import note_topic, placed
from bot.store.stories import matches_of, stories_where

_STATES = {
    DeliveryResult.DONE: "sent",
    DeliveryResult.LATER: "pending",
    DeliveryResult.UNCERTAIN: "uncertain",
    DeliveryResult.PAUSED: "paused",
    DeliveryResult.MIGRATED: "pending",
    DeliveryResult.TARGET_GONE: "pending",
    DeliveryResult.TOPIC_GONE: "pending",
    DeliveryResult.DEAD: "dead",
}


class DeliverTables:
    """DispatchStore on SQLite."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def recover(self, now: datetime, *, again: bool) -> int:
        """Mark rows left in "sending" by a crash as uncertain; return how many there were.

        Unless they may be told `again` they stay so, but for changes of messages, which make no second one.
        """

        def work(db: Transaction) -> int:
            if not again:
                _give_up_sending(db)
            query = "update outbox set state = 'uncertain', changed = ? where state = 'sending'"
            found = int(db.execute(query, [micros(now)]))
            lay_former_to_rest(db)
            if found and not again:
                put_notice(
                    db, f"After a crash nobody knows whether {found} messages arrived: see  tipoff status  and why", now
                )
            return found

        return await self._connection.write(work)

    async def notify(self, text: str, now: datetime) -> None:
        """Tell the owner what needs a person; the same words once a day."""
        await self._connection.write(lambda db: put_notice(db, text, now))

    async def clamp(self, now: datetime) -> None:
        """Let no message wait longer than an hour because the clock was set back."""
        await self._connection.write(lambda db: clamp_outbox(db, now))

    async def lately_told(self, since: datetime) -> Sequence[tuple[int, datetime]]:
        """Return to which Telegram chats messages were sent since then, and when, in their order."""
        query = """select told_in, changed from outbox
            where state = 'sent' and message_id is not null and told_in is not null and changed >= ? order by changed"""
        rows = await self._connection.read(lambda db: db.rows(query, [micros(since)]))
        return [(chat, instant(at)) for chat, at in rows]

    async def chats_waiting(self, now: datetime) -> Sequence[WaitingChat]:
        """Return the chats that may be told something now, each with what is next there.

        A chat that is paused waits with its rows, and so does one that has to wait before its next attempt.
        """

        def work(db: Transaction) -> list[WaitingChat]:
            busy = held(db, now)
            free = [address for address in addresses(db) if address.chat not in busy]
            return [
                WaitingChat(address, row[1], instant(row[2]))
                for address in free
                if (row := first(db, address, now)) is not None
            ]

        return await self._connection.read(work)

    async def take_alerts(self, chats: Iterable[str], now: datetime) -> Sequence[Alert]:
        """Mark the next row of each chat as "sending" and return them with all that rendering needs."""

        def work(db: Transaction) -> list[Alert]:
            busy = held(db, now)
            free = [chat for chat in chats if chat not in busy]
            for chat in free:
                put_off_what_is_old(db, chat, now)
            alerts = [_take(db, chat, now) for chat in free]
            return [alert for alert in alerts if alert is not None]

        return await self._connection.write(work)

    async def settle(self, outcome: Outcome, now: datetime, retry: datetime, notice: str = "") -> None:
        """Commit what became of an alert, and what the owner is to know of it.

        One that is to be tried again waits until `retry`; a message that was told is not changed before then.
        """

        def work(db: Transaction) -> None:
            _settle(db, outcome, now, retry)
            if notice:
                put_notice(db, notice, now)

        await self._connection.write(work)


def _give_up_sending(db: Transaction) -> None:
    """Let no row in "sending" be told again, but for changes of a message that is there."""
    rows = db.rows(
        """select o.id from outbox o join chats c on c.name = o.chat
        left join outbox t on t.chat = o.chat and t.story_id = o.story_id and t.kind = 'alert'
        where o.state = 'sending' and not coalesce(o.kind in ('edit', 'touch') and t.text_hash is not null
            and t.message_id is not null and t.told_in = c.telegram_id, 0)"""
    )
    for (number,) in rows:
        _give_up(db, number)


def _give_up(db: Transaction, number: int) -> None:
    """Let a row not be told again. Was it to tell a story anew, nobody knows where the story's message is."""
    db.execute("update outbox set unknowns = ? where id = ?", [MOST_UNKNOWNS, number])
    db.execute(
        """update outbox set state = 'uncertain', unknowns = ? where kind = 'alert' and (chat, story_id) =
        (select chat, story_id from outbox where id = ? and kind in ('edit', 'touch'))""",
        [MOST_UNKNOWNS, number],
    )


def _take(db: Transaction, chat: str, now: datetime) -> Alert | None:
    row = db.one(f"select {ADDRESS} from chats c where c.name = ? and c.state = 'ok'", [chat])
    if row is None:
        return None
    address = address_of(row)
    while (found := first(db, address, now)) is not None:
        alert = _alert(db, address, found[0], now)
        if alert is not None:
            query = "update outbox set state = 'sending', attempt = attempt + 1, changed = ? where id = ?"
            db.execute(query, [micros(now), alert.id])
            return alert
        query = "update outbox set state = 'dead', reason = 'its story is kept no more', changed = ? where id = ?"
        db.execute(query, [micros(now), found[0]])
    return None


def _alert(db: Transaction, address: Address, number: int, now: datetime) -> Alert | None:
    """Return a row with what it tells; None when that is a story which is kept no more.

    Where the message is stands in the alert's row, whatever became of the alert itself: a story whose alert
    was refused, or twice left without an answer, is told anew by its first change, and that message grows from
    then on.
    """
    row = db.one(
        """select o.kind, o.story_id, o.attempt, o.created,
        case o.kind when 'touch' then coalesce(t.priority, o.priority) else o.priority end, o.answer, o.unknowns,
        t.message_id, t.text_hash, t.told_in, t.state = 'uncertain' and t.id != o.id,
        (select max(revision) from outbox l where l.chat = o.chat and l.story_id = o.story_id
            and l.kind in ('alert', 'edit')),
        o.form, o.picture, o.thread, o.target
        from outbox o left join outbox t on t.chat = o.chat and t.story_id = o.story_id and t.kind = 'alert'
        where o.id = ?""",
        [number],
    )
    kind, story_id, attempt, created, priority, answer, unknowns, message_id, text_hash, told_in = row[:10]
    doubtful, last, form, picture, thread, target = row[10:]
    kind, said = MessageKind(kind), form_of(form)
    if thread is not None:
        address = replace(address, topic=thread)
    told = None
    if target is not None:
        told = SentMessage(target, "")
    elif kind.changes_a_message and text_hash and told_in in {None, address.id}:
        # a message id means nothing in any other chat: not after pairing anew, a new id in the configuration or
        # a migration; what the terminal told has none
        told = SentMessage(message_id, text_hash)
    story = next(iter(stories_where(db, "s.id = ?", [story_id])), None) if kind.tells_a_story else None
    if kind.tells_a_story and story is None:
        return None
    matches = tuple(matches_of(db, story_id, address.chat)) if kind.tells_a_story else ()
    address, topic_of = placed(db, address, matches)
    return Alert(
        id=number,
        address=address,
        kind=kind,
        attempt=attempt + 1,
        created=instant(created),
        priority=Priority(priority),
        story=story,
        possible_duplicate=_first_report(db, story.possible_duplicate) if story is not None else None,
        steps=_steps(db, address.chat, story_id) if kind.tells_a_story else (),
        matches=matches,
        told=told,
        reply_to=message_id if kind is MessageKind.REPLY and told_in in {None, address.id} else None,
        answer=answer,
        lines=said.lines,
        buttons=said.buttons,
        picture=picture,
        digest=digest_of(db, number, address, now) if kind is MessageKind.DIGEST else None,
        handle=handle(db, address.chat, story_id, instant(created)) if kind.tells_a_story else None,
        covers=last or 0,
        unknowns=unknowns,
        is_doubtful=bool(doubtful),
        topic_of=topic_of,
    )


def _first_report(db: Transaction, story: int | None) -> Source | None:
    found = stories_where(db, "s.id = ?", [story]) if story is not None else []
    return found[0].sources[0] if found else None


def _steps(db: Transaction, chat: str, story: int) -> tuple[Source, ...]:
    """Return what a chat was told of a story since its first report."""
    query = """select answer, created from outbox
        where chat = ? and story_id = ? and kind = 'reply' and state != 'dead' order by created, id"""
    steps = []
    for answer, created in db.rows(query, [chat, story]):
        news, _, outlet, url = (*answer.split("\n"), "", "", "", "")[:4]
        steps.append(Source(0, outlet, None, news, url or None, instant(created)))
    return tuple(steps)


def _settle(db: Transaction, outcome: Outcome, now: datetime, retry: datetime) -> None:
    alert = outcome.alert
    note_topic(db, outcome)
    counts = outcome.sent is DeliveryResult.UNCERTAIN and not alert.is_idempotent
    db.execute(
        """update outbox set state = ?, changed = ?, not_before = ?, reason = ?,
        message_id = coalesce(?, message_id), told_in = coalesce(?, told_in), text_hash = ?,
        unknowns = ? where id = ?""",
        [
            _STATES[outcome.sent],
            micros(now),
            micros(retry),
            outcome.reason,
            *_place(outcome),
            outcome.text_hash or None,
            alert.unknowns + counts,
            alert.id,
        ],
    )
    if counts and not outcome.again and alert.unknowns + 1 < MOST_UNKNOWNS:
        _give_up(db, alert.id)
    elif counts and alert.unknowns + 1 >= MOST_UNKNOWNS and alert.kind in {MessageKind.ALERT, MessageKind.REPLY}:
        put_off(db, alert.id, REPEAT, next_hour(now), micros(now))
    elif counts and alert.unknowns + 1 >= MOST_UNKNOWNS and alert.kind is MessageKind.DIGEST:
        repeat(db, alert.id, alert.address.chat, next_hour(now), micros(now))
    if db.one("select 1 from former_chats where name = ?", [alert.address.chat]) is not None:
        lay_to_rest(db, alert.address.chat)
    match outcome.sent:
        case DeliveryResult.DONE if alert.picture is not None:
            db.execute("update outbox set picture = null where id = ?", [alert.id])
        case DeliveryResult.DONE | DeliveryResult.DEAD if alert.kind is MessageKind.DIGEST:
            db.execute(
                "update outbox set state = ?, changed = ?, reason = 'told in a digest' where in_digest = ?",
                [_STATES[outcome.sent], micros(now), alert.id],
            )
        case DeliveryResult.TOPIC_GONE if alert.kind is MessageKind.ANSWER:
            db.execute("update outbox set thread = null where id = ?", [alert.id])
        case DeliveryResult.TOPIC_GONE if not alert.topic_of:
            db.execute("update chats set topic = null where name = ?", [alert.address.chat])
        case DeliveryResult.DONE if alert.kind is MessageKind.ALERT or alert.kind.changes_a_message:
            if alert.kind.changes_a_message:
                _retold(db, alert, outcome, retry)
            _merge(db, alert, now)
        case DeliveryResult.TARGET_GONE if alert.kind is MessageKind.ANSWER:
            # what no update asked for only changes a message: without it there is nothing to say
            db.execute(
                """update outbox set target = null, state = case when revision < 0 then 'dead' else state end
                where id = ?""",
                [alert.id],
            )
        case DeliveryResult.TARGET_GONE:
            _retold(db, alert, outcome, retry)
        case DeliveryResult.PAUSED:
            db.execute(
                "update chats set state = 'paused', reason = ? where name = ?", [outcome.reason, alert.address.chat]
            )
        case DeliveryResult.MIGRATED:
            _move(db, alert.address.chat, outcome.new_id)
        case _:
            pass


def _retold(db: Transaction, alert: Alert, outcome: Outcome, retry: datetime) -> None:
    """Remember how the story's message reads now, where it is and when it may be changed; without a hash it is no more.

    With one the story is told, also when its alert was refused or nobody knows what became of it.
    """
    text_hash = outcome.text_hash or None
    db.execute(
        """update outbox set state = case when ? is null then state else 'sent' end, text_hash = ?, not_before = ?,
        message_id = coalesce(?, message_id), told_in = coalesce(?, told_in)
        where kind = 'alert' and (chat, story_id) = (select chat, story_id from outbox where id = ?)""",
        [text_hash, text_hash, micros(retry), *_place(outcome), alert.id],
    )


def _merge(db: Transaction, alert: Alert, now: datetime) -> None:
    """Settle the changes that the message shows already, for it was rendered after they were ordered."""
    assert alert.story is not None
    db.execute(
        f"""update outbox as o set state = 'sent', changed = ?, reason = 'shown by a message of the same moment'
        where o.chat = ? and o.story_id = ? and o.kind = 'edit' and o.revision <= ? and {WAITS.format("o")}""",
        [micros(now), alert.address.chat, alert.story.id, alert.covers],
    )


def _place(outcome: Outcome) -> tuple[int | None, int | None]:
    """Return the id of the message and the chat in which it counts, as it was addressed."""
    return outcome.message_id, None if outcome.message_id is None else outcome.alert.address.id


def _move(db: Transaction, chat: str, new_id: int | None) -> None:
    db.execute(
        "update chats set telegram_id = ? where telegram_id = (select telegram_id from chats where name = ?)",
        [new_id, chat],
    )


def resume(db: Transaction, condition: str = "1", values: Iterable[Any] = ()) -> None:
    """Write again to chats that could not be written to, all if no condition is given; what was paused is pending."""
    values = list(values)
    db.execute(
        f"""update outbox set state = 'pending', not_before = 0 where state = 'paused' and chat in
        (select name from chats where {condition})""",
        values,
    )
    db.execute(f"update chats set state = 'ok', reason = '' where {condition}", values)
