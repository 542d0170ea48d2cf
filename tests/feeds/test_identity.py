"""Which entries are the same item, whatever the publisher did."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.model import Entry, KeyedEntry, KnownItem
from bot.feeds.identity import believable, keyed, sort_out

NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


def entry(n: int, **changed: object) -> Entry:
    made = Entry(f"https://a.example/id/{n}", f"https://a.example/{n}", f"Title number {n}", f"Text {n}", None)
    return replace(made, **changed)  # type: ignore[arg-type]  # the cases name the fields


def remembered(entries: list[Entry]) -> dict[bytes, KnownItem]:
    """Return what a store would know after a poll of these entries."""
    return {
        key: KnownItem(n, e.text_hash, 0, e.entry.title, e.entry.link, e.entry.published)
        for n, e in enumerate(keyed(entries))
        for key in (*e.keys, e.title_key)
        if key is not None
    }


def changes(entries: Sequence[KeyedEntry], known: Mapping[bytes, KnownItem]) -> int:
    """Return how many entries are new or have new words."""
    found = sort_out(entries, known)
    return len(found.new) + len(found.edited)


def new_after(before: list[Entry], after: list[Entry]) -> tuple[KeyedEntry, ...]:
    return sort_out(keyed(after), remembered(before))[0]


FIVE = [entry(n) for n in range(5)]


@pytest.mark.parametrize(
    "after",
    [
        FIVE,
        FIVE[::-1],
        FIVE[2:],
        [replace(e, guid=f"new-{n}") for n, e in enumerate(FIVE)],
        [replace(e, link=f"https://b.example/{n}") for n, e in enumerate(FIVE)],
        [replace(e, guid=(e.guid or "").replace("https", "http")) for e in FIVE],
        [replace(e, link=f"{e.link}?utm_source=rss") for e in FIVE],
        [replace(e, published=NOW) for e in FIVE],
        [replace(e, title="Corrected") for e in FIVE],
    ],
    ids=["same", "turned", "fewer", "guids", "links", "scheme", "tracking", "dates", "titles"],
)
def test_what_a_publisher_changes_makes_no_new_items(after: list[Entry]) -> None:
    """One key that is known is enough."""
    assert new_after(FIVE, after) == ()


def test_a_move_to_https_makes_no_new_items() -> None:
    """The guid alone is enough, its scheme aside, also when title and link are not the same any more."""
    before = [entry(n, link=None, guid=f"http://a.example/{n}") for n in range(3)]
    after = [entry(n, link=None, guid=f"https://a.example/{n}", title="Other words") for n in range(3)]

    assert new_after(before, after) == ()


def test_what_is_new_is_new() -> None:
    """An entry none of whose keys is known, oldest first."""
    assert [e.entry.title for e in new_after(FIVE, [entry(7), entry(6), *FIVE])] == ["Title number 6", "Title number 7"]


@pytest.mark.parametrize(
    "make",
    [
        lambda n: entry(n, guid="one-for-all"),
        lambda n: entry(n, link="https://a.example/"),
        lambda n: entry(n, guid=None),
        lambda n: entry(n, guid=None, link=None),
        lambda n: entry(n, guid=None, link="https://a.example/"),
        lambda n: entry(n, guid=None, link=None, title=""),
    ],
    ids=["one guid", "one link", "no guid", "neither", "one link, no guid", "text only"],
)
def test_keys_that_do_not_tell_entries_apart_do_not_count(make: "object") -> None:
    """Ten entries stay ten items, and are known again at the next poll."""
    assert callable(make)
    entries = [make(n) for n in range(10)]

    assert len(new_after([], entries)) == 10
    assert new_after(entries, entries) == ()


def test_copies_inside_a_document_are_one() -> None:
    """And the item is known again when the copy has gone."""
    assert len(keyed([FIVE[0], FIVE[0], FIVE[0]])) == 1
    assert new_after([FIVE[0], FIVE[0]], [FIVE[0]]) == ()


def test_new_words_are_an_edit() -> None:
    """Of headline or first paragraph; deeper text may change at every poll."""
    known = remembered(FIVE)
    for changed, edits in (({"title": "New"}, 1), ({"summary": "New"}, 1), ({"summary": "Text 0\nmore"}, 0)):
        assert len(sort_out(keyed([entry(0, **changed)]), known)[1]) == edits


def test_an_item_is_not_edited_for_ever() -> None:
    """After two dozen changes it is left alone."""
    (one,) = keyed([entry(0)])
    known = {key: KnownItem(1, b"other", 24) for key in one.keys}

    assert changes([one], known) == 0


@settings(max_examples=60)
@given(
    st.lists(
        st.builds(Entry, *[st.none() | st.text("ab", max_size=2)] * 2, *[st.text("ab", max_size=2)] * 2, st.none())
    )
)
def test_a_document_read_twice_brings_nothing(entries: list[Entry]) -> None:
    """Whatever is missing or doubled in it, in whatever order it comes back."""
    assert new_after(entries, entries) == ()
    assert new_after(entries, entries[::-1]) == ()


@settings(max_examples=60, deadline=None)
@given(st.permutations(range(6)), st.lists(st.integers(0, 5), max_size=6), st.sampled_from([{}, {"guid": None}]))
def test_order_and_repetition_do_not_matter(order: list[int], again: list[int], changed: dict[str, None]) -> None:
    """Shuffled, doubled or shortened: no new item, and no edit."""
    items = [entry(n, **changed) for n in range(6)]
    known = remembered(items)

    assert changes(keyed([items[n] for n in order + again]), known) == 0
    assert changes(keyed([items[n] for n in again]), known) == 0


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        (None, None),
        (NOW, NOW),
        (NOW + timedelta(hours=23), NOW + timedelta(hours=23)),
        (NOW + timedelta(hours=25), None),
        (datetime(1970, 1, 1, tzinfo=UTC), None),
        (datetime(1767, 1, 1, tzinfo=UTC), None),
    ],
)
def test_only_believable_dates_count(date: datetime | None, expected: datetime | None) -> None:
    """From 1990 to a day from now."""
    assert believable(date, NOW) == expected
