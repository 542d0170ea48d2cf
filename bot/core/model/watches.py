"""A watch as a person writes it: each field declared once, with its key, its type, its default and its help. Pure.

From this table come the keys of `[[watch]]` and their checks (`bot.config.watchlist`), `/export`, `tipoff watches`
and how the watches of chats are stored (`bot.core.watch_text`), and the table in `docs/configuration.md`.
"""

from dataclasses import MISSING, Field, dataclass, field, fields
from enum import StrEnum
from typing import Any, get_type_hints

from bot.core.errors import WatchError
from bot.core.event_kinds import CERTAINTIES, EVENT_KINDS
from bot.core.model.items import Part
from bot.core.settings import unknown_key


class Priority(StrEnum):
    """How loud the alerts of a watch are."""

    HIGH = "high"  # sent in quiet hours, too
    NORMAL = "normal"
    LOW = "low"  # sent without a sound, or in the digest of the day


def _declared(
    default: Any,
    help: str,  # noqa: A002  # the field's own word
    *,
    key: str = "",
    noun: str = "",
    choices: tuple[str, ...] = (),
    low: int = 0,
    high: int = 0,
) -> Any:
    """Declare a field: its default, what it means, how it is called in the file, and what it may hold.

    `noun` is what one of the `choices` is called in a mistake; a whole number is from `low` to `high`.
    """
    about = {"help": help, "key": key, "noun": noun, "choices": choices, "low": low, "high": high}
    return field(default=default, metadata=about)


@dataclass(frozen=True, slots=True)
class WatchSpec:
    """A watch as a person wrote it; `bot.watches.watchlist` compiles it."""

    name: str = _declared(MISSING, "how the watch is called; no two watches have the same name")
    to: tuple[str, ...] = _declared(("me",), 'the chats; `["me"]` if left out')
    events: tuple[str, ...] = _declared(
        (),
        f"something that happened, however it is worded: {', '.join(f'`{kind}`' for kind in EVENT_KINDS)}, or a list "
        "of them ([how it is read](lexicon.md))",
        key="event",
        noun="event",
        choices=tuple(sorted(EVENT_KINDS)),
    )
    people: tuple[str, ...] = _declared(
        (), "full names; the surname alone counts, unless another given name stands before it"
    )
    organisations: tuple[str, ...] = _declared((), "names and their aliases")
    keywords: tuple[str, ...] = _declared(
        (),
        'words side by side, in every inflection (`leaving OpenAI` is also "left OpenAI"). A wording of an event '
        'beside a name means the event: `leaving OpenAI` is also "steps down at OpenAI" and "OpenAI ousts its CFO". '
        "Capitalised words are names and do not inflect; `'\"Tor Browser\"'`, in quotes of its own, is literal",
    )
    query: str | None = _declared(
        None,
        'Lucene syntax: `AND OR NOT`, `+` and `-`, parentheses, `"phrases"`, `"a b"~5`, `depart*`, fields `title: '
        "lede: body: source: tag: event: certainty: person: organisation:` (the last four are asked of one and the "
        "same event), and `*` for every item. Words side by side mean AND",
    )
    regex: tuple[str, ...] = _declared(
        (), "a pattern of RE2, case aside, at most 256 characters; it sees the first 4,096 of each text"
    )
    exclude: tuple[str, ...] = _declared(
        (), "words that must be neither there nor in headline and first paragraph", key="not"
    )
    where: tuple[Part, ...] = _declared(
        (Part.TITLE, Part.LEDE),
        "`title`, `lede` (the first paragraph), `body`; title and lede if left out",
        noun="place",
        choices=tuple(Part),
    )
    certainty: tuple[str, ...] = _declared(
        CERTAINTIES[:-1],
        "how certain an event has to be, be it asked for by `event`, a keyword or a query: `stated`, `planned`, "
        "`reported`, `denied`; all four if left out. `background` lets through what is no news: a call to resign, a "
        "question, an event of years ago. A watch that asks for no event cannot have it",
        noun="certainty",
        choices=CERTAINTIES,
    )
    sources: tuple[str, ...] = _declared((), "only feeds whose name holds all words of one of these")
    tags: tuple[str, ...] = _declared((), "only feeds that have one of these tags")
    priority: Priority = _declared(
        Priority.NORMAL,
        "`high` goes through quiet hours, `low` waits for the chat's digest, or makes no sound where it has none "
        "([hours](hours.md))",
        choices=tuple(Priority),
    )


@dataclass(frozen=True, slots=True)
class WatchField:
    """What is declared of a field of a watch: `name` is its name here, `key` that in the file."""

    name: str
    key: str
    kind: Any
    default: Any
    help: str
    noun: str
    choices: tuple[str, ...]
    low: int
    high: int

    @property
    def is_list(self) -> bool:
        """Say whether it holds several texts."""
        return isinstance(self.default, tuple)

    @property
    def element(self) -> Any:
        """Return the type of its value, or of each of its values."""
        return self.kind.__args__[0] if self.is_list else self.kind

    def unknown(self, value: str) -> str:
        """Return what is wrong with a value that is none of the choices."""
        return unknown_key(value, self.choices).replace("key", self.noun, 1)


def _watch_field(declared: "Field[Any]") -> WatchField:
    about = dict(declared.metadata)
    return WatchField(
        declared.name, about.pop("key") or declared.name, _TYPES[declared.name], declared.default, **about
    )


_TYPES = get_type_hints(WatchSpec)
WATCH_FIELDS = tuple(map(_watch_field, fields(WatchSpec)))


def check_choices(spec: WatchSpec) -> None:
    """Raise WatchError at the first value of a watch that is none of those its field may hold."""
    for one in WATCH_FIELDS:
        values = getattr(spec, one.name) if one.is_list else (getattr(spec, one.name),)
        for value in values if one.choices else ():
            if value not in one.choices:
                raise WatchError(one.unknown(value), key=one.key)
