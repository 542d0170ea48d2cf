"""The live stories, and what they are looked up by: words, pages, headlines, people, organisations. Pure."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.links import canonical
from bot.core.model import EventKey, Source, Story
from bot.events.outlets import Title
from bot.stories.event_keys import people_of, post_place, spelling_of
from bot.stories.inverted_index import InvertedIndex, Key, hash_of
from bot.stories.language import Language
from bot.stories.likeness import Headline, Weights, headline_of

_COMMON = 400  # newest stories under one key that are looked at
_NAMESAKES = 8  # newest stories that are asked whom a surname means
_MOST_HEADLINES = 12  # headlines that are kept of a story to compare with


@dataclass(slots=True)
class LiveStory:
    """A story with its headlines as they are compared."""

    story: Story
    headlines: list[Headline]


class LiveIndex:
    """Holds the stories of the last days.

    All that it knows can be learnt from the stories themselves, so that it is the same after a restart.
    """

    def __init__(self, window: timedelta, stories: Iterable[Story], language: Language) -> None:
        self._window = window
        self._language = language
        self._live: OrderedDict[int, LiveStory] = OrderedDict()  # the one without news for longest first
        self._index = InvertedIndex()
        self.weights = Weights(language)
        for story in sorted(stories, key=lambda one: (one.last, one.id)):
            self.learn(story)

    def __len__(self) -> int:
        return len(self._live)

    def __getitem__(self, number: int) -> LiveStory:
        return self._live[number]

    def get(self, number: int) -> Story | None:
        """Return a story, None where it is not live."""
        live = self._live.get(number)
        return None if live is None else live.story

    def with_page(self, url: str | None) -> Sequence[int]:
        """Return the stories with a report on a page."""
        return self._index.of(_page_key(url))

    def with_headline(self, headline: Headline) -> Sequence[int]:
        """Return the stories with a headline of the same words."""
        return self._index.of(_headline_key(headline))

    def with_word(self, word: str) -> Sequence[int]:
        """Return the stories with a word in a headline."""
        return self._index.of(word)

    def with_surnames(self, words: Iterable[str]) -> Iterable[int]:
        """Return the newest stories with people of these surnames."""
        keys = [f"who {spelling_of(word)}" for word in words]
        return {number: None for key in keys for number in self._index.of(key)[-_NAMESAKES:]}

    def with_events_like(self, event_keys: Iterable[EventKey], surnames: Iterable[str] = ()) -> Sequence[int]:
        """Return the stories with a person or an organisation of some event keys, or with one of some surnames."""
        found: dict[int, None] = {}
        for key in dict.fromkeys((*self._keys(event_keys), *(f"who {word}" for word in surnames))):
            found |= dict.fromkeys(self._index.of(key)[-_COMMON:])
        return sorted(found)

    def learn(self, story: Story) -> None:
        """Add a story with all of its sources."""
        live = self._live[story.id] = LiveStory(story, [])
        self._read(live)

    def open(self, story: Story, headline: Headline) -> None:
        """Add a story of one source with this headline."""
        live = self._live[story.id] = LiveStory(story, [])
        self._index.add(self._keys(story.event_keys), story.id)
        self._note(live, story.sources[0], headline)

    def update(self, story: Story, headline: Headline | None) -> None:
        """Replace a story by what it has grown to; `headline` is that of its new source, None where it has none."""
        live = self._live[story.id]
        self._index.remove(self._keys(live.story.event_keys), story.id)
        self._index.add(self._keys(story.event_keys), story.id)
        live.story = story
        if headline is not None:
            self._live.move_to_end(story.id)
            self._note(live, story.sources[-1], headline)

    def reword(self, story: Story) -> None:
        """Replace a story by one whose sources have other headlines."""
        live = self._live[story.id]
        self._unread(live)
        live.story, live.headlines = story, []
        self._read(live)

    def replace(self, number: int, story: Story | None) -> None:
        """Replace a story, None for no more of it, in the order in which a restart would learn it."""
        if number in self._live:
            self._forget(number)
        if story is not None:
            self.learn(story)
            self._live = OrderedDict(sorted(self._live.items(), key=lambda live: (live[1].story.last, live[0])))

    def expire(self, now: datetime) -> Sequence[int]:
        """Forget the stories without news for longer than the window; return which."""
        gone: list[int] = []
        while self._live and now - next(iter(self._live.values())).story.last > self._window:
            gone.append(next(iter(self._live)))
            self._forget(gone[-1])
        return gone

    def _forget(self, number: int) -> None:
        self._unread(self._live.pop(number))

    def _read(self, live: LiveStory) -> None:
        """Add a story to the index."""
        self._index.add(self._keys(live.story.event_keys), live.story.id)
        for source in live.story.sources:
            self._note(live, source, headline_of(Title(source.title, source.outlet).bare, self._language))

    def _note(self, live: LiveStory, source: Source, headline: Headline) -> None:
        """Add a source of a story to the index."""
        self._index.add([page] if (page := _page_key(source.url)) else (), live.story.id)
        if len(live.headlines) < _MOST_HEADLINES and headline not in live.headlines:
            live.headlines.append(headline)
            self.weights.add(headline.words)
            self._index.add((*headline.words, _headline_key(headline)), live.story.id)

    def _unread(self, live: LiveStory) -> None:
        """Remove a story from the index."""
        keys: dict[Key, None] = {
            key: None for headline in live.headlines for key in (*headline.words, _headline_key(headline))
        }
        keys |= dict.fromkeys(self._keys(live.story.event_keys))
        keys |= {page: None for source in live.story.sources if (page := _page_key(source.url))}
        for headline in live.headlines:
            self.weights.remove(headline.words)
        self._index.remove(keys, live.story.id)

    def _keys(self, event_keys: Iterable[EventKey]) -> Iterator[str]:
        """Yield what event keys are looked up by: surnames, and the words of organisations."""
        for event_key in event_keys:
            if event_key.is_named:
                yield from (f"who {name[-1]}" for name in people_of(event_key))
            for organisation in event_key.organisations:
                yield from (f"at {word}" for word in self._language.organisation(organisation))
            yield from (f"at {word}" for word in post_place(event_key, self._language))


def _page_key(url: str | None) -> Key:
    """Return what a page is looked up by; nothing for none."""
    page = canonical(url) if url else ""
    return hash_of("page", page) if page else ""


def _headline_key(headline: Headline) -> Key:
    """Return what a headline is looked up by."""
    return hash_of("line", " ".join(headline.words))
