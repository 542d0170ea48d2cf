"""One item against all watches: hits with the words that decided. Pure.

A watched person may be called by surname alone, but a full name of somebody else does not match: "Jonas
Marten" is not Ilse Marten.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.desk.frames import Mention, read_events
from bot.desk.query import Reading
from bot.desk.terms import Found, Term
from bot.desk.watches import Watch, Watchlist
from bot.model import Event, Evidence, Hit, Item, Where
from bot.text import Token, fold, lede, one_line, tokens

_BODY_LIMIT = 10_000  # characters; what stands deeper is background
# Capitalised words that stand before a surname and are no given name.
_NOT_GIVEN = frozenset(
    {"after", "and", "as", "at", "but", "by", "for", "from", "how", "if", "in", "is", "says", "the", "then", "to"}
    | {"was", "when", "where", "why", "with", "mr", "mrs", "ms", "dr", "sir", "ceo", "cto", "cfo", "chair", "chief"}
    | {"founder", "president", "scientist", "researcher", "engineer", "director", "boss", "head", "update", "exclusive"}
)
_PLACES = (Where.TITLE, Where.LEDE, Where.BODY)


@dataclass(frozen=True, slots=True)
class Named:
    """A watched name in an item: where it stands, what it names, and the words."""

    where: Where
    mention: Mention
    words: str

    @property
    def evidence(self) -> Evidence:
        """Return the words as evidence for the name."""
        return Evidence(self.where, self.words, self.mention.name)


def match(item: Item, watchlist: Watchlist) -> tuple[Hit, ...]:
    """Return a hit for each watch that wants the item, in the order of the watchlist."""
    reading, mentions = read(item, watchlist)
    candidates = set(watchlist.asked)
    for term in reading.found:
        candidates.update(watchlist.watching.get(term, ()))
    for named in mentions:
        candidates.update(watchlist.watching.get(named.mention.name, ()))
    hits = (_ask(watchlist.watches[number], item, reading, mentions) for number in sorted(candidates))
    return tuple(hit for hit in hits if hit is not None)


def read(item: Item, watchlist: Watchlist) -> tuple[Reading, tuple[Named, ...]]:
    """Return all that the watches may ask about an item."""
    first = lede(item.summary)
    texts = {Where.TITLE: item.title, Where.LEDE: one_line(first), Where.BODY: _body(item.summary, first)}
    split = {where: tokens(text) for where, text in texts.items()}
    found: dict[Term, tuple[Evidence, ...]] = {}
    mentions: list[Named] = []
    for where in _PLACES:
        last_name = -1  # a name inside a longer one is the same mention
        for place in watchlist.index.find(split[where]):
            text = texts[where]
            if (name := watchlist.names.get(place.term)) is not None:
                is_inside = place.last <= last_name
                last_name = max(last_name, place.last)
                if not is_inside and not (name[1] and _is_somebody_else(place, split[where], text, name[0])):
                    mentions.append(Named(where, Mention(*name, place), text[place.start : place.end]))
            else:
                evidence = Evidence(where, text[place.start : place.end], place.term.label)
                found[place.term] = (*found.get(place.term, ()), evidence)
    events = _events(texts, mentions, watchlist) if watchlist.wants_events else ()
    return Reading(texts, split, found, events, item.outlet, item.tags), tuple(mentions)


def _body(summary: str, first: str) -> str:
    return one_line(summary[len(first.rstrip("…")) : _BODY_LIMIT])


def _is_somebody_else(place: Found, text: Sequence[Token], source: str, name: str) -> bool:
    """Say whether a surname alone is the end of another person's full name."""
    if len(place.term.forms) > 1 or place.first == 0 or " " not in name:
        return False
    before = text[place.first - 1]
    touching = source[before.end : place.start] == " "
    given = source[before.start : before.end]
    is_given = given[:1].isupper() and given[1:].islower() and before.folded not in _NOT_GIVEN
    return touching and is_given and before.folded != fold(name.split()[0])


def _events(texts: dict[Where, str], mentions: Iterable[Named], watchlist: Watchlist) -> tuple[Event, ...]:
    """Return what the title tells, and what the first paragraph tells beyond it."""
    events: dict[str, Event] = {}
    for where in (Where.TITLE, Where.LEDE):
        here = [named.mention for named in mentions if named.where is where]
        for event in read_events(texts[where], where, here, watchlist.lexicon):
            events.setdefault(event.kind, event)
    return tuple(events.values())


def _ask(watch: Watch, item: Item, reading: Reading, mentions: Sequence[Named]) -> Hit | None:
    """Return the hit of one watch, or None: every kind of word it names has to be answered."""
    evidence: list[Evidence] = []
    event = None
    if watch.events:
        event = _event(watch, reading)
        if event is None:
            return None
        evidence += event.evidence
    for names in (watch.people, watch.organisations):
        # beside an event its people and organisations may stand anywhere in the headline or first paragraph
        where = tuple({*watch.where, Where.TITLE, Where.LEDE}) if event else watch.where
        named = [n.evidence for n in mentions if n.mention.name in names and n.where in where]
        if names and not named:
            return None
        evidence += named
    if watch.keywords:
        words = [e for term in watch.keywords for e in reading.found.get(term, ()) if e.where in watch.where]
        if not words:
            return None
        evidence += words
    if watch.query is not None:
        answer = watch.query.question(reading)
        if answer is None:
            return None
        evidence += answer
    if any(e.where in watch.where for term in watch.exclude for e in reading.found.get(term, ())):
        return None
    return _hit(watch, item, event or _told(reading, watch), evidence)


def _event(watch: Watch, reading: Reading) -> Event | None:
    for event in reading.events:
        if event.kind in watch.events and event.where in watch.where:
            return event
    return None


def _told(reading: Reading, watch: Watch) -> Event | None:
    """Return the event that a watch did not ask for but would be told about: it is about its people."""
    return next((event for event in reading.events if set(event.people) & set(watch.people)), None)


def _hit(watch: Watch, item: Item, event: Event | None, evidence: Sequence[Evidence]) -> Hit:
    places = [piece.where for piece in evidence]
    return Hit(
        item=item,
        watch=watch.name,
        where=next((where for where in _PLACES if where in places), Where.TITLE),
        evidence=tuple(dict.fromkeys(evidence)),
        event=event.kind if event else None,
        certainty=event.certainty if event else None,
        people=event.people if event else (),
        organisations=event.organisations if event else (),
    )
