"""A fake of the Telegram Bot API: a real HTTP server on loopback, for tests in this process and in others.

It keeps chats, messages and updates as Telegram does, refuses with Telegram's own words, limits the rate, and
fails on request. Text is parsed by Telegram's own parser; requests and answers are held against the published
API, and what does not fit is listed in `violations`, which fail the test on leaving the `with` block.

What it does NOT check: TLS, file downloads, pictures behind URLs, rights of single administrators, valid
reactions and emoji, keyboards that are not inline, rich messages, business accounts, inline mode, privacy
mode in groups, the age of updates, whether a webhook is ever called, and how the real Telegram limits rates
(it publishes no numbers). What no documentation says of the server is from the sources of telegram-bot-api
and TDLib.
"""

import asyncio
import inspect
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from threading import Condition, Thread
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

from aiohttp import web

from tests.servers.bot_api_chats import Chat, Message, World
from tests.servers.bot_api_contract import answer_faults, request_faults, schema
from tests.servers.bot_api_faults import CutError, Fault, When
from tests.servers.bot_api_http import Call, accepted, read_params, read_path, refused
from tests.servers.bot_api_methods import METHODS, carry_out, number
from tests.servers.bot_api_pace import DEFAULT_LIMITS, Limits
from tests.servers.bot_api_refusals import Json, Refusal, refuse
from tests.servers.bot_api_text import OWN_TAGS
from tests.servers.bot_api_updates import HOLD_SECONDS

__all__ = ["ADA", "DEFAULT_LIMITS", "TOKEN", "Call", "Chat", "FakeBotApi", "Limits", "Message"]

TOKEN = "123456:TEST-token-for-the-fake-bot-api"
USERNAME = "tipoff_test_bot"
SOMEONE = 7001
"""Who writes and presses in a group when the test does not say."""
ADA = 42
"""The person whose private chat the fixture `api` comes with."""

_BY_LOWER_CASE = {name.lower(): name for name in METHODS}
_MAX_UPLOAD = 50 * 2**20

T = TypeVar("T")


