"""Logs which feeds begin to fail, or, while no host at all can be reached, only that the network is down."""

import logging

from bot.core.links import host
from bot.core.model import Feed, FeedFailure
from bot.feeds.due_times import INSECURE, UNREACHABLE

log = logging.getLogger(__name__)

_HOSTS_OF_AN_OUTAGE = 3  # that fail one after the other; fewer may be down by themselves
_HOSTS_BEYOND_DOUBT = 8  # whatever the polls will bring that are under way
_UNCONNECTED = frozenset({UNREACHABLE, INSECURE})  # a clock that is wrong makes every certificate a bad one
NO_PROOF_OF_NETWORK = _UNCONNECTED | {"timeout", "refused"}
"""Reasons of failures that do not show that this machine is online."""


class OutageLog:
    """Logs which feeds begin to fail: one line each, or one for all while nothing at all can be reached.

    Feeds that cannot be reached are held back until another is, or until no poll is under way. The hosts that were
    reached last time and fail one after the other are counted beyond that: in a quiet newsroom each is polled alone.
    After a start all hosts count until one was reached, for the outage may be older than the process.
    """

    def __init__(self) -> None:
        self._was_online = False  # something was reached since the start
        self._is_online = False  # something was reached since polls are under way
        self._is_reported = False  # the outage is, and nothing was reached since
        self._held: list[tuple[Feed, str]] = []  # with the reason
        self._failing_hosts: set[str] = set()  # since something was reached

    def may_be_outage(self, feed: Feed) -> bool:
        """Say whether a failure is not to be counted against a feed: nobody can be reached, or nobody was yet."""
        is_first = not self._was_online and feed.is_backfilled and host(feed.url) not in self._failing_hosts
        return self._is_reported or is_first

    def note(self, feed: Feed, failure: FeedFailure | None) -> None:
        """Note how a poll ended."""
        if failure is None or failure.reason not in NO_PROOF_OF_NETWORK:
            self._note_online()
        is_known = feed.errors > 0 and self._was_online
        if failure is None or self._is_reported or is_known:
            return
        if failure.reason in _UNCONNECTED:
            self._note_unconnected(feed, failure.reason)
        elif not feed.errors:
            _log_failing(feed, failure.reason)

    def _note_online(self) -> None:
        self._was_online, self._is_online, self._is_reported = True, True, False
        self._failing_hosts.clear()
        self._log_held()

    def _note_unconnected(self, feed: Feed, reason: str) -> None:
        if not feed.errors:
            self._held.append((feed, reason))
        self._failing_hosts.add(host(feed.url))
        if len(self._failing_hosts) >= _HOSTS_BEYOND_DOUBT:
            self._report()
        elif self._is_online:
            self._log_held()

    def conclude(self) -> None:
        """Log the outage, or the feeds held back, now that no poll is under way."""
        self._is_online = False
        if len(self._failing_hosts) >= _HOSTS_OF_AN_OUTAGE and not self._is_reported:
            self._report()
        self._log_held()

    def _report(self) -> None:
        log.warning("network_down (not one feed could be reached: is this machine online, and its clock right?)")
        self._is_reported = True
        self._held.clear()

    def _log_held(self) -> None:
        for feed, reason in self._held:
            _log_failing(feed, reason)
        self._held.clear()


def _log_failing(feed: Feed, reason: str) -> None:
    log.info("feed_failing feed=%s reason=%s", feed.name, reason)
