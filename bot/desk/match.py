"""One item against all watches: hits with the words that decided. Pure.

A watched person may be called by surname alone, but a full name of somebody else does not match: "Jonas
Marten" is not Ilse Marten.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from bot.desk.frames import Mention, read_events
from bot.desk.query import Reading
from bot.desk.terms import Term
from bot.desk.watches import Keyword, Watch, Watchlist
from bot.model import Event, Evidence, Hit, Item, Miss, Where
from bot.text import Text, fold, lede, one_line, sentences, words

_BODY_LIMIT = 10_000  # characters; what stands deeper is not read
_BODY_SENTENCES = 8  # that hold a wording
_REGEX_LIMIT = 4_096  # characters of a text that a regex is asked about
_GIVEN_REACH = 3  # capitalised words before a surname that may belong to its name
_DEEP = "background: it stands deep in the text"
# Capitalised words that stand before a surname and are no given name.
_NOT_GIVEN = frozenset(
    {"after", "and", "as", "at", "but", "by", "for", "from", "how", "if", "in", "is", "says", "the", "then", "to"}
    | {"was", "when", "where", "why", "with", "mr", "mrs", "ms", "dr", "sir", "ceo", "cto", "cfo", "chair", "chief"}
    | {"founder", "president", "scientist", "researcher", "engineer", "director", "boss", "head", "update", "exclusive"}
    | {"breaking", "former", "ex", "cofounder", "on", "of", "will", "did", "does", "can", "could", "should", "would"}
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


@dataclass(frozen=True, slots=True)
class Answer:
    """What a watch answers to an item: a hit, or what it lacked. `near` says that something of it was there."""

    hit: Hit | None = None
    missing: str = ""
    near: bool = False


@dataclass(frozen=True, slots=True)
class Matched:
    """The hits of an item; and where it names somebody watched beside a role, but no event: what it may have told."""

    hits: tuple[Hit, ...]
    miss: Miss | None


def match(item: Item, watchlist: Watchlist) -> Matched:
    """Return a hit for each watch that wants the item, in the order of the watchlist.

    A hit with `background` set tells of an event that is no news; the desk keeps silent about it.
    """
    reading, mentions = read(item, watchlist)
    candidates = set(watchlist.asked)
    for term in reading.found:
        candidates.update(watchlist.watching.get(term, ()))
    for event in (*reading.events, *reading.background):
        candidates.update(watchlist.watching.get(event.kind, ()))
    for named in mentions:
        candidates.update(watchlist.watching.get((named.mention.name, named.mention.is_person), ()))
    answers = (ask(watchlist.watches[number], item, reading, mentions) for number in sorted(candidates))
    hits = tuple(answer.hit for answer in answers if answer.hit is not None)
    return Matched(hits, _miss(item, reading, mentions, watchlist) if mentions and watchlist.wants_events else None)


def explain(item: Item, watchlist: Watchlist) -> tuple[Reading, tuple[tuple[Watch, Answer], ...]]:
    """Return all that is read out of an item, its body too, and what every watch answers."""
    reading, mentions = read(item, watchlist, deep=True)
    return reading, tuple((watch, ask(watch, item, reading, mentions)) for watch in watchlist.watches)


def _miss(item: Item, reading: Reading, mentions: Sequence[Named], watchlist: Watchlist) -> Miss | None:
    if reading.events or reading.background:
        return None
    name = next((named.mention.name for named in mentions if named.where is Where.TITLE), None)
    role = next((word for word in reading.texts[Where.TITLE].words if watchlist.lexicon.is_role(word)), None)
    return Miss(item.id, name, role) if name is not None and role is not None else None


def read(item: Item, watchlist: Watchlist, *, deep: bool = False) -> tuple[Reading, tuple[Named, ...]]:
    """Return all that the watches may ask about an item; `deep` reads the body though no watch asks for it."""
    first = lede(item.summary)
    texts = {Where.TITLE: Text(item.title), Where.LEDE: Text(one_line(first)), Where.BODY: _EMPTY}
    if watchlist.wants_body or deep:
        texts[Where.BODY] = Text(_body(item.summary, first))
    found: dict[Term, tuple[Evidence, ...]] = {}
    mentions: list[Named] = []
    for where, text in texts.items():
        if not text.words:
            continue
        last_name = -1  # a name inside a longer one is the same mention
        for place in watchlist.index.find(text.words):
            use, quote = place.value, text.quote(place.first, place.last)
            if use.names and place.last > last_name:
                named = [
                    Named(where, Mention(name, is_person, place.first, place.last), quote)
                    for name, is_person in use.names
                    if not (is_person and place.first == place.last and _is_somebody_else(place.first, text, name))
                ]
                last_name = place.last if named else last_name
                mentions += named
            if use.term is not None:
                found[use.term] = (*found.get(use.term, ()), Evidence(where, quote, use.term.label))
    events = _events(texts, mentions, watchlist) if watchlist.wants_events or deep else ()
    news = tuple(event for event in events if event.ruled_out is None)
    background = tuple(event for event in events if event.ruled_out is not None)
    return Reading(texts, found, news, background, item.outlet, item.tags), tuple(mentions)


_EMPTY = Text("")


def _body(summary: str, first: str) -> str:
    return one_line(summary[len(first.rstrip("…")) : _BODY_LIMIT])


def _is_somebody_else(place: int, text: Text, name: str) -> bool:
    """Say whether a surname alone is no name here, or the end of another person's full name."""
    parts = words(name)
    if len(parts) < 2:
        return False
    start = text.spans[place][0]
    handle = text.raw[start - 1 : start] == "@"
    if handle or not text.raw[start].isupper():
        return not handle
    before = []
    for at in range(place - 1, max(place - 1 - _GIVEN_REACH, -1), -1):
        begin, end = text.spans[at]
        is_touching = text.raw[end : text.spans[at + 1][0]] in {" ", ". ", "-", '" ', "” ", ' "', " “"}
        if not is_touching or not text.raw[begin].isupper() or text.words[at] in _NOT_GIVEN:
            break
        before.append(text.words[at])
    if not before or parts[0] in before:
        return False
    if all(len(word) == 1 for word in before):
        # "A. Karpathy"
        return before[-1] != parts[0][0]
    return not text.raw[text.spans[place - 1][0] : text.spans[place - 1][1]].isupper()


