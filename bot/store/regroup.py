"""What people said of stories, for the desk, and what came of it."""

from collections.abc import Iterator

from sqlite_utils import Database

from bot.model import Answer, Item, Piece, Regrouped, Regrouping, Story, Style
from bot.store.connection import Connection, as_json, instant, micros
from bot.store.desk import ITEM_COLUMNS, ITEM_TABLES, item_of, save_order, save_story, stories_where
from bot.store.outbox import WAITS, put_answers

_BEHIND = 1_000_000  # that the revisions of replies are moved by, so that none is of the other story
_NUMBERS = -1_000_000_000  # of answers that no update asked for, downwards


class SqliteRegroup:
    """RegroupStore on SQLite."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def next_regrouping(self) -> Regrouping | None:
        """Return what is to be done first; what is about stories that are forgotten or gone is left out."""
        return await self._connection.read(lambda db: next(_regroupings(db), None))

    async def commit_regrouping(self, done: Regrouped) -> None:
        """Write stories as they are now, move what is in another one, and order the messages that follow."""
        await self._connection.write(lambda db: _commit(db, done))


def _regroupings(db: Database) -> Iterator[Regrouping]:
    rows = db.execute("select id, chat, story_id, is_same, at from regroupings where not done order by id").fetchall()
    for number, chat, story_id, is_same, at in rows:
        story = _story(db, story_id)
        akin = _story(db, story.akin) if story is not None and is_same and story.akin is not None else None
        if story is None or (is_same and akin is None):
            continue
        others = _items(db, akin) if akin is not None else ()
        yield Regrouping(number, chat, story, _items(db, story), instant(at), akin, others)


def _story(db: Database, number: int) -> Story | None:
    found = stories_where(db, "s.id = ?", [number])
    return found[0] if found else None


def _items(db: Database, story: Story) -> tuple[Item, ...]:
    query = f"select {ITEM_COLUMNS} {ITEM_TABLES} where i.id in (select value from json_each(?))"
    ids = as_json([source.item_id for source in story.sources])
    found = {item.id: item for item in map(item_of, db.execute(query, [ids]))}
    return tuple(found[source.item_id] for source in story.sources)


def _commit(db: Database, done: Regrouped) -> None:
    asked = done.asked
    if db.execute("update regroupings set done = 1 where id = ? and not done", [asked.id]).rowcount == 0:
        return
    for item, into in done.moved:
        came_from = asked.story.id
        db.execute("delete from story_sources where item_id = ? and story_id = ?", [item, came_from])
        _make_room(db, into, asked)
        db.execute("update hits set story_id = ? where item_id = ? and story_id = ?", [into, item, came_from])
        remark = "; joined with another story by a person" if done.joined else "; made a story of its own by a person"
        db.execute(
            "update decisions set story_id = ?, reason = reason || ? where item_id = ? and story_id = ?",
            [into, remark, item, came_from],
        )
    for story in done.stories:
        save_story(db, story)
    if done.joined is not None:
        _follow(db, *done.joined, done)
    for order in done.orders:
        save_order(db, order, micros(asked.at))


def _make_room(db: Database, number: int, asked: Regrouping) -> None:
    """See that there is a row to point at; what stands in it is written later."""
    db.execute(
        "insert or ignore into stories (id, first, last) values (?, ?, ?)",
        [number, micros(asked.story.last), micros(asked.story.last)],
    )


def _follow(db: Database, gone: int, into: int, done: Regrouped) -> None:
    """Let all that is of a story that is no more follow: its messages become the other's, or point there."""
    db.execute(
        f"""update outbox as o set state = 'dead', reason = 'its story was joined with another'
        where o.story_id = ? and o.kind in ('edit', 'touch') and {WAITS.format("o")}""",
        [gone],
    )
    db.execute(
        """update outbox as o set story_id = ?, revision = revision + ? * (1 + coalesce((select max(t.revision)
        from outbox t where t.chat = o.chat and t.story_id = ? and t.kind = 'reply'), 0) / ?)
        where story_id = ? and kind = 'reply'""",
        [into, _BEHIND, into, _BEHIND, gone],
    )
    query = """select o.id, o.chat, o.message_id from outbox o where o.story_id = ? and o.kind = 'alert'
        and exists (select 1 from outbox t where t.chat = o.chat and t.story_id = ? and t.kind = 'alert')"""
    for number, chat, message in db.execute(query, [gone, into]).fetchall():
        if message is not None:
            first = done.stories[0].sources[0]
            title = Piece(first.title, Style.LINK, first.url or "")
            pointer = Answer(((Piece("One story with "), title), (Piece("Its message goes on growing."),)))
            put_answers(db, chat, _NUMBERS - number, [pointer], done.asked.at, target=message)
    db.execute("update or ignore outbox set story_id = ? where story_id = ?", [into, gone])
    db.execute("delete from outbox where story_id = ?", [gone])
    db.execute("update or ignore marks set story_id = ? where story_id = ?", [into, gone])
    db.execute("delete from marks where story_id = ?", [gone])
    of_gone = "about = 'story' and subject = ?"
    db.execute(f"update or ignore handles set subject = ? where {of_gone}", [str(into), str(gone)])
    db.execute(f"delete from handles where {of_gone}", [str(gone)])
    db.execute("update digest_lines set story_id = ? where story_id = ?", [into, gone])
    db.execute("update stories set akin = null where akin = ?", [gone])
    # also of reports that are no source of their own: their outlet was in the story already
    db.execute("update hits set story_id = ? where story_id = ?", [into, gone])
    db.execute("update decisions set story_id = ? where story_id = ?", [into, gone])
    db.execute("delete from stories where id = ?", [gone])
