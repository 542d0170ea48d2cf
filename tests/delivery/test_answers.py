"""Every answer Telegram can give, as a table: how often it is tried, what becomes of the row, and who is told.

The real store, the real stage, the real library and the fake Bot API; only the waiting is not real.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
import pytest
from telegram import Bot
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from bot.core.model import Address, ChatSpec, Item
from bot.core.settings import DeliverySettings
from bot.core.text import units
from bot.delivery.channels.telegram import TelegramChannel
from bot.delivery.circuit_breaker import CircuitBreaker
from bot.delivery.stage import DeliverStage
from bot.store.store import Store
from tests.fakes import FixedClock
from tests.servers.bot_api import FakeBotApi
from tests.store.builders import LATER, NOW, leased, poll, told, with_store

OWNER, OTHER = 7, 8


@pytest.fixture
def api() -> Iterator[FakeBotApi]:
    with FakeBotApi(contract=False, limits=None) as api:
        api.add_chat(OWNER)
        api.add_chat(OTHER)
        yield api


@dataclass
class Room:
    """A newsroom that has one alert for "team" and one for "other", and an owner who paired."""

    api: FakeBotApi
    store: Store
    request: HTTPXRequest
    third: Item
    clock: FixedClock = field(default_factory=FixedClock)

    def __post_init__(self) -> None:
        bot = Bot(self.api.token, base_url=f"{self.api.url}/bot", request=self.request)
        self.tasks: list[asyncio.Task[None]] = []
        self.line = CircuitBreaker(TelegramChannel(bot).answers, spawn=self.spawn, sleep=self.sleep)
        self.messenger = TelegramChannel(bot, self.line.note)
        settings = DeliverySettings(edit_every=DeliverySettings().edit_every * 0)
        self.telling = DeliverStage(
            self.store.deliver, self.route, self.clock, settings, is_on_trial=lambda: self.line.is_on_trial
        )

    def spawn(self, work: Any) -> "asyncio.Task[None]":
        self.tasks.append(asyncio.create_task(work))
        return self.tasks[-1]

    async def sleep(self, seconds: float) -> None:
        self.clock.move(seconds=seconds)
        await asyncio.sleep(0)

    def route(self, address: Address) -> TelegramChannel | None:
        return self.messenger if self.line.is_up and address.id is not None else None

    async def run(self, seconds: int) -> None:
        """Let so much time pass."""
        for _ in range(seconds):
            await self.telling.run_once()
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(asyncio.gather(*self.tasks)), 1)
            self.clock.move(seconds=1)

    async def grow(self) -> None:
        """Order a change of the message for "team"."""
        await self.store.decide.commit_batch(told(self.third, 1, revision=1))

    async def states(self) -> dict[str, str]:
        query = "select chat || ' ' || dedupe_key, state from outbox where kind != 'answer'"
        return dict(await self.store._connection.read(lambda db: db.rows(query)))


async def room_of(api: FakeBotApi, store: Store, team: int, topic: int | None, patience: float) -> Room:
    await store.chats.set_chats([ChatSpec("team", team, topic), ChatSpec("other", OTHER)])
    await store.chats.pair(OWNER, 1, "hello", NOW)
    lease, feed = await leased(store)
    await store.fetch.commit_poll(lease, poll(feed, "one", "two", "three"), LATER)
    one, two, three = await store.decide.take_items(9)
    await store.decide.commit_batch(told(one, 1, "team"))
    await store.decide.commit_batch(told(two, 2, "other"))
    request = HTTPXRequest(read_timeout=patience, connect_timeout=1, pool_timeout=1)
    return Room(api, store, request, three)


def run(api: FakeBotApi, work: Any, *, team: int = 42, topic: int | None = None, timeout: float = 5.0) -> None:
    """Do work in a room."""

    async def in_room(store: Store) -> None:
        room = await room_of(api, store, team, topic, timeout)
        async with room.request:
            await work(room)

    with_store(None, in_room)


def tries(api: FakeBotApi, chat: int, method: str = "sendMessage") -> int:
    return sum(str(call.params.get("chat_id")) == str(chat) for call in api.calls_of(method))


@dataclass(frozen=True, slots=True)
class Case:
    """A chat in a state, or an answer to its first message; and all that has to follow in an hour."""

    kind: str = "private"
    state: str = "ok"
    topic: str | None = None
    fault: dict[str, Any] | None = None
    row: str = "sent"
    tries: int = 1
    copies: int = 0
    others: int = 1  # messages that "other" got
    notice: str = ""


BLOCKED = Case(row="paused", notice="Tipoff cannot write to the chat “team” any more: Forbidden: ")
CASES: dict[str, Case] = {
    "blocked": Case(state="blocked", row="paused", notice="Forbidden: bot was blocked by the user"),
    "deactivated": Case(state="deactivated", row="paused", notice="Forbidden: user is deactivated"),
    "never started": Case(state="never_started", row="paused", notice="bot can't initiate conversation"),
    "kicked": Case("supergroup", "kicked", row="paused", notice="bot was kicked from the supergroup chat"),
    "left": Case("channel", "left", row="paused", notice="bot is not a member of the channel chat"),
    "deleted": Case("group", "deleted", row="paused", notice="the group chat was deleted"),
    "no rights": Case("supergroup", "restricted", row="paused", notice="Not enough rights to send text messages"),
    "unknown chat": Case(kind="", row="paused", notice="Chat not found"),
    "topic closed": Case("forum", topic="closed", tries=2, copies=1, notice="is closed or gone (Topic_closed)"),
    "topic deleted": Case("forum", topic="deleted", tries=2, copies=1, notice="is closed or gone"),
    "upgraded": Case("group", "migrated:-1009", row="sent"),
    "too fast": Case(
        fault={"code": 429, "description": "Too Many Requests: retry after 30", "params": {"retry_after": 30}},
        tries=2,
        copies=1,
    ),
    "something new": Case(
        fault={"code": 400, "description": "Bad Request: of a kind nobody knows"},
        row="paused",
        notice="Telegram refused a message for the chat “team”: Of a kind nobody knows\nIt waits",
    ),
    "too long": Case(fault={"code": 400, "description": "Bad Request: message is too long"}, tries=2, copies=1),
    "too large": Case(fault={"code": 413}, row="dead", notice="refused a message for the chat “team” for good"),
    "markup": Case(
        fault={"code": 400, "description": "Bad Request: can't parse entities: Unsupported start tag"},
        tries=2,
        copies=1,
    ),
    "two pollers": Case(fault={"code": 409, "description": "Conflict: terminated"}, tries=2, copies=1),
    "unknown token": Case(fault={"code": 401, "description": "Unauthorized"}, tries=2, copies=1),
    "page of a proxy": Case(fault={"code": 404, "description": "Not Found"}, tries=2, copies=1),
    **{f"{code}": Case(fault={"code": code}, tries=2, copies=1) for code in (500, 502, 503, 504)},
    **{
        f"{code}, stored": Case(fault={"code": code, "when": "after"}, tries=2, copies=2)
        for code in (500, 502, 503, 504)
    },
    "cut before": Case(fault={"drop": True}, tries=2, copies=1),
    "cut after": Case(fault={"drop": True, "when": "after"}, tries=2, copies=2),
    "late before": Case(fault={"delay": 0.4, "drop": True}, tries=2, copies=1),
    "late after": Case(fault={"delay": 0.4, "when": "after"}, tries=2, copies=2),
    "cut twice": Case(
        fault={"drop": True, "when": "after", "times": 2},
        row="uncertain",
        tries=2,
        copies=2,
        notice="Nobody knows whether a message arrived in the chat “team”",
    ),
    "500 twice": Case(
        fault={"code": 500, "times": 2}, row="uncertain", tries=2, notice="Nobody knows whether a message arrived"
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_an_answer_has_its_consequence(api: FakeBotApi, name: str) -> None:
    """One try or two, never a loop; no copy but where nobody can know; the other chat gets its message all the same."""
    case = CASES[name]
    team = 42 if case.kind in {"private", ""} else -1042
    topic = 17 if case.topic else None
    if case.kind:
        api.add_chat(team, case.kind, state=case.state)
    if case.topic:
        api.set_topic(team, 17, "open")
        api.set_topic(team, 17, case.topic)  # type: ignore[arg-type]  # one of the two
    if case.state.startswith("migrated"):
        api.add_chat(-1009, "supergroup")
    if case.fault:
        api.fault("sendMessage", chat_id=team, **case.fault)

    async def work(room: Room) -> None:
        await room.run(120)
        row = (await room.states())["team alert:1"]
        assert (row, tries(api, team)) == (case.row, case.tries)
        assert len(api.messages(OTHER)) == case.others
        notices = [
            message.text
            for message in api.messages(OWNER)
            if message.text.startswith(("Tip", "Tel", "Nobody", "The topic"))
        ]
        assert len(notices) == bool(case.notice)
        assert case.notice in "".join(notices)
        assert (
            not notices
            or case.topic
            or {"one", "https://ledger.example/one"} <= set(notices[0].replace("\u2060", "").split("\n"))
        )
        if not case.state.startswith("migrated"):
            assert len(api.messages(team)) == case.copies

    run(api, work, team=team, topic=topic, timeout=0.2)


def test_a_paused_chat_is_sent_its_messages_when_it_returns(api: FakeBotApi) -> None:
    """One attempt while it is shut; all that waited, in order, once it is open."""
    api.add_chat(42, state="blocked")

    async def work(room: Room) -> None:
        await room.run(30)
        assert tries(api, 42) == 1
        api.set_state(42, "ok")
        await room.grow()
        await room.store.chats.resume(42)
        await room.run(10)
        (message,) = api.messages(42)
        assert message.text.startswith("one")
        assert Counter((await room.states()).values()) == {"sent": 4}

    run(api, work)


def test_a_message_that_telegram_refuses_holds_nobody_up(api: FakeBotApi) -> None:
    """Another of the same chat goes out, and the refused one once somebody there writes to the bot."""
    api.add_chat(42)
    api.fault("sendMessage", chat_id=42, code=400, description="Bad Request: of a kind nobody knows")

    async def work(room: Room) -> None:
        await room.run(30)
        assert tries(api, 42) == 1
        await room.store.decide.commit_batch(told(room.third, 3, "team"))
        await room.run(30)
        assert [message.text.splitlines()[0] for message in api.messages(42)] == ["three"]
        await room.store.chats.resume(42)
        await room.run(30)
        assert [message.text.splitlines()[0] for message in api.messages(42)] == ["three", "one"]

    run(api, work)


def test_a_group_that_was_upgraded_is_written_to_at_its_new_id(api: FakeBotApi) -> None:
    """In one transaction the chat has its new id; nothing goes to the old one any more."""
    api.add_chat(-42, "group", state="migrated:-1009")
    api.add_chat(-1009, "supergroup")

    async def work(room: Room) -> None:
        await room.run(3)
        await room.grow()
        await room.run(60)
        assert [message.text.splitlines()[0] for message in api.messages(-1009)] == ["one"]
        assert tries(api, -42) == 1
        assert -42 not in await room.store.chats.members()

    run(api, work, team=-42)


@pytest.mark.parametrize(
    ("description", "messages", "edits"),
    [
        ("message is not modified: exactly the same", 1, 0),
        ("message to edit not found", 2, 0),
        ("message can't be edited", 2, 0),
        ("message identifier is not specified", 2, 0),
    ],
)
def test_an_edit_that_is_refused_ends_well(api: FakeBotApi, description: str, messages: int, edits: int) -> None:
    """What reads so already is done; what is gone is told anew and grows from then on."""
    api.add_chat(42)

    async def work(room: Room) -> None:
        await room.run(3)
        await room.grow()
        api.fault("editMessageText", code=400, description=f"Bad Request: {description}")
        await room.run(60)
        assert set((await room.states()).values()) == {"sent"}
        assert [message.edits for message in api.messages(42)] == [edits] * messages
        assert tries(api, 42, "editMessageText") == 1

    run(api, work)


class Never(TelegramError):
    """Nothing is answered so."""


UNCHANGED: dict[str, Any] = {"description": "message is not modified: exactly the same", "messages": 1, "edits": 0}
GONE: dict[str, Any] = {"description": "message to edit not found", "messages": 2, "edits": 0}


@pytest.mark.parametrize(
    ("check", "part", "broken"),
    [
        (partial(test_an_answer_has_its_consequence, name="blocked"), "Forbidden", Never),
        (partial(test_an_answer_has_its_consequence, name="upgraded"), "ChatMigrated", Never),
        (partial(test_an_answer_has_its_consequence, name="markup"), "_MARKUP_REFUSED", ()),
        (partial(test_an_edit_that_is_refused_ends_well, **UNCHANGED), "_BAD_REQUESTS", ()),
        (partial(test_an_edit_that_is_refused_ends_well, **GONE), "_BAD_REQUESTS", ()),
    ],
)
def test_an_answer_that_is_misread_would_be_seen(
    api: FakeBotApi, check: Callable[[FakeBotApi], None], part: str, broken: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The null controls: with the part that knows an answer gone, the tests above fail."""
    monkeypatch.setattr(f"bot.delivery.channels.telegram.{part}", broken)

    with pytest.raises(AssertionError):
        check(api)


