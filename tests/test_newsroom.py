"""The newsroom whole, by a clock that is set: what no part can show alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from bot.app import Newsroom, Notices
from bot.config import Telegram, load
from bot.dispatch.terminal import TerminalMessenger
from bot.model import Alert, Message, Outcome
from bot.store.sqlite import SqliteStore
from tests.builders import Entry, rss
from tests.fakes import SettableClock
from tests.servers.bot_api import FakeBotApi
from tests.servers.daemon import Daemon
from tests.servers.feeds import FeedServer

WATCH = '[[watch]]\nname = "Marten"\npeople = ["Ilse Marten"]\nto = ["me"]\n'
HARBOUR = "Ilse Marten joins the harbour board"
QUARRY = "Ilse Marten sells the granite quarry"


class Told(TerminalMessenger):
    """The messenger of the terminal; lets one wait until it has printed."""

    def __init__(self) -> None:
        super().__init__(Console(file=StringIO()))
        self.headlines: asyncio.Queue[str] = asyncio.Queue()

    async def deliver(self, alert: Alert, message: Message) -> Outcome:
        outcome = await super().deliver(alert, message)
        self.headlines.put_nowait(message.plain.partition("\n")[0])
        return outcome

    async def next(self, clock: SettableClock) -> str:
        """Let time pass until something more was told; return its headline."""
        while self.headlines.empty():
            await pass_on(clock)
        return self.headlines.get_nowait()


@asynccontextmanager
async def running(
    folder: Path, clock: SettableClock, told: Told, telegram: Telegram | None = None
) -> AsyncIterator[None]:
    """Run the newsroom of a folder."""
    path, stop = folder / "tipoff.db", asyncio.Event()
    store = SqliteStore(path)
    notices = Notices(unpaired=lambda username: None, trouble=print)
    tick = timedelta(milliseconds=10)
    newsroom = Newsroom(load(folder / "config"), telegram, store, clock, told, notices, tick=tick)
    work = asyncio.create_task(newsroom.run(stop, path))
    try:
        yield
    finally:
        stop.set()
        await work
        store.close()


@pytest.mark.parametrize("is_running", [True, False])
@pytest.mark.parametrize("jump", [-timedelta(days=400), -timedelta(hours=8), timedelta(hours=8), timedelta(days=400)])
def test_news_goes_on_when_the_clock_was_set(jump: timedelta, is_running: bool, tmp_path: Path) -> None:
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
            clock.move(seconds=jump.total_seconds())
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


LOW = WATCH.replace('to = ["me"]', 'to = ["team"]\npriority = "low"')
TEAM = '[[chat]]\nname = "team"\nid = 4242\ntimezone = "Europe/Berlin"\ndigest = "08:00"\n'


def test_low_priority_is_told_in_the_brief_of_the_morning(tmp_path: Path) -> None:
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

    with FeedServer() as server, FakeBotApi(hold=0.1) as api:
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
