"""What publishers do to their feeds, and what comes of it: nothing lost, nothing sent twice.

Each test names its check of the requirements by what it does; `wanted` counts what the decide stage would see as news.
"""

import gzip
import logging
import os
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.model import Entry as Read
from bot.core.model import Item
from bot.feeds.identity import keyed
from tests.builders import Entry, atom, json_feed, rss
from tests.feeds.bed import Bed, run

START = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


def post(n: int, **changed: object) -> Entry:
    """Return the entry of a feed that posts every hour; a higher number is newer, 0 is the hour of the first poll."""
    made = Entry(
        f"Story number {1000 + n} of the newsroom",
        f"https://a.example/{n}",
        f"https://a.example/id/{n}",
        f"Text {n}",
        START + timedelta(hours=n),
    )
    return replace(made, **changed)  # type: ignore[arg-type]  # the cases name the fields


def posts(newest: int, count: int = 10, **changed: object) -> list[Entry]:
    return [post(n, **changed) for n in range(newest, newest - count, -1)]


def fresh(items: list[Item]) -> list[Item]:
    """Return what is news for the decide stage: neither backfill nor a late arrival, and for the first time."""
    return [item for item in items if not item.is_backfill and not item.is_late_arrival and not item.edits]


async def serve(bed: Bed, entries: list[Entry], **more: object) -> list[Item]:
    bed.server.serve("/a", rss(entries), **more)  # type: ignore[arg-type]  # the server's own names
    return fresh(await bed.pass_once())


def wants(expected: int, *documents: list[Entry], extra: int = 0) -> None:
    """Serve one document after the other; so many items are news after the first, and the notices are these."""

    async def work(bed: Bed) -> None:
        assert await serve(bed, documents[0]) == [], "the first poll is the backfill"
        found = 0
        for document in documents[1:]:
            found += len(await serve(bed, document))
        assert found == expected
        assert len(await bed.notices()) == extra

    run(work)


BASE = posts(0)


def test_a_hundred_old_items_are_no_news_and_the_next_one_is() -> None:
    """The first poll is the backfill."""
    wants(1, posts(0, 100), [post(1), *posts(0, 99)])


@pytest.mark.parametrize(
    "change",
    [
        lambda e: replace(e, guid=f"new-{e.guid}"),
        lambda e: replace(e, link=f"{e.link}/moved"),
        lambda e: replace(e, guid=e.guid.replace("https", "http"), link=e.link.replace("https", "http")),
        lambda e: replace(e, guid=f"new-{e.guid}", link=f"https://b.example/{e.title[13:17]}"),
        lambda e: replace(e, guid=f"new-{e.guid}", link=f"https://b.example/{e.title[13:17]}", published=None),
        lambda e: replace(e, published=e.published + timedelta(days=9)),
        lambda e: replace(e, title=e.title + " (corrected)"),
    ],
    ids=["guids", "links", "scheme", "guids and links", "undated", "dates", "titles"],
)
def test_a_feed_that_was_rewritten_brings_no_news(change: Callable[[Entry], Entry]) -> None:
    """And what comes with or after it does, once."""
    rewritten = [change(e) for e in BASE]
    wants(0, BASE, rewritten, rewritten, BASE)
    wants(1, BASE, rewritten, [change(post(1)), *rewritten[:-1]], [change(post(1)), *rewritten[:-1]])


def test_a_rewritten_feed_with_something_new_brings_just_that() -> None:
    """Most of it is unknown, but for its titles."""
    rewritten = [replace(e, guid=f"x{n}", link=f"https://b.example/{n}") for n, e in enumerate(BASE)]
    wants(1, BASE, [post(1), *rewritten], [post(1), *rewritten])


def test_one_guid_for_all_is_never_believed_again() -> None:
    """Ten items stay ten; and one entry alone with that guid is still not the item before it."""
    alike = [replace(e, guid="everything") for e in posts(0, 10)]
    wants(0, alike, alike, alike[::-1])
    one = replace(post(1), guid="everything", published=None)
    two = replace(post(2), guid="everything", published=None)
    wants(2, alike, [one], [two], [two])


