"""Alert → message: what is said, in which order, and how much of it fits. Pure."""

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.core.links import is_for_a_button, is_web
from bot.core.model import (
    Alert,
    AlertPayload,
    AnswerPayload,
    Button,
    DigestPayload,
    EditPayload,
    Match,
    NoticePayload,
    Piece,
    Priority,
    ReplyPayload,
    Source,
    Story,
    Style,
    plain_lines,
)
from bot.core.model.message import (
    Abilities,
    Block,
    Bold,
    Code,
    Command,
    Italic,
    Line,
    Link,
    Message,
    Node,
    Quote,
    Time,
    Words,
    joined,
    plain,
)
from bot.core.text import clean, lede, one_line, shorten, units
from bot.delivery.digest import render_digest
from bot.delivery.keyboard import keyboard, read

ANY = Abilities()
_ADDRESS = 300  # characters of a link that is written out
_SPARE = 32  # units of the room, for the line that says how much more there is
_HEADLINE = 300  # characters
_QUOTE = 280
_NAME = 60
_MOST_SOURCES = 12
_FEW_SOURCES = 3  # as many stand in one line
_MOST_WATCHES = 3
_MOST_WORDS = 4
_NOTHING = "(no words)"  # Telegram takes no message that shows nothing
_MOST_STEPS = 6  # of a timeline
_STEP = 120  # characters
_POSSIBLE_DUPLICATE = 120
_COMMAND = re.compile(r"/[a-z]+")


def render(alert: Alert, channel: Abilities = ANY) -> Message:
    """Return the message of an alert, as its story stands now, so that it fits a channel."""
    match alert.payload:
        case DigestPayload() if alert.digest is not None:
            message = render_digest(alert.digest, alert.address, channel)
        case DigestPayload(text) | NoticePayload(text):
            message = _answer(AnswerPayload(plain_lines(text)), None, channel)
        case AnswerPayload() as answer:
            message = _answer(answer, alert.picture if channel.pictures else None, channel)
        case ReplyPayload() as reply:
            message = _reply(alert, reply, channel)
        case AlertPayload() | EditPayload():
            assert alert.story is not None, "an alert is about a story"
            message = _story(alert, alert.story, channel)
    return message if channel.buttons else replace(message, buttons=())


def _story(alert: Alert, story: Story, channel: Abilities) -> Message:
    """Return the message of a story, which grows with it."""
    first = _clearest(story)
    title = Bold(shorten(one_line(first.title), _HEADLINE) or "(no headline)")
    if alert.priority is Priority.LOW:
        lines: list[Node] = [title, _quiet_line(alert, story), *_corrections(story)]
    else:
        lines = [
            title,
            _byline(alert, story),
            *_corrections(story),
            *_possible_duplicate(alert),
            *_quoted(alert.matches, first),
            *_timeline(alert, story),
            *_sources(story, alert),
            Words(""),
            _reason(alert.matches, alert.address.chat),
        ]
    pages = [source for source in (first, *story.sources) if is_web(source.url)]
    page = next((source for source in pages if is_for_a_button(source.url)), None)
    if pages and page is None:
        lines.append(Words(shorten(pages[0].url or "", _ADDRESS)))  # to be copied: there is no button for it
    return _message(lines, keyboard(alert, page), channel, silent=alert.priority is Priority.LOW)


def _answer(answer: AnswerPayload, picture: bytes | None, channel: Abilities) -> Message:
    """Return the message that answers somebody, or says something in plain words."""
    lines: list[Node] = [Line(tuple(_piece(piece) for piece in line)) for line in answer.lines]
    is_seen = any(letter.isprintable() and not letter.isspace() for letter in plain(lines))
    if not is_seen and picture is None:
        lines = [Words(_NOTHING)]
    return replace(_message(_fitting(lines, channel), answer.buttons, channel, silent=False), picture=picture)


def _piece(piece: Piece) -> Node:
    text = _shown(piece.text)
    match piece.style:
        case Style.LINK if is_web(piece.url):
            return Link(text, piece.url)
        case Style.BOLD:
            return Bold(text)
        case Style.ITALIC:
            return Italic(text)
        case Style.CODE:
            return Code(text)
        case Style.BLOCK:
            return Block(text)
        case Style.COMMAND if _COMMAND.fullmatch(text):
            return Command(text)
        case _:
            return Words(text)


