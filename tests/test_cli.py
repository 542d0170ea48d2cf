"""The commands that need no daemon, started the ordinary way or through click's own runner."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot import __version__
from bot.cli import commands
from bot.cli.daemon import _stamps
from bot.cli.demo import _print_next
from bot.config.load import FILES, Configuration
from bot.core.clock import SystemClock
from bot.core.model import AddWatch, ChatSpec, FeedSpec, WatchSpec
from bot.core.model.watches import WATCH_FIELDS
from bot.store.engine.lock import only_instance
from bot.store.store import Store
from tests.builders import Entry, rss
from tests.servers.daemon import Daemon
from tests.servers.feeds import FeedServer
from tests.store.builders import LATER, URL, leased, poll, told, with_store

WATCH = '[[watch]]\nname = "Marten"\npeople = ["Ilse Marten"]\nto = ["me"]\n'


def run(*arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(commands, arguments, input=text)


@pytest.fixture
def config(config: Path) -> Path:
    """Write one feed and one watch."""
    (config / "tipoff.toml").write_text('[network]\nallow = ["127.0.0.1:9"]\n', "utf-8")
    (config / "feeds.toml").write_text('[[feed]]\nurl = "http://127.0.0.1:9/feed"\n', "utf-8")
    (config / "watchlist.toml").write_text(WATCH, "utf-8")
    return config


def test_try_shows_what_was_read_and_what_was_missing(config: Path) -> None:
    """The event with its slots, the watch that wants it, what is ruled out and why, what another watch lacked."""
    more = '[[watch]]\nname = "arrivals"\nevent = "arrival"\norganisations = ["Corvid AI"]\n'
    (config / "watchlist.toml").write_text(WATCH + more, "utf-8")

    told = run("try", "Ilse Marten is leaving Corvid AI again").output
    assert "departure, stated  who: Ilse Marten  organisation: Corvid AI  in the title: “leaving”" in told
    assert "✓ Marten" in told
    assert "✗ arrivals  no arrival was read in it" in told
    ruled_out = run("try", "Should Ilse Marten quit Corvid AI?").output
    assert "ruled out: a call, not a fact: “Should”" in ruled_out
    read = json.loads(run("try", "--json", "Corvid AI hires Ilse Marten").output)
    assert [match["watch"] for match in read["matches"]] == ["Marten", "arrivals"]
    assert read["events"][0]["organisations"] == ["Corvid AI"]


def test_try_may_come_from_a_source(config: Path) -> None:
    """A watch that wants some sources or tags only is tried with one; without, it says how."""
    narrow = (
        WATCH
        + 'sources = ["Ledger"]\ntags = ["tech"]\n[[watch]]\nname = "l"\nevent = "layoffs"\npeople = "Ilse Marten"\n'
    )
    (config / "watchlist.toml").write_text(narrow, "utf-8")
    title = "Ilse Marten leaves Corvid AI"

    alone = run("try", title).stdout
    assert "✗ Marten  it has no source, and only some are wanted (say one: --source NAME)" in alone
    assert "✗ l  no layoffs were read in it" in alone
    assert "(say one: --tag TAG)" in run("try", title, "--source", "The Ledger").stdout
    assert "Herald is none of its sources" in run("try", title, "--source", "Herald").stdout
    assert "✓ Marten" in run("try", title, "--source", "The Ledger", "--tag", "tech").stdout
    line = json.dumps({"title": title, "outlet": "The Ledger"})
    assert "✓ Marten" in run("try", "--tag", "tech", text=line + "\n").stdout


def test_watches_shows_what_is_in_force(config: Path) -> None:
    """Those of the file and those of chats, with what they ask for; as JSON, with every field."""
    (config / "watchlist.toml").write_text(WATCH + 'not = ["podcast"]\npriority = "high"\n', "utf-8")

    async def scenario(store: Store) -> None:
        watch = WatchSpec("me/outages", events=("outage",))
        await store.chats.set_chats((ChatSpec("me"),))
        await store.chats.carry_out("me", 1, (AddWatch(watch, 7),), (), LATER)

    with_store(Path(Configuration.load(config).settings.store.path), scenario)
    words = run("watches").stdout
    assert words.startswith("Marten → me\n  people: Ilse Marten\n  not: podcast\n  priority: high\nme/outages → me\n")
    first, second = json.loads(run("watches", "--json").stdout)
    assert (first["not"], first["where"], second["event"]) == (["podcast"], ["title", "lede"], ["outage"])
    assert first.keys() == {field.key for field in WATCH_FIELDS}


def test_misses_lists_what_the_lexicon_may_lack(config: Path) -> None:
    """A headline with somebody watched and a role, in which no event was read."""
    page = Entry("Corvid chief scientist Ilse Marten waters her plants", "https://ledger.example/1", "one")
    with FeedServer() as server:
        server.serve("/feed", rss([]), etag='"1"')
        (config / "feeds.toml").write_text(f'[[feed]]\nurl = "{server.url("/feed")}"\n', "utf-8")
        (config / "tipoff.toml").write_text(f'[network]\nallow = ["{server.url("").split("/")[2]}"]\n', "utf-8")
        assert run("once").exit_code == 0
        server.serve("/feed", rss([page]), etag='"2"')
        with sqlite3.connect("data/tipoff.db") as db:
            db.execute("update feeds set due = 0")
        db.close()
        told = run("once").stdout.splitlines()[-1]
    assert told == ("1 feed, 0 of them failing (tipoff feeds list); 1 item, 1 story; 1 message sent, 0 waiting")

    (near_miss,) = json.loads(run("misses", "--json").output)
    assert (near_miss["title"], near_miss["name"], near_miss["role"]) == (page.title, "Ilse Marten", "chief")
    assert "waters her plants" in run("misses").output


def test_the_program_starts_as_a_module() -> None:
    """`python -m bot` is the command, from a bare interpreter."""
    done = subprocess.run([sys.executable, "-m", "bot", "--version"], capture_output=True, text=True, check=True)

    assert done.stdout == f"tipoff, version {__version__}\n"


def test_init_writes_a_configuration_that_is_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The three files are written once, or what is missing of them; a second time nothing is touched."""
    monkeypatch.delenv("TIPOFF_TELEGRAM_TOKEN", raising=False)
    folder = str(tmp_path / "new")

    assert run("init", folder).exit_code == 0
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(FILES)
    assert run("check", "--config", folder).exit_code == 0
    (tmp_path / "new" / "watchlist.toml").unlink()
    assert f"write it with: tipoff init {folder}" in run("check", "--config", folder).stderr
    assert run("init", folder).stdout.startswith(f"wrote {folder}/watchlist.toml\n")
    again = run("init", folder)
    assert again.exit_code == 1
    assert "is there already" in again.stderr