def _events(texts: dict[Where, Text], mentions: Iterable[Named], watchlist: Watchlist) -> tuple[Event, ...]:
    """Return what the title tells, and what the texts below it tell beyond that."""
    events: list[Event] = []
    for where, text in texts.items():
        if where is Where.BODY or watchlist.lexicon.anchors.isdisjoint(text.words):
            continue
        here = [named.mention for named in mentions if named.where is where]
        for event in read_events(text, where, here, watchlist.lexicon):
            _merge(events, event)
    for event in _body_events(texts[Where.BODY], watchlist):
        _merge(events, event)
    return tuple(events)


def _body_events(body: Text, watchlist: Watchlist) -> Iterator[Event]:
    """Yield what the first sentences of a body tell; all of it is background."""
    if watchlist.lexicon.anchors.isdisjoint(body.words):
        return
    telling = (
        text for raw in sentences(body.raw) if not watchlist.lexicon.anchors.isdisjoint((text := Text(raw)).words)
    )
    for text in islice(telling, _BODY_SENTENCES):
        here = [
            Mention(name, is_person, place.first, place.last)
            for place in watchlist.index.find(text.words)
            for name, is_person in place.value.names
        ]
        for event in read_events(text, Where.BODY, here, watchlist.lexicon):
            yield event if event.ruled_out else replace(event, ruled_out=_DEEP)


def _merge(events: list[Event], event: Event) -> None:
    """Add an event of a lower text, or what it knows more of one that was told above."""
    for number, above in enumerate(events):
        if above.kind != event.kind or above.where is event.where or above.ruled_out is not None:
            continue
        is_same = (
            not event.people or not above.people or _share_a_word(above.people, event.people) or not event.is_named
        )
        if is_same and event.ruled_out is None:
            events[number] = replace(
                above,
                people=event.people if event.is_named and not above.is_named else above.people,
                is_named=above.is_named or event.is_named,
                organisations=above.organisations or event.organisations,
            )
            return
    events.append(event)


def _share_a_word(one: Sequence[str], other: Sequence[str]) -> bool:
    return bool({word for name in one for word in words(name)} & {word for name in other for word in words(name)})


def ask(watch: Watch, item: Item, reading: Reading, mentions: Sequence[Named]) -> Answer:
    """Ask one watch about an item: every kind of word that it names has to be answered."""
    evidence: list[Evidence] = []
    event: Event | None = None
    if watch.events:
        event = _event(watch, reading, mentions)
        if event is None:
            return _no_event(watch, reading, mentions)
        evidence += event.evidence
    for names, is_person in ((watch.people, True), (watch.organisations, False)):
        # beside an event its people and organisations may stand anywhere in the headline or first paragraph
        where = {*watch.where, Where.TITLE, Where.LEDE} if event else set(watch.where)
        named = [
            n.evidence
            for n in mentions
            if n.mention.name in names and n.mention.is_person is is_person and n.where in where
        ]
        if names and not named:
            return Answer(missing=f"none of {', '.join(names)}", near=bool(evidence))
        evidence += named
    if watch.keywords:
        told = [_keyword(word, watch, reading) for word in watch.keywords]
        if not any(pieces for pieces, _ in told):
            return Answer(
                missing=f"none of the keywords {', '.join(w.term.label for w in watch.keywords)}", near=bool(evidence)
            )
        evidence += [piece for pieces, _ in told for piece in pieces]
        event = event or next((e for _, e in told if e is not None), None)
    if watch.query is not None:
        answer = watch.query.question(reading)
        if answer is None:
            return Answer(missing="the query is not true of it", near=bool(evidence))
        evidence += answer
    if watch.patterns:
        found = _patterns(watch, reading)
        if not found:
            return Answer(missing="the regex does not occur", near=bool(evidence))
        evidence += found
    if missing := _refusal(watch, item, reading):
        return Answer(missing=missing, near=True)
    return Answer(_hit(watch, item, event or _told(reading, watch, evidence), evidence))


