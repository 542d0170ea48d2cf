"""Folding, words, plain text."""

import re
import unicodedata
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.text import (
    Text,
    clean,
    lede,
    listed,
    one_line,
    parts,
    sentences,
    shorten,
    strip_markup,
    unescape_once,
    units,
    words,
)
from tests.growth import LINEAR, growth


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("OpenAI's", ["openai"]),
        ("OpenAI’s new model", ["openai", "new", "model"]),
        ("the boys' club", ["the", "boys", "club"]),
        ("FileStore", ["filestore"]),
        ("won't stop", ["won't", "stop"]),
        ("AT&T and C++ and C# #1", ["at&t", "and", "c++", "and", "c#", "1"]),
        ("co-founder", ["co", "founder"]),
        ("Müller, Łódź", ["muller", "lodz"]),
        ("iOS 18.2", ["ios", "18", "2"]),
        ("東京tower", ["東", "京", "tower"]),
        ("ภาษาไทย", ["ภาษาไทย"]),
        ("Pellucid‘s ‘plan’", ["pellucid", "plan"]),
        ("…!?", []),
    ],
)
def test_text_is_split_into_words(text: str, expected: list[str]) -> None:
    """Whole words, folded."""
    assert list(words(text)) == expected


@given(st.text(max_size=200))
def test_words_stand_where_they_say(text: str) -> None:
    """In order, apart from each other, and each folds to what it says."""
    read = Text(text)

    assert [Text(read.quote(place, place)).words for place in range(len(read.words))] == [[word] for word in read.words]
    assert all(one[1] <= other[0] for one, other in pairwise(read.spans))
    assert words(text) == tuple(read.words)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One <b>two</b></p><p>three</p>", "One two\nthree"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("AT&amp;T &amp;lt;b&amp;gt;", "AT&T &lt;b&gt;"),
        ("5 < 6 and a<b", "5 < 6 and a<b"),
        ("x<script>bad(1 > 0)</script>y<style>b{}</style>z", "xyz"),
        ("a<!-- hidden > still --> b", "a b"),
        ("<?php echo 1 ?>b<!DOCTYPE x>c", "bc"),
        ("text <!-- <b>x</b> --> y", "text y"),
        ("<script><!-- x --> var y</script>z", "z"),
        ("a &#99999999999; b", "a b"),
        ("&nbsp;a&#x202E;b", "ab"),
        ("<svg/>a", "a"),
        ("", ""),
    ],
)
def test_markup_becomes_text(html: str, text: str) -> None:
    """Tags go, blocks are lines, references are resolved once."""
    assert strip_markup(html) == text


@given(st.text(max_size=300))
def test_clean_text_is_clean(text: str) -> None:
    """A second cleaning changes nothing; nothing hidden is left; it can be stored and sent."""
    cleaned = clean(text)

    assert clean(cleaned) == cleaned
    assert "\n" not in one_line(text)
    cleaned.encode()
    assert not set(cleaned) & set("\x00\x07\u202e\u200b\u2066\ufeff\r")


@given(st.text(alphabet="<>!-/ab &;#x\n", max_size=200))
def test_any_markup_is_survived(html: str) -> None:
    """However broken."""
    strip_markup(html)


PIECES = [
    "<p>",
    "</p>",
    "<",
    "</",
    ">",
    "<b>",
    "a",
    "p",
    "!",
    "<BR >",
    "<pre-x>",
    "<headx>",
    "<!-- x -->",
    "<!d>",
    "&am",
    "p;",
]


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_an_element_that_hides_its_content_changes_nothing_else(html: str) -> None:
    """Texts without one are taken apart another way."""
    assert strip_markup(html + "<svg>hidden</svg>") == strip_markup(html)


def cut(text: str) -> list[str]:
    """Cut a text into many parts."""
    return parts(text, 100)