def _shown(text: str) -> str:
    """Return words without what nobody sees; white space around them stays."""
    bare = text.strip()
    start = text.index(bare)
    return text[:start] + clean(bare) + text[start + len(bare) :] if bare else text


def _reply(alert: Alert, reply: ReplyPayload, channel: Abilities) -> Message:
    """Return the message that says what is new in a story."""
    source = Source(0, reply.outlet, None, reply.title, reply.url, alert.created)
    # not how many confirm the story: they say nothing of what is new, and may say the opposite
    lines: list[Node] = [
        Bold(_capital(shorten(one_line(reply.news), _HEADLINE))),
        Words(shorten(one_line(reply.title), _HEADLINE)),
        joined([_source(source), Time(source.at, alert.address.timezone)], " · "),
    ]
    buttons = tuple(row for row in (read(source),) if row)
    return _message(lines, buttons, channel, silent=alert.priority is Priority.LOW)


def _clearest(story: Story) -> Source:
    """Return the report whose headline is shown: the first that names who it is about, else the first."""
    return next((source for source in story.sources if source.is_named), story.sources[0])


def _corrections(story: Story) -> list[Node]:
    """Return which outlets took back what they had said."""
    outlets = [_name(source) for source in story.sources if source.is_corrected]
    return [Italic(f"Corrected by {', '.join(outlets[:_FEW_SOURCES])}")] if outlets else []


def _room(channel: Abilities) -> int:
    """Return how many UTF-16 units of plain text surely fit: the rest is for the signs that a channel puts in."""
    return channel.longest * 3 // 4


def _fitting(lines: Sequence[Node], channel: Abilities) -> Sequence[Node]:
    """Return the lines of an answer, or as many as fit and how many there are more."""
    kept, size, room = 0, 0, _room(channel) - _SPARE
    while kept < len(lines) and (size := size + units(lines[kept].plain()) + 1) <= room:
        kept += 1
    return lines if kept == len(lines) else [*lines[:kept], Words(f"and {len(lines) - kept} more")]


def _message(
    lines: Sequence[Node], buttons: tuple[tuple[Button, ...], ...], channel: Abilities, *, silent: bool
) -> Message:
    """Return the lines as a message; what is too long loses its last lines but one, never half a line."""
    kept = list(lines)
    while len(kept) > 1 and units(plain(kept)) > _room(channel):
        kept.pop(-2 if len(kept) > 2 else -1)
    return Message(tuple(kept), buttons, silent)


def _byline(alert: Alert, story: Story) -> Node:
    """Return who said it first and when, how sure it is, and how many say so."""
    zone = alert.address.timezone
    count = len(story.sources)
    parts: list[Node] = []
    if label := _label(story):
        parts.append(Words(label))
    first = story.sources[0]
    by = Line((Words(f"{shorten(one_line(first.credit), _NAME)}, via "), _source(first))) if first.credit else None
    parts += [by or _source(first), Time(story.first, zone), Words(_count(story))]
    if count > 1:
        parts.append(Line((Words("updated "), Time(story.last, zone))))
    return joined(parts, " · ")


def _quiet_line(alert: Alert, story: Story) -> Node:
    """Return all that is said under the headline of what speaks low."""
    parts: list[Node] = [_source(story.sources[0]), Time(story.first, alert.address.timezone)]
    if len(story.sources) > 1:
        parts.append(Words(f"{len(story.sources)} sources"))
    watches = dict.fromkeys(_watch(match, alert.address.chat) for match in alert.matches)
    parts += [Line((Words("watch "), Code(name))) for name in list(watches)[:_MOST_WATCHES]]
    return joined(parts, " · ")


def _possible_duplicate(alert: Alert) -> list[Node]:
    """Return the headline of a story that this one may belong to."""
    if alert.possible_duplicate is None:
        return []
    title = shorten(one_line(alert.possible_duplicate.title), _POSSIBLE_DUPLICATE)
    link: Node = (
        Link(title, alert.possible_duplicate.url)
        if alert.possible_duplicate.url and is_web(alert.possible_duplicate.url)
        else Words(title)
    )
    return [Line((Italic("May be the same as: "), link))]


