"""Forums that want a topic for each watch: which topic a story is sent to."""

from dataclasses import replace

from bot.core.model import Address, DeliveryResult, Match, Outcome
from bot.store.engine.transaction import Transaction

ITSELF = 0  # instead of a topic: the forum itself, where it is closed or none may be opened


def set_topics(db: Transaction, chat: str, *, wanted: bool) -> None:
    """Send what each watch finds to a topic of its own from now on, or all to the chat itself. Topics stay."""
    db.execute("update chats set topics = ? where name = ?", [int(wanted), chat])
    db.execute("delete from watch_topics where chat = ? and topic = ?", [chat, ITSELF])


def placed(db: Transaction, address: Address, matches: tuple[Match, ...]) -> tuple[Address, str]:
    """Return where a story is sent, and the watch whose topic that is; without a topic there one is to be opened.

    Where the chat wants no topics, that is no watch.
    """
    (wants,) = db.one("select topics from chats where name = ?", [address.chat])
    if not wants or not matches:
        return address, ""
    watch = matches[0].watch
    found = db.one("select topic from watch_topics where chat = ? and watch = ?", [address.chat, watch])
    if found is None:
        return replace(address, topic=None), watch
    return (address, "") if found[0] == ITSELF else (replace(address, topic=found[0]), watch)


def note_topic(db: Transaction, outcome: Outcome) -> None:
    """Remember a topic that was opened for a watch, and forget one that is no more: the next message opens another.

    One that somebody closed is not opened again: what belongs there is sent to the forum itself.
    """
    alert = outcome.alert
    if outcome.opened is not None:
        db.execute(
            """insert into watch_topics (chat, watch, topic) values (?, ?, ?)
            on conflict (chat, watch) do update set topic = excluded.topic""",
            [alert.address.chat, alert.topic_of, outcome.opened],
        )
    if outcome.result is DeliveryResult.TOPIC_GONE and alert.topic_of:
        is_closed = "closed" in outcome.reason.lower()
        query = "update watch_topics set topic = ? where chat = ? and watch = ?"
        values: list[object] = [ITSELF, alert.address.chat, alert.topic_of]
        if not is_closed:
            query, values = "delete from watch_topics where chat = ? and watch = ?", values[1:]
        db.execute(query, values)
