"""Watches as text: tables of `watchlist.toml`, values for JSON, and the reference of their keys. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.core.model.watches import WATCH_FIELDS, WatchField, WatchSpec
from bot.core.toml import quoted

# Whom a watch is about is written first, and last where its alerts go.
_FIRST, _LAST = {"name", "people", "organisations"}, {"to"}


def set_fields(spec: WatchSpec) -> Iterator[tuple[WatchField, Any]]:
    """Yield the fields of a watch that are not as they would be if nothing were said, with their values."""
    for field in WATCH_FIELDS:
        value = getattr(spec, field.name)
        if value != field.default:
            yield field, value


def watch_as_toml(spec: WatchSpec) -> str:
    """Return a watch as a table of watchlist.toml. Where its alerts go is always said."""
    values = {field.key: value for field, value in set_fields(spec)} | {"to": spec.to}
    keys = sorted(values, key=lambda key: (key in _LAST, key not in _FIRST))
    return "\n".join(["[[watch]]", *(f"{key} = {_toml(values[key])}" for key in keys)])


def _toml(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(quoted, value))}]"
    return str(value) if isinstance(value, int) else quoted(value)


def watch_values(spec: WatchSpec) -> dict[str, Any]:
    """Return a watch as values that JSON can hold."""
    return {field.name: value for field, value in set_fields(spec)}


def watch_of_values(values: Mapping[str, Any]) -> WatchSpec:
    """Return the watch of such values. A field that a later version knows no more is left out."""
    return WatchSpec(
        **{field.name: _of_json(field, values[field.name]) for field in WATCH_FIELDS if field.name in values}
    )


def _of_json(field: WatchField, value: Any) -> Any:
    if field.is_list:
        return tuple(map(field.element, value))
    return field.element(value) if field.choices else value


def as_markdown() -> str:
    """Return the table of the keys of a watch, for `docs/configuration.md`."""
    rows = (f"| `{field.key}` | {field.help} |" for field in WATCH_FIELDS)
    return "\n".join(["| key | meaning |", "|---|---|", *rows])
