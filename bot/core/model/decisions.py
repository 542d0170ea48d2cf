"""What the decide stage commits: decisions with their reasons, orders for messages, delivery records. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from bot.core.model.items import Item
from bot.core.model.outbox import MessageOrder
from bot.core.model.stories import Match, NearMiss, Story


class Action(StrEnum):
    """What the decide stage does about an item, for one watch and chat."""

    ALERT = "alert"
    UPDATE = "update"
    REPLY = "reply"
    DIGEST = "digest"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about an item for one watch and chat, and why. Watch and chat are "" where no watch wants it."""

    item_id: int
    watch: str
    chat: str
    action: Action
    reason: str
    story_id: int | None = None


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """What a chat was sent of a story: the message in a revision, or only a line in a digest.

    `watches` are those for which alone the line stands there: they were snoozed, or have low priority.
    """

    revision: int
    in_digest: bool = False
    watches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything that one pass of the decide stage commits together."""

    done: tuple[Item, ...]
    matches: tuple[tuple[Match, int], ...]  # with the story's id
    stories: tuple[Story, ...]
    decisions: tuple[Decision, ...]
    orders: tuple[MessageOrder, ...]
    near_misses: tuple[NearMiss, ...] = ()
