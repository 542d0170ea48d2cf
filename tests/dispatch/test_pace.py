"""Telegram's limits are kept, and nobody waits for another."""

from collections import deque
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.dispatch.pace import Pace, backoff, is_quiet
from bot.model import Address, Quiet

PRIVATE, GROUP = Address("me", 42), Address("team", -1001)


def sent_at(pace: Pace, address: Address, seconds: int, step: float = 0.1) -> list[float]:
    """Ask for a permission all the time; return when it was given."""
    return [n * step for n in range(int(seconds / step)) if pace.allow(address, 1000 + n * step)]


@pytest.mark.parametrize(
    ("address", "seconds", "most"), [(PRIVATE, 10, 12), (GROUP, 60, 20), (GROUP, 120, 38), (Address("x", None), 1, 10)]
)
def test_a_chat_gets_its_share_and_no_more(address: Address, seconds: int, most: int) -> None:
    """One a second in private (three at once), at most twenty a minute in a group; the terminal is never paced."""
    given = len(sent_at(Pace(), address, seconds))
    assert most - 1 <= given <= most


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-5, 5).filter(bool), st.floats(0, 0.5)), min_size=1, max_size=300))
def test_no_schedule_breaks_the_limits(asked: list[tuple[int, float]]) -> None:
    """However it is asked, no second sees more than 30 over all, nor three and one a second in one private chat."""
    pace, now, given_at = Pace(), 1000.0, deque[tuple[float, int]]()
    for chat, wait in asked:
        now += wait
        if pace.allow(Address("x", chat), now):
            given_at.append((now, chat))
    for at, chat in given_at:
        window = [one for when, one in given_at if at <= when < at + 1]
        assert len(window) <= 30
        assert chat < 0 or window.count(chat) <= 4


def test_a_chat_that_has_used_its_share_holds_up_nobody() -> None:
    """Another chat may send at the same moment."""
    pace = Pace()
    sent_at(pace, PRIVATE, 1)

    assert not pace.allow(PRIVATE, 1000.95)
    assert pace.allow(Address("other", 43), 1000.95)


@pytest.mark.parametrize(
    ("quiet", "hour", "expected"),
    [
        ("22:00-07:00", 23, True),
        ("22:00-07:00", 6, True),
        ("22:00-07:00", 7, False),
        ("22:00-07:00", 12, False),
        ("12:00-13:00", 12, True),
        ("12:00-13:00", 13, False),
        ("", 3, False),
    ],
)
def test_quiet_hours_are_those_of_the_chats_zone(quiet: str, hour: int, expected: bool) -> None:
    """The hours may cross midnight; the end is not quiet any more."""
    berlin = ZoneInfo("Europe/Berlin")
    now = datetime.combine(datetime(2026, 7, 1, tzinfo=UTC), time(hour), berlin)

    assert is_quiet(Address("me", 1, timezone=berlin, quiet=Quiet.parse(quiet)), now.astimezone(UTC)) is expected


def test_backoff_doubles_up_to_a_minute() -> None:
    """1, 2, 4 … 60 seconds, and no overflow after a thousand attempts."""
    assert [backoff(n) for n in (1, 2, 3)] == [timedelta(seconds=s) for s in (1, 2, 4)]
    assert backoff(1000) == timedelta(seconds=60)
