"""The newsroom whole, by a clock that is set: what no part can show alone."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from bot.app import DECIDE, DELIVER, FETCH, STAGES, Newsroom, Notices, Parts, build
from bot.config.environment import Telegram
from bot.config.load import Configuration
from bot.core.guard import Guard
from bot.core.model import Alert, Outcome
from bot.core.model.message import Message
from bot.delivery.channels.terminal import TerminalChannel
from bot.feeds.fetch import HttpFetcher
from bot.store.store import Store, open_to_read
from bot.transports import Transports, bot_for
from tests.builders import Entry, rss
from tests.fakes import SettableClock
from tests.servers.bot_api import FakeBotApi
from tests.servers.daemon import Daemon
from tests.servers.feeds import FeedServer
from tests.servers.killed_daemon import Reader

WATCH = '[[watch]]\nname = "Marten"\npeople = ["Ilse Marten"]\nto = ["me"]\n'
TEAM = '[[chat]]\nname = "team"\nid = 4242\ntimezone = "Europe/Berlin"\ndigest = "08:00"\n'
HARBOUR = "Ilse Marten joins the harbour board"
QUARRY = "Ilse Marten sells the granite quarry"


class Told(TerminalChannel):
    """The messenger of the terminal; lets one wait until it has printed."""

    def __init__(self) -> None:
        super().__init__(Console(file=StringIO()))
        self.headlines: asyncio.Queue[str] = asyncio.Queue()

    async def deliver(self, alert: Alert, message: Message) -> Outcome:
        outcome = await super().deliver(alert, message)
        self.headlines.put_nowait(message.plain().partition("\n")[0])
        return outcome

    async def next(self, clock: SettableClock) -> str:
        """Let time pass until something more was told; return its headline."""
        while self.headlines.empty():
            await pass_on(clock)
        return self.headlines.get_nowait()


@asynccontextmanager
async def running(
    folder: Path,
    clock: SettableClock,
    told: Told,
    telegram: Telegram | None = None,
    tick: timedelta = timedelta(milliseconds=10),
    stages: Collection[str] = STAGES,
    change: Callable[[Parts], None] = lambda parts: None,
) -> AsyncIterator[Parts]:
    """Run the newsroom of a folder, or some of its stages; `change` does something to the parts before."""
    path, stop = folder / "tipoff.db", asyncio.Event()
    configuration = Configuration.load(folder / "config")
    settings = configuration.settings
    # documents are read in this process: no time is spent on the start of others
    fetcher = HttpFetcher(Guard(settings.network.allow), settings.poll)
    transports = Transports(fetcher, Reader(), told, None if telegram is None else bot_for(telegram))
    notices = Notices(unpaired=lambda username: None, trouble=print)
    with closing(Store(path)) as store:
        parts = build(configuration, clock, transports, store, path, notices, stages=stages)
        change(parts)
        work = asyncio.create_task(Newsroom(parts, tick=tick).run(stop))
        try:
            yield parts
        finally:
            stop.set()
            await work


HOURS, YEARS = timedelta(hours=8), timedelta(days=3650)


@pytest.mark.parametrize("is_running", [True, False])
@pytest.mark.parametrize("jumps", [(-YEARS,), (-HOURS,), (HOURS,), (YEARS,), (YEARS, -YEARS)])
def test_news_goes_on_when_the_clock_was_set(
    jumps: tuple[timedelta, ...], is_running: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Back, a feed does not wait for the hour it was due at; nor when that was done while nobody ran."""

    async def work(server: FeedServer) -> list[str]:
        clock, told = SettableClock(), Told()
        async with asyncio.timeout(60), AsyncExitStack() as newsroom:
            await newsroom.enter_async_context(running(tmp_path, clock, told))
            while len(server.requests) < 2:  # what stood there at first is no news
                await pass_on(clock)
            publish(server, HARBOUR)
            first = await told.next(clock)
            if not is_running:
                await newsroom.aclose()
            for number, jump in enumerate(jumps, 1):
                clock.move(seconds=jump.total_seconds())
                # there and back between two ticks it would not be noticed at all
                while is_running and caplog.text.count("clock_jumped") < number:
                    await pass_on(clock)
            publish(server, QUARRY, HARBOUR)
            if not is_running:
                await newsroom.enter_async_context(running(tmp_path, clock, told))
            return [first, await told.next(clock)]

    with FeedServer() as server:
        Daemon(tmp_path).configure([server.url("/ledger")], WATCH)
        publish(server, "A choir sings")
        headlines = asyncio.run(work(server))
    assert [HARBOUR in headlines[0], QUARRY in headlines[1]] == [True, True]


