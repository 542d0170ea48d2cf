"""tipoff watches: the watches in force, those of chats among them, with their fields."""

from pathlib import Path

import click
from rich.text import Text

from bot.cli.common import clear_errors, config_option, json_option, load_whole, out, print_json
from bot.core.model.watches import WATCH_FIELDS
from bot.core.watch_text import set_fields


@click.command()
@config_option
@json_option
@clear_errors
def watches(folder: Path, as_json: bool) -> None:
    """Show the watches in force, those that were made in chats among them, with their fields."""
    found = load_whole(folder).watches
    if as_json:
        print_json([{field.key: getattr(spec, field.name) for field in WATCH_FIELDS} for spec in found])
        return
    for spec in found:
        out.print(Text(spec.name, style="bold").append(f" → {', '.join(spec.to)}", style="not bold cyan"))
        for field, value in set_fields(spec):
            if field.name not in {"name", "to"}:
                out.print(Text(f"  {field.key}: {', '.join(value) if field.is_list else value}"))
