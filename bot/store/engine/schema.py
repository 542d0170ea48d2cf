"""The tables, as migrations that are only ever appended, and which database is of this version.

Instants are whole microseconds since 1970, UTC. Lists of texts are JSON.
"""

import logging
from datetime import UTC, datetime
from pathlib import Path

from sqlite_utils import Database

from bot.core.errors import NewerSchema, StoreError
from bot.store.engine.backup import copy_into_backups
from bot.store.engine.tables import migrations
from bot.store.engine.transaction import Transaction
from bot.store.engine.typed_outbox import rebuild

log = logging.getLogger(__name__)


@migrations()
def what_chats_ask_for(db: Database) -> None:
    """Let chats join, watch, add feeds and press buttons."""
    for statement in _WHAT_CHATS_ASK_FOR:
        db.execute(statement)


_CHATS = "name, telegram_id, configured_id, topic, timezone, quiet, source, state, reason"
_WHAT_CHATS_ASK_FOR = (
    "alter table chats rename to chats_before",
    # what a chat sets by itself goes before what is configured for it
    """create table chats (
        name text primary key,
        telegram_id integer,
        configured_id integer,
        topic integer,
        timezone text not null,
        quiet text not null default '',
        digest text not null default '',
        anonymous integer not null default 0,
        source text not null check (source in ('config', 'paired', 'joined')),
        state text not null default 'ok' check (state in ('ok', 'paused')),
        reason text not null default '',
        kind text not null default 'private',
        own_timezone text,
        own_quiet text,
        own_digest text,
        quiet_until integer not null default 0,
        topics integer not null default 0
    )""",
    f"insert into chats ({_CHATS}) select {_CHATS} from chats_before",
    "drop table chats_before",
    """create table invites (
        sha256 text primary key,
        until integer not null,
        by text not null
    ) without rowid""",
    """create table chat_watches (
        name text primary key,
        chat text not null,
        spec text not null,
        by integer,
        created integer not null
    )""",
    "create index chat_watches_by_chat on chat_watches (chat)",
    """create table chat_feeds (
        url text primary key,
        name text,
        chat text not null,
        by integer,
        created integer not null
    )""",
    # what the buttons of a message are about: a story, a digest, or a question to be answered with yes
    """create table handles (
        token text primary key,
        chat text not null,
        about text not null,
        subject text not null,
        user_id integer,
        until integer,
        created integer not null
    ) without rowid""",
    "create unique index handles_by_story on handles (chat, subject) where about = 'story'",
    """create table marks (
        chat text not null,
        story_id integer not null,
        mark text not null default '',
        is_open integer not null default 0,
        primary key (chat, story_id)
    ) without rowid""",
    """create table snoozes (
        chat text not null,
        watch text not null,
        until integer not null,
        primary key (chat, watch)
    ) without rowid""",
    """create table labels (
        chat text not null,
        item_id integer not null references items (id),
        watch text not null,
        verdict text not null,
        by integer,
        at integer not null,
        primary key (chat, item_id, watch)
    ) without rowid""",
    "alter table outbox add column form text not null default ''",
    "alter table outbox add column picture blob",
)


@migrations()
def where_answers_go(db: Database) -> None:
    """Let an answer go to the topic where the question was asked, or change the message that asked."""
    db.execute("alter table outbox add column thread integer")
    db.execute("alter table outbox add column target integer")
    db.execute(
        """create table regroupings (
            id integer primary key,
            chat text not null,
            story_id integer not null,
            is_same integer not null,
            at integer not null,
            done integer not null default 0
        )"""
    )
    db.execute("create index outbox_by_update on outbox (revision) where kind in ('answer', 'touch')")
    db.execute("create index outbox_by_message on outbox (message_id) where message_id is not null")


@migrations()
def lines_of_digests(db: Database) -> None:
    """Keep what digests tell by story. One of an earlier version keeps its words, and is told as it stands."""
    db.execute(
        """create table digest_lines (
            digest integer not null references outbox (id) on delete cascade,
            position integer not null,
            due integer not null,
            story_id integer,
            title text not null,
            outlet text not null,
            url text,
            remark text not null default '',
            news text not null default '',
            event text not null default '',
            watches text not null default '[]',
            shown integer not null default 0,
            primary key (digest, position)
        ) without rowid"""
    )
    db.execute("create index digest_lines_by_story on digest_lines (story_id, due)")
    db.execute("create index digest_lines_shown on digest_lines (digest, story_id) where shown")
    db.execute("create unique index handles_by_digest on handles (chat, subject) where about = 'digest'")
    db.execute("create index items_by_time on items (seen)")


