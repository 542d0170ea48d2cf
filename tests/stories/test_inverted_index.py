"""The index of stories does what a plain set under each key would do."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from bot.stories.inverted_index import InvertedIndex

CHANGES = st.lists(st.tuples(st.booleans(), st.sets(st.sampled_from("abc")), st.integers(1, 6)))


@given(CHANGES)
def test_stories_are_added_and_removed_in_any_order(changes: list[tuple[bool, set[str], int]]) -> None:
    """Each once and in order; a key under which nothing is left is gone."""
    index, plain = InvertedIndex(), defaultdict[str, set[int]](set)
    for is_added, keys, number in changes:
        (index.add if is_added else index.remove)(keys, number)
        for key in keys:
            (plain[key].add if is_added else plain[key].discard)(number)

    assert {key: list(index.of(key)) for key in "abc"} == {key: sorted(plain[key]) for key in "abc"}
    assert index._numbers.keys() == {key for key in plain if plain[key]}
