"""Which story a report belongs to: one that is known, or a new one. Pure; all live stories are in memory.

In this order: the same page, the same headline, the same event of the same people, a response to it, a headline that
is surely alike; never a story with the same kind of event of somebody else.
In doubt it is a new story: hidden news costs more than a second message. What is decided follows from the reports
alone, so that the same ones give the same stories.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from heapq import nlargest

from bot.core.model import Event, EventKey, Item, Source, Story
from bot.core.text import Text
from bot.events.frames import Mention
from bot.events.outlets import Title
from bot.stories.developments import confirmed_event_keys, may_develop
from bot.stories.event_keys import MOST_EVENT_KEYS, Relation, merged_event_keys, people_of, relate
from bot.stories.language import stem_of, story_language
from bot.stories.likeness import Headline, headline_of, likeness, likeness_to_story
from bot.stories.live_index import LiveIndex, LiveStory
from bot.stories.relations import is_like_event, is_other_kind, names_others, organisation_words, relation_of
from bot.stories.report import Grouping, Report, report_of
from bot.stories.sources import is_by, is_source_of, source_of
from bot.stories.surnames import mentions_of
from bot.stories.vetoes import counts_differ, is_reversed, is_vetoed, veto

SURE = 0.55  # likeness from which two headlines are of one story
_OLDER = 0.02  # more for each day that has passed
_POSSIBLE = 0.38  # likeness from which the message says that they may
_STATEMENT = 0.22  # likeness from which a statement may be about a story that several outlets report
_NEARLY = 0.42  # likeness from which a report may develop a story that one outlet reports
_LIKE_EVENT = 0.2  # more likeness for one kind of event of a post that fits
_OTHER_EVENT = 0.08  # less where one of them mentions an event and the other none, or another kind
_SAME_KIND = 0.3  # likeness that reports of one kind of event at one organisation need
_POST_ONLY = timedelta(hours=48)  # a report that names a post joins a story of that age
_RAREST = 6  # words by which a story is looked up
_COMMON = 400  # headlines; a word of more finds nothing
_USUAL = 120  # headlines; a word of more finds only what a rarer one has found
_NAMED_IN = 1  # stories; a name that stands in more of them points to none of them
_ONE_OUTLET = 0.3  # likeness that a statement needs about a story of one outlet, beside a name of no other story
_CLOSEST = 8  # stories that are looked at closely
_WHY = {
    Relation.ALSO: "who goes as well",
    Relation.SUCCESSOR: "who comes for somebody that goes",
    Relation.SAME: "the same event",
}


class LiveStories:
    """The stories of the last days; puts reports into them.

    All that it knows can be learnt from the stories themselves, so that it is the same after a restart.
    """

    def __init__(self, window: timedelta, stories: Iterable[Story] = ()) -> None:
        self._language = story_language()
        self._live = LiveIndex(window, stories, self._language)
        self._weights = self._live.weights

    def __len__(self) -> int:
        return len(self._live)

    def get(self, number: int) -> Story | None:
        """Return a story, None where it is not live."""
        return self._live.get(number)

    def mentions_in(self, text: Text) -> tuple[Mention, ...]:
        """Return where a text names people of live stories."""
        numbers = self._live.with_surnames(text.words)
        event_keys = (event_key for number in numbers for event_key in self._live[number].story.event_keys)
        return mentions_of(event_keys, text, self._language.lexicon) if numbers else ()

    def report(self, item: Item, events: Sequence[Event]) -> Report:
        """Return an item as stories are compared with it; `events` are those that it mentions."""
        return report_of(item, events, self._language)

    def group(self, report: Report) -> Grouping:
        """Return the story that a report belongs to."""
        others: set[int] = set()
        by_event_key = self._by_event_key(report, others)
        for number in reversed(self._live.with_page(report.item.url)):
            if number not in others and not is_source_of(self._live[number].story, report.item):
                return Grouping(self._live[number].story, "the same page")
        for number in reversed(self._live.with_headline(report.headline)):
            if number not in others and self._has_headline(report, self._live[number]):
                return Grouping(self._live[number].story, "the same headline")
        found = by_event_key or self._by_response(report) or self._by_likeness(report, others)
        if found.story is None and found.about is None and may_develop(report, self._language):
            found = replace(found, about=self._by_name(report, others))
        return found

    def open(self, number: int, report: Report, possible_duplicate: int | None = None) -> Story:
        """Return a new story that begins with a report."""
        source = source_of(report.item, report.event_keys, None)
        story = Story(number, report.event_keys[:MOST_EVENT_KEYS], (source,), possible_duplicate)
        self._live.open(story, report.headline)
        return story

    def add(self, story: Story, report: Report) -> Story:
        """Return a story with one more report in it; an outlet that is in it already only adds its event keys."""
        event_keys = merged_event_keys(confirmed_event_keys(story, report, self._language), report.event_keys)
        if is_source_of(story, report.item):
            grown, headline = replace(story, event_keys=event_keys), None
        else:
            source = source_of(report.item, report.event_keys, story)
            grown, headline = replace(story, event_keys=event_keys, sources=(*story.sources, source)), report.headline
        self._live.update(grown, headline)
        return grown

    def change(self, story: Story, report: Report) -> Story:
        """Return a story in which an outlet has another headline than before, marked where that is a correction.

        It is one where it says so itself, or says the opposite of the headline before.
        """
        is_correction = Title(report.item.title).is_correction
        sources = tuple(
            replace(
                source,
                title=report.item.title,
                is_corrected=source.is_corrected or is_correction or self._is_reversed(source, report),
            )
            if source.item_id == report.item.id or (is_correction and is_by(source, report.item))
            else source
            for source in story.sources
        )
        changed = replace(story, sources=sources)
        self._live.reword(changed)
        return self.add(changed, report)

    def _is_reversed(self, source: Source, report: Report) -> bool:
        """Say whether an item's new headline says the opposite of the one it had."""
        before = headline_of(Title(source.title, source.outlet).bare, self._language)
        return is_reversed(report.headline, before, self._language)

    def replace(self, number: int, story: Story | None) -> None:
        """Replace a story by what a person made of it, None for no more of it."""
        self._live.replace(number, story)

    def expire(self, now: datetime) -> Sequence[int]:
        """Forget the stories without news for longer than the window; return which."""
        return self._live.expire(now)

    def _has_headline(self, report: Report, live: LiveStory) -> bool:
        """Say whether a story has the headline of a report, numbers and all, and of the same people."""
        headlines = [headline for headline in live.headlines if headline.words == report.headline.words]
        return (
            len(report.headline.words) > 1
            and not names_others(report, live.story, self._language)
            and veto(report.headline, headlines, self._language) is None
        )

    def _by_event_key(self, report: Report, others: set[int]) -> Grouping | None:
        """Return the story of the report's event; add to `others` those with one of the same kind of somebody else."""
        possible: list[int] = []
        best: tuple[Relation, bool, int] | None = None
        for number in self._live.with_events_like(report.event_keys):
            live = self._live[number]
            relation = self._relation(report, live)
            if relation is Relation.OTHER:
                others.add(number)
            elif relation is Relation.POSSIBLE:
                possible.append(number)
            elif relation is not Relation.NONE:
                best = max(best or (relation, False, 0), (relation, self._names_organisation(report, live), number))
        if best is not None:
            return Grouping(self._live[best[-1]].story, _WHY[best[0]])
        recent = [n for n in possible if report.item.seen - self._live[n].story.last <= _POST_ONLY]
        if len(recent) > 1:
            ours = {role for event_key in report.event_keys for role in event_key.roles}
            recent = [n for n in recent if ours and ours == self._roles(n)] or recent
        if len(recent) == 1:
            return Grouping(self._live[recent[0]].story, "the same event, by post and organisation")
        return None

    def _by_response(self, report: Report) -> Grouping | None:
        """Return the story that a report responds to: "Marten denies drama behind her exit from Pellucid"."""
        if not report.is_response:
            return None
        for number in reversed(self._live.with_events_like(report.background_keys, report.headline.words)):
            event_keys = self._live[number].story.event_keys
            is_same = any(
                relate(a, b, self._language) is Relation.SAME for a in report.background_keys for b in event_keys
            )
            if is_same or any(self._is_named_in(report.headline, event_key) for event_key in event_keys):
                return Grouping(self._live[number].story, "an answer to it")
        return None

    def _names_organisation(self, report: Report, live: LiveStory) -> bool:
        """Say whether a headline names an organisation of a story."""
        return not organisation_words(live.story.event_keys, self._language).isdisjoint(report.headline.words)

    def _is_named_in(self, headline: Headline, event_key: EventKey) -> bool:
        """Say whether a headline names somebody of an event key, and an organisation of it."""
        people = {name[-1] for name in people_of(event_key)} if event_key.is_named else set()
        organisations = organisation_words((event_key,), self._language)
        return not people.isdisjoint(headline.words) and not organisations.isdisjoint(headline.words)

    def _roles(self, number: int) -> set[str]:
        return {role for event_key in self._live[number].story.event_keys for role in event_key.roles}

    def _relation(self, report: Report, live: LiveStory) -> Relation:
        """Return the closest relation of an event of a report to one of a story."""
        best = Relation.NONE
        for mine in report.event_keys:
            for theirs in live.story.event_keys:
                relation = relation_of(mine, theirs, report, live.story, self._language)
                if relation is Relation.POSSIBLE and not mine.people:
                    least = SURE if mine.kind in self._language.manifold else _SAME_KIND
                    relation = self._relation_by_likeness(report, live, least)
                elif relation is Relation.ELSEWHERE:
                    relation = Relation.SAME if self._is_one_organisation(report, live, mine) else Relation.OTHER
                best = max(best, relation)
        return best

    def _is_one_organisation(self, report: Report, live: LiveStory, event_key: EventKey) -> bool:
        """Say whether the organisation of one event stands in the headline of the other too, whatever is read there."""
        ours, theirs = (
            organisation_words(event_keys, self._language) for event_keys in ((event_key,), live.story.event_keys)
        )
        return any(ours & headline.names or theirs & report.headline.names for headline in live.headlines)

    def _relation_by_likeness(self, report: Report, live: LiveStory, least: float) -> Relation:
        """Return the relation of two events of one kind at one organisation, which need so much likeness."""
        ours, theirs = report.headline, live.headlines
        if veto(ours, theirs, self._language) or any(counts_differ(ours, headline) for headline in theirs):
            return Relation.OTHER
        alike = max(likeness(ours, headline, self._weights) for headline in theirs)
        return Relation.SAME if alike >= least else Relation.NONE

    def _by_likeness(self, report: Report, others: set[int]) -> Grouping:
        """Return the story that is surely alike, or none with those that may be."""
        best, best_number = 0.0, None
        nearest_commented, about = 0.0, None
        weights = self._weights.all_of(report.headline)
        for number in self._closest(report.headline, weights):
            live = self._live[number]
            if number in others or names_others(report, live.story, self._language):
                continue
            nearest, alike = likeness_to_story(report.headline, live.headlines, self._weights, weights)
            is_like = is_like_event(report, live.story, self._language)
            less = self._handicap(report, live.story, is_like=is_like)
            nearest, alike = nearest - less, alike - less
            if (
                alike > best
                and alike >= _POSSIBLE
                and not is_vetoed(report, live.headlines, self._language, by_name=not is_like)
            ):
                best, best_number = alike, number
            enough = _STATEMENT if len(live.story.sources) > 1 else _POSSIBLE
            if (
                report.speaks
                and nearest > nearest_commented
                and nearest >= enough
                and not is_vetoed(report, live.headlines, self._language, is_said=True)
            ):
                nearest_commented, about = nearest, live.story
        if best_number is None:
            return Grouping(None, "nothing like it is known", about=about)
        if best < SURE:
            possible_duplicate = self._live[best_number].story
            about = about or (possible_duplicate if len(possible_duplicate.sources) > 1 or best >= _NEARLY else None)
            return Grouping(None, f"like story {best_number} by {best:.2f}, which is not sure", best_number, about)
        return Grouping(self._live[best_number].story, f"alike by {best:.2f}")

    def _closest(self, headline: Headline, weights: Mapping[str, float]) -> Sequence[int]:
        """Return the stories that share the heaviest of the rarest words of a headline."""
        scores: dict[int, float] = {}
        score, count = scores.get, self._weights.count
        for word in sorted(headline.words, key=count)[:_RAREST]:
            if count(word) > _COMMON:
                break
            weight, numbers = weights[word] ** 2, self._live.with_word(word)
            numbers = [n for n in numbers if n in scores] if scores and len(numbers) > _USUAL else numbers
            for number in numbers:
                scores[number] = score(number, 0.0) + weight
        return [number for _, number in nlargest(_CLOSEST, zip(scores.values(), scores, strict=True))]

    def _handicap(self, report: Report, story: Story, *, is_like: bool) -> float:
        """Return by how much the likeness to a story counts less, for its age and for another event."""
        days = max((report.item.seen - story.last) / timedelta(days=1), 0.0)
        less = _OLDER * days - (_LIKE_EVENT if is_like else 0.0)
        return less + (_OTHER_EVENT if not report.speaks and is_other_kind(report, story) else 0.0)

    def _by_name(self, report: Report, others: set[int]) -> Story | None:
        """Return the only story of two days that has a name of the report which no other story has."""
        shared: dict[int, float] = {}
        for word, weight in self._weights.all_of(report.headline).items():
            numbers = self._live.with_word(word)
            for number in numbers if len(numbers) <= _NAMED_IN else ():
                shared[number] = shared.get(number, 0.0) + weight
        found: list[tuple[float, int, int]] = []
        for number, weight in shared.items():
            live = self._live[number]
            if (
                number not in others
                and report.item.seen - live.story.last <= _POST_ONLY
                and self._names_subject(report.headline, live)
                and (not report.event_keys or self._has_people_of(report, live))
                and not names_others(report, live.story, self._language)
                and not is_vetoed(report, live.headlines, self._language, is_said=True)
            ):
                found.append((weight, len(live.story.sources), number))
        found.sort(reverse=True)
        if not found or (len(found) > 1 and found[0][:2] == found[1][:2]):
            return None
        return self._live[found[0][-1]].story

    def _names_subject(self, headline: Headline, live: LiveStory) -> bool:
        """Say whether a headline has a name of most headlines of a story; of one outlet's, it must be alike, too."""
        if len(live.story.sources) == 1:
            own = {word for word in headline.names if not self._language.is_country((word,))}
            near = (likeness(headline, one, self._weights) for one in live.headlines if own & one.names)
            return max(near, default=0.0) >= _ONE_OUTLET
        return any(2 * sum(w in other.names for other in live.headlines) >= len(live.headlines) for w in headline.names)

    def _has_people_of(self, report: Report, live: LiveStory) -> bool:
        """Say whether a headline of a story names somebody of a report's events."""
        names = {
            stem_of(name[-1]) for event_key in report.event_keys if event_key.is_named for name in people_of(event_key)
        }
        return any(not names.isdisjoint(headline.words) for headline in live.headlines)
