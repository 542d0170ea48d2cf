"""What the commands answer, and what comes of them."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import pytest

from bot.chat.commands import COMMANDS
from bot.chat.phrases import meaning
from bot.config.load import Configuration
from bot.core.errors import StoreError
from bot.core.model import ChatSpec, DeliveryResult, Outcome, WatchSpec
from bot.core.toml import quoted
from tests.chat.bed import ADA, CHANNEL, EVE, GROUP, OWNER, Chatroom
from tests.fakes import FixedClock
from tests.test_cli import config, run

__all__ = ["config"]

OTHERS = WatchSpec("Others", to=("team",), keywords=("outage",))
MARTEN = WatchSpec("Marten", to=("me",), people=("Ilse Marten",), exclude=("podcast",))


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Chatroom]:
    with Chatroom(tmp_path, [MARTEN, OTHERS]) as room:
        yield room


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/start", "This chat is called me."),
        ("/start again", "This chat is called me."),
        ("/help", "/status – feeds, last poll, queue"),
        ("/HELP", "/status – "),
        ("/help@tipoff_test_bot", "/status – "),
        ("/watches", "1 watch tells this chat:\n• Marten: Ilse Marten, without podcast · from the config file"),
        ("/status", "Feeds: 1, 0 failing"),
        ("/nonsense", "I do not know that; /help"),
        ("hello", "I do not know that; /help"),
        ("/watch", "/watch departures at OpenAI"),
        ("/watch ???", "I cannot watch that: there is no word in it."),
        ("/watch /(/", "I cannot watch that: "),
        ("/watch not Marten", "I cannot watch that: it says only what is not wanted."),
        ("/watch event:foo AND bar", 'there is no event "foo"'),
        ("/watch title:(", "I cannot watch that: "),
        ("/unwatch", "No watch was made in this chat"),
        ("/unwatch Marten", "stands in the config file"),
        ("/unwatch Nobody", "No watch is called “Nobody”"),
        ("/unwatch " + "x" * 3_000, "No watch is called “" + "x" * 59 + "…”"),
        ("/pause", "Nothing is paused."),
        ("/pause 2h", "until the pause ends in 2 h"),
        ("/pause 91d", "at most 90 days"),
        ("/pause 0s", "A pause takes some time"),
        ("/pause off", "The pause is over"),
        ("/pause Marten 1w", "“Marten” rests; what it finds comes in a digest in 7 d"),
        ("/pause mart", "“Marten” rests; what it finds comes in a digest in 1 d"),
        ("/pause Marten off", "“Marten” tells at once again"),
        ("/pause Nobody 1d", "No watch is called “Nobody”"),
        ("/feeds", "1 feed, 0 in trouble\n• The Ledger"),
        ("/addfeed", "/addfeed example.org"),
        ("/addfeed ftp://x.example", "That is no address"),
        ("/addfeed https://ada:secret@x.example/feed", "belongs into feeds.toml"),
        ("/addfeed http://127.0.0.1:1/", "No feed was found there"),
        ("/removefeed", "/feeds lists them"),
        ("/removefeed The Ledger", "stands in the config file"),
        ("/removefeed Nobody", "No feed is called “Nobody”"),
        ("/digest", "No daily digest (UTC)"),
        ("/digest 8", "every day at 08:00 (UTC)"),
        ("/digest 25", "An hour was expected"),
        ("/digest off", "no daily digest any more"),
        ("/quiet", "No quiet hours (UTC)"),
        ("/quiet 22-7", "Quiet from 22:00 to 07:00 (UTC)"),
        ("/quiet 22:30 – 07:15", "Quiet from 22:30 to 07:15 (UTC)"),
        ("/quiet 7-7", "Hours were expected"),
        ("/quiet soon", "Hours were expected"),
        ("/quiet off", "No hours are quiet any more"),
        ("/timezone", "Times are of UTC"),
        ("/timezone europe/berlin", "Times are of Europe/Berlin from now on"),
        ("/timezone america/new york", "Times are of America/New_York"),
        ("/timezone america/port-au-prince", "Times are of America/Port-au-Prince"),
        ("/timezone localtime", "No time zone is called so"),
        ("/timezone posixrules", "No time zone is called so"),
        ("/timezone " + "a/" * 900, "No time zone is called so"),
        ("/search " + "a* " * 900, "Nothing that is stored"),
        ("/timezone Atlantis", "No time zone is called so"),
        ("/why", "Answer an alert with /why"),
        ("/why https://nowhere.example/1", "No watch of this chat wanted that"),
        ("/why 99", "No watch of this chat wanted that"),
        ("/why x", "That is no link: /why https://…"),
        ("/search", "/search Ilse Marten"),
        ("/search nothing", "Nothing that is stored"),
        ("/export", "No watch was made in this chat"),
        ("/invite", "A group: one of its admins opens https://t.me/tipoff_test_bot?startgroup="),
        ("/members", "Nobody has joined yet"),
        ("/expel @nobody", "Nobody that joined is called so"),
        ("/backup", "checked, beside the database"),
    ],
)
def test_a_command_is_answered(room: Chatroom, text: str, words: str) -> None:
    """Case and the bot's name behind the command do not matter; what is wrong is said with the cure."""
    assert words in room.ask(text)


