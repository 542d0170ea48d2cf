"""The fake Bot API as the real python-telegram-bot sees it."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any, TypeVar

import pytest
from telegram import (
    Bot,
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    ReplyParameters,
    Update,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TimedOut,
)
from telegram.ext import ApplicationBuilder, CommandHandler, ContextTypes
from telegram.request import HTTPXRequest

from tests.servers.bot_api import ADA, TOKEN, FakeBotApi, Limits

GROUP = -7
FORUM = -1001

T = TypeVar("T")

pytestmark = pytest.mark.bed


@pytest.fixture
def api() -> Iterator[FakeBotApi]:
    with FakeBotApi(hold=0.2) as server:
        server.add_chat(ADA, first_name="Ada")
        yield server


def drive(api: FakeBotApi, job: Callable[[Bot], Awaitable[T]], token: str = TOKEN) -> T:
    """Run a job with a real bot that talks to the fake."""

    async def run() -> T:
        async with real_bot(api, token) as bot:
            return await job(bot)

    return asyncio.run(run())


def real_bot(api: FakeBotApi, token: str = TOKEN) -> Bot:
    """Return a bot that loads no certificates, which takes longer than most of these tests."""
    calls, polls = (HTTPXRequest(httpx_kwargs={"verify": False}) for _ in range(2))
    return Bot(token, base_url=f"{api.url}/bot", request=calls, get_updates_request=polls)


def keyboard(data: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton("Mute", callback_data=data)]])


def raw_call(api: FakeBotApi, path: str, body: bytes = b"", content_type: str = "") -> tuple[int, Any]:
    """Call a method without a library; return the status and the answer."""
    headers = {"Content-Type": content_type} if content_type else {}
    with closing(HTTPConnection("127.0.0.1", api.port, timeout=5)) as connection:
        connection.request("POST" if body else "GET", path, body, headers)
        response = connection.getresponse()
        return response.status, json.load(response)


def refusal(api: FakeBotApi, job: Callable[[Bot], Awaitable[object]]) -> str:
    """Return the text of the 400 that a job runs into."""
    with pytest.raises(BadRequest) as caught:
        drive(api, job)
    return caught.value.message


# Sending and editing.


def test_a_sent_message_is_stored_as_its_reader_sees_it(api: FakeBotApi) -> None:
    """Markup becomes entities, the ends are trimmed, commands are found, and the call is recorded."""
    html = ' <b>Vale</b> leaves /stop <tg-time unix="1795519500" format="t">12:25</tg-time>\n'

    sent = drive(api, lambda bot: bot.send_message(ADA, html, parse_mode="HTML", reply_markup=keyboard("s:m:1")))

    (stored,) = api.messages(ADA)
    assert (stored.id, stored.text, stored.html) == (sent.message_id, "Vale leaves /stop 12:25", html)
    assert [entity["type"] for entity in stored.entities] == ["bold", "bot_command", "date_time"]
    assert stored.buttons == ({"text": "Mute", "callback_data": "s:m:1"},)
    assert (sent.text, sent.chat.first_name, sent.entities[0].length) == (stored.text, "Ada", 4)
    assert [(call.code, call.outcome) for call in api.calls_of("sendMessage")] == [(200, "ok")]


def test_an_edit_replaces_the_stored_message(api: FakeBotApi) -> None:
    """An edited message keeps its id, counts its edits, and loses a keyboard that is not sent again."""

    async def send_and_edit(bot: Bot) -> int:
        sent = await bot.send_message(ADA, "Vale leaves", reply_markup=keyboard("s:m:1"))
        edited = await bot.edit_message_text("Vale leaves, again", ADA, sent.message_id)
        assert isinstance(edited, bool) or edited.edit_date
        return sent.message_id

    message_id = drive(api, send_and_edit)

    (stored,) = api.messages(ADA)
    assert (stored.id, stored.text, stored.edits, stored.reply_markup) == (
        message_id,
        "Vale leaves, again",
        1,
        None,
    )


def test_an_edit_that_changes_nothing_is_refused(api: FakeBotApi) -> None:
    """The same text with the same keyboard is "not modified", and the message stays as it is."""

    async def send_and_repeat(bot: Bot) -> None:
        sent = await bot.send_message(ADA, "<b>Vale</b>", parse_mode="HTML")
        await bot.edit_message_text("<strong>Vale</strong>", ADA, sent.message_id, parse_mode="HTML")

    assert refusal(api, send_and_repeat).startswith("Message is not modified: specified new message content")
    assert api.messages(ADA)[0].edits == 0


@pytest.mark.parametrize(
    ("text", "description"),
    [
        ("<b>Vale", "Can't parse entities: can't find end tag corresponding to start tag \"b\""),
        ("one<br>two", 'Can\'t parse entities: unsupported start tag "br" at byte offset 3'),
        ("<b>\u2060 </b>", "Text must be non-empty"),
        ("a" * 4097, "Message is too long"),
        ("é" * 16_385, "Text is too long"),
    ],
)
def test_a_text_that_telegram_cannot_show_is_refused(api: FakeBotApi, text: str, description: str) -> None:
    """Broken markup, an empty text and one that is too long are refused in Telegram's words."""
    got = refusal(api, lambda bot: bot.send_message(ADA, text, parse_mode="HTML"))

    assert got.lower() == description.lower()
    assert api.messages(ADA) == []


