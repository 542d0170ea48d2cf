"""What telling costs, and how fast it is, against the fake Bot API on loopback with its limits off.

The peer is the bare library in the same run: as many `send_message`, eight at a time, with nothing remembered.
`cpu_vs_library` is our CPU seconds divided by its: below 2 means that order, states, commits and rendering cost
less than the request itself. Latency is from the commit of an item to the arrival of its message at the server.
The server runs in a process of its own.
"""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from _report import options, report
from rich.console import Console
from telegram import Bot
from telegram.request import HTTPXRequest

from bot.app import Newsroom, Notices, build
from bot.config.environment import Telegram
from bot.config.load import Configuration
from bot.core.clock import SystemClock
from bot.core.model import (
    Batch,
    ChatSpec,
    Entry,
    FeedSpec,
    Lease,
    Poll,
    Priority,
    Source,
    Story,
    WatchSpec,
)
from bot.core.model.outbox import order_alert
from bot.core.settings import AlertSettings, Settings
from bot.delivery import stage
from bot.delivery.channels.telegram import TelegramChannel
from bot.delivery.channels.terminal import TerminalChannel
from bot.delivery.pace import Budget, Budgets, Pace
from bot.delivery.stage import DeliverStage
from bot.feeds.identity import keyed
from bot.store.store import Store
from bot.transports import real_transports

TOKEN = "123456:TEST-token-for-the-benchmark"  # noqa: S105  # invented
CHATS = range(1, 41)
AT_ONCE = 8
WORDS = ("harbour", "lantern", "granite", "meadow", "copper", "juniper", "walnut", "saffron", "pebble", "cobalt")


def serve(pipe: Connection) -> None:
    """Run the fake Bot API, and hand over what arrived when asked."""
    from tests.servers.bot_api import FakeBotApi

    with FakeBotApi(TOKEN, limits=None, contract=False, hold=0.1) as api:
        for chat in CHATS:
            api.add_chat(chat)
        pipe.send(api.url)
        while pipe.recv():
            calls = [(str(call.params["text"]), call.at) for call in api.calls_of("sendMessage")]
            pipe.send(calls)


@contextmanager
def server() -> Iterator[tuple[str, Connection]]:
    """Run the fake in a process of its own; yield its address and the pipe to it."""
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=serve, args=[theirs])
    process.start()
    try:
        yield ours.recv(), ours
    finally:
        ours.send(False)
        process.join(5)
        process.kill()


def arrivals(pipe: Connection) -> list[tuple[str, float]]:
    """Return what arrived and when, by the clock that all processes share."""
    pipe.send(True)
    return list(pipe.recv())


async def library(url: str, count: int) -> tuple[float, float]:
    """Send messages with the bare library; return CPU and wall seconds."""
    request = HTTPXRequest(connection_pool_size=16)
    async with Bot(TOKEN, base_url=f"{url}/bot", request=request) as bot:
        numbers = iter(range(count))

        async def work() -> None:
            for number in numbers:
                await bot.send_message(CHATS[number % len(CHATS)], f"<b>news {number}</b>", parse_mode="HTML")

        cpu, wall = time.process_time(), time.monotonic()
        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
        return time.process_time() - cpu, time.monotonic() - wall


async def ours(url: str, store: Store, count: int) -> tuple[float, float]:
    """Tell alerts that are ordered in the store; return CPU and wall seconds."""
    clock = SystemClock()
    await store.chats.set_chats([ChatSpec(str(chat), chat) for chat in CHATS])
    await order(store, count)
    request = HTTPXRequest(connection_pool_size=16)
    async with Bot(TOKEN, base_url=f"{url}/bot", request=request) as bot:
        messenger = TelegramChannel(bot)
        telling = DeliverStage(store.deliver, lambda address: messenger, clock)
        cpu, wall = time.process_time(), time.monotonic()
        told = await telling.run_once()
        assert told == count, f"{told} of {count} told"
        return time.process_time() - cpu, time.monotonic() - wall


