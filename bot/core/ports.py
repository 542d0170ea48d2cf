"""What the stages ask of the outside, in their own words.

Every store call is one transaction. All instants come from the one clock that is passed in.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from bot.core.model import (
    Address,
    Alert,
    Batch,
    DeliveryRecord,
    Feed,
    FeedDocument,
    FeedFailure,
    Item,
    KnownItem,
    Lease,
    Outcome,
    Poll,
    Preferences,
    Regrouped,
    Regrouping,
    Response,
    Story,
    WaitingChat,
)
from bot.core.model.message import Abilities, Message


class Clock(Protocol):
    """The one clock."""

    def now(self) -> datetime:
        """Return this instant, UTC."""
        ...

    def after(self, span: timedelta) -> datetime:
        """Return the instant this clock will show when `span` has really passed."""
        ...

    def monotonic(self) -> float:
        """Return real seconds since some moment; never goes back."""
        ...


class Fetcher(Protocol):
    """Asks a publisher whether there is anything new."""

    async def fetch(self, feed: Feed) -> Response | FeedFailure:
        """Make one conditional request; what a publisher or a network does wrong is a value."""
        ...


class Parser(Protocol):
    """Reads feed documents somewhere where they can do no harm."""

    async def parse(self, body: bytes, content_type: str, url: str) -> FeedDocument | FeedFailure:
        """Read one document; what is wrong with it is a value."""
        ...


class FetcherTransport(Fetcher, Protocol):
    """A fetcher with connections."""

    async def close(self) -> None:
        """Close the connections."""
        ...


class ParserTransport(Parser, Protocol):
    """A parser with processes of its own."""

    async def close(self) -> None:
        """Stop the processes."""
        ...


class FetchStore(Protocol):
    """What the fetch stage asks of the store."""

    async def lease(self, now: datetime, until: datetime, limit: int) -> Sequence[Lease]:
        """Take up to `limit` hosts that have due feeds, are free and do not rest; the longest overdue first."""
        ...

    async def due(self, lease: Lease, now: datetime) -> Sequence[Feed]:
        """Return the due feeds of a leased host, the longest overdue first."""
        ...

    async def recall(self, feed_id: int, keys: Iterable[bytes]) -> Mapping[bytes, KnownItem]:
        """Return what is known of a feed's items under these keys."""
        ...

    async def commit_poll(self, lease: Lease, poll: Poll, until: datetime) -> None:
        """Commit a poll whole and hold the lease until then; a replay changes nothing.

        Raises `StaleLease`, and writes nothing, when the lease has passed to another worker.
        """
        ...

    async def release(self, lease: Lease, until: datetime | None = None) -> None:
        """Give a host back, to be taken again from `until` on; a stale lease is ignored."""
        ...

    async def realign(
        self, now: datetime, spread: timedelta, at_once: int, longest: timedelta, ahead: datetime | None
    ) -> None:
        """Make due times fit a clock that was set back, and spread overdue feeds, if more than `at_once`, evenly.

        None is due later than `longest` and its interval allow, nor because it was spread at an instant `ahead`.
        """
        ...


class DecideStore(Protocol):
    """What the decide stage asks of the store."""

    async def take_items(self, limit: int) -> Sequence[Item]:
        """Return pending items in the order in which they were committed."""
        ...

    async def recent_stories(self, since: datetime) -> Sequence[Story]:
        """Return the stories with a source seen at or after `since`, oldest first."""
        ...

    async def last_story_id(self) -> int:
        """Return the highest story id given so far, 0 for none."""
        ...

    async def decided_until(self) -> datetime | None:
        """Return when the newest item was seen that is decided about, or None."""
        ...

    async def delivery_records(self, story_ids: Iterable[int]) -> Mapping[tuple[str, int], DeliveryRecord]:
        """Return what each chat was sent of each story, by (chat, story), ordered messages included."""
        ...

    async def alerts_since(self, since: datetime) -> Mapping[str, Sequence[datetime]]:
        """Return when each chat was first sent each story, at or after `since`, in order."""
        ...

    async def preferences(self) -> Preferences:
        """Return what chats want beside their watches."""
        ...

    async def matched(self, item_ids: Iterable[int]) -> Mapping[tuple[int, str], int]:
        """Return the story of each (item, watch) that was matched before."""
        ...

    async def commit_batch(self, batch: Batch) -> None:
        """Commit a batch whole; a replay changes nothing."""
        ...


