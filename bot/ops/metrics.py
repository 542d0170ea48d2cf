"""What is counted for Prometheus: one registry of metrics; the only file that knows its client."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from bot.core.model import DeliveryResult, Feed, FeedDocument, FeedFailure, MessageKind, Outcome, Response
from bot.core.ports import Clock, Fetcher, Parser
from bot.ops.health import HealthSnapshot

CONTENT_TYPE = CONTENT_TYPE_LATEST
_LATENCIES = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)  # seconds
_PARSES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30)
_STATES = ("pending", "sending", "sent", "uncertain", "paused", "dead")  # of messages


@dataclass(frozen=True, slots=True)
class Fetched:
    """A request to a publisher has ended."""

    reply: Response | FeedFailure


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document was read."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Delivered:
    """An attempt to send a message has ended."""

    outcome: Outcome
    at: datetime


E = TypeVar("E")
Values = Mapping[Sequence[str], float]
"""Values by their labels."""


@dataclass(frozen=True, slots=True)
class Metric(Generic[E]):
    """One metric: its kind, and which values an event or a health snapshot gives for it."""

    name: str
    help: str
    kind: Callable[..., Counter | Gauge | Histogram]
    source: type[E]
    values: Callable[[E], Values]
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


def _gauge(name: str, text: str, value: Callable[[HealthSnapshot], float]) -> Metric[HealthSnapshot]:
    return Metric(name, text, Gauge, HealthSnapshot, lambda snapshot: {(): value(snapshot)})


def _fetched(event: Fetched) -> Values:
    reply = event.reply
    return {(reply.reason if isinstance(reply, FeedFailure) else str(reply.status),): 1}


def _publish_to_alert(event: Delivered) -> Values:
    story = event.outcome.alert.story
    if story is None or not _is_first_message(event.outcome):
        return {}
    first, matches = story.sources[0], event.outcome.alert.matches
    published = next((match.item.published for match in matches if match.item.id == first.item_id), None)
    return {} if published is None else {(): max((event.at - published).total_seconds(), 0.0)}


def _seen_to_alert(event: Delivered) -> Values:
    story = event.outcome.alert.story
    if story is None or not _is_first_message(event.outcome):
        return {}
    return {(): (event.at - story.sources[0].at).total_seconds()}


def _is_first_message(outcome: Outcome) -> bool:
    """Say whether the first message about a story has arrived."""
    return outcome.result is DeliveryResult.DONE and outcome.alert.kind is MessageKind.ALERT


METRICS: tuple[Metric[Any], ...] = (
    Metric("fetches", "Requests to publishers by outcome.", Counter, Fetched, _fetched, ("outcome",)),
    Metric(
        "parse_seconds",
        "How long a document took to be read.",
        Histogram,
        Parsed,
        lambda event: {(): event.seconds},
        buckets=_PARSES,
    ),
    Metric(
        "messages",
        "Attempts to send by kind and outcome.",
        Counter,
        Delivered,
        lambda event: {(event.outcome.alert.kind, event.outcome.result): 1},
        ("kind", "outcome"),
    ),
    Metric(
        "publish_to_alert_seconds",
        "From the publisher's date to the arrival of the alert.",
        Histogram,
        Delivered,
        _publish_to_alert,
        buckets=_LATENCIES,
    ),
    Metric(
        "seen_to_alert_seconds",
        "From the poll that brought the news to the arrival of the alert.",
        Histogram,
        Delivered,
        _seen_to_alert,
        buckets=(0.05, 0.1, 0.25, 0.5, *_LATENCIES),
    ),
    Metric(
        "outbox",
        "Messages by state.",
        Gauge,
        HealthSnapshot,
        lambda snapshot: {(state,): snapshot.status.outbox.get(state, 0) for state in _STATES},
        ("state",),
    ),
    _gauge(
        "outbox_oldest_seconds", "Age of the oldest message that waits.", lambda snapshot: snapshot.oldest_message or 0
    ),
    _gauge("healthy", "1 while nothing stands still.", lambda snapshot: not snapshot.troubles),
    _gauge("feeds", "Feeds that are polled.", lambda snapshot: snapshot.status.feeds),
    _gauge("feeds_due", "Feeds that are due now.", lambda snapshot: snapshot.status.feeds_due),
    _gauge("feeds_failing", "Feeds whose last poll failed.", lambda snapshot: snapshot.status.feeds_failing),
    _gauge("items", "Items stored.", lambda snapshot: snapshot.status.items),
    _gauge("items_pending", "Items that wait for the decide stage.", lambda snapshot: snapshot.status.items_pending),
    _gauge("matches", "Matches of items with watches.", lambda snapshot: snapshot.status.matches),
    _gauge("stories", "Stories.", lambda snapshot: snapshot.status.stories),
    _gauge("chats_paused", "Chats that cannot be written to.", lambda snapshot: len(snapshot.status.paused)),
    _gauge(
        "loop_lag_seconds",
        "Longest time that the event loop stood still, of the last minute.",
        lambda snapshot: snapshot.lag,
    ),
    _gauge(
        "telegram_up", "1 while Telegram answers, or there is no token.", lambda snapshot: snapshot.telegram != "down"
    ),
    _gauge("write_ahead_log_bytes", "Size of the database's write-ahead log.", lambda snapshot: snapshot.log_size),
)
"""Every metric; exposed as `tipoff_<name>`."""


class Metrics:
    """The values of all metrics of this process."""

    def __init__(self, clock: Clock, metrics: Iterable[Metric[Any]] = METRICS) -> None:
        self._clock = clock
        self._registry = CollectorRegistry()
        self._by_source: dict[type, list[tuple[Metric[Any], Counter | Gauge | Histogram]]] = defaultdict(list)
        for metric in metrics:
            more = {"buckets": metric.buckets} if metric.buckets else {}
            collector = metric.kind(
                f"tipoff_{metric.name}", metric.help, metric.labels, registry=self._registry, **more
            )
            self._by_source[metric.source].append((metric, collector))

    def note(self, event: object) -> None:
        """Count an event, or set what a health snapshot says."""
        for metric, collector in self._by_source[type(event)]:
            for labels, value in metric.values(event).items():
                _add(collector.labels(*labels) if labels else collector, value)

    def note_outcome(self, outcome: Outcome) -> None:
        """Count an attempt to send."""
        self.note(Delivered(outcome, self._clock.now()))

    def counted(self, fetcher: Fetcher) -> Fetcher:
        """Return a fetcher whose outcomes are counted."""
        return _CountedFetcher(fetcher, self)

    def timed(self, parser: Parser) -> Parser:
        """Return a parser whose documents are timed."""
        return _TimedParser(parser, self, self._clock)

    def text(self, snapshot: HealthSnapshot) -> bytes:
        """Return all of it as Prometheus reads it."""
        self.note(snapshot)
        return generate_latest(self._registry)


def _add(collector: Counter | Gauge | Histogram, value: float) -> None:
    if isinstance(collector, Counter):
        collector.inc(value)
    elif isinstance(collector, Histogram):
        collector.observe(value)
    else:
        collector.set(float(value))


class _CountedFetcher:
    def __init__(self, fetcher: Fetcher, metrics: Metrics) -> None:
        self._fetcher = fetcher
        self._metrics = metrics

    async def fetch(self, feed: Feed) -> Response | FeedFailure:
        """Make one request."""
        reply = await self._fetcher.fetch(feed)
        self._metrics.note(Fetched(reply))
        return reply


class _TimedParser:
    def __init__(self, parser: Parser, metrics: Metrics, clock: Clock) -> None:
        self._parser = parser
        self._metrics = metrics
        self._clock = clock

    async def parse(self, body: bytes, content_type: str, url: str) -> FeedDocument | FeedFailure:
        """Read one document."""
        began = self._clock.monotonic()
        document = await self._parser.parse(body, content_type, url)
        self._metrics.note(Parsed(self._clock.monotonic() - began))
        return document
