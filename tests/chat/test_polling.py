"""Listening to Telegram, with the real library against the fake Bot API: what goes wrong there ends nothing."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from telegram import Bot, Update
from telegram.request import HTTPXRequest

from bot.chat.commands import COMMANDS
from bot.chat.polling import listen, try_to_connect
from bot.chat.updates import Listener
from tests.servers.bot_api import ADA, FakeBotApi

OWNERS = {"invite", "members", "expel", "backup"}


class Notebook(Listener):
    """Writes down what it hears; chokes on one word."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.knows: int | None = None

    async def owner(self) -> int | None:
        return self.knows

    async def on_update(self, update: Update) -> None:
        assert update.message is not None
        self.heard.append(update.message.text or "")
        if update.message.text == "poison":
            raise ZeroDivisionError


class Ear:
    """Runs `listen` without its waits; knows what it said and when it was ready."""

    def __init__(self, api: FakeBotApi) -> None:
        self.api = api
        self.notebook = Notebook()
        self.ready_after: list[str] = []
        self.troubles: list[str] = []
        self.waits: list[float] = []

    async def ready(self, username: str) -> None:
        self.ready_after = [call.method for call in self.api.calls]

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def until(self, done: Callable[["Ear"], bool]) -> None:
        """Listen until something is so, or for five seconds."""

        async def run() -> None:
            listening = asyncio.create_task(self.listen())
            await asyncio.to_thread(self.api.wait_for, lambda api: done(self))
            listening.cancel()
            await asyncio.wait([listening])

        asyncio.run(run())

    async def listen(self) -> None:
        bot = bot_of(self.api)
        try:
            await listen(bot, self.notebook, self.ready, self.troubles.append, self.sleep)
        finally:
            await bot.shutdown()


def bot_of(api: FakeBotApi) -> Bot:
    return Bot(api.token, base_url=f"{api.url}/bot", request=HTTPXRequest(), get_updates_request=HTTPXRequest())


@pytest.fixture
def api() -> Iterator[FakeBotApi]:
    with FakeBotApi(contract=False, hold=0.0) as api:
        api.add_chat(ADA, first_name="Ada")
        yield api


def polled(times: int) -> Callable[[Ear], bool]:
    return lambda ear: len(ear.api.calls_of("getUpdates")) >= times


def test_a_token_that_is_unknown_for_a_while_does_not_end_the_listening(
    api: FakeBotApi, caplog: pytest.LogCaptureFixture
) -> None:
    """A proxy's 404, or a 401: said once, tried again ever more seldom, and then people are heard again."""
    api.fault("getUpdates", code=401)
    api.fault("getUpdates", code=404)
    api.user_text(ADA, "hello")
    ear = Ear(api)
    ear.until(lambda ear: bool(ear.notebook.heard))

    assert ear.notebook.heard == ["hello"]
    assert ear.waits == [1, 2]
    assert caplog.text.count("no_updates reason=Telegram does not know this bot token") == 1


def heard_beside_another_poller(api: FakeBotApi) -> Ear:
    """Listen while another program with the same token polls for a while."""
    api.fault("getUpdates", code=409, description="Conflict: terminated by other getUpdates request", times=3)
    api.user_text(ADA, "hello")
    ear = Ear(api)
    ear.until(lambda ear: bool(ear.notebook.heard))
    return ear


def test_another_poller_is_said_once_and_outlived(api: FakeBotApi, caplog: pytest.LogCaptureFixture) -> None:
    """It is asked ever more seldom, and what people wrote is heard without a restart."""
    ear = heard_beside_another_poller(api)

    assert (ear.notebook.heard, ear.waits) == (["hello"], [1, 2, 4])
    assert caplog.text.count("another program uses this bot's token") == 1


