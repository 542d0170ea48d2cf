"""The buttons under a story. Pure."""

from bot.core.links import is_for_a_button
from bot.core.model import Alert, Button, ButtonAction, ButtonToken, Mark, Priority, Source, Story
from bot.core.text import one_line, shorten

_OUTLET = 24  # characters of a name on a button: more does not fit a phone


def keyboard(alert: Alert, page: Source | None) -> tuple[tuple[Button, ...], ...]:
    """Return the buttons under a story: read it, and what this chat makes of it. What speaks low has one row."""
    first = () if page is None else read(page)
    rows = _presses(alert.button_token, alert.story)
    if alert.priority is Priority.LOW and len(rows) == 1:
        follow, _, more = rows[0]
        return ((*first, follow, more),)
    return tuple(row for row in (first, *rows) if row)


def read(page: Source) -> tuple[Button, ...]:
    """Return the button that opens a report, where its link is one that Telegram takes."""
    label = f"Read at {shorten(one_line(page.outlet), _OUTLET)}"
    return (Button(label, page.url or "", is_main=True),) if is_for_a_button(page.url) else ()


def _presses(token: ButtonToken | None, story: Story | None) -> list[tuple[Button, ...]]:
    if token is None:
        return []

    def press(label: str, what: ButtonAction) -> Button:
        return Button(label, data=f"{what}:{token.token}")

    if token.is_open:
        regroup = [press("Why?", ButtonAction.WHY)]
        if story is not None and len(story.sources) > 1:
            regroup.append(press("Not this story", ButtonAction.NOT_THIS))
        if story is not None and story.possible_duplicate is not None:
            regroup.append(press("Same story", ButtonAction.SAME))
        return [
            (
                press("Snooze 1 h", ButtonAction.SNOOZE_HOUR),
                press("1 day", ButtonAction.SNOOZE_DAY),
                press("1 week", ButtonAction.SNOOZE_WEEK),
            ),
            tuple(regroup),
            (press("More like this", ButtonAction.MORE_LIKE_THIS), press("Not relevant", ButtonAction.NOT_RELEVANT)),
            (press("‹ Back", ButtonAction.BACK),),
        ]
    follow = (
        press("Following ✓", ButtonAction.UNMARK)
        if token.mark is Mark.FOLLOWED
        else press("Follow", ButtonAction.FOLLOW)
    )
    mute = press("Muted ✓", ButtonAction.UNMARK) if token.mark is Mark.MUTED else press("Mute story", ButtonAction.MUTE)
    return [(follow, mute, press("···", ButtonAction.MENU))]
