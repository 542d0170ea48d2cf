"""/watch, /watches, /unwatch, /export: what a chat watches. Pure but for what it asks."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.chat.access import MOST_WATCHES
from bot.chat.talk import Said, Talk
from bot.chat.words import (
    ago,
    ahead,
    block,
    bold,
    code,
    command,
    counted,
    describe,
    echo,
    headline,
    is_own,
    line,
    meaning,
    own_name,
    said,
    span,
)
from bot.errors import StoreError, WatchError
from bot.model import AddWatch, Ask, Button, Press, RemoveWatch, Trial, WatchSpec
from bot.text import fold
from bot.toml import quoted

ABOUT_WATCH, ABOUT_UNWATCH = "watch", "unwatch"  # what a question is about
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
_FULL = said(
    line(
        f"This chat has {MOST_WATCHES} watches, which is as many as there may be; ",
        command("unwatch"),
        " takes one off.",
    )
)


async def watch(talk: Talk) -> Said:
    """Tell how a line is understood and what it would have caught, and ask whether to watch that."""
    if not talk.words:
        return Said(said(*_HOW))
    try:
        spec = talk.room.understand(talk.words, talk.chat)
    except WatchError as error:
        return Said(said(line("I cannot watch that: ", str(error), "."), line("See ", code("/watch"), " for how.")))
    if _is_full(spec, talk):
        return Said(_FULL)
    try:
        trial = await talk.room.try_out(spec)
        caught = _caught(trial, talk.now)
    except StoreError as error:
        trial, caught = Trial(talk.now, 0, 0, ()), f"It could not be tried on what is stored ({error})."
    lines = [
        line("Watch for ", bold(meaning(spec)), "?"),
        line(caught),
        *(
            line("• ", headline(item.title, item.url), f" · {item.outlet} · {ago(item.seen, talk.now)}")
            for item in trial.newest[:_SHOWN]
        ),
    ]
    if any(spec.name == other.name for other in _own(talk)):
        lines.append(line("It takes the place of the watch of the same name."))
    buttons = [
        Button("Watch it", data=f"{Press.YES}:{talk.token}", is_main=True),
        Button("No", data=f"{Press.NO}:{talk.token}"),
    ]
    question = Ask(talk.token, ABOUT_WATCH, talk.words, talk.user_id, talk.now + _LIVES)
    return Said(said(*lines, buttons=[buttons]), (question,))


def _own(talk: Talk) -> list[WatchSpec]:
    return [spec for spec in talk.room.watches() if is_own(spec, talk.chat)]


def _is_full(spec: WatchSpec, talk: Talk) -> bool:
    """Say whether a chat has as many watches as it may, and this would be one more."""
    own = _own(talk)
    return len(own) >= MOST_WATCHES and all(spec.name != other.name for other in own)


def _caught(trial: Trial, now: datetime) -> str:
    if not trial.items:
        return "Nothing is stored yet to try it on."
    times = counted(trial.stories, "story", "stories") if trial.stories else "nothing"
    if trial.is_cut:
        return f"In {trial.items:,} headlines it would have told you {times}; the trial was ended there."
    lately = span((now - trial.since).total_seconds())
    return f"In the last {lately} it would have told you {times} ({trial.items:,} headlines)."


def confirmed(talk: Talk, text: str) -> Said:
    """Watch what was asked about."""
    spec = talk.room.understand(text, talk.chat)
    if _is_full(spec, talk):
        return Said(_FULL, replaces=True)
    answer = said(
        line("✓ Watching for ", bold(meaning(spec)), "."),
        line(command("watches"), " lists all, ", command("unwatch"), " takes one off."),
    )
    return Said(answer, (AddWatch(spec, talk.user_id),), toast="Watching", replaces=True)


async def watches(talk: Talk) -> Said:
    """List what is watched for this chat."""
    mine = [spec for spec in talk.room.watches() if talk.chat in spec.to]
    if not mine:
        return Said(said("Nothing is watched for this chat yet.", *_HOW))
    snoozed = await talk.store.snoozed(talk.chat, talk.now)
    lines = [line(counted(len(mine), "watch tells", "watches tell"), " this chat:")]
    for spec in mine:
        remark = "" if is_own(spec, talk.chat) else " · from the config file"
        if spec.name in snoozed:
            remark += f" · snoozed, ends {ahead(snoozed[spec.name], talk.now)}"
        lines.append(line("• ", describe(spec, own_name(spec.name, talk.chat)), remark))
    return Said(said(*lines))


async def unwatch(talk: Talk) -> Said:
    """Take a watch off: the one that is named, or one that is chosen."""
    own = _own(talk)
    if not talk.words:
        if not own:
            return Said(said("No watch was made in this chat. Those of the config file are edited there."))
        names = [line("• ", code(f"/unwatch {own_name(spec.name, talk.chat)}")) for spec in own]
        return Said(said("Which one?", *names))
    spec = find(talk.words, own, talk.chat)
    if spec is None:
        if find(talk.words, talk.room.watches(), talk.chat) is not None:
            return Said(said("That watch stands in the config file, and is taken off there (watchlist.toml)."))
        return Said(said(line("No watch is called “", echo(talk.words), "”: ", command("watches"), " lists them.")))
    name = own_name(spec.name, talk.chat)
    return Said(said(line("“", name, "” is watched no more.")), (RemoveWatch(spec.name),))


def find(name: str, watches: Sequence[WatchSpec], chat: str) -> WatchSpec | None:
    """Return the watch that a person means by a name: whole, or the only one that begins so."""
    mine = [spec for spec in watches if chat in spec.to]
    wanted = name.strip().casefold()
    whole = next((spec for spec in mine if own_name(spec.name, chat).casefold() == wanted), None)
    if whole is not None:
        return whole
    begun = [spec for spec in mine if fold(own_name(spec.name, chat)).startswith(fold(wanted))]
    return begun[0] if len(begun) == 1 and wanted else None


async def export(talk: Talk) -> Said:
    """Write the watches of this chat as they would stand in watchlist.toml."""
    own = _own(talk)
    if not own:
        return Said(
            said(line("No watch was made in this chat; ", command("watches"), " lists those of the config file."))
        )
    tables = [as_toml(spec, talk.chat) for spec in own]
    return Said(said("For watchlist.toml:", *(line(block(table)) for table in tables)))


def as_toml(spec: WatchSpec, chat: str) -> str:
    """Return a watch as a table of watchlist.toml."""
    plain = WatchSpec("")
    keys = {"event": "events", "not": "exclude"}
    wanted = ("people", "organisations", "event", "keywords", "query", "regex", "not", "where", "certainty", "sources")
    lines = ["[[watch]]", f"name = {quoted(own_name(spec.name, chat))}"]
    for key in (*wanted, "tags", "priority"):
        value = getattr(spec, keys.get(key, key))
        if value != getattr(plain, keys.get(key, key)):
            lines.append(
                f"{key} = {quoted(value) if isinstance(value, str) else '[' + ', '.join(map(quoted, value)) + ']'}"
            )
    return "\n".join([*lines, f"to = [{quoted(chat)}]"])
