"""What people said of stories, for the decide stage, and what came of it."""

from bot.core.model import Answer, Decision, Item, Mark, Piece, Regrouped, Regrouping, Story, Style, mark_of_both
from bot.core.text import one_line, shorten
from bot.store.engine.connection import Connection, as_json, instant, micros
from bot.store.engine.move import move_rows
from bot.store.engine.transaction import Transaction
from bot.store.items import ITEM_COLUMNS, ITEMS, item_of
from bot.store.outbox.digests import follow_lines
from bot.store.outbox.rows import WAITS, move_alerts, put_notice, put_pointer
from bot.store.stories import (
    delivery_records,
    save_match,
    save_order,
    save_story,
    stories_where,
)

_MOST_TRIES = 3  # to regroup as a person asked
_TITLE = 100  # characters


class RegroupTables:
    """RegroupStore."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def next_regrouping(self) -> Regrouping | None:
        """Return what people said first of a story, of all that can be done now, with the story as it is now.

        What is about a story that is being sent waits; what is about one that is gone, or was begun with again and
        again in vain, is laid aside.
        """
        query = "select 1 from regroupings where done = 0 limit 1"
        if await self._connection.read(lambda db: db.one(query)) is None:
            return None
        return await self._connection.write(_next)

    async def commit_regrouping(self, done: Regrouped) -> bool:
        """Write stories as they are now, move what is in another one, and order the messages that follow.

        False, and nothing is changed, when a message of one of the stories is under way, or it is gone.
        """
        return await self._connection.write(lambda db: _commit(db, done))


def _next(db: Transaction) -> Regrouping | None:
    rows = db.rows("select id, chat, story_id, is_same, item_id, at, tries from regroupings where done = 0 order by id")
    for number, chat, story_id, is_same, item, at, tries in rows:
        story = _story(db, story_id)
        possible_duplicate = (
            _story(db, story.possible_duplicate)
            if story is not None and is_same and story.possible_duplicate is not None
            else None
        )
        if story is None or (is_same and possible_duplicate is None):
            _give_up(db, number, "there is no such story any more")
        elif tries >= _MOST_TRIES:
            _give_up(db, number, f"it failed {tries} times")
            title = shorten(one_line(story.sources[0].title), _TITLE)
            put_notice(db, f"What was said of the story “{title}” could not be done: see the log", instant(at))
        elif not _is_being_sent(db, story, possible_duplicate):
            db.execute("update regroupings set tries = tries + 1 where id = ?", [number])
            numbers = [story.id, *(() if possible_duplicate is None else (possible_duplicate.id,))]
            others = _items(db, possible_duplicate) if possible_duplicate is not None else ()
            last = story.sources[-1].item_id if item is None else item
            return Regrouping(
                number,
                chat,
                story,
                _items(db, story),
                instant(at),
                possible_duplicate,
                others,
                last,
                delivery_records(db, numbers),
            )
    return None


def _give_up(db: Transaction, number: int, reason: str) -> None:
    db.execute("update regroupings set done = 1, reason = ? where id = ?", [reason, number])


def _is_being_sent(db: Transaction, *stories: Story | None) -> bool:
    """Say whether a message of one of these stories is under way: what becomes of it is written into its row."""
    query = f"select 1 from outbox where state = 'sending' and story_id in {db.dialect.listed} limit 1"
    return db.one(query, [as_json([one.id for one in stories if one is not None])]) is not None


def _story(db: Transaction, number: int) -> Story | None:
    found = stories_where(db, "s.id = ?", [number])
    return found[0] if found else None


def _items(db: Transaction, story: Story) -> tuple[Item, ...]:
    query = f"select {ITEM_COLUMNS} from {ITEMS} where i.id in {db.dialect.listed}"
    ids = as_json([source.item_id for source in story.sources])
    found = {item.id: item for item in map(item_of, db.rows(query, [ids]))}
    return tuple(found[source.item_id] for source in story.sources)


def _commit(db: Transaction, done: Regrouped) -> bool:
    asked = done.regrouping
    is_there = all(one is None or _story(db, one.id) is not None for one in (asked.story, asked.possible_duplicate))
    if not is_there or _is_being_sent(db, asked.story, asked.possible_duplicate):
        db.execute("update regroupings set tries = tries - 1 where id = ?", [asked.id])
        return False
    if db.execute("update regroupings set done = 1 where id = ? and done = 0", [asked.id]) == 0:
        return True
    for item, into in done.moved:
        came_from = asked.story.id
        db.execute("delete from story_sources where item_id = ? and story_id = ?", [item, came_from])
        _ensure_story(db, into, asked)
        db.execute("update matches set story_id = ? where item_id = ? and story_id = ?", [into, item, came_from])
        remark = "; joined with another story by a person" if done.joined else "; made a story of its own by a person"
        db.execute(
            "update decisions set story_id = ?, reason = reason || ? where item_id = ? and story_id = ?",
            [into, remark, item, came_from],
        )
    for story in done.stories:
        save_story(db, story)
    for match, story_id in done.matches:
        save_match(db, match, story_id)
    for decision in done.decisions:
        _decide_anew(db, decision)
    if done.joined is not None:
        _move_all(db, *done.joined, done)
    there = {name for (name,) in db.rows("select name from chats")}
    for order in done.orders:
        if order.chat in there:
            save_order(db, order, micros(asked.at))
    return True


def _decide_anew(db: Transaction, decision: Decision) -> None:
    """Let a decision take the place of the one about the item as it reads now."""
    db.execute(
        """insert into decisions (item_id, watch, chat, edits, story_id, action, reason, at)
        select id, ?, ?, edits, ?, ?, ?, seen from items where id = ?
        on conflict (item_id, watch, chat, edits) do update
        set story_id = excluded.story_id, action = excluded.action, reason = excluded.reason""",
        [
            decision.watch,
            decision.chat,
            decision.story_id,
            decision.action,
            decision.reason,
            decision.item_id,
        ],
    )


def _ensure_story(db: Transaction, number: int, asked: Regrouping) -> None:
    """Insert a row for a story that others can refer to; what stands in it is written later."""
    db.execute(
        "insert into stories (id, first, last) values (?, ?, ?) on conflict do nothing",
        [number, micros(asked.story.last), micros(asked.story.last)],
    )


def _move_all(db: Transaction, gone: int, into: int, done: Regrouped) -> None:
    """Let all that is of a story that is no more follow: its messages become the other's, or point there."""
    db.execute(
        f"""update outbox as o set state = 'dead', reason = 'its story was joined with another'
        where o.story_id = ? and o.kind in ('edit', 'touch') and {WAITS.format("o")}""",
        [gone],
    )
    # its changes do not count as the other story's
    db.execute("update outbox set revision = null where story_id = ? and kind = 'edit'", [gone])
    _follow_marks(db, gone, into)
    first = done.stories[0].sources[0]
    title = Piece(first.title, Style.LINK, first.url or "")
    pointer = Answer(((Piece("One story with "), title), (Piece("Its message goes on growing."),)))
    # an id of a message means nothing in any other chat than the one to which it was sent
    query = """select o.chat, o.message_id, t.id as other,
        case when t.message_id is not null and t.sent_in = c.telegram_id then 1 else 0 end as is_sent
        from outbox o join chats c on c.name = o.chat and c.telegram_id = o.sent_in
        join outbox t on t.chat = o.chat and t.story_id = ? and t.kind = 'alert'
        where o.story_id = ? and o.kind = 'alert' and o.message_id is not null"""
    for row in db.rows(query, [into, gone]):
        if row.is_sent:
            put_pointer(db, row.chat, f"joined {gone}", pointer, row.message_id, done.regrouping.at)
        else:
            # the message that is there becomes that of the whole
            db.execute("delete from outbox where id = ?", [row.other])
    move_alerts(db, gone, into)
    db.execute("update outbox set story_id = ? where story_id = ?", [into, gone])
    of_story = "handles.about = 'story'"
    move_rows(db, "handles", "subject", str(gone), str(into), ["about", "chat"], of_story)
    db.execute(f"delete from handles where {of_story} and subject = ?", [str(gone)])
    follow_lines(db, gone, into)
    db.execute("update stories set possible_duplicate = ? where possible_duplicate = ? and id != ?", [into, gone, into])
    # also of reports that are no source of their own: their outlet was in the story already
    db.execute("update matches set story_id = ? where story_id = ?", [into, gone])
    db.execute("update decisions set story_id = ? where story_id = ?", [into, gone])
    db.execute("delete from stories where id = ?", [gone])


def _follow_marks(db: Transaction, gone: int, into: int) -> None:
    """Let a chat follow the whole that followed a part, and mute it only where all that it was sent is muted."""
    sent = """select chat, count(*) filter (where story_id = :into) as heard_whole,
        count(*) filter (where story_id = :gone) as heard_part from outbox
        where story_id in (:into, :gone) and kind = 'alert' group by chat"""
    marks = "select chat, story_id, mark from marks where story_id in (:into, :gone) and mark != ''"
    values = {"into": into, "gone": gone}
    parts = {chat: {into: bool(one), gone: bool(other)} for chat, one, other in db.rows(sent, values)}
    marked: dict[str, dict[int, Mark]] = {}
    for chat, story, mark in db.rows(marks, values):
        marked.setdefault(chat, {})[story] = Mark(mark)
    for chat, each in marked.items():
        heard = [story for story, is_sent in parts.get(chat, {}).items() if is_sent] or list(each)
        whole = mark_of_both([each.get(story, Mark.NONE) for story in heard])
        db.execute(
            """insert into marks (chat, story_id, mark) values (?, ?, ?)
            on conflict (chat, story_id) do update set mark = excluded.mark""",
            [chat, into, whole],
        )
    db.execute("delete from marks where story_id = ?", [gone])
