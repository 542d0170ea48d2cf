"""/feeds, /addfeed, /removefeed: where the news comes from. Pure but for what it asks."""

from datetime import timedelta
from urllib.parse import urlsplit

from bot.chat.access import MOST_FEEDS
from bot.chat.context import CommandContext, CommandResult
from bot.chat.phrases import answer_of, bold, code, command, echo, headline, line
from bot.core.links import canonical, is_web
from bot.core.model import AddFeed, Ask, Button, ButtonAction, FeedHealth, RemoveFeed
from bot.core.phrases import ago, counted
from bot.core.secrets import redact

ABOUT_FEED = "feed"
_LIVES = timedelta(days=1)  # a question
_LISTED = 60  # feeds that one answer names
_LONGEST = 2_000  # characters of an address
_FULL = answer_of(f"This chat has added {MOST_FEEDS} feeds, which is as many as there may be.")


async def feeds(context: CommandContext) -> CommandResult:
    """List the feeds: those in trouble first."""
    known = await context.services.feeds()
    if not known:
        return CommandResult(
            answer_of(
                line("There is no feed yet: ", code("/addfeed example.org"), " adds one; a page's address is enough.")
            )
        )
    added = {feed.url for _, feed in await context.store.feeds()}
    troubled = [feed for feed in known if feed.error]
    calm = [feed for feed in known if not feed.error]
    lines = [line(bold(counted(len(known), "feed", "feeds")), f", {len(troubled)} in trouble")]
    lines += [line("• ", feed.name, f" · {redact(feed.error or '')}") for feed in troubled[:_LISTED]]
    for feed in calm[: max(_LISTED - len(troubled), 0)]:
        rate = f" · {feed.per_day:.2g} a day" if feed.per_day else ""
        remark = " · added in a chat" if feed.url in added else ""
        lines.append(line("• ", feed.name, f" · read {ago(feed.last_success, context.now)}", rate, remark))
    if len(known) > _LISTED:
        lines.append(line(f"and {len(known) - _LISTED} more: tipoff feeds list"))
    return CommandResult(answer_of(*lines))


async def add_feed(context: CommandContext) -> CommandResult:
    """Look what a page or an address has to offer, and ask whether to add it."""
    address = context.words.split()[0] if context.words else ""
    if not address:
        return CommandResult(
            answer_of(line("Which one? ", code("/addfeed example.org"), " – the address of a page is enough."))
        )
    url = address if "://" in address else f"https://{address}"
    if len(url) > _LONGEST or not is_web(url):
        return CommandResult(answer_of("That is no address of a web page."))
    parts = urlsplit(url)
    if parts.username or parts.password:
        return CommandResult(
            answer_of(
                "An address with a password belongs into feeds.toml: what is written in a chat is seen by others."
            )
        )
    if await _is_full(context):
        return CommandResult(_FULL)
    known = {canonical(feed.url): feed.name for feed in await context.services.feeds()}
    found = await context.services.find_feeds(url)
    if isinstance(found, str):
        return CommandResult(answer_of(line("No feed was found there: ", redact(found))))
    one = found[0]
    if canonical(one.url) in known:
        return CommandResult(answer_of(line("That one is read already: ", bold(known[canonical(one.url)]), ".")))
    lines = [
        line("Add ", bold(one.title or redact(one.url)), "?"),
        line(f"{counted(one.entries, 'entry', 'entries')}; the newest: ", headline(one.newest, None)),
        line(code(redact(one.url))),
        *(
            line("There is also ", code(f"/addfeed {other.url}"), f" · {other.title}")
            for other in found[1:]
            if redact(other.url) == other.url
        ),
    ]
    buttons = [
        Button("Add it", data=f"{ButtonAction.YES}:{context.token}", is_main=True),
        Button("No", data=f"{ButtonAction.NO}:{context.token}"),
    ]
    question = Ask(context.token, ABOUT_FEED, one.url, context.user_id, context.now + _LIVES)
    return CommandResult(answer_of(*lines, buttons=[buttons]), (question,))


async def _is_full(context: CommandContext) -> bool:
    return sum(chat == context.chat for chat, _ in await context.store.feeds()) >= MOST_FEEDS


async def added(context: CommandContext, url: str) -> CommandResult:
    """Add the feed that was asked about."""
    if await _is_full(context):
        return CommandResult(_FULL, replaces=True)
    answer = answer_of("✓ Added. What stands in it now is no news; what comes from now on is.", line(code(redact(url))))
    return CommandResult(answer, (AddFeed(url, None, context.user_id),), toast="Added", replaces=True)


async def remove_feed(context: CommandContext) -> CommandResult:
    """Take off a feed that was added in this chat; the owner takes off those of any chat."""
    if not context.words:
        return CommandResult(
            answer_of(line("Which one? ", code("/removefeed NAME"), " – ", command("feeds"), " lists them."))
        )
    added = {feed.url: chat for chat, feed in await context.store.feeds()}
    feed = _find(context.words, list(await context.services.feeds()))
    if feed is None:
        return CommandResult(
            answer_of(line("No feed is called “", echo(context.words), "”: ", command("feeds"), " lists them."))
        )
    if feed.url not in added:
        return CommandResult(
            answer_of(line(bold(feed.name), " stands in the config file, and is taken off there (feeds.toml)."))
        )
    if added[feed.url] != context.chat and not context.member.is_owner:
        return CommandResult(answer_of(line(bold(feed.name), " was added in another chat, and is taken off there.")))
    return CommandResult(
        answer_of(line(bold(feed.name), " is read no more; its items are kept.")), (RemoveFeed(feed.url),)
    )


def _find(wanted: str, feeds: list[FeedHealth]) -> FeedHealth | None:
    page = canonical(wanted if "://" in wanted else f"https://{wanted}")
    same = (feed for feed in feeds if feed.name.casefold() == wanted.casefold() or canonical(feed.url) == page)
    return next(same, None)
