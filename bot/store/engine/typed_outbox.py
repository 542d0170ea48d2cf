"""The migration that gave outbox rows a typed payload and a key of their own."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from sqlite_utils import Database

_OUTBOX = """create table new_outbox (
    id integer primary key,
    chat text not null,
    kind text not null,
    dedupe_key text not null,
    story_id integer,
    revision integer,
    update_id integer,
    payload text not null,
    picture blob,
    priority text not null,
    state text not null check (state in ('pending', 'sending', 'sent', 'uncertain', 'paused', 'dead')),
    attempt integer not null default 0,
    unknowns integer not null default 0,
    not_before integer not null,
    created integer not null,
    changed integer not null,
    message_id integer,
    sent_in integer,
    text_hash text,
    reason text not null default '',
    in_digest integer,
    unique (chat, dedupe_key)
)"""
# it points at the outbox: were that dropped before it, all lines would go with it
_LINES = """create table new_digest_lines (
    digest integer not null references new_outbox (id) on delete cascade,
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
_COLUMNS = "digest, position, due, story_id, title, outlet, url, remark, news, event, watches, shown"
_STEPS = (
    _LINES,
    f"""insert into new_digest_lines ({_COLUMNS}) select {_COLUMNS} from digest_lines
    where digest in (select id from new_outbox)""",
    "drop table digest_lines",
    "drop table outbox",
    "alter table new_outbox rename to outbox",
    "alter table new_digest_lines rename to digest_lines",
    "create index outbox_by_state on outbox (state, not_before)",
    "create index outbox_waiting on outbox (chat, kind, id) where state in ('pending', 'uncertain', 'paused')",
    "create index outbox_by_story on outbox (story_id, chat, kind)",
    "create index outbox_by_update on outbox (update_id) where update_id is not null",
    "create index outbox_by_message on outbox (message_id) where message_id is not null",
    "create index digest_lines_by_story on digest_lines (story_id, due)",
    "create index digest_lines_shown on digest_lines (digest, story_id) where shown = 1",
)


def rebuild(db: Database) -> None:
    """Write every row of the outbox in its new form, waiting ones included, and keep the lines of digests."""
    db.execute(_OUTBOX)
    for values in _rows(db):
        names = ", ".join(values)
        marks = ", ".join("?" * len(values))
        db.execute(f"insert into new_outbox ({names}) values ({marks})", list(values.values()))
    for statement in _STEPS:
        db.execute(statement)


def _rows(db: Database) -> Iterator[dict[str, Any]]:
    cursor = db.execute("select * from outbox order by id")
    names = [column[0] for column in cursor.description]
    for stored in cursor.fetchall():
        row = dict(zip(names, stored, strict=True))
        new = {
            "story_id": row["story_id"] if row["story_id"] > 0 else None,
            # those of a story that was joined with another are none of that one
            "revision": row["revision"] if row["kind"] in {"alert", "edit"} and row["revision"] >= 0 else None,
            "update_id": row["revision"] if row["kind"] in {"answer", "touch"} and row["revision"] > 0 else None,
            "dedupe_key": _key(row),
            "payload": json.dumps({"version": 1, **_payload(row)}, ensure_ascii=False, separators=(",", ":")),
            "sent_in": row["told_in"],
        }
        same = (
            *("id", "chat", "kind", "picture", "priority", "state", "attempt", "unknowns", "not_before", "created"),
            *("changed", "message_id", "text_hash", "reason", "in_digest"),
        )
        yield {name: row[name] for name in same} | new


def _key(row: dict[str, Any]) -> str:
    kind, story, revision = row["kind"], row["story_id"], row["revision"]
    match kind:
        case "alert" if not revision:
            return f"alert:{story}"
        case "touch":
            return f"touch:{story}:{f'update {revision}' if revision > 0 else f'regrouping {-revision}'}"
        case "answer" if revision > 0:
            return f"answer:{revision}:{-story}"
        case "notice":
            return f"notice:{hashlib.sha256(row['answer'].encode()).hexdigest()[:16]}:{row['created']}:{row['id']}"
        case "answer" | "digest":
            return f"{kind}:row {row['id']}"
        case _:
            return f"{kind}:{story}:{revision}"


def _payload(row: dict[str, Any]) -> dict[str, Any]:
    words = row["answer"]
    match row["kind"]:
        case "alert":
            return {"kind": "alert"}
        case "reply":
            news, title, outlet, url = (*words.split("\n"), "", "", "")[:4]
            return {"kind": "reply", "news": news, "title": title, "outlet": outlet, "url": url or None}
        case "digest":
            return {"kind": "digest"} | ({"text": words} if words else {})
        case "notice":
            return {"kind": "notice", "text": words}
        case "answer":
            plain = [[[" ".join(line.split()), "", ""]] for line in words.split("\n") if line.strip()]
            lines, buttons = json.loads(row["form"]) if row["form"] else (plain, [])
            where = {"topic": row["thread"], "changes": row["target"]}
            return {"kind": "answer", "lines": lines, "buttons": buttons, **where}
        case _:
            return {"kind": "edit"}
