"""Events: what a text mentions, with the words that say so, and the key by which reports are compared. Pure."""

from dataclasses import dataclass

from bot.core.model.items import Part


@dataclass(frozen=True, slots=True)
class Evidence:
    """The words that decided, where they stand, and which part of the watch they answer."""

    where: Part
    text: str
    slot: str


@dataclass(frozen=True, slots=True)
class EventSummary:
    """What happened, how certain it is, and who and which organisation are in it: what all events have."""

    kind: str
    certainty: str
    people: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event(EventSummary):
    """An event that a text mentions. `ruled_out` says why it is no news, and by which words."""

    where: Part = Part.TITLE
    evidence: tuple[Evidence, ...] = ()
    ruled_out: str | None = None
    is_named: bool = False  # whether its people are names, not roles
    also_in: tuple[Part, ...] = ()  # other parts of the item that mention it, too
    is_deep: bool = False  # mentioned in the body: news only for a watch that asks for the body
    words: str = ""  # from who it is about to the end of the wording: the post may stand there


@dataclass(frozen=True, slots=True)
class EventKey(EventSummary):
    """An event as reports are compared by it, before anything else."""

    is_named: bool = False  # whether its people are names, not roles
    roles: tuple[str, ...] = ()  # the posts that are named beside it
