"""What root writes beside somebody else's database."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.chat.pairing import PairingCode
from bot.config.edit import FeedsFile
from bot.core.errors import TipoffError
from bot.core.files import open_beside
from bot.core.model import FeedSpec
from bot.feeds.manual_check import CheckTimes
from bot.store.engine.backup import folder_of
from bot.store.engine.lock import only_instance
from bot.store.store import Store
from tests.test_cli import run

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")


@pytest.fixture
def database() -> Iterator[Path]:
    """Return a database that belongs to another user than root."""
    with tempfile.TemporaryDirectory() as folder:  # where another user can come, unlike tmp_path
        path = Path(folder) / "data" / "tipoff.db"
        path.parent.mkdir(mode=0o700)
        Path(folder).chmod(0o755)
        Store(path).close()
        for file in (path.parent, *path.parent.iterdir()):
            os.chown(file, NOBODY, NOBODY)
        yield path


def check(database: Path) -> None:
    """Check a feed by hand."""
    CheckTimes(database).put_off("https://a.example/", NOW, timedelta(hours=1))


def pair(database: Path) -> None:
    """Make a pairing code."""
    PairingCode(database).issue(NOW)


def lock(database: Path) -> None:
    """Take the lock."""
    with only_instance(database):
        pass


def edit(database: Path) -> None:
    """Add a feed beside the database."""
    FeedsFile(database.parent).add((), [FeedSpec("https://a.example/feed", "A", ())], ())


def back_up(database: Path) -> None:
    """Make a backup, and put it back."""
    config = database.parent / "config"
    config.mkdir(exist_ok=True)
    (config / "tipoff.toml").write_text(f'[store]\npath = "{database}"\n', "utf-8")
    for name in ("feeds.toml", "watchlist.toml"):
        (config / name).touch()
    assert run("backup", "--config", str(config)).exit_code == 0
    assert run("restore", "--config", str(config)).exit_code == 0


@as_root
@pytest.mark.parametrize("write", [check, pair, edit, back_up])
def test_what_root_writes_belongs_to_the_owner_of_the_database(database: Path, write: Callable[[Path], None]) -> None:
    """And only that user can read it, but for the list of feeds; root is root again afterwards."""
    before = set(database.parent.rglob("*"))
    write(database)
    made = [file for file in set(database.parent.rglob("*")) - before if "config" not in str(file)]

    assert made
    assert {file.stat().st_uid for file in (database, *made)} == {NOBODY}
    assert all(file.name == "feeds.toml" or file.stat().st_mode & 0o077 == 0 for file in made)
    assert os.geteuid() == 0


@as_root
@pytest.mark.parametrize(
    ("write", "name"),
    [(check, "tipoff.db.checks"), (pair, "tipoff.db.pairing"), (pair, "tipoff.db.new"), (lock, "tipoff.db.lock")],
)
def test_a_link_leads_root_nowhere(database: Path, write: Callable[[Path], None], name: str) -> None:
    """It was put there by the daemon's user, and leads to a file of root's."""
    target = database.parent.parent / "precious"
    target.write_text("keep", "utf-8")
    database.with_name(name).unlink(missing_ok=True)
    database.with_name(name).symlink_to(target)
    with suppress(TipoffError):
        write(database)

    assert target.read_text("utf-8") == "keep"
    assert target.stat().st_uid == 0


@as_root
def test_a_link_in_the_place_of_the_backups_leads_root_nowhere(database: Path) -> None:
    """The folder of the copies may be one, too."""
    target = database.parent.parent / "etc"
    target.mkdir()
    folder_of(database).symlink_to(target)
    with pytest.raises(AssertionError):
        back_up(database)

    assert list(target.iterdir()) == []


def test_a_link_that_is_followed_would_be_seen(tmp_path: Path) -> None:
    """The null control: the system's own way to open follows it, ours does not."""
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match="symbolic"):
        open_beside(tmp_path / "link", os.O_RDWR | os.O_CREAT)
    assert not (tmp_path / "target").exists()
    (tmp_path / "link").write_text("x", "utf-8")
    assert (tmp_path / "target").exists()


def test_a_file_is_private_from_its_first_moment_on(tmp_path: Path) -> None:
    """Whatever the umask says."""
    before = os.umask(0)
    try:
        handle = open_beside(tmp_path / "new", os.O_RDWR | os.O_CREAT)
        assert os.fstat(handle).st_mode & 0o777 == 0o600
        os.close(handle)
    finally:
        os.umask(before)
