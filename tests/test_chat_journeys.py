"""The real daemon, driven like a person in Telegram: every command and every button, with a restart in the middle."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.chat.commands import COMMANDS, Command
from tests.builders import Entry, rss
from tests.servers.bot_api import FakeBotApi, Message
from tests.servers.daemon import Daemon
from tests.servers.feeds import FeedServer

OWNER, FIRST = 4242, 7001
CHATS = 40  # each with a pace of its own
WATCH = '[[watch]]\nname = "Marten"\npeople = ["Ilse Marten"]\nto = [{to}]\n'
OLD = Entry("An old story that stood there before", "https://ledger.example/old", "old")
LEAVES = Entry("Ilse Marten is leaving Corvid AI", "https://ledger.example/marten", "marten", "She told staff so.")


class Person:
    """Somebody in a private chat with the bot."""

    def __init__(self, api: FakeBotApi, chat: int) -> None:
        self.api = api
        self.chat = chat
        self.typed = 0

    def said(self) -> list[Message]:
        """Return what the bot wrote here."""
        return self.api.messages(self.chat)

    def say(self, text: str, reply_to: int | None = None) -> Message:
        """Write something; return the answer."""
        before = len(self.said())
        self.typed += 1
        self.api.user_text(self.chat, text, reply_to=reply_to)
        self.api.wait_for(lambda api: len(self.said()) > before, what=text)
        return self.said()[before]

    def press(self, message: Message, label: str) -> Message:
        """Press a button; return the message as it is when the daemon has answered."""
        now = self.now(message)
        data = next(button["callback_data"] for button in now.buttons if button["text"] == label)
        before = len(self.api.calls_of("answerCallbackQuery"))
        self.api.press(self.chat, message.id, data)
        self.api.wait_for(lambda api: len(api.calls_of("answerCallbackQuery")) > before, what=label)
        return self.now(message)

    def now(self, message: Message) -> Message:
        """Return a message as it is now."""
        return next(one for one in self.said() if one.id == message.id)

    def sees(self, message: Message, label: str) -> None:
        """Wait until a button has a label."""

        def is_there(api: FakeBotApi) -> bool:
            return label in [button["text"] for button in self.now(message).buttons]

        self.api.wait_for(is_there, what=label)


class House:
    """A daemon, its feeds, and people who write to it."""

    def __init__(self, folder: Path, feeds: FeedServer, api: FakeBotApi) -> None:
        self.feeds = feeds
        self.api = api
        self.owner = Person(api, OWNER)
        self.people = iter([Person(api, FIRST + n) for n in range(CHATS)])
        self.daemon = Daemon(folder, token=api.token, api=api.url)
        names = [f"c{n}" for n in range(CHATS)]
        chats = "".join(f'[[chat]]\nname = "{name}"\nid = {FIRST + n}\n' for n, name in enumerate(names))
        self.daemon.configure(
            [feeds.url("/ledger")], WATCH.format(to=", ".join(f'"{name}"' for name in names)), more=chats
        )

    def pair(self) -> None:
        """Start the daemon and open its link."""
        code = re.search(r"start=([\w-]+)", self.daemon.start().wait_for("t.me/"))
        assert code is not None
        assert "You are paired" in self.owner.say(f"/start {code[1]}").text

    def restart(self) -> None:
        """Stop the daemon in order and start it again."""
        assert self.daemon.stop() == 0
        self.daemon.start()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Run one daemon for all journeys: each goes in a chat of its own."""
    with FeedServer() as feeds, FakeBotApi(hold=0.1, contract=False) as api:
        feeds.serve("/ledger", rss([OLD], title="ledger"), etag='"1"')
        feeds.serve("/other", rss([OLD], title="The Other"))
        page = (
            f'<html><head><link rel="alternate" type="application/rss+xml" href="{feeds.url("/other")}"></head></html>'
        )
        feeds.serve("/page", page.encode(), content_type="text/html")
        api.add_chat(OWNER, first_name="Olga")
        for n in range(CHATS):
            api.add_chat(FIRST + n, first_name=f"Person {n}")
        house = House(tmp_path_factory.mktemp("house"), feeds, api)
        with house.daemon:
            house.pair()
            feeds.wait_for(lambda seen: sum(request.path == "/ledger" for request in seen) >= 2)
            feeds.serve("/ledger", rss([LEAVES, OLD], title="ledger"), etag='"2"')
            api.wait_for(
                lambda api: all(api.messages(FIRST + n) for n in range(CHATS)),
                timeout=30,
                what="the story in every chat",
            )
            yield house