async def pass_on(clock: SettableClock) -> None:
    """Let a second pass by the clock, and the newsroom do what it has to."""
    clock.run(1)
    await asyncio.sleep(0.01)


def publish(server: FeedServer, *titles: str) -> None:
    """Serve a feed of these headlines, newest first."""
    server.serve("/ledger", rss([Entry(title, f"https://ledger.example/{title[-5:]}", title) for title in titles]))


def told_without_a_tick(folder: Path, change: Callable[[Parts], None] = lambda parts: None) -> list[str]:
    """Return what is told of news by a newsroom that ticks once, at its start, when nobody in it is busy any more."""

    async def work(server: FeedServer) -> list[str]:
        clock, told = SettableClock(), Told()
        async with asyncio.timeout(60):
            async with running(folder, clock, told):
                while len(server.requests) < 2:
                    await pass_on(clock)
            publish(server, HARBOUR)
            clock.run(10)
            asked = len(server.requests)
            async with running(folder, clock, told, tick=timedelta(hours=1), change=change) as parts:
                while len(server.requests) == asked or is_busy(parts):  # noqa: ASYNC110  # it tells nobody
                    await asyncio.sleep(0.01)
        return [told.headlines.get_nowait() for _ in range(told.headlines.qsize())]

    with FeedServer() as server:
        Daemon(folder).configure([server.url("/ledger")], WATCH)
        publish(server, "A choir sings")
        return asyncio.run(work(server))


def is_busy(parts: Parts) -> bool:
    assert parts.fetch is not None
    assert parts.deliver is not None
    sends = any(not task.done() for task in parts.deliver._under_way.values())
    return any(loop.is_busy for loop in parts.loops.values()) or sends or bool(parts.fetch._hosts)


def test_no_stage_waits_for_a_tick_when_the_one_before_has_news(tmp_path: Path) -> None:
    """From the end of the fetch to the message nothing is waited for."""
    assert told_without_a_tick(tmp_path) == [HARBOUR]


@pytest.mark.parametrize("deaf", [DECIDE, DELIVER])
def test_a_stage_that_is_not_woken_would_be_seen(tmp_path: Path, deaf: str) -> None:
    """The null controls: without the call from the stage before news lies there until the next tick."""

    def deafen(parts: Parts) -> None:
        assert parts.fetch is not None
        if deaf == DECIDE:
            parts.fetch._wake_decide = lambda: None
        else:
            parts.loops[DECIDE]._wake_next = None

    assert told_without_a_tick(tmp_path, deafen) == []


def test_the_stages_run_one_after_the_other_on_one_database(tmp_path: Path) -> None:
    """Fetching alone stores the news, and nobody decides; deciding and delivering alone send it, and ask no feed."""

    async def work(server: FeedServer) -> None:
        clock, told = SettableClock(), Told()
        async with asyncio.timeout(60):
            async with running(tmp_path, clock, told, stages={FETCH}) as parts:
                assert (parts.decide, parts.deliver, parts.listener) == (None, None, None)
                while len(server.requests) < 2:
                    await pass_on(clock)
                publish(server, HARBOUR)
                while (await parts.store.status()).items < 2:
                    await pass_on(clock)
                assert (await parts.store.status()).items_pending == 2
            async with running(tmp_path, clock, told, stages={DECIDE}) as parts:
                while (await parts.store.status()).items_pending:
                    await pass_on(clock)
                assert (await parts.store.status()).outbox == {"pending": 1}
            async with running(tmp_path, clock, told, stages={DELIVER}):
                assert HARBOUR in await told.next(clock)
            publish(server, QUARRY, HARBOUR)
            async with running(tmp_path, clock, told, stages={FETCH}) as parts:
                while (await parts.store.status()).items < 3:
                    await pass_on(clock)
            asked = len(server.requests)
            async with running(tmp_path, clock, told, stages={DECIDE, DELIVER}):
                assert QUARRY in await told.next(clock)
                for _ in range(10):
                    await pass_on(clock)
            assert len(server.requests) == asked

    with FeedServer() as server:
        Daemon(tmp_path).configure([server.url("/ledger")], WATCH)
        publish(server, "A choir sings")
        asyncio.run(work(server))