def test_a_listener_who_repeats_himself_would_be_seen(
    api: FakeBotApi, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The null control: one line for every answer."""

    async def persist(attempt: Any, complain: Any, sleep: Any) -> None:
        while (trouble := await attempt()) is not None:
            complain(trouble)

    monkeypatch.setattr("bot.chat.polling._persist", persist)
    ear = heard_beside_another_poller(api)

    assert ear.waits == []
    assert caplog.text.count("another program uses this bot's token") == 3


def test_a_404_at_the_webhook_ends_nothing(api: FakeBotApi) -> None:
    """It is trouble to be said once, like at the connecting."""
    api.fault("deleteWebhook", code=404, times=3)
    ear = Ear(api)
    ear.until(polled(1))

    assert len(ear.troubles) == 1
    assert "does not know this bot token" in ear.troubles[0]


def test_the_menu_holds_up_nobody(api: FakeBotApi, caplog: pytest.LogCaptureFixture) -> None:
    """Connected means that the bot is known; that its commands are refused is a line in the log."""
    api.fault("setMyCommands", code=400, description="Bad Request: something new")
    ear = Ear(api)
    ear.until(polled(1))

    assert ear.ready_after == ["getMe"]
    assert "no_menu reason=Something new" in caplog.text
    assert ear.troubles == []


def test_the_menus_offer_what_each_may_use(api: FakeBotApi) -> None:
    """People in private chats and admins in groups; the owner more; everybody else, how to begin."""
    ear = Ear(api)
    ear.notebook.knows = ADA
    ear.until(polled(1))
    menus = {
        call.params["scope"]["type"]: {one["command"] for one in call.params["commands"]}
        for call in api.calls_of("setMyCommands")
    }

    assert menus["default"] == {"start", "help"}
    assert menus["all_private_chats"] == menus["all_chat_administrators"] == menus["chat"] - OWNERS
    assert menus["chat"] == {command.name for command in COMMANDS}


@pytest.mark.parametrize(
    ("code", "words"),
    [(400, "Telegram refuses the bot"), (502, "Telegram cannot be reached"), (401, "does not know this bot token")],
)
def test_trouble_is_named_for_what_it_is(api: FakeBotApi, code: int, words: str) -> None:
    """A refusal is no outage, though the library calls both a network error."""
    api.fault("getMe", code=code)

    async def connect() -> str | None:
        bot = bot_of(api)
        trouble = await try_to_connect(bot)
        assert await try_to_connect(bot) is None
        await bot.shutdown()
        return trouble

    assert words in (asyncio.run(connect()) or "")


def test_an_update_that_a_bug_chokes_on_does_not_come_again(api: FakeBotApi) -> None:
    """The bug ends the listening loudly; the next start hears what came behind it."""
    for text in ("before", "poison", "after"):
        api.push({"message": message(text)})
    ear = Ear(api)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(ear.listen())
    again = Ear(api)
    again.until(lambda ear: bool(ear.notebook.heard))

    assert ear.notebook.heard == ["before", "poison"]
    assert again.notebook.heard == ["after"]


def heard_behind_a_riddle(api: FakeBotApi) -> Ear:
    """Listen to an administrator without his newest rights, to words of another type, and to a person."""
    person = {"id": 5, "is_bot": True, "first_name": "Tipoff"}
    change = {"status": "administrator", "user": person, "can_be_edited": False}
    api.push({"message": message("") | {"text": 5}})
    api.push({"callback_query": {"id": "1", "from": change, "data": "x"}})
    api.push({"message": message("after")})
    ear = Ear(api)
    ear.until(lambda ear: bool(ear.notebook.heard))
    return ear


def test_an_update_that_cannot_be_read_is_laid_aside(api: FakeBotApi, caplog: pytest.LogCaptureFixture) -> None:
    """What came behind it is heard, and it does not come again."""
    ear = heard_behind_a_riddle(api)

    assert ear.notebook.heard == ["after"]
    assert ear.waits == []
    assert caplog.text.count("laid_aside") == 2


def test_a_batch_that_is_read_as_a_whole_would_be_seen(api: FakeBotApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """The null control: the library's reading hears nothing."""
    monkeypatch.setattr("bot.chat.raw._readable", lambda raw: dict(raw))

    assert heard_behind_a_riddle(api).notebook.heard != ["after"]


@pytest.mark.parametrize("body", ["{}", '{"ok": true, "result": 5}', "[" * 100_000, '{"ok": true, "result": [{}]}'])
def test_an_answer_that_cannot_be_read_is_trouble(body: str, monkeypatch: pytest.MonkeyPatch, api: FakeBotApi) -> None:
    """Not an end: Telegram is asked again."""
    real = HTTPXRequest.do_request
    sick = [2]

    async def answer(self: HTTPXRequest, url: str, *args: Any, **more: Any) -> tuple[int, bytes]:
        if "getUpdates" in url and sick[0]:
            sick[0] -= 1
            return 200, body.encode()
        return await real(self, url, *args, **more)

    monkeypatch.setattr(HTTPXRequest, "do_request", answer)
    api.user_text(ADA, "hello")
    ear = Ear(api)
    ear.until(lambda ear: bool(ear.notebook.heard))

    assert (ear.notebook.heard, ear.waits) == (["hello"], [1, 2])


def message(text: str) -> dict[str, object]:
    person = {"id": ADA, "is_bot": False, "first_name": "Ada"}
    return {"message_id": 1, "date": 1, "chat": {"id": ADA, "type": "private"}, "from": person, "text": text}
