"""Draws messages as a phone shows them: `python -m tests.pictures docs/pictures` (what `make pictures` does).

What is drawn is what Telegram's own parser makes of our markup. Does not check anything, and knows only what our
messages have in them; the colours are those of Telegram's own themes, by eye. Needs the package font-roboto.
"""

import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import font_roboto
from PIL import Image, ImageDraw, ImageFont

from bot.chat.chart import draw
from bot.core.model import (
    Address,
    Alert,
    Button,
    ButtonToken,
    Digest,
    DigestEntry,
    DigestLine,
    DigestPayload,
    EventKey,
    EventSummary,
    Evidence,
    Item,
    Mark,
    Match,
    MessageKind,
    Part,
    Priority,
    ReplyPayload,
    Source,
    Stats,
    Story,
)
from bot.delivery.channels.telegram_html import TelegramMessage
from tests.delivery.builders import rendered
from tests.servers.bot_api_text import read_text

WIDTH, EDGE, PAD, GAP = 1080, 36, 30, 8
BUBBLE = WIDTH - 2 * EDGE - 60
SIZE, LINE = 36, 50
NOON = datetime(2026, 11, 25, 13, 55, tzinfo=UTC)
HERE = Address("me", 42)


@dataclass(frozen=True)
class Theme:
    paper: str
    bubble: str
    ink: str
    faint: str
    link: str
    quote: str
    button: str
    label: str
    main: str


THEMES = {
    "light": Theme("#D5DFE8", "#FFFFFF", "#101418", "#8A96A3", "#2A7DC9", "#EAF2FA", "#8FA6BC", "#FFFFFF", "#FFFFFF"),
    "dark": Theme("#0E1621", "#182533", "#F2F5F8", "#7B8A99", "#6AB3F3", "#1F3347", "#2B3B4C", "#E8EEF4", "#0E1621"),
}


def font(style: str, size: int = SIZE) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(getattr(font_roboto, f"Roboto{style.replace('Regular', '')}"), size)


