"""The one-time code."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.chat.pairing import PairingCode, deep_link
from bot.core.errors import StoreError

NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


def test_a_code_serves_once_and_for_an_hour(tmp_path: Path) -> None:
    """The right code fits until it is used up or an hour has passed; nothing else fits."""
    code = PairingCode(tmp_path / "x.db")
    assert not code.fits("", NOW)
    word = code.issue(NOW)

    assert code.fits(word, NOW + timedelta(minutes=59))
    assert not code.fits(word + "x", NOW)
    assert not code.fits("", NOW)
    assert not code.fits(word, NOW + timedelta(minutes=61))
    code.void()
    assert not code.fits(word, NOW)
    assert not code.is_live(NOW)


def test_a_new_code_voids_the_old(tmp_path: Path) -> None:
    """Only the newest link opens the bot."""
    code = PairingCode(tmp_path / "x.db")
    old, new = code.issue(NOW), code.issue(NOW)

    assert not code.fits(old, NOW)
    assert code.fits(new, NOW)


def test_the_code_itself_is_stored_nowhere(tmp_path: Path) -> None:
    """Only its digest lies in a file that its owner alone can read."""
    word = PairingCode(tmp_path / "x.db").issue(NOW)

    (file,) = tmp_path.iterdir()
    assert word not in file.read_text("utf-8")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """With the file and the cure."""
    (tmp_path / "file").write_text("where the folder should be", "utf-8")
    code = PairingCode(tmp_path / "file" / "x.db")

    with pytest.raises(StoreError, match=r"x\.db\.pairing: the pairing code cannot be kept .*is its folder writable"):
        code.issue(NOW)
    assert not code.is_live(NOW)


@pytest.mark.parametrize("stored", ["", "[]", "{}", '{"sha256": 1}', '{"sha256": "x", "until": "y"}', None])
def test_a_file_that_holds_no_code_is_none(tmp_path: Path, stored: str | None) -> None:
    """A stranger's /start would end the daemon otherwise; a new code makes it good."""
    code = PairingCode(tmp_path / "x.db")
    file = tmp_path / "x.db.pairing"
    if stored is None:
        file.mkdir()
    else:
        file.write_text(stored, "utf-8")
    assert not code.fits("hello", NOW)
    assert not code.is_live(NOW)
    if stored is not None:
        assert code.fits(code.issue(NOW), NOW)


def test_the_link_fits_telegrams_limit(tmp_path: Path) -> None:
    """A deep-link payload has at most 64 characters of A-Z, a-z, 0-9, _ and -."""
    word = PairingCode(tmp_path / "x.db").issue(NOW)

    assert len(word) <= 64
    assert word.replace("-", "").replace("_", "").isalnum()
    assert deep_link("tipoff_bot", word) == f"https://t.me/tipoff_bot?start={word}"
