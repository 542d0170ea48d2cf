"""Which story a report belongs to: one that is known, or a new one. Pure; all live stories are in memory.

In this order: the same page, the same headline, the same event of the same people, an answer to one, a headline that
is surely alike; never a story of the same kind of event of somebody else.
In doubt it is a new story: hidden news costs more than a second message. What is decided follows from the reports
alone, so that the same ones give the same stories.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import nlargest

from bot.core.links import canonical
from bot.core.model import Event, EventKey, Item, Source, Story
from bot.core.text import Text
from bot.events.frames import Mention
from bot.events.outlets import Title
from bot.stories.developments import adds, settled
from bot.stories.event_keys import Relation, described, kept, people_of, relate, spelt
from bot.stories.inverted_index import InvertedIndex, Key, digest
from bot.stories.language import Language, language, stem_of
from bot.stories.likeness import Headline, Weights, headline, likeness, likeness_to_story
from bot.stories.relations import is_like_event, is_other_kind, names_others, stands, words_of_places
from bot.stories.report import Grouping, Report, report_of
from bot.stories.sources import is_by, is_source_of, source_of
from bot.stories.surnames import mentions_of
from bot.stories.vetoes import is_reversed, is_vetoed, other_count, veto

SURE = 0.55  # likeness from which two headlines tell one story
_OLDER = 0.02  # more for each day that has passed
_PERHAPS = 0.38  # likeness from which the message says that they may
_ANSWERS = 0.22  # likeness from which somebody who speaks may speak about a story that several outlets tell
_NEARLY = 0.42  # likeness from which a report may say something new of a story that one outlet tells
_LIKE_EVENT = 0.2  # more likeness for one kind of event of a post that fits
_OTHER_EVENT = 0.08  # less where one of them tells an event and the other none, or another kind
_KINDRED = 0.3  # likeness that reports of one kind of event at one organisation need
_ROLE_ONLY = timedelta(hours=48)  # a report that names a post joins a story of that age
_RAREST = 6  # words by which a story is looked up
_COMMON = 400  # headlines; a word of more finds nothing
_USUAL = 120  # headlines; a word of more finds only what a rarer one has found
_NAMED_IN = 1  # stories; a name that stands in more of them tells none of them
_ONE_OUTLET = 0.3  # likeness that somebody needs who speaks about a story that one outlet tells, named by nobody else
_NAMESAKES = 8  # newest stories that are asked whom a surname means
_CLOSEST = 8  # stories that are looked at closely
_MOST_LINES = 12  # headlines that are kept of a story to compare with
MOST_EVENT_KEYS = 24
_WHY = {
    Relation.BESIDE: "who goes as well",
    Relation.NEXT: "who comes for somebody that goes",
    Relation.SAME: "the same event",
}


@dataclass(slots=True)
class _Live:
    story: Story
    lines: list[Headline]


class LiveStories:
    """The stories of the last days, found by what they share with a report.

    All that it knows can be learnt from the stories themselves, so that it is the same after a restart.
    """

    def __init__(self, window: timedelta, stories: Iterable[Story] = ()) -> None:
        self._window = window
        self._speech: Language = language()
        self._weights = Weights(self._speech)
        self._live: OrderedDict[int, _Live] = OrderedDict()  # the one without news for longest first
        self._places = InvertedIndex()  # words, pages, headlines, surnames, organisations → stories
        for story in sorted(stories, key=lambda one: (one.last, one.id)):
            self._learn(story)

    def __len__(self) -> int:
        return len(self._live)

    def get(self, number: int) -> Story | None:
        """Return a live story."""
        live = self._live.get(number)
        return None if live is None else live.story

    def familiar(self, text: Text) -> tuple[Mention, ...]:
        """Return where a text names people of live stories."""
        index, keys = self._places, [f"who {spelt(word)}" for word in text.words]
        numbers = {number: None for key in keys for number in index.of(key)[-_NAMESAKES:]}
        event_keys = (event_key for number in numbers for event_key in self._live[number].story.event_keys)
        return mentions_of(event_keys, text, self._speech.lexicon) if numbers else ()

    def report(self, item: Item, events: Sequence[Event]) -> Report:
        """Return an item as it is compared, with the events that are told in it."""
        return report_of(item, events, self._speech)

    def find(self, report: Report) -> Grouping:
        """Return the story that a report belongs to."""
        others: set[int] = set()
        by_event_key = self._by_event_key(report, others)
        for number in reversed(self._places.of(_page(report.item.url))):
            if number not in others and not is_source_of(self._live[number].story, report.item):
                return Grouping(self._live[number].story, "the same page")
        for number in reversed(self._places.of(_line(report.line))):
            if number not in others and self._has_line(report, self._live[number]):
                return Grouping(self._live[number].story, "the same headline")
        found = by_event_key or self._by_echo(report) or self._by_likeness(report, others)
        if found.story is None and found.about is None and adds(report, self._speech):
            found = replace(found, about=self._by_name(report, others))
        return found

    def open(self, number: int, report: Report, possible_duplicate: int | None = None) -> Story:
        """Return a new story that begins with a report."""
        story = Story(
            number,
            report.event_keys[:MOST_EVENT_KEYS],
            (source_of(report.item, report.event_keys, None),),
            possible_duplicate,
        )
        live = self._live[number] = _Live(story, [])
        self._places.put(self._keys(story.event_keys), number)
        self._note(live, story.sources[0], report.line)
        return story

    def add(self, story: Story, report: Report) -> Story:
        """Return a story with one more report in it; an outlet that is in it already adds only what it says anew."""
        live = self._live[story.id]
        event_keys = kept(settled(story, report, self._speech), report.event_keys, MOST_EVENT_KEYS)
        self._places.put(self._keys(event_keys), story.id)
        if is_source_of(story, report.item):
            live.story = replace(story, event_keys=event_keys)
        else:
            source = source_of(report.item, report.event_keys, story)
            live.story = replace(story, event_keys=event_keys, sources=(*story.sources, source))
            self._live.move_to_end(story.id)
            self._note(live, source, report.line)
        return live.story

    def change(self, story: Story, report: Report) -> Story:
        """Return a story in which an outlet says something else than before, with a mark where it takes back something.

        That is where it says so itself, or turns its headline into the opposite.
        """
        is_corrected = Title(report.item.title).is_correction
        sources = tuple(
            replace(
                source,
                title=report.item.title,
                is_corrected=source.is_corrected or is_corrected or self._is_turned(source, report),
            )
            if source.item_id == report.item.id or (is_corrected and is_by(source, report.item))
            else source
            for source in story.sources
        )
        live = self._live[story.id]
        self._unread(live)
        live.story, live.lines = replace(story, sources=sources), []
        self._read(live)
        return self.add(live.story, report)

    def _is_turned(self, source: Source, report: Report) -> bool:
        """Say whether an item's new headline says the opposite of the one it had."""
        before = headline(Title(source.title, source.outlet).bare, self._speech)
        return is_reversed(report.line, before, self._speech)

    def replace(self, number: int, story: Story | None) -> None:
        """Know a story as a person has changed it, or no more; in the order in which a restart would learn it."""
        if number in self._live:
            self._forget(number)
        if story is not None:
            self._learn(story)
            self._live = OrderedDict(sorted(self._live.items(), key=lambda live: (live[1].story.last, live[0])))

    def expire(self, now: datetime) -> Sequence[int]:
        """Forget the stories without news for longer than the window; return which."""
        gone: list[int] = []
        while self._live and now - next(iter(self._live.values())).story.last > self._window:
            gone.append(next(iter(self._live)))
            self._forget(gone[-1])
        return gone

    def _learn(self, story: Story) -> None:
        live = self._live[story.id] = _Live(story, [])
        self._read(live)

    def _read(self, live: _Live) -> None:
        """Remember what a story can be found by."""
        self._places.put(self._keys(live.story.event_keys), live.story.id)
        for source in live.story.sources:
            bare = Title(source.title, source.outlet).bare
            self._note(live, source, headline(bare, self._speech))

    def _note(self, live: _Live, source: Source, line: Headline) -> None:
        self._places.put([page] if (page := _page(source.url)) else (), live.story.id)
        if len(live.lines) < _MOST_LINES and line not in live.lines:
            live.lines.append(line)
            self._weights.add(line.words)
            self._places.put((*line.words, _line(line)), live.story.id)

    def _forget(self, number: int) -> None:
        self._unread(self._live.pop(number))

    def _unread(self, live: _Live) -> None:
        """Forget what a story was found by."""
        words: dict[Key, None] = {key: None for line in live.lines for key in (*line.words, _line(line))}
        words |= dict.fromkeys(self._keys(live.story.event_keys))
        words |= {page: None for source in live.story.sources if (page := _page(source.url))}
        for line in live.lines:
            self._weights.remove(line.words)
        self._places.take(words, live.story.id)

    def _keys(self, event_keys: Iterable[EventKey]) -> Iterator[str]:
        """Yield what facts are looked up by: surnames, and the words of organisations."""
        for event_key in event_keys:
            if event_key.is_named:
                yield from (f"who {name[-1]}" for name in people_of(event_key))
            for organisation in event_key.organisations:
                yield from (f"at {word}" for word in self._speech.organisation(organisation))
            yield from (f"at {word}" for word in described(event_key, self._speech))

    def _has_line(self, report: Report, live: _Live) -> bool:
        """Say whether a story has the headline of a report, numbers and all, and of the same people."""
        lines = [line for line in live.lines if line.words == report.line.words]
        return (
            len(report.line.words) > 1
            and not names_others(report, live.story, self._speech)
            and veto(report.line, lines, self._speech) is None
        )

    def _by_event_key(self, report: Report, others: set[int]) -> Grouping | None:
        """Return the story that tells the report's event; note those that tell another one of the same kind."""
        open_: list[int] = []
        best: tuple[Relation, bool, int] | None = None
        for number in self._candidates(self._keys(report.event_keys)):
            live = self._live[number]
            relation = self._relation(report, live)
            if relation is Relation.OTHER:
                others.add(number)
            elif relation is Relation.OPEN:
                open_.append(number)
            elif relation is not Relation.NONE:
                best = max(best or (relation, False, 0), (relation, self._names_place(report, live), number))
        if best is not None:
            return Grouping(self._live[best[-1]].story, _WHY[best[0]])
        recent = [n for n in open_ if report.item.seen - self._live[n].story.last <= _ROLE_ONLY]
        if len(recent) > 1:
            ours = {role for event_key in report.event_keys for role in event_key.roles}
            recent = [n for n in recent if ours and ours == self._roles(n)] or recent
        if len(recent) == 1:
            return Grouping(self._live[recent[0]].story, "the same event, by post and organisation")
        return None

    def _by_echo(self, report: Report) -> Grouping | None:
        """Return the story that a report answers: "Marten denies drama behind her exit from Pellucid"."""
        if not report.is_answer:
            return None
        keys = (*self._keys(report.echoes), *(f"who {word}" for word in report.line.words))
        for number in reversed(self._candidates(keys)):
            event_keys = self._live[number].story.event_keys
            is_told = any(relate(a, b, self._speech) is Relation.SAME for a in report.echoes for b in event_keys)
            if is_told or any(self._is_named_in(report.line, event_key) for event_key in event_keys):
                return Grouping(self._live[number].story, "an answer to it")
        return None

    def _names_place(self, report: Report, live: _Live) -> bool:
        """Say whether a headline names an organisation of a story."""
        index = (
            self._speech.organisation(name) for event_key in live.story.event_keys for name in event_key.organisations
        )
        return any(not place.isdisjoint(report.line.words) for place in index)

    def _is_named_in(self, line: Headline, event_key: EventKey) -> bool:
        """Say whether a headline names who a fact is about, and the organisation."""
        index = {word for name in event_key.organisations for word in self._speech.organisation(name)}
        people = {name[-1] for name in people_of(event_key)} if event_key.is_named else set()
        return not people.isdisjoint(line.words) and not index.isdisjoint(line.words)

    def _roles(self, number: int) -> set[str]:
        return {role for event_key in self._live[number].story.event_keys for role in event_key.roles}

    def _candidates(self, keys: Iterable[str]) -> Sequence[int]:
        found: dict[int, None] = {}
        for key in dict.fromkeys(keys):
            found |= dict.fromkeys(self._places.of(key)[-_COMMON:])
        return sorted(found)

    def _relation(self, report: Report, live: _Live) -> Relation:
        best = Relation.NONE
        for mine in report.event_keys:
            for theirs in live.story.event_keys:
                relation = stands(mine, theirs, report, live.story, self._speech)
                if relation is Relation.OPEN and not mine.people:
                    relation = self._kindred(report, live, SURE if mine.kind in self._speech.manifold else _KINDRED)
                elif relation is Relation.ELSEWHERE:
                    relation = Relation.SAME if self._is_one_place(report, live, mine) else Relation.OTHER
                best = max(best, relation)
        return best

    def _is_one_place(self, report: Report, live: _Live, event_key: EventKey) -> bool:
        """Say whether the organisation of a fact stands in the other headline, too, however it is called there."""
        ours, theirs = (
            words_of_places(event_keys, self._speech) for event_keys in ((event_key,), live.story.event_keys)
        )
        return any(ours & line.names or theirs & report.line.names for line in live.lines)

    def _kindred(self, report: Report, live: _Live, least: float) -> Relation:
        """Return how two reports of one kind of event at one organisation stand, which must be so much alike."""
        lines = live.lines
        if veto(report.line, lines, self._speech) or any(other_count(report.line, line) for line in lines):
            return Relation.OTHER
        alike = max(likeness(report.line, line, self._weights) for line in lines)
        return Relation.SAME if alike >= least else Relation.NONE

    def _by_likeness(self, report: Report, others: set[int]) -> Grouping:
        line, weights = report.line, self._weights
        scores: dict[int, float] = {}
        score, ours = scores.get, weights.all_of(line)
        for word in sorted(line.words, key=weights.count)[:_RAREST]:
            if weights.count(word) > _COMMON:
                break
            weight, numbers = ours[word] ** 2, self._places.of(word)
            numbers = [n for n in numbers if n in scores] if scores and len(numbers) > _USUAL else numbers
            for number in numbers:
                scores[number] = score(number, 0.0) + weight
        closest = [number for _, number in nlargest(_CLOSEST, zip(scores.values(), scores, strict=True))]
        best, best_number = 0.0, None
        heard, about = 0.0, None
        for number in closest:
            live = self._live[number]
            if number in others or names_others(report, live.story, self._speech):
                continue
            nearest, alike = likeness_to_story(line, live.lines, weights, ours)
            days = max((report.item.seen - live.story.last) / timedelta(days=1), 0.0)
            is_like = is_like_event(report, live.story, self._speech)
            less = _OLDER * days - (_LIKE_EVENT if is_like else 0.0)
            less += _OTHER_EVENT if not report.speaks and is_other_kind(report, live.story) else 0.0
            nearest, alike = nearest - less, alike - less
            if (
                alike > best
                and alike >= _PERHAPS
                and not is_vetoed(report, live.lines, self._speech, by_name=not is_like)
            ):
                best, best_number = alike, number
            enough = _ANSWERS if len(live.story.sources) > 1 else _PERHAPS
            if (
                report.speaks
                and nearest > heard
                and nearest >= enough
                and not is_vetoed(report, live.lines, self._speech, is_said=True)
            ):
                heard, about = nearest, live.story
        if best_number is None:
            return Grouping(None, "nothing like it is known", about=about)
        if best < SURE:
            possible_duplicate = self._live[best_number].story
            about = about or (possible_duplicate if len(possible_duplicate.sources) > 1 or best >= _NEARLY else None)
            return Grouping(None, f"like story {best_number} by {best:.2f}, which is not sure", best_number, about)
        return Grouping(self._live[best_number].story, f"alike by {best:.2f}")

    def _by_name(self, report: Report, others: set[int]) -> Story | None:
        """Return the only story of two days that a report may speak about, for it names what stands in no other."""
        line, weights = report.line, self._weights
        shared: dict[int, float] = {}
        for word, weight in weights.all_of(line).items():
            numbers = self._places.of(word)
            for number in numbers if len(numbers) <= _NAMED_IN else ():
                shared[number] = shared.get(number, 0.0) + weight
        told: list[tuple[float, int, int]] = []
        for number, weight in shared.items():
            live = self._live[number]
            if (
                number not in others
                and report.item.seen - live.story.last <= _ROLE_ONLY
                and self._is_named(line, live)
                and (not report.event_keys or self._has_people_of(report, live))
                and not names_others(report, live.story, self._speech)
                and not is_vetoed(report, live.lines, self._speech, is_said=True)
            ):
                told.append((weight, len(live.story.sources), number))
        told.sort(reverse=True)
        if not told or (len(told) > 1 and told[0][:2] == told[1][:2]):
            return None
        return self._live[told[0][-1]].story

    def _is_named(self, line: Headline, live: _Live) -> bool:
        """Say whether a headline names what most of a story's headlines name; more, where one outlet tells it."""
        if len(live.story.sources) == 1:
            own = {word for word in line.names if not self._speech.is_country((word,))}
            alike = max((likeness(line, one, self._weights) for one in live.lines if own & one.names), default=0.0)
            return alike >= _ONE_OUTLET
        return any(2 * sum(word in other.names for other in live.lines) >= len(live.lines) for word in line.names)

    def _has_people_of(self, report: Report, live: _Live) -> bool:
        """Say whether a headline of a story names somebody of whom a report tells an event."""
        names = {
            stem_of(name[-1]) for event_key in report.event_keys if event_key.is_named for name in people_of(event_key)
        }
        return any(not names.isdisjoint(line.words) for line in live.lines)


def _page(url: str | None) -> Key:
    """Return what a page is looked up by; nothing for none."""
    page = canonical(url) if url else ""
    return digest("page", page) if page else ""


def _line(line: Headline) -> Key:
    """Return what a headline is looked up by."""
    return digest("line", " ".join(line.words))
