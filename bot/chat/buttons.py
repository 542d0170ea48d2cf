"""One table of buttons: what each press comes to. Pure but for what presses ask.

The data of a button is untrusted: `bot.chat.access` has checked the press, and its token was looked up, before anything
here is called.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from bot.chat.commands import COMMANDS
from bot.chat.context import CommandContext, CommandResult
from bot.chat.phrases import answer_of, own_name
from bot.chat.question_commands import explained
from bot.core.errors import WatchError
from bot.core.model import (
    ButtonAction,
    Label,
    Mark,
    MarkStory,
    Mutation,
    OpenMenu,
    Regroup,
    ShowInDigest,
    Snooze,
    TokenSubject,
    Touch,
    UseUp,
)

Answers = Callable[[CommandContext, TokenSubject, str], Awaitable[CommandResult]]

STALE = "This button does not work any more."


def read_press(data: str) -> tuple[ButtonAction | None, str, str]:
    """Return what was pressed, the token, and what stands behind it; nothing for data that no button of ours has."""
    kind, _, rest = data.partition(":")
    token, _, more = rest.partition(":")
    return (ButtonAction(kind) if kind in set(ButtonAction) else None), token, more


async def press(kind: ButtonAction, context: CommandContext, held: TokenSubject, more: str) -> CommandResult:
    """Return what a press comes to."""
    about, answers = BUTTONS[kind]
    if held.about not in about:
        return CommandResult(toast=STALE)
    return await answers(context, held, more)


def _mark(mark: Mark, toast: str) -> Answers:
    async def answers(context: CommandContext, held: TokenSubject, more: str) -> CommandResult:
        story = int(held.subject)
        return CommandResult(changes=(MarkStory(story, mark), Touch(story)), toast=toast)

    return answers


def _menu(*, is_open: bool) -> Answers:
    async def answers(context: CommandContext, held: TokenSubject, more: str) -> CommandResult:
        story = int(held.subject)
        return CommandResult(changes=(OpenMenu(story, is_open), Touch(story)))

    return answers


def _snooze(span: timedelta, words: str) -> Answers:
    async def answers(context: CommandContext, held: TokenSubject, more: str) -> CommandResult:
        story = int(held.subject)
        watches = await _watches_of(context, story)
        if not watches:
            return CommandResult(toast="No watch of this chat told that.")
        until = context.now + span
        names = ", ".join(own_name(watch, context.chat) for watch in watches)
        snoozes = tuple(Snooze(watch, until) for watch in watches)
        changes: tuple[Mutation, ...] = (*snoozes, OpenMenu(story, is_open=False), Touch(story))
        return CommandResult(
            changes=changes, toast=f"{names}: what comes in the next {words} is told in a digest"[:200]
        )

    return answers


async def _watches_of(context: CommandContext, story: int) -> tuple[str, ...]:
    """Return the watches for which this chat was sent a story."""
    decisions = await context.store.explain(f"story {story}", context.chat)
    return tuple(dict.fromkeys(one.watch for one in decisions if one.watch and one.action != "silent"))


async def _why(context: CommandContext, held: TokenSubject, more: str) -> CommandResult:
    decisions = await context.store.explain(f"story {held.subject}", context.chat)
    return CommandResult(
        explained(decisions, context.chat, context.now)
        if decisions
        else answer_of("Nothing is stored about it any more.")
    )


def _regroup(*, is_same: bool) -> Answers:
    async def answers(context: CommandContext, held: TokenSubject, more: str) -> CommandResult:
        story = int(held.subject)
        toast = "Noted: it is one story" if is_same else "Noted: the newest report is another story"
        return CommandResult(
            changes=(Regroup(story, is_same), OpenMenu(story, is_open=False), Touch(story)), toast=toast
        )

    return answers


def _label(verdict: str, toast: str) -> Answers:
    async def answers(context: CommandContext, held: TokenSubject, more: str) -> CommandResult:
        story = int(held.subject)
        changes = (Label(story, verdict, context.user_id), OpenMenu(story, is_open=False), Touch(story))
        return CommandResult(changes=changes, toast=toast)

    return answers


async def _show(context: CommandContext, held: TokenSubject, more: str) -> CommandResult:
    if not more.isdecimal() or len(more) > 3:
        return CommandResult(toast=STALE)
    if not await context.store.can_show(context.chat, int(held.subject), int(more)):
        return CommandResult(toast="It has its message already, or is kept no more.")
    paused = (await context.store.hours(context.chat)).paused_until
    is_paused = paused is not None and paused > context.now
    toast = "It comes when the pause is over" if is_paused else "Here it comes"
    return CommandResult(changes=(ShowInDigest(int(held.subject), int(more)),), toast=toast)


async def _yes(context: CommandContext, held: TokenSubject, more: str) -> CommandResult:
    try:
        done = await _QUESTIONS[held.about](context, held.subject)
    except WatchError as error:
        return CommandResult(answer_of(f"I cannot watch that any more: {error}."), (UseUp(held.token),), replaces=True)
    return CommandResult(done.answers, (*done.changes, UseUp(held.token)), done.toast, done.replaces)


async def _no(context: CommandContext, held: TokenSubject, more: str) -> CommandResult:
    return CommandResult(answer_of("All right, nothing was changed."), (UseUp(held.token),), replaces=True)


_QUESTIONS = {one.about: one.confirm for one in COMMANDS if one.confirm is not None}
_STORY, _DIGEST, _QUESTION = frozenset({"story"}), frozenset({"digest"}), frozenset(_QUESTIONS)

# What is pressed → what it may be about, and what comes of it.
BUTTONS: dict[ButtonAction, tuple[frozenset[str], Answers]] = {
    ButtonAction.FOLLOW: (
        _STORY,
        _mark(Mark.FOLLOWED, "Following: what is new in it is told with a sound, at any hour"),
    ),
    ButtonAction.MUTE: (_STORY, _mark(Mark.MUTED, "Muted: nothing more is told of it")),
    ButtonAction.UNMARK: (_STORY, _mark(Mark.NONE, "As usual again")),
    ButtonAction.MENU: (_STORY, _menu(is_open=True)),
    ButtonAction.BACK: (_STORY, _menu(is_open=False)),
    ButtonAction.SNOOZE_HOUR: (_STORY, _snooze(timedelta(hours=1), "hour")),
    ButtonAction.SNOOZE_DAY: (_STORY, _snooze(timedelta(days=1), "day")),
    ButtonAction.SNOOZE_WEEK: (_STORY, _snooze(timedelta(weeks=1), "week")),
    ButtonAction.WHY: (_STORY, _why),
    ButtonAction.NOT_THIS: (_STORY, _regroup(is_same=False)),
    ButtonAction.SAME: (_STORY, _regroup(is_same=True)),
    ButtonAction.MORE_LIKE_THIS: (_STORY, _label("more", "Noted: more like this")),
    ButtonAction.NOT_RELEVANT: (_STORY, _label("less", "Noted: not relevant")),
    ButtonAction.SHOW: (_DIGEST, _show),
    ButtonAction.YES: (_QUESTION, _yes),
    ButtonAction.NO: (_QUESTION, _no),
}
