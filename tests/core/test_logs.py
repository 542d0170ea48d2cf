"""No secret in the log, at any level."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from bot.core import logs

TOKEN = "123456789:AAE-" + "x" * 30


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what is printed of a token in message, arguments, exception and traceback, at DEBUG."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    hook = sys.excepthook
    try:
        logs.set_up("debug")
        try:
            int(f"https://api.telegram.org/bot{TOKEN}/getMe")
        except ValueError:
            logging.getLogger("some.library").exception("failed for %s", TOKEN)
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        sys.excepthook = hook
    return capsys.readouterr().err


def test_every_part_of_a_record_is_redacted(capsys: pytest.CaptureFixture[str]) -> None:
    """Of any logger."""
    text = printed(capsys)

    assert "failed for <token>" in text
    assert "Traceback" in text
    assert TOKEN not in text


def test_a_log_that_is_not_redacted_would_be_seen(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The null control: the token stands in the message, in the exception and in the line of code it came from."""
    monkeypatch.setattr(logs.Redact, "filter", lambda self, record: True)

    assert printed(capsys).count(TOKEN) >= 2


def test_a_command_warns_as_it_tells_its_errors() -> None:
    """One line after the program's name; what the libraries say of pages they cannot read is left out."""
    script = """if True:
        import logging
        from bot.core import logs
        logs.set_up_for_a_command()
        logging.getLogger("bot.x").warning("%s can be read", "https://ada:secret@feeds.example/")
        logging.getLogger("telegram.request.BaseRequest").error("<html>", exc_info=ValueError("x"))
        logging.getLogger("bot.x").info("nothing")
    """
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stderr == "tipoff: https://<secret>@feeds.example/ can be read\n"


def test_a_bug_that_ends_the_program_shows_no_secret(tmp_path: Path) -> None:
    """The last traceback is redacted too."""
    script = f"from bot.core import logs\nlogs.set_up('info')\nraise RuntimeError('bot{TOKEN}')\n"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "RuntimeError: <token>" in done.stderr
    assert TOKEN not in done.stderr