# What is typed → words of the answer, for every command there is.
ASKED = {
    "start": ("/start", "Tipoff is watching for you"),
    "help": ("/help", "/watch – "),
    "watch": ("/watch departures at Pellucid", "Watch for a departure of or at Pellucid"),
    "watches": ("/watches", "Marten: Ilse Marten · from the config file"),
    "unwatch": ("/unwatch Marten", "stands in the config file"),
    "pause": ("/pause 2h", "until the pause ends in 2 h"),
    "feeds": ("/feeds", "• ledger"),
    "addfeed": ("/addfeed {page}", "Add The Other?"),
    "removefeed": ("/removefeed ledger", "stands in the config file"),
    "digest": ("/digest 08:00", "every day at 08:00"),
    "quiet": ("/quiet 22:00-07:00", "Quiet from 22:00 to 07:00"),
    "timezone": ("/timezone Europe/Berlin", "Times are of Europe/Berlin"),
    "topics": ("/topics on", "This chat has no topics"),
    "why": ("/why https://ledger.example/marten", "Marten alert: "),
    "search": ("/search corvid", "• Ilse Marten is leaving Corvid AI"),
    "stats": ("/stats", "The last 30 days"),
    "status": ("/status", "Feeds: "),
    "export": ("/export", "No watch was made in this chat"),
    "invite": ("/invite", "?start="),
    "members": ("/members", "Nobody has joined yet"),
    "expel": ("/expel @x", "Nobody that joined"),
    "backup": ("/backup", "checked, beside the database"),
}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_is_answered_by_the_daemon(house: House, command: Command) -> None:
    """Typed as a person types it, in a chat that is let in; the owner's in the owner's."""
    text, words = ASKED[command.name]
    person = house.owner if command.for_owner else next(house.people)

    answer = person.say(text.format(page=house.feeds.url("/page")))
    assert words in answer.text.replace("\u2060", "")


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        (("Follow",), "Following ✓"),
        (("Mute story",), "Muted ✓"),
        (("Follow", "Following ✓"), "Follow"),
        (("···",), "Why?"),
        (("···", "‹ Back"), "Follow"),
        (("···", "Snooze 1 h"), "Follow"),
        (("···", "1 day"), "Follow"),
        (("···", "1 week"), "Follow"),
        (("···", "Why?"), "Why?"),
        (("···", "More like this"), "Follow"),
        (("···", "Not relevant"), "Follow"),
    ],
)
def test_every_button_under_an_alert_works(house: House, path: tuple[str, ...], seen: str) -> None:
    """Pressed one after the other, each shown in the message before the next."""
    person = next(house.people)
    alert = person.said()[0]
    for label in path:
        person.sees(alert, label)
        person.press(alert, label)
    person.sees(alert, seen)
    if path[-1] == "Why?":
        house.api.wait_for(lambda api: "Marten alert: " in person.said()[-1].text)


def test_a_feed_is_added_by_its_page_and_taken_off(house: House) -> None:
    """The daemon polls it from then on, and no more afterwards."""
    asked = house.owner.say(f"/addfeed {house.feeds.url('/page')}")
    polled = len(house.feeds.requests_of("/other"))
    house.owner.press(asked, "Add it")
    house.feeds.wait_for(lambda seen: sum(request.path == "/other" for request in seen) >= polled + 2)
    assert "✓ Added" in house.owner.now(asked).text
    assert "The Other" in house.owner.say("/feeds").text
    assert "is read no more" in house.owner.say("/removefeed The Other").text


def test_a_slow_page_holds_up_nobody_else(house: House) -> None:
    """While one waits for a server that does not answer, the commands of others are answered."""
    slow, other = next(house.people), next(house.people)
    house.feeds.serve("/slow-page", b"<html></html>", content_type="text/html")
    house.feeds.slow("/slow-page", 50)  # Tipoff would wait for it for a minute
    house.api.user_text(slow.chat, f"/addfeed {house.feeds.url('/slow-page')}")
    house.feeds.wait_for(lambda seen: any(request.path == "/slow-page" for request in seen))
    answered = len(slow.said())

    assert "Feeds: " in other.say("/status").text
    assert len(slow.said()) == answered, "the page is still being waited for"


def test_a_restart_in_the_middle_of_everything(house: House) -> None:
    """A question that was asked before it is answered after it; buttons and watches go on."""
    person, other = next(house.people), next(house.people)
    asked = person.say("/watch Petra Varga")
    other.press(other.said()[0], "Mute story")
    house.restart()
    person.press(asked, "Watch it")
    house.api.wait_for(lambda api: "✓ Watching for any news with Petra Varga" in person.now(asked).text)
    other.press(other.said()[0], "Muted ✓")
    other.sees(other.said()[0], "Mute story")
    house.restart()

    news = Entry("Petra Varga joins Northgate Labs", "https://ledger.example/varga", "varga")
    house.feeds.serve("/ledger", rss([news, LEAVES, OLD], title="ledger"), etag='"3"')
    house.api.wait_for(lambda api: person.said()[-1].text.startswith("Petra Varga joins"))
    why = person.say("/why", reply_to=person.said()[-1].id)
    assert "Petra Varga alert: a story this chat has not been told" in why.text
    assert "is watched no more" in person.say("/unwatch petra").text


def test_a_newcomer_types_four_messages_at_most(tmp_path: Path) -> None:
    """From a token to the first watch of one's own: open the link, ask, press; counted."""
    with FeedServer() as feeds, FakeBotApi(hold=0.1, contract=False) as api:
        feeds.serve("/ledger", rss([LEAVES], title="ledger"))
        api.add_chat(OWNER, first_name="Olga")
        with Daemon(tmp_path, token=api.token, api=api.url) as daemon:
            daemon.configure([feeds.url("/ledger")], "")
            code = re.search(r"start=([\w-]+)", daemon.start().wait_for("t.me/"))
            assert code is not None
            feeds.wait_for(lambda seen: len(seen) >= 2)
            owner = Person(api, OWNER)
            owner.say(f"/start {code[1]}")
            asked = owner.say("/watch Ilse Marten")
            assert "it would have told you 1 story" in asked.text
            owner.press(asked, "Watch it")
            api.wait_for(lambda api: "✓ Watching for any news with Ilse Marten" in owner.now(asked).text)

            assert owner.typed <= 4
            assert owner.typed == 2, "the link types the first by itself"