def test_a_backup_that_fails_is_said(room: Chatroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its reason."""

    async def fail(*_: object) -> NoReturn:
        raise StoreError("the disk is full")

    monkeypatch.setattr(room.store, "backup", fail)
    assert room.ask("/backup") == "No backup was made: the disk is full"


def test_a_chat_that_watches_something_can_choose_what_to_take_off(room: Chatroom) -> None:
    """And one that watches nothing hears how to begin."""
    (asked,) = room.say("/watch Petra Varga")
    room.press(asked, "Watch it")

    assert room.ask("/unwatch") == "Which one?\n• /unwatch Petra Varga"
    assert room.ask("/watches", CHANNEL, user=ADA).startswith("Nothing is watched for this chat yet.")


def test_the_help_names_every_command() -> None:
    """Documentation comes from the same table; a restart would show a command that is missing."""
    page = (Path(__file__).parent.parent.parent / "docs" / "commands.md").read_text("utf-8")
    for command in COMMANDS:
        assert f"| `/{command.name}` | {command.help} |" in page


def test_the_help_is_of_who_asks(room: Chatroom) -> None:
    """What is the owner's alone is neither shown nor answered elsewhere."""
    assert "/invite – " in room.ask("/help")
    in_group = room.ask("/help", GROUP, user=ADA)
    assert "/watch – " in in_group
    assert "/invite" not in in_group
    for command in ("/invite", "/members", "/expel @x", "/backup"):
        assert "I do not know that" in room.ask(command, GROUP, user=ADA)


def test_commands_in_answers_can_be_touched_and_words_of_feeds_cannot(room: Chatroom) -> None:
    """Telegram makes a command of the help's lines, and of nothing else."""
    (answer,) = room.say("/help")
    commands = [one for one in answer.entities if one["type"] == "bot_command"]
    assert len(commands) == len(COMMANDS)

    room.news("an old story")
    room.news("Ilse Marten says /unwatch @everyone")
    (found,) = room.say("/search marten")
    assert not [one for one in found.entities if one["type"] in {"bot_command", "mention"}]


def test_a_watch_is_asked_about_made_used_listed_exported_and_taken_off(room: Chatroom) -> None:
    """The life of a watch that is made in a chat, over a restart."""
    room.news("an old story")
    room.news("Petra Varga leaves Pellucid", "Nothing else happens")
    (asked,) = room.say("/watch departures at Pellucid")
    assert "Watch for a departure of or at Pellucid, however it is worded?" in asked.text
    assert "it would have told you 1 story (3 headlines)" in asked.text
    assert "• Petra Varga leaves Pellucid · The Ledger" in asked.text
    room.restart()
    assert room.press(asked, "Watch it") == "Watching"
    changed = next(one for one in room.api.messages(OWNER) if one.id == asked.id)
    assert "✓ Watching for a departure" in changed.text
    assert changed.buttons == ()
    assert "does not work any more" in room.press_data(asked, asked.buttons[0]["callback_data"], OWNER)

    room.news("Jonas Weber resigns from Pellucid")
    alert = room.api.messages(OWNER)[-1]
    assert alert.text.startswith("Jonas Weber resigns")
    room.restart()
    assert "• departures at Pellucid: departure, Pellucid" in room.ask("/watches")
    assert 'event = ["departure"]\nto = ["me"]' in room.ask("/export").replace('organisations = ["Pellucid"]\n', "")
    assert "is watched no more" in room.ask("/unwatch departures at")
    room.news("Ada Brandt quits Pellucid")
    assert "Ada Brandt" not in room.api.messages(OWNER)[-1].text


def test_a_watch_is_tried_on_what_stood_in_the_feeds_at_first(room: Chatroom) -> None:
    """Whoever has just begun sees what the first poll brought, though that is told to nobody."""
    room.news("Petra Varga leaves Pellucid", "Something else")
    assert len(room.api.messages(OWNER)) == 1

    (asked,) = room.say("/watch Petra Varga")
    assert "would have told you 1 story (2 headlines)" in asked.text


def test_what_is_exported_can_be_read_again(room: Chatroom, tmp_path: Path) -> None:
    """It is a table of watchlist.toml that means the same."""
    for line in (
        "high: Ilse Marten not podcast",
        "event:departure AND OpenAI",
        '"open source"',
        "/foo[0-9]/",
        "AI, ML",
    ):
        (asked,) = room.say(f"/watch {line}")
        room.press(asked, "Watch it")
    text = room.ask("/export").partition("\n")[2]
    (tmp_path / "watchlist.toml").write_text(text, "utf-8")

    read = {watch.name: watch for watch in Configuration.load_watches(tmp_path / "watchlist.toml", ()).watches}
    own = {watch.name.removeprefix("me/"): watch for watch in room.watches if watch.name.startswith("me/")}
    assert len(read) == 5
    for name, watch in read.items():
        assert {field: getattr(watch, field) for field in watch.__slots__ if field != "name"} == {
            field: getattr(own[name], field) for field in watch.__slots__ if field != "name"
        }


def test_a_question_can_be_declined(room: Chatroom) -> None:
    """No changes nothing, and cannot be undone by pressing again."""
    (asked,) = room.say("/watch Petra Varga")
    room.press(asked, "No")

    assert "nothing was changed" in room.api.messages(OWNER)[-1].text
    assert "does not work any more" in room.press_data(asked, asked.buttons[0]["callback_data"], OWNER)
    assert "Petra Varga" not in room.ask("/watches")


def test_a_chat_sees_its_own_only(room: Chatroom) -> None:
    """Watches, reasons and found stories of another chat are not shown; the group's watch tells the group."""
    assert "Others" not in room.ask("/watches")
    room.news("an old story")
    room.news("A long outage at Northgate")
    link = "https://ledger.example/1"

    assert "No watch of this chat wanted that" in room.ask(f"/why {link}")
    assert "Others alert: " in room.ask(f"/why {link}", GROUP, user=ADA)
    assert "No watch of this chat wanted that" in room.ask("/why story 1")
    group_asked = room.say("/watch Petra Varga", GROUP, user=ADA)[0]
    room.press(group_asked, "Watch it", user=ADA)
    assert "Petra Varga" not in room.ask("/watches")
    assert "Petra Varga" in room.ask("/watches", GROUP, user=ADA)


@pytest.mark.parametrize("chat", [GROUP, CHANNEL])
def test_a_command_of_another_bot_is_not_answered_before_others(room: Chatroom, chat: int) -> None:
    """Where people and bots talk with one another only what is surely meant for this one is."""
    assert room.say("/poll lunch?", chat, user=ADA) == []
    assert "I do not know that" in room.ask("/poll@tipoff_test_bot lunch?", chat, user=ADA)


def test_a_watch_that_finds_very_much_is_not_tried_on_everything(room: Chatroom) -> None:
    """A thousand stories are enough to know."""
    room.news("an old story")
    for batch in range(6):
        names = (f"{chr(97 + n // 14)}{chr(97 + n % 14)}x" for n in range(190))
        room.news(*(f"{name}{name} zq{name}{batch} {batch}{name}qq vv{name}{batch}" for name in names))
    answer = room.ask("/watch title:*")
    assert "In 1,000 headlines it would have told you 1,000 stories; the trial was ended there." in answer


def test_a_trial_that_takes_too_long_is_ended(room: Chatroom) -> None:
    """After twenty seconds; the clock of this test runs one second each time it is looked at."""
    room.news("an old story")
    room.news(*(f"a headline of number {n}" for n in range(60)))

    class Running(FixedClock):
        def monotonic(self) -> float:
            self.at += timedelta(seconds=1)
            return super().monotonic()

    room.parts.services._clock = Running(room.clock.now())
    assert "In 20 headlines it would have told you nothing; the trial was ended there." in room.ask("/watch zebra")


def test_a_watch_of_the_chat_is_called_by_its_name_in_reasons(room: Chatroom) -> None:
    """Not by the one it has inside."""
    room.news("an old story")
    for wanted in ("chips", "quantum"):
        room.press(room.say(f"/watch {wanted}")[0], "Watch it")
    room.news("Pellucid makes quantum chips")
    assert "told by the watch" in (answer := room.ask("/why", reply_to=room.api.messages(OWNER)[-1].id))
    assert "me/" not in answer


def test_an_expelled_chats_name_is_not_given_again(room: Chatroom) -> None:
    """What is stored of it would be another's; and what was under way ends there."""
    room.api.user_text(EVE, f"/start {room.invite()}")
    room.hear()
    assert "This chat is called @eve." in room.api.messages(EVE)[-1].text.replace("\u2060", "")
    room.run(room.store.chats.answer("@eve", 9_000_000, "on its way", room.clock.now()))
    (under_way,) = room.run(room.store.deliver.take_alerts(["@eve"], room.clock.now()))
    room.ask("/expel @eve")
    now = room.clock.now()
    room.run(room.store.deliver.settle(Outcome(under_way, DeliveryResult.LATER), now, now))
    assert room.run(room.store.status(now)).unpaired == {}

    room.api.user_text(EVE, f"/start {room.invite()}")
    room.hear()
    assert "This chat is called @eve-2." in room.api.messages(EVE)[-1].text.replace("\u2060", "")


def test_many_backups_of_a_day_leave_those_of_the_nights(room: Chatroom) -> None:
    """The owner may ask as often as wanted."""
    folder = room.path.with_name(room.path.name + ".backups")
    for _ in range(3):
        room.clock.move(days=1)
        assert "checked" in room.ask("/backup")
    nights = set(folder.iterdir())
    room.clock.move(days=1)
    for _ in range(9):
        room.ask("/backup")
    assert nights < set(folder.iterdir())
    assert len(list(folder.iterdir())) == 7 + 3


def test_a_backup_that_was_just_made_stays_though_the_clock_was_ahead(tmp_path: Path) -> None:
    """By its name it is older than the one of the future; and what a kill left half done goes."""
    with Chatroom(tmp_path) as room:
        folder = room.path.with_name(room.path.name + ".backups")
        folder.mkdir(exist_ok=True)
        for year in range(2040, 2050):
            (folder / f"{year}0101T000000.000000Z.db").write_bytes(b"")
        (half := folder / "20250101T000000.000000Z.new").write_bytes(b"x")
        os.utime(half, (1, 1))
        name = room.ask("/backup").split()[1].rstrip(":")
        assert (folder / name).is_file()
        assert not half.exists()


def test_old_backups_that_cannot_be_thrown_away_are_said(room: Chatroom) -> None:
    """It ends nothing."""
    folder = room.path.with_name(room.path.name + ".backups")
    for year in range(2000, 2010):
        (folder / f"{year}0101T000000.000000Z.db").mkdir(parents=True)
    assert "No backup was made" in room.ask("/backup")


def test_a_watch_can_be_made_though_nothing_can_be_read(room: Chatroom) -> None:
    """The trial is left out, with the reason."""
    room.parts.services._path = room.path.with_name("elsewhere.db")  # as when no file can be opened
    (asked,) = room.say("/watch Petra Varga")
    assert "It could not be tried on what is stored" in asked.text
    assert room.press(asked, "Watch it") == "Watching"


@pytest.mark.parametrize("later", ["configured", "paired"])
def test_a_chat_that_had_joined_has_one_name(tmp_path: Path, later: str) -> None:
    """Its watches, hours and what waits for it go along to its new name, of the configuration or by pairing."""
    who, user = (GROUP, ADA) if later == "configured" else (EVE, EVE)
    with Chatroom(tmp_path, [WatchSpec("none", to=("me",), keywords=("zebra",))], chats=()) as room:
        room.news("an old story")
        room.say(f"/start@{room.bot.username} {room.invite()}", who, user=user)
        room.press(room.say("/watch quantum", who, user=user)[0], "Watch it", user=user)
        room.ask("/timezone Asia/Tokyo", who, user=user)
        room.ask("/pause 5h", who, user=user)
        room.news("A quantum leap of Corvid")
        if later == "configured":
            room.configuration = replace(room.configuration, chats=(ChatSpec("team", GROUP),))
            room.restart()
        else:
            room.say(f"/start {room.code().issue(room.clock.now())}", EVE)
        assert "quantum" in room.ask("/watches", who, user=user)
        assert "Asia/Tokyo" in room.ask("/timezone", who, user=user)
        assert "Paused" in room.ask("/pause", who, user=user)
        before = len(room.api.messages(who))
        room.clock.move(hours=6)
        room.tell()
        (waited,) = room.api.messages(who)[before:]
        assert waited.text.startswith("A quantum leap of Corvid")
        room.news("Pellucid makes quantum chips")
        (alert,) = room.api.messages(who)[before + 1 :]
        assert "Muted" in room.press(alert, "Mute story", user=user)
        assert "told" in room.ask("/why", who, user=user, reply_to=waited.id)
        assert "Nobody has joined yet" in room.ask("/members", OWNER if later == "configured" else EVE)


def test_what_was_under_way_at_a_crash_and_what_is_ordered_late_does_not_wait_for_a_former_chat(
    room: Chatroom,
) -> None:
    """It would be counted as waiting for ever."""
    room.api.user_text(EVE, f"/start {room.invite()}")
    room.hear()
    room.press(room.say("/watch Petra", EVE)[0], "Watch it", user=EVE)
    stage = room.decide_stage
    watchlist = stage.watchlist
    room.run(room.store.chats.answer("@eve", 9_000_000, "on its way", room.clock.now()))
    room.run(room.store.deliver.take_alerts(["@eve"], room.clock.now()))
    room.ask("/expel @eve")
    room.restart()
    room.decide_stage.watchlist = watchlist
    room.news("an old story")
    room.news("Petra Varga joins Corvid")
    now = room.clock.now()
    assert room.run(room.store.status(now)).unpaired == {}
    assert room.run(room.store.chats.hours("@eve")).timezone.key == "UTC"


def test_why_answers_an_alert(room: Chatroom) -> None:
    """As a reply, nothing has to be typed but the command."""
    room.news("an old story")
    room.news("Ilse Marten leaves Pellucid")
    alert = room.api.messages(OWNER)[-1]

    assert "Marten alert: a story this chat has not been told" in room.ask("/why", reply_to=alert.id)
    assert "Answer an alert" in room.ask("/why", reply_to=1)


def test_search_finds_what_was_read(room: Chatroom) -> None:
    """With its page, the newest first."""
    room.news("an old story")
    room.news("Ilse Marten leaves Pellucid")
    (found,) = room.say("/search marten pellucid")

    assert "• Ilse Marten leaves Pellucid · The Ledger" in found.text
    assert [one["url"] for one in found.entities if one["type"] == "text_link"] == ["https://ledger.example/1"]


def test_a_chat_that_is_configured_no_more_takes_its_watches_along(tmp_path: Path) -> None:
    """They wait, and nothing is ordered for nobody; with the chat they come back."""
    with Chatroom(tmp_path, [MARTEN]) as room:
        room.news("an old story")
        (asked,) = room.say("/watch Petra Varga", GROUP, user=ADA)
        room.press(asked, "Watch it", user=ADA)
        configured = room.configuration
        room.configuration = replace(configured, chats=())
        room.restart()
        assert [watch.name for watch in room.watches] == ["Marten"]
        room.news("Petra Varga leaves Pellucid")
        assert not room.run(room.store.status()).unpaired
        room.configuration = configured
        room.restart()
        assert "Petra Varga" in room.ask("/watches", GROUP, user=ADA)


def test_what_is_no_text_is_not_answered(room: Chatroom) -> None:
    """A sticker, a picture, somebody who joins."""
    person = {"id": OWNER, "is_bot": False, "first_name": "Olga"}
    chat = {"id": OWNER, "type": "private", "first_name": "Olga"}
    before = len(room.api.messages(OWNER))
    for more in ({"new_chat_title": "x"}, {"dice": {"emoji": "🎲", "value": 3}}, {"pinned_message": None}):
        room.api.push({"message": {"message_id": 910, "date": 1, "chat": chat, "from": person, **more}})
    room.hear()

    assert len(room.api.messages(OWNER)) == before


def test_a_channel_is_served_by_its_posts(room: Chatroom) -> None:
    """A channel that is configured is asked and answered in itself."""
    (asked,) = room.say("/watch Petra Varga", CHANNEL)
    room.press(asked, "Watch it", user=ADA)
    room.news("an old story")
    room.news("Petra Varga joins Pellucid")

    assert room.api.messages(CHANNEL)[-1].text.startswith("Petra Varga joins")


def test_an_invitation_lets_one_chat_in(room: Chatroom) -> None:
    """A person, once; it watches on its own, cannot invite, and goes with all that it made."""
    code = room.invite()
    assert "Welcome. This chat is called @eve" in room.ask(f"/start {code}", EVE)
    (asked,) = room.say("/watch Petra Varga", EVE)
    room.press(asked, "Watch it")
    assert room.api.messages(ADA) == []
    assert room.say(f"/start {code}", ADA) == [], "the code is used up"
    room.news("an old story")
    room.news("Petra Varga joins Pellucid")
    assert room.api.messages(EVE)[-1].text.startswith("Petra Varga joins")
    assert "I do not know that" in room.ask("/invite", EVE)
    assert "• @eve · /expel @eve" in room.ask("/members")

    room.restart()
    assert "is no member any more" in room.ask("/expel @eve")
    told = len(room.api.messages(EVE))
    room.news("Petra Varga leaves Pellucid again")
    assert room.say("/help", EVE) == []
    assert len(room.api.messages(EVE)) == told


def test_a_group_joins_by_its_admin_and_a_late_code_is_none(room: Chatroom) -> None:
    """A plain member's code does nothing; after a week it serves nobody."""
    room.api.add_chat(-1777, "supergroup", title="Ops & Co", members={ADA: "administrator", EVE: "member"})
    code = room.invite()
    assert room.say(f"/start {code}", -1777, user=EVE) == []
    assert "called @ops-co" in room.ask(f"/start@tipoff_test_bot {code}", -1777, user=ADA)

    late = room.invite()
    room.clock.move(days=8)
    assert room.say(f"/start {late}", ADA) == []


def test_a_group_that_moves_takes_everything_along(room: Chatroom) -> None:
    """Rights and watches follow the new id; the old one is nobody's."""
    (asked,) = room.say("/watch Petra Varga", GROUP, user=ADA)
    room.press(asked, "Watch it", user=ADA)
    room.api.add_chat(-100777, "supergroup", title="The team", members={ADA: "administrator"})
    room.api.push(
        {
            "message": {
                "message_id": 901,
                "date": 1,
                "chat": {"id": GROUP, "type": "group", "title": "The team"},
                "from": {"id": ADA, "is_bot": False, "first_name": "Ada"},
                "migrate_to_chat_id": -100777,
            }
        }
    )
    room.hear()

    assert "Petra Varga" in room.ask("/watches", -100777, user=ADA)
    assert room.say("/watches", GROUP, user=ADA) == []


def test_the_terminal_knows_the_watches_of_chats(room: Chatroom, config: Path) -> None:
    """What is tried there is tried on all watches; where the database cannot be read, on those of the files."""
    (asked,) = room.say("/watch Petra Varga")
    room.press(asked, "Watch it")
    settings = '[network]\nallow = ["127.0.0.1:9"]\n[store]\npath = '
    (config / "tipoff.toml").write_text(settings + quoted(str(room.path)), "utf-8")
    assert "✓ me/Petra Varga" in run("try", "Petra Varga leaves Pellucid").output

    (config / "broken.db").write_bytes(b"no database")
    (config / "tipoff.toml").write_text(settings + quoted(str(config / "broken.db")), "utf-8")
    tried = run("try", "Ilse Marten leaves Pellucid")
    assert "✓ Marten" in tried.output
    assert "without what was added in chats" in tried.output


@pytest.mark.parametrize(
    ("event", "said"),
    [("departure", "a departure of"), ("outage", "an outage of"), ("layoffs", "layoffs of")],
)
def test_an_event_has_its_article(event: str, said: str) -> None:
    """In what a watch was understood as."""
    assert meaning(WatchSpec("w", events=(event,))).startswith(said)
