"""/quiet, /digest, /timezone, /pause, /topics: when and where a chat is sent what. Pure but for what it asks."""

import re
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from bot.chat.context import CommandContext, CommandResult
from bot.chat.phrases import answer_of, bold, code, command, echo, line, own_name
from bot.chat.watch_commands import find
from bot.core.model import Hours, Mutation, Quiet, SetHours, SetPause, SetTopics, Snooze
from bot.core.phrases import ahead
from bot.core.settings import parse_duration

_WEEKS = re.compile(r"(\d{1,3})w")
_OFF = {"off", "none", "no", "never"}
_LONGEST_PAUSE = timedelta(days=90)
_NO_ZONES = {"localtime", "posixrules", "Factory"}
_USUAL_PAUSE = timedelta(days=1)


async def quiet(context: CommandContext) -> CommandResult:
    """Set the hours in which only what is urgent is sent."""
    if not context.words:
        hours = await context.store.hours(context.chat)
        now = f"Quiet from {hours.quiet.start:%H:%M} to {hours.quiet.end:%H:%M}" if hours.quiet else "No quiet hours"
        return CommandResult(
            answer_of(
                line(bold(now), f" ({hours.timezone.key})."),
                line("Set them: ", code("/quiet 22:00-07:00"), ", ", code("/quiet off")),
            )
        )
    if context.words.lower() in _OFF:
        return CommandResult(answer_of("No hours are quiet any more."), (SetHours(quiet=""),))
    start, _, end = context.words.replace("–", "-").replace(" ", "").partition("-")
    begins, ends = _hour(start), _hour(end)
    wanted = Quiet(begins, ends) if begins is not None and ends is not None else None
    if wanted is None or wanted.start == wanted.end:
        return CommandResult(
            answer_of(
                line("Hours were expected, such as ", code("/quiet 22:00-07:00"), "; or ", code("/quiet off"), ".")
            )
        )
    hours = await context.store.hours(context.chat)
    return CommandResult(
        answer_of(
            line(
                "Quiet from ",
                bold(f"{wanted.start:%H:%M}"),
                " to ",
                bold(f"{wanted.end:%H:%M}"),
                f" ({hours.timezone.key}).",
            ),
            "What is urgent goes through, the rest waits for the end.",
        ),
        (SetHours(quiet=str(wanted)),),
    )


async def digest(context: CommandContext) -> CommandResult:
    """Set the hour of the daily digest."""
    hours = await context.store.hours(context.chat)
    if not context.words:
        now = f"A digest at {hours.digest:%H:%M}" if hours.digest else "No daily digest"
        return CommandResult(
            answer_of(
                line(bold(now), f" ({hours.timezone.key})."),
                line("Set it: ", code("/digest 08:00"), ", ", code("/digest off")),
            )
        )
    if context.words.lower() in _OFF:
        return CommandResult(
            answer_of("There is no daily digest any more: what has low priority is told at once, without a sound."),
            (SetHours(digest=""),),
        )
    at = _hour(context.words)
    if at is None:
        return CommandResult(
            answer_of(line("An hour was expected, such as ", code("/digest 08:00"), "; or ", code("/digest off"), "."))
        )
    return CommandResult(
        answer_of(
            line("A digest every day at ", bold(f"{at:%H:%M}"), f" ({hours.timezone.key}), with what has low priority.")
        ),
        (SetHours(digest=f"{at:%H:%M}"),),
    )


def _hour(text: str) -> time | None:
    whole = f"{int(text):02}:00" if text.isdecimal() and len(text) < 3 else text.zfill(5)
    try:
        at = time.fromisoformat(whole)
    except ValueError:
        return None
    return at.replace(second=0, microsecond=0) if at.tzinfo is None else None