@pytest.mark.parametrize("fault", [{"code": 502}, {"drop": True}, {"code": 401}])
def test_an_edit_is_repeated_until_it_is_answered(api: FakeBotApi, fault: dict[str, Any]) -> None:
    """It makes no second message: five failures are five tries."""
    api.add_chat(42)

    async def work(room: Room) -> None:
        await room.run(3)
        await room.grow()
        api.fault("editMessageText", times=5, **fault)
        await room.run(200)
        assert set((await room.states()).values()) == {"sent"}
        assert tries(api, 42, "editMessageText") == 6
        assert [message.edits for message in api.messages(42)] == [1]

    run(api, work)


def test_while_the_token_is_unknown_nothing_is_sent_and_nothing_lost(api: FakeBotApi) -> None:
    """One message finds out; getMe asks, ever more seldom; then all is sent once."""
    api.add_chat(42)
    api.fault("*", code=401, description="Unauthorized", times=12)

    async def work(room: Room) -> None:
        await room.run(400)
        assert len(api.calls_of("sendMessage")) <= 2 + 3
        assert [len(api.messages(chat)) for chat in (42, OTHER)] == [1, 1]

    run(api, work)


def test_refused_connections_make_no_copy(api: FakeBotApi) -> None:
    """Whatever is tried while nothing listens was surely not sent."""
    api.add_chat(42)
    api.down()

    async def work(room: Room) -> None:
        asked = asyncio.create_task(room.run(20))
        await asyncio.sleep(0.3)
        await asyncio.to_thread(api.up)
        await asked
        await room.run(200)
        assert [len(api.messages(chat)) for chat in (42, OTHER)] == [1, 1]
        assert [row for row in await room.states() if row.startswith("team ")] == ["team alert:1"]

    run(api, work)


