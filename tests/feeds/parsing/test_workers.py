"""Reading in processes that can be killed."""

import asyncio
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from bot.core.model import FeedDocument, FeedFailure
from bot.feeds.parsing.workers import ParseWorkers
from tests.builders import Entry, rss

GOOD = rss([Entry("Title", "https://a.example/1")])


def misbehave(body: bytes, content_type: str, url: str) -> FeedDocument | FeedFailure:
    """Stand in for a document that finds a hole in the reader; the body says which."""
    if body == b"hang":
        while True:
            pass
    if body == b"die":
        os._exit(7)
    if body == b"eat":
        return FeedFailure("ate", str(len(bytearray(10**10))))
    if body == b"bug":
        raise ZeroDivisionError
    return FeedDocument("fine", ())


def test_documents_are_read_elsewhere() -> None:
    """A good one gives its entries, a bad one its reason."""

    async def run() -> tuple[FeedDocument | FeedFailure, ...]:
        workers = ParseWorkers(1, timedelta(seconds=20))
        try:
            return await workers.parse(GOOD, "", "https://a.example/"), await workers.parse(b"", "", "")
        finally:
            await workers.close()

    good, bad = asyncio.run(run())
    assert isinstance(good, FeedDocument)
    assert isinstance(bad, FeedFailure)
    assert (len(good.entries), bad.reason) == (1, "empty")


def test_a_document_that_hangs_kills_or_eats_is_its_own_trouble() -> None:
    """The reader is stopped and replaced; the next document is read as ever."""

    async def run() -> list[str]:
        workers = ParseWorkers(1, timedelta(seconds=1), misbehave)
        try:
            results = [await workers.parse(body, "", "") for body in (b"hang", b"die", b"eat", b"bug", b"fine")]
        finally:
            await workers.close()
        return [result.reason if isinstance(result, FeedFailure) else result.title for result in results]

    assert asyncio.run(run()) == ["too slow", "malformed", "too large", "malformed", "fine"]


def test_other_documents_do_not_wait_for_one_that_hangs() -> None:
    """They are read by another process, while the first is still at it."""

    async def run() -> bool:
        workers = ParseWorkers(2, timedelta(seconds=60), misbehave)
        try:
            hanging = asyncio.create_task(workers.parse(b"hang", "", ""))
            await asyncio.sleep(0)  # for it to be the first in line
            for _ in range(3):
                assert isinstance(await workers.parse(b"fine", "", ""), FeedDocument)
            return hanging.done()
        finally:
            await workers.close()
            hanging.cancel()

    assert not asyncio.run(run())


PLANTED = ("bot", "html", "multiprocessing", "socket", "signal", "json", "re", "resource", "feedparser", "pebble")
READS = """if __name__ == "__main__":
    import asyncio, os
    from datetime import timedelta
    from bot.feeds.parsing.workers import ParseWorkers
    from tests.feeds.parsing.test_workers import GOOD

    async def main():
        workers = ParseWorkers(1, timedelta(seconds=60))
        {change}
        print(type(await workers.parse(GOOD, "", "https://a.example/")).__name__)
        await workers.close()

    asyncio.run(main())
"""


def run_among_planted_files(folder: Path, change: str = "") -> tuple[str, bool]:
    """Read a document in a folder full of files named like modules; return what came of it, and whether one was run."""
    here = folder / "here"
    here.mkdir()
    for name in PLANTED:
        (here / f"{name}.py").write_text(f"open({str(folder / 'ran')!r}, 'a').write({name!r})\nraise SystemExit(3)\n")
    script = folder / "reads.py"
    script.write_text(READS.format(change=change or "pass"), "utf-8")
    root = str(Path(__file__).parents[3])
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": root}
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=here,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout.strip() or done.stderr, (folder / "ran").exists()


def test_files_of_the_working_directory_are_not_run(tmp_path: Path) -> None:
    """Neither by the processes that read documents, nor by the one that starts them."""
    assert run_among_planted_files(tmp_path) == ("FeedDocument", False)


def test_files_that_are_run_would_be_seen(tmp_path: Path) -> None:
    """The null control: without the safe path."""
    assert run_among_planted_files(tmp_path, "del os.environ['PYTHONSAFEPATH']")[1]


def test_the_program_itself_runs_none_of_them(tmp_path: Path) -> None:
    """Also as `python -m bot`, which puts the working directory first; `bot` itself is found before we are asked."""
    for name in PLANTED[1:]:
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit({name!r})\n")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-m", "bot", "--version"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=60
    )

    assert (done.returncode, done.stderr) == (0, "")