class RegroupStore(Protocol):
    """What the decide stage asks of the store where people may join stories and split them."""

    async def next_regrouping(self) -> Regrouping | None:
        """Return what people said first of a story, of all that can be done now, with the story as it is now.

        What is about a story that is being sent waits; what is about one that is gone, or was begun with again and
        again in vain, is laid aside.
        """
        ...

    async def commit_regrouping(self, done: Regrouped) -> bool:
        """Commit what came of that whole; a replay changes nothing. False when a story came to be sent meanwhile."""
        ...


class DeliverStore(Protocol):
    """What the deliver stage asks of the store."""

    async def recover(self, now: datetime, *, again: bool) -> int:
        """Mark rows left in "sending" by a crash as uncertain; return how many there were.

        Unless they may be sent `again` they stay so, but for changes of messages, which make no second one.
        """
        ...

    async def lately_sent(self, since: datetime) -> Sequence[tuple[int, datetime]]:
        """Return to which Telegram chats messages were sent since then, and when, in their order."""
        ...

    async def chats_waiting(self, now: datetime) -> Sequence[WaitingChat]:
        """Return the chats that may be sent something now, each with what is next there."""
        ...

    async def take_alerts(self, chats: Iterable[str], now: datetime) -> Sequence[Alert]:
        """Mark the next row of each chat as "sending" and return them with all that rendering needs."""
        ...

    async def settle(self, outcome: Outcome, now: datetime, retry: datetime, notice: str = "") -> None:
        """Commit what became of an alert, and what the owner is to know of it.

        One that is to be tried again waits until `retry`; a message that was sent is not changed before then.
        """
        ...


class UpkeepStore(Protocol):
    """What is asked of the store to look after it, by night and in trouble."""

    @property
    def deliver(self) -> "OwnerNotices":
        """Return where notices to the owner are queued."""
        ...

    def on_trouble(self, call: Callable[[str | None], None]) -> None:
        """Call a function when the database cannot be written for now, with the reason, and with None afterwards."""
        ...

    async def forget(self, now: datetime, items: timedelta, stories: timedelta) -> int:
        """Forget some of what is kept long enough; return how much, 0 when nothing is left to forget."""
        ...

    async def tidy(self, *, thorough: bool) -> str | None:
        """Look after indexes; when `thorough` check the whole file, and return what is wrong."""
        ...

    def newest_backup(self) -> datetime | None:
        """Return when the newest backup was written."""
        ...

    async def backup(self, now: datetime) -> Path | None:
        """Copy the database as it stands, checked. Raises StoreError."""
        ...


class OwnerNotices(Protocol):
    """Queues notices to the owner, of what needs a person."""

    async def notify(self, text: str, now: datetime) -> None:
        """Queue a notice to the owner; the same words once a day."""
        ...

    async def clamp(self, now: datetime) -> None:
        """Let no message wait longer than an hour because the clock was set back."""
        ...


class Channel(Protocol):
    """A way out: sends messages to the chats that it reaches."""

    @property
    def can(self) -> Abilities:
        """Return what it takes and can do."""
        ...

    def reaches(self, address: Address) -> bool:
        """Say whether a message for a chat can be sent now; until it can, it waits."""
        ...

    def hash(self, message: Message) -> str:
        """Return a hash of all that a reader sees of a message: with the same one nothing has changed."""
        ...

    async def deliver(self, alert: Alert, message: Message) -> Outcome:
        """Send, or edit where the alert is an edit; what the other side does wrong is a value."""
        ...
