"""Reading in processes that can be killed."""

import asyncio
import os
from datetime import timedelta

from bot.core.model import FeedDocument, FeedFailure
from bot.feeds.parsing.workers import ParseWorkers
from tests.builders import Entry, rss

GOOD = rss([Entry("Title", "https://a.example/1")])


def misbehave(body: bytes, content_type: str, url: str) -> FeedDocument | FeedFailure:
    """Stand in for a document that finds a hole in the reader; the body says which."""
    if body == b"hang":
        while True:
            pass
    if body == b"die":
        os._exit(7)
    if body == b"eat":
        return FeedFailure("ate", str(len(bytearray(10**10))))
    if body == b"bug":
        raise ZeroDivisionError
    return FeedDocument("fine", ())


def test_documents_are_read_elsewhere() -> None:
    """A good one gives its entries, a bad one its reason."""

    async def run() -> tuple[FeedDocument | FeedFailure, ...]:
        workers = ParseWorkers(1, timedelta(seconds=20))
        try:
            return await workers.parse(GOOD, "", "https://a.example/"), await workers.parse(b"", "", "")
        finally:
            await workers.close()

    good, bad = asyncio.run(run())
    assert isinstance(good, FeedDocument)
    assert isinstance(bad, FeedFailure)
    assert (len(good.entries), bad.reason) == (1, "empty")


def test_a_document_that_hangs_kills_or_eats_is_its_own_trouble() -> None:
    """The reader is stopped and replaced; the next document is read as ever."""

    async def run() -> list[str]:
        workers = ParseWorkers(1, timedelta(seconds=1), misbehave)
        try:
            results = [await workers.parse(body, "", "") for body in (b"hang", b"die", b"eat", b"bug", b"fine")]
        finally:
            await workers.close()
        return [result.reason if isinstance(result, FeedFailure) else result.title for result in results]

    assert asyncio.run(run()) == ["too slow", "malformed", "too large", "malformed", "fine"]


def test_other_documents_do_not_wait_for_one_that_hangs() -> None:
    """They are read by another process, while the first is still at it."""

    async def run() -> bool:
        workers = ParseWorkers(2, timedelta(seconds=60), misbehave)
        try:
            hanging = asyncio.create_task(workers.parse(b"hang", "", ""))
            await asyncio.sleep(0)  # for it to be the first in line
            for _ in range(3):
                assert isinstance(await workers.parse(b"fine", "", ""), FeedDocument)
            return hanging.done()
        finally:
            await workers.close()
            hanging.cancel()

    assert not asyncio.run(run())