@pytest.mark.parametrize("stages", [set(), {"sing"}])
def test_a_process_runs_stages_that_there_are(tmp_path: Path, stages: set[str]) -> None:
    """Neither none, nor others."""

    async def work() -> None:
        async with running(tmp_path, SettableClock(), Told(), stages=stages):
            pass

    Daemon(tmp_path).configure([], WATCH)
    with pytest.raises(AssertionError):
        asyncio.run(work())


def left_by_a_stop(folder: Path) -> dict[str, int]:
    """Stop a newsroom while Telegram has taken a message and not answered yet; return how its messages stand then."""

    async def work(server: FeedServer, api: FakeBotApi) -> None:
        clock, told, telegram = SettableClock(), Told(), Telegram(api.token, api.url)
        async with asyncio.timeout(60), running(folder, clock, told, telegram):
            while len(server.requests) < 2:
                await pass_on(clock)
            publish(server, HARBOUR)
            while not api.messages(4242):
                await pass_on(clock)

    with FeedServer() as server, FakeBotApi(hold=0.0, contract=False) as api:
        api.add_chat(4242, kind="private")
        api.fault("sendMessage", when="after", delay=0.15)
        Daemon(folder).configure([server.url("/ledger")], WATCH.replace('"me"', '"team"'), more=TEAM)
        publish(server, "A choir sings")
        asyncio.run(work(server, api))
    with open_to_read(folder / "tipoff.db") as store:
        return dict(store.status().outbox)


def test_a_stop_waits_for_the_answer_to_what_is_under_way(tmp_path: Path) -> None:
    """So the message is not told once more after the next start."""
    assert left_by_a_stop(tmp_path) == {"sent": 1}


def test_a_stop_that_waits_for_nobody_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The null control: it leaves the message in doubt."""
    monkeypatch.setattr("bot.app._LONGEST_GOODBYE", 0.0)

    assert left_by_a_stop(tmp_path) == {"sending": 1}


LOW = WATCH.replace('to = ["me"]', 'to = ["team"]\npriority = "low"')


@pytest.mark.contract
def test_low_priority_is_told_in_the_brief_of_the_morning(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Not a sound before; at eight in the chat's zone one message with all of it, over a restart in the night.

    A number shows its story in a message of its own.
    """

    async def work(server: FeedServer, api: FakeBotApi) -> None:
        clock, told, telegram = SettableClock(), Told(), Telegram(api.token, api.url)
        async with asyncio.timeout(60), AsyncExitStack() as newsroom:
            await newsroom.enter_async_context(running(tmp_path, clock, told, telegram))
            while len(server.requests) < 2:
                await pass_on(clock)
            publish(server, HARBOUR)
            await polled(server, clock)
            publish(server, QUARRY, HARBOUR)
            await polled(server, clock)
            await newsroom.aclose()
            clock.move(hours=18, minutes=59 - clock.now().minute)  # 06:59 UTC
            await newsroom.enter_async_context(running(tmp_path, clock, told, telegram))
            await polled(server, clock)
            assert clock.now().hour == 6
            assert api.messages(4242) == []
            while not api.messages(4242):
                await pass_on(clock)
            (brief,) = api.messages(4242)
            api.press(4242, brief.id, brief.buttons[1]["callback_data"])
            while len(api.messages(4242)) < 2:
                await pass_on(clock)

    contract = request.config.option.markexpr == "bed or contract"
    with FeedServer() as server, FakeBotApi(hold=0.1, contract=contract) as api:
        api.add_chat(4242, kind="private")
        Daemon(tmp_path).configure([server.url("/ledger")], LOW, more=TEAM)
        publish(server, "A choir sings")
        asyncio.run(work(server, api))
        message, shown = api.messages(4242)
    assert shown.text.startswith(QUARRY)
    assert message.text.split("\n") == [
        "Morning brief · Wed, 04.03.2026",
        "2 stories from 2 articles, since yesterday 08:00",
        "",
        "JOINING",
        f"1  {HARBOUR}",
        "ledger",
        "",
        "OTHER",
        f"2  {QUARRY}",
        "ledger",
    ]
    assert [button["text"] for button in message.buttons] == ["1", "2"]