def test_a_bot_that_takes_every_failure_for_a_refusal_would_be_seen(
    api: FakeBotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The null control: with each cause taken for "not sent", a message of which the answer is cut is told for ever."""
    monkeypatch.setattr("bot.delivery.channels.telegram._NOT_SENT", (httpx.HTTPError,))
    api.add_chat(42)
    api.fault("sendMessage", chat_id=42, drop=True, when="after", times=9)

    async def work(room: Room) -> None:
        await room.run(200)
        assert len(api.messages(42)) == 10

    run(api, work)


@pytest.mark.parametrize("size", [4096, 4097, 10_000])
@pytest.mark.parametrize("text", ["word ", "👩\u200d🚒", "שלום ", "/stop @all #tag ", "2 < 3 &amp; "])
def test_long_answers_arrive_whole(api: FakeBotApi, size: int, text: str) -> None:
    """In several messages that Telegram takes, each within its limit; nothing but white space is lost, nothing acts."""
    api.add_chat(42)
    whole = (text * size)[: size // units(text) * len(text)]

    async def work(room: Room) -> None:
        await room.store.chats.answer("me", 99, whole, NOW)
        await room.run(30)
        found = [message for message in api.messages(OWNER) if message.text != "hello"]
        shown = "".join("".join(message.text.split()) for message in found).replace("\u2060", "")
        assert shown == "".join(whole.split())
        assert all(units(message.text) <= 4096 for message in found)
        assert not any(message.entities for message in found)
        assert set((await room.states()).values()) == {"sent"}

    run(api, work)
