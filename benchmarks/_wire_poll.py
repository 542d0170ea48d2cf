"""A polling cycle of many feeds on loopback, ours and `reader`'s, each with its own process, database and publisher."""

import asyncio
import json
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from _wire_feeds import document

ENTRIES = 30
WORDS = 360  # that make an entry of 2.7 kB, the median of real ones
PASSES = ("first", "304", "unchanged", "one_new")


def poll_figures(feeds: int) -> dict[str, float]:
    """Return our CPU seconds for each pass divided by reader's, and our own in milliseconds a feed."""
    ours = _run("ours", feeds)
    figures = {f"poll_{name}_ms": ours[name]["cpu"] * 1e3 / feeds for name in PASSES}
    figures |= {f"poll_{name}_wall_s": ours[name]["wall"] for name in PASSES}
    figures["poll_peak_mb"] = ours["peak_mb"]
    if find_spec("reader") is None:
        return figures
    theirs = _run("reader", feeds)
    figures |= {f"poll_{name}_vs_reader": ours[name]["cpu"] / theirs[name]["cpu"] for name in PASSES}
    figures |= {f"reader_{name}_wall_s": theirs[name]["wall"] for name in PASSES}
    return figures | {"reader_peak_mb": theirs["peak_mb"]}


def _run(who: str, feeds: int) -> dict[str, Any]:
    """Make all passes in a process of their own; its CPU time is that of its children too, the publisher's is not."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    publisher = context.Process(target=_publish, args=[there, feeds], daemon=True)
    publisher.start()
    port = here.recv()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, who, str(feeds), str(port), folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:  # noqa: S603  # ourselves
            assert worker.stdin is not None
            assert worker.stdout is not None
            for name in PASSES:
                here.send(name)
                here.recv()
                worker.stdin.write(f"{name}\n")
                worker.stdin.flush()
                worker.stdout.readline()
            found = json.loads(worker.communicate()[0])
    publisher.kill()
    return dict(found)


def _publish(pipe: Any, feeds: int) -> None:
    """Serve feeds; what is received over the pipe is the pass that comes next."""
    from aiohttp import web

    serving = {"now": "first"}
    before = [document(f"outlet{n}", range(ENTRIES), WORDS) for n in range(feeds)]
    after = [document(f"outlet{n}", [ENTRIES, *range(ENTRIES - 1)], WORDS) for n in range(feeds)]

    async def answer(request: web.Request) -> web.Response:
        number = int(request.match_info["number"])
        if serving["now"] == "304":
            return web.Response(status=304, headers={"ETag": '"1"'})
        body = after[number] if serving["now"] == "one_new" else before[number]
        return web.Response(body=body, content_type="application/rss+xml", headers={"ETag": '"1"'})

    async def serve() -> None:
        app = web.Application()
        app.router.add_get("/{number}", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
        pipe.send(runner.addresses[0][1])
        while True:
            serving["now"] = await asyncio.to_thread(pipe.recv)
            pipe.send("ready")

    asyncio.run(serve())


def _cpu() -> float:
    """Return the CPU seconds of this process and of all its children, those that live included."""
    own = time.process_time()
    gone = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own + gone.ru_utime + gone.ru_stime + sum(_cpu_of(pid) for pid in _descendants())


def _descendants() -> list[int]:
    found, ask = [], [multiprocessing.current_process().pid]
    while ask:
        pid = ask.pop()
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            children = [int(child) for child in task.read_text().split()]
            found += children
            ask += children
    return found


def _cpu_of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / 100


class _Peak:
    """Watches the memory of this process and its children."""

    def __init__(self) -> None:
        self.mb = 0.0
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            self.mb = max(self.mb, memory_of_all())
            time.sleep(0.2)


def memory_of_all() -> float:
    """Return the MB of this process and its children."""
    return sum(_memory_of(pid) for pid in ("self", *_descendants()))


def _memory_of(pid: int | str) -> float:
    """Return the proportional set size in MB: pages that processes share count once."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


def _measure(work: Any) -> None:
    """Do the work of each pass named on standard input; print what it took at the end."""
    peak, found = _Peak(), {}
    for line in sys.stdin:
        cpu, wall = _cpu(), time.monotonic()
        work(line.strip())
        found[line.strip()] = {"cpu": _cpu() - cpu, "wall": time.monotonic() - wall}
        print("done", flush=True)
    print(json.dumps({**found, "peak_mb": peak.mb}), flush=True)


def _ours(feeds: int, port: int, folder: Path) -> None:
    from datetime import timedelta

    from bot.core.clock import SystemClock
    from bot.core.guard import Guard
    from bot.core.heap import settle
    from bot.core.model import FeedSpec
    from bot.core.settings import PollSettings
    from bot.feeds.fetch import HttpFetcher
    from bot.feeds.parsing import workers as parsing_workers
    from bot.feeds.parsing.workers import ParseWorkers
    from bot.feeds.stage import FetchStage
    from bot.store.store import Store

    store, clock, loop = Store(folder / "x.db"), SystemClock(), asyncio.new_event_loop()
    poll = PollSettings(gap=timedelta(0), per_host=8)
    # the time of a process that was replaced by a fresh one could not be counted
    parsing_workers._DOCUMENTS_PER_PROCESS = 10**9  # noqa: SLF001  # as said
    workers = ParseWorkers(2, poll.parse_timeout)
    fetcher = HttpFetcher(Guard([f"127.0.0.1:{port}"]), poll)
    stage = FetchStage(store.fetch, fetcher, workers, clock, poll)
    specs = [FeedSpec(f"http://127.0.0.1:{port}/{n}", f"outlet{n}") for n in range(feeds)]
    loop.run_until_complete(store.fetch.set_feeds(specs, clock.now()))

    settle()  # as the daemon does

    def work(name: str) -> None:
        if name != "first":
            loop.run_until_complete(store._connection.write(lambda db: db.execute("update feeds set due = 0")))  # noqa: SLF001  # no hour passes here)
            loop.run_until_complete(store._connection.write(lambda db: db.execute("update leases set until = 0")))  # noqa: SLF001  # no hour passes here)
        loop.run_until_complete(stage.run_once())

    _measure(work)
    loop.run_until_complete(workers.close())
    loop.run_until_complete(fetcher.close())
    store.close()


def _reader(feeds: int, port: int, folder: Path) -> None:
    from reader import make_reader

    reader = make_reader(str(folder / "x.db"))
    for number in range(feeds):
        reader.add_feed(f"http://127.0.0.1:{port}/{number}")
    _measure(lambda name: reader.update_feeds(workers=8, scheduled=False))


if __name__ == "__main__":
    who, feeds, port, folder = sys.argv[1:]
    sys.path.insert(0, str(Path(__file__).parent.parent))
    {"ours": _ours, "reader": _reader}[who](int(feeds), int(port), Path(folder))
