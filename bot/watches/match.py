"""One item against all watches: matches with the words that decided. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.core.event_kinds import EVENT_KINDS
from bot.core.model import Event, EventSummary, Evidence, Item, Match, NearMiss, Part
from bot.core.text import fold, words
from bot.watches.query import Reading
from bot.watches.reading import DEEP, Familiar, Named, events_of, read
from bot.watches.watchlist import Keyword, Watch, Watchlist

_REGEX_LIMIT = 4_096  # characters of a text that a regex is asked about
_PLACES = (Part.TITLE, Part.LEDE, Part.BODY)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a watch answers to an item: a match, or what it lacked. `near` says that something of it was there."""

    match: Match | None = None
    missing: str = ""
    near: bool = False
    lacks: str = ""  # "source" or "tag", where the item says nothing of what the watch wants of its feed


@dataclass(frozen=True, slots=True)
class Matched:
    """The matches of an item, and its events.

    `near_miss`: where it names somebody watched beside a role, but no event: the words.
    """

    matches: tuple[Match, ...]
    near_miss: NearMiss | None
    events: tuple[Event, ...] = ()  # those that are no news among them


def match_item(item: Item, watchlist: Watchlist, familiar: Familiar | None = None) -> Matched:
    """Return a match for each watch that wants the item, in the order of the watchlist; `familiar`: as for `read`.

    A match with `background` set has an event that is no news; it stays silent.
    """
    reading, mentions = read(item, watchlist, familiar)
    candidates = set(watchlist.asked)
    for term in reading.found:
        candidates.update(watchlist.watching.get(term, ()))
    for event in (*reading.events, *reading.background):
        candidates.update(watchlist.watching.get(event.kind, ()))
    for named in mentions:
        candidates.update(watchlist.watching.get((named.mention.name, named.mention.is_person), ()))
    answers = (ask(watchlist.watches[number], item, reading, mentions) for number in sorted(candidates))
    matches = tuple(answer.match for answer in answers if answer.match is not None)
    near_miss = _near_miss(item, reading, mentions, watchlist) if mentions and watchlist.wants_events else None
    return Matched(matches, near_miss, _events(reading, watchlist, familiar) if matches else ())


def _events(reading: Reading, watchlist: Watchlist, familiar: Familiar | None) -> tuple[Event, ...]:
    """Return the events of an item that somebody wants, also where no watch asks for events: stories do."""
    if watchlist.wants_events:
        return (*reading.events, *reading.background)
    return events_of(reading.texts, watchlist, familiar)


def explain_match(item: Item, watchlist: Watchlist) -> tuple[Reading, tuple[tuple[Watch, Explanation], ...]]:
    """Return all that is read out of an item, its body too, and what every watch answers."""
    reading, mentions = read(item, watchlist, deep=True)
    return reading, tuple((watch, ask(watch, item, reading, mentions)) for watch in watchlist.watches)


def _near_miss(item: Item, reading: Reading, mentions: Sequence[Named], watchlist: Watchlist) -> NearMiss | None:
    if reading.events or reading.background:
        return None
    name = next((named.mention.name for named in mentions if named.where is Part.TITLE), None)
    role = next((word for word in reading.texts[Part.TITLE].words if watchlist.lexicon.is_role(word)), None)
    return NearMiss(item.id, name, role) if name is not None and role is not None else None


def ask(watch: Watch, item: Item, reading: Reading, mentions: Sequence[Named]) -> Explanation:
    """Ask one watch about an item: every kind of word that it names has to be answered.

    Where only an event that is no news would answer, the match says so in `background`.
    """
    answer = _ask(watch, item, _for(watch, reading), mentions)
    if answer.match is None and reading.background and "background" not in watch.certainty:
        would = _ask(watch, item, replace(reading, events=reading.background, background=()), mentions)
        if would.match is not None and would.match.event is not None:
            return would
    return answer


