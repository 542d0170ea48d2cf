"""Prints messages: the channel of all chats when no token is set."""

from rich.box import ROUNDED
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from bot.core.model import Address, Alert, DeliveryResult, Outcome, Story
from bot.core.model.message import Abilities, Message

_WIDTH = 96  # characters
_ABILITIES = Abilities(pictures=False)


class TerminalChannel:
    """Prints each message as it would look in a chat; a change of a message is one line that says what is new."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @property
    def can(self) -> Abilities:
        """Return what a message may be: no picture, but as long as anywhere else."""
        return _ABILITIES

    def reaches(self, address: Address) -> bool:
        """Say that a message can be printed."""
        return True

    def hash(self, message: Message) -> str:
        """Return a hash of what is printed."""
        return message.hash()

    async def deliver(self, alert: Alert, message: Message) -> Outcome:
        """Print one message."""
        if alert.kind.changes_a_message and alert.story is not None:
            self._console.print(_edit_line(alert.story), highlight=False)
        else:
            self._console.print(_panel(alert, message, self._console.width), soft_wrap=False)
        return Outcome(alert, DeliveryResult.DONE, text_hash=message.hash())


def _panel(alert: Alert, message: Message, console_width: int) -> Panel:
    headline, _, rest = message.plain().partition("\n")
    body = Text(headline, style="bold")
    if rest:
        body.append("\n" + rest, style="not bold")
    for button in message.links():
        body.append(f"\n[ {button.label} ]", style=f"cyan link {button.url}")
    width = min(_WIDTH, console_width)
    return Panel(body, box=ROUNDED, title=alert.address.chat, title_align="left", border_style="dim", width=width)


def _edit_line(story: Story) -> Text:
    line = Text("   ↻ ", style="cyan")
    line.append(story.sources[0].title, style="dim")
    return line.append(f" now {len(story.sources)} sources, newest {story.sources[-1].outlet}", style="cyan")
