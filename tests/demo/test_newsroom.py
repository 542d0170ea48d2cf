"""The demo's newsroom: what its data holds, what its feeds say at an instant, and how they are served."""

import asyncio
import json
import tomllib
from calendar import timegm
from collections import Counter
from datetime import UTC, datetime, timedelta
from html import unescape
from importlib.resources import files

import feedparser
import pytest
from aiohttp import ClientSession

from bot.demo.newsroom import LONGEST_FEED, NewsItem, Newsroom, Outlet, document, load, published, read
from bot.demo.server import NewsroomServer

START = datetime(2031, 3, 4, 6, 0, tzinfo=UTC)
INSTANTS = [START + timedelta(minutes=m) for m in (0, 1, 187, 206, 720, 1320, 1560, 10_000)]
NEWSROOM = load()

Line = tuple[str, str, str, datetime]


def test_the_newsroom_is_large_enough_to_be_noisy() -> None:
    """Twelve feeds or more in all three formats, 150 items or more, some printed before the start."""
    formats = Counter(outlet.format for outlet in NEWSROOM.outlets)
    archive = Counter(item.outlet for item in NEWSROOM.items if item.at <= timedelta())

    assert len(NEWSROOM.outlets) >= 12
    assert set(formats) == {"rss", "atom", "json"}
    assert min(formats.values()) >= 4
    assert len(NEWSROOM.items) >= 150
    assert all(4 <= archive[outlet.key] <= 6 for outlet in NEWSROOM.outlets)


def test_the_founding_story_is_told_by_many_outlets() -> None:
    """Eight outlets or more report the departure, in many wordings, and three or more print the agency's title."""
    reports = [item for item in NEWSROOM.items if item.story == "marten-leaves"]
    titles = Counter(item.title for item in reports)

    assert len({item.outlet for item in reports}) >= 8
    assert len(titles) >= 8
    assert max(titles.values()) >= 3


def test_two_outlets_link_to_one_page_with_different_tracking() -> None:
    """The syndicated copy has the agency's address, followed by parameters of its own."""
    tracked = [item for item in NEWSROOM.items if "?utm_" in item.url]

    assert len({item.outlet for item in tracked}) == 2
    assert len({item.url for item in tracked}) == 2
    assert len({item.url.partition("?")[0] for item in tracked}) == 1


def test_developments_come_after_the_story() -> None:
    """The successor, the denial and the new lab are later than every first report of the departure."""
    first = {item.story: item.at for item in reversed(NEWSROOM.items) if item.story}

    assert first["marten-leaves"] < first["marten-successor"] < first["marten-rumour"]
    assert first["marten-rumour"] < first["marten-denies"] < first["marten-launches"]


@pytest.mark.parametrize("name", ["archive.toml", "newsroom.toml"])
def test_data_files_are_in_order_of_time(name: str) -> None:
    """A person who reads the file reads the day as it happened."""
    raw = tomllib.loads((files("bot.demo") / name).read_text("utf-8"))
    minutes = [item["at"] for item in raw["item"]]

    assert minutes == sorted(minutes)
    assert {minute <= 0 for minute in minutes} == {name == "archive.toml"}


def test_no_outlet_prints_an_address_twice() -> None:
    """An address, and so a guid, names one item of an outlet."""
    addresses = Counter((item.outlet, item.url.partition("?")[0]) for item in NEWSROOM.items)

    assert [address for address, count in addresses.items() if count > 1] == []


@pytest.mark.parametrize("outlet", NEWSROOM.outlets, ids=lambda outlet: outlet.key)
@pytest.mark.parametrize("now", INSTANTS, ids=lambda now: f"{(now - START) / timedelta(minutes=1):.0f}min")
def test_a_document_says_what_the_outlet_printed(outlet: Outlet, now: datetime) -> None:
    """Every document is well-formed, and a foreign parser reads the same titles, links, texts and dates."""
    expected = [
        (item.title, item.url, item.summary, START + item.at) for item in published(NEWSROOM, outlet, START, now)
    ]

    assert _read_back(outlet, document(NEWSROOM, outlet, START, now)) == expected
    assert expected


def _read_back(outlet: Outlet, body: bytes) -> list[Line]:
    if outlet.format == "json":
        return _read_json(body)
    parsed = feedparser.parse(body)
    assert not parsed.bozo, parsed.get("bozo_exception")
    assert parsed.version == {"rss": "rss20", "atom": "atom10"}[outlet.format]
    assert parsed.feed.title == outlet.name
    assert len({entry.id for entry in parsed.entries}) == len(parsed.entries)
    return [
        (entry.title, entry.link, _plain(entry.summary), _instant(entry.published_parsed)) for entry in parsed.entries
    ]


def _read_json(body: bytes) -> list[Line]:
    feed = json.loads(body)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert len({item["id"] for item in feed["items"]}) == len(feed["items"])
    assert all(("content_html" in item) != ("content_text" in item) for item in feed["items"])
    return [
        (item["title"], item["url"], item["summary"], datetime.fromisoformat(item["date_published"]))
        for item in feed["items"]
    ]


def _plain(html: str) -> str:
    return unescape(html.removeprefix("<p>").removesuffix("</p>"))


def _instant(parsed: object) -> datetime:
    return datetime.fromtimestamp(timegm(parsed), UTC)  # type: ignore[arg-type]


def test_nothing_from_the_future_shows() -> None:
    """A minute before an item is published its feed does not list it; at the minute it does."""
    for item in NEWSROOM.items:
        outlet = NEWSROOM.outlet(item.outlet)
        assert outlet is not None
        before = published(NEWSROOM, outlet, START, START + item.at - timedelta(minutes=1))
        assert item not in before
        assert published(NEWSROOM, outlet, START, START + item.at)[0].at == item.at