def _for(watch: Watch, reading: Reading) -> Reading:
    """Return a reading with the events that are news to a watch."""
    news = [event for event in reading.events if event.certainty in watch.certainty]
    for event in reading.background:
        is_told = event.is_deep and event.ruled_out == DEEP and Part.BODY in watch.where
        if is_told and event.certainty in watch.certainty:
            news.append(replace(event, ruled_out=None))
        elif "background" in watch.certainty:
            news.append(event)
    if len(news) == len(reading.events) == len(reading.background) == 0:
        return reading
    return replace(reading, events=tuple(news), all_events=reading.events + reading.background)


def _ask(watch: Watch, item: Item, reading: Reading, mentions: Sequence[Named]) -> Explanation:
    evidence: list[Evidence] = []
    event: Event | None = None
    if watch.events:
        event = next(
            (
                e
                for e in reading.events
                if e.kind in watch.events and _stands(watch, e) and _is_about(watch, e, mentions)
            ),
            None,
        )
        if event is None:
            return _no_event(watch, reading, mentions)
        evidence += event.evidence
    for names, is_person in ((watch.people, True), (watch.organisations, False)):
        # beside an event its people and organisations may stand anywhere in the headline or first paragraph
        where = {*watch.where, Part.TITLE, Part.LEDE} if event else set(watch.where)
        named = [
            n.evidence
            for n in mentions
            if n.mention.name in names and n.mention.is_person is is_person and n.where in where
        ]
        if names and not named:
            return Explanation(missing=f"none of {', '.join(names)}", near=bool(evidence))
        evidence += named
    if watch.keywords:
        answers = [_keyword(word, watch, reading) for word in watch.keywords]
        if not any(pieces for pieces, _ in answers):
            labels = ", ".join(word.term.label for word in watch.keywords)
            return Explanation(missing=f"none of the keywords {labels}", near=bool(evidence))
        evidence += [piece for pieces, _ in answers for piece in pieces]
        event = event or next((e for _, e in answers if e is not None), None)
    if watch.query is not None:
        answer = watch.query.answer(reading)
        if answer is None:
            return Explanation(missing="the query is not true of it", near=bool(evidence))
        evidence += answer
    if watch.patterns:
        found = _patterns(watch, reading)
        if not found:
            return Explanation(missing="the regex does not occur", near=bool(evidence))
        evidence += found
    if (refused := _refusal(watch, item, reading)) is not None:
        return refused
    return Explanation(_match(watch, item, event or _told(reading, watch, evidence), evidence))


def _stands(watch: Watch, event: Event) -> bool:
    """Say whether an event is mentioned where a watch looks."""
    return event.where in watch.where or bool(set(event.also_in) & set(watch.where))


def _refusal(watch: Watch, item: Item, reading: Reading) -> Explanation | None:
    """Return which of a watch's conditions an item fails; None where it fails none."""
    for term in watch.exclude:
        if any(piece.where in {*watch.where, Part.TITLE, Part.LEDE} for piece in reading.found.get(term, ())):
            return Explanation(missing=f'"{term.label}" is there, which it does not want', near=True)
    if watch.sources and not any(source <= set(words(item.outlet)) for source in watch.sources):
        if item.outlet:
            return Explanation(missing=f"{item.outlet} is none of its sources", near=True)
        return Explanation(missing="it has no source, and only some are wanted", near=True, lacks="source")
    if watch.tags and not watch.tags & set(map(fold, item.tags)):
        return Explanation(missing="the feed has none of its tags", near=True, lacks="" if item.tags else "tag")
    return None


