"""Values of the desk, from an item to the batch it commits. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.core.model.specs import Priority


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of one feed, stored, waiting for or past the desk."""

    id: int
    title: str
    summary: str
    url: str | None
    outlet: str
    owner: str | None
    tags: tuple[str, ...]
    published: datetime | None
    seen: datetime
    is_backfill: bool = False
    edits: int = 0
    is_late_arrival: bool = False  # it was news before its feed was read, and stood where nobody saw it


class Part(StrEnum):
    """Where in an item the words that decided stand."""

    TITLE = "title"
    LEDE = "lede"
    BODY = "body"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The words that decided, where they stand, and which part of the watch they answer."""

    where: Part
    text: str
    slot: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, read out of a text. `ruled_out` says why it is no news, and by which words."""

    kind: str
    certainty: str
    people: tuple[str, ...]
    organisations: tuple[str, ...]
    where: Part
    evidence: tuple[Evidence, ...]
    ruled_out: str | None = None
    is_named: bool = False  # whether its people are names, not roles
    also_in: tuple[Part, ...] = ()  # other texts of the item that tell it, too
    is_deep: bool = False  # told in the body: news only to who asks for the body
    words: str = ""  # from who it is about to the end of the wording: the post may stand there


@dataclass(frozen=True, slots=True)
class Match:
    """An item that a watch wants, with the reasons; or would, were its event not in the background."""

    item: Item
    watch: str
    where: Part
    evidence: tuple[Evidence, ...]
    event: str | None = None
    certainty: str | None = None
    people: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    background: str | None = None  # why the event is no news


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A headline with a watched name and a role in which no event was read: a wording that may be missing."""

    item_id: int
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class EventKey:
    """What a report says has happened: by this, first of all, stories are told apart."""

    kind: str
    certainty: str
    people: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    is_named: bool = False  # whether its people are names, not roles
    roles: tuple[str, ...] = ()  # the posts that are named with it


@dataclass(frozen=True, slots=True)
class Source:
    """One outlet's report of a story. `credit` is the outlet that it says has it first."""

    item_id: int
    outlet: str
    owner: str | None
    title: str
    url: str | None
    at: datetime
    credit: str | None = None
    is_named: bool = False  # its headline names who it is about
    is_corrected: bool = False
    is_denial: bool = False


@dataclass(frozen=True, slots=True)
class Story:
    """What many outlets report is one story; `sources` are in order of arrival, the first one opened it.

    `possible_duplicate` is a story that it may belong to: the two were alike, but not surely the same.
    """

    id: int
    event_keys: tuple[EventKey, ...]
    sources: tuple[Source, ...]
    possible_duplicate: int | None = None

    @property
    def first(self) -> datetime:
        """Return when the first source was seen."""
        return self.sources[0].at

    @property
    def last(self) -> datetime:
        """Return when the newest source was seen."""
        return self.sources[-1].at

    @property
    def independent(self) -> int:
        """Return how many outlets report it of their own: not who denies it, and who cites another as that other."""
        return len({source.credit or source.outlet for source in self.sources if not source.is_denial})


class Action(StrEnum):
    """What the desk decided to do about an item, for one watch and chat."""

    ALERT = "alert"
    UPDATE = "update"
    REPLY = "reply"
    DIGEST = "digest"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Decision:
    """The end of an item's way for one watch and chat, with the reason. Watch and chat are "" for nobody."""

    item_id: int
    watch: str
    chat: str
    action: Action
    reason: str
    story_id: int | None = None


class MessageKind(StrEnum):
    """What an outbox row says, the most urgent first: a chat is told in this order."""

    ANSWER = "answer"  # to a command
    TOUCH = "touch"  # somebody pressed a button: the message shows it at once
    NOTICE = "notice"  # to the owner: something needs a person
    ALERT = "alert"
    REPLY = "reply"  # to the alert: the story has developed
    EDIT = "edit"
    DIGEST = "digest"  # many stories in one message

    @property
    def tells_a_story(self) -> bool:
        """Say whether it is about one story, or just words."""
        return self in {MessageKind.ALERT, MessageKind.REPLY, MessageKind.EDIT, MessageKind.TOUCH}

    @property
    def changes_a_message(self) -> bool:
        """Say whether it changes the message that tells its story."""
        return self in {MessageKind.EDIT, MessageKind.TOUCH}

    @property
    def is_news(self) -> bool:
        """Say whether it waits while a chat is to be left alone."""
        return self not in {MessageKind.ANSWER, MessageKind.NOTICE, MessageKind.TOUCH}


# The sections of a digest in their order, each with the kind of event whose stories stand in it; others stand last.
SECTIONS = {
    "departure": "LEAVING",
    "arrival": "JOINING",
    "funding": "FUNDING",
    "acquisition": "ACQUISITIONS",
    "layoffs": "LAYOFFS",
    "launch": "LAUNCHES",
    "lawsuit": "LAWSUITS",
    "outage": "OUTAGES",
}


@dataclass(frozen=True, slots=True)
class DigestLine:
    """What a digest tells of one story: with `news` that it has developed, `title` being the report that says so.

    `watches` are those for which alone it stands there; none means that it stands there for all of the chat.
    """

    title: str
    outlet: str
    url: str | None = None
    remark: str = ""  # why it stands in a digest
    news: str = ""
    event: str = ""
    watches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageOrder:
    """A message the desk wants told: one outbox row, unique by (chat, story, kind, revision); or a line of a digest."""

    chat: str
    story_id: int
    kind: MessageKind
    revision: int
    priority: Priority
    text: str = ""  # what is new
    line: DigestLine | None = None
    not_before: datetime | None = None  # when the digest is told


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """What a chat has been told of a story: its revision, or only a line in a digest.

    That line may stand there for some watches alone, which were snoozed or have low priority.
    """

    revision: int
    in_digest: bool = False
    watches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything one pass of the desk commits together."""

    done: tuple[Item, ...]
    matches: tuple[tuple[Match, int], ...]  # with the story's id
    stories: tuple[Story, ...]
    decisions: tuple[Decision, ...]
    orders: tuple[MessageOrder, ...]
    near_misses: tuple[NearMiss, ...] = ()


@dataclass(frozen=True, slots=True)
class Regrouping:
    """What a person said of a story: it is one with `possible_duplicate`, or, without that, a report is another story.

    `items` are the reports of the story, in the order of its sources; `possible_duplicate_items` those of the other;
    `told` is what each chat has been told of both, by chat and story.
    """

    id: int
    chat: str
    story: Story
    items: tuple[Item, ...]
    at: datetime
    possible_duplicate: Story | None = None
    possible_duplicate_items: tuple[Item, ...] = ()
    report: int | None = None  # the item that is another story: the newest when the person said so
    told: Mapping[tuple[str, int], DeliveryRecord] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Regrouped:
    """What comes of that: stories as they are from then on, and the messages that follow.

    `moved` are the reports that are in another story now, by their items; `joined` says which story went into which;
    `matches` and `decisions` are those about a report that is decided about anew.
    """

    asked: Regrouping
    stories: tuple[Story, ...] = ()
    moved: tuple[tuple[int, int], ...] = ()
    joined: tuple[int, int] | None = None
    orders: tuple[MessageOrder, ...] = ()
    matches: tuple[tuple[Match, int], ...] = ()
    decisions: tuple[Decision, ...] = ()
