"""How a digest reads, and that it is told like everything else: whatever fails, nothing is lost or told without end."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.model import (
    Address,
    Alert,
    DeliveryResult,
    Digest,
    DigestEntry,
    DigestLine,
    Outcome,
    Priority,
    Source,
    Story,
)
from bot.core.model.message import Message
from bot.core.model.outbox import order_line
from bot.core.settings import DeliverySettings
from bot.delivery.channels.telegram_html import ABILITIES, TelegramMessage, as_telegram
from bot.delivery.digest import render_digest
from bot.delivery.stage import DeliverStage
from bot.store.outbox.digests import save_line
from bot.store.store import Store
from tests.delivery.builders import NOON, FakeChannel
from tests.fakes import FixedClock
from tests.servers.bot_api_text import read_text
from tests.store.builders import NOW, TEAM, leased, poll, told, with_store

BERLIN = ZoneInfo("Europe/Berlin")
HERE = Address("team", 42, timezone=BERLIN)
CHIEF = [("A", "Chief leaves"), ("B", "Marten leaves")]
EIGHT = datetime(2026, 11, 25, 8, tzinfo=BERLIN)


def entry(title: str, *outlets: str, event: str = "", **details: str) -> DigestEntry:
    """Return the line of a story that these outlets report."""
    url = f"https://news.example/{outlets[0].lower()}"
    sources = tuple(Source(n, outlet, None, title, url, NOON) for n, outlet in enumerate(outlets))
    line = replace(DigestLine(title, outlets[0], url, event=event), **details)  # type: ignore[arg-type]  # texts
    return DigestEntry(line, Story(1, (), sources))


def rendered(
    *entries: DigestEntry, at: datetime = EIGHT, since: datetime | None = None, articles: int = 0
) -> TelegramMessage:
    message = as_telegram(render_digest(Digest(entries, "tok", at, since, articles), HERE, ABILITIES))
    read_text(message.html, "HTML")  # Telegram's own parser takes it
    return message


def test_the_brief_of_the_morning() -> None:
    """Sections, numbers, who reports it and how many, and a button for each number."""
    message = rendered(
        entry("Ilse Marten leaves Corvid AI", *["Ledger", "Wireline", "Herald", "Kanal", "Circuit"], event="departure"),
        entry("Tarn loses its finance chief", "Herald", event="departure"),
        entry("Northgate hires Petra Varga", "Circuit", "Wireline", event="arrival"),
        entry("A choir sings", "Kanal", remark="may be a repeat"),
        since=EIGHT - timedelta(days=1),
        articles=212,
    )

    assert message.html == (
        '<b>Morning brief</b> · <tg-time unix="1795590000" format="wd">Wed, 25.11.2026</tg-time>\n'
        "4 stories from 212 articles, since yesterday 08:00\n"
        "\n"
        "<b>LEAVING</b>\n"
        '<b>1</b>  <a href="https://news.example/ledger">Ilse Marten leaves Corvid AI</a>\n'
        "Ledger, Wireline, Herald · 5 sources\n"
        '<b>2</b>  <a href="https://news.example/herald">Tarn loses its finance chief</a>\n'
        "Herald\n"
        "\n"
        "<b>JOINING</b>\n"
        '<b>3</b>  <a href="https://news.example/circuit">Northgate hires Petra Varga</a>\n'
        "Circuit, Wireline · 2 sources\n"
        "\n"
        "<b>OTHER</b>\n"
        '<b>4</b>  <a href="https://news.example/kanal">A choir sings</a>\n'
        "Kanal · <i>may be a repeat</i>"
    )
    assert [[(b.label, b.data) for b in row] for row in message.buttons] == [
        [(str(n), f"d:tok:{n}") for n in range(1, 5)]
    ]


@pytest.mark.parametrize(
    ("at", "since", "called", "made_of"),
    [
        (EIGHT, None, "Digest", "1 story"),
        (EIGHT, EIGHT - timedelta(days=1), "Morning brief", "1 story from 1 article, since yesterday 08:00"),
        (EIGHT.replace(hour=18), EIGHT, "Digest", "1 story from 1 article, since 08:00"),
        (EIGHT, EIGHT - timedelta(days=3), "Morning brief", "1 story from 1 article, since Sun, 22.11. 08:00"),
    ],
)
def test_the_heading_says_what_it_is(at: datetime, since: datetime | None, called: str, made_of: str) -> None:
    """The digest of the day is a brief in the morning; told late, it says since when; no section where there is one."""
    message = rendered(entry("A choir sings", "Kanal"), at=at, since=since, articles=1)

    assert message.plain == f"{called} · Wed, 25.11.2026\n{made_of}\n\n1  A choir sings\nKanal"


def test_twelve_are_numbered_and_the_rest_is_noted() -> None:
    """Folded, a line each; the buttons stand in rows of eight."""
    message = rendered(*(entry(f"News {n}", "Kanal") for n in range(1, 16)))

    assert [len(row) for row in message.buttons] == [8, 4]
    assert '<blockquote expandable><b>Also noted</b>\n<a href="https://news.example/kanal">News 13</a> · Kanal' in (
        message.html
    )
    assert message.plain.endswith("│ News 15 · Kanal")


def test_a_development_stands_with_the_report_that_says_so() -> None:
    """With what is new, and first the outlet that has it; a story has the clearest headline it was given."""
    sources = [Source(n, outlet, None, title, None, NOON, is_named=bool(n)) for n, (outlet, title) in enumerate(CHIEF)]
    message = rendered(
        entry("Marten stays", "Herald", "Ledger", news="denied"),
        DigestEntry(DigestLine("Chief leaves", "A"), Story(1, (), tuple(sources))),
    )

    assert message.plain.split("\n")[3:] == [
        "1  Marten stays",
        "Herald, Ledger · 2 sources · denied",
        "2  Marten leaves",
        "A, B · 2 sources",
    ]


def test_a_line_whose_story_is_not_kept_any_more() -> None:
    """It reads as it was written, has no link that is none, and no button: there is nothing to show."""
    message = rendered(DigestEntry(DigestLine("Old <news>", "Kanal", "javascript:x")), entry("New", "Kanal"))

    assert "<b>1</b>  Old &lt;news&gt;\nKanal\n" in message.html
    assert [button.label for row in message.buttons for button in row] == ["2"]


FATES = ("ok", "stored, no answer", "stored, then a crash", "no answer", "a crash before", "429", "403", "refused")


class Crash(BaseException):
    """The process is killed."""


class Telegram(FakeChannel):
    """Deals the fates out, and remembers which stories arrived."""

    def __init__(self, fates: Sequence[str]) -> None:
        self.fates = list(fates)
        self.arrived: Counter[str] = Counter()
        self.dealt: dict[str, Counter[str]] = {}

    async def deliver(self, alert: Alert, message: Message) -> Outcome:
        assert alert.digest is not None
        fate = self.fates.pop(0) if self.fates else "ok"
        titles = [one.line.title for one in alert.digest.entries]
        for title in titles:
            self.dealt.setdefault(title, Counter())[fate] += 1
        if fate in {"ok", "stored, no answer", "stored, then a crash"}:
            self.arrived.update(titles)
        match fate:
            case "a crash before" | "stored, then a crash":
                raise Crash
            case "no answer" | "stored, no answer":
                return Outcome(alert, DeliveryResult.UNCERTAIN, wait=timedelta(seconds=1), outage=True)
            case "429" | "refused":
                return Outcome(alert, DeliveryResult.LATER, wait=timedelta(seconds=3))
            case "403":
                return Outcome(alert, DeliveryResult.PAUSED, reason="blocked")
        return Outcome(alert, DeliveryResult.DONE, 1, self.hash(message))

    def route(self, address: Address) -> "Telegram":
        return self


async def live(store: Store, telegram: Telegram, hours: Sequence[int]) -> None:
    """Order a line an hour for the digest of some hour, and run dispatch, killed as the fates have it, to the end."""
    await store.chats.set_chats([replace(TEAM, digest=time(8))])
    lease, feed = await leased(store)
    await store.fetch.commit_poll(lease, poll(feed, *(f"news {n}" for n in range(len(hours)))), NOW)
    items, clock, telling = list(await store.decide.take_items(99)), FixedClock(), None
    for turn in range(120):
        if turn < len(hours):
            line, due = DigestLine(f"news {turn}", "A"), clock.now() + timedelta(hours=hours[turn])
            await store.decide.commit_batch(replace(told(items[turn], turn + 1), orders=()))
            order = order_line("team", turn + 1, line, due, Priority.LOW)
            await store._connection.write(lambda db, order=order: save_line(db, order, 0))  # type: ignore[misc]
        if telling is None:
            telling = DeliverStage(store.deliver, telegram.route, clock, DeliverySettings())
            await telling.recover()
        ends = await asyncio.gather(*await telling.start_due(), return_exceptions=True)
        if any(isinstance(end, Crash) for end in ends):
            telling = None
        await store.chats.resume(TEAM.id or 0)
        clock.move(hours=1)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(FATES), max_size=12), st.lists(st.integers(1, 5), min_size=1, max_size=8))
def test_no_line_of_a_digest_is_lost_or_sent_without_need(fates: list[str], hours: list[int]) -> None:
    """Once, and once more only for a crash or an answer that never came."""

    async def work(store: Store) -> None:
        telegram = Telegram(fates)
        await live(store, telegram, hours)
        for number in range(len(hours)):
            title = f"news {number}"
            dealt = telegram.dealt[title]
            doubtful = dealt["stored, no answer"] + dealt["stored, then a crash"]
            # twice in its digest, and twice in the next one as perhaps a repeat
            assert telegram.arrived[title] or dealt["no answer"] + dealt["stored, no answer"] >= 4
            assert telegram.arrived[title] <= 1 + doubtful

    with_store(None, work)
