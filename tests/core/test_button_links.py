"""Which links are put on a button, held against Telegram's own rule: a refused one costs a message its markup."""

import random

import pytest

from bot.core.links import is_for_a_button, is_web
from tests.servers.bot_api_text import is_link

TAKEN = (
    *("https://news.example/a?b=1&c=2#d", "http://127.0.0.1:8080/x", "https://münchen.example/", "http://a_b.example"),
    *("https://x.example:65535/", "HTTPS://NEWS.EXAMPLE/", "https://x.example./", "https://xn--mnchen-3ya.example/é"),
)
REFUSED = (
    *("http://localhost/x", "http://intranet:8080/", "http://1/", "http://x.example:0/", "http://x.example:65536/"),
    *("http://x.example:/", "http://a|b.example/", "http://a b.example/", "http://a\\b.example/", "http:///x.example"),
    *("http://[zz]/", "http://u@localhost/", "http://x.example:8a/", "javascript:alert(1)", "/x", "", None),
)
PARTS = (
    *("a", "news", ".", "..", "example", "localhost", ":", "80", "0", "65536", "@", "u:p", "[", "]", "::1", "%41", "%"),
    *("/", "?", "#", "|", "\\", "ä", "名", "\u3002", "-", "_", " ", "'", '"', "<", "^", "{", "~", "!"),
)


@pytest.mark.parametrize("url", TAKEN)
def test_links_of_the_web_are_put_on_a_button(url: str) -> None:
    """As Telegram takes them."""
    assert is_for_a_button(url)
    assert is_link(url)


@pytest.mark.parametrize("url", REFUSED)
def test_links_that_telegram_refuses_are_not(url: str | None) -> None:
    """A name of the home network has no dot; a port has to be one."""
    assert not is_for_a_button(url)
    assert not url or not url.startswith("http") or not is_link(url)


def refused_all_the_same(says: object) -> list[str]:
    """Return links of odd pieces that a rule takes and Telegram does not."""
    dice = random.Random(7)
    urls = ["http://" + "".join(dice.choice(PARTS) for _ in range(dice.randint(1, 6))) for _ in range(5000)]
    return [url for url in urls if says(url) and not is_link(url)]  # type: ignore[operator]


def test_no_link_that_is_put_on_a_button_is_refused() -> None:
    """Whatever pieces it is made of."""
    assert refused_all_the_same(is_for_a_button) == []


def test_a_looser_rule_would_be_seen() -> None:
    """The null control: any link of the web."""
    assert len(refused_all_the_same(is_web)) > 100