def test_check_names_every_mistake_at_once(config: Path) -> None:
    """One line each, with file and line, and exit code 1."""
    (config / "feeds.toml").write_text('[[feed]]\nurl = "ftp://x.example/"\nnmae = "X"\n', "utf-8")
    (config / "watchlist.toml").write_text(WATCH.replace('["me"]', '["mee"]'), "utf-8")

    found = run("check")

    assert found.exit_code == 1
    assert found.stderr.count("tipoff: ") == len(found.stderr.splitlines()) == 3
    assert "config/feeds.toml:2:" in found.stderr
    assert 'config/feeds.toml:3: unknown key "nmae"; did you mean "name"?' in found.stderr
    assert 'config/watchlist.toml:4: unknown chat "mee"; did you mean "me"?' in found.stderr
    assert json.loads(run("check", "--json").stdout)["ok"] is False


def test_check_is_content_with_what_is_good(config: Path) -> None:
    """And says what it saw, and where alerts would go."""
    found = run("check")

    assert found.exit_code == 0
    assert "config is good: 1 feed, 1 watch, 0 chats" in found.stdout
    assert "alerts go to the terminal" in found.stdout


def test_check_names_what_no_feed_has(config: Path) -> None:
    """With exit code 1, and what may be no mistake with exit code 0; what the database knows of feeds counts."""
    (config / "feeds.toml").write_text('[[feed]]\nurl = "http://127.0.0.1:9/feed"\ntags = ["tech"]\n', "utf-8")
    (config / "watchlist.toml").write_text(WATCH + 'sources = "Ledger"\n', "utf-8")
    found = run("check")
    assert found.exit_code == 0
    assert 'watchlist.toml:5: the watch "Marten": no feed is called "Ledger"' in found.stderr
    assert "Ledger" in json.loads(run("check", "--json").stdout)["notes"][0]

    async def learn(store: Store) -> None:
        await store.fetch.set_feeds([FeedSpec("http://127.0.0.1:9/feed", "The Ledger")], LATER)

    (config / "watchlist.toml").write_text(WATCH + 'tags = ["tehc"]\n', "utf-8")
    assert run("check").exit_code == 1
    (config / "watchlist.toml").write_text(WATCH + 'sources = "Ledger"\n', "utf-8")
    Path("data").mkdir()
    with_store(Path("data/tipoff.db"), learn)
    assert run("check").stderr == ""


