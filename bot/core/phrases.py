"""Numbers and times in words for people. Pure."""

from datetime import datetime


def counted(count: int, one: str, more: str) -> str:
    """Return a number with its noun."""
    return f"{count:,} {one if count == 1 else more}"


def ago(then: datetime | None, now: datetime) -> str:
    """Return how long ago something was, in words."""
    return "never" if then is None else f"{span((now - then).total_seconds())} ago"


def ahead(then: datetime | None, now: datetime) -> str:
    """Return how far ahead something is, in words."""
    if then is None:
        return "never"
    return "now" if then <= now else f"in {span((then - now).total_seconds())}"


def span(seconds: float) -> str:
    """Return a span in words, in its largest unit."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"
