"""How the statistics of a feed are written down: one JSON object, in which what is not known is left out."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.core.model import FeedStatistics, Hints, PublicationProfile
from bot.store.engine.connection import as_json, instant, micros

_SECOND = timedelta(seconds=1)


def write_statistics(statistics: FeedStatistics) -> str:
    """Return statistics as the store writes them."""
    hints, profile = statistics.hints, statistics.profile
    written = {
        "pulse": profile
        and [micros(profile.since), micros(profile.at), {h: round(n, 3) for h, n in profile.counts.items()}],
        "ttl": hints.ttl and hints.ttl / _SECOND,
        "period": hints.period and hints.period / _SECOND,
        "skip_hours": sorted(hints.skip_hours),
        "skip_days": sorted(hints.skip_days),
        "fresh_for": statistics.fresh_for / _SECOND,
        "moved_to": statistics.moved_to,
        "moves": statistics.moves,
        "address": statistics.address,
        "told": sorted(statistics.reported),
        "shared": sorted(statistics.shared),
    }
    return as_json({name: value for name, value in written.items() if value})


def read_statistics(text: str) -> FeedStatistics:
    """Return the statistics that the store wrote."""
    written: Mapping[str, Any] = json.loads(text)
    return FeedStatistics(
        profile=_profile(written["pulse"]) if "pulse" in written else None,
        hints=Hints(
            ttl=_span(written.get("ttl")),
            period=_span(written.get("period")),
            skip_hours=frozenset(written.get("skip_hours", ())),
            skip_days=frozenset(written.get("skip_days", ())),
        ),
        fresh_for=_span(written.get("fresh_for")) or timedelta(0),
        moved_to=written.get("moved_to"),
        moves=written.get("moves", 0),
        address=written.get("address"),
        reported=frozenset(written.get("told", ())),
        shared=frozenset(written.get("shared", ())),
    )


def _profile(written: tuple[int, int, Mapping[str, float]]) -> PublicationProfile:
    since, at, counts = written
    return PublicationProfile(instant(since), instant(at), {int(hour): count for hour, count in counts.items()})


def _span(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
