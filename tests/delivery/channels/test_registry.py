"""Which channel serves a chat."""

from io import StringIO

from rich.console import Console
from telegram import Bot

from bot.core.model import TERMINAL, Address
from bot.delivery.channels.registry import Channels, Outside
from bot.delivery.channels.telegram import TelegramChannel
from bot.delivery.channels.terminal import TerminalChannel

PRINTED = TerminalChannel(Console(file=StringIO()))


def test_without_a_token_the_terminal_serves_every_chat() -> None:
    """Nothing waits for a token."""
    channels = Channels(Outside(terminal=PRINTED))

    assert channels.route(Address("team", 42)) is PRINTED
    assert channels.route(Address("me", None)) is PRINTED


def test_with_a_token_the_terminal_serves_its_own_chat_alone() -> None:
    """A chat without an address waits, and so do all while Telegram does not answer."""
    is_up = True
    channels = Channels(Outside(terminal=PRINTED, bot=Bot("1:x"), is_up=lambda: is_up))

    assert channels.route(Address(TERMINAL, None)) is PRINTED
    assert isinstance(channels.route(Address("team", 42)), TelegramChannel)
    assert channels.route(Address("me", None)) is None

    is_up = False
    assert channels.route(Address("team", 42)) is None
    assert channels.route(Address(TERMINAL, None)) is PRINTED