async def polled(server: FeedServer, clock: SettableClock) -> None:
    """Wait until the feed was asked twice more: then what it held before is decided about."""
    asked = len(server.requests)
    while len(server.requests) < asked + 2:
        await pass_on(clock)


ALL_OF_THEM = WATCH.replace('"me"', '"team", "board"')
BOARD = '[[chat]]\nname = "board"\nid = 4343\n'
PAGES = {
    "/one": ("Ilse Marten joins the harbour board", "https://www.ledger.example/2026/marten?utm_source=feed&id=7"),
    "/two": ("A quarry says goodbye: Ilse Marten", "http://m.ledger.example/2026/marten/amp?id=7"),
    "/three": ("Who is who: Ilse Marten", "https://ledger.example/2026/marten/?id=7&fbclid=Iw0x#top"),
}


def told_to_two(folder: Path, pages: Mapping[str, tuple[str, str]], every: int) -> tuple[list[int], list[int]]:
    """Publish one page a feed; return how many messages each of two chats has, and requests each feed in a minute."""

    async def work(server: FeedServer, api: FakeBotApi) -> list[int]:
        clock, told, telegram = SettableClock(), Told(), Telegram(api.token, api.url)
        async with asyncio.timeout(60), running(folder, clock, told, telegram):
            while any(len(server.requests_of(path)) < 2 for path in pages):
                await pass_on(clock)
            for number, (path, (title, link)) in enumerate(pages.items()):
                server.serve(path, rss([Entry(title, link, f"id-{number}")]))
            asked = len(server.requests)
            for _ in range(60):
                await pass_on(clock)
            while not (api.messages(4242) and api.messages(4343)):
                await pass_on(clock)
            return [len([one for one in server.requests[asked:] if one.path == path]) for path in pages]

    with FeedServer() as server, FakeBotApi(hold=0.0, contract=False) as api:
        for chat in (4242, 4343):
            api.add_chat(chat, kind="private")
        for number, path in enumerate(pages):
            server.serve(path, rss([Entry(f"A choir sings in hall {number}", f"https://a.example/{number}")]))
        daemon = Daemon(folder)
        daemon.configure(map(server.url, pages), ALL_OF_THEM, more=TEAM + BOARD)
        text = (folder / "config" / "tipoff.toml").read_text("utf-8")
        daemon.write("tipoff.toml", text.replace('every = "1s"', f'every = "{every}s"'))
        requests = asyncio.run(work(server, api))
        return [len(api.messages(chat)) for chat in (4242, 4343)], requests


def test_one_page_under_the_addresses_of_three_feeds_is_one_message_to_each_chat(tmp_path: Path) -> None:
    """With tracking, for phones and as AMP, each with a headline of its own: the page is what they share."""
    assert told_to_two(tmp_path, PAGES, every=1)[0] == [1, 1]


def test_two_chats_on_one_feed_cost_it_no_request_more(tmp_path: Path) -> None:
    """Both are told; in a minute a feed that is asked every ten seconds is asked seven times at most."""
    messages, (requests,) = told_to_two(tmp_path, {"/one": PAGES["/one"]}, every=10)
    assert messages == [1, 1]
    assert 3 <= requests <= 7
