"""When a chat is told what: its hours, its pause, and the watches it snoozed."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from bot.model import Hours, Quiet
from bot.store.connection import instant, micros


def set_hours(
    db: Database, chat: str, *, timezone: str | None = None, quiet: str | None = None, digest: str | None = None
) -> None:
    """Set what a chat asks for; None leaves a setting as it is, "" says that there are none."""
    db.execute(
        """update chats set own_timezone = coalesce(?, own_timezone), own_quiet = coalesce(?, own_quiet),
        own_digest = coalesce(?, own_digest) where name = ?""",
        [timezone, quiet, digest, chat],
    )


def set_pause(db: Database, chat: str, until: datetime | None) -> None:
    """Tell a chat no news until an instant, or go on."""
    db.execute("update chats set quiet_until = ? where name = ?", [0 if until is None else micros(until), chat])


def snooze(db: Database, chat: str, watch: str, until: datetime | None) -> None:
    """Put what a watch finds into a digest until an instant, or no more."""
    db.execute("delete from snoozes where chat = ? and watch = ?", [chat, watch])
    if until is not None:
        db.execute("insert into snoozes (chat, watch, until) values (?, ?, ?)", [chat, watch, micros(until)])


def hours_of(db: Database, chat: str) -> Hours:
    """Return when a chat is told what."""
    zone, quiet, digest, until = db.execute(
        """select coalesce(own_timezone, timezone), coalesce(own_quiet, quiet), coalesce(own_digest, digest),
        quiet_until
        from chats where name = ?""",
        [chat],
    ).fetchone()
    return Hours(
        ZoneInfo(zone),
        Quiet.parse(quiet),
        time.fromisoformat(digest) if digest else None,
        instant(until) if until else None,
    )
