"""A digest → message: many stories, the first of them numbered, each as it stands when it is sent. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from bot.core.event_kinds import SECTIONS
from bot.core.links import is_web
from bot.core.model import Address, Button, ButtonAction, Digest, DigestEntry
from bot.core.model.message import (
    Abilities,
    Bold,
    Day,
    Italic,
    Line,
    Link,
    Message,
    Node,
    Quote,
    Words,
    joined,
    plain,
)
from bot.core.text import one_line, shorten, units

_NUMBERED = 12
_IN_A_ROW = 8
_MORNING = range(4, 12)  # o'clock, in which the digest of the day is a brief of the morning
_OTHER = "OTHER"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Measure:
    """How much is said of each story: UTF-16 units of a headline and of an outlet, and how many outlets."""

    headline: int
    outlet: int
    outlets: int


# The first that fits is taken; the last fits whatever the store puts into one digest.
_MEASURES = (_Measure(300, 60, 3), _Measure(160, 40, 3), _Measure(100, 30, 2), _Measure(60, 12, 1))


def render_digest(digest: Digest, address: Address, channel: Abilities) -> Message:
    """Return the message of a digest; whatever its stories have grown to, none is left out."""
    lines: list[Node] = []
    for measure in _MEASURES:
        lines = [*_heading(digest, address.timezone), *_numbered(digest, measure), *_also(digest, measure)]
        if channel.size(plain(lines)) <= channel.longest:
            break
    return Message(tuple(lines), _buttons(digest))


def _heading(digest: Digest, zone: ZoneInfo) -> list[Node]:
    now = digest.at.astimezone(zone)
    is_brief = digest.since is not None and now.hour in _MORNING
    title = joined([Bold("Morning brief" if is_brief else "Digest"), Day(digest.at, zone)], " · ")
    count = _counted(len(digest.entries), "story", "stories")
    if digest.since is None:
        return [title, Words(count)]
    articles = _counted(digest.articles, "article", "articles")
    return [title, Words(f"{count} from {articles}, since {_since(digest.since.astimezone(zone), now)}")]


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _since(since: datetime, now: datetime) -> str:
    if now.date() - since.date() == _DAY:
        return f"yesterday {since:%H:%M}"
    return f"{since:%H:%M}" if now.date() == since.date() else f"{since:%a, %d.%m. %H:%M}"


def _numbered(digest: Digest, measure: _Measure) -> list[Node]:
    """Return the first stories under the headings of their sections."""
    lines: list[Node] = []
    numbered = list(enumerate(digest.entries, 1))[:_NUMBERED]
    for section, entries in groupby(numbered, key=lambda one: _section(one[1])):
        lines.append(Words(""))
        if section != _OTHER or _section(numbered[0][1]) != _OTHER:
            lines.append(Bold(section))
        for number, entry in entries:
            lines.append(Line((Bold(str(number)), Words("  "), _headline(entry, measure))))
            lines.append(_under(entry, measure))
    return lines


def _section(entry: DigestEntry) -> str:
    event = entry.line.event
    return SECTIONS.get(event, event.upper()) or _OTHER


def _headline(entry: DigestEntry, measure: _Measure) -> Node:
    """Return the clearest headline of the story as it stands, or that of the report by which it has developed."""
    title, url = entry.line.title, entry.line.url
    if entry.story is not None and not entry.line.news:
        sources = entry.story.sources
        clearest = next((source for source in sources if source.is_named), sources[0])
        pages = [source.url for source in (clearest, *sources) if is_web(source.url)]
        title, url = clearest.title, next(iter(pages), None)
    text = _cut(title, measure.headline) or "(no headline)"
    return Link(text, url) if url and is_web(url) else Words(text)


def _under(entry: DigestEntry, measure: _Measure) -> Node:
    """Return who reports it, what is new in it, and why it stands here."""
    parts: list[Node] = [Words(_outlets(entry, measure))]
    if entry.line.news:
        parts.append(Words(one_line(entry.line.news)))
    if entry.line.remark:
        parts.append(Italic(one_line(entry.line.remark)))
    return joined(parts, " · ")


def _outlets(entry: DigestEntry, measure: _Measure) -> str:
    sources = () if entry.story is None else entry.story.sources
    first = (entry.line.outlet,) if entry.line.news or not sources else ()
    names = dict.fromkeys((*first, *(source.outlet for source in sources)))
    named = ", ".join(_cut(name, measure.outlet) for name in list(names)[: measure.outlets])
    return f"{named} · {len(sources)} sources" if len(sources) > 1 else named


def _also(digest: Digest, measure: _Measure) -> list[Node]:
    """Return the other stories, a line each, folded away."""
    rest = digest.entries[_NUMBERED:]
    if not rest:
        return []
    lines = (joined([_headline(entry, measure), _under(entry, measure)], " · ") for entry in rest)
    return [Words(""), Quote((Bold("Also noted"), *lines), folded=True)]


def _cut(text: str, limit: int) -> str:
    """Return text on one line, of at most so many UTF-16 units."""
    cut = shorten(one_line(text), limit)
    return cut if units(cut) <= limit else shorten(cut, limit // 2)


def _buttons(digest: Digest) -> tuple[tuple[Button, ...], ...]:
    """Return a button for each number: it asks for the story in a message of its own."""
    numbers = [number for number, entry in enumerate(digest.entries[:_NUMBERED], 1) if entry.story is not None]
    every: Sequence[Button] = [Button(str(n), data=f"{ButtonAction.SHOW}:{digest.token}:{n}") for n in numbers]
    return tuple(tuple(every[at : at + _IN_A_ROW]) for at in range(0, len(every), _IN_A_ROW))
