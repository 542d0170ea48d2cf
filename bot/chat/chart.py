"""Draws what a chat was sent: reports by watch and day, who broke the stories, how fast. Pure; knows Pillow alone.

Colours are those of Okabe and Ito, which people with any kind of colour vision tell apart
(jfly.uni-koeln.de/color).
"""

import io
from collections.abc import Sequence
from datetime import timedelta

from PIL import Image, ImageDraw, ImageFont

from bot.chat.phrases import own_name
from bot.core.model import Stats
from bot.core.phrases import span
from bot.core.text import shorten

_WIDTH, _HEIGHT, _EDGE = 1280, 860, 56  # pixels
_PAPER, _INK, _FAINT, _RULE = "#FFFFFF", "#1F2933", "#6B7785", "#E3E8ED"
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#8A8F98")
_MOST = len(_COLOURS)  # watches, the last of them "others"; and outlets
_CHART = (_EDGE, 190, _WIDTH - _EDGE, 500)
_LONGEST_NAME = 28  # characters
_OTHERS = "others"


def draw(stats: Stats, chat: str) -> bytes:
    """Return a picture of what a chat was sent (PNG); the same values give the same bytes."""
    image = Image.new("RGB", (_WIDTH, _HEIGHT), _PAPER)
    pen = ImageDraw.Draw(image)
    end = stats.start + timedelta(days=stats.days - 1)
    _write(pen, (_EDGE, 44), "What was told", 44, weight=1)
    _write(pen, (_EDGE, 104), f"{stats.start:%d %b} to {end:%d %b %Y}", 26, _FAINT)
    _right(pen, (_WIDTH - _EDGE, 44), f"{stats.stories} {'story' if stats.stories == 1 else 'stories'}", 44, weight=1)
    _right(pen, (_WIDTH - _EDGE, 104), _delays(stats), 26, _FAINT)
    watches = _watches(stats, chat)
    if not any(map(any, watches.values())):
        _write(pen, (_EDGE, 300), "Nothing yet. What your watches find is drawn here.", 32, _FAINT)
    else:
        _bars(pen, stats, watches)
        _names(pen, [(name, sum(days)) for name, days in watches.items()])
        _outlets(pen, stats.outlets)
    out = io.BytesIO()
    image.quantize(128).save(out, "PNG", optimize=True)
    return out.getvalue()


def _delays(stats: Stats) -> str:
    if stats.from_poll is None:
        return "no message yet"
    found = f"told {span(stats.from_poll[0])} after it was found"
    if stats.from_publication is None:
        return found
    return f"{found}, {span(stats.from_publication[0])} after it was published (median)"


def _watches(stats: Stats, chat: str) -> dict[str, Sequence[int]]:
    """Return the watches that are drawn by themselves, and the others in one."""
    named = [(own_name(watch, chat), days) for watch, days in stats.mentions.items()]
    shown: dict[str, Sequence[int]] = dict(named if len(named) <= _MOST else named[: _MOST - 1])
    rest = named[len(shown) :]
    if rest:
        shown[_OTHERS] = [sum(days) for days in zip(*(days for _, days in rest), strict=True)]
    return shown


def _bars(pen: ImageDraw.ImageDraw, stats: Stats, watches: dict[str, Sequence[int]]) -> None:
    """Draw a bar a day, with a piece for each watch."""
    left, top, right, bottom = _CHART
    most = max(sum(days) for days in zip(*watches.values(), strict=True))
    step = (right - left) / stats.days
    for part in (0.5, 1.0):
        y = bottom - (bottom - top) * part
        pen.line((left, y, right, y), _RULE, 2)
        value = most * part
        if value == int(value):
            _right(pen, (left - 10, y - 13), str(int(value)), 20, _FAINT)
    pen.line((left, bottom, right, bottom), _FAINT, 2)
    for day in range(stats.days):
        x, y = left + day * step, float(bottom)
        for colour, days in zip(_COLOURS, watches.values(), strict=False):
            height = (bottom - top) * days[day] / most
            if height:
                pen.rectangle((x + step * 0.15, min(y - height, y - 1), x + step * 0.85, y - 1), colour)
                y -= height
        if day == stats.days - 1:
            _right(pen, (x + step * 0.85, bottom + 10), f"{stats.start + timedelta(days=day):%d %b}", 20, _FAINT)
        elif day % 7 == 0 and stats.days - 1 - day >= 4:
            _write(pen, (x + step * 0.15, bottom + 10), f"{stats.start + timedelta(days=day):%d %b}", 20, _FAINT)


def _names(pen: ImageDraw.ImageDraw, watches: Sequence[tuple[str, int]]) -> None:
    """Write which colour is which watch, and how many reports it has."""
    _write(pen, (_EDGE, 560), "Reports by watch", 26, weight=0.5)
    for row, (name, count) in enumerate(watches):
        y = 604 + row * 30
        pen.rectangle((_EDGE, y + 4, _EDGE + 18, y + 22), _COLOURS[row])
        _write(pen, (_EDGE + 32, y), shorten(name, _LONGEST_NAME), 22)
        _right(pen, (_EDGE + 520, y), str(count), 22, _FAINT)


def _outlets(pen: ImageDraw.ImageDraw, outlets: Sequence[tuple[str, int]]) -> None:
    """Draw who broke how many stories."""
    left, right = 700, _WIDTH - _EDGE
    _write(pen, (left, 560), "First to report", 26, weight=0.5)
    most = max((count for _, count in outlets), default=1)
    for row, (name, count) in enumerate(outlets[:_MOST]):
        y = 604 + row * 30
        length = (right - left - 330) * count / most
        _write(pen, (left, y), shorten(name, 22), 22)
        pen.rectangle((left + 280, y + 5, left + 280 + max(length, 3), y + 21), _COLOURS[0])
        _write(pen, (left + 280 + length + 10, y), str(count), 22, _FAINT)


def _write(
    pen: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: int, colour: str = _INK, weight: float = 0
) -> None:
    """Write words; signs that the font has not are boxes."""
    pen.text(at, text, colour, ImageFont.load_default(size), stroke_width=weight, stroke_fill=colour)


def _right(
    pen: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: int, colour: str = _INK, weight: float = 0
) -> None:
    """Write words that end at a place."""
    font = ImageFont.load_default(size)
    pen.text((at[0] - pen.textlength(text, font), at[1]), text, colour, font, stroke_width=weight, stroke_fill=colour)
