"""/why, /search, /stats, /status, /backup: what can be asked. Pure but for what it asks."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from bot.chat.chart import draw
from bot.chat.context import CommandContext, CommandResult
from bot.chat.phrases import answer_of, bold, code, headline, line, own_name
from bot.core.errors import StoreError
from bot.core.links import is_web
from bot.core.model import Answer, Explained, Status
from bot.core.phrases import ago, ahead, counted

_FOUND = 10  # items of a search
_EXPLAINED = 12  # decisions that are shown
_DRAWN = 30  # days
_STORY = re.compile(r"story \d+")


async def why(context: CommandContext) -> CommandResult:
    """Show every decision about an item or a story, as far as it was about this chat."""
    wanted = context.words
    if not wanted and context.reply_to is not None:
        story = await context.store.story_sent_by(context.chat, context.reply_to)
        wanted = "" if story is None else f"story {story}"
    if not wanted:
        return CommandResult(
            answer_of(line("Answer an alert with ", code("/why"), ", or name a link: ", code("/why https://…")))
        )
    if not (wanted.isdecimal() or is_web(wanted) or _STORY.fullmatch(wanted)):
        return CommandResult(
            answer_of(line("That is no link: ", code("/why https://…"), "; or answer an alert with ", code("/why")))
        )
    decisions = await context.store.explain(wanted, context.chat)
    if not decisions:
        return CommandResult(
            answer_of("No watch of this chat wanted that, or no feed brought it, or it is older than what is kept.")
        )
    return CommandResult(explained(decisions, context.chat, context.now))


def explained(decisions: Sequence[Explained], chat: str, now: datetime) -> tuple[Answer, ...]:
    """Return what was decided about items, one after the other."""
    lines = []
    for _, group in groupby(decisions[:_EXPLAINED], key=lambda one: one.item_id):
        about = list(group)
        lines.append(line(headline(about[0].title, about[0].url), f" · {about[0].outlet} · {ago(about[0].seen, now)}"))
        for one in about:
            watch = (code(own_name(one.watch, chat)), " ") if one.watch else ()
            lines.append(line("   ", *watch, bold(one.action), f": {one.reason}"))
    if len(decisions) > _EXPLAINED:
        lines.append(line(f"and {len(decisions) - _EXPLAINED} more decisions: tipoff why"))
    return answer_of(*lines)


async def search(context: CommandContext) -> CommandResult:
    """Find stored items."""
    if not context.words:
        return CommandResult(
            answer_of(
                line(
                    "What? ", code("/search Ilse Marten"), " – all of the words; ", code("depart*"), " – what begins so"
                )
            )
        )
    found = await context.store.search(context.words, _FOUND)
    if not found:
        return CommandResult(answer_of("Nothing that is stored has all of these words."))
    return CommandResult(
        answer_of(
            *(
                line("• ", headline(item.title, item.url), f" · {item.outlet} · {ago(item.seen, context.now)}")
                for item in found
            )
        )
    )


async def stats(context: CommandContext) -> CommandResult:
    """Draw what this chat was sent in the last days."""
    found = await context.store.stats(context.chat, context.now, _DRAWN)
    (caption,) = answer_of(line(f"The last {_DRAWN} days: ", bold(counted(found.stories, "story", "stories"))))
    return CommandResult((replace(caption, picture=draw(found, context.chat)),))


async def status(context: CommandContext) -> CommandResult:
    """Show the state of feeds, items and outbox; what is of other chats, to the owner only."""
    lines = status_text(await context.services.status(), context.now).split("\n")
    return CommandResult(answer_of(*(lines if context.member.is_owner else lines[:3])))


async def backup(context: CommandContext) -> CommandResult:
    """Copy the database."""
    try:
        name = await context.services.backup()
    except StoreError as error:
        return CommandResult(answer_of(line("No backup was made: ", str(error))))
    return CommandResult(answer_of(line("✓ ", code(name), ": checked, beside the database.")))


def status_text(status: Status, now: datetime) -> str:
    """Return the status in a few lines for people."""
    lines = [
        f"Feeds: {status.feeds}, {status.feeds_failing} failing, {status.feeds_never_read} never read yet",
        f"Last poll: {_last_poll(status, now)}; next due: {ahead(status.next_due, now)}",
        f"Items: {status.items}, {status.items_pending} waiting for the desk; stories: {status.stories}",
        "Messages: " + (", ".join(f"{count} {state}" for state, count in status.outbox.items()) or "none yet"),
    ]
    if status.oldest_waiting is not None:
        lines.append(f"Oldest message waiting: {ago(status.oldest_waiting, now)}")
    lines += [
        f"{count} wait for the chat “{chat}”, which has no address yet: run  tipoff pair"
        if chat == "me"
        else f"{count} wait for the chat “{chat}”, which has no address"
        for chat, count in status.unpaired.items()
    ]
    lines += [
        f"{count} may not have arrived in the chat “{chat}”: Telegram left two attempts without an answer"
        for chat, count in status.unknown.items()
    ]
    lines += [f"The chat “{chat}” is paused: {reason}" for chat, reason in status.paused.items()]
    return "\n".join([*lines, f"SQLite {status.sqlite}"])


def _last_poll(status: Status, now: datetime) -> str:
    """Return when a feed was read at last and, when all fail, when one was tried in vain."""
    in_vain = status.last_poll is not None and status.feeds_failing == status.feeds
    tried = f" (tried in vain {ago(status.last_poll, now)})" if in_vain else ""
    return ago(status.last_success, now) + tried
