"""Reads events (who, which organisation, how certain) out of a headline or a paragraph. Pure.

Where a wording of the lexicon is found, its event is told: unless a blocker rules it out. Every special case is a
line of `frames.toml`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot.core.model import Event, Evidence, Part
from bot.core.text import Text
from bot.events.grammar import Kind, Rule, Tag
from bot.events.inflect import is_past
from bot.events.lexicon import Lexicon
from bot.events.nouns import Phrase
from bot.events.sentence import Sentence, Span
from bot.events.slots import is_bare, is_place, is_unnumbered
from bot.events.whose import organisation_of
from bot.events.wordings import Told, possible, tellings

_LONGEST = 150  # words
_NEAR = 4  # words before a wording within which a blocker is near
_BEHIND = 4  # words after it
_MANY = 50  # people; so many are hired, and nobody is
_SHORTEST_VERB = 3  # letters; "as", "us", "his" are none
_SENTENCE = 3  # the break between two sentences
_NOT_FINITE = frozenset({"be", "been", "being", "get", "getting"})
_LEVELS = ("denied", "reported", "planned")


@dataclass(frozen=True, slots=True)
class Mention:
    """A watched person or organisation in a text: its name, and the words from `first` to `last`."""

    name: str
    is_person: bool
    first: int
    last: int


def read_events(text: Text, where: Part, mentions: Sequence[Mention], lexicon: Lexicon) -> tuple[Event, ...]:
    """Return the events of a text in its order, those that were ruled out among them, with the reason.

    Reads the first 150 words, so that no text costs more than a few milliseconds.
    """
    if len(text.words) > _LONGEST:
        text = Text(text.raw[: text.spans[_LONGEST][0]])
        mentions = [mention for mention in mentions if mention.last < _LONGEST]
    frames = possible(text.words, lexicon)
    if not frames:
        return ()
    watched = [(m.first, m.last, Tag.PERSON if m.is_person else Tag.WATCHED) for m in mentions]
    sentence = Sentence(text, lexicon, watched)
    reader = _Reader(sentence, where, mentions, lexicon)
    events: list[Event] = []
    for told in tellings(sentence, frames):
        for event in reader.events(told):
            _add(events, event)
    return tuple(_shared(event, events, lexicon) for event in events)


def _shared(event: Event, events: Sequence[Event], lexicon: Lexicon) -> Event:
    """Return an event with the organisation of one who comes or goes beside it: "Marten quits Pellucid, Holm in"."""
    kind = lexicon.kinds[event.kind]
    if event.organisations or event.ruled_out is not None or not event.is_named:
        return event
    for other in events:
        is_pair = other.kind == kind.implies or lexicon.kinds[other.kind].implies == event.kind
        if is_pair and other.organisations and other.ruled_out is None and event.people != other.people:
            return replace(event, organisations=other.organisations)
    return event


def _add(events: list[Event], event: Event) -> None:
    """Add an event, or what it knows more of one that is there: a role and a name in one text are one person."""
    for number, old in enumerate(events):
        if old.kind != event.kind or old.ruled_out != event.ruled_out:
            continue
        if not event.people or set(event.people) <= set(old.people) or old.people == event.people:
            if not old.organisations and event.organisations:
                events[number] = replace(old, organisations=event.organisations)
            return
    events.append(event)


def _is_many(word: str) -> bool:
    return word.isdigit() and int(word) >= _MANY


class _Reader:
    """Makes events out of what was found in one sentence."""

    def __init__(self, sentence: Sentence, where: Part, mentions: Sequence[Mention], lexicon: Lexicon) -> None:
        self._sentence = sentence
        self._where = where
        self._mentions = mentions
        self._lexicon = lexicon
        self._earlier: list[tuple[Told, Span | None]] = []
        self._described_at: dict[int, str] = {}  # why passives only describe, by their last words

    def events(self, told: Told) -> Iterator[Event]:
        """Yield the event a frame tells, and the one that follows from it."""
        kind = self._lexicon.kinds[told.frame.event]
        organisation = self._meant(told) or organisation_of(self._sentence, told, kind)
        if any(old.who is not None and old.who.is_named and old.who.who == organisation for old, _ in self._earlier):
            # "Marten to be replaced by Holm": it is somebody
            organisation = None
        self._earlier.append((told, organisation))
        certainty = self._certainty(told)
        rule, words = self._verdict(told, is_denied=certainty == "denied")
        if (described := self._described(told)) is not None:
            self._described_at[told.last] = described
        reasons = (
            self._former(told, kind),
            self._asked(told),
            described,
            self._general(told, kind, organisation),
            self._vacant(told, kind, certainty),
        )
        ruled_out = f"{rule.reason}: “{words}”" if rule is not None else next(filter(None, reasons), None)
        evidence = Evidence(self._where, self._sentence.quote((told.first, told.last)), kind.name)
        names = self._names(organisation)
        if kind.is_joint and told.parties:
            names = tuple(dict.fromkeys(name for party in told.parties for name in self._names(party)))
        event = Event(
            kind.name,
            certainty,
            self._people(told.who),
            names,
            self._where,
            (evidence,),
            ruled_out,
            told.who is not None and told.who.is_named,
            words=self._told_words(told),
        )
        yield event
        who = told.who
        if (
            kind.implies
            and told.frame.leaves
            and who is not None
            and who.employer
            and not self._stays(who, told, kind)
            and organisation
        ):
            left = self._names(who.employer)
            if (
                left
                and left != event.organisations
                and not set(range(who.employer[0], who.employer[1] + 1))
                & set(range(organisation[0], organisation[1] + 1))
            ):
                yield replace(event, kind=kind.implies, organisations=left)

    def _meant(self, told: Told) -> Span | None:
        """Return the organisation a wording names, but where somebody stands for it who was told of before.

        "Pellucid hires Corvid's Marten to replace its CEO" is of Pellucid.
        """
        place = told.organisation
        if place is None:
            return None
        for old, organisation in self._earlier:
            is_other = told.frame.event != old.frame.event and old.first < told.first and organisation != place
            if is_other and old.who is not None and old.who.first <= place[0] and place[1] <= old.who.last:
                return organisation
        return place

    def _told_words(self, told: Told) -> str:
        """Return the words of a telling: from who it is about to its end, and what follows on "as"."""
        sentence = self._sentence
        first = told.first if told.who is None else min(told.first, told.who.first)
        last = max(told.end, told.last, told.who.last if told.who is not None else 0)
        if last + 1 < sentence.size and sentence.words[last + 1] == "as" and not sentence.breaks[last + 1]:
            last += 1
            stop = min(last + _BEHIND, sentence.size - 1)
            while last < stop and not sentence.breaks[last + 1]:
                last += 1
        return sentence.quote((first, min(last, sentence.size - 1)))

    def _former(self, told: Told, kind: Kind) -> str | None:
        """Say that somebody who has left before does not leave now."""
        who = told.who
        if who is None or not who.is_former or kind.implies:
            return None
        place, own = told.organisation, who.employer
        if (
            place
            and own
            and place[0] > told.first
            and (place[1] < own[0] or own[1] < place[0])
            and not self._sentence.tags[place[1]] & Tag.PLACE
        ):
            # "Former Pellucid boss quits Corvid": who has left one can leave another
            return None
        if (
            place
            and own is None
            and who.is_named
            and place[0] > told.last
            and self._sentence.words[told.first][-1] == "s"
        ):
            # "Former minister Ilse Marten resigns from Pellucid's board"
            return None
        return f"background: “{self._sentence.quote((who.first, who.last))}”"

    def _stays(self, who: Phrase, told: Told, kind: Kind) -> bool:
        """Say whether somebody who joins need not leave the organisation that is named with them."""
        words = self._sentence.words
        return (
            who.is_former
            or who.founded
            or any(
                word in kind.unless
                for word in (*words[who.first : who.last + 1], *words[told.last : told.end + _BEHIND])
            )
        )

    def _described(self, told: Told) -> str | None:
        """Say that a passive only describes the subject of another verb: "Engineer fired over memo sues Pellucid"."""
        sentence, who, frame = self._sentence, told.who, told.frame
        if sentence.words[told.first - 1] == "to" and told.first - 2 in self._described_at:
            # "Judge picked to oversee …": the same
            return self._described_at[told.first - 2]
        is_bare = (frame.has_passive and sentence.words[told.first] in frame.participles) or all(
            map(is_past, frame.anchor[0])
        )
        if not is_bare or who is None or who.last > told.first or sentence.is_titled:
            return None
        if any(sentence.tags[at] & Tag.PASSIVE for at in range(told.filler, told.first)):
            return None
        for at in range(told.last + 1, sentence.end):
            if sentence.words[at] == "who" and not sentence.breaks[at]:
                # "The engineer hired by Pellucid who …": of whom more is said
                return f"background: “{sentence.quote((at, at))}”"
            if sentence.breaks[at] or sentence.tags[at] & Tag.CONJUNCTION:
                return None
            if sentence.tags[at] & Tag.PASSIVE and sentence.words[at] not in _NOT_FINITE:
                # "Judge picked to oversee Pellucid's bankruptcy is Ilse Marten's brother"
                return f"background: “{sentence.quote((at, at))}”"
            is_verb = sentence.tags[at] & (Tag.STOP | Tag.VERB) and not sentence.tags[at] & (Tag.OF | Tag.FILLER)
            if sentence.tags[at] & Tag.TIME:
                # "three months after"
                continue
            if is_verb and sentence.words[at].endswith("s") and len(sentence.words[at]) > _SHORTEST_VERB:
                return f"background: “{sentence.quote((at, at))}”"
            if sentence.words[told.last + 1] == "by" and self._is_finite(at, told.last + 2):
                return f"background: “{sentence.quote((at, at))}”"
        return None

    def _is_finite(self, place: int, agent: int) -> bool:
        """Say whether a past form behind an agent tells what the subject did: "hired by Corvid told police"."""
        sentence = self._sentence
        is_last = place + 1 == sentence.end or sentence.words[place + 1] == "by"
        return place > agent and is_past(sentence.words[place]) and not is_last and sentence.is_name(place - 1)

    def _general(self, told: Told, kind: Kind, organisation: Span | None) -> str | None:
        """Say that it is of people in general: "Engineers quit bosses, not jobs"."""
        who = told.who
        if kind.implies and organisation is not None and self._is_any_firm(organisation):
            return f"people in general: “{self._sentence.quote(organisation)}”"
        if kind.implies and who is not None and self._is_local(told, who):
            return f"people in general: “{self._sentence.quote((who.first, who.last))}”"
        words = () if who is None else self._sentence.words[who.first : who.last + 1]
        if who is not None and kind.implies and who.is_group and any(map(_is_many, words)):
            return f"people in general: “{self._sentence.quote((who.first, who.last))}”"
        if who is None or organisation is not None:
            return None
        is_any = who.is_role and not who.is_named and bool(self._sentence.tags[who.first] & Tag.INDEFINITE)
        if not (is_any or is_bare(self._sentence, who)):
            return None
        return f"people in general: “{self._sentence.quote((who.first, who.last))}”"

    def _is_local(self, told: Told, who: Phrase) -> bool:
        """Say whether those who are hired are nobody: "poaches Detroit's best engineers", "poaches Pellucid staff"."""
        is_hired = who.is_group and who.first > told.last
        if not is_hired or who.employer is None:
            return False
        is_crowd = self._sentence.tags[who.last] & Tag.JOBS and self._sentence.words[who.last] != "team"
        return bool(is_crowd and is_unnumbered(self._sentence, who)) or is_place(self._sentence, who.employer)

    def _is_any_firm(self, organisation: Span) -> bool:
        """Say whether firms in general are meant: "Startups poach talent"."""
        first, last = organisation
        tags = self._sentence.tags[first]
        is_kind = tags & Tag.ORGANISATION and not tags & (Tag.KNOWN | Tag.WATCHED | Tag.LEGAL)
        return bool(is_kind) and first == last and self._sentence.words[first].endswith("s")

    def _vacant(self, told: Told, kind: Kind, certainty: str) -> str | None:
        """Say that a post will be filled, and by whom nobody knows: "Pellucid to name a new CEO by spring"."""
        who, words = told.who, self._sentence.words
        if certainty != "planned" or not kind.implies or who is None or who.first <= told.last:
            return None
        if who.is_named or who.is_group or who.is_former or not who.is_role or who.employer is not None:
            return None
        if who.last + 1 < self._sentence.size and words[who.last + 1] == "from":
            return None
        return f"a vacancy, not a person: “{self._sentence.quote((who.first, who.last))}”"

    def _people(self, who: Phrase | None) -> tuple[str, ...]:
        if who is None or who.who is None:
            return ()
        watched = tuple(
            dict.fromkeys(
                m.name
                for m in self._mentions
                if m.is_person and who.first <= m.first <= who.last and not self._only_owns(m, who)
            )
        )
        return watched or (self._sentence.quote(who.who),)

    def _only_owns(self, mention: Mention, who: Phrase) -> bool:
        """Say whether it is about something of theirs: "co-founder of Ilse Marten's lab"."""
        return mention.last < who.last and self._sentence.owns[mention.last]

    def _names(self, span: Span | None) -> tuple[str, ...]:
        if span is None:
            return ()
        watched = (m.name for m in self._mentions if not m.is_person and m.first <= span[1] and span[0] <= m.last)
        return tuple(dict.fromkeys(watched)) or (self._sentence.quote(span),)

    def _asked(self, told: Told) -> str | None:
        """Say that the clause of an event ends with a question mark."""
        sentence = self._sentence
        at = told.end + 1
        while at < sentence.size and not sentence.breaks[at]:
            at += 1
        gap = sentence.text.raw[sentence.spans[at - 1][1] : sentence.spans[at][0] if at < sentence.size else None]
        return "a question: “?”" if "?" in gap else None

    def _verdict(self, told: Told, *, is_denied: bool) -> tuple[Rule | None, str]:
        """Return the blocker that rules an event out, with its words."""
        for number, first, last in self._sentence.hits:
            rule = self._lexicon.rules[number]
            if rule.certainty or (rule.yields and is_denied) or told.frame.event in rule.spares:
                continue
            is_meant = (not rule.nouns_only or told.frame.is_noun) and self._stands(rule, first, last, told)
            if is_meant and not self._is_in_name(first, last, told):
                return rule, self._sentence.quote((first, last))
        return None, ""

    def _is_in_name(self, first: int, last: int, told: Told) -> bool:
        """Say whether words are a part of an organisation's name: "joins Match Group" is of no match."""
        start, end = told.organisation or (last, last)
        is_firm = self._sentence.tags[end] & Tag.LEGAL and self._sentence.caps[end]
        return bool(is_firm) and start <= first and last < end and not self._sentence.caps[told.first]

    def _certainty(self, told: Told) -> str:
        if told.frame.certainty:
            return told.frame.certainty
        levels = {
            rule.certainty
            for number, first, last in self._sentence.hits
            if (rule := self._lexicon.rules[number]).certainty and self._stands(rule, first, last, told)
        }
        return next((level for level in _LEVELS if level in levels), "stated")

    def _stands(self, rule: Rule, first: int, last: int, told: Told) -> bool:
        """Say whether words that were found stand where their rule wants them."""
        sentence = self._sentence
        match rule.scope:
            case "around":
                return first <= told.last and told.first <= last
            case "near":
                start = min(told.filler, told.first - _NEAR)
                if not rule.certainty and told.who is not None and told.who.last < told.first:
                    # however long the name and its role are: "a day after former CTO Ilse Marten was named"
                    start = min(start, told.who.first - _NEAR // 2)
                return (
                    start <= first
                    and last < told.first
                    and not self._divided(last, told.first)
                    and not self._is_aside(first, last, told.first)
                )
            case "before":
                return last < told.first and not self._divided(last, told.first) and not self._opens(first, told.first)
            case "after":
                return told.last < first <= told.end + _BEHIND and not self._divided(told.last, first)
            case "behind":
                return first in {told.end + 1, told.end + 2} and not any(sentence.breaks[told.end + 1 : first + 1])
            case "first":
                return sentence.breaks[first] >= 2 and first < told.first and not self._divided(first, told.first)
            case _:
                # "any": in the same sentence
                low, high = (first, told.first) if first < told.first else (told.first, first)
                return all(sentence.breaks[at] < _SENTENCE for at in range(low + 1, high + 1))

    def _is_aside(self, first: int, last: int, verb: int) -> bool:
        """Say whether words stand between two commas before a verb: "Marten, who led Xbox, joins"."""
        breaks = self._sentence.breaks
        return breaks[first] == 1 and any(breaks[at] == 1 for at in range(last + 1, verb + 1))

    def _opens(self, first: int, verb: int) -> bool:
        """Say whether a word is the verb of a clause that ends before the subject: "Rejecting offers, Marten joins"."""
        breaks = self._sentence.breaks
        return self._sentence.words[first].endswith("ing") and any(breaks[at] for at in range(first + 1, verb))

    def _divided(self, one: int, other: int) -> bool:
        return any(self._sentence.breaks[at] >= 2 for at in range(one + 1, other + 1))
