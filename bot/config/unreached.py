"""What watches want of feeds that no feed has: a tag or a source that was misspelt, or whose feeds were taken off."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from bot.config.tables import Table
from bot.core.model import FeedSpec, WatchSpec
from bot.core.settings import unknown_key
from bot.core.text import fold, words
from bot.watches.watchlist import Watch


@dataclass(frozen=True, slots=True)
class Reach:
    """What feeds there are to want news of; `are_all_named` where none is called by a title of its own."""

    tags: tuple[str, ...]
    names: tuple[str, ...]
    are_all_named: bool


def reach_of(feeds: Sequence[FeedSpec], titles: Collection[str] = ()) -> Reach:
    """Return what watches can want of feeds; `titles` are the names by which they are known so far."""
    tags = dict.fromkeys(fold(tag) for feed in feeds for tag in feed.tags)
    names = dict.fromkeys((*(feed.name for feed in feeds if feed.name), *titles))
    return Reach(tuple(tags), tuple(names), all(feed.name for feed in feeds))


def note_unreached(spec: WatchSpec, watch: Watch, table: Table, reach: Reach) -> None:
    """Note each tag and source that a watch wants and no feed has; what a feed may yet be called is no mistake."""
    query = watch.query
    for key, tags in (("tags", spec.tags), ("query", query.tags if query else ())):
        for tag in tags:
            if fold(tag) not in reach.tags:
                table.mistake(key, f'the watch "{spec.name}": {_unknown_tag(tag, reach.tags)}')
    for key, sources in (("sources", spec.sources), ("query", query.sources if query else ())):
        for source in sources:
            if not any(set(words(source)) <= set(words(name)) for name in reach.names):
                text = f'the watch "{spec.name}": no feed is called "{source}"{_meant(source, reach.names)}'
                if reach.are_all_named:
                    table.mistake(key, text)
                else:
                    table.note(key, f"{text} (a feed without a name is called by its own title)")


def _unknown_tag(tag: str, tags: Sequence[str]) -> str:
    if not tags:
        return f'no feed has the tag "{tag}", nor any other; give the feeds tags in feeds.toml'
    return unknown_key(tag, tuple(tags)).replace("key", "tag", 1)


def _meant(source: str, names: Iterable[str]) -> str:
    """Return the name, or the word of one, that is most like what was written, as a question."""
    spellings = {fold(spelling): spelling for name in names for spelling in (*name.split(), name)}
    close = get_close_matches(fold(source), spellings, n=1, cutoff=0.6)
    return f'; did you mean "{spellings[close[0]]}"?' if close else ""
