"""The commands that need no daemon, started the ordinary way or through click's own runner."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot import __version__
from bot.cli import commands
from bot.cli.daemon import _stamps
from bot.config.load import FILES

WATCH = '[[watch]]\nname = "Marten"\npeople = ["Ilse Marten"]\nto = ["me"]\n'


def run(*arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(commands, arguments, input=text)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder with one feed and one watch, and work in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TIPOFF_TELEGRAM_TOKEN", raising=False)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "feeds.toml").write_text('[[feed]]\nurl = "http://127.0.0.1:9/feed"\n', "utf-8")
    (tmp_path / "config" / "watchlist.toml").write_text(WATCH, "utf-8")
    return tmp_path / "config"


def test_the_program_starts_as_a_module() -> None:
    """`python -m bot` is the command, from a bare interpreter."""
    done = subprocess.run([sys.executable, "-m", "bot", "--version"], capture_output=True, text=True, check=True)

    assert done.stdout == f"tipoff, version {__version__}\n"


def test_init_writes_a_configuration_that_is_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The three files are written once; a second time nothing is touched."""
    monkeypatch.delenv("TIPOFF_TELEGRAM_TOKEN", raising=False)
    folder = str(tmp_path / "new")

    assert run("init", folder).exit_code == 0
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(FILES)
    assert run("check", "--config", folder).exit_code == 0
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
    assert "1 feeds, 1 watches" in found.stdout
    assert "alerts go to the terminal" in found.stdout


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


def test_a_question_before_the_first_run_is_answered(config: Path) -> None:
    """Without a database the line names the cure."""
    for command in (("status",), ("feeds", "list"), ("why", "1")):
        found = run(*command)
        assert found.exit_code == 1
        assert "there is no database yet; start it with: tipoff run" in found.stderr


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
