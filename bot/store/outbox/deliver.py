"""The deliver stage's part of the store: rows are taken, sent and settled; every change is one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from bot.core.model import (
    Address,
    Alert,
    AnswerPayload,
    DeliveryResult,
    MessageKind,
    Outcome,
    Priority,
    ReplyPayload,
    SentMessage,
    Source,
    Story,
    WaitingChat,
)
from bot.store.engine.connection import Connection, instant, micros
from bot.store.engine.transaction import Row, Transaction, Values
from bot.store.outbox.button_tokens import token_of_story
from bot.store.outbox.digest_contents import digest_of, put_off, put_off_what_is_old
from bot.store.outbox.digests import REPEAT, next_hour, repeat
from bot.store.outbox.payloads import decode, encode
from bot.store.outbox.rows import (
    ADDRESS,
    MOST_UNKNOWNS,
    WAITS,
    address_of,
    addresses,
    cancel_all,
    cancel_for_former_chats,
    clamp_outbox,
    first,
    held,
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
    DeliveryResult.REFUSED: "paused",
    DeliveryResult.DEAD: "dead",
}


class DeliverTables:
    """DeliverStore as statements."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def recover(self, now: datetime, *, again: bool) -> int:
        """Mark rows left in "sending" by a crash as uncertain; return how many there were.

        Unless they may be sent `again` they stay so, but for changes of messages, which make no second one.
        """

        def work(db: Transaction) -> int:
            if not again:
                _give_up_sending(db)
            query = "update outbox set state = 'uncertain', changed = ? where state = 'sending'"
            found = db.execute(query, [micros(now)])
            cancel_for_former_chats(db)
            if found and not again:
                put_notice(
                    db, f"After a crash nobody knows whether {found} messages arrived: see  tipoff status  and why", now
                )
            return found

        return await self._connection.write(work)

    async def notify(self, text: str, now: datetime) -> None:
        """Put a notice to the owner into the outbox; the same words once a day."""
        await self._connection.write(lambda db: put_notice(db, text, now))

    async def clamp(self, now: datetime) -> None:
        """Let no message wait longer than an hour because the clock was set back."""
        await self._connection.write(lambda db: clamp_outbox(db, now))

    async def lately_sent(self, since: datetime) -> Sequence[tuple[int, datetime]]:
        """Return to which Telegram chats messages were sent since then, and when, in their order."""
        query = """select sent_in, changed from outbox
            where state = 'sent' and message_id is not null and sent_in is not null and changed >= ? order by changed"""
        rows = await self._connection.read(lambda db: db.rows(query, [micros(since)]))
        return [(row.sent_in, instant(row.changed)) for row in rows]

    async def chats_waiting(self, now: datetime) -> Sequence[WaitingChat]:
        """Return the chats that may be sent something now, each with what is next there.

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

        One that is to be tried again waits until `retry`; a message that was sent is not changed before then.
        """

        def work(db: Transaction) -> None:
            _settle(db, outcome, now, retry)
            if notice:
                put_notice(db, notice, now)

        await self._connection.write(work)


def _give_up_sending(db: Transaction) -> None:
    """Let no row in "sending" be sent again, but for changes of a message that is there."""
    rows = db.rows(
        """select o.id from outbox o join chats c on c.name = o.chat
        left join outbox t on t.chat = o.chat and t.story_id = o.story_id and t.kind = 'alert'
        where o.state = 'sending' and not coalesce(o.kind in ('edit', 'touch') and t.text_hash is not null
            and t.message_id is not null and t.sent_in = c.telegram_id, false)"""
    )
    for row in rows:
        _give_up(db, row.id)


def _give_up(db: Transaction, number: int) -> None:
    """Let a row not be sent again. Was it to send a story anew, nobody knows where the story's message is."""
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
    """Return a row with all that is needed to send it; None where its story is kept no more.

    Where the message of a story is stands in the alert's row, whatever became of the alert itself: a story whose alert
    was refused, or twice left without an answer, is sent anew by its first change, and that message grows from
    then on.
    """
    row = db.one(
        """select o.id, o.kind, o.story_id, o.attempt, o.created, o.payload, o.picture, o.unknowns,
        case o.kind when 'touch' then coalesce(t.priority, o.priority) else o.priority end as priority,
        t.message_id, t.text_hash, t.sent_in, coalesce(t.state = 'uncertain' and t.id != o.id, false) as is_doubtful,
        (select max(l.revision) from outbox l where l.chat = o.chat and l.story_id = o.story_id
            and l.kind in ('alert', 'edit')) as covers
        from outbox o left join outbox t on t.chat = o.chat and t.story_id = o.story_id and t.kind = 'alert'
        where o.id = ?""",
        [number],
    )
    alert = Alert(
        id=row.id,
        address=address,
        kind=MessageKind(row.kind),
        attempt=row.attempt + 1,
        created=instant(row.created),
        priority=Priority(row.priority),
        payload=decode(row.payload),
        picture=row.picture,
        covers=row.covers or 0,
        unknowns=row.unknowns,
        is_doubtful=bool(row.is_doubtful),
    )
    if alert.kind.is_about_a_story:
        return _about_story(db, alert, row)
    match alert.payload:
        case AnswerPayload(topic=topic, changes=changes):
            place = address if topic is None else replace(address, topic=topic)
            return replace(alert, address=place, sent=None if changes is None else SentMessage(changes, ""))
        case _:
            return replace(alert, digest=digest_of(db, number, address, now))