def test_check_does_not_praise_what_tells_nothing(config: Path) -> None:
    """An empty watchlist is well formed, and no more."""
    (config / "watchlist.toml").write_text("", "utf-8")
    found = run("check")

    assert found.exit_code == 0
    assert "well formed, but without a feed and a watch nothing is ever sent: 1 feed, 0 watches" in found.stdout
    assert "good" not in found.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("init",), "Missing argument 'FOLDER': tipoff init FOLDER (see tipoff init --help)"),
        (("try", "a", "b"), "Got unexpected extra argument (b): tipoff try [TEXT] (see tipoff try --help)"),
        (("chekc",), "No such command 'chekc'. Did you mean 'check'? (see tipoff --help)"),
        (("feeds", "test"), "Missing argument 'URL': tipoff feeds test URL (see tipoff feeds test --help)"),
        (("--foo",), "No such option '--foo' (see tipoff --help)"),
        (("backtest", "--since"), "Option '--since' requires an argument (see tipoff --help)"),
    ],
)
def test_a_wrong_call_is_one_line_with_its_cure(arguments: tuple[str, ...], said: str) -> None:
    """And exit code 2, as everywhere; without any argument the help is shown."""
    found = run(*arguments)

    assert (found.exit_code, found.stdout, found.stderr) == (2, "", f"tipoff: {said}\n")
    assert "Usage: tipoff" in run().output


def test_check_says_in_one_line_that_a_server_is_no_bot_api(tmp_path: Path) -> None:
    """Whatever page comes instead of an answer is not printed, and no traceback."""
    with FeedServer() as server, Daemon(tmp_path, token="123456789:AAE-" + "x" * 30, api=server.url("")) as daemon:
        daemon.configure([server.url("/feed")], WATCH)
        found = daemon.run("check")

    assert found.returncode == 1
    said = f"tipoff: Telegram cannot be reached: no Bot API answers at {server.url('')}; look at the network\n"
    assert found.output == said