def test_a_guid_that_is_used_again_for_another_story_is_news() -> None:
    """Link, words and date all say so; the new story is known from then on, and so is the old."""
    again = replace(post(1), guid=BASE[0].guid, title="Minister resigns over budget leak")
    wants(1, BASE, [again, *BASE[1:]], [again, *BASE[1:]], BASE, [again, *BASE[1:]])
    retold = replace(BASE[0], title=(BASE[0].title or "") + " and more", published=START + timedelta(hours=2))
    wants(0, BASE, [retold, *BASE[1:]])


@pytest.mark.parametrize("missing", [("guid",), ("guid", "link"), ("guid", "published"), ("guid", "link", "published")])
def test_entries_without_identity_are_stable(missing: tuple[str, ...]) -> None:
    """Known again at every poll, and a new one among them is news."""
    bare = [replace(e, **dict.fromkeys(missing)) for e in posts(0, 5)]
    one = replace(post(1), **dict.fromkeys(missing))
    wants(0, *[bare] * 5)
    wants(1, bare, [one, *bare], [one, *bare[:-1]], [one, *bare])


@pytest.mark.parametrize(
    "date",
    [
        None,
        START + timedelta(days=365),
        datetime(1970, 1, 1, tzinfo=UTC),
        "Today",
        "Tue, 03 Mar 2026 12:00:00 XYZT",
        START - timedelta(days=2),
    ],
)
def test_odd_dates_make_and_unmake_no_news(date: datetime | str | None) -> None:
    """News once, within one poll, and nothing behind it is held up."""
    odd = replace(post(1), published=date)
    wants(2, BASE, [odd, *BASE[:-1]], [post(2), odd, *BASE[:-2]], [post(2), odd, *BASE[:-2]])


@pytest.mark.parametrize("polls", [1, 10, 1000 if "TIPOFF_SOAK" in os.environ else 60])
def test_an_item_that_goes_and_comes_back_is_known(polls: int) -> None:
    """However long it was away."""
    wants(0, BASE, *[BASE[1:]] * polls, BASE)


def test_older_items_that_slide_in_are_no_news() -> None:
    """After a deletion five old ones stand at the end; they are kept as late, without a word to the owner if few."""
    wants(0, BASE, [*BASE[:6], *posts(-10, 4)])
    undated = [replace(e, published=None) for e in posts(-10, 2)]
    wants(2, BASE, [*undated, *BASE])  # at the top and undated: nothing says that they are old


@pytest.mark.parametrize("top", [True, False])
def test_an_archive_that_moves_in_is_one_line(top: bool) -> None:
    """Sixty old posts at once, wherever they stand: all are stored, none is news, the owner gets a line."""
    old = posts(-100, 60)

    async def work(bed: Bed) -> None:
        await serve(bed, BASE)
        assert await serve(bed, [*old, *BASE] if top else [*BASE, *old]) == []
        (line,) = await bed.notices()
        assert line.startswith("/a: 60 old items came in at once. They are kept, and told by no watch.\n– Story number")
        assert "… and 55 more" in line
        assert (await bed.health()).items == 70
        assert len(await serve(bed, [post(1), *BASE])) == 1

    run(work)


def test_a_window_that_ran_over_is_made_up_for_from_the_archive() -> None:
    """All sixty are found, in order, and nothing is said."""

    async def work(bed: Bed) -> None:
        def page(newest: int, older: str) -> bytes:
            link = f'<atom:link rel="prev-archive" href="{bed.server.url(older)}"/>'
            body = rss(posts(newest, 20), extra=link)
            return body.replace(b"<rss ", b'<rss xmlns:atom="http://www.w3.org/2005/Atom" ')

        bed.server.serve("/a", page(0, "/none"))
        await bed.pass_once()
        for newest, path, older in ((60, "/a", "/2"), (40, "/2", "/3"), (20, "/3", "/4"), (0, "/4", "/5")):
            bed.server.serve(path, page(newest, older))
        found = fresh(await bed.pass_once())
        assert [item.title for item in found] == [post(n).title for n in range(1, 61)]
        assert bed.server.requests_of("/5") == []
        assert await bed.notices() == []

    run(work)


