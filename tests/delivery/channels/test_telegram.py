"""What each answer of Telegram means, with the real library against the fake Bot API."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from telegram import Bot
from telegram.error import BadRequest
from telegram.request import HTTPXRequest

from bot.core.model import Alert, Button, DeliveryResult, MessageKind, Outcome, ReplyPayload, SentMessage
from bot.core.model.message import Bold, Message
from bot.delivery.channels.telegram import TelegramChannel, _outcome
from bot.delivery.channels.telegram_html import as_telegram
from bot.delivery.render import render
from tests.delivery.builders import alert, rendered, source
from tests.servers.bot_api import ADA, FakeBotApi


def deliver(api: FakeBotApi, *alerts: Alert, message: Message | None = None, timeout: float = 5.0) -> list[Outcome]:
    """Deliver alerts one after the other with a real bot."""

    async def run() -> list[Outcome]:
        request = HTTPXRequest(read_timeout=timeout, connect_timeout=1)
        bot = Bot(api.token, base_url=f"{api.url}/bot", request=request)
        async with request:
            return [await TelegramChannel(bot).deliver(a, message or render(a)) for a in alerts]

    return asyncio.run(run())


def edit_of(message_id: int) -> Alert:
    """Return the alert that changes a message into one with two sources."""
    return alert(source(1), source(2, outlet="Wireline"), kind=MessageKind.EDIT, sent=SentMessage(message_id, "old"))


def test_a_message_is_sent_and_then_edited(api: FakeBotApi) -> None:
    """The outcome carries the message's id and the hash of what it says; there is one message in the end."""
    (sent,) = deliver(api, alert())
    assert sent.message_id is not None
    (edited,) = deliver(api, edit_of(sent.message_id))

    (message,) = api.messages(ADA)
    assert (sent.result, edited.result) == (DeliveryResult.DONE, DeliveryResult.DONE)
    assert (message.id, message.edits) == (sent.message_id, 1)
    assert "2 sources" in message.text
    assert sent.text_hash == rendered(alert()).hash


def test_a_story_without_a_message_in_the_chat_is_sent(api: FakeBotApi) -> None:
    """What the terminal printed before there was a token has no id here: nothing else is edited in its place."""
    untouched = deliver(api, alert(), replace(edit_of(1), sent=SentMessage(None, "old")))

    assert [outcome.result for outcome in untouched] == [DeliveryResult.DONE, DeliveryResult.DONE]
    assert [(message.edits, "2 sources" in message.text) for message in api.messages(ADA)] == [(0, False), (0, True)]


REFUSALS: list[tuple[dict[str, Any], DeliveryResult, timedelta]] = [
    (
        {"code": 429, "description": "Too Many Requests: retry after 3", "params": {"retry_after": 3}},
        DeliveryResult.LATER,
        timedelta(seconds=3),
    ),
    ({"code": 403, "description": "Forbidden: bot was blocked by the user"}, DeliveryResult.PAUSED, timedelta(0)),
    ({"code": 400, "description": "Bad Request: chat not found"}, DeliveryResult.PAUSED, timedelta(0)),
    ({"code": 400, "description": "Bad Request: TOPIC_CLOSED"}, DeliveryResult.PAUSED, timedelta(0)),
    ({"code": 400, "description": "Bad Request: something new"}, DeliveryResult.REFUSED, timedelta(0)),
    ({"code": 401, "description": "Unauthorized"}, DeliveryResult.LATER, timedelta(seconds=1)),
    ({"code": 413, "description": "Request Entity Too Large"}, DeliveryResult.DEAD, timedelta(0)),
    ({"code": 502, "description": "Bad Gateway"}, DeliveryResult.UNCERTAIN, timedelta(seconds=1)),
]


@pytest.mark.parametrize(("fault", "expected", "wait"), REFUSALS, ids=lambda value: str(value)[:40])
def test_a_refusal_has_its_meaning(
    api: FakeBotApi, fault: dict[str, Any], expected: DeliveryResult, wait: timedelta
) -> None:
    """Surely not sent, unknown, paused or hopeless: told apart by the answer."""
    api.fault("sendMessage", **fault)

    (outcome,) = deliver(api, alert())

    assert (outcome.result, outcome.wait) == (expected, wait)
    assert outcome.outage is (expected is DeliveryResult.UNCERTAIN or fault["code"] == 401)
    assert api.messages(ADA) == []


WORDS = {
    DeliveryResult.PAUSED: (
        *("chat not found", "CHAT_WRITE_FORBIDDEN", "CHAT_RESTRICTED", "CHAT_ADMIN_REQUIRED", "PEER_ID_INVALID"),
        *("need administrator rights in the channel chat", "group is deactivated", "have no rights to send a message"),
        *("not enough rights to send text messages to the chat", "CHAT_SEND_PLAIN_FORBIDDEN", "CHANNEL_PRIVATE"),
        *("have no write access to the chat", "USER_IS_BLOCKED", "INPUT_USER_DEACTIVATED", "USER_BANNED_IN_CHANNEL"),
        *("the group chat was deleted", "user not found", "bot can't send messages to bots", "chat_id is empty"),
        *("CHAT_GUEST_SEND_FORBIDDEN", "CHANNEL_INVALID", "CHAT_ID_INVALID", "PRIVACY_PREMIUM_REQUIRED"),
        *("message thread not found", "TOPIC_CLOSED", "TOPIC_DELETED"),  # of a chat without one
    ),
    DeliveryResult.DONE: ("message is not modified: the same", "MESSAGE_NOT_MODIFIED"),
    DeliveryResult.TARGET_GONE: (
        *("message to edit not found", "message can't be edited", "message identifier is not specified"),
        *("MESSAGE_ID_INVALID", "MESSAGE_EDIT_TIME_EXPIRED", "MESSAGE_AUTHOR_REQUIRED"),
    ),
    DeliveryResult.DEAD: ("message text is empty", "text must be non-empty", "MESSAGE_EMPTY"),
    DeliveryResult.REFUSED: ("of a kind to come", "SOMETHING_NEW", "", "PAYMENT_UNSUPPORTED"),
}


