"""Words for answers: lines of pieces, and watches described for people. Pure."""

from collections.abc import Iterable, Sequence

from bot.core.event_kinds import EVENT_KINDS
from bot.core.model import Answer, Button, Piece, Priority, Style, WatchSpec
from bot.core.text import one_line, shorten, units

Line = tuple[Piece, ...]

_PAGE = 2_400  # UTF-16 units of one message; the signs that defuse it come on top
_TITLE = 200
_ECHO = 60  # characters of what somebody wrote
_MOST_NAMED = 8  # names of a watch that are shown


def line(*parts: str | Piece) -> Line:
    """Return a line of words and pieces."""
    return tuple(part if isinstance(part, Piece) else Piece(part) for part in parts)


def bold(text: str) -> Piece:
    """Return strong words."""
    return Piece(text, Style.BOLD)


def code(text: str) -> Piece:
    """Return words as they are typed."""
    return Piece(text, Style.CODE)


def command(name: str) -> Piece:
    """Return a command of the bot that is sent at a touch."""
    return Piece(f"/{name}", Style.COMMAND)


def block(text: str) -> Piece:
    """Return lines to be copied."""
    return Piece(text, Style.BLOCK)


def echo(text: str) -> str:
    """Return what somebody wrote, for an answer: not all of it where it is long."""
    return shorten(one_line(text), _ECHO)


def headline(title: str, url: str | None) -> Piece:
    """Return the headline of an item, with its page where there is one."""
    short = shorten(one_line(title), _TITLE) or "(no headline)"
    return Piece(short, Style.LINK, url) if url else Piece(short)


def answer_of(*lines: Line | str, buttons: Sequence[Sequence[Button]] = ()) -> tuple[Answer, ...]:
    """Return an answer of these lines, in as many messages as it needs; the buttons stand under the last."""
    pages: list[list[Line]] = [[]]
    size = 0
    for one in lines:
        parts = line(one) if isinstance(one, str) else one
        length = sum(units(piece.text) for piece in parts) + 1
        if size + length > _PAGE and pages[-1]:
            pages.append([])
            size = 0
        pages[-1].append(parts)
        size += length
    rows = tuple(tuple(row) for row in buttons)
    answers = [Answer(tuple(page)) for page in pages]
    return (*answers[:-1], Answer(answers[-1].lines, rows))


def own_name(watch: str, chat: str) -> str:
    """Return how a chat calls a watch: those made in it bear its name inside."""
    return watch.removeprefix(f"{chat}/")


def is_own(watch: WatchSpec, chat: str) -> bool:
    """Say whether a watch was made in a chat."""
    return watch.name.startswith(f"{chat}/") and watch.to == (chat,)


def describe(watch: WatchSpec, name: str | None = None) -> str:
    """Return a watch in one line of words."""
    parts = [
        *watch.events,
        *watch.people,
        *watch.organisations,
        *watch.keywords,
        *((watch.query,) if watch.query else ()),
        *watch.regex,
    ]
    without = f", without {', '.join(watch.exclude)}" if watch.exclude else ""
    return f"{name or watch.name}: {', '.join(parts)}{without}"


def meaning(watch: WatchSpec) -> str:
    """Return what a watch was understood as, in a sentence."""
    names = _listed((*watch.people, *watch.organisations), "or")
    if watch.events and watch.people and watch.organisations:
        who, where = _listed(watch.people, "or"), _listed(watch.organisations, "or")
        what = f"{_happening(watch.events)} of {who} and {where}, however it is worded"
    elif watch.events:
        what = _happening(watch.events) + (f" of or at {names}" if names else " of anybody, anywhere")
        what += ", however it is worded"
    elif watch.people and watch.organisations:
        what = f"news with {_listed(watch.people, 'or')} and {_listed(watch.organisations, 'or')}"
    elif names:
        what = f"any news with {names} in the headline or the first paragraph"
    elif watch.keywords:
        what = "the words " + _listed([_quoted(word) for word in watch.keywords], "or")
    elif watch.query:
        what = f"what answers the query {watch.query}"
    else:
        what = f"what fits the pattern {_listed(watch.regex, 'or')}"
    without = f", but not with {_listed([_quoted(word) for word in watch.exclude], 'or')}" if watch.exclude else ""
    priority = {Priority.HIGH: "; at any hour", Priority.LOW: "; quietly", Priority.NORMAL: ""}[watch.priority]
    return what + without + priority


def _happening(events: Sequence[str]) -> str:
    """Return events as one says that one of them happens: "a departure or arrival", "an outage", "layoffs"."""
    first, *others = events
    return _listed((EVENT_KINDS[first].phrase, *others), "or")


def _quoted(word: str) -> str:
    """Return a keyword as it is meant: in every inflection, or, in double quotes, exactly so."""
    return f"“{word[1:-1]}” exactly so" if len(word) > 2 and word[0] == word[-1] == '"' else f"“{word}”"


def _listed(names: Iterable[str], last: str) -> str:
    """Return names as people list them: "a, b or c"."""
    shown = list(names)
    if len(shown) > _MOST_NAMED:
        shown = [*shown[:_MOST_NAMED], f"{len(shown) - _MOST_NAMED} more"]
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} {last} {shown[-1]}"