async def timezone(context: CommandContext) -> CommandResult:
    """Set the time zone of the chat."""
    if not context.words:
        hours = await context.store.hours(context.chat)
        return CommandResult(
            answer_of(
                line(
                    "Times are of ",
                    bold(hours.timezone.key),
                    ": it is ",
                    f"{context.now.astimezone(hours.timezone):%H:%M}",
                    " now.",
                ),
                line("Set it: ", code("/timezone Europe/Berlin")),
            )
        )
    zone = _zone(context.words)
    if zone is None:
        return CommandResult(
            answer_of(
                line(
                    "No time zone is called so. They are named by continent and city: ", code("/timezone Europe/Berlin")
                )
            )
        )
    return CommandResult(
        answer_of(
            line("Times are of ", bold(zone.key), " from now on: it is ", f"{context.now.astimezone(zone):%H:%M}", ".")
        ),
        (SetHours(timezone=zone.key),),
    )


def _zone(text: str) -> ZoneInfo | None:
    """Return a time zone by its name, in whatever case it is typed."""
    name = _zones().get(text.strip().replace(" ", "_").casefold())
    return None if name is None else ZoneInfo(name)


@lru_cache(maxsize=1)
def _zones() -> Mapping[str, str]:
    """Return the names of time zones by how they read in small letters; none that means the one of this machine."""
    return {name.casefold(): name for name in available_timezones() - _NO_ZONES}


async def topics(context: CommandContext) -> CommandResult:
    """Send what each watch finds to a topic of its own, or all in the chat itself."""
    word = context.words.lower()
    if word in _OFF:
        return CommandResult(
            answer_of("All is told in the chat itself from now on; the topics stay."), (SetTopics(wanted=False),)
        )
    if not context.is_forum:
        return CommandResult(answer_of("This chat has no topics: an admin turns them on in its settings."))
    if word not in {"on", "yes"}:
        return CommandResult(
            answer_of(
                line(code("/topics on"), " – a topic for each watch; ", code("/topics off"), " – all in one place")
            )
        )
    return CommandResult(
        answer_of("Each watch has a topic of its own from now on; it is opened when there is news."),
        (SetTopics(wanted=True),),
    )


async def pause(context: CommandContext) -> CommandResult:
    """Send the chat no news for a while, or put what one watch finds into a digest."""
    words = context.words.split()
    span = _span(words[-1]) if words else None
    is_off = bool(words) and words[-1].lower() in _OFF
    name = " ".join(words[:-1] if words and (span is not None or is_off) else words)
    if not words:
        hours = await context.store.hours(context.chat)
        now = (
            f"Paused, ends {ahead(hours.paused_until, context.now)}."
            if _is_on(hours, context.now)
            else "Nothing is paused."
        )
        ways = (
            line(code("/pause 2h"), " – this chat"),
            line(code("/pause off"), " – go on"),
            line(code("/pause Ilse Marten 1w"), " – one watch"),
        )
        return CommandResult(answer_of(now, *ways))
    if span is not None and not timedelta(0) < span <= _LONGEST_PAUSE:
        return CommandResult(answer_of(line("A pause takes some time, and at most 90 days: ", code("/pause 2h"), ".")))
    until = None if is_off else context.now + (span or _USUAL_PAUSE)
    if not name:
        return _pause_all(until, context.now)
    spec = find(name, context.services.watches(), context.chat)
    if spec is None:
        return CommandResult(
            answer_of(line("No watch is called “", echo(name), "”: ", command("watches"), " lists them."))
        )
    change: Mutation = Snooze(spec.name, until)
    if until is None:
        return CommandResult(
            answer_of(line("“", own_name(spec.name, context.chat), "” tells at once again.")), (change,)
        )
    return CommandResult(
        answer_of(
            line(
                "“",
                own_name(spec.name, context.chat),
                f"” rests; what it finds comes in a digest {ahead(until, context.now)}.",
            )
        ),
        (change,),
    )


def _pause_all(until: datetime | None, now: datetime) -> CommandResult:
    if until is None:
        return CommandResult(answer_of("The pause is over: news are told at once again."), (SetPause(None),))
    return CommandResult(
        answer_of(f"No news until the pause ends {ahead(until, now)}. Nothing is lost: they come then."),
        (SetPause(until),),
    )


def _is_on(hours: Hours, now: datetime) -> bool:
    return hours.paused_until is not None and hours.paused_until > now


def _span(text: str) -> timedelta | None:
    if weeks := _WEEKS.fullmatch(text):
        return timedelta(weeks=int(weeks[1]))
    try:
        return parse_duration(text)
    except ValueError:
        return None