class FakeBotApi:
    """The server, and the hands of a test: all methods may be called from any thread.

    `limits=None` lets a bot write as fast as it likes. `own_tags=()` allows tags in visible text, for news
    about HTML. A poll in a hurry is held for `hold` seconds, as is each conflict but the first; 0 lets a bot
    that has just polled stop at once. Between `down()` and `up()` connections are refused.
    """

    def __init__(
        self,
        token: str = TOKEN,
        *,
        limits: Limits | None = DEFAULT_LIMITS,
        own_tags: Iterable[str] = OWN_TAGS,
        hold: float = HOLD_SECONDS,
        contract: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make a server; without `contract` calls and answers are not held against the published schema.

        Calls are dated, and limits kept, by the clock `monotonic`, which a test may move.
        """
        self._monotonic = monotonic
        self._contract = contract
        if contract:
            schema()
        self.token = token
        self.port = 0
        bot = {
            "id": int(token.partition(":")[0]),
            "is_bot": True,
            "first_name": "Tipoff",
            "username": USERNAME,
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }
        self._world = World(bot, limits, own_tags, hold, monotonic)
        self._changed = Condition()
        self._calls: list[Call] = []
        self._faults: list[Fault] = []
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="fake-bot-api", daemon=True)
        self._runner: web.AppRunner | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        if error is None and self.violations:
            raise AssertionError("the Bot API was misused:\n" + "\n".join(self.violations))

    @property
    def url(self) -> str:
        """Where the server is; put "/bot" behind it for python-telegram-bot."""
        return f"http://127.0.0.1:{self.port}"

    def up(self) -> None:
        """Listen again, on the same port."""
        self._wait_in_loop(self._listen())

    def down(self) -> None:
        """Cut all connections and refuse new ones; what is stored stays."""
        self._wait_in_loop(self._close())

    # What a test arranges.

    def add_chat(
        self,
        chat_id: int,
        kind: str = "private",
        *,
        state: str = "ok",
        topics: bool = False,
        members: Mapping[int, str] | None = None,
        language: str = "en",
        **names: str,
    ) -> Chat:
        """Add a chat; `kind="forum"` is a supergroup with topics, `members` maps user ids to statuses."""
        is_forum = kind == "forum"
        names = names or ({"first_name": f"User {chat_id}"} if kind == "private" else {"title": f"Chat {chat_id}"})
        chat = Chat(
            id=chat_id,
            kind="supergroup" if is_forum else kind,
            names=dict(names),
            language=language,
            state=state,
            topics={} if topics or is_forum else None,
            members=dict(members or {}),
        )
        with self._changing():
            return self._world.add_chat(chat)

    def set_state(self, chat_id: int, state: str) -> None:
        """Set what the bot may do in a chat: "ok", a name in REFUSALS, or "migrated:ID"."""
        with self._changing():
            self._world.set_state(self._world.known_chat(chat_id), state)

    def set_topic(self, chat_id: int, thread_id: int, state: Literal["open", "closed", "deleted"]) -> None:
        """Make, close or delete a topic."""
        with self._changing():
            topics = self._world.known_chat(chat_id).topics
            if topics is None:
                raise ValueError(f"chat {chat_id} has no topics")
            topics[thread_id] = state
            if state == "deleted":
                del topics[thread_id]

    def age(self, chat_id: int, message_id: int, seconds: int) -> None:
        """Make a message older."""
        with self._changing():
            message = self._world.messages[chat_id, message_id]
            self._world.messages[chat_id, message_id] = replace(message, date=message.date - seconds)

    def restore(self, messages: Iterable[Message], last_ids: Mapping[int, int], update_id: int) -> None:
        """Put back what was sent through another server of this kind, and count on from where that one stood."""
        with self._changing():
            self._world.restore(messages, last_ids, update_id)

    # What people do. Each returns the id of the update, or 0 when the bot has not asked for its kind.

    def user_text(
        self,
        chat_id: int,
        text: str,
        *,
        user: int | None = None,
        reply_to: int | None = None,
        thread: int | None = None,
    ) -> int:
        """Write to the bot, or in a group or channel that it reads."""
        with self._changing():
            chat = self._world.known_chat(chat_id)
            return self._world.say(chat, user or _someone(chat), text, reply_to, thread)

    def press(self, chat_id: int, message_id: int, data: str, *, user: int | None = None, age: float = 0.0) -> int:
        """Press a button that is really there; an `age` in seconds makes it a press from the past."""
        with self._changing():
            chat = self._world.known_chat(chat_id)
            message = self._world.messages.get((chat_id, message_id))
            offered = [button.get("callback_data") for button in message.buttons] if message else []
            if message is None or data not in offered:
                raise AssertionError(f"no button {data!r} under message {message_id} of chat {chat_id}: {offered}")
            return self._world.press(message, user or _someone(chat), data, age)

    def my_chat_member(self, chat_id: int, status: str, *, user: int | None = None) -> int:
        """Make the bot "member", "administrator", "restricted", "left" or "kicked", and tell it so."""
        with self._changing():
            chat = self._world.known_chat(chat_id)
            return self._world.change_membership(chat, user or _someone(chat), status)

    def push(self, update: Json) -> int:
        """Queue any update; one with an update_id of its own keeps it, even if it was used before."""
        with self._changing():
            return self._world.updates.put(update)

    # What goes wrong.

    def fault(
        self,
        method: str,
        *,
        chat_id: int | None = None,
        code: int | None = None,
        description: str = "",
        params: Json | None = None,
        times: int | None = 1,
        when: When = "before",
        delay: float = 0.0,
        drop: bool = False,
        share: float = 1.0,
    ) -> None:
        """Let the next calls of a method ("*": of any) fail, before or after they take effect.

        First the delay, then the cut (`drop`) or the error (`code`); with neither, the call is only slow.
        `times=None` lasts until `clear_faults`. With a `share` only so many of the calls are hit, by chance with
        a seed.
        """
        with self._changing():
            self._faults.append(
                Fault(
                    method=method,
                    chat_id=chat_id,
                    code=code,
                    description=description,
                    params=params or {},
                    times=times,
                    when=when,
                    delay=delay,
                    drop=drop,
                    share=share,
                )
            )

    def clear_faults(self) -> None:
        with self._changing():
            self._faults.clear()

    # What arrived.

    @property
    def violations(self) -> list[str]:
        """What did not fit the published API; a test that misuses it on purpose clears the list."""
        return self._world.violations

    @property
    def calls(self) -> list[Call]:
        """Every call so far."""
        with self._changed:
            return list(self._calls)

    def calls_of(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    def messages(self, chat_id: int) -> list[Message]:
        """Return what the bot has sent to a chat and not deleted, oldest first, as it is now."""
        with self._changed:
            stored = self._world.messages.values()
            me = self._world.bot["id"]
            return [message for message in stored if (message.chat_id, message.sender) == (chat_id, me)]

    def wait_for(self, seen: Callable[[Self], T], timeout: float = 60.0, what: str = "") -> T:
        """Return what `seen` returns once it is true; it is asked again whenever something happens."""
        with self._changed:
            found = self._changed.wait_for(lambda: seen(self), timeout)
            if not found:
                recent = ", ".join(f"{call.method} {call.outcome}" for call in self._calls[-8:])
                raise AssertionError(f"not within {timeout} s: {what or _source(seen)}; last calls: {recent or 'none'}")
            return found

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Hold the lock, and let everybody who waits look again."""
        with self._changed:
            yield
            self._changed.notify_all()

    # The server, in its own thread.

    def _wait_in_loop(self, job: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(job, self._loop).result(timeout=10)

    async def _listen(self) -> None:
        app = web.Application(client_max_size=_MAX_UPLOAD)
        app.router.add_route("*", "/{path:.*}", self._serve)
        # A poll whose client has gone must not swallow the updates of the next one.
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.05, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def _close(self) -> None:
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def _serve(self, request: web.Request) -> web.Response:
        try:
            method = read_path(request, self.token)
        except Refusal as refusal:
            return refused(refusal)
        call = self._record(Call(_BY_LOWER_CASE.get(method.lower(), method), {}, self._monotonic()))
        try:
            call.params |= await read_params(request)
            result = await self._answer(call)
        except Refusal as refusal:
            self._settle(call, refusal.code, refusal.description)
            return refused(refusal)
        except CutError:
            self._settle(call, 0, "cut")
            if request.transport:
                request.transport.abort()
            return web.Response()
        except asyncio.CancelledError:
            self._settle(call, 0, "client gone")
            raise
        except Exception as error:
            self._note([f"the fake itself failed on {call.method}: {error!r}"])
            raise
        self._settle(call, 200, "ok")
        return accepted(result)

    def _record(self, call: Call) -> Call:
        with self._changing():
            self._calls.append(call)
        return call

    def _settle(self, call: Call, code: int, outcome: str) -> None:
        with self._changing():
            call.code, call.outcome = code, outcome

    async def _answer(self, call: Call) -> Any:
        """Carry out a call between the faults before and after it, checking both ends against the schema."""
        if call.method not in METHODS:
            raise refuse(404, "method not found")
        if self._contract:
            self._note(request_faults(call.method, call.params))
        fault = self._take_fault(call)
        await fault.strike("before")
        result = await self._carry_out(call)
        if self._contract:
            self._note(answer_faults(call.method, result))
        await fault.strike("after")
        return result

    def _note(self, violations: list[str]) -> None:
        with self._changed:
            self.violations.extend(violations)

    def _take_fault(self, call: Call) -> Fault:
        """Return the first fault that is ordered for a call, or one that does nothing."""
        with self._changed:
            ordered = (fault for fault in self._faults if fault.hits(call.method, call.params))
            fault = next(ordered, Fault(method=call.method))
            fault.spend()
            return fault

    async def _carry_out(self, call: Call) -> Any:
        if call.method != "getUpdates":
            with self._changing():
                return carry_out(self._world, METHODS[call.method], call.params)
        return await self._world.updates.fetch(
            self._changed,
            offset=number(call.params, "offset"),
            limit=number(call.params, "limit"),
            seconds=number(call.params, "timeout"),
            allowed=call.params.get("allowed_updates"),
        )


def _someone(chat: Chat) -> int:
    return chat.id if chat.kind == "private" else SOMEONE


def _source(seen: Callable[..., object]) -> str:
    """Return the code of a predicate, for the message of a failed wait."""
    try:
        return inspect.getsource(seen).strip()
    except OSError:
        return repr(seen)
