"""The newsroom whole, by a clock that is set: what no part can show alone."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bot.app import Newsroom, Notices
from bot.config.environment import Telegram
from bot.config.load import load
from bot.core.model import Alert, Outcome
from bot.core.model.message import Message
from bot.delivery.channels.terminal import TerminalChannel
from bot.store.store import Store, open_to_read, status_of
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


@pytest.fixture(autouse=True)
def _reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read documents in this process: no time is spent on the start of others."""
    monkeypatch.setattr("bot.app.ParseWorkers", Reader)


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
) -> AsyncIterator[Newsroom]:
    """Run the newsroom of a folder."""
    path, stop = folder / "tipoff.db", asyncio.Event()
    store = Store(path)
    notices = Notices(unpaired=lambda username: None, trouble=print)
    newsroom = Newsroom(load(folder / "config"), telegram, store, clock, told, notices, tick=tick)
    work = asyncio.create_task(newsroom.run(stop, path))
    try:
        yield newsroom
    finally:
        stop.set()
        await work
        store.close()


HOURS, YEARS = timedelta(hours=8), timedelta(days=3650)


@pytest.mark.parametrize("is_running", [True, False])
@pytest.mark.parametrize("jumps", [(-YEARS,), (-HOURS,), (HOURS,), (YEARS,), (YEARS, -YEARS)])
def test_news_goes_on_when_the_clock_was_set(jumps: tuple[timedelta, ...], is_running: bool, tmp_path: Path) -> None:
    """Back, a feed does not wait for the hour it was due at; nor when that was done while nobody ran."""

    async def work(server: FeedServer) -> list[str]:
        clock, told = SettableClock(), Told()
        async with asyncio.timeout(20), AsyncExitStack() as newsroom:
            await newsroom.enter_async_context(running(tmp_path, clock, told))
            while len(server.requests) < 2:  # what stood there at first is no news
                await pass_on(clock)
            publish(server, HARBOUR)
            first = await told.next(clock)
            if not is_running:
                await newsroom.aclose()
            for jump in jumps:
                clock.move(seconds=jump.total_seconds())
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


def told_without_a_tick(folder: Path) -> list[str]:
    """Return what is told of news by a newsroom that ticks once, at its start, when nobody in it is busy any more."""

    async def work(server: FeedServer) -> list[str]:
        clock, told = SettableClock(), Told()
        async with asyncio.timeout(20):
            async with running(folder, clock, told):
                while len(server.requests) < 2:
                    await pass_on(clock)
            publish(server, HARBOUR)
            clock.run(10)
            asked = len(server.requests)
            async with running(folder, clock, told, tick=timedelta(hours=1)) as newsroom:
                while len(server.requests) == asked or is_busy(newsroom):  # noqa: ASYNC110  # it tells nobody
                    await asyncio.sleep(0.01)
        return [told.headlines.get_nowait() for _ in range(told.headlines.qsize())]

    with FeedServer() as server:
        Daemon(folder).configure([server.url("/ledger")], WATCH)
        publish(server, "A choir sings")
        return asyncio.run(work(server))


def is_busy(newsroom: Newsroom) -> bool:
    loops = newsroom._loops()
    works = any(loop.busy_since is not None or loop._woken.is_set() for loop in loops)
    tells = any(not task.done() for task in newsroom.deliver_stage._telling.values())
    return works or tells or bool(newsroom.fetch_stage._hosts)


def test_no_stage_waits_for_a_tick_when_the_one_before_has_news(tmp_path: Path) -> None:
    """From the end of the fetch to the message nothing is waited for."""
    assert told_without_a_tick(tmp_path) == [HARBOUR]


@pytest.mark.parametrize("deaf", ["_desk_loop", "_dispatch_loop"])
def test_a_stage_that_is_not_woken_would_be_seen(tmp_path: Path, deaf: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The null controls: without the call from the stage before news lies there until the next tick."""
    init, name = Newsroom.__init__, deaf

    def deafened(self: Newsroom, *args: Any, **details: Any) -> None:
        init(self, *args, **details)
        if name == "_desk_loop":
            self.fetch_stage._wake_decide = lambda: None
        else:
            self._decide_loop._wake_next = None

    monkeypatch.setattr(Newsroom, "__init__", deafened)

    assert told_without_a_tick(tmp_path) == []


def left_by_a_stop(folder: Path) -> dict[str, int]:
    """Stop a newsroom while Telegram has taken a message and not answered yet; return how its messages stand then."""

    async def work(server: FeedServer, api: FakeBotApi) -> None:
        clock, told, telegram = SettableClock(), Told(), Telegram(api.token, api.url)
        async with asyncio.timeout(20), running(folder, clock, told, telegram):
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
    with open_to_read(folder / "tipoff.db") as db:
        return dict(status_of(db).outbox)


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
        async with asyncio.timeout(30), AsyncExitStack() as newsroom:
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
        async with asyncio.timeout(30), running(folder, clock, told, telegram):
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