@dataclass(frozen=True)
class Word:
    """A run of letters of one style; `bar` is 1 in a quote, 2 in one that is folded."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False
    link: bool = False
    bar: int = 0

    @property
    def font(self) -> ImageFont.FreeTypeFont:
        style = ("BoldItalic" if self.italic else "Bold") if self.bold else "Italic" if self.italic else "Regular"
        return font("Medium" if self.code else style)


def words(message: TelegramMessage) -> Iterator[Word]:
    """Yield the words of a message; ends of lines are words, too."""
    shown = read_text(message.html, "HTML")
    units = shown.text.encode("utf-16-le")
    letters: list[tuple[str, int]] = []
    at = 0
    for letter in shown.text:
        letters.append((letter, at))
        at += len(letter.encode("utf-16-le")) // 2
    assert at == len(units) // 2

    def style(place: int) -> Word:
        kinds = {e["type"] for e in shown.entities if e["offset"] <= place < e["offset"] + e["length"]}
        bar = 2 if "expandable_blockquote" in kinds else 1 if "blockquote" in kinds else 0
        return Word("", "bold" in kinds, "italic" in kinds, "code" in kinds, "text_link" in kinds, bar)

    run, kind = "", Word("")
    for letter, place in letters:
        if letter == "\u2060":
            continue
        now = style(place)
        if letter in " \n" or now != kind:
            if run:
                yield replace(kind, text=run)
            run, kind = "", now
        if letter in " \n":
            yield replace(now, text=letter)
        else:
            run += letter
    if run:
        yield replace(kind, text=run)


def lines(message: TelegramMessage) -> list[list[Word]]:
    """Return the words in lines that fit the bubble."""
    found: list[list[Word]] = [[]]
    width = 0.0
    for word in words(message):
        if word.text == "\n":
            found.append([])
            width = 0.0
            continue
        length = word.font.getlength(word.text)
        room = BUBBLE - 2 * PAD - (24 if word.bar else 0)
        if width + length > room and found[-1] and word.text != " ":
            found.append([])
            width = 0.0
        if word.text == " " and not found[-1]:
            continue
        found[-1].append(word)
        width += length
    return found


def folded(rows: list[list[Word]]) -> list[tuple[list[Word], bool]]:
    """Return the lines that are seen: of a folded quote the first three, the last of them with a sign."""
    seen: list[tuple[list[Word], bool]] = []
    inside = 0
    for number, row in enumerate(rows):
        is_folded = bool(row) and row[0].bar == 2
        inside = inside + 1 if is_folded else 0
        if inside > 3:
            continue
        ends = (
            is_folded
            and inside == 3
            and number + 1 < len(rows)
            and bool(rows[number + 1])
            and rows[number + 1][0].bar == 2
        )
        seen.append((row, ends))
    return seen


def bubble(message: TelegramMessage, theme: Theme, at: str, answers: str = "") -> Image.Image:
    """Return a message as it stands in a chat, with its keyboard."""
    rows = folded(lines(message))
    head = 92 if answers else 0
    shot = Image.open(io.BytesIO(message.picture)).convert("RGB") if message.picture else None
    if shot is not None:
        shot = shot.resize((BUBBLE, BUBBLE * shot.height // shot.width))
    top = shot.height if shot else 0
    height = top + head + PAD + len(rows) * LINE + 44 + (PAD // 2)
    keys = [row for row in message.buttons if row]
    image = Image.new("RGB", (WIDTH, height + len(keys) * (76 + GAP) + 2 * EDGE), theme.paper)
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((EDGE, EDGE, EDGE + BUBBLE, EDGE + height), 30, theme.bubble)
    if shot is not None:
        mask = Image.new("L", shot.size, 0)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, shot.width, shot.height + 40), 30, 255)
        image.paste(shot, (EDGE, EDGE), mask)
    x0, y = EDGE + PAD, EDGE + top + PAD - 4
    if answers:
        pen.rounded_rectangle((x0, y, EDGE + BUBBLE - PAD, y + 80), 10, theme.quote)
        pen.rectangle((x0, y, x0 + 6, y + 80), theme.link)
        pen.text((x0 + 20, y + 6), "Tipoff", theme.link, font("Medium", 30))
        pen.text((x0 + 20, y + 40), answers, theme.ink, font("Regular", 30))
        y += head
    _quotes(pen, rows, theme, x0, y)
    for row, ends in rows:
        x = float(x0 + (22 if row and row[0].bar else 0))
        for word in row:
            colour = theme.link if word.link or word.code else theme.ink
            pen.text((x, y), word.text, colour, word.font)
            x += word.font.getlength(word.text)
        if ends:
            pen.text((EDGE + BUBBLE - PAD - 46, y - 2), "+", theme.link, font("Bold", 40))
        y += LINE
    stamp = font("Regular", 26)
    pen.text((EDGE + BUBBLE - PAD - stamp.getlength(at), EDGE + height - 42), at, theme.faint, stamp)
    _keys(pen, keys, theme, EDGE + height + GAP)
    return image


def _quotes(pen: ImageDraw.ImageDraw, rows: list[tuple[list[Word], bool]], theme: Theme, x: int, y: int) -> None:
    start: int | None = None
    for number, (row, _) in enumerate([*rows, ([], False)]):
        is_quote = bool(row) and row[0].bar > 0
        if is_quote and start is None:
            start = number
        if not is_quote and start is not None:
            top, bottom = y + start * LINE - 2, y + number * LINE - 4
            pen.rounded_rectangle((x, top, EDGE + BUBBLE - PAD + 8, bottom), 10, theme.quote)
            pen.rounded_rectangle((x, top, x + 6, bottom), 3, theme.link)
            start = None


def _keys(pen: ImageDraw.ImageDraw, keys: list[tuple[Button, ...]], theme: Theme, y: int) -> None:
    for row in keys:
        width = (BUBBLE - GAP * (len(row) - 1)) / len(row)
        for number, button in enumerate(row):
            x = EDGE + number * (width + GAP)
            fill = theme.link if button.is_main else theme.button
            pen.rounded_rectangle((x, y, x + width, y + 76), 20, fill)
            label, tick = button.label.replace(" ✓", ""), button.label.endswith("✓")
            type_ = font("Medium", 32)
            length = type_.getlength(label) + (44 if tick else 0)
            left = x + (width - length) / 2
            pen.text((left, y + 18), label, theme.main if button.is_main else theme.label, type_)
            if tick:
                end = left + length
                pen.line((end - 30, y + 40, end - 20, y + 50, end - 2, y + 26), theme.label, 5, joint="curve")
        y += 76 + GAP


# What is drawn; all names are invented.


def source(number: int, outlet: str, title: str, minutes: int) -> Source:
    page = f"https://news.example/{outlet.lower().replace(' ', '-')}"
    return Source(number, outlet, None, title, page, NOON + timedelta(minutes=minutes), is_named=True)


LEAVES = "Ilse Marten is leaving Corvid AI again"
FIRST = source(1, "The Ledger", LEAVES, 0)
LEDE = (
    "The co-founder and head of research returned only fourteen months ago. "
    "She told staff in a note that Friday is her last day."
)
MATCH = Match(
    Item(1, LEAVES, LEDE, FIRST.url, "The Ledger", None, (), None, NOON),
    "me/departures at Corvid AI",
    Part.TITLE,
    (Evidence(Part.TITLE, "is leaving", "x"), Evidence(Part.TITLE, "Corvid AI", "x")),
    EventSummary("departure", "stated"),
)
EVENT_KEY = EventKey("departure", "stated", ("Ilse Marten",), ("Corvid AI",), is_named=True)
HANDLE = ButtonToken("t0ken")
NEW = Alert(
    1,
    HERE,
    MessageKind.ALERT,
    1,
    NOON,
    story=Story(7, (EVENT_KEY,), (FIRST, source(2, "Wireline", LEAVES, 1))),
    matches=(MATCH,),
    button_token=HANDLE,
)
GROWN = Story(
    7,
    (EVENT_KEY,),
    (
        FIRST,
        *(
            source(n, outlet, LEAVES, minutes)
            for n, outlet, minutes in (
                *((2, "Wireline", 1), (3, "Byte Herald", 4), (4, "Corvid AI", 35), (5, "Kanal Technik", 45)),
                *((6, "Le Circuit", 61), (7, "Northgate Post", 76)),
            )
        ),
    ),
)
STEPS = (
    source(4, "Corvid AI", "official statement", 35),
    source(2, "Wireline", "leaves, too: Jonas Weber", 76),
)
UPD = replace(NEW, kind=MessageKind.EDIT, story=GROWN, steps=STEPS, button_token=ButtonToken("t0ken", Mark.FOLLOWED))
REP = replace(
    NEW,
    kind=MessageKind.REPLY,
    story=GROWN,
    payload=ReplyPayload(
        "leaves, too: Jonas Weber",
        "Jonas Weber follows Marten out of Corvid AI",
        "Wireline",
        "https://news.example/wireline",
    ),
    created=NOON + timedelta(minutes=76),
)
LOW = replace(
    NEW,
    priority=Priority.LOW,
    story=Story(8, (), (source(9, "Byte Herald", "Pellucid hires two compiler engineers from Tarn Systems", -90),)),
    matches=(replace(MATCH, watch="me/pellucid"),),
)
MENU = replace(NEW, button_token=ButtonToken("t0ken", is_open=True))


def entry(title: str, event: str, *outlets: str, remark: str = "") -> DigestEntry:
    reports = tuple(source(n, outlet, title, n) for n, outlet in enumerate(outlets))
    return DigestEntry(DigestLine(title, outlets[0], reports[0].url, remark, event=event), Story(9, (), reports))


DIG = Alert(
    1,
    HERE,
    MessageKind.DIGEST,
    1,
    NOON,
    payload=DigestPayload(),
    digest=Digest(
        (
            entry(
                "Ilse Marten leaves Corvid AI, two leads follow", "departure", "The Ledger", "Wireline", "Byte Herald"
            ),
            entry("Tarn Systems loses its finance chief after a year", "departure", "Byte Herald", "Kanal Technik"),
            entry("Northgate Labs hires Petra Varga to run chip design", "arrival", "Le Circuit", "Wireline"),
            entry("Old Harbour Robotics raises $40 million", "funding", "The Ledger"),
        ),
        "t0ken",
        datetime(2026, 11, 26, 8, tzinfo=UTC),
        datetime(2026, 11, 25, 8, tzinfo=UTC),
        212,
    ),
)


def stats() -> TelegramMessage:
    dice = Random(4)
    watches = (("me/departures at OpenAI", 3.0), ("Ilse Marten", 1.0), ("me/outages", 2.0), ("leaving Corvid AI", 0.4))
    mentions = {name: [max(0, int(dice.gauss(mean, 2))) for _ in range(30)] for name, mean in watches}
    ordered = dict(sorted(mentions.items(), key=lambda one: -sum(one[1])))
    outlets = [("The Ledger", 14), ("Wireline", 11), ("Byte Herald", 9), ("Kanal Technik", 5), ("Le Circuit", 4)]
    values = Stats(date(2026, 10, 27), 30, 47, ordered, outlets, (412.0, 3000.0), (1.2, 6.0))
    text = "The last 30 days: <b>47 stories</b>"
    return TelegramMessage(text, "The last 30 days: 47 stories", "", picture=draw(values, "me"))


PICTURES: dict[str, tuple[TelegramMessage, str, str]] = {
    "new": (rendered(NEW), "13:56", ""),
    "menu": (rendered(MENU), "13:56", ""),
    "update": (rendered(UPD), "edited 15:11", ""),
    "reply": (rendered(REP), "15:11", LEAVES),
    "low": (rendered(LOW), "12:26", ""),
    "digest": (rendered(DIG), "08:00", ""),
    "stats": (stats(), "15:20", ""),
}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, (message, at, answers) in PICTURES.items():
        for theme, colours in THEMES.items():
            image = bubble(message, colours, at, answers)
            image.quantize(96).save(folder / f"{name}-{theme}.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
