"""Reads what a feed says of when to poll it, out of the bytes before its first entry. Pure."""

import re
from datetime import timedelta

from bot.core.model import Hints

_HEAD = 65_536  # bytes; such words stand near the top
_FIRST_ENTRY = re.compile(rb"<(?:item|entry)[\s>]", re.IGNORECASE)
_TTL = re.compile(rb"<ttl>\s*(\d{1,9})\s*</ttl>", re.IGNORECASE)
_HOURS = re.compile(rb"<skipHours>(.{0,4000}?)</skipHours>", re.IGNORECASE | re.DOTALL)
_HOUR = re.compile(rb"<hour>\s*(\d{1,2})\s*</hour>", re.IGNORECASE)
_DAYS = re.compile(rb"<skipDays>(.{0,1000}?)</skipDays>", re.IGNORECASE | re.DOTALL)
_DAY = re.compile(rb"<day>\s*(\w{6,9})\s*</day>", re.IGNORECASE)
_PERIOD = re.compile(rb"<\w{1,20}:updatePeriod>\s*(\w{5,8})\s*<", re.IGNORECASE)
_FREQUENCY = re.compile(rb"<\w{1,20}:updateFrequency>\s*(\d{1,6})\s*<", re.IGNORECASE)
_PERIODS = {
    b"hourly": timedelta(hours=1),
    b"daily": timedelta(days=1),
    b"weekly": timedelta(weeks=1),
    b"monthly": timedelta(days=30),
    b"yearly": timedelta(days=365),
}
_WEEK = (b"monday", b"tuesday", b"wednesday", b"thursday", b"friday", b"saturday", b"sunday")


def read_hints(body: bytes) -> Hints:
    """Return the hints of a document (RSS 2.0; web.resource.org/rss/1.0/modules/syndication); nonsense is none."""
    head = body[:_HEAD]
    first = _FIRST_ENTRY.search(head)
    head = head[: first.start()] if first else head
    ttl = _TTL.search(head)
    hours, days = _HOURS.search(head), _DAYS.search(head)
    named = {day.lower() for day in _DAY.findall(days[1])} if days else set()
    return Hints(
        ttl=timedelta(minutes=min(int(ttl[1]), 10**6)) if ttl else None,
        period=_period(head),
        # RSS 0.91 counted them from 1 to 24
        skip_hours=frozenset(int(hour) % 24 for hour in _HOUR.findall(hours[1]) if int(hour) <= 24)
        if hours
        else frozenset(),
        skip_days=frozenset(number for number, day in enumerate(_WEEK) if day in named),
    )


def _period(head: bytes) -> timedelta | None:
    period, frequency = _PERIOD.search(head), _FREQUENCY.search(head)
    if period is None or period[1].lower() not in _PERIODS:
        return None
    return _PERIODS[period[1].lower()] / max(int(frequency[1]) if frequency else 1, 1)
