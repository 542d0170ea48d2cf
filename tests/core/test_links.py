"""One canonical form for a URL."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.links import canonical, host, is_web, site
from tests.growth import LINEAR, growth

PAGE = "https://news.example/2026/marten"


@pytest.mark.parametrize(
    "url",
    [
        "http://news.example/2026/marten",
        "https://www.news.example/2026/marten/",
        "https://m.news.example/2026/marten",
        "https://NEWS.example:443/2026/marten#top",
        "https://amp.news.example/2026/marten",
        "https://news.example/2026/marten/amp/",
        "https://news.example/2026//marten?utm_source=rss&utm_medium=feed&fbclid=1",
        "https://news.example/2026/marten?gclid=2&mc_cid=3&ref=home",
    ],
)
def test_addresses_of_one_page_are_one(url: str) -> None:
    """Scheme, www, tracking, AMP, slashes and fragments do not count."""
    assert canonical(url) == canonical(PAGE)


@pytest.mark.parametrize(
    "url",
    [
        "https://news.example/2026/varga",
        "https://other.example/2026/marten",
        "https://news.example/2026/marten?id=2",
        "https://news.example/2026/Marten",
        "https://news.example:8080/2026/marten",
    ],
)
def test_other_pages_are_others(url: str) -> None:
    """Path, host, port and meaningful parameters count."""
    assert canonical(url) != canonical(PAGE)


def test_the_order_of_parameters_does_not_count() -> None:
    """They are sorted."""
    assert canonical("https://a.example/?b=2&a=1") == canonical("https://a.example/?a=1&b=2")


@given(st.text(max_size=100))
def test_any_text_is_survived(text: str) -> None:
    """What is no address comes back as it is."""
    canonical(text)
    host(text)
    assert is_web(text) or canonical(text) == text.strip()


@pytest.mark.parametrize("start", ["https://", "https://a.example/", "https://a.example/?"])
@pytest.mark.parametrize("piece", ["/", "/amp", ".amp", "?", "&a=", "utm_&", "@", ":", "[", "m.", "%"])
@pytest.mark.parametrize("job", [canonical.__wrapped__, host, site, is_web])
def test_hostile_repetition_costs_linear_work(job: Callable[[str], object], piece: str, start: str) -> None:
    """In a host, a path or a query."""
    assert growth(job, lambda size: start + piece * size) < LINEAR


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/", True),
        ("http://127.0.0.1:8080/x", True),
        ("ftp://a.example/", False),
        ("/local", False),
        ("javascript:alert(1)", False),
        ("http://", False),
        ("http://[broken", False),
        ("http://a.example/\ud800", False),
        ("http://a.example/\x00", False),
        ("", False),
        (None, False),
    ],
)
def test_web_addresses_are_told_apart(url: str | None, expected: bool) -> None:
    """Absolute, http or https, with a host, and storable."""
    assert is_web(url) is expected


def test_the_host_names_its_port_only_when_it_is_odd() -> None:
    """For leases and names."""
    assert host("https://A.example:443/x") == "a.example"
    assert host("http://a.example:8080/x") == "a.example:8080"
