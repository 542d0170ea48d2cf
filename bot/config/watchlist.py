"""Reads watchlist.toml."""

from collections.abc import Collection
from dataclasses import replace

from bot.config.tables import File, Table
from bot.config.unreached import Reach, note_unreached
from bot.core.errors import WatchError
from bot.core.model import JOINED, Alias, Part, Priority, WatchSpec
from bot.core.settings import unknown_key
from bot.events.lexicon import lexicon
from bot.watches.watchlist import Watch, compile_watch

_KEYS = (
    *("name", "to", "event", "people", "organisations", "keywords", "query", "regex", "not", "where", "certainty"),
    *("sources", "tags", "priority"),
)


def read_watches(file: File, chats: Collection[str] | None, reach: Reach | None = None) -> tuple[WatchSpec, ...]:
    """Return the watches of a file; mistakes are noted in it.

    `chats` are the names that watches may tell; None where that could not be read. With `reach`, what watches want
    of feeds is looked at, too.
    """
    file.only("watch", "person", "organisation")
    read = [
        (watch, table) for table in file.tables("watch", *_KEYS) if (watch := _watch(table, chats, reach)) is not None
    ]
    file.unique("watch", [(watch.name, table) for watch, table in read], "name")
    return tuple(watch for watch, _ in read)


def read_aliases(file: File, kind: str) -> tuple[Alias, ...]:
    """Return the `[[person]]` or `[[organisation]]` tables of a file."""
    read = [
        (Alias(name, table.texts("aliases")), table)
        for table in file.tables(kind, "name", "aliases")
        if (name := table.text("name", required=True)) is not None
    ]
    file.unique(kind, [(alias.name, table) for alias, table in read], "name")
    return tuple(alias for alias, _ in read)


def _watch(table: Table, chats: Collection[str] | None, reach: Reach | None) -> WatchSpec | None:
    name = table.text("name", required=True)
    watch = WatchSpec(
        name=name or "?",
        to=_to(table, chats),
        people=table.texts("people", one_is_enough=True),
        organisations=table.texts("organisations", one_is_enough=True),
        events=table.texts("event", one_is_enough=True),
        keywords=table.texts("keywords", one_is_enough=True),
        query=table.text("query"),
        exclude=table.texts("not", one_is_enough=True),
        where=_where(table),
        certainty=table.texts("certainty", one_is_enough=True) or WatchSpec("").certainty,
        sources=table.texts("sources", one_is_enough=True),
        tags=table.texts("tags", one_is_enough=True),
        regex=table.texts("regex", one_is_enough=True),
        priority=table.read("priority", _priority) or Priority.NORMAL,
    )
    compiled = _note_mistakes(watch, table)
    if reach is not None and compiled is not None:
        note_unreached(watch, compiled, table, reach)
    if name is not None and "/" in name and name.partition("/")[0] in (chats or ()):
        table.mistake("name", f'a name that begins with "{name.partition("/")[0]}/" is for watches made in that chat')
    return None if name is None else watch


# The field that each key of a watch fills.
_FIELDS = {
    "event": "events",
    "people": "people",
    "organisations": "organisations",
    "keywords": "keywords",
    "query": "query",
    "regex": "regex",
    "not": "exclude",
    "certainty": "certainty",
}


def _note_mistakes(watch: WatchSpec, table: Table) -> Watch | None:
    """Note every mistake in what a watch asks for: one part after the other is left out and the rest read again.

    Returns what is left, where that is a watch.
    """
    for _ in range(len(_FIELDS) + 1):
        try:
            compiled = compile_watch(watch, lexicon())
        except WatchError as error:
            # that a watch as a whole watches nothing may only follow from a mistake that is named already
            if error.key is not None or not table.is_flawed:
                table.mistake(error.key, f'the watch "{watch.name}": {error}')
            if error.key not in _FIELDS:
                return None
            field = _FIELDS[error.key]
            watch = replace(watch, **{field: getattr(WatchSpec(""), field)})
        except RecursionError:
            table.mistake("query", f'the watch "{watch.name}": the query is nested too deeply')
            return None
        else:
            if table.has("certainty") and not table.is_flawed and not _asks_for_events(compiled):
                table.mistake("certainty", f'the watch "{watch.name}": {_NO_EVENT}')
            return compiled
    return None


_NO_EVENT = (
    'certainty is that of an event, and it asks for none: give it an event, a keyword that means one ("leaving '
    'OpenAI") or a query with event:, or leave certainty out'
)


def _asks_for_events(watch: Watch) -> bool:
    is_asked = watch.query is not None and watch.query.wants_events
    return bool(watch.events) or is_asked or any(word.kinds for word in watch.keywords)


def _to(table: Table, chats: Collection[str] | None) -> tuple[str, ...]:
    names = table.texts("to", one_is_enough=True) if table.has("to") else WatchSpec("").to
    if table.is_empty("to"):
        table.mistake("to", 'to names no chat, so nobody would be told; leave it out for ["me"]')
    if chats is None:
        return names
    for name in names:
        # whoever joined by an invitation is known to the database alone
        if name not in chats and not name.startswith(JOINED):
            table.mistake("to", unknown_key(name, tuple(chats)).replace("key", "chat", 1))
    return names


def _where(table: Table) -> tuple[str, ...]:
    places = table.texts("where", one_is_enough=True)
    for place in places:
        if place not in set(Part):
            table.mistake("where", unknown_key(place, tuple(Part)).replace("key", "place", 1))
    return tuple(place for place in places if place in set(Part)) or WatchSpec("").where


def _priority(text: str) -> Priority:
    if text not in set(Priority):
        raise ValueError(f"must be one of {', '.join(Priority)}, not {text!r}")
    return Priority(text)
