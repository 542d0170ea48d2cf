"""When chats are sent what, and what they want of stories and watches."""

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.core.model import Hours, Mark, Preferences, Quiet, hour_of, zone_of
from bot.store.engine.connection import instant, micros, texts
from bot.store.engine.transaction import Transaction

# What is set in a chat goes before what is configured for it; quiet hours and digest may be set to none.
EFFECTIVE = "coalesce({0}.own_timezone, {0}.timezone) as timezone, coalesce({0}.own_quiet, {0}.quiet) as quiet"
_DIGEST = "coalesce(c.own_digest, c.digest)"


def hours_of(db: Transaction, chat: str) -> Hours:
    """Return when a chat is sent what."""
    query = f"select {EFFECTIVE.format('c')}, {_DIGEST} as digest, c.quiet_until from chats c where c.name = ?"
    row = db.one(query, [chat])
    if row is None:
        return Hours(ZoneInfo("UTC"))  # it was let go a moment ago: nothing that it asks for is carried out
    return Hours(
        ZoneInfo(row.timezone),
        Quiet.parse(row.quiet),
        hour_of(row.digest) if row.digest else None,
        instant(row.quiet_until) if row.quiet_until else None,
    )


def set_hours(
    db: Transaction, chat: str, *, timezone: str | None = None, quiet: str | None = None, digest: str | None = None
) -> None:
    """Set what is not None; "" means no quiet hours, no digest, and the time zone that is configured.

    Raises ValueError, and changes nothing, for what cannot be read.
    """
    zone = zone_of(timezone).key if timezone else None
    own_quiet = None if quiet is None else str(Quiet.parse(quiet) or "")
    own_digest = None if digest is None else f"{hour_of(digest):%H:%M}" if digest else ""
    for column, value, is_meant in (
        ("own_timezone", zone, timezone is not None),
        ("own_quiet", own_quiet, quiet is not None),
        ("own_digest", own_digest, digest is not None),
    ):
        if is_meant:
            db.execute(f"update chats set {column} = ? where name = ?", [value, chat])


def set_pause(db: Transaction, chat: str, until: datetime | None) -> None:
    """Send a chat no news before an instant; None ends the pause."""
    db.execute("update chats set quiet_until = ? where name = ?", [0 if until is None else micros(until), chat])


def snooze(db: Transaction, chat: str, watch: str, until: datetime | None) -> None:
    """Put what a watch finds before an instant into a digest of that instant.

    None ends it. When it ends before the time that was set first, what it found until now is sent at once.
    """
    query = "select until from snoozes where chat = ? and watch = ?"
    before = db.one(query, [chat, watch])
    if before is not None and (until is None or micros(until) < before.until):
        _send_now(db, chat, watch, before.until)
    db.execute("delete from snoozes where chat = ? and watch = ?", [chat, watch])
    if until is not None:
        db.execute("insert into snoozes (chat, watch, until) values (?, ?, ?)", [chat, watch, micros(until)])


def _send_now(db: Transaction, chat: str, watch: str, due: int) -> None:
    """Let the digests of an instant that hold something for a watch be sent at once."""
    lines = db.rows(
        """select o.id, l.watches from outbox o join digest_lines l on l.digest = o.id
        where o.chat = ? and o.kind = 'digest' and o.state = 'pending' and o.not_before = ?""",
        [chat, due],
    )
    for digest in {line.id for line in lines if watch in texts(line.watches)}:
        db.execute("update outbox set not_before = 0 where id = ?", [digest])


def preferences(db: Transaction) -> Preferences:
    """Return what chats want beside their watches."""
    marks = db.rows("select chat, story_id, mark from marks where mark != ''")
    snoozes = db.rows("select chat, watch, until from snoozes")
    digests = db.rows(
        f"""select c.name, coalesce(c.own_timezone, c.timezone) as timezone, {_DIGEST} as digest from chats c"""
    )
    shown = db.rows("select o.chat, l.story_id from digest_lines l join outbox o on o.id = l.digest where l.shown = 1")
    return Preferences(
        {(row.chat, row.story_id): Mark(row.mark) for row in marks},
        {(row.chat, row.watch): instant(row.until) for row in snoozes},
        {row.name: (hour_of(row.digest), ZoneInfo(row.timezone)) for row in digests if row.digest},
        frozenset((row.chat, row.story_id) for row in shown),
    )
