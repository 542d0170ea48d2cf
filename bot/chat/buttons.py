"""One table of buttons: what each press comes to. Pure but for what presses ask.

The data of a button is untrusted: `bot.chat.access` has checked the press, and its token was looked up, before anything
here is called.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from bot.chat.asking import explained
from bot.chat.feeding import ABOUT_FEED, added
from bot.chat.talk import Said, Talk
from bot.chat.watching import ABOUT_WATCH, confirmed
from bot.chat.words import own_name, said
from bot.errors import WatchError
from bot.model import (
    Change,
    Held,
    Label,
    Mark,
    MarkStory,
    OpenMenu,
    Press,
    Regroup,
    ShowInDigest,
    Snooze,
    Touch,
    UseUp,
)

Answers = Callable[[Talk, Held, str], Awaitable[Said]]

STALE = "This button does not work any more."


def read_press(data: str) -> tuple[Press | None, str, str]:
    """Return what was pressed, the token, and what stands behind it; nothing for data that no button of ours has."""
    kind, _, rest = data.partition(":")
    token, _, more = rest.partition(":")
    return (Press(kind) if kind in set(Press) else None), token, more


async def press(kind: Press, talk: Talk, held: Held, more: str) -> Said:
    """Return what a press comes to."""
    about, answers = BUTTONS[kind]
    if held.about not in about:
        return Said(toast=STALE)
    return await answers(talk, held, more)


def _mark(mark: Mark, toast: str) -> Answers:
    async def answers(talk: Talk, held: Held, more: str) -> Said:
        story = int(held.subject)
        return Said(changes=(MarkStory(story, mark), Touch(story)), toast=toast)

    return answers


def _menu(*, is_open: bool) -> Answers:
    async def answers(talk: Talk, held: Held, more: str) -> Said:
        story = int(held.subject)
        return Said(changes=(OpenMenu(story, is_open), Touch(story)))

    return answers


def _snooze(span: timedelta, words: str) -> Answers:
    async def answers(talk: Talk, held: Held, more: str) -> Said:
        story = int(held.subject)
        watches = await _watches_of(talk, story)
        if not watches:
            return Said(toast="No watch of this chat told that.")
        until = talk.now + span
        names = ", ".join(own_name(watch, talk.chat) for watch in watches)
        snoozes = tuple(Snooze(watch, until) for watch in watches)
        changes: tuple[Change, ...] = (*snoozes, OpenMenu(story, is_open=False), Touch(story))
        return Said(changes=changes, toast=f"{names}: what comes in the next {words} is told in a digest"[:200])

    return answers


async def _watches_of(talk: Talk, story: int) -> tuple[str, ...]:
    """Return the watches that told this chat of a story."""
    decisions = await talk.store.explain(f"story {story}", talk.chat)
    return tuple(dict.fromkeys(one.watch for one in decisions if one.watch and one.action != "silent"))


async def _why(talk: Talk, held: Held, more: str) -> Said:
    decisions = await talk.store.explain(f"story {held.subject}", talk.chat)
    return Said(
        explained(decisions, talk.chat, talk.now) if decisions else said("Nothing is stored about it any more.")
    )


def _regroup(*, is_same: bool) -> Answers:
    async def answers(talk: Talk, held: Held, more: str) -> Said:
        story = int(held.subject)
        toast = "Noted: it is one story" if is_same else "Noted: the newest report is another story"
        return Said(changes=(Regroup(story, is_same), OpenMenu(story, is_open=False), Touch(story)), toast=toast)

    return answers


def _label(verdict: str, toast: str) -> Answers:
    async def answers(talk: Talk, held: Held, more: str) -> Said:
        story = int(held.subject)
        changes = (Label(story, verdict, talk.user_id), OpenMenu(story, is_open=False), Touch(story))
        return Said(changes=changes, toast=toast)

    return answers


async def _show(talk: Talk, held: Held, more: str) -> Said:
    if not more.isdecimal() or len(more) > 3:
        return Said(toast=STALE)
    paused = (await talk.store.hours(talk.chat)).paused_until
    is_paused = paused is not None and paused > talk.now
    toast = "It comes when the pause is over" if is_paused else "Here it comes"
    return Said(changes=(ShowInDigest(int(held.subject), int(more)),), toast=toast)


async def _yes(talk: Talk, held: Held, more: str) -> Said:
    try:
        done = confirmed(talk, held.subject) if held.about == ABOUT_WATCH else await added(talk, held.subject)
    except WatchError as error:
        return Said(said(f"I cannot watch that any more: {error}."), (UseUp(held.token),), replaces=True)
    return Said(done.answers, (*done.changes, UseUp(held.token)), done.toast, done.replaces)


async def _no(talk: Talk, held: Held, more: str) -> Said:
    return Said(said("All right, nothing was changed."), (UseUp(held.token),), replaces=True)


_STORY, _DIGEST, _QUESTION = frozenset({"story"}), frozenset({"digest"}), frozenset({ABOUT_WATCH, ABOUT_FEED})

# What is pressed → what it may be about, and what comes of it.
BUTTONS: dict[Press, tuple[frozenset[str], Answers]] = {
    Press.FOLLOW: (_STORY, _mark(Mark.FOLLOWED, "Following: what is new in it is told with a sound, at any hour")),
    Press.MUTE: (_STORY, _mark(Mark.MUTED, "Muted: nothing more is told of it")),
    Press.UNMARK: (_STORY, _mark(Mark.NONE, "As usual again")),
    Press.MENU: (_STORY, _menu(is_open=True)),
    Press.BACK: (_STORY, _menu(is_open=False)),
    Press.SNOOZE_HOUR: (_STORY, _snooze(timedelta(hours=1), "hour")),
    Press.SNOOZE_DAY: (_STORY, _snooze(timedelta(days=1), "day")),
    Press.SNOOZE_WEEK: (_STORY, _snooze(timedelta(weeks=1), "week")),
    Press.WHY: (_STORY, _why),
    Press.NOT_THIS: (_STORY, _regroup(is_same=False)),
    Press.SAME: (_STORY, _regroup(is_same=True)),
    Press.MORE_LIKE_THIS: (_STORY, _label("more", "Noted: more like this")),
    Press.NOT_RELEVANT: (_STORY, _label("less", "Noted: not relevant")),
    Press.SHOW: (_DIGEST, _show),
    Press.YES: (_QUESTION, _yes),
    Press.NO: (_QUESTION, _no),
}
