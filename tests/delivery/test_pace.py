"""Telegram's limits are kept, and nobody waits for another: held against a model of the limits."""

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.model import Address, MessageKind, Quiet, WaitingChat
from bot.delivery.pace import Budget, Budgets, Pace, backoff
from tests.servers.bot_api_pace import DEFAULT_LIMITS
from tests.servers.bot_api_pace import Pace as Model
from tests.servers.bot_api_refusals import Refusal

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
PRIVATE, GROUP = Address("me", 42), Address("team", -1001)
TERMINAL = Address("terminal", None)


def waiting(address: Address, kind: MessageKind = MessageKind.ALERT, since: datetime = NOON) -> WaitingChat:
    return WaitingChat(address, kind, since)


def chat(number: int) -> Address:
    """Return a private chat, or below zero a group."""
    return Address(f"chat {number}", number)


def allows(pace: Pace, address: Address, now: float) -> bool:
    return bool(pace.choose([waiting(address)], now, 8))


def sent_at(pace: Pace, address: Address, seconds: int, step: float = 0.1) -> list[float]:
    """Ask for a permission all the time; return when it was given."""
    return [n * step for n in range(int(seconds / step)) if allows(pace, address, 1000 + n * step)]


@pytest.mark.parametrize(
    ("address", "seconds", "most"), [(PRIVATE, 10, 12), (GROUP, 60, 19), (GROUP, 120, 36), (TERMINAL, 1, 10)]
)
def test_a_chat_gets_its_share_and_no_more(address: Address, seconds: int, most: int) -> None:
    """One a second in private, less than twenty a minute in a group; the terminal is never paced."""
    assert most - 1 <= len(sent_at(Pace(), address, seconds)) <= most


ASKED = st.lists(
    st.tuples(st.lists(st.integers(-4, 40).filter(bool), min_size=1, max_size=12), st.floats(0, 0.5)),
    min_size=1,
    max_size=200,
)


def violations(budgets: Budgets, asked: list[tuple[list[int], float]], late: float = 0.0) -> int:
    """Ask for these chats, wait, and ask again; count what the model of Telegram's limits refuses.

    Every other request arrives later than it was sent.
    """
    pace, model, now = Pace(budgets), Model(DEFAULT_LIMITS), 1000.0
    arrivals = []
    for chats, wait in asked:
        chosen = pace.choose([waiting(chat(number)) for number in dict.fromkeys(chats)], now, 8)
        arrivals += [(now + late * (place % 2), one.address.id or 0) for place, one in enumerate(chosen)]
        now += wait
    refused = 0
    for at, number in sorted(arrivals):
        try:
            model.spend(number, "group" if number < 0 else "private", at)
        except Refusal:
            refused += 1
    return refused


@settings(max_examples=100, deadline=None)
@given(ASKED, st.floats(0, 0.08))
def test_no_schedule_breaks_the_limits(asked: list[tuple[list[int], float]], late: float) -> None:
    """However it is asked, and though requests arrive some late, the model of Telegram's limits refuses none."""
    assert violations(Budgets(), asked, late) == 0


@pytest.mark.parametrize(
    "budgets",
    [
        Budgets(everyone=Budget(31, 2)),
        Budgets(private=Budget(1.2, 2)),
        Budgets(group=Budget(21 / 60, 2)),
        Budgets(private=Budget(1, 5)),
    ],
)
def test_a_budget_that_is_too_large_would_be_seen(budgets: Budgets) -> None:
    """The null control: the model refuses what these let through."""
    busy = [([*range(-4, 0), *range(1 + turn % 30, 9 + turn % 30)], 0.02) for turn in range(6000)]
    alone = [([1, -1], 0.1)] * 2000

    assert violations(budgets, busy) + violations(budgets, alone) > 0
    assert violations(Budgets(), busy) + violations(Budgets(), alone) == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-3, 12).filter(bool), min_size=2, max_size=10, unique=True), st.integers(0, 2**32))
