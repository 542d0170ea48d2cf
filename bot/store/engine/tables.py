"""The tables of the newsroom, as migrations; the later ones stand in `bot.store.engine.schema`.

Instants are whole microseconds since 1970, UTC. Lists of texts are JSON.
"""

from sqlite_utils import Database, Migrations

migrations = Migrations("tipoff")


@migrations()
def the_newsroom(db: Database) -> None:
    """Create feeds, items, stories, decisions, the outbox and chats."""
    for statement in _THE_NEWSROOM:
        db.execute(statement)


@migrations()
def missed_wordings(db: Database) -> None:
    """Create the report of headlines in which no event was read beside a watched name and a role."""
    db.execute(
        """create table misses (
            item_id integer primary key references items (id),
            name text not null,
            role text not null,
            at integer not null
        )"""
    )


_THE_NEWSROOM = (
    """create table feeds (
        id integer primary key,
        url text not null unique,
        host text not null,
        name text not null,
        title text,
        tags text not null,
        owner text,
        interval integer,
        active integer not null default 1,
        baselined integer not null default 0,
        etag text,
        last_modified text,
        body_hash text,
        due integer not null,
        errors integer not null default 0,
        error text,
        last_poll integer,
        last_success integer
    )""",
    "create index feeds_by_due on feeds (active, due)",
    "create table leases (host text primary key, token integer not null, until integer not null)",
    """create table items (
        id integer primary key,
        feed_id integer not null references feeds (id),
        seq integer not null unique,
        state text not null check (state in ('pending', 'done')),
        title text not null,
        summary text not null,
        url text,
        published integer,
        seen integer not null,
        digest blob not null,
        edits integer not null default 0,
        baseline integer not null default 0
    )""",
    "create index items_by_state on items (state, seq)",
    """create table item_keys (
        feed_id integer not null references feeds (id),
        key blob not null,
        item_id integer not null references items (id),
        primary key (feed_id, key)
    ) without rowid""",
    """create table stories (
        id integer primary key,
        event text,
        people text not null,
        first integer not null,
        last integer not null
    )""",
    "create index stories_by_last on stories (last)",
    """create table story_sources (
        story_id integer not null references stories (id),
        item_id integer not null references items (id),
        outlet text not null,
        owner text,
        title text not null,
        url text,
        at integer not null,
        primary key (story_id, item_id)
    ) without rowid""",
    """create table hits (
        item_id integer not null references items (id),
        watch text not null,
        story_id integer not null references stories (id),
        place text not null,
        event text,
        certainty text,
        people text not null,
        organisations text not null,
        evidence text not null,
        primary key (item_id, watch)
    ) without rowid""",
    "create index hits_by_story on hits (story_id)",
    """create table decisions (
        item_id integer not null references items (id),
        watch text not null,
        chat text not null,
        story_id integer references stories (id),
        action text not null,
        reason text not null,
        at integer not null,
        primary key (item_id, watch, chat)
    ) without rowid""",
    """create table outbox (
        id integer primary key,
        chat text not null,
        story_id integer not null,
        kind text not null check (kind in ('alert', 'edit', 'answer')),
        revision integer not null,
        priority text not null,
        state text not null check (state in ('pending', 'sending', 'sent', 'uncertain', 'paused', 'dead')),
        attempt integer not null default 0,
        unknowns integer not null default 0,
        not_before integer not null,
        created integer not null,
        changed integer not null,
        message_id integer,
        text_hash text,
        answer text not null default '',
        reason text not null default '',
        unique (chat, story_id, kind, revision)
    )""",
    "create index outbox_by_state on outbox (state, not_before)",
    """create table chats (
        name text primary key,
        telegram_id integer,
        configured_id integer,
        topic integer,
        timezone text not null,
        quiet text not null default '',
        source text not null check (source in ('config', 'paired')),
        state text not null default 'ok' check (state in ('ok', 'paused')),
        reason text not null default ''
    )""",
)


@migrations()
def where_a_message_is(db: Database) -> None:
    """Note the Telegram chat beside each message id. What the terminal told had ids of the outbox, which are none."""
    db.execute("alter table outbox add column told_in integer")
    db.execute(
        """update outbox set message_id = null where message_id in
        (select o.id from outbox o where o.chat = outbox.chat and o.story_id = outbox.story_id)"""
    )
    db.execute(
        """update outbox set told_in = (select telegram_id from chats where name = outbox.chat)
        where message_id is not null"""
    )
    db.execute("update outbox set message_id = null where told_in is null")


