"""/start, /invite, /members, /expel: who may ask, and how they come to it. Pure but for what it asks."""

import hashlib
import re
import unicodedata
from collections.abc import Collection
from datetime import timedelta

from bot.chat.context import CommandContext, CommandResult
from bot.chat.pairing import deep_link
from bot.chat.phrases import answer_of, bold, code, line
from bot.core.model import JOINED, Expel, Invite

_LIVES = timedelta(days=7)
_NAME = 24  # letters of a chat's name


def hash_of(code: str) -> str:
    """Return a code as it is kept."""
    return hashlib.sha256(code.encode("utf-8", "replace")).hexdigest()


async def invite(context: CommandContext) -> CommandResult:
    """Make a link by which one person, group or channel joins."""
    link = deep_link(context.bot, context.token)
    lines = (
        "One of these, once, within a week:",
        line(bold("A person"), " opens ", code(link)),
        line(bold("A group:"), " one of its admins opens ", code(link.replace("?start=", "?startgroup="))),
        line(bold("A channel:"), " add the bot as an admin, then post ", code(f"/start {context.token}"), " there"),
    )
    return CommandResult(answer_of(*lines), (Invite(hash_of(context.token), context.now + _LIVES),))


async def members(context: CommandContext) -> CommandResult:
    """List the chats that joined."""
    known = [member for member in (await context.store.members()).values() if member.has_joined]
    if not known:
        return CommandResult(answer_of(line("Nobody has joined yet; ", code("/invite"), " makes a link.")))
    return CommandResult(
        answer_of(
            "Who joined:", *(line("• ", bold(member.name), " · ", code(f"/expel {member.name}")) for member in known)
        )
    )


async def expel(context: CommandContext) -> CommandResult:
    """Let a chat that joined be no member any more."""
    known = [member for member in (await context.store.members()).values() if member.has_joined]
    wanted = next((member for member in known if member.name == context.words), None)
    if wanted is None:
        return CommandResult(answer_of(line("Nobody that joined is called so; ", code("/members"), " lists them.")))
    return CommandResult(
        answer_of(line(bold(wanted.name), " is no member any more; its watches are gone.")), (Expel(wanted.name),)
    )


def name_for(title: str, taken: Collection[str]) -> str:
    """Return a name for a chat that joins, like "@ai-team", that no other has."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    word = re.sub(r"[^a-z0-9]+", "-", plain.lower())[:_NAME].strip("-") or "chat"
    names = (f"{JOINED}{word}{'' if n == 1 else f'-{n}'}" for n in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)
