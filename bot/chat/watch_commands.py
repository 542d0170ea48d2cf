"""/watch, /watches, /unwatch, /export: what a chat watches. Pure but for what it asks."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.chat.access import MOST_WATCHES
from bot.chat.context import CommandContext, CommandResult
from bot.chat.phrases import (
    answer_of,
    block,
    bold,
    code,
    command,
    describe,
    echo,
    headline,
    is_own,
    line,
    meaning,
    own_name,
)
from bot.core.errors import StoreError, WatchError
from bot.core.model import AddWatch, Ask, Button, ButtonAction, RemoveWatch, Trial, WatchSpec
from bot.core.phrases import ago, ahead, counted, span
from bot.core.text import fold
from bot.core.watch_text import watch_as_toml

ABOUT_WATCH = "watch"  # what a question is about
_LIVES = timedelta(days=1)  # a question
_SHOWN = 3  # stories of a trial
_HOW = (
    line("Say what, in a line:"),
    line(code("/watch Ilse Marten"), " – a person"),
    line(code("/watch departures at OpenAI"), " – who leaves, however it is worded"),
    line(code("/watch leaving OpenAI"), " – the same, as you would say it"),
    line(code('/watch "open source"'), " – exactly these words"),
    line(code("/watch OpenAI not podcast"), " – but not with that word"),
    line(code("/watch high: outages at AWS"), " – at any hour; low: quietly"),
)
_FULL = answer_of(
    line(
        f"This chat has {MOST_WATCHES} watches, which is as many as there may be; ",
        command("unwatch"),
        " takes one off.",
    )
)


async def watch(context: CommandContext) -> CommandResult:
    """Show how a line is understood and what it would have found, and ask whether to watch that."""
    if not context.words:
        return CommandResult(answer_of(*_HOW))
    try:
        spec = context.services.understand(context.words, context.chat)
    except WatchError as error:
        return CommandResult(
            answer_of(line("I cannot watch that: ", str(error), "."), line("See ", code("/watch"), " for how."))
        )
    if _is_full(spec, context):
        return CommandResult(_FULL)
    try:
        trial = await context.services.try_out(spec)
        caught = _caught(trial, context.now)
    except StoreError as error:
        trial, caught = Trial(context.now, 0, 0, ()), f"It could not be tried on what is stored ({error})."
    lines = [
        line("Watch for ", bold(meaning(spec)), "?"),
        line(caught),
        *(
            line("• ", headline(item.title, item.url), f" · {item.outlet} · {ago(item.seen, context.now)}")
            for item in trial.newest[:_SHOWN]
        ),
    ]
    if any(spec.name == other.name for other in _own(context)):
        lines.append(line("It takes the place of the watch of the same name."))
    buttons = [
        Button("Watch it", data=f"{ButtonAction.YES}:{context.token}", is_main=True),
        Button("No", data=f"{ButtonAction.NO}:{context.token}"),
    ]
    question = Ask(context.token, ABOUT_WATCH, context.words, context.user_id, context.now + _LIVES)
    return CommandResult(answer_of(*lines, buttons=[buttons]), (question,))


def _own(context: CommandContext) -> list[WatchSpec]:
    return [spec for spec in context.services.watches() if is_own(spec, context.chat)]


def _is_full(spec: WatchSpec, context: CommandContext) -> bool:
    """Say whether a chat has as many watches as it may, and this would be one more."""
    own = _own(context)
    return len(own) >= MOST_WATCHES and all(spec.name != other.name for other in own)


def _caught(trial: Trial, now: datetime) -> str:
    if not trial.items:
        return "Nothing is stored yet to try it on."
    times = counted(trial.stories, "story", "stories") if trial.stories else "nothing"
    if trial.is_cut:
        return f"In {trial.items:,} headlines it would have told you {times}; the trial was ended there."
    lately = span((now - trial.since).total_seconds())
    return f"In the last {lately} it would have told you {times} ({trial.items:,} headlines)."


async def confirmed(context: CommandContext, text: str) -> CommandResult:
    """Watch what was asked about."""
    spec = context.services.understand(text, context.chat)
    if _is_full(spec, context):
        return CommandResult(_FULL, replaces=True)
    answer = answer_of(
        line("✓ Watching for ", bold(meaning(spec)), "."),
        line(command("watches"), " lists all, ", command("unwatch"), " takes one off."),
    )
    return CommandResult(answer, (AddWatch(spec, context.user_id),), toast="Watching", replaces=True)


async def watches(context: CommandContext) -> CommandResult:
    """List what is watched for this chat."""
    mine = [spec for spec in context.services.watches() if context.chat in spec.to]
    if not mine:
        return CommandResult(answer_of("Nothing is watched for this chat yet.", *_HOW))
    snoozed = await context.store.snoozed(context.chat, context.now)
    lines = [line(counted(len(mine), "watch tells", "watches tell"), " this chat:")]
    for spec in mine:
        remark = "" if is_own(spec, context.chat) else " · from the config file"
        if spec.name in snoozed:
            remark += f" · snoozed, ends {ahead(snoozed[spec.name], context.now)}"
        lines.append(line("• ", describe(spec, own_name(spec.name, context.chat)), remark))
    return CommandResult(answer_of(*lines))


async def unwatch(context: CommandContext) -> CommandResult:
    """Take a watch off: the one that is named, or one that is chosen."""
    own = _own(context)
    if not context.words:
        if not own:
            return CommandResult(
                answer_of("No watch was made in this chat. Those of the config file are edited there.")
            )
        names = [line("• ", code(f"/unwatch {own_name(spec.name, context.chat)}")) for spec in own]
        return CommandResult(answer_of("Which one?", *names))
    spec = find(context.words, own, context.chat)
    if spec is None:
        if find(context.words, context.services.watches(), context.chat) is not None:
            return CommandResult(
                answer_of("That watch stands in the config file, and is taken off there (watchlist.toml).")
            )
        return CommandResult(
            answer_of(line("No watch is called “", echo(context.words), "”: ", command("watches"), " lists them."))
        )
    name = own_name(spec.name, context.chat)
    return CommandResult(answer_of(line("“", name, "” is watched no more.")), (RemoveWatch(spec.name),))


def find(name: str, watches: Sequence[WatchSpec], chat: str) -> WatchSpec | None:
    """Return the watch that a person means by a name: whole, or the only one that begins so."""
    mine = [spec for spec in watches if chat in spec.to]
    wanted = name.strip().casefold()
    whole = next((spec for spec in mine if own_name(spec.name, chat).casefold() == wanted), None)
    if whole is not None:
        return whole
    begun = [spec for spec in mine if fold(own_name(spec.name, chat)).startswith(fold(wanted))]
    return begun[0] if len(begun) == 1 and wanted else None


async def export(context: CommandContext) -> CommandResult:
    """Write the watches of this chat as they would stand in watchlist.toml."""
    own = _own(context)
    if not own:
        return CommandResult(
            answer_of(line("No watch was made in this chat; ", command("watches"), " lists those of the config file."))
        )
    tables = [watch_as_toml(replace(spec, name=own_name(spec.name, context.chat))) for spec in own]
    return CommandResult(answer_of("For watchlist.toml:", *(line(block(table)) for table in tables)))
