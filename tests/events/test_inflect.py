"""Every inflection of a word, and no other word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.events.inflect import inflections, is_irregular, stem


@pytest.mark.parametrize(
    ("word", "forms"),
    [
        ("leaving", "leave leaves leaving left"),
        ("left", "leave leaves leaving left"),
        ("quit", "quit quits quitting"),
        ("stepped", "step steps stepping stepped"),
        ("departs", "depart departs departing departed"),
        ("resign", "resign resigns resigning resigned"),
        ("launches", "launch launches launching launched"),
        ("company", "company companies"),
        ("companies", "company companies"),
        ("outage", "outage outages"),
        ("sue", "sue sues sued suing"),
        ("dies", "die dies died dying"),
    ],
)
def test_all_forms_are_there(word: str, forms: str) -> None:
    """Regular by rule, irregular by table, from whatever form one begins."""
    assert set(forms.split()) <= inflections(word)


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("news", "new"),
        ("series", "serie"),
        ("business", "busines"),
        ("outage", "outrage"),
        ("resign", "resignation"),
        ("bus", "bu"),
        ("king", "k"),
        ("x", "xs"),
        ("gpt4", "gpt4s"),
    ],
)
def test_another_word_is_no_form(word: str, other: str) -> None:
    """Words that only look inflected stay alone."""
    assert other not in inflections(word)


def test_the_table_of_verbs_knows_their_regular_forms_too() -> None:
    """The word "leaving" is a form of an irregular verb; "walking" is not."""
    assert is_irregular("leaving")
    assert not is_irregular("walking")


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12))
def test_a_word_is_a_form_of_itself(word: str) -> None:
    """Whatever the word."""
    assert word in inflections(word)


@pytest.mark.parametrize("forms", ["recall recalled recalls", "kill killed killing", "pass passed", "cancel cancelled"])
def test_forms_of_one_verb_have_one_stem(forms: str) -> None:
    """Also where the verb itself ends in a double letter."""
    assert len({stem(word) for word in forms.split()}) == 1