def _timeline(alert: Alert, story: Story) -> list[Node]:
    """Return how a story went on: the first report, and what was new since, the newest in bold."""
    steps = alert.steps[-_MOST_STEPS:]
    if not steps:
        return []
    zone = alert.address.timezone
    began = Source(0, story.sources[0].outlet, None, "First report", story.sources[0].url, story.first)
    lines: list[Node] = []
    for step in (began, *steps):
        news = _capital(shorten(one_line(step.title), _STEP))
        said = Bold(news) if step is steps[-1] else Words(news)
        lines.append(joined([Line((Time(step.at, zone), Words("  "), said)), _source(step)], " · "))
    return lines


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _count(story: Story) -> str:
    """Return how many outlets report a story, and how many of them of their own."""
    count, own = len(story.sources), story.independent
    outlets = "1 source" if count == 1 else f"{count} sources"
    if not story.event_keys:
        return outlets
    if own == 1:
        return f"{outlets}, not confirmed" if count == 1 else f"{outlets} that cite one, not confirmed"
    return f"confirmed by {own}" if own == count else f"confirmed by {own} of {outlets}"


def _label(story: Story) -> str:
    """Return what has happened, and how sure that is by all reports."""
    if not story.event_keys:
        return ""
    kind = story.event_keys[0].kind
    levels = {event_key.certainty for event_key in story.event_keys if event_key.kind == kind}
    if "denied" in levels:
        return f"{kind.capitalize()}, {'denied' if levels == {'denied'} else 'disputed'}"
    level = next((level for level in ("stated", "planned", "reported") if level in levels), "stated")
    return kind.capitalize() + ("" if level == "stated" else f", {level}")


def _quoted(matches: Sequence[Match], first: Source) -> list[Node]:
    """Return the beginning of the first report, where it says more than the headline."""
    summary = next((match.item.summary for match in matches if match.item.id == first.item_id), "")
    text = shorten(one_line(lede(summary)), _QUOTE)
    return [Quote((Words(text),))] if text and text != one_line(first.title) else []


def _sources(story: Story, alert: Alert) -> list[Node]:
    shown = story.sources[:_MOST_SOURCES]
    if len(shown) == 1:
        return []  # the line above names it
    if len(shown) <= _FEW_SOURCES:
        return [joined([_source(source) for source in shown], " · ")]
    zone = alert.address.timezone
    lines: list[Node] = [Bold(f"All {len(story.sources)} sources")]
    lines += [Line((_source(source), Words(" "), Time(source.at, zone))) for source in shown]
    if len(story.sources) > len(shown):
        lines.append(Words(f"and {len(story.sources) - len(shown)} more"))
    return [Quote(tuple(lines), folded=True)]


def _source(source: Source) -> Node:
    return Link(_name(source), source.url) if source.url and is_web(source.url) else Words(_name(source))


def _name(source: Source) -> str:
    return shorten(one_line(source.outlet), _NAME) or "(no name)"


def _watch(match: Match, chat: str) -> str:
    """Return how a chat calls a watch: those that were made in it bear its name inside."""
    return shorten(one_line(match.watch.removeprefix(f"{chat}/")), _NAME)


def _reason(matches: Sequence[Match], chat: str) -> Node:
    """Return why this chat is sent it: the watches, and the words of the text that answered them."""
    pieces: list[Node] = [Italic("Why you see this:")]
    seen: dict[str, Match] = {}
    for match in matches:
        seen.setdefault(match.watch, match)
    for match in list(seen.values())[:_MOST_WATCHES]:
        words = dict.fromkeys(one_line(piece.text) for piece in match.evidence)
        quoted = ", ".join(f"“{shorten(word, _NAME)}”" for word in list(words)[:_MOST_WORDS])
        before = " watch " if len(pieces) == 1 else "; watch "
        pieces += [Words(before), Code(_watch(match, chat))]
        if quoted:
            pieces.append(Words(f" ({quoted})"))
    return Line(tuple(pieces))
