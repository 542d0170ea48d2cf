"""tipoff backup and restore: copies of the database, and how to get one back."""

from pathlib import Path

import click

from bot.cli.common import clear_errors, config_option, database_of, out
from bot.config.load import Configuration
from bot.core.clock import SystemClock
from bot.core.errors import StoreError
from bot.core.files import as_owner_of
from bot.store.engine.backup import backups
from bot.store.engine.backup import restore as put_back
from bot.store.engine.lock import only_instance
from bot.store.store import Store, back_up_beside


@click.command()
@config_option
@clear_errors
def backup(folder: Path) -> None:
    """Copy the database, also while the daemon runs; the copy is checked, and old ones are thrown away."""
    settings = Configuration.load(folder).settings.store
    path = Path(settings.path)
    with as_owner_of(path):
        copy = back_up_beside(path, SystemClock().now(), settings.backups)
    out.print(f"wrote {copy}", markup=False)


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@config_option
@clear_errors
def restore(file: Path | None, folder: Path) -> None:
    """Put a backup back, the newest if no FILE is named; what stands there is kept beside it. Stop the daemon first."""
    path = database_of(folder)
    with as_owner_of(path), only_instance(path):
        copies = backups(path)
        if file is None and not copies:
            raise StoreError(
                f"{path}: there is no backup of it yet; the daemon makes one each night, or: tipoff backup"
            )
        copy = file or copies[0]
        aside = put_back(path, copy, SystemClock().now())
        Store(path).close()  # a backup of an older version is brought up to date
    out.print(f"{copy} is in the place of {path}", markup=False)
    if aside is not None:
        out.print(f"what stood there is kept: {aside}", markup=False)
