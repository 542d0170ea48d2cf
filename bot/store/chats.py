"""The chats there are, who paired, and the answers to commands."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.core.model import (
    OWNER,
    TERMINAL,
    Answer,
    ChatSpec,
    Explained,
    FeedSpec,
    Hours,
    Join,
    Member,
    Mutation,
    Stats,
    StoredItem,
    TokenSubject,
    WatchSpec,
)
from bot.store.chat_hours import hours_of
from bot.store.chat_statistics import stats_of
from bot.store.engine.connection import Connection, instant, instant_or_none, micros
from bot.store.engine.transaction import Row, Transaction
from bot.store.history import search
from bot.store.mutations import carry_out, is_handled, own_feeds, own_watches, take_over
from bot.store.outbox.deliver import resume
from bot.store.outbox.digest_contents import can_show
from bot.store.outbox.rows import cancel_for_former_chats, put_answer, put_answers
from bot.store.reports import explain


class ChatTables:
    """Chats from the configuration and from pairing: one table, one code."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def set_chats(self, chats: Iterable[ChatSpec]) -> None:
        """Make these the configured chats, beside "terminal", which always exists, and whoever paired.

        A chat that moved to a new id keeps it while its configuration stays as it was. Every chat that was
        paused gets one more try.
        """
        specs = [ChatSpec(TERMINAL), ChatSpec(OWNER), *chats]

        def work(db: Transaction) -> None:
            marks = ",".join("?" * len(specs))
            db.execute(
                f"delete from chats where source = 'config' and name not in ({marks})", [spec.name for spec in specs]
            )
            resume(db)
            for spec in specs:
                _save(db, spec)
                if spec.id is not None:
                    take_over(db, spec.id, spec.name)
            cancel_for_former_chats(db)

        await self._connection.write(work)

    async def members(self) -> dict[int, Member]:
        """Return the chats that have an address, by their Telegram id; "me" before others, configured before joined."""
        query = """select telegram_id, name, source, anonymous from chats where telegram_id is not null
            order by name = ?, source = 'config'"""
        rows = await self._connection.read(lambda db: db.rows(query, [OWNER]))
        return {row.telegram_id: _member_of(row) for row in rows}

    async def chat_names(self) -> set[str]:
        """Return how all chats are called, also those without an address."""
        rows = await self._connection.read(lambda db: db.rows("select name from chats"))
        return {row.name for row in rows}

    async def names_given(self) -> set[str]:
        """Return how all chats are called, and those that are none any more: what is stored of them bears the name."""
        query = "select name from chats union select name from former_chats"
        rows = await self._connection.read(lambda db: db.rows(query))
        return {row.name for row in rows}

    async def held(self, token: str) -> TokenSubject | None:
        """Return what the token on a button stands for."""
        query = "select token, chat, about, subject, user_id, until from handles where token = ?"
        row = await self._connection.read(lambda db: db.one(query, [token]))
        return None if row is None else _token_subject_of(row)

    async def watches(self) -> Sequence[tuple[str, WatchSpec]]:
        """Return the watches that were made in chats, each with its chat."""
        return await self._connection.read(own_watches)

    async def feeds(self) -> Sequence[tuple[str, FeedSpec]]:
        """Return the feeds that were added in chats, each with its chat."""
        return await self._connection.read(own_feeds)

    async def hours(self, chat: str) -> Hours:
        """Return when a chat is sent what."""
        return await self._connection.read(lambda db: hours_of(db, chat))

    async def snoozed(self, chat: str, now: datetime) -> dict[str, datetime]:
        """Return the watches that a chat has snoozed, and until when."""
        query = "select watch, until from snoozes where chat = ? and until > ?"
        rows = await self._connection.read(lambda db: db.rows(query, [chat, micros(now)]))
        return {row.watch: instant(row.until) for row in rows}

    async def explain(self, wanted: str, chat: str | None) -> Sequence[Explained]:
        """Return the decisions about an item or a story, in order; of one chat, or of all."""
        return await self._connection.read(lambda db: explain(db, wanted, chat))

    async def stats(self, chat: str, now: datetime, days: int) -> Stats:
        """Return what a chat was sent in so many days."""
        return await self._connection.read(lambda db: stats_of(db, chat, now, days))

    async def search(self, words: str, limit: int) -> Sequence[StoredItem]:
        """Return stored items with all of these words, the newest first."""
        return await self._connection.read(lambda db: search(db, words, limit))

    async def can_show(self, chat: str, digest: int, number: int) -> bool:
        """Say whether a numbered line of a digest has a story that can be sent in a message of its own."""
        return await self._connection.read(lambda db: can_show(db, chat, digest, number))

    async def story_sent_by(self, chat: str, message_id: int) -> int | None:
        """Return the story that a message in a chat is about."""
        query = """select o.story_id from outbox o join chats c on c.name = o.chat and c.telegram_id = o.sent_in
            where o.message_id = ? and o.chat = ? and o.kind in ('alert', 'reply') limit 1"""
        row = await self._connection.read(lambda db: db.one(query, [message_id, chat]))
        return None if row is None else int(row.story_id)

    async def is_invited(self, sha256: str, now: datetime) -> bool:
        """Say whether there is an invitation with this digest that still serves."""
        query = "select 1 from invites where sha256 = ? and until >= ?"
        return await self._connection.read(lambda db: db.one(query, [sha256, micros(now)])) is not None

    async def carry_out(
        self,
        chat: str,
        update_id: int,
        changes: Sequence[Mutation],
        answers: Sequence[Answer],
        now: datetime,
        *,
        thread: int | None = None,
        target: int | None = None,
    ) -> bool:
        """Change what an update asks for and answer it, all or nothing, and once; return whether it is news.

        The answers go to the topic `thread`; the first changes the message `target` instead, if there is one.
        """

        def work(db: Transaction) -> bool:
            if is_handled(db, update_id):
                return False
            joins = any(isinstance(change, Join) for change in changes)
            if not joins and db.one("select 1 from chats where name = ?", [chat]) is None:
                return False  # it was let go while it was answered
            for change in changes:
                carry_out(db, chat, update_id, change, now)
            put_answers(db, chat, update_id, answers, now, topic=thread, changes=target)
            return True

        return await self._connection.write(work)

    async def pair(self, chat_id: int, update_id: int, answer: str, now: datetime) -> None:
        """Make a chat the owner's, and answer it; one transaction."""

        def work(db: Transaction) -> None:
            take_over(db, chat_id, OWNER)
            db.execute("update chats set telegram_id = ?, source = 'paired' where name = ?", [chat_id, OWNER])
            resume(db, "name = ?", [OWNER])
            put_answer(db, OWNER, update_id, answer, now)

        await self._connection.write(work)

    async def answer(self, chat: str, update_id: int, text: str, now: datetime) -> None:
        """Answer a command; the same update is answered once."""
        await self._connection.write(lambda db: put_answer(db, chat, update_id, text, now))

    async def migrate(self, old: int, new: int) -> None:
        """Follow a group to its new id; the old one is nobody's any more."""
        await self._connection.write(
            lambda db: db.execute("update chats set telegram_id = ? where telegram_id = ?", [new, old])
        )

    async def resume(self, chat_id: int) -> None:
        """Write again to a chat that had shut the bot out."""
        await self._connection.write(lambda db: resume(db, "telegram_id = ?", [chat_id]))


def _member_of(row: Row) -> Member:
    return Member(row.name, row.telegram_id, row.name == OWNER, row.source == "joined", row.anonymous == 1)


def _token_subject_of(row: Row) -> TokenSubject:
    return TokenSubject(row.token, row.chat, row.about, row.subject, row.user_id, instant_or_none(row.until))


def _save(db: Transaction, spec: ChatSpec) -> None:
    db.execute(
        """insert into chats (name, telegram_id, configured_id, topic, timezone, quiet, anonymous, digest, source)
        values (?, ?, ?, ?, ?, ?, ?, ?, 'config')
        on conflict (name) do update set
        telegram_id = case when coalesce(excluded.configured_id, 0) = coalesce(chats.configured_id, 0)
            then chats.telegram_id else excluded.telegram_id end,
        configured_id = excluded.configured_id, topic = excluded.topic, timezone = excluded.timezone,
        quiet = excluded.quiet, anonymous = excluded.anonymous, digest = excluded.digest""",
        [
            *(spec.name, spec.id, spec.id, spec.topic, spec.timezone.key, str(spec.quiet or ""), spec.takes_anonymous),
            "" if spec.digest is None else f"{spec.digest:%H:%M}",
        ],
    )
