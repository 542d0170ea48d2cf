"""What people ask for by talking to the bot, carried out: one function a change, an update in one transaction."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.core.model import (
    AddFeed,
    AddWatch,
    Ask,
    Expel,
    FeedSpec,
    Invite,
    Join,
    Label,
    MarkStory,
    Mutation,
    OpenMenu,
    Regroup,
    RemoveFeed,
    RemoveWatch,
    SetHours,
    SetPause,
    SetTopics,
    ShowInDigest,
    Snooze,
    Touch,
    UseUp,
    WatchSpec,
)
from bot.core.model.outbox import order_touch
from bot.core.watch_text import watch_of_values, watch_values
from bot.store.chat_hours import set_hours, set_pause, snooze
from bot.store.engine.connection import as_json, micros
from bot.store.engine.move import move_rows
from bot.store.engine.transaction import Transaction
from bot.store.outbox.digest_contents import show
from bot.store.outbox.rows import cancel_all, put
from bot.store.outbox.topics import set_topics


def carry_out(db: Transaction, chat: str, number: int, change: Mutation, now: datetime) -> None:
    """Carry out one change that an update asked for in a chat."""
    _CHANGES[type(change)](db, chat, number, change, now)


def is_handled(db: Transaction, number: int) -> bool:
    """Say whether an update has changed something, or was answered, before."""
    return db.one("select 1 from outbox where update_id = ? limit 1", [number]) is not None


def own_watches(db: Transaction) -> list[tuple[str, WatchSpec]]:
    """Return the watches that were made in chats, each with its chat, the oldest first."""
    rows = db.rows("select chat, spec from chat_watches order by created, name")
    return [(chat, watch_of(spec)) for chat, spec in rows]


def own_feeds(db: Transaction) -> list[tuple[str, FeedSpec]]:
    """Return the feeds that were added in chats, each with its chat, the oldest first."""
    rows = db.rows("select chat, url, name from chat_feeds order by created, url")
    return [(chat, FeedSpec(url, name)) for chat, url, name in rows]


def watch_as_text(watch: WatchSpec) -> str:
    """Return a watch as it is kept."""
    return as_json(watch_values(watch))


def watch_of(stored: str) -> WatchSpec:
    """Return a watch as it was kept."""
    return watch_of_values(json.loads(stored))


# By which columns a row is the only one, beside its watch or its chat.
_BESIDE_WATCH = {
    "matches": ["item_id"],
    "decisions": ["item_id", "chat", "edits"],
    "labels": ["chat", "item_id"],
    "snoozes": ["chat"],
    "watch_topics": ["chat"],
}
_BESIDE_CHAT = {
    "outbox": ["dedupe_key"],
    "decisions": ["item_id", "watch", "edits"],
    "labels": ["item_id", "watch"],
    "snoozes": ["watch"],
    "marks": ["story_id"],
    "watch_topics": ["watch"],
}


def _add_watch(db: Transaction, chat: str, number: int, change: AddWatch, now: datetime) -> None:
    db.execute(
        """insert into chat_watches (name, chat, spec, by, created) values (?, ?, ?, ?, ?)
        on conflict (name) do update set spec = excluded.spec, by = excluded.by""",
        [change.watch.name, chat, watch_as_text(change.watch), change.by, micros(now)],
    )


def _remove_watch(db: Transaction, chat: str, number: int, change: RemoveWatch, now: datetime) -> None:
    db.execute("delete from chat_watches where name = ? and chat = ?", [change.name, chat])
    for table in ("snoozes", "watch_topics"):
        db.execute(f"delete from {table} where watch = ? and chat = ?", [change.name, chat])


def _add_feed(db: Transaction, chat: str, number: int, change: AddFeed, now: datetime) -> None:
    db.execute(
        "insert into chat_feeds (url, name, chat, by, created) values (?, ?, ?, ?, ?) on conflict do nothing",
        [change.url, change.name, chat, change.by, micros(now)],
    )


def _remove_feed(db: Transaction, chat: str, number: int, change: RemoveFeed, now: datetime) -> None:
    db.execute("delete from chat_feeds where url = ?", [change.url])


def _set_hours(db: Transaction, chat: str, number: int, change: SetHours, now: datetime) -> None:
    set_hours(db, chat, timezone=change.timezone, quiet=change.quiet, digest=change.digest)


def _set_pause(db: Transaction, chat: str, number: int, change: SetPause, now: datetime) -> None:
    set_pause(db, chat, change.until)


def _show(db: Transaction, chat: str, number: int, change: ShowInDigest, now: datetime) -> None:
    show(db, chat, change.digest, change.number, now)


def _set_topics(db: Transaction, chat: str, number: int, change: SetTopics, now: datetime) -> None:
    set_topics(db, chat, wanted=change.wanted)


def _snooze(db: Transaction, chat: str, number: int, change: Snooze, now: datetime) -> None:
    snooze(db, chat, change.watch, change.until)


def _mark(db: Transaction, chat: str, number: int, change: MarkStory, now: datetime) -> None:
    db.execute(
        """insert into marks (chat, story_id, mark) select ?, id, ? from stories where id = ?
        on conflict (chat, story_id) do update set mark = excluded.mark""",
        [chat, change.mark, change.story],
    )


def _open_menu(db: Transaction, chat: str, number: int, change: OpenMenu, now: datetime) -> None:
    db.execute(
        """insert into marks (chat, story_id, is_open) select ?, id, ? from stories where id = ?
        on conflict (chat, story_id) do update set is_open = excluded.is_open""",
        [chat, change.is_open, change.story],
    )


def _touch(db: Transaction, chat: str, number: int, change: Touch, now: datetime) -> None:
    if db.one("select 1 from stories where id = ?", [change.story]) is not None:
        put(db, order_touch(chat, change.story, f"update {number}"), micros(now), update_id=number)


def _label(db: Transaction, chat: str, number: int, change: Label, now: datetime) -> None:
    """Label the newest report of a story that a watch of the chat wanted."""
    db.execute(
        """insert into labels (chat, item_id, watch, verdict, by, at)
        select ?, m.item_id, m.watch, ?, ?, ? from matches m join items i on i.id = m.item_id
        where m.story_id = ? and exists (select 1 from decisions d
            where d.item_id = m.item_id and d.watch = m.watch and d.chat = ?)
        order by i.seq desc, m.watch limit 1
        on conflict (chat, item_id, watch) do update set verdict = excluded.verdict, by = excluded.by""",
        [chat, change.verdict, change.by, micros(now), change.story, chat],
    )


def _regroup(db: Transaction, chat: str, number: int, change: Regroup, now: datetime) -> None:
    """Note it for the decide stage, which alone changes stories, with the report that is the newest now."""
    db.execute(
        """insert into regroupings (chat, story_id, is_same, at, item_id)
        select ?, s.id, ?, ?, (select r.item_id from story_sources r where r.story_id = s.id
            order by r.at desc, r.item_id desc limit 1)
        from stories s where s.id = ?""",
        [chat, change.is_same, micros(now), change.story],
    )


def _ask(db: Transaction, chat: str, number: int, change: Ask, now: datetime) -> None:
    db.execute(
        "insert into handles (token, chat, about, subject, user_id, until, created) values (?, ?, ?, ?, ?, ?, ?)",
        [change.token, chat, change.about, change.subject, change.user_id, micros(change.until), micros(now)],
    )


def _use_up(db: Transaction, chat: str, number: int, change: UseUp, now: datetime) -> None:
    db.execute("delete from handles where token = ? and chat = ?", [change.token, chat])


def _invite(db: Transaction, chat: str, number: int, change: Invite, now: datetime) -> None:
    db.execute("delete from invites where until < ?", [micros(now)])
    db.execute("insert into invites (sha256, until, by) values (?, ?, ?)", [change.sha256, micros(change.until), chat])


def _join(db: Transaction, chat: str, number: int, change: Join, now: datetime) -> None:
    db.execute("delete from invites where sha256 = ?", [change.sha256])
    db.execute(
        """insert into chats (name, telegram_id, timezone, source, kind)
        select ?, ?, timezone, 'joined', ? from chats where name = 'me'""",
        [change.name, change.chat_id, change.kind],
    )


def take_over(db: Transaction, chat_id: int, name: str) -> None:
    """Let a Telegram chat that had joined go by another name, with all that it has; under two it gets all twice.

    What it has set under the new name already stays, as does what it was sent.
    """
    query = "select name from chats where telegram_id = ? and source = 'joined' and name != ?"
    for before in [row.name for row in db.rows(query, [chat_id, name])]:
        for old, spec in db.rows("select name, spec from chat_watches where chat = ?", [before]):
            new = f"{name}/{old.removeprefix(f'{before}/')}"
            watch = replace(watch_of(spec), name=new, to=(name,))
            db.execute(
                """update chat_watches set name = ?, chat = ?, spec = ? where name = ?
                and not exists (select 1 from chat_watches where name = ?)""",
                [new, name, watch_as_text(watch), old, new],
            )
        _rename(db, before, name)
        _end_membership(db, before)


def _rename(db: Transaction, before: str, name: str) -> None:
    """Let all that is of a chat, but the chat itself, be of another."""
    for column in ("own_timezone", "own_quiet", "own_digest"):
        theirs = f"(select {column} from chats where name = ?)"
        db.execute(f"update chats set {column} = coalesce({column}, {theirs}) where name = ?", [before, name])
    (pause,) = db.one("select quiet_until from chats where name = ?", [before])
    db.execute("update chats set quiet_until = ? where name = ? and quiet_until < ?", [pause, name, pause])
    for table, beside in _BESIDE_WATCH.items():
        query = f"select distinct watch from {table} where substr(watch, 1, cast(? as integer)) = ?"
        for watch in [row.watch for row in db.rows(query, [len(before) + 1, f"{before}/"])]:
            move_rows(db, table, "watch", watch, f"{name}/{watch.removeprefix(f'{before}/')}", beside)
    db.execute(
        """update digest_lines set watches = replace(watches, ?, ?)
        where digest in (select id from outbox where chat = ? and kind = 'digest')""",
        [f'"{before}/', f'"{name}/', before],
    )
    for table, beside in _BESIDE_CHAT.items():
        move_rows(db, table, "chat", before, name, beside)
    move_rows(db, "handles", "chat", before, name, ["about", "subject"], "handles.about in ('story', 'digest')")
    db.execute("update handles set chat = ? where chat = ? and about not in ('story', 'digest')", [name, before])
    for table in ("regroupings", "chat_feeds"):
        db.execute(f"update {table} set chat = ? where chat = ?", [name, before])


def _expel(db: Transaction, chat: str, number: int, change: Expel, now: datetime) -> None:
    _end_membership(db, change.name)


def _end_membership(db: Transaction, chat: str) -> None:
    for table in ("chat_watches", "snoozes", "marks", "handles", "watch_topics"):
        db.execute(f"delete from {table} where chat = ?", [chat])
    cancel_all(db, chat)
    db.execute("insert into former_chats (name) values (?) on conflict do nothing", [chat])
    db.execute("delete from chats where name = ? and source = 'joined'", [chat])


_CHANGES: dict[type, Callable[[Transaction, str, int, Any, datetime], None]] = {
    AddWatch: _add_watch,
    RemoveWatch: _remove_watch,
    AddFeed: _add_feed,
    RemoveFeed: _remove_feed,
    SetHours: _set_hours,
    SetPause: _set_pause,
    SetTopics: _set_topics,
    ShowInDigest: _show,
    Snooze: _snooze,
    MarkStory: _mark,
    OpenMenu: _open_menu,
    Touch: _touch,
    Label: _label,
    Regroup: _regroup,
    Ask: _ask,
    UseUp: _use_up,
    Invite: _invite,
    Join: _join,
    Expel: _expel,
}