def _about_story(db: Transaction, alert: Alert, row: Row) -> Alert | None:
    """Return a message about a story with the story as it stands, and with the message that is there of it."""
    story = _story(db, row.story_id)
    if story is None:
        return None
    # a message id means nothing in any other chat: not after pairing anew, a new id in the configuration or
    # a migration; what the terminal printed has none
    is_here = row.sent_in in {None, alert.address.id}
    is_shown = alert.kind.changes_a_message and row.text_hash and is_here
    chat = alert.address.chat
    matches = tuple(matches_of(db, story.id, chat))
    duplicate = None if story.possible_duplicate is None else _story(db, story.possible_duplicate)
    address, topic_of = placed(db, alert.address, matches)
    return replace(
        alert,
        address=address,
        story=story,
        matches=matches,
        sent=SentMessage(row.message_id, row.text_hash) if is_shown else None,
        steps=_steps(db, chat, story.id),
        possible_duplicate=None if duplicate is None else duplicate.sources[0],
        button_token=token_of_story(db, chat, story.id, alert.created),
        reply_to=row.message_id if alert.kind is MessageKind.REPLY and is_here else None,
        topic_of=topic_of,
    )


def _story(db: Transaction, number: int) -> Story | None:
    return next(iter(stories_where(db, "s.id = ?", [number])), None)


def _steps(db: Transaction, chat: str, story: int) -> tuple[Source, ...]:
    """Return what a chat was sent of a story since its first report."""
    query = """select payload, created from outbox
        where chat = ? and story_id = ? and kind = 'reply' and state != 'dead' order by created, id"""
    steps = []
    for row in db.rows(query, [chat, story]):
        reply = decode(row.payload)
        assert isinstance(reply, ReplyPayload)
        steps.append(Source(0, reply.outlet, None, reply.news, reply.url, instant(row.created)))
    return tuple(steps)


def _settle(db: Transaction, outcome: Outcome, now: datetime, retry: datetime) -> None:
    alert = outcome.alert
    note_topic(db, outcome)
    counts = outcome.result is DeliveryResult.UNCERTAIN and not alert.is_idempotent
    db.execute(
        """update outbox set state = ?, changed = ?, not_before = ?, reason = ?,
        message_id = coalesce(?, message_id), sent_in = coalesce(?, sent_in), text_hash = ?,
        unknowns = ? where id = ?""",
        [
            _STATES[outcome.result],
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
        cancel_all(db, alert.address.chat)
    match outcome.result:
        case DeliveryResult.DONE if alert.picture is not None:
            db.execute("update outbox set picture = null where id = ?", [alert.id])
        case DeliveryResult.DONE | DeliveryResult.DEAD if alert.kind is MessageKind.DIGEST:
            db.execute(
                "update outbox set state = ?, changed = ?, reason = 'told in a digest' where in_digest = ?",
                [_STATES[outcome.result], micros(now), alert.id],
            )
        case DeliveryResult.TOPIC_GONE if isinstance(alert.payload, AnswerPayload) and alert.payload.topic is not None:
            _rewrite(db, alert, replace(alert.payload, topic=None))
        case DeliveryResult.TOPIC_GONE if not alert.topic_of:
            db.execute("update chats set topic = null where name = ?", [alert.address.chat])
        case DeliveryResult.DONE if alert.kind is MessageKind.ALERT or alert.kind.changes_a_message:
            if alert.kind.changes_a_message:
                _note_message(db, alert, outcome, retry)
            _merge(db, alert, now)
        case DeliveryResult.TARGET_GONE if isinstance(alert.payload, AnswerPayload):
            _rewrite(db, alert, replace(alert.payload, changes=None))
            # what no update asked for only changes a message: without it there is nothing to say
            db.execute("update outbox set state = 'dead' where id = ? and update_id is null", [alert.id])
        case DeliveryResult.TARGET_GONE:
            _note_message(db, alert, outcome, retry)
        case DeliveryResult.PAUSED:
            db.execute(
                "update chats set state = 'paused', reason = ? where name = ?", [outcome.reason, alert.address.chat]
            )
        case DeliveryResult.MIGRATED:
            _move(db, alert.address.chat, outcome.new_id)
        case _:
            pass


def _rewrite(db: Transaction, alert: Alert, payload: AnswerPayload) -> None:
    db.execute("update outbox set payload = ? where id = ?", [encode(payload), alert.id])


def _note_message(db: Transaction, alert: Alert, outcome: Outcome, retry: datetime) -> None:
    """Note how the story's message reads now, where it is and when it may be changed; without a hash it is no more.

    With one the story was sent, also when its alert was refused or nobody knows what became of it.
    """
    state = "'sent'" if outcome.text_hash else "state"
    db.execute(
        f"""update outbox set state = {state}, text_hash = ?, not_before = ?,
        message_id = coalesce(?, message_id), sent_in = coalesce(?, sent_in)
        where kind = 'alert' and (chat, story_id) = (select chat, story_id from outbox where id = ?)""",
        [outcome.text_hash or None, micros(retry), *_place(outcome), alert.id],
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


def resume(db: Transaction, condition: str = "true", values: Values = ()) -> None:
    """Write again to chats that could not be written to, all if no condition is given; what was paused is pending."""
    db.execute(
        f"""update outbox set state = 'pending', not_before = 0 where state = 'paused' and chat in
        (select name from chats where {condition})""",
        values,
    )
    db.execute(f"update chats set state = 'ok', reason = '' where {condition}", values)
