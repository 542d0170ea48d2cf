"""Messages made of the worst that feeds and people write, held against Telegram's own parser.

TIPOFF_MESSAGES sets how many are rendered (400 in the ordinary suite).
"""

import os
import random
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.core.model import (
    Address,
    Alert,
    AlertPayload,
    AnswerPayload,
    Button,
    ButtonToken,
    Digest,
    DigestEntry,
    DigestLine,
    DigestPayload,
    EventKey,
    Evidence,
    Item,
    Mark,
    Match,
    MessageKind,
    NoticePayload,
    Part,
    Payload,
    Piece,
    Priority,
    ReplyPayload,
    Source,
    Story,
    Style,
)
from bot.core.text import one_line, shorten, units
from bot.delivery.channels import telegram_html
from bot.delivery.channels.telegram_html import TelegramMessage
from tests.delivery.builders import NOON, rendered
from tests.servers.bot_api_text import is_link, read_text

MESSAGES = int(os.environ.get("TIPOFF_MESSAGES", "400"))
OURS = {"bold", "italic", "code", "pre", "text_link", "blockquote", "expandable_blockquote", "date_time"}
PIECES = (
    *('<a href="tg://user?id=1">tap</a>', "&lt;b&gt;bold&lt;/b&gt;", "<b", "</b>", "&amp;amp;", "&#x3c;i&#x3e;"),
    *("<!--", "]]>", "/unwatch_all@bot", "/start", "@channel", "#tag", "#\U0003d000", "$AMZN", "t.me/joinchat"),
    *("Booking.com", "a@b.example", "https://x.example/?a=1&b=2", "tg://resolve?domain=x", "javascript:alert(1)"),
    *("www.x.example", "+49 30 123456", "\u202egnp.exe\u202c", "\u2066x\u2069", "\u200f\u200e", "\ufeff", "\u061c"),
    *("\u200b\u200c\u200d\u2060", "\u00ad", "a" + "\u0301" * 60, "🎉" * 40, "👩\u200d👩\u200d👧", "🇩🇪🇫🇷", "\u0e49" * 9),
    *("שלום עולם", "مرحبا", "名前", "\U0010ffff", "\ud800", "\udfff", "line\nbreak", "tab\tstop", "\r\n"),
    *("\x00\x07\x1b[31m", "\u2028", "\x85", "'", '"', "`code`", "**bold**", "_x_", "\\", "x" * 900, "word " * 200),
    *("Ilse Marten leaves Corvid AI", "12:30", "1.5", "e.g.", "and/or", "C#", "US$5"),
)


