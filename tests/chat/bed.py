"""A chat with the bot: the real listener, store and stages, and the fake Bot API with people at its keys.

Nothing runs by itself: what people do is dealt with when they have done it, and time stands. Does not check how
updates are polled for, nor what a daemon does at its start: the journeys do.
"""

import asyncio
import hashlib
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from rich.console import Console
from telegram import Bot
from telegram.request import HTTPXRequest

from bot.alerts.stage import DecideStage
from bot.app import Newsroom, Notices, build
from bot.chat.pairing import PairingCode
from bot.chat.updates import Listener
from bot.config.load import Configuration
from bot.core.model import Address, ChatSpec, Entry, FeedSpec, Poll, Validators, WatchSpec
from bot.core.settings import DeliverySettings, NetworkSettings, Settings
from bot.delivery.channels.telegram import TelegramChannel
from bot.delivery.channels.terminal import TerminalChannel
from bot.delivery.stage import DeliverStage
from bot.feeds.identity import keyed
from bot.store.store import Store
from bot.transports import real_transports
from tests.fakes import FixedClock
from tests.servers.bot_api import FakeBotApi, Message
from tests.servers.bot_api_text import OWN_TAGS

T = TypeVar("T")

OWNER, ADA, EVE, GROUP, CHANNEL = 4242, 5151, 666, -1007, -1009
LEDGER = FeedSpec("https://ledger.example/feed", "The Ledger")
WIRELINE = FeedSpec("https://wireline.example/feed", "Wireline")
MARTEN = WatchSpec("Marten", to=("me", "team"), people=("Ilse Marten",))
_PATIENCE = 60  # seconds, of a machine that has much else to do
_KINDS = ["message", "edited_message", "channel_post", "callback_query", "my_chat_member"]