def _is_about(watch: Watch, event: Event, mentions: Sequence[Named]) -> bool:
    """Say whether an event is about a watch's people and organisations, as far as it names any.

    Whoever is named in an event is its only subject. A role may be somebody who is named in the other text; an
    event without an organisation may be of one that stands beside it.
    """
    if watch.people and not set(event.people) & set(watch.people):
        elsewhere = {
            n.mention.name for n in mentions if n.where in {Part.TITLE, Part.LEDE} and n.where is not event.where
        }
        if event.is_named or not elsewhere & set(watch.people):
            return False
    if watch.organisations and not set(event.organisations) & set(watch.organisations):
        beside = {n.mention.name for n in mentions if n.where is event.where}
        return not event.organisations and bool(beside & set(watch.organisations))
    return True


def _no_event(watch: Watch, reading: Reading, mentions: Sequence[Named]) -> Explanation:
    """Say what was there instead of the event a watch asks for."""
    wanted = sorted(watch.events)
    of_kind = [event for event in (*reading.events, *reading.all_events) if event.kind in watch.events]
    named = {n.mention.name for n in mentions} & {*watch.people, *watch.organisations}
    if not of_kind:
        was = EVENT_KINDS[wanted[-1]].verb("was", "were")
        return Explanation(missing=f"no {' or '.join(wanted)} {was} read in it", near=bool(named))
    event = of_kind[0]
    verb = EVENT_KINDS[event.kind].verb
    if not _is_about(watch, event, mentions):
        whom = ", ".join((*event.people, *event.organisations)) or "nobody it names"
        return Explanation(missing=f"the {event.kind} {verb('is', 'are')} about {whom}", near=True)
    if not _stands(watch, event):
        return Explanation(missing=f"the {event.kind} {verb('stands', 'stand')} in the {event.where}", near=True)
    return Explanation(
        missing=f"the {event.kind} {verb('is', 'are')} {event.certainty}, which it does not want", near=True
    )


def _keyword(word: Keyword, watch: Watch, reading: Reading) -> tuple[tuple[Evidence, ...], Event | None]:
    """Return where a keyword stands, as words or as the event that it means."""
    pieces = tuple(piece for piece in reading.found.get(word.term, ()) if piece.where in watch.where)
    for event in reading.events if word.kinds else ():
        if _is_meant(word, event) and _stands(watch, event):
            return (*event.evidence, *pieces), event
    if any(_is_meant(word, event) and event.where in watch.where for event in reading.all_events):
        # the words are there, and what they say is not what the watch wants: "denies leaving", "leaving OpenAI out"
        return (), None
    return pieces, None


def _is_meant(word: Keyword, event: Event) -> bool:
    names = event.people if word.is_person else (*event.organisations, *event.people)
    return event.kind in word.kinds and word.name in names


def _patterns(watch: Watch, reading: Reading) -> list[Evidence]:
    texts = [(where, raw) for where in watch.where if (raw := reading.texts[where].raw[:_REGEX_LIMIT])]
    found = ((where, pattern.search(text)) for pattern in watch.patterns for where, text in texts)
    return [Evidence(where, match.group(0), "regex") for where, match in found if match is not None]


def _told(reading: Reading, watch: Watch, evidence: Sequence[Evidence]) -> Event | None:
    """Return the event for which a watch would want an item: one its query asked for, or one about its people."""
    asked = (event for event in reading.events if set(event.evidence) & set(evidence))
    about = (event for event in reading.events if set(event.people) & set(watch.people))
    return next(iter((*asked, *about)), None)


def _match(watch: Watch, item: Item, event: Event | None, evidence: Sequence[Evidence]) -> Match:
    places = [piece.where for piece in evidence]
    is_wanted = event is None or event.ruled_out is None or "background" in watch.certainty
    return Match(
        item=item,
        watch=watch.name,
        where=next((where for where in _PLACES if where in places), Part.TITLE),
        evidence=tuple(dict.fromkeys(evidence)),
        event=_summary(event) if event else None,
        background=None if is_wanted or event is None else event.ruled_out,
    )


def _summary(event: Event) -> EventSummary:
    certainty = "background" if event.ruled_out else event.certainty
    return EventSummary(event.kind, certainty, event.people, event.organisations)