def test_a_window_that_ran_over_without_archive_is_told_once() -> None:
    """What is there is news; the owner learns that something may be missing, and the feed is asked sooner."""

    async def work(bed: Bed) -> None:
        await serve(bed, posts(0, 20), etag='"1"')
        assert len(await serve(bed, posts(60, 20), etag='"2"')) == 20
        (line,) = await bed.notices()
        assert line == (
            "/a: everything in the feed is new since 1h ago; items may have come and gone in between. "
            "It is asked oftener now."
        )
        due = (await bed.health()).due
        assert due is not None
        due_in = due - bed.clock.now()
        assert timedelta(minutes=5) <= due_in < timedelta(minutes=5.6)
        await serve(bed, posts(120, 20), etag='"3"')
        assert len(await bed.notices()) == 1

    run(work)


def test_two_nodes_of_a_publisher_alternate() -> None:
    """One is behind: a hundred polls bring each item once."""
    wants(3, BASE, *[posts(3), BASE] * 50)


def test_the_same_validators_hide_no_change() -> None:
    """The bytes decide, and an answer that was cut does not stop what comes after."""

    async def work(bed: Bed) -> None:
        await serve(bed, BASE, headers={"ETag": '"x"'})
        assert len(await serve(bed, posts(1), headers={"ETag": '"x"'})) == 1

    run(work)


