"""One table of commands: the help, the menus and the answers come from it. Pure but for what commands ask."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.chat.context import CommandContext, CommandResult
from bot.chat.feed_commands import ABOUT_FEED, add_feed, added, feeds, remove_feed
from bot.chat.hour_commands import digest, pause, quiet, timezone, topics
from bot.chat.member_commands import expel, invite, members
from bot.chat.phrases import answer_of, bold, command, line
from bot.chat.question_commands import backup, search, stats, status, why
from bot.chat.watch_commands import ABOUT_WATCH, confirmed, export, unwatch, watch, watches


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its name, what it does in a few words, how it answers, and what else is known of it.

    Where its answer asks whether to go on, `about` names the question, and `confirm` is what a yes carries out.
    """

    name: str
    help: str
    answer: Callable[[CommandContext], Awaitable[CommandResult]]
    for_owner: bool = False
    for_strangers: bool = False  # stands in the menus of chats that are not members, too
    is_slow: bool = False  # asks publishers or goes through a month: fewer a minute, and beside all others
    about: str = ""
    confirm: Callable[[CommandContext, str], Awaitable[CommandResult]] | None = None


async def _start(context: CommandContext) -> CommandResult:
    return CommandResult(
        answer_of(
            line("Tipoff is watching for you. This chat is called ", bold(context.chat), "."),
            line(
                "Begin with ",
                bold("/watch Ilse Marten"),
                ", or whoever makes news for you; ",
                command("help"),
                " lists the rest.",
            ),
        )
    )


async def _help(context: CommandContext) -> CommandResult:
    known = commands_for(is_owner=context.member.is_owner)
    lines = [line(command(one.name), f" – {one.help}") for one in known]
    return CommandResult(answer_of("What you can ask:", *lines))


START = "start"
"""The command that a link with a code sends (core.telegram.org/bots/features#deep-linking)."""

COMMANDS: tuple[Command, ...] = (
    Command(
        "watch",
        "watch a name, an event or words: /watch departures at OpenAI",
        watch,
        is_slow=True,
        about=ABOUT_WATCH,
        confirm=confirmed,
    ),
    Command("watches", "what is watched for this chat", watches),
    Command("unwatch", "take a watch off", unwatch),
    Command("pause", "no news for a while, or none of one watch", pause),
    Command("feeds", "where the news comes from", feeds),
    Command(
        "addfeed",
        "add a feed; the address of a page is enough",
        add_feed,
        is_slow=True,
        about=ABOUT_FEED,
        confirm=added,
    ),
    Command("removefeed", "take off a feed that was added here", remove_feed),
    Command("digest", "the hour of the daily digest", digest),
    Command("quiet", "hours in which only what is urgent is told", quiet),
    Command("timezone", "the time zone of this chat", timezone),
    Command("topics", "in a forum: a topic for each watch, or not", topics),
    Command("why", "why something was told, or not: answer an alert with it", why),
    Command("search", "find what was read", search),
    Command("stats", "a picture of the last 30 days", stats),
    Command("status", "feeds, last poll, queue", status),
    Command("export", "this chat's watches for the config file", export),
    Command(START, "what this bot does", _start, for_strangers=True),
    Command("help", "this list", _help, for_strangers=True),
    Command("invite", "a link by which a person, group or channel joins", invite, for_owner=True),
    Command("members", "who joined", members, for_owner=True),
    Command("expel", "let a chat that joined be no member any more", expel, for_owner=True),
    Command("backup", "copy the database now", backup, for_owner=True),
)


def commands_for(*, is_owner: bool) -> tuple[Command, ...]:
    """Return the commands that somebody may use."""
    return tuple(one for one in COMMANDS if is_owner or not one.for_owner)


def find_command(name: str) -> Command | None:
    """Return the command of a name."""
    return next((one for one in COMMANDS if one.name == name), None)


def read_command(text: str) -> tuple[str, str, str]:
    """Return a command's name, the bot it is for ("" for any) and the words behind it; no name for what is none."""
    if not text.startswith("/"):
        return "", "", text
    head, *rest = text.split(maxsplit=1)
    name, _, bot = head[1:].partition("@")
    return name.lower(), bot, rest[0].strip() if rest else ""


async def answer(name: str, context: CommandContext) -> CommandResult:
    """Return what a command comes to; what is none gets a hint."""
    known = commands_for(is_owner=context.member.is_owner)
    wanted = next((one for one in known if one.name == name), None)
    if wanted is None:
        return CommandResult(
            answer_of(
                line(
                    "I do not know that; ",
                    command("help"),
                    " lists what I do. To watch something: ",
                    bold("/watch Ilse Marten"),
                )
            )
        )
    return await wanted.answer(context)
