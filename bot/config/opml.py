"""Lists of feeds as other readers write them; the only file that knows listparser."""

from collections.abc import Iterable
from typing import BinaryIO
from xml.sax.saxutils import quoteattr

import listparser

from bot.core.errors import ConfigError
from bot.core.model import FeedSpec
from bot.core.secrets import without_login
from bot.core.text import one_line

_LONGEST = 1_000_000  # bytes of a list
_MOST = 1_000  # feeds in it


def read_opml(file: BinaryIO, name: str) -> tuple[FeedSpec, ...]:
    """Return the feeds of an OPML list, folders as tags. Raises ConfigError when it is none, or too large."""
    content = file.read(_LONGEST + 1)
    if len(content) > _LONGEST:
        raise ConfigError(f"{name}: a list of at most {_LONGEST // 1_000_000} MB was expected")
    try:
        # bytes, never text: listparser would ask for a text that looks like an address
        found = listparser.parse(content)
    except (UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{name}: this cannot be read ({type(error).__name__})") from error
    if not found.feeds:
        raise ConfigError(f"{name}: there is no feed in this file; an OPML list was expected")
    if len(found.feeds) > _MOST:
        raise ConfigError(f"{name}: {len(found.feeds)} feeds are more than the {_MOST} that are taken at once")
    return tuple(
        FeedSpec(feed.url.strip(), one_line(feed.get("title") or "") or None, tuple(_tags(feed.get("tags") or ())))
        for feed in found.feeds
    )


def _tags(names: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(tag for name in names if (tag := "-".join(one_line(name).lower().split())))


def write_opml(feeds: Iterable[FeedSpec], *, secrets: bool) -> str:
    """Return feeds as an OPML 2.0 list; logins and keys in addresses only with `secrets`."""
    lines = []
    for feed in feeds:
        url = feed.url if secrets else without_login(feed.url)
        tags = f" category={quoteattr(','.join(feed.tags))}" if feed.tags else ""
        lines.append(f'    <outline type="rss" text={quoteattr(feed.name or url)} xmlUrl={quoteattr(url)}{tags}/>')
    body = "\n".join(lines)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<opml version="2.0">\n  <head><title>Tipoff</title></head>\n'
        f"  <body>\n{body}\n  </body>\n</opml>\n"
    )