@migrations()
def a_topic_for_each_watch(db: Database) -> None:
    """Remember the topic of each watch in a forum that wants one for each; 0 where it is told in the forum itself."""
    db.execute(
        """create table watch_topics (
            chat text not null,
            watch text not null,
            topic integer not null,
            primary key (chat, watch)
        ) without rowid"""
    )


@migrations()
def which_report_is_another_story(db: Database) -> None:
    """Remember which report a person meant, how often that was begun, and why nothing came of it."""
    db.execute("alter table regroupings add column item_id integer")
    db.execute("alter table regroupings add column tries integer not null default 0")
    db.execute("alter table regroupings add column reason text not null default ''")
    db.execute("create index marks_by_story on marks (story_id)")
    db.execute("create index handles_by_subject on handles (subject) where about = 'story'")


@migrations()
def names_of_former_chats(db: Database) -> None:
    """Remember how chats were called that are no members any more: what is stored about them bears the name."""
    db.execute("create table former_chats (name text primary key) without rowid")
    db.execute(
        """insert into former_chats select distinct chat from outbox
        where chat like '@%' and chat not in (select name from chats)"""
    )
    db.execute("create index handles_by_end on handles (until) where until is not null")


@migrations()
def names_of_the_field(db: Database) -> None:
    """Call tables and columns by the words of the code; find the feeds of a host that are due without a scan."""
    db.execute("alter table hits rename to matches")
    db.execute("drop index hits_by_story")
    db.execute("create index matches_by_story on matches (story_id)")
    db.execute("alter table misses rename to near_misses")
    for table, before, now in (
        ("stories", "facts", "event_keys"),
        ("stories", "akin", "possible_duplicate"),
        ("items", "digest", "text_hash"),
        ("items", "baseline", "backfill"),
        ("item_versions", "baseline", "backfill"),
        ("feeds", "baselined", "is_backfilled"),
        ("feeds", "habits", "statistics"),
        ("feeds", '"window"', "fingerprint"),
    ):
        db.execute(f"alter table {table} rename column {before} to {now}")
    # a condition serves only where it stands in the statement as it stands in the index
    db.execute("drop index digest_lines_shown")
    db.execute("create index digest_lines_shown on digest_lines (digest, story_id) where shown = 1")
    db.execute("create index feeds_by_site on feeds (site, due) where active = 1 and gone = 0")


@migrations()
def typed_payloads(db: Database) -> None:
    """Give each outbox row a typed payload, and a key that tells it from all others of its chat."""
    rebuild(db)


def upgrade(transaction: Transaction, path: Path | None, keep: int) -> None:
    """Bring a database to this version's schema, each step in a transaction; keep a copy of what it was before.

    Raises NewerSchema, and StoreError where the copy cannot be made.
    """
    db = Database(transaction.raw)
    _refuse_newer(db, path)
    if path is not None and migrations.applied(db) and migrations.pending(db):
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        copy = copy_into_backups(transaction.raw, path, written, keep, "before-upgrade")
        log.info("upgrade backup=%s", copy)
    migrations.apply(db)


def require_current(transaction: Transaction, path: Path) -> None:
    """See that a database has this version's schema; changes nothing. Raises StoreError, NewerSchema."""
    db = Database(transaction.raw)
    _refuse_newer(db, path)
    applied, pending = migrations.applied(db), migrations.pending(db)
    if pending and not applied:
        raise StoreError(f"{path}: there is nothing of Tipoff in this file yet; start it with: tipoff run")
    if pending:
        raise StoreError(
            f"{path}: the database was written by an older Tipoff; the next start brings it up to date: tipoff run"
        )


def _refuse_newer(db: Database, path: Path | None) -> None:
    known = {migration.name for migration in migrations.pending(Database(memory=True))}
    unknown = [step.name for step in migrations.applied(db) if step.name not in known]
    if unknown:
        raise NewerSchema(
            f"{path}: the database was written by a newer Tipoff (it knows {unknown[-1]!r}); nothing was changed: "
            "install that version again, or name another file in [store] path"
        )


def maintain(transaction: Transaction, *, thorough: bool) -> str | None:
    """Let SQLite look after its indexes; when `thorough` look through the whole file, and return what is wrong."""
    transaction.rows("PRAGMA optimize")
    found = transaction.one("PRAGMA integrity_check(1)")[0] if thorough else "ok"
    return None if found == "ok" else str(found)