class Dice:
    """Draws the same values from the same seed."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)

    def chance(self, share: float) -> bool:
        return self._dice.random() < share

    def number(self, low: int, high: int) -> int:
        return self._dice.randint(low, high)

    def text(self, most: int = 6) -> str:
        glue = self._dice.choice((" ", "", " ", "\n"))
        return glue.join(self._dice.choice(PIECES) for _ in range(self._dice.randint(0, most)))

    def url(self) -> str | None:
        urls = (
            "https://x.example/a?b=1&c=\"'<>",
            "http://x.example/" + self.text(1),
            "http://localhost/" + self.text(1),
            "tg://user?id=1",
            "javascript:x",
            None,
            "/x",
        )
        return self._dice.choice(urls)

    def event(self) -> str:
        return self._dice.choice(("", "departure", "funding", "outage", "something new"))

    def source(self, number: int) -> Source:
        at = NOON + timedelta(minutes=number)
        credit = self.text(1) if self.chance(0.2) else None
        corrected = self.chance(0.1)
        return Source(number, self.text(2), None, self.text(), self.url(), at, credit, self.chance(0.5), corrected)

    def story(self) -> Story:
        event_keys = (EventKey(self.event() or "departure", "reported"),) if self.chance(0.4) else ()
        return Story(7, event_keys, tuple(self.source(n) for n in range(self.number(1, 30))) or (self.source(1),), 3)

    def match(self) -> Match:
        item = Item(0, self.text(), self.text(12), self.url(), self.text(1), None, (), None, NOON)
        evidence = tuple(Evidence(Part.TITLE, self.text(2), "x") for _ in range(self.number(0, 6)))
        return Match(item, self.text(2), Part.TITLE, evidence)

    def button_token(self) -> ButtonToken | None:
        mark = self._dice.choice(tuple(Mark))
        return ButtonToken("t0ken-_t0ken", mark, self.chance(0.3)) if self.chance(0.9) else None

    def address(self) -> Address:
        return Address(
            self.text(1), 42, timezone=ZoneInfo(self._dice.choice(("UTC", "Asia/Kathmandu", "Europe/Berlin")))
        )

    def alert(self, kind: MessageKind) -> Alert:
        return Alert(
            1,
            self.address(),
            kind,
            1,
            NOON,
            self._dice.choice(tuple(Priority)),
            self.story(),
            tuple(self.match() for _ in range(self.number(0, 4))),
            possible_duplicate=self.source(1) if self.chance(0.3) else None,
            steps=tuple(self.source(n) for n in range(self.number(0, 9))),
            button_token=self.button_token(),
            payload=self.payload(kind),
        )

    def payload(self, kind: MessageKind) -> Payload:
        news, title, outlet, url = (
            text.replace("\n", " ") for text in (self.text(2), self.text(), self.text(1), self.url() or "")
        )
        return ReplyPayload(news, title, outlet, url or None) if kind is MessageKind.REPLY else AlertPayload()

    def digest(self) -> Alert:
        entries: list[DigestEntry] = []
        size = 0
        while len(entries) < 22:
            # as the store shortens them, and as many as it puts into one digest
            title, news = shorten(one_line(self.text(2)), 300), shorten(one_line(self.text(1)), 300)
            outlet, remark = shorten(one_line(self.text(1)), 60), shorten(self.text(1), 160)
            size += max(units(title), 60) + units(remark) + units(news) + 48
            if size > 2400 and entries:
                break
            line = DigestLine(title, outlet, self.url(), remark, news, self.event())
            entries.append(DigestEntry(line, self.story() if self.chance(0.7) else None))
        told = Digest(tuple(entries), "t0ken", NOON, NOON - timedelta(days=1), self.number(0, 9_999))
        return Alert(1, self.address(), MessageKind.DIGEST, 1, NOON, payload=DigestPayload(), digest=told)

    def piece(self) -> Piece:
        return Piece(self.text(2), self._dice.choice(tuple(Style)), self.url() or "")

    def answer(self) -> Alert:
        lines = tuple(tuple(self.piece() for _ in range(self.number(0, 4))) for _ in range(self.number(1, 9)))
        buttons = ((Button("Yes", data="y:t0ken"),),) if self.chance(0.5) else ()
        if self.chance(0.3):
            address = self.address()
            return Alert(1, address, MessageKind.NOTICE, 1, NOON, payload=NoticePayload(self.text(40) or "x"))
        payload = AnswerPayload(((Piece("Found"),), *lines), buttons)
        return Alert(1, self.address(), MessageKind.ANSWER, 1, NOON, payload=payload)


MAKERS: tuple[Callable[[Dice], Alert], ...] = (
    lambda dice: dice.alert(MessageKind.ALERT),
    lambda dice: dice.alert(MessageKind.EDIT),
    lambda dice: dice.alert(MessageKind.REPLY),
    lambda dice: replace(dice.alert(MessageKind.ALERT), priority=Priority.LOW),
    Dice.digest,
    Dice.answer,
)
_SIGNS = re.compile(r"[\u2060\s│]")


def check(message: TelegramMessage, *, may_command: bool) -> None:
    """See that Telegram takes a message, shows what we meant, and that nothing in it acts."""
    shown = read_text(message.html, "HTML")
    kinds = {entity["type"] for entity in shown.entities}
    assert kinds <= OURS | ({"bot_command"} if may_command else set()), kinds - OURS
    for entity in shown.entities:
        assert entity.get("url", "https://").startswith(("http://", "https://"))
    assert len(shown.entities) <= 100
    assert units(shown.text) <= 4096
    assert _SIGNS.sub("", shown.text) == _SIGNS.sub("", message.plain), "what is shown is what was meant"
    assert not re.search(r"[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", shown.text)
    for button in (button for row in message.buttons for button in row):
        assert 0 < len(button.label) <= 64
        assert len(button.data.encode()) <= 64
        assert button.data or is_link(button.url)
    acts = {entity["type"] for entity in read_text(message.unmarked).entities} if message.unmarked.strip() else set()
    assert not acts, "nothing in the plain text acts either"


@pytest.mark.parametrize("part", range(4))
def test_no_words_break_a_message_or_act_in_it(part: int) -> None:
    """Alerts, changes, developments, quiet ones, digests and answers: none is refused, none shows markup."""
    for seed in range(part * MESSAGES // 4, (part + 1) * MESSAGES // 4):
        dice = Dice(seed)
        alert = MAKERS[seed % len(MAKERS)](dice)
        message = rendered(alert)
        try:
            lines = alert.payload.lines if isinstance(alert.payload, AnswerPayload) else ()
            check(message, may_command=any(p.style is Style.COMMAND for line in lines for p in line))
        except Exception as error:
            error.add_note(f"seed {seed}: {message.html[:3000]!r}")
            raise


def test_a_command_of_ours_is_the_only_one_that_acts() -> None:
    """Words of a feed in an answer are no command, also where an answer has one of ours."""
    line = (Piece("/help", Style.COMMAND), Piece(" /stop"), Piece("/stop now", Style.COMMAND))
    message = rendered(Alert(1, Address("me", 42), MessageKind.ANSWER, 1, NOON, payload=AnswerPayload((line,))))
    shown = read_text(message.html, "HTML")

    assert [e["length"] for e in shown.entities if e["type"] == "bot_command"] == [len("/help")]


def test_the_check_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without escaping, or without defusing, some of these messages are refused or act."""
    for broken in ("_escaped", "defuse"):
        monkeypatch.setattr(telegram_html, broken, lambda text: text)
        with pytest.raises(Exception, match=r"."):
            test_no_words_break_a_message_or_act_in_it(0)