def test_the_demo_ends_with_what_to_do_next(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a clone the configuration is there already, and `tipoff init config` would be refused."""
    _print_next()
    assert "config/watchlist.toml says what is watched; tipoff run begins" in " ".join(capsys.readouterr().out.split())
    monkeypatch.chdir(config)
    _print_next()
    assert "tipoff init config writes a configuration" in capsys.readouterr().out


def test_a_missing_folder_is_said_with_its_cure(tmp_path: Path) -> None:
    """The way to make one stands in the line."""
    found = run("run", "--config", str(tmp_path / "nowhere"))

    assert found.exit_code == 1
    assert "there is no such folder; make one with: tipoff init" in found.stderr


def test_try_shows_the_words_that_decided(config: Path) -> None:
    """A headline that a watch wants, and one that none wants."""
    assert "✓ Marten" in run("try", "Ilse Marten leaves Corvid AI").stdout
    assert "no watch wants it" in run("try", "Petra Varga stays").stdout


def test_try_reads_json_lines(config: Path) -> None:
    """One object a line in, one object a line out; a line that is none is named."""
    lines = '{"title": "Ilse Marten leaves"}\n\n{"title": "Nothing", "summary": "Here is Ilse Marten."}\n'
    found = [json.loads(line) for line in run("try", "--json", text=lines).stdout.splitlines()]

    assert [match["where"] for item in found for match in item["matches"]] == ["title", "lede"]
    assert found[0]["matches"][0]["evidence"] == "Ilse Marten"
    assert "line 2: this is not JSON" in run("try", text='{"title": "x"}\nnonsense\n').stderr
    assert 'with a "title"' in run("try", text="{}\n").stderr


def test_an_empty_headline_is_a_headline(config: Path) -> None:
    """It does not wait for lines that nobody types."""
    found = run("try", "", text='{"title": "Ilse Marten"}')

    assert found.exit_code == 0
    assert "no watch wants it" in found.stdout
    assert "Marten" not in found.stdout


def test_try_in_a_terminal_says_what_it_expects(config: Path) -> None:
    """One line, instead of waiting for JSON."""
    terminal, end = os.openpty()
    try:
        command = [sys.executable, "-m", "bot", "try"]
        done = subprocess.run(command, stdin=end, capture_output=True, text=True, check=False, timeout=30)
    finally:
        os.close(terminal)
        os.close(end)

    assert done.returncode == 1
    assert done.stderr.startswith("tipoff: a headline was expected: tipoff try")
    assert len(done.stderr.splitlines()) == 1


def test_try_sends_no_control_characters_to_the_terminal(config: Path) -> None:
    """Wherever they stand in what was given."""
    trick = "Ilse \x1b[31mMarten\x07 \u202eleaves\x9b2J"
    line = json.dumps({"title": trick, "summary": trick, "outlet": trick, "url": trick})
    for found in (
        run("try", trick),
        run("try", text=line),
        run("try", "--json", trick),
        run("try", "--json", text=line),
    ):
        assert found.exit_code == 0
        assert "Ilse" in found.stdout
        assert not set("\x1b\x07\x9b\u202e") & set(found.stdout)


def test_a_question_before_the_first_run_is_answered(config: Path) -> None:
    """Without a database the line names the cure."""
    for command in (("status",), ("why", "1")):
        found = run(*command)
        assert found.exit_code == 1
        assert "there is no database yet; start it with: tipoff run" in found.stderr


def test_why_takes_a_story_in_two_words_and_any_headline(config: Path) -> None:
    """No quotes are needed, and brackets in a headline are no markup."""

    async def work(store: Store) -> None:
        lease, feed = await leased(store)
        await store.fetch.commit_poll(lease, poll(feed, "Marten [/leaves] [red]"), LATER)
        await store.decide.commit_batch(told((await store.decide.take_items(1))[0]))

    with_store(config.parent / "data" / "tipoff.db", work)

    for wanted in (("story", "1"), ("story 1",), ("1",)):
        found = run("why", *wanted)
        assert found.exit_code == 0
        assert "Marten [/leaves] [red] (The Ledger, item 1)" in found.stdout
        assert "→ team: alert, story 1: because (pending)" in found.stdout
    assert "nothing is known about 'story 2'" in run("why", "story", "2").stderr


def test_a_mistake_in_the_configuration_stops_no_question(config: Path) -> None:
    """A daemon goes on with the old one: it can be asked, and counts as healthy; one line says what is wrong."""
    database = config.parent / "elsewhere.db"
    (config / "tipoff.toml").write_text('[store]\npath = "elsewhere.db"\n[poll]\nhosts = "many"\n', "utf-8")
    (config / "watchlist.toml").write_text("[[watch]\n", "utf-8")
    with only_instance(database):
        with_store(database, lambda store: store.fetch.set_feeds([FeedSpec(URL, "The Ledger")], SystemClock().now()))
        asked = [run(*command) for command in (("status",), ("feeds", "list"))]
        healthy = run("status", "--healthy")

    assert "Feeds: 1" in asked[0].stdout
    assert "The Ledger" in asked[1].stdout
    for found in asked:
        assert found.exit_code == 0
        assert (
            found.stderr
            == "tipoff: the configuration in config has mistakes; see them with: tipoff check --config config\n"
        )
    assert (healthy.exit_code, healthy.output) == (0, "")


@pytest.mark.parametrize("command", [("status",), ("status", "--healthy"), ("feeds", "list"), ("why", "1")])
def test_a_database_that_cannot_be_read_is_one_line(config: Path, command: tuple[str, ...]) -> None:
    """Exit code 1, no traceback."""
    (config.parent / "data").mkdir()
    (config.parent / "data" / "tipoff.db").write_text("no database " * 100, "utf-8")

    found = run(*command)

    assert found.exit_code == 1
    assert found.stderr == "tipoff: data/tipoff.db: the database cannot be read (file is not a database)\n"


def test_pair_needs_a_token(config: Path) -> None:
    """And says where it comes from."""
    found = run("pair")

    assert found.exit_code == 1
    assert "@BotFather" in found.stderr
    assert len(found.stderr.splitlines()) == 1


def test_a_malformed_token_is_refused_and_not_shown(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it was, it may be half a secret."""
    monkeypatch.setenv("TIPOFF_TELEGRAM_TOKEN", "123:not-a-token-but-secret")

    found = run("run")

    assert found.exit_code == 1
    assert "TIPOFF_TELEGRAM_TOKEN: this is not a bot token" in found.stderr
    assert "secret" not in found.stderr


def test_a_configuration_file_that_is_being_replaced_ends_nothing(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks whether a file is there, and then for its size, finds it gone: it is looked at once."""
    before = _stamps(config)
    monkeypatch.setattr(Path, "exists", lambda path: True)
    (config / "watchlist.toml").unlink()

    after = _stamps(config)
    assert len(after) == len(before) == len(FILES)
    assert after != before
    assert _stamps(config / "nowhere") == ((0, 0),) * len(FILES)


def test_a_backup_is_made_and_put_back(config: Path) -> None:
    """The newest one unless a file is named; what stood there is kept. No backup, or a running daemon, is said."""
    path = Path("data/tipoff.db")
    assert "there is no database yet" in run("backup").output
    assert "there is no backup of it yet" in run("restore").output
    Store(path).close()
    made = run("backup")
    assert made.exit_code == 0, made.output
    copy = made.output.split()[1]
    with only_instance(path):
        refused = run("restore")
    assert refused.exit_code == 1
    assert "another Tipoff is running" in refused.output

    done = run("restore")
    assert done.exit_code == 0, done.output
    assert done.output.startswith(f"{copy} is in the place of {path}")
    assert "what stood there is kept:" in done.output
    again = run("restore", copy)
    assert again.exit_code == 0, again.output
    assert "there is no such backup" in run("restore", "none.db").output