def test_bad_answers_between_good_ones_lose_and_repeat_nothing() -> None:
    """A page, nothing, no items, half of it or of its gzip, a wrong length: between good polls, validators kept."""

    async def work(bed: Bed) -> None:
        await serve(bed, BASE, etag='"0"')
        packed = {"Content-Encoding": "gzip"}
        bad: list[tuple[bytes, dict[str, str]]] = [
            (b"<!doctype html><html></html>", {}),
            (b"", {}),
            (rss(BASE)[:300], {}),
            (b"\x1f\x8b broken", packed),
            (gzip.compress(rss(posts(9)))[:-30], packed),
            (rss(posts(9)), {}),
        ]
        found = 0
        for number, (body, headers) in enumerate(bad, start=1):
            bed.server.serve("/a", body, headers={"ETag": '"bad"', **headers})
            if number == len(bad):
                bed.server.truncate("/a", len(body) // 2)
            assert fresh(await bed.pass_after(hours=3)) == []
            bed.server.serve("/a", rss(posts(number)), etag=f'"{number}"')
            found += len(fresh(await bed.pass_after(hours=3)))
            assert bed.server.requests[-1].headers["If-None-Match"] == f'"{number - 1}"'
        assert found == len(bad)
        bed.server.serve("/a", rss([]), etag='"empty"')
        assert fresh(await bed.pass_after(hours=3)) == []
        assert len(await serve(bed, posts(len(bad) + 1), etag='"9"')) == 1

    run(work)


def test_link_and_guid_that_change_at_every_poll_make_one_item() -> None:
    """As a news search does: the same headline of the same minute is the same item."""
    polls = [
        [replace(e, guid=f"{poll}-{n}", link=f"https://s.example/{poll}/{n}") for n, e in enumerate(posts(1))]
        for poll in range(20)
    ]
    wants(1, [replace(e, guid="0", link="https://s.example/x") for e in BASE[:1]] + BASE[1:], *polls)


def test_a_series_with_one_title_is_news_every_day() -> None:
    """The same headline a day later is another item."""
    days = [replace(post(n * 24), title="What you need to know this morning") for n in range(4)]
    wants(3, [days[0], *BASE[1:]], [days[1], *BASE[1:]], [days[2], days[1]], [days[3], days[2]])


@pytest.mark.parametrize("build", [rss, atom])
def test_one_malformed_item_of_twenty_costs_only_itself(build: Callable[[list[Entry]], bytes]) -> None:
    """The other nineteen are stored."""

    async def work(bed: Bed) -> None:
        body = build(posts(0, 20)).replace(b"number 995 of", b"number \xff\xfe 995 & <of")
        bed.server.serve("/a", body)
        assert len(await bed.pass_once()) >= 19

    run(work)


def test_an_item_that_cannot_be_read_is_logged_and_costs_only_itself(caplog: pytest.LogCaptureFixture) -> None:
    """Nineteen of twenty are stored, and one line of the log counts the other."""

    async def work(bed: Bed) -> None:
        body = json_feed(posts(0, 20)).replace(b'"items": [', b'"items": [7, ').replace(b'"items":[', b'"items":[7,')
        bed.server.serve("/a", body, content_type="application/feed+json")
        assert len(await bed.pass_once()) == 20

    with caplog.at_level(logging.WARNING, "bot.feeds"):
        run(work)
    assert [record.getMessage() for record in caplog.records] == ["entries_skipped feed=/a count=1"]


def test_order_is_nothing() -> None:
    """Turned around or shuffled at every poll: no news, and new items are found wherever they stand."""
    chance = random.Random(1)
    wants(0, BASE, BASE[::-1], *[chance.sample(BASE, 10) for _ in range(20)])
    shuffled = [chance.sample(posts(3, 13), 13) for _ in range(5)]
    wants(3, BASE, *shuffled)
    wants(3, BASE[::-1], posts(3, 13)[::-1], posts(3, 13)[::-1])


def test_an_edit_is_read_once_and_is_no_news() -> None:
    """The decide stage gets the new text, once."""

    async def work(bed: Bed) -> None:
        await serve(bed, BASE)
        edited = [replace(BASE[0], title="OpenAI hires a head of research"), *BASE[1:]]
        bed.server.serve("/a", rss(edited))
        assert [(item.title, item.edits) for item in await bed.pass_once()] == [("OpenAI hires a head of research", 1)]
        assert await bed.pass_once() == []

    run(work)


def test_crafted_ids_never_clash() -> None:
    """Whole SHA-256 keys: a hundred thousand ids that differ in one place have a hundred thousand."""
    many = 100_000 if "TIPOFF_SOAK" in os.environ else 20_000
    found = keyed([Read(f"{n:x}".rjust(40, "0"), None, "Much the same", "", None) for n in range(many)])
    keys = {entry.keys[0] for entry in found}
    assert (len(found), len(keys)) == (many, many)
    assert all(len(key) >= 16 for key in keys)


def test_a_delta_brings_just_what_is_new() -> None:
    """226 with one entry (RFC 3229): one item, nothing is gone, and what was there is known when it comes again."""

    async def work(bed: Bed) -> None:
        await serve(bed, BASE, etag='"1"')
        bed.server.fail("/a", 226, {"IM": "feed", "ETag": '"2"'}, body=rss([post(1)]))
        assert [item.title for item in fresh(await bed.pass_once())] == [post(1).title]
        assert bed.server.requests[-1].headers["A-IM"] == "feed"
        assert "A-IM" not in bed.server.requests[0].headers
        assert len(await serve(bed, [post(2), post(1), *BASE[:-2]], etag='"3"')) == 1
        assert bed.server.requests[-1].headers["If-None-Match"] == '"2"'
        assert await bed.notices() == []

    run(work)


def month(chance: random.Random) -> list[list[Entry]]:
    """Return the documents of thirty days, one every eight hours: posts come, some go, and their order varies."""
    documents, newest = [BASE], 0
    for _ in range(90):
        newest += chance.randint(0, 4)
        kept = [entry for entry in posts(newest, 14) if chance.random() < 0.95]
        documents.append(sorted(kept, key=lambda entry: chance.random()) if chance.random() < 0.2 else kept)
    return documents


@pytest.mark.parametrize("forgets", [False, True], ids=["remembers", "the null control forgets"])
def test_a_month_that_is_played_again_brings_nothing(forgets: bool) -> None:
    """Old documents from a cache, a backup or another node: not one item is news again."""
    documents = month(random.Random(7))

    async def work(bed: Bed) -> None:
        first = [item for document in documents for item in await serve(bed, document)]
        assert len({item.url for item in first}) == len(first) > 100
        if forgets:
            await bed.store._connection.write(lambda db: db.execute("delete from item_keys"))
        again = [item for document in documents for item in await serve(bed, document)]
        assert bool(again) is forgets

    run(work)
