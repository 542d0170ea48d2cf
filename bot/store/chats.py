"""The chats there are, who paired, and the answers to commands."""

from collections.abc import Iterable
from datetime import datetime

from sqlite_utils import Database

from bot.model import OWNER, TERMINAL, ChatSpec
from bot.store.connection import Connection
from bot.store.dispatch import resume
from bot.store.outbox import put_answer


class SqliteChats:
    """Chats from the configuration and from pairing: one table, one code."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def set_chats(self, chats: Iterable[ChatSpec]) -> None:
        """Make these the configured chats, beside "terminal", which always exists, and whoever paired.

        A chat that moved to a new id keeps it while its configuration stays as it was. Every chat that was
        paused gets one more try.
        """
        specs = [ChatSpec(TERMINAL), ChatSpec(OWNER), *chats]

        def work(db: Database) -> None:
            marks = ",".join("?" * len(specs))
            db.execute(
                f"delete from chats where source = 'config' and name not in ({marks})", [spec.name for spec in specs]
            )
            resume(db)
            for spec in specs:
                _save(db, spec)

        await self._connection.write(work)

    async def members(self) -> dict[int, str]:
        """Return the names of the chats that have an address, by their Telegram id; "me" before others."""
        query = "select telegram_id, name from chats where telegram_id is not null order by name = ?"
        rows = await self._connection.read(lambda db: db.execute(query, [OWNER]).fetchall())
        return dict(rows)

    async def pair(self, chat_id: int, update_id: int, answer: str, now: datetime) -> None:
        """Make a chat the owner's, and answer it; one transaction."""

        def work(db: Database) -> None:
            db.execute("update chats set telegram_id = ?, source = 'paired' where name = ?", [chat_id, OWNER])
            resume(db, "name = ?", [OWNER])
            put_answer(db, OWNER, update_id, answer, now)

        await self._connection.write(work)

    async def answer(self, chat: str, update_id: int, text: str, now: datetime) -> None:
        """Answer a command; the same update is answered once."""
        await self._connection.write(lambda db: put_answer(db, chat, update_id, text, now))

    async def resume(self, chat_id: int) -> None:
        """Write again to a chat that had shut the bot out."""
        await self._connection.write(lambda db: resume(db, "telegram_id = ?", [chat_id]))


def _save(db: Database, spec: ChatSpec) -> None:
    db.execute(
        """insert into chats (name, telegram_id, configured_id, topic, timezone, quiet, source)
        values (?, ?, ?, ?, ?, ?, 'config')
        on conflict (name) do update set
        telegram_id = case when excluded.configured_id is configured_id then telegram_id else excluded.telegram_id end,
        configured_id = excluded.configured_id, topic = excluded.topic, timezone = excluded.timezone,
        quiet = excluded.quiet""",
        [spec.name, spec.id, spec.id, spec.topic, spec.timezone.key, str(spec.quiet or "")],
    )