def test_a_document_is_cut_like_a_publishers() -> None:
    """Only the newest items are listed, newest first."""
    agency = Outlet(key="agency", name="Agency", format="json", site="https://agency.example")
    items = tuple(
        NewsItem(outlet="agency", at=timedelta(minutes=m), title=f"No. {m}", summary="", url=f"/{m}")
        for m in range(LONGEST_FEED + 5)
    )
    newest = published(Newsroom((agency,), items), agency, START, START + timedelta(days=1))

    assert newest == list(reversed(items))[:LONGEST_FEED]


@pytest.mark.parametrize("format_", ["rss", "atom", "json"])
def test_markup_in_a_text_stays_text(format_: str) -> None:
    """Ampersands, quotes and angle brackets arrive as they were written."""
    title, summary = 'R&D: "a < b" is not enough', "Use <b> & </b>, it said, or &amp;."
    newsroom = read(
        {
            "outlet": [{"key": "x", "name": "X & Y", "format": format_, "site": "https://x.example"}],
            "item": [{"outlet": "x", "at": 0, "title": title, "summary": summary, "path": "/1?a=1&b=2"}],
        }
    )
    body = document(newsroom, newsroom.outlets[0], START, START)

    [(got_title, got_url, _, _)] = _read_back(newsroom.outlets[0], body)
    assert (got_title, got_url) == (title, "https://x.example/1?a=1&b=2")
    if format_ == "json":
        assert json.loads(body)["items"][0]["content_html"] == (
            "<p>Use &lt;b&gt; &amp; &lt;/b&gt;, it said, or &amp;amp;.</p>"
        )
    else:
        assert _plain(feedparser.parse(body).entries[0].summary) == summary


@pytest.mark.parametrize("key", ["foundry", "stackyard"])
def test_a_body_follows_the_summary(key: str) -> None:
    """A second paragraph is in the content and not in the summary."""
    item = next(item for item in NEWSROOM.items if item.outlet == key and item.body)
    outlet = NEWSROOM.outlet(key)
    assert outlet is not None
    assert item.body is not None

    body = document(NEWSROOM, outlet, START, START + item.at).decode()
    assert body.count(item.body) == 1
    assert body.index(item.summary) < body.index(item.body)


def test_a_feed_without_items_is_still_a_feed() -> None:
    """Before its first item an outlet serves an empty document, dated by the start."""
    for format_ in ("rss", "atom", "json"):
        outlet = Outlet(key="new", name="New", format=format_, site="https://new.example")
        assert _read_back(outlet, document(Newsroom((outlet,), ()), outlet, START, START)) == []


def test_an_unknown_format_is_refused() -> None:
    """A mistake in the data shows when it is loaded, not when the feed is polled."""
    with pytest.raises(ValueError, match="outlet x: unknown format 'rdf'"):
        read({"outlet": [{"key": "x", "name": "X", "format": "rdf", "site": "https://x.example"}]})


def test_the_server_answers_304_until_there_is_news() -> None:
    """A client that has the bytes gets none; after the next item it gets the new document."""

    async def scenario() -> None:
        now = [START + timedelta(minutes=186)]
        server = NewsroomServer(NEWSROOM, START, lambda: now[0])
        await server.start()
        url = next(feed.url for feed in server.feed_urls() if feed.name == "Low Tide Letter")
        async with ClientSession() as client:
            async with client.get(url) as first:
                assert first.status == 200
                assert first.content_type == "application/feed+json"
                assert "again" not in (await first.text())
            validator = {"If-None-Match": first.headers["ETag"]}
            async with client.get(url, headers=validator) as second:
                assert second.status == 304
                assert second.headers["ETag"] == first.headers["ETag"]
                assert await second.read() == b""
            now[0] += timedelta(minutes=1)
            async with client.get(url, headers=validator) as third:
                assert third.status == 200
                assert "Ilse Marten is leaving Corvid AI again" in (await third.text())
        await server.stop()
        assert (server.requests, server.not_modified) == (3, 1)

    asyncio.run(scenario())


def test_every_feed_is_served_on_loopback() -> None:
    """Each outlet's feed is named with its tags and owner, and served; other paths do not exist."""

    async def scenario() -> None:
        server = NewsroomServer(NEWSROOM, START, lambda: START)
        await server.start()
        assert server.address.startswith("127.0.0.1:")
        feeds = server.feed_urls()
        async with ClientSession() as client:
            for outlet, (name, url, tags, owner) in zip(NEWSROOM.outlets, feeds, strict=True):
                assert (name, tags, owner) == (outlet.name, outlet.tags, outlet.owner)
                async with client.get(url) as answer:
                    assert await answer.read() == document(NEWSROOM, outlet, START, START)
            async with client.get(f"http://{server.address}/feeds/nobody") as answer:
                assert answer.status == 404
        await server.stop()
        await server.stop()

    asyncio.run(scenario())


def test_a_stopped_server_has_no_address() -> None:
    """An address is never made up."""
    with pytest.raises(RuntimeError, match="not running"):
        _ = NewsroomServer(NEWSROOM, START, lambda: START).address


def test_the_watchlist_shows_every_kind_of_watch() -> None:
    """Five watches that all print: people, an event, a literal keyword, an inflected one, and a query."""
    watches = tomllib.loads((files("bot.demo") / "watchlist.toml").read_text("utf-8"))["watch"]

    assert len(watches) == 5
    assert all(watch["to"] == ["terminal"] for watch in watches)
    assert {key for watch in watches for key in watch} >= {"people", "event", "keywords", "query"}
