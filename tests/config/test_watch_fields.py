"""A field of a watch is declared once: what is exported, stored and documented is read again as the same watch."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.config.load import Configuration
from bot.config.tables import File, Table
from bot.config.watchlist import read_field
from bot.core.model import ChatSpec, WatchSpec
from bot.core.model.watches import WATCH_FIELDS, WatchField
from bot.core.text import words
from bot.core.watch_text import as_markdown, set_fields, watch_as_toml, watch_of_values, watch_values
from bot.store.mutations import watch_as_text, watch_of

CHATS = ("me", "team", "Zoë’s")
TEXTS = st.text(min_size=1, max_size=40).map(str.strip).filter(words)
# What a field may hold that has a grammar of its own; all others follow from what is declared of them.
OWN: dict[str, st.SearchStrategy[Any]] = {
    "name": TEXTS.filter(lambda name: "/" not in name),
    "to": st.lists(st.sampled_from(CHATS), min_size=1).map(tuple),
    "query": st.sampled_from([None, "*", 'title:"open source" AND NOT tag:x', "depart*", '"a b"~3', "event:outage"]),
    "regex": st.lists(st.sampled_from([r"gpt-\d+", 'say "x"', r"\bAI\b", "ä|ö", "[^\\\\]"]), max_size=3).map(tuple),
}


def values_of(field: WatchField) -> st.SearchStrategy[Any]:
    """Return what a field may hold."""
    if field.name in OWN:
        return OWN[field.name]
    if field.kind is int:
        return st.integers(field.low, field.high)
    one = st.sampled_from([field.element(choice) for choice in field.choices]) if field.choices else TEXTS
    several = st.lists(one, min_size=len(field.default) > 0, max_size=4).map(tuple)
    return several if field.is_list else one


WATCHES = st.builds(WatchSpec, **{field.name: values_of(field) for field in WATCH_FIELDS}).map(
    # a watch that asks for no event cannot say how certain it has to be, and one has to ask for something
    lambda spec: replace(spec, events=spec.events or ("departure",))
)


def exported(spec: WatchSpec, folder: Path) -> WatchSpec:
    """Return a watch as it is read out of the file into which its export was copied."""
    path = folder / "watchlist.toml"
    path.write_text(watch_as_toml(spec), "utf-8")
    return Configuration.load_watches(path, tuple(map(ChatSpec, CHATS[1:]))).watches[0]


@given(WATCHES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_is_exported_is_read_as_the_same_watch(tmp_path: Path, spec: WatchSpec) -> None:
    """Every field, whatever stands in it, passes the checks."""
    assert exported(spec, tmp_path) == spec


@pytest.mark.parametrize("field", WATCH_FIELDS, ids=lambda field: field.key)
@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=20)
def test_each_field_is_exported(tmp_path: Path, field: WatchField, data: st.DataObject) -> None:
    """Alone, set to something else than its default."""
    value = data.draw(values_of(field).filter(lambda value: value != field.default))
    spec = replace(WatchSpec("w", events=("departure",)), **{field.name: value})

    assert f"\n{field.key} = " in watch_as_toml(spec)
    assert getattr(exported(spec, tmp_path), field.name) == value


@given(WATCHES)
def test_what_is_stored_is_the_same_watch(spec: WatchSpec) -> None:
    """The watches of chats lie in the database."""
    assert watch_of(watch_as_text(spec)) == spec


def test_what_is_unknown_in_the_store_is_left_out() -> None:
    """A later version may have stored it."""
    spec = WatchSpec("w", keywords=("x",))

    assert watch_of_values({**watch_values(spec), "mood": "sad"}) == spec


def test_what_is_as_usual_is_not_written() -> None:
    """Only what differs from the default; who a watch is about first, where its alerts go last."""
    spec = WatchSpec("w", events=("outage",), people=("Ilse Marten",), exclude=('"x"',))

    assert [field.key for field, _ in set_fields(spec)] == ["name", "event", "people", "not"]
    assert watch_as_toml(spec) == (
        '[[watch]]\nname = "w"\npeople = ["Ilse Marten"]\nevent = ["outage"]\nnot = ["\\"x\\""]\nto = ["me"]'
    )


def test_the_reference_names_every_key_once() -> None:
    """With what it means."""
    lines = as_markdown().splitlines()[2:]

    assert [line.split("|")[1].strip(" `") for line in lines] == [field.key for field in WATCH_FIELDS]
    assert all(line.split("|")[2].strip() for line in lines)


@pytest.mark.parametrize(
    ("text", "value", "mistake"),
    [
        ("", 1, ""),
        ("least = 3", 3, ""),
        ("least = 0", 1, "least must be 1 to 9, not 0"),
        ("least = true", 1, "least must be a whole number, not True"),
    ],
)
def test_a_field_may_be_a_number(tmp_path: Path, text: str, value: int, mistake: str) -> None:
    """Within the bounds that are declared; what is beyond them is named."""
    field = WatchField("least", "least", int, 1, "", "", (), 1, 9)
    path = tmp_path / "watchlist.toml"
    path.write_text(f"[[watch]]\n{text}\n", "utf-8")
    found: list[Any] = []
    (table,) = File(path, found).tables("watch", "least")
    assert isinstance(table, Table)

    assert read_field(table, field) == value
    assert [one.text for one in found] == [mistake] * bool(mistake)
