"""/why, /search, /stats, /status, /backup: what can be asked. Pure but for what it asks."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from bot.chat.picture import draw
from bot.chat.talk import Said, Talk
from bot.chat.words import ago, ahead, bold, code, counted, headline, line, own_name, said
from bot.errors import StoreError
from bot.links import is_web
from bot.model import Answer, Explained, Status

_FOUND = 10  # items of a search
_EXPLAINED = 12  # decisions that are told
_DRAWN = 30  # days
_STORY = re.compile(r"story \d+")


async def why(talk: Talk) -> Said:
    """Tell every decision about an item or a story, as far as it was about this chat."""
    wanted = talk.words
    if not wanted and talk.reply_to is not None:
        story = await talk.store.story_told_by(talk.chat, talk.reply_to)
        wanted = "" if story is None else f"story {story}"
    if not wanted:
        return Said(said(line("Answer an alert with ", code("/why"), ", or name a link: ", code("/why https://…"))))
    if not (wanted.isdecimal() or is_web(wanted) or _STORY.fullmatch(wanted)):
        return Said(said(line("That is no link: ", code("/why https://…"), "; or answer an alert with ", code("/why"))))
    decisions = await talk.store.explain(wanted, talk.chat)
    if not decisions:
        return Said(said("No watch of this chat wanted that, or no feed brought it, or it is older than what is kept."))
    return Said(explained(decisions, talk.chat, talk.now))


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
    return said(*lines)


async def search(talk: Talk) -> Said:
    """Find stored items."""
    if not talk.words:
        return Said(
            said(
                line(
                    "What? ", code("/search Ilse Marten"), " – all of the words; ", code("depart*"), " – what begins so"
                )
            )
        )
    found = await talk.store.search(talk.words, _FOUND)
    if not found:
        return Said(said("Nothing that is stored has all of these words."))
    return Said(
        said(
            *(
                line("• ", headline(item.title, item.url), f" · {item.outlet} · {ago(item.seen, talk.now)}")
                for item in found
            )
        )
    )


async def stats(talk: Talk) -> Said:
    """Draw what this chat was told of late."""
    found = await talk.store.stats(talk.chat, talk.now, _DRAWN)
    (caption,) = said(line(f"The last {_DRAWN} days: ", bold(counted(found.stories, "story", "stories"))))
    return Said((replace(caption, picture=draw(found, talk.chat)),))


async def status(talk: Talk) -> Said:
    """Tell how the newsroom is doing; what is of other chats, the owner only."""
    lines = status_text(await talk.room.status(), talk.now).split("\n")
    return Said(said(*(lines if talk.member.is_owner else lines[:3])))


async def backup(talk: Talk) -> Said:
    """Copy the database."""
    try:
        name = await talk.room.backup()
    except StoreError as error:
        return Said(said(line("No backup was made: ", str(error))))
    return Said(said(line("✓ ", code(name), ": checked, beside the database.")))


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
