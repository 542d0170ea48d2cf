"""What every command shares: the configuration folder, the consoles, errors in one clear line."""

import json
import sys
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
from rich.console import Console

from bot.config.load import Configuration, find_database
from bot.core.errors import StoreError, TipoffError
from bot.core.model import Match
from bot.core.secrets import redact
from bot.store.store import open_to_read

F = TypeVar("F", bound=Callable[..., Any])

out = Console(highlight=False, soft_wrap=True)

config_option = click.option(
    "--config",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("config"),
    show_default=True,
    help="The folder with tipoff.toml, feeds.toml and watchlist.toml.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of words.")


def clear_errors(command: F) -> F:
    """Let a command end on a mistake a person can cure with one line an error, and exit code 1."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except TipoffError as error:
            fail(str(error))
        except BaseExceptionGroup as group:  # of parts side by side; with a bug among them, all of it is shown
            errors, bugs = group.split(TipoffError)
            if bugs is not None or errors is None:
                raise
            fail("\n".join(dict.fromkeys(str(error) for error in _leaves(errors))))

    return wrapped  # type: ignore[return-value]  # same signature, by wraps


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


class Commands(click.Group):
    """The commands; a wrong call of one ends in one line with the cure, and exit code 2."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the arguments of the program itself."""
        try:
            return super().make_context(*args, **kwargs)
        except click.UsageError as error:
            raise _in_one_line(error, self.name or "") from error

    def invoke(self, ctx: click.Context) -> Any:
        """Read the arguments of a command, and carry it out."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise _in_one_line(error, ctx.command_path) from error


class _WrongCall(click.ClickException):
    exit_code = 2

    def show(self, file: Any = None) -> None:
        warn(self.message)


def _in_one_line(error: click.UsageError, program: str) -> click.ClickException:
    """Return a wrong call as one line, with how it is written; help that nobody asked for stays as it is."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error
    said = " ".join(error.format_message().split()).rstrip(".")
    context = error.ctx
    if context is None:
        return _WrongCall(f"{said} (see {program} --help)")
    pieces = [piece for piece in context.command.collect_usage_pieces(context) if piece != "[OPTIONS]"]
    has_usage = not isinstance(context.command, click.Group) and pieces
    cure = f": {context.command_path} {' '.join(pieces)}" if has_usage else ""
    return _WrongCall(f"{said}{cure} (see {context.command_path} --help)")


def fail(text: str) -> NoReturn:
    """Print an error and end with exit code 1."""
    warn(text)
    sys.exit(1)


def warn(text: str) -> None:
    """Print what is wrong, and go on."""
    for line in redact(text).splitlines():
        click.echo(f"tipoff: {line}", err=True)


def counted(number: int, one: str, many: str) -> str:
    """Return a number with its noun: "1 watch", "2 watches"."""
    return f"{number} {one if number == 1 else many}"


def print_json(value: object) -> None:
    """Print a value as one line of JSON."""
    click.echo(json.dumps(value, ensure_ascii=False, default=str))


def match_as_json(match: Match) -> dict[str, object]:
    """Return a match as scripts read it."""
    event = match.event
    return {
        "watch": match.watch,
        "event": event.kind if event else None,
        "certainty": event.certainty if event else None,
        "people": event.people if event else (),
        "organisations": event.organisations if event else (),
        "where": match.where,
        "evidence": "; ".join(piece.text for piece in match.evidence),
    }


def database_of(folder: Path, *, quiet: bool = False) -> Path:
    """Return where the database lies, whatever mistakes the configuration has: a daemon goes on with the old one."""
    path, is_good = find_database(folder)
    if not is_good and not quiet:
        warn(f"the configuration in {folder} has mistakes; see them with: tipoff check --config {folder}")
    return path


def load_whole(folder: Path) -> Configuration:
    """Return the configuration with the watches and feeds that were added in chats. Raises ConfigError.

    Where the database cannot be read, that is said, and what the files hold is returned.
    """
    configuration = Configuration.load(folder)
    path = Path(configuration.settings.store.path)
    if not path.exists():
        return configuration
    try:
        with open_to_read(path) as store:
            whole, refused = configuration.with_chats(store.own_watches(), store.own_feeds())
    except StoreError as error:
        warn(f"without what was added in chats: {error}")
        return configuration
    for name, reason in refused:
        warn(f"the watch {name!r} does not work any more: {reason}")
    return whole
