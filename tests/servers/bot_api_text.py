"""What Telegram makes of a text; the only file that knows tdjson, which holds Telegram's own C++ parser.

Adds what that parser leaves to others: trimming, the length limits, automatic entities and the cut at 100
entities. Does not remove control characters, and drops mentions by user id, for want of users to look up.
"""

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from html import escape

from tests.servers.bot_api_refusals import Json, bad_request

try:
    import tdjson
except ImportError as error:
    raise ImportError("the fake Bot API needs Telegram's own parser: pip install tdjson") from error

MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_RAW_BYTES = 32_768
MAX_ENTITIES = 100

OWN_TAGS = ("a", "b", "blockquote", "code", "i", "pre", "s", "tg-spoiler", "tg-time", "u")

_PARSE_MODES: dict[str, Json] = {
    "html": {"@type": "textParseModeHTML"},
    "markdown": {"@type": "textParseModeMarkdown", "version": 1},
    "markdownv2": {"@type": "textParseModeMarkdown", "version": 2},
}
_ENTITY_NAMES = {
    "BlockQuote": "blockquote",
    "Bold": "bold",
    "BotCommand": "bot_command",
    "Cashtag": "cashtag",
    "Code": "code",
    "CustomEmoji": "custom_emoji",
    "DateTime": "date_time",
    "EmailAddress": "email",
    "ExpandableBlockQuote": "expandable_blockquote",
    "Hashtag": "hashtag",
    "Italic": "italic",
    "Mention": "mention",
    "PhoneNumber": "phone_number",
    "Pre": "pre",
    "PreCode": "pre",
    "Spoiler": "spoiler",
    "Strikethrough": "strikethrough",
    "TextUrl": "text_link",
    "Underline": "underline",
    "Url": "url",
}
_ENTITY_FIELDS = ("url", "language", "custom_emoji_id", "unix_time")
# Nothing is found automatically inside these.
_OPAQUE = frozenset({"code", "pre", "text_link"})
_WHITESPACE = " \t\n\r\v\f"
# A text of these alone shows nothing and counts as empty.
_INVISIBLE = _WHITESPACE + "\u00a0\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"


@dataclass(frozen=True, slots=True)
class Formatted:
    """Text as a reader sees it, and its entities in the words of the Bot API (offsets in UTF-16 units)."""

    text: str
    entities: tuple[Json, ...] = ()


def read_text(raw: str, parse_mode: str = "", entities: Iterable[Json] = ()) -> Formatted:
    """Return the text of a message as Telegram stores it, or raise the Refusal that Telegram answers."""
    if not raw:
        raise bad_request("message text is empty")
    formatted = _format(raw, parse_mode, entities)
    if not formatted.text.strip(_INVISIBLE):
        raise bad_request("text must be non-empty")
    if len(formatted.text) > MAX_TEXT:
        raise bad_request("message is too long")
    return formatted


def read_caption(raw: str, parse_mode: str = "", entities: Iterable[Json] = ()) -> Formatted:
    """Return the caption of a picture, which may be empty, or raise the Refusal that Telegram answers."""
    formatted = _format(raw, parse_mode, entities)
    if len(formatted.text) > MAX_CAPTION:
        raise bad_request("message caption is too long")
    return formatted


def _format(raw: str, parse_mode: str, entities: Iterable[Json]) -> Formatted:
    if len(raw.encode(errors="surrogatepass")) > MAX_RAW_BYTES:
        raise bad_request("text is too long")
    parsed = _trim(_parse(raw, parse_mode) if parse_mode else Formatted(raw, tuple(entities)))
    found = _automatic(parsed)
    ordered = sorted([*parsed.entities, *found], key=lambda entity: (entity["offset"], -entity["length"]))
    return Formatted(parsed.text, tuple(ordered[:MAX_ENTITIES]))


def _parse(raw: str, parse_mode: str) -> Formatted:
    if (mode := _PARSE_MODES.get(parse_mode.lower())) is None:
        raise bad_request("unsupported parse_mode")
    answer = _td({"@type": "parseTextEntities", "text": raw, "parse_mode": mode})
    if answer["@type"] == "error":
        raise bad_request(answer["message"])
    return Formatted(answer["text"], _translate(answer["entities"]))


def _automatic(parsed: Formatted) -> tuple[Json, ...]:
    """Return the links, commands, names and tags that Telegram finds by itself, outside links and code."""
    opaque = [_span(entity) for entity in parsed.entities if entity["type"] in _OPAQUE]
    found = _translate(_td({"@type": "getTextEntities", "text": parsed.text}).get("entities", []))
    return tuple(
        entity
        for entity in found
        if not any(start < _span(entity)[1] and _span(entity)[0] < end for start, end in opaque)
    )


def _trim(formatted: Formatted) -> Formatted:
    """Cut white space off both ends and move the entities along."""
    body = formatted.text.strip(_WHITESPACE)
    lead = len(formatted.text) - len(formatted.text.lstrip(_WHITESPACE))
    size = len(body.encode("utf-16-le", errors="surrogatepass")) // 2
    kept = []
    for entity in formatted.entities:
        start, end = (min(max(edge - lead, 0), size) for edge in _span(entity))
        if start < end:
            kept.append(entity | {"offset": start, "length": end - start})
    return Formatted(body, tuple(kept))


def _span(entity: Json) -> tuple[int, int]:
    return entity["offset"], entity["offset"] + entity["length"]


def _translate(entities: Iterable[Json]) -> tuple[Json, ...]:
    """Say TDLib's entities in the words of the Bot API, without those that it never shows to bots."""
    return tuple(
        _entity(entity, name)
        for entity in entities
        if (name := _ENTITY_NAMES.get(entity["type"]["@type"].removeprefix("textEntityType")))
    )


def _entity(entity: Json, name: str) -> Json:
    detail = entity["type"]
    translated = {"type": name, "offset": entity["offset"], "length": entity["length"]}
    translated |= {field: detail[field] for field in _ENTITY_FIELDS if field in detail}
    if "formatting_type" in detail:
        translated["date_time_format"] = _time_format(detail["formatting_type"])
    return translated


def _time_format(formatting: Json) -> str:
    """Rebuild the format letters of a tg-time tag."""
    if formatting["@type"].endswith("Relative"):
        return "r"
    date, time = (
        formatting[part]["@type"].removeprefix("dateTimePartPrecision") for part in ("date_precision", "time_precision")
    )
    letters = {"None": "", "Short": "dt", "Long": "DT"}
    weekday = "w" if formatting["show_day_of_week"] else ""
    return weekday + letters[date][:1] + letters[time][1:]


def is_link(url: str) -> bool:
    """Say whether Telegram keeps a URL as a link: its own test, asked with an anchor around one letter."""
    parsed = _td(
        {
            "@type": "parseTextEntities",
            "text": f'<a href="{escape(url)}">x</a>',
            "parse_mode": _PARSE_MODES["html"],
        }
    )
    return bool(parsed.get("entities"))


def shown_tag(text: str, tags: Collection[str]) -> str | None:
    """Return the first of these tags that a reader would see as text, or None."""
    names = "|".join(map(re.escape, tags))
    match = re.search(rf"</?(?:{names})(?:\s[^<>]*)?>", text, re.IGNORECASE) if names else None
    return match and match.group()


def _td(query: Json) -> Json:
    answer = tdjson.td_execute(json.dumps(query).encode())
    if answer is None:
        raise RuntimeError(f"tdjson cannot execute {query['@type']}")
    result: Json = json.loads(answer)
    return result


_td({"@type": "setLogVerbosityLevel", "new_verbosity_level": 0})
