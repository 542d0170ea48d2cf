"""Mends what is broken in the bytes of a document, so that the rest of it is read as if nothing were. Pure.

What is mended is what nobody can mean: a byte that is none of the document's charset, a charset that the document
cannot be in, and a reference to a character that does not exist.
"""

import codecs
import re

_DECLARED = re.compile(rb"\s*<\?xml\s[^<>?]{0,200}?\sencoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s\"';]{1,40})", re.IGNORECASE)
# With the sign that a document begins with, if it has no mark of its own (XML 1.0, appendix F.1).
_WIDE = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_TRUE_SHARE = 10  # characters of a charset for each byte that is none, if it is another one than UTF-8
_REFERENCE = rb"&#(?:[0-9]{1,20}|[xX][0-9A-Fa-f]{1,20});"
_REFERENCES = re.compile(_REFERENCE + rb"(?:" + _REFERENCE + rb")*")  # so that re looks for its first two bytes alone
_NUMBER = re.compile(rb"&#(?:[xX]([0-9A-Fa-f]+)|([0-9]+));")
_LONGEST_REFERENCE = 10  # bytes, without leading zeros
_UNKNOWN = 0xFFFD
_IN_UTF_8 = "application/xml; charset=utf-8"


def mend_charset(body: bytes, content_type: str) -> tuple[bytes, str, bool]:
    """Return a document with its content type, and whether bytes in it were replaced.

    A document in UTF-16 or UTF-32 comes back in UTF-8. One that says so and is not is read as what it is. A few
    bytes that are none of its charset cost no more than themselves: without that, all of it would be taken for
    Windows' own charset.
    """
    for sign, charset in _WIDE:
        if body.startswith(sign):
            wide = body.decode(charset, "replace").removeprefix("\ufeff")
            return wide.encode("utf-8", "replace"), _IN_UTF_8, "\ufffd" in wide
    names = _names(body, content_type)
    believed = [name for name in names if _can_be(name)]
    for name in (*believed, "utf-8"):
        if _is_in(body, name):
            is_known = len(believed) == len(names)
            return body, content_type if is_known else f"application/xml; charset={name}", False
    for name in ("utf-8", *believed):
        if (text := _mended(body, name)) is not None:
            return text.encode(), _IN_UTF_8, True
    return body, content_type if believed == names else "application/xml; charset=windows-1252", False


def text_in_utf_8(body: bytes) -> str:
    """Return the text of bytes in UTF-8; a byte that is no part of a character is taken for one of Windows, or none."""
    return body.decode("utf-8-sig", _HANDLER)


def mend_references(markup: bytes) -> bytes:
    """Return markup without references to what is no character (XML 1.0 section 2.2).

    Two halves that Java and JavaScript write for one character become that one; a half alone, or a number beyond
    Unicode, becomes the replacement character; a control character goes.
    """
    return _REFERENCES.sub(_mended_run, markup)


def _names(body: bytes, content_type: str) -> list[str]:
    """Return the charsets that are named for a document, as feedparser asks for them, one by one."""
    found = [_CHARSET.search(content_type)]
    names = [match[1] for match in found if match]
    if declared := _DECLARED.match(body.removeprefix(codecs.BOM_UTF8)):
        names.append(declared[1].decode())
    return names


def _can_be(name: str) -> bool:
    """Say whether a document that begins with "<" can be in this charset."""
    try:
        return "<".encode(name) == b"<"
    except (LookupError, ValueError):
        return True  # nobody knows it, and so it does no harm


def _is_in(body: bytes, name: str) -> bool:
    try:
        body.decode(name)
    except (LookupError, ValueError):
        return False
    return True


def _mended(body: bytes, name: str) -> str | None:
    """Return the text of a document that is in this charset but for a few bytes, else None."""
    try:
        text = body.decode(name, "replace")
    except (LookupError, ValueError):
        return None
    plain = len(text.encode("ascii", "ignore"))
    wrong = text.count("\ufffd")
    right = len(text) - plain - wrong
    if name != "utf-8":
        return text if wrong * _TRUE_SHARE <= right else None
    # what is no UTF-8 has hardly ever a character in it that is
    return text_in_utf_8(body) if wrong <= right else None


def _take_for_windows(error: UnicodeError) -> tuple[str, int]:
    """Replace one byte: a lone one from 0x80 to 0xBF is what Windows means by it, any other nobody knows."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    lone = error.object[error.start : error.start + 1]
    if b"\x80" <= lone <= b"\xbf":
        return lone.decode("windows-1252", "replace"), error.start + 1
    return "\ufffd", error.end


_HANDLER = "tipoff.windows"
codecs.register_error(_HANDLER, _take_for_windows)


def _mended_run(run: re.Match[bytes]) -> bytes:
    """Return a row of references as they are, or mended."""
    numbers = list(_NUMBER.finditer(run[0]))
    codes = [int(number[1], 16) if number[1] else int(number[2]) for number in numbers]
    if all(map(_is_character, codes)) and all(len(number[0]) <= _LONGEST_REFERENCE for number in numbers):
        return run[0]
    kept: list[int] = []
    at = 0
    while at < len(codes):
        code, following = codes[at], codes[at + 1] if at + 1 < len(codes) else 0
        if 0xD800 <= code < 0xDC00 <= following < 0xE000:
            kept.append(0x10000 + ((code - 0xD800) << 10) + following - 0xDC00)
            at += 1
        elif _is_character(code):
            kept.append(code)
        elif code >= 0xD800 and code & 0xFFFE != 0xFFFE:
            kept.append(_UNKNOWN)
        at += 1
    return b"".join(b"&#x%X;" % code for code in kept)


def _is_character(code: int) -> bool:
    return code in {9, 10, 13} or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code <= 0x10FFFF
