"""Feeds made for a run: of the sizes of real ones, and the same every time."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape

_WORDS = [
    "minister",
    "market",
    "climate",
    "robot",
    "court",
    "chip",
    "orbit",
    "strike",
    "merger",
    "budget",
    "vaccine",
    "harbour",
    "striker",
    "novel",
    "storm",
]
_START = datetime(2026, 3, 3, 6, 0, tzinfo=UTC)


def generated(count: int) -> list[bytes]:
    """Return documents with 10 to 40 entries, some with whole articles."""
    chance = random.Random(1)
    return [
        document(f"outlet{n}", range(chance.randint(10, 40)), words=chance.choice([20, 60, 400])) for n in range(count)
    ]


def document(outlet: str, numbers: "range | list[int]", words: int = 40) -> bytes:
    """Return an RSS document with these entries, the first on top."""
    items = "".join(_item(outlet, number, words) for number in numbers)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<channel><title>{outlet}</title><link>https://{outlet}.example/</link>"
        f"<description>News of {outlet}</description>{items}</channel></rss>"
    ).encode()


def _item(outlet: str, number: int, words: int) -> str:
    chance = random.Random(f"{outlet} {number}")
    title = " ".join(chance.choices(_WORDS, k=9)).capitalize()
    text = " ".join(chance.choices(_WORDS, k=words))
    date = format_datetime(_START + timedelta(minutes=number * 7))
    return (
        f"<item><title>{title} {number}</title><link>https://{outlet}.example/{number}</link>"
        f'<guid isPermaLink="false">{outlet}-{number}</guid><pubDate>{date}</pubDate>'
        f"<dc:creator>A. Writer</dc:creator><category>{chance.choice(_WORDS)}</category>"
        f"<description>{escape(f'<p>{text}</p>')}</description></item>\n"
    )
