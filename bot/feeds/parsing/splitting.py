"""Splits a document into its entries, by a scanner of its bytes. Pure.

The scanner only has to be right where it is sure: a document that looks doubtful is not split, and is read whole. A
part of a document is a short head (declaration, root and channel, with their namespaces, base and language), some of
the entries, and the end tags. The scanner is linear in the document.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

ENTRY_HASH_SIZE = 16
"""Bytes of the hash of an entry's bytes."""

_MOST = 1000  # entries of a document; one with more is read whole
# In which no byte of another character looks like markup, and which feedparser reads alike in part and whole.
_SAFE = re.compile(r"utf-8|us-ascii|ascii|iso-8859-\d+|windows-125\d|cp125\d|koi8-[ru]|euc-(?:jp|kr)")
_TAG = re.compile(rb"<([A-Za-z:]{3,12})(?:\s+[^\s=<>\"']+\s*=\s*(?:\"[^\"<]*\"|'[^'<]*'))*\s*(/?)>")
_DECLARATION = re.compile(rb"<\?xml\s[^<>?]{0,200}\?>")
_SPACE = re.compile(rb"\s*")
# With any prefix, in any case: where such an entry stands outside those found, there is doubt.
_AN_ENTRY = re.compile(rb"<(?:[\w.-]+:)?(?:item|entry)[\s/>]", re.IGNORECASE)
_ENTRY_OF = {b"rss": b"item", b"rdf:RDF": b"item", b"feed": b"entry"}
# For two characters a pattern is three times as fast as `find`.
_INSTRUCTION, _SECTION = re.compile(rb"<\?"), re.compile(b"<!")
_LONGEST_TAG = 65_536  # bytes
_TAG_END = ord(">")
_AFTER_NAME = frozenset(b" \t\r\n/>")


class _DoubtError(Exception):
    """The document is not one that can safely be split."""


@dataclass(frozen=True, slots=True)
class SplitDocument:
    """A document in pieces; `spans` says where each entry begins and ends."""

    body: bytes
    head: bytes
    spans: tuple[tuple[int, int], ...]
    tail: bytes

    def hashes(self) -> list[bytes]:
        """Return the hash of each entry's bytes."""
        view = memoryview(self.body)
        return [sha256(view[start:end]).digest()[:ENTRY_HASH_SIZE] for start, end in self.spans]

    def part(self, numbers: Iterable[int]) -> bytes:
        """Return a document with these entries only, in their order."""
        return b"".join((self.head, *(self.body[slice(*self.spans[number])] for number in numbers), self.tail))


def split_document(body: bytes) -> SplitDocument | None:
    """Split a document into its entries; None when there is the slightest doubt."""
    try:
        return _split(body)
    except _DoubtError:
        return None


def _split(body: bytes) -> SplitDocument:
    at = 3 if body.startswith(b"\xef\xbb\xbf") else 0
    at = _skip(body, at)
    declaration = _DECLARATION.match(body, at)
    root = _tag(body, _skip(body, declaration.end() if declaration else at, instructions=True))
    if root[1] not in _ENTRY_OF or root[2]:
        raise _DoubtError
    head, tail, at = body[slice(*root.span())], body[root.start() + 1 : root.end(1)], root.end()
    tail = b"</" + tail + b">"
    if root[1] == b"rss":
        channel = _tag(body, _skip(body, at))
        if channel[1] != b"channel" or channel[2]:
            raise _DoubtError
        at = channel.end()
        head, tail = (
            head + body[slice(*channel.span())],
            b"</" + body[channel.start() + 1 : channel.end(1)] + b">" + tail,
        )
    spans = tuple(_entries(body, at, _ENTRY_OF[root[1]]))
    closing = b"</" + root[1] + b">"
    end = body.rfind(closing, spans[-1][1])
    if end < 0 or _skip(body, end + len(closing)) < len(body):  # it was cut off, or something follows it
        raise _DoubtError
    if _AN_ENTRY.search(body, spans[-1][1], end) or len(spans) > _MOST:
        raise _DoubtError
    start = body[: declaration.end()] if declaration else b""
    return SplitDocument(body, start + head, spans, tail)


def _tag(body: bytes, at: int) -> re.Match[bytes]:
    found = _TAG.match(body, at, at + _LONGEST_TAG)
    if found is None:
        raise _DoubtError
    return found


def _skip(body: bytes, at: int, *, instructions: bool = False) -> int:
    """Return where something other than white space, comments and, if wanted, instructions begins."""
    while True:
        found = _SPACE.match(body, at)
        assert found is not None, "it matches nothing, too"
        at = found.end()
        if instructions and body.startswith(b"<?", at):
            end = body.find(b"?>", at)
            if end < 0:
                raise _DoubtError
            at = end + 2
        elif body.startswith(b"<!--", at):
            at = _end_of(body, at)
        else:
            return at


def _entries(body: bytes, at: int, name: bytes) -> Iterable[tuple[int, int]]:
    """Yield where each entry begins and ends: one by one, with only white space and comments between."""
    opening, closing = b"<" + name, b"</" + name + b">"
    start = _find(body, opening, at)
    while not _ends_name(body, start + len(opening)):  # such as <items>
        start = _find(body, opening, start + 1)
    if _AN_ENTRY.search(body, at, start) or _INSTRUCTION.search(body, start):
        raise _DoubtError
    following = re.compile(rb"\s*" + opening + rb"(?=[\s/>])")
    while body.startswith(opening, start) and _ends_name(body, start + len(opening)):
        inside = start + len(opening) + 1
        if body[inside - 1] != _TAG_END:
            tag = _tag(body, start)
            inside = tag.end()
            if tag[2]:
                yield start, inside
                start = _skip(body, inside)
                continue
        end = _find(body, closing, inside) + len(closing)
        yield start, end
        after = following.match(body, end)  # as nearly always
        start = after.end() - len(opening) if after else _skip(body, end)


def _ends_name(body: bytes, at: int) -> bool:
    return at < len(body) and body[at] in _AFTER_NAME


def _find(body: bytes, words: bytes, at: int) -> int:
    """Return where these words stand outside CDATA sections and comments."""
    found = body.find(words, at)
    while found >= 0:
        section = _SECTION.search(body, at, found)
        if section is None:
            return found
        at = _end_of(body, section.start())
        if at > found:
            found = body.find(words, at)
    raise _DoubtError


def _end_of(body: bytes, at: int) -> int:
    """Return where the CDATA section or comment ends that begins here."""
    for opening, closing in ((b"<![CDATA[", b"]]>"), (b"<!--", b"-->")):
        if body.startswith(opening, at):
            end = body.find(closing, at + len(opening))
            if end >= 0:
                return end + 3
    raise _DoubtError


def is_safe_charset(charset: str) -> bool:
    """Say whether documents in this charset may be split."""
    return _SAFE.fullmatch(charset.lower()) is not None


def is_in_charset(body: bytes, charset: str) -> bool:
    """Say whether a document is all in this charset; if it is not, feedparser would read it in another."""
    try:
        body.decode(charset)
    except (UnicodeDecodeError, LookupError):
        return False
    return True