async def order(store: Store, count: int) -> None:
    """Put so many alerts into the outbox, in turn for each chat."""
    now = SystemClock().now()
    await store.fetch.set_feeds([FeedSpec("https://ledger.example/feed", "The Ledger")], now)
    (lease,) = await store.fetch.lease(now, now + timedelta(hours=1), 1)
    (feed,) = await store.fetch.due(lease, now)
    entries = [Entry(f"id-{n}", f"https://ledger.example/{n}", f"news {n}", "", None) for n in range(count)]
    await store.fetch.commit_poll(
        lease, Poll(feed, now, now + timedelta(days=1), feed.validators, "h", new=keyed(entries)), now
    )
    items = await store.decide.take_items(count)
    stories = [
        Story(n, (), (Source(item.id, item.outlet, None, item.title, item.url, item.seen),))
        for n, item in enumerate(items, 1)
    ]
    orders = [order_alert(str(CHATS[n % len(CHATS)]), n, Priority.NORMAL) for n, _ in enumerate(items, 1)]
    await store.decide.commit_batch(Batch(tuple(items), (), tuple(stories), (), tuple(orders)))


async def latencies(url: str, pipe: Connection, store: Store, path: Path, count: int) -> list[float]:
    """Commit items one by one into an idle newsroom; return the milliseconds to each message's arrival."""
    url_of_feed = "https://ledger.example/feed"
    configuration = Configuration(
        settings=Settings(alerts=AlertSettings(per_hour=1000)),
        chats=(ChatSpec("team", 1),),
        watches=(WatchSpec("Marten", people=("Ilse Marten",), to=("team",)),),
    )
    notices = Notices(unpaired=lambda username: None, trouble=lambda text: None)
    terminal = TerminalChannel(Console(quiet=True))
    transports = real_transports(configuration.settings, Telegram(TOKEN, url), terminal)
    parts = build(configuration, SystemClock(), transports, store, path, notices)
    stop = asyncio.Event()
    running = asyncio.create_task(Newsroom(parts).run(stop))
    await asyncio.sleep(1.5)
    now = SystemClock().now()
    await store.fetch.set_feeds([FeedSpec(url_of_feed, "The Ledger")], now + timedelta(days=1))
    feed = (await store.fetch.due(Lease("ledger.example", 0), now + timedelta(days=2)))[0]
    feed = replace(feed, is_backfilled=True)
    committed: dict[str, float] = {}
    for number in range(count):
        at = SystemClock().now()
        (lease, *_) = await store.fetch.lease(at + timedelta(days=2), at, 1)
        title = f"Ilse Marten {' '.join(word + str(number) for word in WORDS[:4])} number{number}"
        entry = Entry(f"id-{number}", f"https://ledger.example/{number}", title, "", None)
        await store.fetch.commit_poll(
            lease, Poll(feed, at, at + timedelta(days=1), feed.validators, "h", new=keyed([entry])), at
        )
        committed[f"number{number}<"] = time.monotonic()
        parts.signals.decide.set()  # as the fetch stage does after its commit
        await asyncio.sleep(1.1)
    stop.set()
    await running
    numbered = [(text.split(" number")[1].split("<")[0], at) for text, at in arrivals(pipe) if " number" in text]
    arrived = {f"number{number}<": at for number, at in numbered}
    assert arrived.keys() == committed.keys(), f"{len(arrived)} of {len(committed)} arrived"
    return [(arrived[mark] - at) * 1000 for mark, at in committed.items()]


def main() -> None:
    """Measure and report."""
    wanted = options(__doc__ or "")
    os.environ["PTB_TIMEDELTA"] = "1"
    count, probes = (400, 12) if wanted.quick else (2000, 60)
    endless = Budget(1e9, 1e9)
    with tempfile.TemporaryDirectory() as folder, server() as (url, pipe):
        bare_cpu, bare_wall = asyncio.run(library(url, count))
        paced = stage.Pace
        stage.Pace = lambda: Pace(Budgets(endless, endless, endless))  # type: ignore[misc,assignment]
        store = Store(Path(folder) / "a.db")
        cpu, wall = asyncio.run(ours(url, store, count))
        store.close()
        stage.Pace = paced  # type: ignore[misc]
        path = Path(folder) / "b.db"
        store = Store(path)
        found = asyncio.run(latencies(url, pipe, store, path, probes))
        store.close()
    cuts = statistics.quantiles(found, n=20)
    figures = {
        "messages_per_s": count / wall,
        "messages_per_s_library": count / bare_wall,
        "cpu_ms_per_message": cpu / count * 1000,
        "cpu_vs_library": cpu / bare_cpu,
        "commit_to_message_p50_ms": statistics.median(found),
        "commit_to_message_p95_ms": cuts[-1],
    }
    report("dispatch", figures, wanted.json)


if __name__ == "__main__":
    main()
