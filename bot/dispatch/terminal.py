"""Tells alerts by printing them: the default messenger when no token is set."""

from rich.box import ROUNDED
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from bot.model import Alert, Kind, Message, Outcome, Sent


class TerminalMessenger:
    """Prints each message as it would look in a chat; a change of a message is printed as the message now reads."""

    def __init__(self, console: Console, *, compact_edits: bool = False) -> None:
        self._console = console
        self._compact_edits = compact_edits

    async def deliver(self, alert: Alert, message: Message) -> Outcome:
        """Print one message."""
        if alert.kind is Kind.EDIT and self._compact_edits and alert.story:
            self._console.print(_edit_line(alert), highlight=False)
        else:
            self._console.print(_panel(alert, message), soft_wrap=False)
        return Outcome(alert, Sent.DONE, message_id=alert.id, text_hash=message.hash)


def _panel(alert: Alert, message: Message) -> Panel:
    headline, _, rest = message.plain.partition("\n")
    body = Text(headline, style="bold")
    if rest:
        body.append("\n" + rest, style="not bold")
    if message.button:
        label, url = message.button
        body.append(f"\n[ {label} ]", style=f"cyan link {url}")
    mark = " · message updated" if alert.kind is Kind.EDIT else ""
    return Panel(
        body, box=ROUNDED, title=f"{alert.address.chat}{mark}", title_align="left", border_style="dim", width=96
    )


def _edit_line(alert: Alert) -> Text:
    assert alert.story is not None
    newest = alert.story.sources[-1]
    line = Text("   ↻ ", style="cyan")
    line.append(alert.story.sources[0].title, style="dim")
    return line.append(f" now {len(alert.story.sources)} sources, newest {newest.outlet}", style="cyan")