@migrations()
def unknown_is_not_dead(db: Database) -> None:
    """Keep what was twice left without an answer in sight."""
    db.execute("update outbox set state = 'uncertain' where state = 'dead' and unknowns >= 2")


@migrations()
def decisions_about_every_edit(db: Database) -> None:
    """Let an item that was edited be decided about anew, without losing the decision of before."""
    db.execute("alter table decisions rename to decisions_before")
    db.execute(
        """create table decisions (
            item_id integer not null references items (id),
            watch text not null,
            chat text not null,
            edits integer not null,
            story_id integer references stories (id),
            action text not null,
            reason text not null,
            at integer not null,
            primary key (item_id, watch, chat, edits)
        ) without rowid"""
    )
    db.execute(
        """insert into decisions (item_id, watch, chat, edits, story_id, action, reason, at)
        select item_id, watch, chat, 0, story_id, action, reason, at from decisions_before"""
    )
    db.execute("drop table decisions_before")


@migrations()
def an_outbox_of_any_kind(db: Database) -> None:
    """Let the model say which kinds of rows there are, and find those that wait by their chat."""
    columns = (
        "id, chat, story_id, kind, revision, priority, state, attempt, unknowns, not_before, created, changed, "
        "message_id, text_hash, answer, reason, told_in"
    )
    db.execute("alter table outbox rename to outbox_before")
    db.execute(
        """create table outbox (
            id integer primary key,
            chat text not null,
            story_id integer not null,
            kind text not null,
            revision integer not null,
            priority text not null,
            state text not null check (state in ('pending', 'sending', 'sent', 'uncertain', 'paused', 'dead')),
            attempt integer not null default 0,
            unknowns integer not null default 0,
            not_before integer not null,
            created integer not null,
            changed integer not null,
            message_id integer,
            text_hash text,
            answer text not null default '',
            reason text not null default '',
            told_in integer,
            unique (chat, story_id, kind, revision)
        )"""
    )
    db.execute(f"insert into outbox ({columns}) select {columns} from outbox_before")
    db.execute("drop table outbox_before")
    db.execute("create index outbox_by_state on outbox (state, not_before)")
    db.execute(
        "create index outbox_waiting on outbox (chat, kind, id) where state in ('pending', 'uncertain', 'paused')"
    )


@migrations()
def habits_of_feeds(db: Database) -> None:
    """Remember the rhythm of feeds, what counts as one host, and which hosts rest until when."""
    db.execute("alter table feeds add column site text not null default ''")
    db.execute("update feeds set site = host")
    db.execute("alter table feeds add column habits text not null default '{}'")
    db.execute("alter table feeds add column firsts integer not null default 0")
    db.execute("alter table feeds add column gone integer not null default 0")
    db.execute("alter table leases add column paused integer not null default 0")


@migrations()
def what_feeds_held(db: Database) -> None:
    """Remember what was read of a feed's last document, and how far its items go back."""
    db.execute("alter table feeds add column window blob")
    db.execute("alter table feeds add column oldest integer")
    db.execute("update feeds set oldest = (select min(published) from items where items.feed_id = feeds.id)")


@migrations()
def stories_by_what_happened(db: Database) -> None:
    """Keep what reports say has happened, whom they credit, and what was corrected."""
    db.execute("alter table stories add column facts text not null default '[]'")
    db.execute("alter table stories add column akin integer")
    db.execute(
        """update stories set facts = json_array(json_array(event, 'stated', json(people), json_array(),
        json('true'), json_array())) where event is not null"""
    )
    db.execute("alter table stories drop column event")
    db.execute("alter table stories drop column people")
    db.execute("alter table story_sources add column credit text")
    db.execute("alter table story_sources add column is_named integer not null default 0")
    db.execute("alter table story_sources add column is_corrected integer not null default 0")
    db.execute("alter table story_sources add column is_denial integer not null default 0")
    # what an item said before it was edited, as it was decided about
    db.execute(
        """create table item_versions (
            item_id integer not null references items (id),
            edits integer not null,
            seq integer not null,
            title text not null,
            summary text not null,
            url text,
            published integer,
            seen integer not null,
            baseline integer not null,
            primary key (item_id, edits)
        ) without rowid"""
    )
    db.table("items").enable_fts(["title", "summary"], create_triggers=True, tokenize="unicode61 remove_diacritics 2")
    db.execute("create index decisions_by_story on decisions (story_id)")
    db.execute("create index decisions_by_time on decisions (action, at)")


@migrations()
def messages_in_digests(db: Database) -> None:
    """Note in which digest a message is told that is not sent by itself."""
    db.execute("alter table outbox add column in_digest integer")
