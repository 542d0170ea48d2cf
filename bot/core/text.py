"""Folding, tokens, first paragraphs, and plain text out of markup. Pure."""

import re
import unicodedata
from functools import lru_cache
from html import unescape

# One word is a run of letters and digits, with what belongs to it: "won't", "AT&T", "C++", "C#"; a possessive
# ending is no part of it. Chinese and Japanese have no spaces: each of their characters is a word of its own.
# Vowel signs of Indic scripts and Thai are marks, not letters, and belong to their word.
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_MARKS = (
    "\u0300-\u036f\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0981-\u0983\u09bc-\u09cd\u0b82\u0bbe-\u0bcd"
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"
)
_LETTERS = rf"[^\W_{_CJK}]+(?:[{_MARKS}]+[^\W_{_CJK}]*)*"
_WORD = re.compile(rf"([{_CJK}]|{_LETTERS}(?:['&](?!s(?![^\W_])){_LETTERS})*(?:\+\+|#(?!\w))?)(?:'s?(?![^\W_]))?")
_POSSESSIVE = re.compile(r"['’]s?$", re.IGNORECASE)
# Letters that Unicode does not take apart.
_PLAIN = {ord(letter): ord(plain) for letter, plain in zip("łđøıŁĐØ", "ldoildo", strict=True)}
_ENTITY = re.compile(r"&(#?\w+);")
# Numbers beyond any character, on which the library's own resolver stumbles.
_NO_CHARACTER = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{7,});?")
_TAG = re.compile(r"(<[^<>]*>)")
_TAG_NAME = re.compile(r"</?([a-z][a-z0-9:-]*)", re.IGNORECASE)
# Control characters, and those that turn, hide or join the text around them (Unicode TR 36).
_UNSAFE_ONES = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff"
)
_MARK_ONES = "\u0300-\u036f\u0483-\u0489\u20d0-\u20f0"
_UNSAFE = re.compile(f"[{_UNSAFE_ONES}]")
_MARK_RUN = re.compile(f"([{_MARK_ONES}]{{3}})[{_MARK_ONES}]+")
_RARE = re.compile(f"[{_UNSAFE_ONES}{_MARK_ONES}]")
# Where marks may stand in a row: neither letters nor white space, and beyond Latin. Thirty in a row are more than any
# language writes (UAX #15, section 13); the normal form takes time by the square of their number.
_MOST_MARKS = 30
_MAYBE_MARKS = re.compile(rf"[^\x00-\u02ff\w\s]{{{_MOST_MARKS + 1},}}")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)]*\s+(?=[\"'“‘(]*[A-Z0-9À-Þ])")
_BLOCKS = frozenset(
    {"p", "br", "div", "li", "ul", "ol", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre"}
    | {"blockquote", "section", "article", "header", "footer", "figure", "figcaption"}
)
_HIDDEN = frozenset({"script", "style", "head", "template", "noscript", "iframe", "svg"})
_HIDES = re.compile(rf"<(?:{'|'.join(sorted(_HIDDEN))})(?![a-z0-9:-])", re.IGNORECASE)
_BLOCK_TAG = re.compile(rf"</?(?:{'|'.join(sorted(_BLOCKS))})(?![a-z0-9:-])[^<>]*>", re.IGNORECASE)
_OTHER_TAG = re.compile(r"<(?:/?[a-z]|[!?])[^<>\0]*>", re.IGNORECASE)
_LEDE_LIMIT = 600  # characters; a first paragraph beyond it is the body


class _Fold(dict[int, int]):
    """The folded form of each character that has one of the same length; filled as characters are met."""

    def __missing__(self, code: int) -> int:
        plain = "".join(c for c in unicodedata.normalize("NFKD", chr(code)).casefold() if not unicodedata.combining(c))
        folded = self[code] = ord(plain) if len(plain) == 1 else code
        return folded


_FOLD = _Fold(_PLAIN | {0x2018: 0x27, 0x2019: 0x27, 0x02BC: 0x27, 0x60: 0x27, 0xB4: 0x27})


class Text:
    """A text and its words: folded (no case, accents, curly quotes or possessives), in order.

    "OpenAI's" is the word "openai"; "FileStore" is one word. Cutting costs about 3 µs a headline; where the
    words stand is found out only when somebody asks.
    """

    __slots__ = ("_low", "_spans", "raw", "words")

    def __init__(self, raw: str) -> None:
        self.raw = raw
        self._low = raw.lower().replace("`", "'") if raw.isascii() else raw.translate(_FOLD)
        self._spans: list[tuple[int, int]] | None = None
        cut: list[str] = _WORD.findall(self._low)
        self.words = cut if raw.isascii() else [word if word.isascii() else fold(word) for word in cut]

    @property
    def spans(self) -> list[tuple[int, int]]:
        """Return where each word begins and ends, in characters, its possessive ending left out."""
        if self._spans is None:
            self._spans = [match.span(1) for match in _WORD.finditer(self._low)]
        return self._spans

    def quote(self, first: int, last: int) -> str:
        """Return the text from the beginning of word `first` to the end of word `last`, as it was written."""
        return self.raw[self.spans[first][0] : self.spans[last][1]]


@lru_cache(maxsize=65536)
def fold(word: str) -> str:
    """Return one form for all spellings: no case, accents, curly quotes or possessive."""
    if word.isascii():
        plain = word.casefold()
    else:
        decomposed = unicodedata.normalize("NFKD", _few_marks(word).replace("’", "'").translate(_PLAIN)).casefold()
        plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return _POSSESSIVE.sub("", plain) or plain


def listed(text: str) -> list[str]:
    """Return the pieces of a text that commas divide, over any lines."""
    return [piece for part in text.replace("\n", " ").split(",") if (piece := part.strip())]


def words(text: str) -> tuple[str, ...]:
    """Return the folded words of a text."""
    return tuple(Text(text).words)


def clean(text: str) -> str:
    """Return text that shows as it reads: no control, direction or zero-width tricks; NFC; single spaces.

    Line breaks stay, one at a time.
    """
    bare = text.strip()
    if bare.isascii() and bare.isprintable() and "  " not in bare:
        return bare  # nearly every title, and most texts of one paragraph
    if _RARE.search(text):
        text = _UNSAFE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
        text = _MARK_RUN.sub(r"\1", _composed(text))
    else:
        text = _composed(text)
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _composed(text: str) -> str:
    """Return text in normal form C, in linear time: no more than thirty marks in a row are kept."""
    return _few_marks(unicodedata.normalize("NFC", _few_marks(text)))


def _few_marks(text: str) -> str:
    """Return text in which no more than thirty marks stand in a row."""
    return _MAYBE_MARKS.sub(_first_marks, text)


def _first_marks(run: re.Match[str]) -> str:
    kept, marks = [], 0
    for character in run[0]:
        marks = marks + 1 if unicodedata.category(character).startswith("M") else 0
        if marks <= _MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def one_line(text: str) -> str:
    """Return clean text on one line."""
    return clean(text).replace("\n", " ")


def unescape_once(text: str) -> str:
    """Resolve character references once, if there are any. Never loops: `&amp;lt;` is the text `&lt;`."""
    return unescape(_NO_CHARACTER.sub("", text)) if _ENTITY.search(text) else text


def strip_markup(html: str) -> str:
    """Return the text of an HTML fragment, a line a block; references resolved once.

    Linear in the input. Does not keep links, images or anything else that is not text.
    """
    bare = _without_comments(html)
    if _HIDES.search(bare) or "\0" in bare:
        bare = _without_hidden(bare)
    else:
        # a mark keeps what stands around a tag from becoming one
        bare = _OTHER_TAG.sub("", _BLOCK_TAG.sub("\0\n", bare)).replace("\0", "")
    return clean(unescape(_NO_CHARACTER.sub("", bare)) if "&" in bare else bare)


def _without_hidden(html: str) -> str:
    """Return the text of HTML in which there are elements whose content is no text."""
    parts: list[str] = []
    hidden: str | None = None  # such an element that is open
    for part in _TAG.split(html):
        if part.startswith("<") and part.endswith(">") and (name := _tag_name(part)):
            hidden = _hidden_after(part, name, hidden)
            if name in _BLOCKS:
                parts.append("\n")
        elif hidden is None:
            parts.append(part)
    return "".join(parts)


def _without_comments(html: str) -> str:
    """Return HTML without its comments; one that is never closed stays."""
    kept: list[str] = []
    position = 0
    while (start := html.find("<!--", position)) >= 0 and (end := html.find("-->", start)) >= 0:
        kept.append(html[position:start])
        position = end + 3
    return "".join([*kept, html[position:]])


def _tag_name(tag: str) -> str | None:
    match = _TAG_NAME.match(tag)
    if match:
        return match[1].lower()
    return "!" if tag[1:2] in {"!", "?"} else None


def _hidden_after(tag: str, name: str, hidden: str | None) -> str | None:
    if hidden is not None:
        return None if tag.startswith("</") and name == hidden else hidden
    return name if name in _HIDDEN and not tag.startswith("</") and not tag.endswith("/>") else None


def lede(summary: str) -> str:
    """Return the first paragraph, cut at a sentence when it is long."""
    paragraph = summary.partition("\n")[0]
    return paragraph if len(paragraph) <= _LEDE_LIMIT else shorten(paragraph, _LEDE_LIMIT)


def sentences(text: str) -> list[str]:
    """Split a text at its sentence ends. Abbreviations before a capital letter split too early."""
    return _SENTENCE_END.split(text)


def shorten(text: str, limit: int) -> str:
    """Return at most `limit` characters, whole sentences if one fits, else whole words and an ellipsis."""
    if len(text) <= limit:
        return text
    kept = ""
    for sentence in sentences(text[: limit + 1]):
        if len(kept) + len(sentence) + 1 > limit or not text.startswith(f"{kept} {sentence}".strip()):
            break
        kept = f"{kept} {sentence}".strip()
    if kept.endswith((".", "!", "?", "…")) and len(kept) > limit // 3:
        return kept
    return (
        text[: limit - 1].rpartition(" ")[0].rstrip(" ,;:–-") + "…"
        if " " in text[: limit - 1]
        else text[: limit - 1] + "…"
    )


def units(text: str) -> int:
    """Return the length of text in UTF-16 units, by which Telegram counts (core.telegram.org/api/entities)."""
    return len(text) + sum(character > "\uffff" for character in text)


def parts(text: str, limit: int = 3000) -> list[str]:
    """Return text in pieces of at most `limit` UTF-16 units, cut between lines, else between words.

    Nothing but the white space at a cut is left out; a character and what belongs to it stay together where
    that is possible at all.
    """
    pieces, start = [], 0
    while _is_longer(text, start, limit):
        end = start + _cut(text[start : start + limit + 1], limit)
        pieces.append(text[start:end].rstrip())
        while text[end : end + 1].isspace():
            end += 1
        start = end
    rest = text[start:]
    return [*(piece for piece in pieces if piece), *([rest] if rest or not pieces else [])]


def _is_longer(text: str, start: int, limit: int) -> bool:
    """Say whether what follows a place is longer than the limit, in UTF-16 units."""
    return len(text) - start > limit or units(text[start:]) > limit


def _cut(text: str, limit: int) -> int:
    """Return where to cut a text that is longer than the limit."""
    end, size = 0, 0
    while size + (width := units(text[end])) <= limit:
        size, end = size + width, end + 1
    for sign in ("\n", " "):
        if (at := text.rfind(sign, end // 2, end + 1)) > 0:
            return at
    whole = end
    while whole > end // 2 and _belongs(text, whole):
        whole -= 1
    return whole if whole > end // 2 else end


def _belongs(text: str, at: int) -> bool:
    """Say whether a character changes the one before it: an accent, a joined emoji, a skin colour, half a flag."""
    character = text[at]
    if _is_half_a_flag(character):
        halves = at
        while halves and _is_half_a_flag(text[halves - 1]):
            halves -= 1
        return (at - halves) % 2 == 1
    return (
        unicodedata.combining(character) != 0
        or character in "\u200d\ufe0e\ufe0f"
        or text[at - 1] == "\u200d"
        or "\U0001f3fb" <= character <= "\U0001f3ff"
    )


def _is_half_a_flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