@pytest.mark.parametrize(("said", "meant"), [(said, meant) for meant, texts in WORDS.items() for said in texts])
def test_each_text_of_a_400_has_its_class(said: str, meant: DeliveryResult) -> None:
    """Who may not write is paused, what is gone is sent anew; news is dead for no reason that is not known."""
    told = as_telegram(render(alert()))

    assert _outcome(alert(), told, BadRequest(said)).result is meant


@pytest.mark.parametrize("said", ["can't parse entities: x", "BUTTON_URL_INVALID", "BUTTON_DATA_INVALID"])
def test_a_refused_markup_costs_no_message(api: FakeBotApi, said: str) -> None:
    """The words are sent without it."""
    api.fault("sendMessage", code=400, description=f"Bad Request: {said}")

    assert deliver(api, alert())[0].reason == "sent without markup"


def test_a_migrated_group_names_its_new_id(api: FakeBotApi) -> None:
    """The outcome carries the id of the supergroup."""
    api.add_chat(-7, kind="group", state="migrated:-1007")

    (outcome,) = deliver(api, alert(chat_id=-7))

    assert (outcome.result, outcome.new_id) == (DeliveryResult.MIGRATED, -1007)


def test_markup_that_telegram_refuses_goes_out_as_plain_text_once(
    api: FakeBotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """News comes first; the refused markup is a bug and is logged as one."""
    monkeypatch.setattr("bot.delivery.channels.telegram_html.escape", lambda text, quote: text)

    (outcome,) = deliver(api, alert(), message=Message((Bold("<Ilse Marten leaves"),)))

    assert (outcome.result, outcome.reason) == (DeliveryResult.DONE, "sent without markup")
    assert [message.text for message in api.messages(ADA)] == ["<Ilse Marten leaves"]


def test_a_button_that_telegram_refuses_does_not_cost_the_message(api: FakeBotApi) -> None:
    """A feed's link that Telegram does not take as a button leaves the words."""
    words = (Bold("/stop @all #tag Booking.com"),)
    odd = replace(render(alert()), lines=words, buttons=((Button("Read", "http://localhost/x"),),))

    (outcome,) = deliver(api, alert(), message=odd)

    assert outcome.result is DeliveryResult.DONE
    (message,) = api.messages(ADA)
    assert message.text.replace("\u2060", "") == "/stop @all #tag Booking.com\nRead: http://localhost/x"
    assert not message.entities, "no word of a feed acts, and the address is shown"


def test_an_unchanged_text_is_done(api: FakeBotApi) -> None:
    """Telegram's "message is not modified" is a success."""
    (sent,) = deliver(api, alert())
    assert sent.message_id is not None
    same = alert(kind=MessageKind.EDIT, sent=SentMessage(sent.message_id, "other"))

    assert deliver(api, same)[0].result is DeliveryResult.DONE


def test_a_message_that_is_gone_is_to_be_sent_anew(api: FakeBotApi) -> None:
    """The edit of a deleted message asks for a new one."""
    assert deliver(api, edit_of(99_999))[0].result is DeliveryResult.TARGET_GONE


def test_an_answer_that_never_comes_leaves_it_unknown(api: FakeBotApi) -> None:
    """The message was stored; nobody who sent it can know."""
    api.fault("sendMessage", when="after", drop=True)

    (outcome,) = deliver(api, alert())

    assert outcome.result is DeliveryResult.UNCERTAIN
    assert len(api.messages(ADA)) == 1


def test_a_refused_connection_is_surely_not_sent(api: FakeBotApi) -> None:
    """Trying again can make no second copy."""
    api.down()

    (outcome,) = deliver(api, alert())

    assert (outcome.result, outcome.wait) == (DeliveryResult.LATER, timedelta(seconds=1))
    assert outcome.outage


def test_a_development_answers_the_message_of_its_story(api: FakeBotApi) -> None:
    """In the same chat, below it; where the message is gone it stands alone."""
    (sent,) = deliver(api, alert())
    news = ReplyPayload("denied", "She stays", "Herald", "https://herald.example/1")
    for target in (sent.message_id, 999):
        (answered,) = deliver(api, replace(alert(kind=MessageKind.REPLY), payload=news, reply_to=target))
        assert answered.result is DeliveryResult.DONE

    _, answer, alone = api.messages(ADA)
    assert (answer.reply_to, alone.reply_to) == (sent.message_id, None)
    assert answer.text.splitlines()[:2] == ["Denied", "She stays"]
    assert answer.text.splitlines()[2].startswith("Herald · ")
