"""Ten thousand feeds on a fast clock: how far polls fall behind, how long the loop is held up, and the memory.

What is measured is a daemon that has run for a while: feeds were read once, and their due times have drifted apart.
"""

import asyncio
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles

from _wire_feeds import document
from _wire_poll import memory_of_all

from bot.core.clock import FastClock
from bot.core.model import Feed, FeedFailure, FeedSpec, Response, Validators
from bot.core.settings import PollSettings
from bot.feeds.parsing.workers import ParseWorkers
from bot.feeds.stage import FetchStage
from bot.store.store import Store

SPEED = 6.0  # times real time
DELAY = 1.0  # seconds of the clock that a publisher takes to answer
NEWS = 4  # every how many-th poll of a feed brings an entry; the others are answered 304
ENTRIES = 8


class Publishers:
    """Answers for ten thousand hosts, a second late; HTTP itself is measured with the polls."""

    def __init__(self) -> None:
        self.polls: dict[int, int] = {}
        self.answered = 0

    async def fetch(self, feed: Feed) -> Response | FeedFailure:
        """Answer."""
        await asyncio.sleep(DELAY / SPEED)
        self.answered += 1
        count = self.polls[feed.id] = self.polls.get(feed.id, -1) + 1
        if count % NEWS:
            return Response(304, b"", "", Validators())
        newest = count // NEWS + ENTRIES
        return Response(200, document(feed.name, range(newest, newest - ENTRIES, -1)), "", Validators(f'"{count}"'))


def scale_figures(feeds: int, seconds: float) -> dict[str, float]:
    """Poll so many feeds for so many seconds of the clock, after one pass that is not counted."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_run(feeds, seconds, Path(folder)))


async def _run(feeds: int, seconds: float, folder: Path) -> dict[str, float]:
    store = Store(folder / "x.db")
    clock = FastClock(datetime(2026, 3, 3, 6, 0, tzinfo=UTC), SPEED)
    poll = PollSettings(gap=timedelta(0))
    workers = ParseWorkers(poll.workers, poll.parse_timeout)
    publishers = Publishers()
    stage = FetchStage(store.fetch, publishers, workers, clock, poll)
    specs = [FeedSpec(f"https://{n}.example/feed", f"outlet{n}") for n in range(feeds)]
    await store.fetch.set_feeds(specs, clock.now())
    await stage.run_once()
    step = int(780e6 / feeds)  # microseconds: 13 minutes, the interval of a feed that nobody knows yet
    start = int(clock.now().timestamp() * 1e6)
    spread = f"update feeds set due = {start} + (id * 7919 % {feeds}) * {step}"  # noqa: S608  # numbers
    await store._connection.write(lambda db: db.execute(spread))  # noqa: SLF001  # hours pass here
    clock.begin()
    backlogs, lags, peak = [], [], 0.0
    until = clock.now() + timedelta(seconds=seconds)
    while clock.now() < until:
        await stage.start_due()
        began = time.monotonic()
        await asyncio.sleep(0.1)
        lags.append((time.monotonic() - began - 0.1) * 1e3)
        status = await store.status()
        assert status.next_due is not None
        backlogs.append(max((clock.now() - status.next_due).total_seconds(), 0.0))
        if len(lags) % 20 == 1:
            peak = max(peak, memory_of_all())
    await stage.stop()
    await workers.close()
    store.close()
    return {
        "scale_feeds": float(feeds),
        "scale_polls_per_s": (publishers.answered - feeds) / seconds,
        "backlog_p99_s": quantiles(backlogs, n=100)[98],
        "loop_lag_p99_ms": quantiles(lags, n=100)[98],
        "peak_rss_mb": peak,
    }
