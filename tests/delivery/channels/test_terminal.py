"""What the terminal prints, and what it says of it."""

import asyncio
from io import StringIO

from rich.console import Console

from bot.core.model import Alert, DeliveryResult, MessageKind, Outcome, SentMessage
from bot.delivery.channels.terminal import TerminalChannel
from bot.delivery.render import render
from tests.delivery.builders import alert, source


def deliver(alert: Alert) -> tuple[Outcome, str]:
    printed = StringIO()
    messenger = TerminalChannel(Console(file=printed, width=120))
    return asyncio.run(messenger.deliver(alert, render(alert))), printed.getvalue()


def test_an_alert_is_a_box_and_has_no_message_id() -> None:
    """An id would be taken for one of Telegram's as soon as there is a token."""
    outcome, printed = deliver(alert())

    assert (outcome.result, outcome.message_id) == (DeliveryResult.DONE, None)
    assert outcome.text_hash == TerminalChannel(Console()).hash(render(alert()))
    assert "Ilse Marten leaves" in printed
    assert "╭" in printed


def test_a_story_that_grows_is_one_line() -> None:
    """It says what is new."""
    outcome, printed = deliver(
        alert(
            source(1), source(2, outlet="Wireline"), kind=MessageKind.EDIT, sent=SentMessage(None, "the hash of before")
        )
    )

    assert outcome.message_id is None
    assert printed.strip() == "↻ Ilse Marten leaves now 2 sources, newest Wireline"
