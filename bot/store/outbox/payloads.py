"""Payloads of messages as JSON, with their kind and the version of their form."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from bot.core.model import (
    AlertPayload,
    AnswerPayload,
    Button,
    DigestPayload,
    EditPayload,
    NoticePayload,
    Payload,
    Piece,
    ReplyPayload,
    Style,
)
from bot.store.engine.connection import as_json

_VERSION = 1


def encode(payload: Payload) -> str:
    """Return a payload as it is stored. The same one is the same text."""
    match payload:
        case AlertPayload():
            said: dict[str, Any] = {"kind": "alert"}
        case EditPayload():
            said = {"kind": "edit"}
        case ReplyPayload(news, title, outlet, url):
            said = {"kind": "reply", "news": news, "title": title, "outlet": outlet, "url": url}
        case DigestPayload(text):
            said = {"kind": "digest"} | ({"text": text} if text else {})
        case AnswerPayload(lines, buttons, topic, changes):
            said = {
                "kind": "answer",
                "lines": [[[piece.text, piece.style, piece.url] for piece in line] for line in lines],
                "buttons": [[[one.label, one.url, one.data, one.is_main] for one in row] for row in buttons],
                "topic": topic,
                "changes": changes,
            }
        case NoticePayload(text):
            said = {"kind": "notice", "text": text}
    return as_json({"version": _VERSION, **said})


def decode(stored: str) -> Payload:
    """Return a payload as it was stored."""
    said = json.loads(stored)
    return _READERS[said["kind"]](said)


def _answer(said: dict[str, Any]) -> AnswerPayload:
    return AnswerPayload(
        tuple(_pieces(line) for line in said["lines"]),
        tuple(tuple(Button(*values) for values in row) for row in said["buttons"]),
        said["topic"],
        said["changes"],
    )


def _pieces(line: Sequence[Sequence[str]]) -> tuple[Piece, ...]:
    return tuple(Piece(text, Style(style), url) for text, style, url in line)


_READERS: dict[str, Callable[[dict[str, Any]], Payload]] = {
    "alert": lambda said: AlertPayload(),
    "edit": lambda said: EditPayload(),
    "reply": lambda said: ReplyPayload(said["news"], said["title"], said["outlet"], said["url"]),
    "digest": lambda said: DigestPayload(said.get("text", "")),
    "answer": _answer,
    "notice": lambda said: NoticePayload(said["text"]),
}