def test_lengths_are_counted_in_code_points_and_entities_cut_at_100(api: FakeBotApi) -> None:
    """4096 emoji fit into a message, and of 120 bold words the first 100 stay bold."""

    async def send_both(bot: Bot) -> None:
        await bot.send_message(ADA, "🗞" * 4096)
        await bot.send_message(ADA, "<b>w</b> " * 120, parse_mode="HTML")

    drive(api, send_both)

    emoji, words = api.messages(ADA)
    assert len(emoji.text) == 4096
    assert len(words.entities) == 100


@pytest.mark.parametrize(
    ("button", "description"),
    [
        ({"text": "x", "callback_data": "d" * 65}, "BUTTON_DATA_INVALID"),
        (
            {"text": "x"},
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (
            {"text": "x", "url": "http://localhost/a"},
            "inline keyboard button URL 'http://localhost/a' is invalid: Wrong HTTP URL",
        ),
    ],
)
def test_a_bad_button_refuses_the_whole_message(api: FakeBotApi, button: dict[str, str], description: str) -> None:
    """Nothing is sent when one button has too long a payload, no action, or a link that Telegram drops."""
    body = json.dumps({"chat_id": ADA, "text": "x", "reply_markup": {"inline_keyboard": [[button]]}}).encode()

    status, answer = raw_call(api, f"/bot{TOKEN}/sendMessage", body, "application/json")

    assert (status, answer["description"]) == (400, f"Bad Request: {description}")
    assert api.messages(ADA) == []


def test_a_reply_needs_its_target_unless_it_may_go_without(api: FakeBotApi) -> None:
    """A reply to a message that is gone is refused, or goes out as a message of its own."""

    def reply(*, anyway: bool) -> Callable[[Bot], Awaitable[Message]]:
        target = ReplyParameters(99, allow_sending_without_reply=anyway)
        return lambda bot: bot.send_message(ADA, "more", reply_parameters=target)

    assert refusal(api, reply(anyway=False)) == "Message to be replied not found"
    assert drive(api, reply(anyway=True)).reply_to_message is None


def test_a_picture_can_be_uploaded_or_named_by_url(api: FakeBotApi) -> None:
    """Both ways store a message with a caption, and the answer names a file that can be sent again."""

    async def send(bot: Bot) -> None:
        first = await bot.send_photo(ADA, b"\x89PNG", caption="<i>chart</i>", parse_mode="HTML")
        await bot.send_photo(ADA, "https://news.example/a.png")
        await bot.send_photo(ADA, first.photo[0].file_id)

    drive(api, send)

    assert [message.text for message in api.messages(ADA)] == ["chart", "", ""]
    assert api.messages(ADA)[0].photo == api.messages(ADA)[2].photo


def test_deleting_pinning_and_reacting_need_a_message(api: FakeBotApi) -> None:
    """Each works on a message that is there and is refused, by its own name, on one that is not."""

    async def use(bot: Bot) -> None:
        sent = await bot.send_message(ADA, "brief")
        await bot.pin_chat_message(ADA, sent.message_id)
        await bot.set_message_reaction(ADA, sent.message_id, "👍")
        assert (await bot.get_chat(ADA)).pinned_message == sent
        await bot.delete_message(ADA, sent.message_id)

    drive(api, use)

    assert api.messages(ADA) == []
    assert refusal(api, lambda bot: bot.delete_message(ADA, 1)) == "Message to delete not found"
    assert refusal(api, lambda bot: bot.pin_chat_message(ADA, 1)) == "Message to pin not found"
    assert refusal(api, lambda bot: bot.set_message_reaction(ADA, 1, "👍")) == "Message to react not found"


def test_an_old_message_cannot_be_deleted(api: FakeBotApi) -> None:
    """After 48 hours a message stays."""
    sent = drive(api, lambda bot: bot.send_message(ADA, "brief"))

    api.age(ADA, sent.message_id, 49 * 3600)

    assert refusal(api, lambda bot: bot.delete_message(ADA, sent.message_id)) == "Message can't be deleted"


# Chats and their states.


@pytest.mark.parametrize(
    ("kind", "state", "description"),
    [
        ("private", "blocked", "Forbidden: bot was blocked by the user"),
        ("private", "deactivated", "Forbidden: user is deactivated"),
        ("private", "never_started", "Forbidden: bot can't initiate conversation with a user"),
        ("group", "kicked", "Forbidden: bot was kicked from the group chat"),
        ("supergroup", "left", "Forbidden: bot is not a member of the supergroup chat"),
        ("group", "deleted", "Forbidden: the group chat was deleted"),
    ],
)
def test_a_closed_chat_forbids_sending(api: FakeBotApi, kind: str, state: str, description: str) -> None:
    """A chat that the bot may not write to answers 403 and stores nothing."""
    api.add_chat(-5, kind, state=state)

    with pytest.raises(Forbidden) as caught:
        drive(api, lambda bot: bot.send_message(-5, "x"))

    assert caught.value.message == description
    assert api.messages(-5) == []


def test_writing_to_the_bot_opens_a_blocked_chat(api: FakeBotApi) -> None:
    """A person who blocked the bot and then starts it gets its answers again."""
    api.set_state(ADA, "blocked")

    api.user_text(ADA, "/start")

    assert drive(api, lambda bot: bot.send_message(ADA, "welcome back")).text == "welcome back"


def test_an_upgraded_group_names_its_successor(api: FakeBotApi) -> None:
    """Sending to the old id gives the new one, which is a chat, and both are announced."""
    api.add_chat(GROUP, "group", title="Desk")
    api.set_state(GROUP, f"migrated:{FORUM}")

    with pytest.raises(ChatMigrated) as caught:
        drive(api, lambda bot: bot.send_message(GROUP, "x"))
    updates = drive(api, lambda bot: bot.get_updates())

    assert caught.value.new_chat_id == FORUM
    assert drive(api, lambda bot: bot.get_chat(FORUM)).title == "Desk"
    assert [(u.message.migrate_to_chat_id, u.message.migrate_from_chat_id) for u in updates if u.message] == [
        (FORUM, None),
        (None, GROUP),
    ]


def test_topics_can_be_made_closed_and_deleted(api: FakeBotApi) -> None:
    """A message goes into an open topic; a closed or unknown one, and General by number, refuse it."""
    api.add_chat(FORUM, "forum", title="Desk")

    async def make_and_send(bot: Bot) -> int:
        topic = await bot.create_forum_topic(FORUM, "Acme")
        sent = await bot.send_message(FORUM, "in", message_thread_id=topic.message_thread_id)
        assert sent.is_topic_message
        return topic.message_thread_id

    thread = drive(api, make_and_send)

    def send(thread_id: int) -> str:
        return refusal(api, lambda bot: bot.send_message(FORUM, "x", message_thread_id=thread_id))

    api.set_topic(FORUM, thread, "closed")
    assert send(thread) == "Topic_closed"
    api.set_topic(FORUM, thread, "deleted")
    assert send(thread) == "Message thread not found"
    assert send(1) == "Message thread not found"
    assert refusal(api, lambda bot: bot.create_forum_topic(ADA, "Acme")) == "The chat is not a forum"


def test_message_ids_count_per_supergroup(api: FakeBotApi) -> None:
    """Private chats and basic groups share one count, a supergroup has its own."""
    api.add_chat(GROUP, "group")
    api.add_chat(FORUM, "forum")

    async def send(bot: Bot) -> list[int]:
        return [(await bot.send_message(chat, "x")).message_id for chat in (ADA, GROUP, FORUM)]

    assert drive(api, send) == [1, 2, 1]
    assert [call.chat_id for call in api.calls_of("sendMessage")] == [ADA, GROUP, FORUM]


def test_members_are_listed_by_rank(api: FakeBotApi) -> None:
    """Administrators, members and strangers of a group can be told apart, and so can the bot."""
    api.add_chat(GROUP, "group", members={5: "creator", 6: "administrator", 7: "member"})
    api.my_chat_member(GROUP, "administrator", user=5)

    async def look(bot: Bot) -> list[str]:
        people = [await bot.get_chat_member(GROUP, person) for person in (7, 8)]
        return [member.status for member in (*people, *await bot.get_chat_administrators(GROUP))]

    assert drive(api, look) == ["member", "left", "creator", "administrator", "administrator"]


def test_commands_are_kept_by_scope_and_language(api: FakeBotApi) -> None:
    """Commands set for one language are not those of another."""

    async def set_and_get(bot: Bot) -> list[int]:
        await bot.set_my_commands([BotCommand("watch", "Watch a name")], language_code="de")
        return [len(await bot.get_my_commands(language_code=code)) for code in ("de", "fr")]

    assert drive(api, set_and_get) == [1, 0]


# Limits and faults.


def test_a_private_chat_takes_three_messages_at_once(
    api: FakeBotApi,
) -> None:
    """The fourth at once is refused with the seconds to wait, and is not stored."""

    async def send_four(bot: Bot) -> None:
        for number in range(4):
            await bot.send_message(ADA, f"{number}")

    with pytest.raises(RetryAfter) as caught:
        drive(api, send_four)

    assert str(caught.value).startswith("Flood control exceeded. Retry in")
    assert [message.text for message in api.messages(ADA)] == ["0", "1", "2"]
    assert api.calls_of("sendMessage")[-1].outcome == "Too Many Requests: retry after 1"


def test_limits_can_be_changed_and_switched_off() -> None:
    """A narrower limit refuses sooner; without limits everything passes."""

    async def send_two(bot: Bot) -> None:
        for text in ("a", "b"):
            await bot.send_message(GROUP, text)

    with FakeBotApi(limits=Limits(group=(1, 60.0))) as api:
        api.add_chat(GROUP, "group")
        with pytest.raises(RetryAfter):
            drive(api, send_two)
        assert api.calls[-1].outcome in (
            "Too Many Requests: retry after 60",
            "Too Many Requests: retry after 61",
        )
    with FakeBotApi(limits=None) as api:
        api.add_chat(GROUP, "group")
        drive(api, send_two)


def test_an_ordered_429_hits_one_chat_once(api: FakeBotApi) -> None:
    """A fault for one chat leaves the others alone and is spent after its count."""
    api.add_chat(43)
    api.fault(
        "sendMessage",
        chat_id=ADA,
        code=429,
        description="Too Many Requests: retry after 3",
        params={"retry_after": 3},
    )

    drive(api, lambda bot: bot.send_message(43, "x"))
    with pytest.raises(RetryAfter):
        drive(api, lambda bot: bot.send_message(ADA, "x"))
    drive(api, lambda bot: bot.send_message(ADA, "x"))

    assert [len(api.messages(chat)) for chat in (43, ADA)] == [1, 1]


@pytest.mark.parametrize(("when", "stored"), [("before", 0), ("after", 1)])
def test_a_cut_connection_hides_whether_the_message_was_stored(api: FakeBotApi, when: Any, stored: int) -> None:
    """A cut before and a cut after look the same to the client; only the second leaves a message."""
    api.fault("sendMessage", when=when, drop=True)

    with pytest.raises(NetworkError):
        drive(api, lambda bot: bot.send_message(ADA, "x"))

    assert len(api.messages(ADA)) == stored
    assert api.calls_of("sendMessage")[0].outcome == "cut"


def test_a_late_answer_times_out_though_the_message_was_stored(api: FakeBotApi) -> None:
    """A delay after the send makes the client give up on a message that has arrived."""
    api.fault("sendMessage", when="after", delay=5.0)

    with pytest.raises(TimedOut):
        drive(api, lambda bot: bot.send_message(ADA, "x", read_timeout=0.1))

    assert len(api.messages(ADA)) == 1
    api.wait_for(lambda api: api.calls[-1].outcome == "client gone")


def test_connections_are_refused_while_the_server_is_down(api: FakeBotApi) -> None:
    """Nothing listens between down and up; afterwards the same address answers with what it had."""
    drive(api, lambda bot: bot.send_message(ADA, "x"))

    api.down()
    with pytest.raises(NetworkError, match="ConnectError"):
        drive(api, lambda bot: bot.send_message(ADA, "y"))
    api.up()

    assert drive(api, lambda bot: bot.get_me()).username == "tipoff_test_bot"
    assert [message.text for message in api.messages(ADA)] == ["x"]


# Updates.


def test_updates_stay_until_an_offset_confirms_them(api: FakeBotApi) -> None:
    """The same updates come again until a higher offset is asked for; a negative one keeps the last."""
    first, second = api.user_text(ADA, "/start abc"), api.user_text(ADA, "hello")

    async def poll(bot: Bot) -> list[tuple[int, ...]]:
        offsets = (0, first + 1, -1)
        return [tuple(u.update_id for u in await bot.get_updates(offset=offset)) for offset in offsets]

    assert drive(api, poll) == [(first, second), (second,), (second,)]


def test_a_poll_in_a_hurry_is_held() -> None:
    """Asking again at once for the same offset takes a while, unless there is something to get."""

    async def poll_twice(bot: Bot) -> tuple[Update, ...]:
        await bot.get_updates(offset=1)
        held = asyncio.create_task(bot.get_updates(offset=1, read_timeout=60))
        await asyncio.sleep(0.1)
        assert not held.done()
        slow.user_text(ADA, "hello")
        return await held

    with FakeBotApi(hold=60) as slow:
        slow.add_chat(ADA)
        assert len(drive(slow, poll_twice)) == 1


def test_a_long_poll_ends_with_the_first_update(api: FakeBotApi) -> None:
    """A poll that waits is answered as soon as somebody writes, with the command marked as one."""

    async def poll(bot: Bot) -> tuple[Update, ...]:
        poll = asyncio.create_task(bot.get_updates(timeout=600, read_timeout=600))
        await asyncio.to_thread(api.wait_for, lambda api: api.calls_of("getUpdates"))
        api.user_text(ADA, "/start abc")
        return await poll

    (update,) = drive(api, poll)

    assert update.message
    assert update.message.parse_entities() == {update.message.entities[0]: "/start"}


def test_of_two_polls_the_older_is_ended(api: FakeBotApi) -> None:
    """A second poller gets the updates and the first a conflict."""

    async def poll_twice(bot: Bot) -> tuple[Update, ...]:
        older = asyncio.create_task(bot.get_updates(timeout=5))
        await asyncio.to_thread(api.wait_for, lambda api: api.calls_of("getUpdates"))
        async with real_bot(api) as other:
            newer = asyncio.create_task(other.get_updates(timeout=5))
            with pytest.raises(Conflict, match="terminated by other getUpdates request"):
                await older
            api.user_text(ADA, "hello")
            return await newer

    assert [update.message and update.message.text for update in drive(api, poll_twice)] == ["hello"]


def test_a_webhook_forbids_polling(api: FakeBotApi) -> None:
    """While a webhook is set getUpdates is a conflict; deleting it makes polling possible again."""

    async def use(bot: Bot) -> None:
        await bot.set_webhook("https://bot.example/hook")
        assert (await bot.get_webhook_info()).url == "https://bot.example/hook"
        with pytest.raises(Conflict, match="webhook is active"):
            await bot.get_updates()
        await bot.delete_webhook()
        assert await bot.get_updates() == ()

    drive(api, use)


def test_unwanted_kinds_of_update_are_not_queued(api: FakeBotApi) -> None:
    """What a poll does not list is dropped from then on."""
    drive(api, lambda bot: bot.get_updates(allowed_updates=["my_chat_member"]))

    assert api.user_text(ADA, "hello") == 0
    assert api.my_chat_member(ADA, "kicked") > 0

    (update,) = drive(api, lambda bot: bot.get_updates(offset=1))
    assert update.my_chat_member
    assert update.my_chat_member.new_chat_member.status == "kicked"


def test_an_update_can_come_twice(api: FakeBotApi) -> None:
    """A pushed update keeps the id that it brings."""
    message = {"message_id": 1, "date": 1, "chat": {"id": ADA, "type": "private"}, "text": "hi"}

    for _ in range(2):
        api.push({"update_id": 5000, "message": message})

    assert [update.update_id for update in drive(api, lambda bot: bot.get_updates())] == [5000, 5000]


def test_a_press_reaches_the_bot_and_can_be_answered(api: FakeBotApi) -> None:
    """A press brings the data of its button; answering works for a fresh press, not for an old one."""
    sent = drive(api, lambda bot: bot.send_message(ADA, "Vale leaves", reply_markup=keyboard("s:m:9k2x")))
    api.press(ADA, sent.message_id, "s:m:9k2x")
    api.press(ADA, sent.message_id, "s:m:9k2x", age=60)

    async def answer(bot: Bot) -> None:
        fresh, stale = [update.callback_query for update in await bot.get_updates()]
        assert fresh
        assert stale
        assert (fresh.data, fresh.from_user.id) == ("s:m:9k2x", ADA)
        await fresh.answer("muted")
        with pytest.raises(BadRequest, match="Query is too old"):
            await stale.answer()

    drive(api, answer)


def test_a_button_that_is_not_there_cannot_be_pressed(api: FakeBotApi) -> None:
    """Pressing unknown data fails the test that does it."""
    sent = drive(api, lambda bot: bot.send_message(ADA, "Vale leaves", reply_markup=keyboard("s:m:1")))

    with pytest.raises(AssertionError, match="no button 's:m:2'"):
        api.press(ADA, sent.message_id, "s:m:2")


def test_a_whole_application_runs_on_the_fake(api: FakeBotApi) -> None:
    """An Application that polls answers a command, and stops without waiting for its poll to end."""

    async def greet(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.message
        await update.message.reply_text(f"hello {' '.join(context.args or ())}")

    async def run() -> None:
        app = ApplicationBuilder().bot(real_bot(api)).job_queue(None).build()
        app.add_handler(CommandHandler("start", greet))
        async with app:
            await app.start()
            assert app.updater
            await app.updater.start_polling(timeout=10)
            api.user_text(ADA, "/start abc")
            await asyncio.to_thread(api.wait_for, lambda api: api.messages(ADA))
            await app.updater.stop()
            await app.stop()

    asyncio.run(run())

    assert api.messages(ADA)[0].text == "hello abc"


# The protocol, and what the fake watches over.


def test_parameters_come_in_every_form_and_case(api: FakeBotApi) -> None:
    """GET with a query, a form and JSON all send, whatever the case of the method."""
    path = f"/bot{TOKEN}/SENDmessage"

    raw_call(api, f"{path}?chat_id={ADA}&text=query")
    raw_call(api, path, f"chat_id={ADA}&text=form".encode(), "application/x-www-form-urlencoded")
    raw_call(api, path, json.dumps({"chat_id": ADA, "text": "json"}).encode(), "application/json")

    assert [message.text for message in api.messages(ADA)] == ["query", "form", "json"]


def test_wrong_tokens_and_methods_have_their_own_answers(api: FakeBotApi) -> None:
    """An unknown token is a 401, a malformed one a 404, and an unknown method a 404 that says so."""
    assert raw_call(api, "/bot999:other/getMe")[1]["description"] == "Unauthorized"
    assert raw_call(api, "/botnonsense/getMe")[1]["description"] == "Not Found"
    with pytest.raises(InvalidToken):
        drive(api, lambda bot: bot.get_me(), token="999:another-token")
    with pytest.raises(EndPointNotFound):
        drive(api, lambda bot: bot.do_api_request("sendRichMessage"))
    assert api.calls[-1].outcome == "Not Found: method not found"


def test_misuse_of_the_api_fails_the_test_at_its_end() -> None:
    """Unknown, missing and mistyped parameters are listed, and leaving the block raises them."""

    def misuse() -> None:
        with FakeBotApi() as api:
            raw_call(api, f"/bot{TOKEN}/sendMessage?txt=hello&disable_notification=perhaps")
            assert {line.split(": ")[1] for line in api.violations} == {
                "chat_id",
                "text",
                "txt",
                "disable_notification",
            }

    with pytest.raises(AssertionError, match="the Bot API was misused"):
        misuse()


def test_an_unknown_field_deep_inside_is_found_too(api: FakeBotApi) -> None:
    """A misspelt field of a button is a violation although its message is sent."""
    drive(api, lambda bot: bot.send_message(ADA, "x", api_kwargs={"paarse_mode": "HTML"}))

    assert api.violations == ["request sendMessage: paarse_mode: unknown"]
    api.violations.clear()


def test_our_own_markup_must_not_show() -> None:
    """A message whose reader would see one of our tags is a violation, unless the test allows it."""
    with FakeBotApi() as api:
        api.add_chat(ADA)
        drive(api, lambda bot: bot.send_message(ADA, "<b>Vale</b> leaves"))
        assert api.violations == [f"message 1 in chat {ADA} shows <b> as text"]
        api.violations.clear()
    with FakeBotApi(own_tags=()) as api:
        api.add_chat(ADA)
        drive(api, lambda bot: bot.send_message(ADA, "What <b> means"))


def test_a_failed_wait_says_what_it_waited_for(api: FakeBotApi) -> None:
    """The error of a wait that runs out names the condition and the last calls."""
    with pytest.raises(AssertionError, match=r"not within 0.01 s: the first alert; last calls: none"):
        api.wait_for(lambda api: api.messages(ADA), timeout=0.01, what="the first alert")
    with pytest.raises(AssertionError, match=r"api\.messages\(ADA\)"):
        api.wait_for(lambda api: api.messages(ADA), timeout=0.01)
