"""One canonical form for a URL, to know the same page again by. Pure.

The canonical form is a key and is never fetched or shown: what a person opens is the publisher's own link.
"""

import re
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
# What Telegram takes for the host of a link, and a little less: names with a dot, and numbers.
_NAME = r"[\w\u0080-\U0010FFFF-]+"
_PORT = r"0*(?:[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])"
_BUTTON = re.compile(rf"{_NAME}(?:\.{_NAME})+\.?(?::{_PORT})?", re.ASCII)
# Parameters that say where a reader came from, not which page this is.
_TRACKING = re.compile(
    r"(?:utm_.*|mtm_.*|pk_.*|at_(?:medium|campaign|link.*)|fbclid|gclid|dclid|msclkid|yclid|twclid|igshid|mc_[ce]id|"
    r"_hs(?:enc|mi)|cmpid|ncid|ref|ref_src|ref_url|smid|partner|partnerid|guccounter|guce_.*|ftag|sr_share|rss|amp)",
    re.IGNORECASE,
)
# Platforms that limit how often they are asked over all of their names together.
_SITES = (
    *("tumblr.com", "blogspot.com", "wordpress.com", "substack.com", "medium.com", "reddit.com", "youtube.com"),
    *("github.io", "livejournal.com", "typepad.com", "ghost.io", "feedburner.com", "openrss.org"),
)
_PREFIXES = ("www.", "m.", "mobile.", "amp.")


def is_web(url: str | None) -> bool:
    """Say whether this is an absolute http or https link with a host, in characters that can be stored and sent."""
    if not url or not url.isprintable():
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in _DEFAULT_PORTS and bool(parts.hostname)


def is_for_a_button(url: str | None) -> bool:
    """Say whether Telegram takes a link for a button: a host with a dot in it, a port that can be, no login."""
    if not is_web(url):
        return False
    return _BUTTON.fullmatch(urlsplit(url or "").netloc) is not None


def host(url: str) -> str:
    """Return a URL's host and port as they stand, lower-cased: "news.example" or "127.0.0.1:8080"."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    name = (parts.hostname or "").lower()
    return name if port in {None, _DEFAULT_PORTS.get(parts.scheme)} else f"{name}:{port}"


def site(url: str) -> str:
    """Return what counts as one host when a URL is asked for: on shared platforms all of their names together."""
    name = host(url)
    return next((shared for shared in _SITES if name == shared or name.endswith(f".{shared}")), name)


@lru_cache(maxsize=4096)
def canonical(url: str) -> str:
    """Return the form shared by all addresses of one page: no scheme, www, tracking, AMP, slash or fragment.

    Text that is not a web address comes back as it is.
    """
    if not is_web(url):
        return url.strip()
    parts = urlsplit(url.strip())
    name = host(url)
    for prefix in _PREFIXES:
        # "m.example" has to stay a name with a dot in it
        if name.startswith(prefix) and name.count(".") > 1:
            name = name.removeprefix(prefix)
    path = re.sub(r"(?:/amp|\.amp)?/*$", "", re.sub(r"/{2,}", "/", parts.path))
    query = sorted((k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(k))
    return name + (path or "") + (f"?{urlencode(query)}" if query else "")
