"""Any bytes through decoding, splitting, reading and keys: no crash, and none that takes for ever.

TIPOFF_FUZZ sets the number of runs, a few hundred by itself, a million in `make soak`; each run is one document
made of a feed by a few random mutations, with a seed so that it can be repeated.
"""

import gzip
import os
import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import pytest

from bot.core.errors import FeedError
from bot.core.model import Entry, FeedDocument, FeedFailure
from bot.feeds.fetch import gunzip
from bot.feeds.identity import keyed
from bot.feeds.parsing.formats import read_document
from bot.feeds.parsing.hints import read_hints
from bot.feeds.parsing.splitting import split_document
from bot.feeds.parsing.with_expat import read_with_expat
from tests.builders import Entry as Written
from tests.builders import atom, json_feed, rss
from tests.feeds.parsing.reading import read

RUNS = int(os.environ.get("TIPOFF_FUZZ", "400"))
FIRST = int(os.environ.get("TIPOFF_FUZZ_FIRST", "0"))
TIMEOUT = 20.0  # seconds of CPU for one document, as readers have in the daemon
ENTRIES = [
    Written(
        "AT&T <b>wins</b>", "https://a.example/1", "tag:1", "<p>Text &amp; more</p>", "Tue, 03 Mar 2026 09:00:00 GMT"
    ),
    Written("Zwei", "/relative", None, None, "2026-03-03T09:00:00Z"),
]
SEEDS = [rss(ENTRIES), atom(ENTRIES), json_feed(ENTRIES), rss(ENTRIES * 6), rss(ENTRIES).decode().encode("utf-16")]
PIECES = [
    *(
        b"<![CDATA[",
        b"]]>",
        b"<!--",
        b"-->",
        b"<item>",
        b"</item>",
        b"<entry>",
        b"</channel>",
        b"<?xml?>",
        b"&#x110000;",
    ),
    *(
        b"&nbsp;",
        b"&lt;",
        b"\x00",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"<!DOCTYPE x [",
        b'<!ENTITY a "&a;">',
        b'"',
        b"'",
        b">",
    ),
    *(
        b"<author>",
        b"a.a.a@",
        b"<pubDate>",
        b"99999999999999",
        b"xmlns:x='y'",
        b"encoding='utf-7'",
        b"\\ud800",
        b"[[[[",
        b"<links>",
        b"<title_detail>",
    ),
]


def mutated(chance: random.Random) -> bytes:
    """Return one of the feeds with some bytes changed, cut out, doubled or put in."""
    body = bytearray(chance.choice(SEEDS))
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(body) + 1)
        match chance.randrange(5):
            case 0:
                body[at:at] = chance.choice(PIECES) * chance.choice([1, 1, 1, 50])
            case 1:
                del body[at : at + chance.randint(1, 200)]
            case 2:
                body[at : at + 1] = bytes([chance.randrange(256)])
            case 3:
                body[at:at] = body[at : at + chance.randint(1, 400)]
            case _:
                body[at : at + chance.randint(1, 4)] = chance.randbytes(chance.randint(1, 4))
    return bytes(body)


def once(seed: int) -> None:
    """Send one document all the way."""
    chance = random.Random(seed)
    body = mutated(chance)
    if chance.random() < 0.2:
        packed = bytearray(gzip.compress(body, 1))
        packed[chance.randrange(len(packed))] ^= chance.randrange(256)
        try:
            body = gunzip(packed, 100_000)
        except FeedError:
            return
    pieces = split_document(body)
    read_hints(body)
    kind = chance.choice(["", "text/xml", "application/rss+xml; charset=utf-16", "text/html;charset=x"])
    result = read(body, kind, "https://a.example/feed")
    assert isinstance(result, FeedDocument | FeedFailure)
    assert read_document(body, kind, "https://a.example/feed") == result
    if isinstance(result, FeedDocument):
        for entry in keyed(result.entries):
            assert isinstance(entry.entry, Entry)
            assert entry.keys
            (entry.entry.title + entry.entry.summary + (entry.entry.guid or "")).encode()
    if pieces is not None:
        part = pieces.part([0, len(pieces.spans) - 1])
        result = read(part, "application/xml; charset=utf-8", "https://a.example/feed")
        assert isinstance(result, FeedDocument | FeedFailure)
        if (plain := read_with_expat(part, "utf-8", "https://a.example/feed")) is not None:
            assert isinstance(result, FeedDocument)
            assert plain == result.entries


@contextmanager
def timeout() -> Iterator[None]:
    """End what takes for ever."""

    def end(_signal: int, _frame: object) -> NoReturn:
        raise TimeoutError

    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, TIMEOUT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@pytest.mark.parametrize("part", range(4))
def test_any_document_goes_all_the_way(part: int) -> None:
    """Not one crash, and none that takes for ever."""
    for seed in range(FIRST + part, FIRST + RUNS, 4):
        try:
            with timeout():
                once(seed)
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