class Chatroom:
    """The owner's chat, a group "team" whose admin is Ada, a channel "board", and a stranger, Eve."""

    def __init__(
        self,
        folder: Path,
        watches: Sequence[WatchSpec] = (MARTEN,),
        *,
        allow: Sequence[str] = (),
        chats: Sequence[ChatSpec] = (ChatSpec("team", GROUP), ChatSpec("board", CHANNEL)),
        shows_tags: bool = False,
        outlets: int = 1,
        feeds: Sequence[FeedSpec] = (),
    ) -> None:
        self.path = folder / "tipoff.db"
        self.clock = FixedClock()
        self.configuration = Configuration(
            settings=Settings(network=NetworkSettings(allow=tuple(allow))),
            chats=tuple(chats),
            feeds=(*(LEDGER, WIRELINE)[:outlets], *feeds),
            watches=tuple(watches),
        )
        self.api = FakeBotApi(hold=0.0, limits=None, contract=False, own_tags=() if shows_tags else OWN_TAGS)
        self._offset: int | None = None
        self._titles: list[str] = []

    def __enter__(self) -> Self:
        self.api.__enter__()
        for person, name in ((OWNER, "Olga"), (ADA, "Ada"), (EVE, "Eve")):
            self.api.add_chat(person, first_name=name)
        members = {ADA: "administrator", EVE: "member"}
        self.api.add_chat(GROUP, "supergroup", title="The team", members=members)
        self.api.add_chat(CHANNEL, "channel", title="The board", members=members)
        self._runner = asyncio.Runner()
        self.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        self._runner.close()
        self.api.__exit__(kind, error, trace)

    def begin(self) -> None:
        """Start for the first time, and let the owner pair."""
        self.open()
        self.run(self.store.chats.pair(OWNER, 1, "paired", self.clock.now()))
        self.tell()

    def open(self) -> None:
        """Start as a new process does."""
        self.store = Store(self.path)
        terminal = TerminalChannel(Console(quiet=True))
        notices = Notices(lambda name: None, lambda text: None)
        transports = real_transports(self.configuration.settings, None, terminal)
        self.parts = build(self.configuration, self.clock, transports, self.store, self.path, notices)
        self.newsroom = Newsroom(self.parts)
        request, polling = (
            HTTPXRequest(
                connection_pool_size=8,
                read_timeout=_PATIENCE,
                connect_timeout=_PATIENCE,
                pool_timeout=_PATIENCE,
                httpx_kwargs={"verify": False},  # there is no TLS here, and reading the certificates takes a while
            )
            for _ in range(2)
        )
        self.bot = Bot(self.api.token, f"{self.api.url}/bot", request=request, get_updates_request=polling)
        self.run(self.bot.initialize())
        self.listener = Listener(self.store.chats, self.code(), self.parts.services, self.clock.now, self._wake_nobody)
        self.listener.meet(self.bot)
        self.run(self.newsroom.prepare())
        self._deliver = DeliverStage(self.store.deliver, self._route, self.clock, DeliverySettings())

    def close(self) -> None:
        """End as a process does."""
        self.run(self.newsroom.close())
        self.run(self.bot.shutdown())
        self.store.close()

    def restart(self) -> None:
        """Begin anew on the same database."""
        self.close()
        self.open()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def _route(self, address: Address) -> TelegramChannel | None:
        return TelegramChannel(self.bot) if address.id is not None else None

    def _wake_nobody(self) -> None:
        """Nothing runs by itself."""

    @property
    def decide_stage(self) -> DecideStage:
        assert self.parts.decide is not None
        return self.parts.decide

    @property
    def watches(self) -> Sequence[WatchSpec]:
        """Return the watches in force."""
        return self.parts.in_force.configuration.watches

    # What people do.

    def say(
        self, text: str, chat: int = OWNER, *, user: int | None = None, reply_to: int | None = None
    ) -> list[Message]:
        """Write to the bot; return what it wrote into that chat since."""
        before = len(self.api.messages(chat))
        self.api.user_text(chat, text, user=user, reply_to=reply_to)
        self.hear()
        return [message for message in self.api.messages(chat)[before:] if message.sender == self.bot.id]

    def ask(self, text: str, chat: int = OWNER, **more: Any) -> str:
        """Write to the bot; return the words of its only answer."""
        (answer,) = self.say(text, chat, **more)
        return answer.text.replace("\u2060", "")

    def press(self, message: Message, label: str, *, user: int | None = None) -> str:
        """Press the button with a label under a message; return what is shown over it."""
        now = next(one for one in self.api.messages(message.chat_id) if one.id == message.id)
        data = next(button["callback_data"] for button in now.buttons if button["text"] == label)
        self.api.press(message.chat_id, message.id, data, user=user)
        return self.hear()

    def press_data(self, message: Message, data: str, user: int, chat: int | None = None) -> str:
        """Send the data of a button that need not be there, as anybody can."""
        chat = message.chat_id if chat is None else chat
        kind = {GROUP: "supergroup", CHANNEL: "channel"}.get(chat, "private")
        query = {
            "id": str(9_000_000 + len(self.api.calls)),
            "from": {"id": user, "is_bot": False, "first_name": "X"},
            "chat_instance": "1",
            "data": data,
            "message": {"message_id": message.id, "date": 1, "chat": {"id": chat, "type": kind}, "text": "x"},
        }
        self.api.push({"callback_query": query})
        return self.hear()

    def hear(self) -> str:
        """Deal with all that people did, tell the answers, and return the last words over a button."""
        before = len(self.api.calls_of("answerCallbackQuery"))
        self.run(self._hear())
        self.tell()
        toasts = self.api.calls_of("answerCallbackQuery")[before:]
        return str(toasts[-1].params.get("text", "")) if toasts else ""

    async def _hear(self) -> None:
        while updates := await self.bot.get_updates(self._offset, timeout=0, allowed_updates=_KINDS):
            for update in updates:
                await self.listener.on_update(update)
                self._offset = update.update_id + 1

    # What happens in the world.

    def news(self, *titles: str, outlet: str = "ledger") -> None:
        """Let a feed bring headlines; it is decided about, and what is ordered is sent."""
        self._titles += titles
        self.run(self._news(titles, outlet))
        self.tell()

    def decide(self) -> None:
        """Let the decide stage do what people asked, and send what it orders."""
        self.run(self.decide_stage.run_once())
        self.clock.move(minutes=5)
        self.tell()

    async def _news(self, titles: Sequence[str], outlet: str) -> None:
        self.clock.move(hours=1)
        now = self.clock.now()
        leases = await self.store.fetch.lease(now, now + timedelta(minutes=30), 9)
        (lease,) = [one for one in leases if outlet in one.host]
        (feed,) = await self.store.fetch.due(lease, now)
        start = len(self._titles) - len(titles)
        entries = [
            Entry(f"{start + n}", f"https://{outlet}.example/{start + n}", title, f"{title}.", now)
            for n, title in enumerate(titles)
        ]
        due = now + timedelta(minutes=30)
        await self.store.fetch.commit_poll(
            lease, Poll(feed, now, due, Validators('"v"', ""), f"{start}", new=keyed(entries)), now
        )
        await self.decide_stage.run_once()

    def tell(self) -> None:
        """Tell all that may be told."""
        self.clock.move(seconds=60)
        self.run(self._deliver.run_until_sent(timedelta(0), asyncio.sleep))
        for _ in range(9):
            self.clock.move(seconds=5)
            self.run(self._deliver.run_once())

    def invite(self) -> str:
        """Let the owner make an invitation; return its code."""
        text = self.ask("/invite")
        return text.split("start=")[1].split()[0]

    def state(self) -> str:
        """Return a digest of all that is stored."""
        dump = self.run(self.store.chats._connection.read(lambda db: "\n".join(db.raw.iterdump())))
        return hashlib.sha256(dump.encode()).hexdigest()

    def code(self) -> PairingCode:
        """Return the pairing code beside the database."""
        return PairingCode(self.path)
