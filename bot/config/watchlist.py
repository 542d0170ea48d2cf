"""Reads watchlist.toml."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from bot.config.tables import File, Table
from bot.config.unreached import Reach, note_unreached
from bot.core.errors import WatchError
from bot.core.model import JOINED, Alias, WatchSpec
from bot.core.model.watches import WATCH_FIELDS, WatchField
from bot.core.settings import unknown_key
from bot.watches.watchlist import Watch

_KEYS = tuple(field.key for field in WATCH_FIELDS)
_BY_KEY = {field.key: field for field in WATCH_FIELDS}


def read_watches(file: File, chats: Collection[str] | None, reach: Reach | None = None) -> tuple[WatchSpec, ...]:
    """Return the watches of a file; mistakes are noted in it.

    `chats` are the names of the chats that watches may send to; None where that could not be read. With `reach`, what
    watches want of feeds is looked at, too.
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
    read = {field.name: read_field(table, field) for field in WATCH_FIELDS if field.name not in {"name", "to"}}
    watch = WatchSpec(name=name or "?", to=_to(table, chats), **read)
    compiled = _note_mistakes(watch, table)
    if reach is not None and compiled is not None:
        note_unreached(watch, compiled, table, reach)
    if name is not None and "/" in name and name.partition("/")[0] in (chats or ()):
        table.mistake("name", f'a name that begins with "{name.partition("/")[0]}/" is for watches made in that chat')
    return None if name is None else watch


def read_field(table: Table, field: WatchField) -> Any:
    """Return what a field holds; its default where that is nothing. What it may not hold is noted."""
    if field.kind is int:
        number = _number(table, field)
        return field.default if number is None else number
    if field.is_list:
        return _texts(table, field) or field.default
    return table.read(field.key, lambda text: _choice(text, field)) or field.default


def _number(table: Table, field: WatchField) -> int | None:
    value = table.number(field.key)
    if value is not None and not field.low <= value <= field.high:
        table.mistake(field.key, f"{field.key} must be {field.low} to {field.high}, not {value}")
        return None
    return value


def _texts(table: Table, field: WatchField) -> tuple[Any, ...]:
    texts = table.texts(field.key, one_is_enough=True)
    if field.element is str:
        return texts  # names are looked up when the watch is compiled
    for text in texts:
        if text not in field.choices:
            table.mistake(field.key, field.unknown(text))
    return tuple(field.element(text) for text in texts if text in field.choices)


def _choice(text: str, field: WatchField) -> Any:
    if not field.choices:
        return text
    if text not in field.choices:
        raise ValueError(f"must be one of {', '.join(field.choices)}, not {text!r}")
    return field.element(text)


def _note_mistakes(watch: WatchSpec, table: Table) -> Watch | None:
    """Note every mistake in what a watch asks for: one part after the other is left out and the rest read again.

    Returns what is left, where that is a watch.
    """
    for _ in range(len(WATCH_FIELDS) + 1):
        try:
            compiled = Watch.compile(watch)
        except WatchError as error:
            # that a watch as a whole watches nothing may only follow from a mistake that is named already
            if error.key is not None or not table.is_flawed:
                table.mistake(error.key, f'the watch "{watch.name}": {error}')
            if error.key not in _BY_KEY:
                return None
            field = _BY_KEY[error.key]
            watch = replace(watch, **{field.name: field.default})
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
