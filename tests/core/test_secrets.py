"""No secret in what is shown of an address."""

from collections.abc import Callable

import pytest

from bot.core.secrets import public_base, redact, without_login
from tests.growth import LINEAR, growth

TOKEN = "123456789:AAE-" + "x" * 30
FEED = "https://x.example/feed"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"POST https://api.telegram.org/bot{TOKEN}/sendMessage", "POST https://api.telegram.org/<token>/sendMessage"),
        ("GET https://ada:secret@feeds.example/x", "GET https://<secret>@feeds.example/x"),
        ("GET https://x.example/feed?a=1&api_key=hush#top", "GET https://x.example/feed?a=1&api_key=<secret>#top"),
        ("https://x.example/.rss?feed=0123456789abcdef01234&user=ada", "https://x.example/.rss?feed=<secret>&user=ada"),
        ("HTTP://ada:hush@x.example/", "HTTP://<secret>@x.example/"),
        ("https://hush@x.example/", "https://<secret>@x.example/"),
        ("https://ada:hu@sh@x.example/", "https://<secret>@x.example/"),
        ("https://ada:hu/sh@x.example/", "https://<secret>@x.example/"),
        ("https://ada:hu?s#h@x.example/", "https://<secret>@x.example/"),
        ("'https://ada:h\"u<s>h@x.example/'", "'https://<secret>@x.example/'"),
        ("https://ada:hüsh€@x.example/", "https://<secret>@x.example/"),
        (
            "https://a.example/?u=https%3A%2F%2Fada%3Ahush%40x.example",
            "https://a.example/?u=https%3A%2F%2F<secret>%40x.example",
        ),
        ("?to=%2Ffeed%3Ftoken%3Dhush%26a%3D1", "?to=%2Ffeed%3Ftoken%3D<secret>%26a%3D1"),
        *(
            (f"{FEED}?a=1&{name}=hush", f"{FEED}?a=1&{name}=<secret>")
            for name in (
                "pass",
                "pwd",
                "code",
                "hash",
                "TOKEN",
                "access%5Ftoken",
                "token[]",
                "X-Amz-Signature",
                "jwt",
                "sid",
                "user_password",
            )
        ),
        (f"{FEED};jsessionid=hush?a=1", f"{FEED};jsessionid=<secret>"),
        (f"{FEED}#access_token=hush", f"{FEED}#access_token=<secret>"),
        (f"{FEED}?a=1;key=hush", f"{FEED}?a=1;key=<secret>"),
    ],
)
def test_secrets_are_taken_out(text: str, clean: str) -> None:
    """Tokens, logins however they are written, and what a service knows a reader by; a second time changes nothing."""
    assert redact(text) == clean
    assert redact(clean) == clean


@pytest.mark.parametrize(
    "text",
    [
        "https://x.example/?feed=rss2&author=ada&postcode=12&page=2",
        "https://x.example:8443/@ada/1?to=me@x.example",
        "https://[2001:db8::1]:8080/@ada",
        "https://x.example:8080, or ask ada@x.example",
        "nothing at 12:30",
        "https://x.example/?token=&a=1",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    """A port, a name in a path, an address for letters."""
    assert redact(text) == text


@pytest.mark.parametrize(
    ("url", "kept", "base"),
    [
        ("https://a.example/x?y=1", "https://a.example/x?y=1", "https://a.example/x?y=1"),
        ("https://ada:hush@a.example:8080/x@y?z@", "https://a.example:8080/x@y?z@", "https://a.example:8080/x@y?z@"),
        ("https://a:b@a.example", "https://a.example", "https://a.example"),
        ("https://a@b@a.example?c@", "https://a.example?c@", "https://a.example?c@"),
        ("https://a.example/#d@", "https://a.example/#d@", "https://a.example/#d@"),
        ("https://a.example/x?token=hush", "https://a.example/x?token=<secret>", "https://a.example/x"),
        ("https://a.example/x?y=1&key=h#u", "https://a.example/x?y=1&key=<secret>#u", "https://a.example/x?y=1#u"),
        ("https://a.example/x?y#code=h", "https://a.example/x?y#code=<secret>", "https://a.example/x?y"),
        ("nonsense@", "nonsense@", "nonsense@"),
    ],
)
def test_an_address_without_its_secrets_serves(url: str, kept: str, base: str) -> None:
    """To be handed on in a list, and for links to be resolved against, which are shown to anybody."""
    assert without_login(url) == kept
    assert public_base(url) == base


PIECES = (
    *("1", ":", "12345:", "bot1", "https://a:", "?a", "?key=", "feed=a", "A", "@", "https://", "https%3A%2F%2F", "%3F"),
    *("a%3D", "?key=;", "http://a:x", "%40", "?%26a%3D", "&", ";feed=", "token", "a:b@", "?key=%26", "."),
)


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("job", [redact, without_login, public_base])
def test_hostile_repetition_costs_linear_work(job: Callable[[str], object], piece: str) -> None:
    """A publisher's words come into the log as they are."""
    assert growth(job, lambda size: "https://" + piece * size, size=600) < LINEAR