@pytest.mark.parametrize("piece", ["<", "<!--", "<script>", "&lt;", "a\u0300\u0301", "</p", "<svg", ".)", "\n", "'"])
@pytest.mark.parametrize("job", [strip_markup, words, clean, one_line, unescape_once, lede, cut, sentences, listed])
def test_hostile_repetition_costs_linear_work(job: Callable[[str], object], piece: str) -> None:
    """With twice the text comes twice the work, not four times as much."""
    assert growth(job, lambda size: piece * size) < LINEAR


@pytest.mark.parametrize(
    "piece", ["\u0315\u0300", "\u05b0\u05b1", "\u0f73", "\u0344", "\u0e38\u0e48", "\u200b\u0300\u0315"]
)
@pytest.mark.parametrize("job", [strip_markup, words, clean])
def test_marks_without_end_cost_linear_work(job: Callable[[str], object], piece: str) -> None:
    """The normal form sorts the marks of one letter, by the square of their number: thirty are kept."""
    assert growth(job, lambda size: "a" + piece * size) < LINEAR
    assert len(clean("a" + piece * 1000 + "b")) < 100


def test_the_normal_form_alone_is_quadratic() -> None:
    """The null control."""
    assert (
        growth(lambda text: unicodedata.normalize("NFC", text), lambda size: "a" + "\u0315\u0300" * size, 300) > LINEAR
    )


def test_marks_as_languages_use_them_stay() -> None:
    """Hebrew with points and accents, Arabic, Thai, Tibetan, an emoji of seven."""
    for text in ("בְּרֵאשִׁ֖ית", "بِسْمِ ٱللَّهِ", "น้ำผึ้ง", "བསྒྲུབས", "👩\u200d👩\u200d👧\u200d👦", "—" * 100):
        assert clean(text) == unicodedata.normalize("NFC", text)


def test_quadratic_work_would_be_seen() -> None:
    """The null control: a pattern that looks for its end from every place."""
    assert growth(re.compile("<[^>]*>").findall, lambda size: "<" * size, size=300) > LINEAR


@pytest.mark.parametrize(
    ("text", "once"), [("&amp;lt;", "&lt;"), ("R&amp;D", "R&D"), ("R&D", "R&D"), ("a & b", "a & b")]
)
def test_references_are_resolved_once(text: str, once: str) -> None:
    """Never in a loop: what was written as text stays text."""
    assert unescape_once(text) == once


@given(st.text(max_size=400), st.integers(2, 300))
def test_shortened_text_fits(text: str, limit: int) -> None:
    """Never longer than asked; short text stays as it is."""
    short = shorten(text, limit)

    assert len(short) <= limit
    assert len(text) > limit or short == text


def test_text_is_cut_at_a_sentence_or_a_word() -> None:
    """Whole sentences where one fits, else whole words."""
    assert shorten("One sentence here. And another one that is long.", 30) == "One sentence here."
    assert shorten("one word after another", 12) == "one word…"


def test_the_lede_is_the_first_paragraph() -> None:
    """Cut where it is endless."""
    assert lede("First.\nSecond.") == "First."
    assert len(lede("word " * 1000)) <= 600


@given(st.text(max_size=400), st.integers(10, 60))
def test_parts_keep_every_word_and_the_limit(text: str, limit: int) -> None:
    """No piece is longer in UTF-16 units, none but the first is empty, and only white space is lost."""
    pieces = parts(text, limit)

    assert all(units(piece) <= limit for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(pieces) or pieces == [""] or not text.strip()


@pytest.mark.parametrize("size", [4096, 4097, 10_000])
@pytest.mark.parametrize("sign", ["x", "🎉", "א", "👩\u200d🚒", "e\u0301", "🇩🇪"])
def test_a_character_stays_whole(size: int, sign: str) -> None:
    """An emoji of several, an accent, a flag: none is cut in two, also where there is no space to cut at."""
    text = sign * (size // units(sign))
    pieces = parts(text, 3000)

    assert "".join(pieces) == text
    assert all(piece.startswith(sign) and piece.endswith(sign) for piece in pieces)
