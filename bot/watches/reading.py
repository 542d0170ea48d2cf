"""Reads an item once for all watches: which names and words stand where, and which events are mentioned. Pure.

A watched person may be called by surname alone, but a full name of somebody else does not match: "Jonas
Marten" is not Ilse Marten.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from bot.core.model import Event, Evidence, Item, Part
from bot.core.text import Text, lede, one_line, sentences, words
from bot.events.frames import Mention, read_events
from bot.events.lexicon import Lexicon
from bot.events.outlets import Title
from bot.events.surnames import is_somebody_else
from bot.watches.query import Reading
from bot.watches.terms import Term
from bot.watches.watchlist import Spelling, Watchlist

_BODY_LIMIT = 8_000  # characters; what stands deeper is not read
_BODY_SENTENCES = 6  # that hold a wording
Familiar = Callable[[Text], Sequence[Mention]]  # whom a text names that is known from elsewhere
DEEP = "background: it stands deep in the text"


@dataclass(frozen=True, slots=True)
class Named:
    """A watched name in an item: where it stands, what it names, and the words."""

    where: Part
    mention: Mention
    words: str

    @property
    def evidence(self) -> Evidence:
        """Return the words as evidence for the name."""
        return Evidence(self.where, self.words, self.mention.name)


def read(
    item: Item, watchlist: Watchlist, familiar: Familiar | None = None, *, deep: bool = False
) -> tuple[Reading, tuple[Named, ...]]:
    """Return all that the watches may ask about an item; `deep` reads the body though no watch asks for it.

    Whom `familiar` finds in the title is somebody where an event is read, and no name that a watch asks for.
    """
    first = lede(item.summary)
    texts = {Part.TITLE: Text(Title(item.title).with_tail_apart), Part.LEDE: Text(one_line(first)), Part.BODY: _EMPTY}
    if watchlist.wants_body or deep:
        texts[Part.BODY] = Text(_body(item.summary, first))
    found: dict[Term, tuple[Evidence, ...]] = {}
    mentions: list[Named] = []
    for where, text in texts.items():
        if not text.words:
            continue
        here: list[Named] = []
        for place in watchlist.index.find(text.words):
            use, quote = place.value, text.quote(place.first, place.last)
            here += (
                Named(where, Mention(meant.name, meant.is_person, place.first, place.last), quote)
                for meant in use.names
                if not _is_another(place.first, text, meant, watchlist.lexicon)
            )
            if use.term is not None:
                found[use.term] = (*found.get(use.term, ()), Evidence(where, quote, use.term.label))
        mentions += (named for named in here if not any(_holds(other.mention, named.mention) for other in here))
    events = _events(texts, mentions, watchlist, familiar) if watchlist.wants_events or deep else ()
    news = tuple(event for event in events if event.ruled_out is None)
    background = tuple(event for event in events if event.ruled_out is not None)
    return Reading(texts, found, news, background, item.outlet, item.tags, events), tuple(mentions)


_EMPTY = Text("")


def events_of(texts: Mapping[Part, Text], watchlist: Watchlist, familiar: Familiar | None = None) -> tuple[Event, ...]:
    """Return the events that are mentioned in an item's title and lede, whoever is watched."""
    return _events({**texts, Part.BODY: _EMPTY}, (), watchlist, familiar)


def _body(summary: str, first: str) -> str:
    return one_line(summary[len(first.rstrip("…")) : _BODY_LIMIT])


def _holds(longer: Mention, shorter: Mention) -> bool:
    """Say whether one mention of a name is a part of another mention of it: "Corvid" in "Corvid AI"."""
    is_same = longer.name == shorter.name and longer.is_person is shorter.is_person
    return is_same and longer is not shorter and longer.first <= shorter.first and shorter.last <= longer.last


def _is_another(place: int, text: Text, meant: Spelling, lexicon: Lexicon) -> bool:
    """Say whether words are no name where they stand, or somebody else's."""
    if meant.is_person:
        return meant.is_surname and is_somebody_else(place, text, meant.name, lexicon)
    # "an apple a day": a firm whose name is a word is written with a capital letter
    is_word = lexicon.is_word(text.words[place]) and len(words(meant.name)) == 1
    return is_word and text.raw[text.spans[place][0]].islower()


def _events(
    texts: dict[Part, Text], mentions: Iterable[Named], watchlist: Watchlist, familiar: Familiar | None
) -> tuple[Event, ...]:
    """Return the events of the title, and those of the texts below it that are not among them."""
    events: list[Event] = []
    for where, text in texts.items():
        if where is Part.BODY or watchlist.lexicon.anchors.isdisjoint(text.words):
            continue
        here = [named.mention for named in mentions if named.where is where]
        if familiar is not None and where is Part.TITLE:
            here += [mention for mention in familiar(text) if not any(_overlap(mention, other) for other in here)]
        for event in read_events(text, where, here, watchlist.lexicon):
            _merge(events, event)
    for event in _body_events(texts[Part.BODY], watchlist):
        _merge(events, event)
    return tuple(events)


def _overlap(one: Mention, other: Mention) -> bool:
    return one.first <= other.last and other.first <= one.last


def _body_events(body: Text, watchlist: Watchlist) -> Iterator[Event]:
    """Yield the events of the first sentences of a body; all of them are background."""
    if watchlist.lexicon.anchors.isdisjoint(body.words):
        return
    with_events = (
        text for raw in sentences(body.raw) if not watchlist.lexicon.anchors.isdisjoint((text := Text(raw)).words)
    )
    for text in islice(with_events, _BODY_SENTENCES):
        here = [
            Mention(meant.name, meant.is_person, place.first, place.last)
            for place in watchlist.index.find(text.words)
            for meant in place.value.names
            if not _is_another(place.first, text, meant, watchlist.lexicon)
        ]
        for event in read_events(text, Part.BODY, here, watchlist.lexicon):
            yield replace(event, is_deep=True, ruled_out=event.ruled_out or DEEP)


def _merge(events: list[Event], event: Event) -> None:
    """Add an event of a lower text, or what it adds to one that is mentioned above.

    The same people, or the same organisation where one of the two names nobody: a title with a role, a lede with
    the name. What is said of somebody else is an event of its own.
    """
    for number, above in enumerate(events):
        if above.kind != event.kind or above.where is event.where or above.ruled_out is not None:
            continue
        if event.ruled_out is None and _is_same(above, event):
            events[number] = replace(
                above,
                people=event.people if event.is_named and not above.is_named else above.people,
                is_named=above.is_named or event.is_named,
                organisations=above.organisations or event.organisations,
                also_in=(*above.also_in, event.where),
            )
            return
    events.append(event)


def _is_same(above: Event, event: Event) -> bool:
    if above.is_named and event.is_named:
        return _share_a_word(above.people, event.people)
    if above.organisations and event.organisations:
        return _share_a_word(above.organisations, event.organisations)
    return (not above.is_named and event.is_named) or _share_a_word(above.people, event.people)


def _share_a_word(one: Sequence[str], other: Sequence[str]) -> bool:
    return bool({word for name in one for word in words(name)} & {word for name in other for word in words(name)})
