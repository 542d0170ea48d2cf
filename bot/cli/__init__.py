"""The command line, one command a function; `tipoff --help` lists them.

Face:
    commands
"""

import click

from bot import __version__
from bot.cli.backtest import backtest
from bot.cli.backups import backup, restore
from bot.cli.common import Commands
from bot.cli.daemon import once, pair, run
from bot.cli.demo import demo
from bot.cli.feeds import feeds
from bot.cli.questions import check, init, status, why
from bot.cli.try_out import misses, search, try_text
from bot.cli.watches import watches
from bot.core import logs


@click.group("tipoff", cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tipoff")
def commands() -> None:
    """Tipoff watches news feeds and tells a Telegram chat, once, when somebody or something you watch makes news."""
    logs.set_up_for_a_command()


for command in (
    init,
    run,
    once,
    demo,
    check,
    try_text,
    misses,
    backtest,
    search,
    why,
    feeds,
    watches,
    status,
    pair,
    backup,
    restore,
):
    commands.add_command(command)