def _refusal(watch: Watch, item: Item, reading: Reading) -> str:
    """Return what of a watch's conditions an item fails, "" for none."""
    for term in watch.exclude:
        if any(piece.where in watch.where for piece in reading.found.get(term, ())):
            return f'"{term.label}" is there, which it does not want'
    if watch.sources and not any(source in fold(item.outlet) for source in watch.sources):
        return f"{item.outlet} is none of its sources"
    if watch.tags and not watch.tags & set(map(fold, item.tags)):
        return "the feed has none of its tags"
    return ""


def _event(watch: Watch, reading: Reading, mentions: Sequence[Named]) -> Event | None:
    """Return the event a watch asks for; one in the background where there is no other."""
    fitting = (
        event
        for event in (*reading.events, *reading.background)
        if event.kind in watch.events and event.where in watch.where and _is_about(watch, event, mentions)
    )
    return next((event for event in fitting if event.certainty in watch.certainty or event.ruled_out), None)


def _is_about(watch: Watch, event: Event, mentions: Sequence[Named]) -> bool:
    """Say whether an event is about a watch's people and organisations, as far as it names any."""
    here = {n.mention.name for n in mentions if n.where in {Where.TITLE, Where.LEDE}}
    if watch.people and not set(event.people) & set(watch.people):
        if event.is_named and not _share_a_word(event.people, watch.people):
            return False
        if not here & set(watch.people):
            return False
    if watch.organisations and not set(event.organisations) & set(watch.organisations):
        return not event.organisations and bool(here & set(watch.organisations))
    return True


def _no_event(watch: Watch, reading: Reading, mentions: Sequence[Named]) -> Answer:
    """Say what was there instead of the event a watch asks for."""
    kinds = " or ".join(sorted(watch.events))
    of_kind = [event for event in (*reading.events, *reading.background) if event.kind in watch.events]
    named = {n.mention.name for n in mentions} & {*watch.people, *watch.organisations}
    if not of_kind:
        return Answer(missing=f"no {kinds} was read in it", near=bool(named))
    event = of_kind[0]
    if not _is_about(watch, event, mentions):
        whom = ", ".join((*event.people, *event.organisations)) or "nobody it names"
        return Answer(missing=f"the {event.kind} is about {whom}", near=True)
    if event.where not in watch.where:
        return Answer(missing=f"the {event.kind} stands in the {event.where}", near=True)
    return Answer(missing=f"the {event.kind} is {event.certainty}, which it does not want", near=True)


def _keyword(word: Keyword, watch: Watch, reading: Reading) -> tuple[tuple[Evidence, ...], Event | None]:
    """Return where a keyword stands, as words or as the event that it means."""
    pieces = tuple(piece for piece in reading.found.get(word.term, ()) if piece.where in watch.where)
    for event in reading.events if word.kinds else ():
        names = event.people if word.is_person else (*event.organisations, *event.people)
        if (
            event.kind in word.kinds
            and word.name in names
            and event.where in watch.where
            and event.certainty in watch.certainty
        ):
            return (*event.evidence, *pieces), event
    ruled_out = any(event.kind in word.kinds and word.name in event.organisations for event in reading.background)
    if ruled_out and not any(event.kind in word.kinds for event in reading.events):
        # "leaving OpenAI out of the plan" holds the words and not what they mean
        return (), None
    return pieces, None


def _patterns(watch: Watch, reading: Reading) -> list[Evidence]:
    texts = [(where, reading.texts[where].raw[:_REGEX_LIMIT]) for where in watch.where]
    found = ((where, pattern.search(text)) for pattern in watch.patterns for where, text in texts)
    return [Evidence(where, hit.group(0), "regex") for where, hit in found if hit is not None]


def _told(reading: Reading, watch: Watch, evidence: Sequence[Evidence]) -> Event | None:
    """Return the event that a watch would be told about: one its query asked for, or one about its people."""
    asked = (event for event in reading.events if set(event.evidence) & set(evidence))
    about = (event for event in reading.events if set(event.people) & set(watch.people))
    return next(iter((*asked, *about)), None)


def _hit(watch: Watch, item: Item, event: Event | None, evidence: Sequence[Evidence]) -> Hit:
    places = [piece.where for piece in evidence]
    is_wanted = event is None or event.ruled_out is None or "background" in watch.certainty
    return Hit(
        item=item,
        watch=watch.name,
        where=next((where for where in _PLACES if where in places), Where.TITLE),
        evidence=tuple(dict.fromkeys(evidence)),
        event=event.kind if event else None,
        certainty=("background" if event.ruled_out else event.certainty) if event else None,
        people=event.people if event else (),
        organisations=event.organisations if event else (),
        background=None if is_wanted or event is None else event.ruled_out,
    )
