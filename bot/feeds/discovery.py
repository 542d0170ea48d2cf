"""Finds the feeds at an address that a person gives: the feed itself, or those of the page there."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.core.model import Feed, FeedDocument, FeedFailure, Response
from bot.core.ports import Fetcher, Parser
from bot.feeds.delta import read_all
from bot.feeds.parsing.page import common_places, feeds_of_page


@dataclass(frozen=True, slots=True)
class DiscoveredFeed:
    """A feed that answered, and what was read of it."""

    url: str
    reply: Response
    document: FeedDocument


async def look_for_feeds(url: str, fetcher: Fetcher, parser: Parser) -> Sequence[DiscoveredFeed] | FeedFailure:
    """Return the feed at an address, or those of the page there, the best first; through the guard, each of them."""
    return await _Search(fetcher, parser).find(url if "://" in url else f"https://{url}")


class _Search:
    """Asks for addresses and reads what comes."""

    def __init__(self, fetcher: Fetcher, parser: Parser) -> None:
        self._fetcher = fetcher
        self._parser = parser

    async def find(self, url: str) -> Sequence[DiscoveredFeed] | FeedFailure:
        reply = await self._fetcher.fetch(Feed(0, url, url))
        if isinstance(reply, FeedFailure):
            return reply
        document = await read_all(self._parser, url, reply)
        if isinstance(document, FeedDocument):
            return [DiscoveredFeed(url, reply, document)]
        at = reply.url or url
        named = await asyncio.to_thread(feeds_of_page, reply.body, at)  # a page may be made to take long
        found = await self._try(named, most=3) or await self._try(common_places(at), most=1)
        return found or FeedFailure(document.reason, f"{document.detail}, and it names none that can be read")

    async def _try(self, urls: Iterable[str], most: int) -> list[DiscoveredFeed]:
        found: list[DiscoveredFeed] = []
        for url in urls:
            reply = await self._fetcher.fetch(Feed(0, url, url))
            if isinstance(reply, FeedFailure):
                continue
            document = await read_all(self._parser, url, reply)
            if isinstance(document, FeedDocument):
                found.append(DiscoveredFeed(url, reply, document))
            if len(found) == most:
                break
        return found
