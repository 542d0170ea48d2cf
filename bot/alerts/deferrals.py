"""What is sent later, in a line of a digest: by what the chat wants of a watch, or over its cap. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.alerts.candidates import Candidate
from bot.core.model import Item, next_at

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Deferral:
    """When something is sent that is not sent now, and why. `is_preference`: the chat wants that of this watch."""

    due: datetime
    remark: str  # in the digest
    reason: str
    is_preference: bool


def by_preference(candidate: Candidate) -> Deferral | None:
    """Return when a chat wants the matches of a watch that is snoozed or of low priority, None for now."""
    if (until := candidate.snoozed_until) is not None:
        return Deferral(
            until,
            f"while the watch “{candidate.name_of(candidate.match.watch)}” was snoozed",
            f"the watch is snoozed until {until:%Y-%m-%d %H:%M} UTC: told in one line then",
            is_preference=True,
        )
    if candidate.is_for_daily_digest:
        hour, zone = candidate.preferences.digests[candidate.chat]
        due = next_at(hour, zone, candidate.match.item.seen)
        reason = f"low priority: told in the digest of {due.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key})"
        return Deferral(due, "", reason, is_preference=True)
    return None


def over_the_cap(item: Item, per_hour: int) -> Deferral:
    """Return the deferral to the digest that ends the hour."""
    due = item.seen.replace(minute=0, second=0, microsecond=0) + HOUR
    reason = f"over the cap of {per_hour} stories an hour: told in one line at {due:%H:%M} UTC"
    return Deferral(due, "over the cap of this hour", reason, is_preference=False)
