"""The query language: what it finds, and what it says about a mistake."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import WatchError
from bot.core.model import WatchSpec
from bot.watches.match import match_item
from tests.stories.builders import item, watchlist

NEWS = item(
    "OpenAI’s chief scientist departs, sources say",
    "Ilse Marten leaves the firm on Friday.\n\nThe Tor project was not involved.",
    outlet="The Ledger",
    tags=("tech", "ai"),
)


def wants(query: str) -> bool:
    """Say whether a query wants the news above."""
    return bool(match_item(NEWS, watchlist(WatchSpec("q", query=query))).matches)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("*", True),
        ("openai", True),
        ("OpenAI AND scientist", True),
        ("OpenAI scientist", True),
        ("OpenAI podcast", False),
        ("podcast OR scientist", True),
        ("OpenAI AND NOT podcast", True),
        ("OpenAI NOT scientist", False),
        ("+OpenAI -podcast", True),
        ("-scientist", False),
        ("NOT podcast", True),
        ("(podcast OR OpenAI) AND (scientist OR x)", True),
        ('"chief scientist"', True),
        ('"scientist chief"', False),
        ('"chief departs"~1', True),
        ('"openai departs"~1', False),
        ("depart*", True),
        ("leaving", True),
        ("title:leaving", False),
        ("lede:leaving", True),
        ("tor", False),
        ("body:tor", True),
        ("title:(OpenAI AND scientist)", True),
        ("source:ledger", True),
        ("source:herald", False),
        ("tag:AI", True),
        ("tag:sport", False),
        ("event:departure", True),
        ("event:arrival", False),
        ("event:departure AND NOT title:podcast", True),
    ],
)
def test_a_query_finds_what_it_says(query: str, expected: bool) -> None:
    """In the headline and the first paragraph, unless it names a field."""
    assert wants(query) is expected


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "the query is empty"),
        ("OpenAI AND", "ends where another word was expected"),
        ('"OpenAI', "never closed"),
        ("(OpenAI", "parentheses do not match"),
        ("titel:x", 'there is no field "titel:"; there are title:'),
        ("event:depature", 'there is no event "depature"'),
        ("a?c", "can only stand at the end"),
        ("[a TO b]", "not supported"),
        ("/re.*/", "not supported"),
        ("x~2", "not supported"),
        ('"!!"', "has no word in it"),
    ],
)
def test_a_mistake_is_named(query: str, words: str) -> None:
    """With what is wrong, in words."""
    with pytest.raises(WatchError, match=r".*") as caught:
        watchlist(WatchSpec("q", query=query))
    assert words in str(caught.value)


def test_the_place_of_a_mistake_is_counted_in_characters() -> None:
    """From one."""
    with pytest.raises(WatchError) as caught:
        watchlist(WatchSpec("q", query="OpenAI AND titel:x"))
    assert caught.value.column == 12


LEAF = st.sampled_from(["openai", "podcast", "title:leaving", "lede:leaving", '"chief scientist"', "depart*", "tag:ai"])
QUERY = st.recursive(
    LEAF,
    lambda part: st.one_of(
        st.tuples(part, part).map(lambda two: f"({two[0]} AND {two[1]})"),
        st.tuples(part, part).map(lambda two: f"({two[0]} OR {two[1]})"),
        part.map(lambda one: f"(NOT {one})"),
    ),
    max_leaves=6,
)


@given(QUERY, QUERY)
def test_queries_obey_logic(one: str, other: str) -> None:
    """Double negation and De Morgan."""
    assert wants(f"NOT (NOT {one})") == wants(one)
    assert wants(f"NOT ({one} AND {other})") == wants(f"(NOT {one}) OR (NOT {other})")
