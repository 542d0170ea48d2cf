"""Which feeds a page names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.links import is_web
from bot.feeds.parsing.page import common_places, feeds_of_page

URL = "https://a.example/blog/page.html"


def test_links_of_a_page_are_found() -> None:
    """Link elements first, then links that look like it; relative ones count, odd ones do not."""
    page = b"""<html><head><base href="/b/">
      <link rel="stylesheet" href="x.css"><link rel="alternate" hreflang="de" href="/de">
      <LINK REL="alternate feed" TYPE="application/rss+xml; charset=utf-8" HREF="feed.xml">
      <link rel=alternate type=application/atom+xml href=https://c.example/atom>
      <link rel=alternate type=application/rss+xml href="javascript:alert(1)">
      </head><a href="rss/all">All</a><a href="about">About</a><a href="http://[broken">feed</a>"""

    assert feeds_of_page(page, URL) == (
        "https://a.example/b/feed.xml",
        "https://c.example/atom",
        "https://a.example/b/rss/all",
    )


def test_common_places_stand_below_the_page_and_at_its_site() -> None:
    """The nearest first."""
    places = common_places("https://a.example/blog")

    assert places[:3] == ("https://a.example/blog/feed", "https://a.example/blog/rss", "https://a.example/feed")


@given(st.binary(max_size=300))
def test_any_page_gives_addresses_only(page: bytes) -> None:
    """Whatever stands in it."""
    assert all(map(is_web, feeds_of_page(b"<a href='feed/" + page, URL)))


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "page",
    [b"<![" * 100_000, b"<" * 1_000_000, b"<a " * 300_000, b"<html><script>" + b"<" * 900_000, b"<a href='" * 100_000],
    ids=["declarations", "brackets", "tags", "script", "quotes"],
)
def test_a_page_that_is_made_to_hurt_is_read_in_time(page: bytes) -> None:
    """Links before the trouble count, and nothing is raised."""
    link = b'<link rel="alternate" type="application/rss+xml" href="/feed">'

    assert feeds_of_page(link + page, "https://a.example/")[:1] == ("https://a.example/feed",)


def test_a_page_is_read_to_a_limit() -> None:
    """A link behind the first 300,000 bytes is not found, whatever stands before it."""
    link = b'<link rel="alternate" type="application/rss+xml" href="/feed">'

    assert feeds_of_page(b" " * 299_900 + link, URL) == ("https://a.example/feed",)
    assert feeds_of_page(b" " * 300_000 + link, URL) == ()
