"""What reading and polling feeds costs, against feedparser, fastfeedparser, feedparser-rs and reader in the same run.

Ratios are ours divided by the peer's: below 1 is better. Documents are real ones where a collection is at hand,
else made for the run. A peer that is not installed (`pip install -e .[bench]`) is left out.
"""

import io
import statistics
import time
import warnings
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import feedparser.api
from _report import options, report
from _wire_feeds import generated
from _wire_poll import poll_figures
from _wire_scale import scale_figures

from bot.core.errors import FeedError
from bot.core.model import Feed, FeedDocument, FeedFailure, Response, Validators
from bot.feeds.delta import DocumentDelta, body_hash_of, read_delta
from bot.feeds.identity import fingerprint_of, keyed, shared_by
from bot.feeds.parsing.formats import read_document
from bot.feeds.parsing.splitting import split_document
from bot.feeds.parsing.with_feedparser import read_with_feedparser

URL = "https://feed.example/feed.xml"
NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


class InProcess:
    """Parses here: what goes to another process and back is measured with the polls."""

    async def parse(self, body: bytes, content_type: str, url: str) -> FeedDocument | FeedFailure:
        """Read one document."""
        return read_document(body, content_type, url)


class Timed(NamedTuple):
    """Milliseconds of CPU for one document."""

    first: float
    one_new: float
    unchanged: float
    feedparser: float
    fastfeedparser: float | None
    feedparser_rs: float | None
    is_equal: bool


def main() -> None:
    """Measure and report."""
    warnings.simplefilter("ignore")  # of the peers, about dates and the like
    wanted = options(__doc__ or "")
    bodies = real(wanted.data / "feeds") or generated(60)
    timed = [measure(body, 1 if wanted.quick else 3) for body in bodies[:: 6 if wanted.quick else 1]]
    figures = parse_figures(timed)
    figures |= poll_figures(60 if wanted.quick else 1000)
    figures |= scale_figures(600 if wanted.quick else 10_000, 8.0 if wanted.quick else 900.0)
    report("wire", figures, wanted.json)


def real(folder: Path) -> list[bytes]:
    """Return the real documents at hand."""
    if not folder.is_dir():
        return []
    return [path.read_bytes() for path in sorted(folder.iterdir()) if path.name != "manifest.jsonl"]


def parse_figures(timed: Sequence[Timed]) -> dict[str, float]:
    """Return medians over documents, each of a ratio of two times of the same document."""
    figures = {
        "feeds": float(len(timed)),
        "parse_first_vs_feedparser": middle(t.first / t.feedparser for t in timed),
        "parse_first_total_vs_feedparser": sum(t.first for t in timed) / sum(t.feedparser for t in timed),
        "parse_one_new_vs_feedparser": middle(t.one_new / t.feedparser for t in timed),
        "parse_one_new_ms": middle(t.one_new for t in timed),
        "window_equals_whole": sum(t.is_equal for t in timed) / len(timed),
    }
    if fast := [t for t in timed if t.fastfeedparser]:
        figures["parse_one_new_vs_fastfeedparser"] = middle(t.one_new / (t.fastfeedparser or 1) for t in fast)
        figures["parse_unchanged_vs_fastfeedparser"] = middle(t.unchanged / (t.fastfeedparser or 1) for t in fast)
    if rust := [t for t in timed if t.feedparser_rs]:
        figures["parse_one_new_vs_feedparser_rs"] = middle(t.one_new / (t.feedparser_rs or 1) for t in rust)
    return figures


def middle(values: Any) -> float:
    """Return the median."""
    return statistics.median(values)


def measure(body: bytes, rounds: int) -> Timed:
    """Time one document in every way, the best of some rounds each."""
    earlier, equal = without_first(body)
    kept = run(read_delta(InProcess(), Feed(1, URL, "A"), reply(earlier), NOW))
    fingerprint = kept.fingerprint if isinstance(kept, DocumentDelta) else None

    def first() -> None:
        digest(run(read_delta(InProcess(), Feed(1, URL, "A"), reply(body), NOW)))
        body_hash_of(reply(body))

    def one_new() -> None:
        digest(run(read_delta(InProcess(), Feed(1, URL, "A", fingerprint=fingerprint), reply(body), NOW)))
        body_hash_of(reply(body))

    return Timed(
        first=best(first, rounds),
        one_new=best(one_new, rounds),
        unchanged=best(lambda: body_hash_of(reply(body)), rounds * 5),
        feedparser=best(lambda: feedparsers(body), rounds),
        fastfeedparser=of_peer("fastfeedparser", body, rounds),
        feedparser_rs=of_peer("feedparser_rs", body, rounds),
        is_equal=equal,
    )


def feedparsers(body: bytes) -> None:
    """Parse with feedparser as it comes: without our driver under it, and without sanitising, which we do not do."""
    ours, feedparser.api.PREFERRED_XML_PARSERS[:] = list(feedparser.api.PREFERRED_XML_PARSERS), ["drv_libxml2"]
    feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    feedparser.api.PREFERRED_XML_PARSERS[:] = ours


def without_first(body: bytes) -> tuple[bytes, bool]:
    """Return a document as it was before its first entry came, and whether that entry reads alike in part and whole."""
    pieces = split_document(body)
    if pieces is None or len(pieces.spans) < 2:
        return body, True  # it is read whole
    start, end = pieces.spans[0]
    earlier = body[:start] + body[end:]
    kept = run(read_delta(InProcess(), Feed(1, URL, "A"), reply(earlier), NOW))
    try:
        whole = read_with_feedparser(body, "", URL)
    except FeedError:
        return earlier, True
    if not isinstance(kept, DocumentDelta):
        return earlier, True
    found = run(read_delta(InProcess(), Feed(1, URL, "A", fingerprint=kept.fingerprint), reply(body), NOW))
    return earlier, isinstance(found, DocumentDelta) and found.document.entries[:1] == whole.entries[:1]


def digest(found: DocumentDelta | FeedFailure) -> None:
    """Do what the fetch stage does with what was read."""
    if isinstance(found, DocumentDelta):
        shared_by([*map(fingerprint_of, found.document.entries), *found.unchanged])
        keyed(found.document.entries, unchanged=found.unchanged, places=found.places)


def reply(body: bytes) -> Response:
    """Return an answer with this document."""
    return Response(200, body, "", Validators())


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Return what a coroutine returns that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waited")


def best(work: Callable[[], object], rounds: int) -> float:
    """Return the fewest milliseconds of CPU that work takes."""
    times = []
    for _ in range(rounds):
        began = time.process_time_ns()
        work()
        times.append((time.process_time_ns() - began) / 1e6)
    return max(min(times), 1e-4)


def of_peer(name: str, body: bytes, rounds: int) -> float | None:
    """Return the milliseconds of a peer, None where it is not there or cannot read the document."""
    peer = peer_named(name)
    if peer is None:
        return None
    try:
        return best(lambda: peer.parse(body), rounds)
    except Exception:  # noqa: BLE001  # whatever it raises: it cannot read it
        return None


def peer_named(name: str) -> ModuleType | None:
    """Return a library, if it is installed."""
    try:
        return import_module(name)
    except ImportError:
        return None


if __name__ == "__main__":
    main()
