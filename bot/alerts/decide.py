"""Decides about items: an alert, an update, a reply, a digest line, or silence. Pure.

Every item ends in one decision for each watch and chat that wants it, or in one for nobody; each with its reason.
What silences is a line in the tables of `rules.py`.
"""

from collections.abc import Sequence

from bot.alerts.batch import BatchWriter, Limits, silence
from bot.alerts.candidates import Candidate, StoryMemory
from bot.alerts.rules import ITEM_RULES, MATCH_RULES, MATCHED_RULES, failed, first_reason
from bot.core.model import OWNER, Batch, Item, Match, Preferences
from bot.core.model.outbox import order_notice
from bot.core.text import one_line
from bot.stories.placement import Placement, place
from bot.watches.match import Matched, match_item
from bot.watches.watchlist import Watchlist


def decide_items(
    items: Sequence[Item],
    watchlist: Watchlist,
    memory: StoryMemory,
    limits: Limits | None = None,
    preferences: Preferences | None = None,
) -> Batch:
    """Decide about items in their order; the same items after the same past give the same decisions."""
    writer = BatchWriter(memory, limits or Limits())
    preferences = preferences or Preferences()
    for item in items:
        memory.expire(item.seen)
        if (reason := first_reason(ITEM_RULES, item)) is not None:
            writer.decisions.append(silence(item, reason))
            continue
        matched = match_item(item, watchlist, memory.stories.mentions_in)
        if matched.near_miss is not None:
            writer.near_misses.append(matched.near_miss)
        if (reason := first_reason(MATCHED_RULES, matched)) is not None:
            writer.decisions.append(silence(item, reason))
            continue
        news: list[Match] = []
        for match in matched.matches:
            if (reason := first_reason(MATCH_RULES, match)) is None:
                news.append(match)
            else:
                to = watchlist.by_name[match.watch].to
                writer.decisions += [silence(item, reason, match.watch, chat) for chat in to]
        if news:
            _decide_about_news(item, matched, news, watchlist, writer, preferences)
    return writer.batch(items)


def candidates_of(
    matches: Sequence[Match],
    placement: Placement,
    watchlist: Watchlist,
    memory: StoryMemory,
    preferences: Preferences,
) -> list[Candidate]:
    """Return the candidates of an item, for each chat of each watch that wants it, the most urgent first."""
    found = [
        Candidate(match, chat, placement, memory, preferences, watch.spec)
        for match in matches
        for watch in (watchlist.by_name[match.watch],)
        for chat in watch.to
    ]
    return sorted(found, key=lambda candidate: candidate.rank)


def _decide_about_news(
    item: Item,
    matched: Matched,
    news: Sequence[Match],
    watchlist: Watchlist,
    writer: BatchWriter,
    preferences: Preferences,
) -> None:
    """Put an item into its story, and decide about it for each watch and chat."""
    memory = writer.memory
    keys = [(item.id, match.watch) for match in news]
    before = next((memory.matched[key] for key in keys if key in memory.matched), None)
    placement = place(item, matched.events, memory.stories, memory.last_story + 1, before)
    memory.last_story = max(memory.last_story, placement.story.id)
    writer.stories[placement.story.id] = placement.story
    writer.matches += [(match, placement.story.id) for match in news]
    memory.reported_by.clear()
    for candidate in candidates_of(news, placement, watchlist, memory, preferences):
        writer.decide(candidate)
    for key in keys:
        memory.matched.setdefault(key, placement.story.id)


def skip_item(item: Item, bug: str) -> Batch:
    """Return what becomes of an item that a bug keeps from being decided about: the owner is sent it as it is."""
    text = (
        f"Tipoff has a bug and could not read this ({bug}); please report it:\n{one_line(item.title)}\n{item.url or ''}"
    )
    order = order_notice(OWNER, f"item {item.id} {item.edits}", text)
    return Batch(done=(item,), matches=(), stories=(), decisions=(silence(item, failed(bug)),), orders=(order,))
