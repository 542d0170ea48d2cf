"""What is counted for Prometheus; the only file that knows its client."""

from collections.abc import Callable
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from bot.core.model import DeliveryResult, Feed, FeedDocument, FeedFailure, MessageKind, Outcome, Response
from bot.core.ports import Fetcher, Parser
from bot.ops.health import HealthSnapshot

CONTENT_TYPE = CONTENT_TYPE_LATEST
_LATENCIES = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)  # seconds
_PARSES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30)


class Metrics:
    """Counters of this process, and gauges that are set from a sight when somebody asks."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self.fetches = Counter("tipoff_fetches", "Requests to publishers by outcome.", ["outcome"], registry=registry)
        self.parses = Histogram(
            "tipoff_parse_seconds", "How long a document took to be read.", buckets=_PARSES, registry=registry
        )
        self.messages = Counter(
            "tipoff_messages", "Attempts to tell by kind and outcome.", ["kind", "outcome"], registry=registry
        )
        self.publish_to_alert = Histogram(
            "tipoff_publish_to_alert_seconds",
            "From the publisher's date to the arrival of the alert.",
            buckets=_LATENCIES,
            registry=registry,
        )
        self.seen_to_alert = Histogram(
            "tipoff_seen_to_alert_seconds",
            "From the poll that brought the news to the arrival of the alert.",
            buckets=(0.05, 0.1, 0.25, 0.5, *_LATENCIES),
            registry=registry,
        )
        self._gauges = {
            name: Gauge(f"tipoff_{name}", text, registry=registry)
            for name, text in {
                "healthy": "1 while nothing stands still.",
                "feeds": "Feeds that are polled.",
                "feeds_due": "Feeds that are due now.",
                "feeds_failing": "Feeds whose last poll failed.",
                "items": "Items stored.",
                "items_pending": "Items that wait for the desk.",
                "hits": "Items that a watch wanted.",
                "stories": "Stories.",
                "outbox_oldest_seconds": "Age of the oldest message that waits.",
                "chats_paused": "Chats that cannot be written to.",
                "loop_lag_seconds": "Longest time that the event loop stood still, of the last minute.",
                "telegram_up": "1 while Telegram answers, or there is no token.",
                "write_ahead_log_bytes": "Size of the database's write-ahead log.",
            }.items()
        }
        self._outbox = Gauge("tipoff_outbox", "Messages by state.", ["state"], registry=registry)

    def note_outcome(self, outcome: Outcome, now: datetime) -> None:
        """Count an attempt, and how long the first message about a story took."""
        alert = outcome.alert
        self.messages.labels(alert.kind, outcome.sent).inc()
        if outcome.sent is DeliveryResult.DONE and alert.kind is MessageKind.ALERT and alert.story is not None:
            first = alert.story.sources[0]
            self.seen_to_alert.observe((now - first.at).total_seconds())
            published = next((match.item.published for match in alert.matches if match.item.id == first.item_id), None)
            if published is not None:
                self.publish_to_alert.observe(max((now - published).total_seconds(), 0.0))

    def text(self, snapshot: HealthSnapshot) -> bytes:
        """Return all of it as Prometheus reads it."""
        status = snapshot.status
        oldest = status.oldest_waiting
        for name, value in {
            "healthy": not snapshot.troubles,
            "feeds": status.feeds,
            "feeds_due": status.feeds_due,
            "feeds_failing": status.feeds_failing,
            "items": status.items,
            "items_pending": status.items_pending,
            "hits": status.matches,
            "stories": status.stories,
            "outbox_oldest_seconds": 0 if oldest is None else (snapshot.now - oldest).total_seconds(),
            "chats_paused": len(status.paused),
            "loop_lag_seconds": snapshot.lag,
            "telegram_up": snapshot.telegram != "down",
            "write_ahead_log_bytes": snapshot.log_size,
        }.items():
            self._gauges[name].set(float(value))
        for state in ("pending", "sending", "sent", "uncertain", "paused", "dead"):
            self._outbox.labels(state).set(status.outbox.get(state, 0))
        return generate_latest(self._registry)


class CountedFetcher:
    """A fetcher whose outcomes are counted."""

    def __init__(self, fetcher: Fetcher, metrics: Metrics) -> None:
        self._fetcher = fetcher
        self._metrics = metrics

    async def fetch(self, feed: Feed) -> Response | FeedFailure:
        """Make one request."""
        reply = await self._fetcher.fetch(feed)
        outcome = reply.reason if isinstance(reply, FeedFailure) else str(reply.status)
        self._metrics.fetches.labels(outcome).inc()
        return reply


class TimedParser:
    """A parser whose documents are timed."""

    def __init__(self, parser: Parser, metrics: Metrics, monotonic: Callable[[], float]) -> None:
        self._parser = parser
        self._metrics = metrics
        self._monotonic = monotonic

    async def parse(self, body: bytes, content_type: str, url: str) -> FeedDocument | FeedFailure:
        """Read one document."""
        began = self._monotonic()
        document = await self._parser.parse(body, content_type, url)
        self._metrics.parses.observe(self._monotonic() - began)
        return document