def test_no_chat_waits_for_another(chats: list[int], seed: int) -> None:
    """Whoever has a token of its own, while there is one for all, is chosen whatever the others have used up."""
    pace, now = Pace(Budgets(everyone=Budget(1e9, 1e9))), 1000.0 + seed % 7
    busy, *others = chats
    sent_at(pace, chat(busy), 3)
    assert not allows(pace, chat(busy), 1003.0) or busy > 0

    chosen = pace.choose([waiting(chat(number)) for number in chats], max(now, 1003.0), 99)
    assert {one.address.id for one in chosen} >= set(others)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 40), st.integers(30, 200))
def test_the_rate_of_all_is_shared_evenly(count: int, turns: int) -> None:
    """Round robin: no chat gets two messages more than another, whoever waits longest."""
    pace, given_to = Pace(Budgets(private=Budget(1e9, 1e9))), Counter[int]()
    for turn in range(turns):
        everybody = [waiting(chat(n), since=NOON - timedelta(hours=n)) for n in range(1, count + 1)]
        given_to.update(one.address.id or 0 for one in pace.choose(everybody, 1000 + turn * 0.1, 8))

    counts = [given_to[n] for n in range(1, count + 1)]
    assert max(counts) - min(counts) <= 1


def test_the_urgent_comes_first() -> None:
    """Answers, then alerts, then changes; of one kind the chat that was served the longest ago."""
    pace = Pace(Budgets(everyone=Budget(1, 1)))
    mixed = [
        waiting(chat(1), MessageKind.EDIT),
        waiting(chat(2)),
        waiting(chat(3)),
        waiting(chat(4), MessageKind.ANSWER),
    ]

    order = []
    for second in range(4):
        (one,) = pace.choose(mixed, 1000 + second, 8)
        order.append(one.address.id)
        mixed.remove(one)
    assert order == [4, 2, 3, 1]


def test_it_is_known_when_to_ask_again() -> None:
    """The wait that is named is as long as it has to be, and no longer."""
    pace, now = Pace(), 1000.0
    assert pace.wait([], now) is None
    assert pace.wait([waiting(TERMINAL)], now) is None
    while allows(pace, PRIVATE, now):
        pass
    wait = pace.wait([waiting(PRIVATE)], now)

    assert wait is not None
    assert wait == pytest.approx(1)
    assert not allows(pace, PRIVATE, now + wait - 0.01)
    assert allows(pace, PRIVATE, now + wait + 0.01)


def test_a_429_of_one_chat_or_two_holds_nobody_else() -> None:
    """Their own rows hold them; when several are told to wait, all wait as long as the shortest says."""
    pace = Pace()
    pace.limited(1, timedelta(seconds=30), 1000)
    pace.limited(2, timedelta(seconds=30), 1001)
    assert allows(pace, chat(9), 1001)

    pace.limited(3, timedelta(seconds=3), 1002)
    assert not allows(pace, chat(9), 1004.9)
    assert pace.wait([waiting(chat(9))], 1004) == pytest.approx(1)
    assert allows(pace, chat(9), 1005)


def test_a_429_of_before_is_forgotten() -> None:
    """Three chats within a minute are three accidents."""
    pace = Pace()
    for number in (1, 2, 3):
        pace.limited(number, timedelta(seconds=30), 1000 + 20 * number)
    assert allows(pace, chat(9), 1061)


def test_a_clock_that_went_back_gives_nothing_away() -> None:
    """Nor does it stop anybody for good."""
    pace = Pace()
    sent_at(pace, PRIVATE, 2)
    assert not allows(pace, PRIVATE, 0)
    assert allows(pace, PRIVATE, 2)


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

    assert Address("me", 1, timezone=berlin, quiet=Quiet.parse(quiet)).is_quiet(now.astimezone(UTC)) is expected


def test_backoff_doubles_up_to_a_minute() -> None:
    """1, 2, 4 … 60 seconds, and no overflow after a thousand attempts."""
    assert [backoff(n) for n in (1, 2, 3, 7)] == [timedelta(seconds=s) for s in (1, 2, 4, 60)]
    assert backoff(1000) == timedelta(seconds=60)
