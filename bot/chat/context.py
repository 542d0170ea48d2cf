"""What a command gets, what it gives back, and the services that commands use. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.model import (
    AddFeed,
    AddWatch,
    Answer,
    Expel,
    Explained,
    FeedHealth,
    FeedSpec,
    Hours,
    Member,
    Mutation,
    RemoveFeed,
    RemoveWatch,
    Stats,
    Status,
    StoredItem,
    TokenSubject,
    Trial,
    WatchSpec,
)


@dataclass(frozen=True, slots=True)
class FoundFeed:
    """A feed that could be added: its address, its own title, how many entries it has, and the newest of them."""

    url: str
    title: str
    entries: int
    newest: str


class Services(Protocol):
    """What commands ask of the other parts."""

    def watches(self) -> Sequence[WatchSpec]:
        """Return the watches in force, from the configuration and from chats."""
        ...

    def understand(self, text: str, chat: str) -> WatchSpec:
        """Return the watch that a line asks for. Raises WatchError."""
        ...

    async def try_out(self, watch: WatchSpec) -> Trial:
        """Return what a watch would have found in the last month."""
        ...

    async def feeds(self) -> Sequence[FeedHealth]:
        """Return the feeds and how they are doing."""
        ...

    async def find_feeds(self, url: str) -> Sequence[FoundFeed] | str:
        """Return the feeds at an address or of the page there, the best first, or why there is none, in words."""
        ...

    async def reload(self) -> None:
        """Take over the watches and feeds of the chats."""
        ...

    async def status(self) -> Status:
        """Return the state of the feeds, the items and the outbox."""
        ...

    async def backup(self) -> str:
        """Copy the database; return how the copy is called. Raises StoreError."""
        ...


class ChatStore(Protocol):
    """What the chat asks of the store."""

    async def members(self) -> dict[int, Member]:
        """Return the chats that have an address, by their Telegram id."""
        ...

    async def names_given(self) -> set[str]:
        """Return how all chats are called, and those that are none any more."""
        ...

    async def can_show(self, chat: str, digest: int, number: int) -> bool:
        """Say whether a numbered line of a digest has a story that can be sent in a message of its own."""
        ...

    async def held(self, token: str) -> TokenSubject | None:
        """Return what the token on a button stands for."""
        ...

    async def feeds(self) -> Sequence[tuple[str, FeedSpec]]:
        """Return the feeds that were added in chats, each with its chat."""
        ...

    async def hours(self, chat: str) -> Hours:
        """Return when a chat is sent what."""
        ...

    async def snoozed(self, chat: str, now: datetime) -> dict[str, datetime]:
        """Return the watches that a chat has snoozed, and until when."""
        ...

    async def story_sent_by(self, chat: str, message_id: int) -> int | None:
        """Return the story that a message in a chat is about."""
        ...

    async def explain(self, wanted: str, chat: str | None) -> Sequence[Explained]:
        """Return the decisions about an item or a story, in order; of one chat, or of all."""
        ...

    async def search(self, words: str, limit: int) -> Sequence[StoredItem]:
        """Return stored items with all of these words, the newest first."""
        ...

    async def stats(self, chat: str, now: datetime, days: int) -> Stats:
        """Return what a chat was sent in so many days."""
        ...

    async def is_invited(self, sha256: str, now: datetime) -> bool:
        """Say whether there is an invitation with this digest that still serves."""
        ...

    async def pair(self, chat_id: int, update_id: int, answer: str, now: datetime) -> None:
        """Make a chat the owner's, and answer it; one transaction."""
        ...

    async def carry_out(
        self,
        chat: str,
        update_id: int,
        changes: Sequence[Mutation],
        answers: Sequence[Answer],
        now: datetime,
        *,
        thread: int | None = None,
        target: int | None = None,
    ) -> bool:
        """Change what an update asks for and answer it, all or nothing, and once; return whether it is news."""
        ...

    async def migrate(self, old: int, new: int) -> None:
        """Follow a group to its new id."""
        ...

    async def resume(self, chat_id: int) -> None:
        """Write again to a chat that had shut the bot out."""
        ...


@dataclass(frozen=True, slots=True)
class CommandContext:
    """One question of one person in one chat, and whom to ask about it."""

    member: Member
    user_id: int | None
    is_forum: bool
    words: str  # what stands behind the command
    reply_to: int | None  # the message that it answers
    token: str  # a new one, for a question
    bot: str  # the bot's username
    now: datetime
    services: Services
    store: ChatStore

    @property
    def chat(self) -> str:
        """Return how the chat is called."""
        return self.member.name


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What a command comes to: answers, and what is to be changed with them; `toast` is shown over a button."""

    answers: tuple[Answer, ...] = ()
    changes: tuple[Mutation, ...] = ()
    toast: str = ""
    replaces: bool = False  # the first answer takes the place of the message that asked

    @property
    def needs_reload(self) -> bool:
        """Say whether watches or feeds change."""
        return any(isinstance(change, AddWatch | RemoveWatch | AddFeed | RemoveFeed | Expel) for change in self.changes)
