"""Days of a thousand feeds at sixty times the speed: memory, descriptors and the log stay as they are.

TIPOFF_WEEK is how many real minutes it takes (168 for a week, and at least five for memory to settle); `make soak`
takes ten.
"""

import os
import random
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from statistics import linear_regression

import pytest

from tests.builders import Entry, rss
from tests.servers.bot_api import FakeBotApi
from tests.servers.daemon import SETTINGS
from tests.servers.feeds import FeedServer
from tests.servers.ports import free_port
from tests.servers.zygote import ROOT
from tests.test_crashes import CHAT, CONFIG, WATCH, headline
from tests.test_survival import cpu_of

MINUTES = float(os.environ.get("TIPOFF_WEEK", "0"))
SPEED = 60
FEEDS = int(os.environ.get("TIPOFF_WEEK_FEEDS", "1000"))


@pytest.mark.skipif(not MINUTES, reason="takes ten minutes: make soak")
def test_memory_descriptors_and_log_stay_flat(tmp_path: Path) -> None:
    """Every half second something is published somewhere, every tenth time what is watched; all of it is told once."""
    port = free_port()
    dice = random.Random(11)
    with FeedServer("0.0.0.0") as feeds, FakeBotApi(limits=None, hold=0.1, contract=False) as api:  # noqa: S104
        api.add_chat(CHAT)
        at = feeds.address.rpartition(":")[2]
        hosts = [f"127.0.{n // 250 + 1}.{n % 250 + 1}:{at}" for n in range(FEEDS)]
        pages: dict[int, list[Entry]] = {n: [Entry(f"old {n}", f"https://x{n}.example/0", "0")] for n in range(FEEDS)}

        def publish(number: int) -> None:
            body = rss(pages[number][-20:][::-1], title=f"Outlet {number}")
            feeds.serve(f"/{number}", body, etag=f'"{len(pages[number])}"')

        for number in range(FEEDS):
            publish(number)
        configure(tmp_path, hosts, port)
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PTB_TIMEDELTA": "1",
            "TIPOFF_TELEGRAM_TOKEN": api.token,
            "TIPOFF_TELEGRAM_API": api.url,
        }
        command = [sys.executable, "-m", "tests.servers.fast_daemon", str(tmp_path / "config"), str(SPEED)]
        with (tmp_path / "log").open("w") as log:
            process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
        try:
            feeds.wait_for(lambda seen: len({request.path for request in seen}) == FEEDS, timeout=180)
            samples: list[tuple[float, float, int, int]] = []
            began, told = time.monotonic(), 0
            while time.monotonic() < began + MINUTES * 60:
                number, count = dice.randrange(FEEDS), len(pages)
                news = dice.random() < 0.1
                told += news
                title = headline(told) if news else f"Harmless words about {dice.random()} and {count}"
                guid = f"{len(pages[number])}"
                pages[number].append(Entry(title, f"https://x{number}.example/{guid}", guid))
                publish(number)
                time.sleep(0.5)
                if not samples or time.monotonic() - began - samples[-1][0] >= 5:
                    samples.append((time.monotonic() - began, *look(process.pid, tmp_path)))
            requests, cpu = len(feeds.requests), cpu_of(process.pid)
            api.wait_for(lambda api: len(api.messages(CHAT)) >= told * 0.8, timeout=120)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
                metrics = answer.read().decode()
        finally:
            process.terminate()
            code = process.wait(20)
        texts = [message.text.splitlines()[0] for message in api.messages(CHAT)]

    half = samples[len(samples) // 3 :]
    slope, _ = linear_regression([at for at, *_ in half], [memory for _, memory, _, _ in half])
    buckets = re.findall(r'seen_to_alert_seconds_bucket\{le="([^"]+)"\} ([\d.]+)', metrics)
    total = float(buckets[-1][1])
    p95 = next(le for le, seen in buckets if float(seen) >= 0.95 * total)
    print(
        f"{MINUTES:g} minutes at x{SPEED}, {FEEDS} feeds, {requests} requests, {len(texts)} of {told} told so far, "
        f"CPU {cpu / (MINUTES * 60):.0%}\n"
        f"memory {half[0][1]:.1f} to {half[-1][1]:.1f} MB: {slope * 3600:.2f} MB in a real hour, "
        f"{slope * 60:.3f} MB in an hour of its own; descriptors {half[0][2]} to {half[-1][2]}; "
        f"log at most {max(sample[3] for sample in samples) / 1e6:.1f} MB; "
        f"95% told within {float(p95) / SPEED:.2f} s of the poll"
    )
    assert code == 0
    assert len(texts) == len(set(texts))
    assert slope * 60 < 1
    # connections to hosts are kept for some seconds, and at this speed hundreds of hosts are asked meanwhile
    assert (
        max(sample[2] for sample in half[len(half) // 2 :]) < max(sample[2] for sample in half[: len(half) // 2]) + 40
    )
    assert max(sample[3] for sample in samples) < 64e6


def configure(folder: Path, hosts: list[str], port: int) -> None:
    """Write a configuration of feeds that are asked as their rhythm has it."""
    config = folder / "config"
    config.mkdir()
    allow = ", ".join(f'"{host}"' for host in hosts)
    more = CONFIG + f"\n[health]\nport = {port}\n"
    text = SETTINGS.format(allow=allow, more=more).replace('every = "1s"\nfloor = "1s"\n', "")
    (config / "tipoff.toml").write_text(text, "utf-8")
    listed = [f'[[feed]]\nurl = "http://{host}/{n}"\nname = "Outlet {n}"\n' for n, host in enumerate(hosts)]
    (config / "feeds.toml").write_text("\n".join(listed), "utf-8")
    (config / "watchlist.toml").write_text(WATCH, "utf-8")


def look(pid: int, folder: Path) -> tuple[float, int, int]:
    """Return a process's memory in MB, its descriptors, and the size of its database's log."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    memory = int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1000  # type: ignore[index]  # it is there
    log = folder / "data" / "tipoff.db-wal"
    return memory, len(list(Path(f"/proc/{pid}/fd").iterdir())), log.stat().st_size if log.exists() else 0
