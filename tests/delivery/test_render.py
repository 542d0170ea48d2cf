"""What a message says, and that nothing in it can act or break."""

import re
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.model import (
    Address,
    Alert,
    AnswerPayload,
    Button,
    ButtonToken,
    EventKey,
    MessageKind,
    Priority,
    ReplyPayload,
    plain_lines,
)
from tests.delivery.builders import NOON, alert, match, rendered, source
from tests.servers.bot_api_text import read_text

# What we write ourselves; any other entity is one that Telegram made of a feed's words.
OURS = {"bold", "italic", "code", "text_link", "blockquote", "expandable_blockquote", "date_time"}
# Text as feeds have it at their worst: markup, entities, direction marks, emoji, broken surrogates, megabytes.
HOSTILE = st.one_of(
    st.text(max_size=400),
    st.sampled_from(
        [
            '<a href="tg://user?id=1">tap</a>',
            "&lt;b&gt;bold&lt;/b&gt; <b",
            "/unwatch_all@bot @channel #tag $AMZN t.me/joinchat Booking.com",
            "\u202eevil\u202c \u2066x\u2069 a\u0300\u0301\u0302\u0303\u0304",
            "🎉" * 5000,
            "x" * 10_000,
            "\ud800 lone \udfff",
            "line\nbreak\r\nand\ttab\x00\x07",
            "",
            "   ",
        ]
    ),
)


def test_a_new_story_reads_as_designed() -> None:
    """Headline first and alone, then who and when, a quote of the first paragraph, and why."""
    message = rendered(
        alert(
            matches=(match(summary="She told staff on Friday.\n\nMore below.", event="departure"),),
            event_keys=(EventKey("departure", "stated", ("Ilse Marten",), (), is_named=True),),
        )
    )

    assert message.plain.split("\n") == [
        "Ilse Marten leaves",
        "Departure · The Ledger · 12:01 · 1 source, not confirmed",
        "│ She told staff on Friday.",
        "",
        "Why you see this: watch Marten (“leaves”)",
    ]
    assert message.html.startswith("<b>Ilse Marten leaves</b>\n")
    assert message.buttons == ((Button("Read at The Ledger", "https://ledger.example/1", is_main=True),),)


def test_a_story_that_grew_names_every_source() -> None:
    """Three stand in a line, more in a folded list with their times."""
    three = rendered(alert(*(source(n, outlet=f"Outlet {n}") for n in (1, 2, 3))))
    five = rendered(alert(*(source(n, outlet=f"Outlet {n}") for n in range(1, 6))))

    assert "3 sources · updated 12:03" in three.plain
    assert "Outlet 1 · Outlet 2 · Outlet 3" in three.plain
    assert "<blockquote expandable><b>All 5 sources</b>" in five.html
    assert "Outlet 5 12:05" in five.plain


def test_what_speaks_low_has_two_lines() -> None:
    """The headline, and who says so when for which watch; one row of buttons, and no sound."""
    low = replace(
        alert(matches=(match(watch="team/pellucid"),), priority=Priority.LOW), button_token=ButtonToken("t0ken")
    )
    message = rendered(low)

    assert message.plain.split("\n") == ["Ilse Marten leaves", "The Ledger · 12:01 · watch pellucid"]
    assert [[button.label for button in row] for row in message.buttons] == [["Read at The Ledger", "Follow", "···"]]
    assert message.silent


def test_how_a_story_went_on_is_a_timeline() -> None:
    """The first report, then what was new with its outlet and hour, the newest in bold."""
    steps = (source(5, "Corvid AI", "denied"), source(9, "Wireline", "destination: Northgate Labs"))
    message = rendered(replace(alert(source(1), source(2, outlet="Wireline")), steps=steps))

    assert (
        "12:01  First report · The Ledger\n12:05  Denied · Corvid AI\n12:09  Destination: Northgate Labs"
        in message.plain
    )
    assert "<b>Destination: Northgate Labs</b>" in message.html


def test_a_story_that_may_be_another_says_which() -> None:
    """By its headline, which is a link."""
    message = rendered(replace(alert(), possible_duplicate=source(4, title="Marten and the Corvid question")))

    assert "May be the same as: Marten and the Corvid question" in message.plain
    assert '<a href="https://ledger.example/4">Marten and the Corvid question</a>' in message.html


def test_a_development_is_an_answer_with_what_is_new_first() -> None:
    """Then its headline, the outlet and the hour; not how many confirm the story, which it may deny."""
    reply = alert(source(1), source(2, outlet="Wireline"), kind=MessageKind.REPLY)
    message = rendered(
        replace(
            reply,
            payload=ReplyPayload(
                "destination: Northgate Labs", "Marten joins Northgate", "Wireline", "https://w.example/1"
            ),
        )
    )

    assert message.plain.split("\n") == [
        "Destination: Northgate Labs",
        "Marten joins Northgate",
        "Wireline · 12:00",
    ]
    assert message.buttons == ((Button("Read at Wireline", "https://w.example/1", is_main=True),),)


def test_a_watch_of_the_chat_is_called_as_there() -> None:
    """Another chat's name inside stays."""
    assert "watch Marten (" in rendered(alert(matches=(match(watch="team/Marten"),))).plain
    assert "watch ops/Marten (" in rendered(alert(matches=(match(watch="ops/Marten"),))).plain


def test_a_long_name_fits_a_button() -> None:
    """A phone shows about thirty letters."""
    (row,) = rendered(alert(source(outlet="The Very Long Name of an Outlet of the North"))).buttons

    assert len(row[0].label) <= 32


def test_many_sources_are_counted_not_listed() -> None:
    """Twelve are named, the rest is a number, and Telegram's limit of entities is kept."""
    message = rendered(alert(*(source(n, outlet=f"Outlet {n}") for n in range(1, 40))))

    assert "and 27 more" in message.plain
    assert len(read_text(message.html, "HTML").entities) <= 100


def test_times_are_in_the_zone_of_the_chat() -> None:
    """Plain text and the inner text of a Telegram time show the chat's hour."""
    berlin = replace(alert(), address=Address("team", 42, timezone=ZoneInfo("Europe/Berlin")))

    assert "13:01" in rendered(berlin).plain
    assert ">13:01</tg-time>" in rendered(berlin).html


def test_low_priority_makes_no_sound() -> None:
    """Only a low watch is silent."""
    assert rendered(alert(priority=Priority.LOW)).silent
    assert not rendered(alert()).silent


def test_the_hash_says_whether_a_reader_would_see_a_change() -> None:
    """The same story gives the same hash; one more source another."""
    assert rendered(alert()).hash == rendered(alert()).hash
    assert rendered(alert()).hash != rendered(alert(source(1), source(2, outlet="Wireline"))).hash


@pytest.mark.parametrize("url", ["javascript:alert(1)", "tg://resolve?domain=x", "ftp://a.example/", None, "/local"])
def test_only_web_links_are_links(url: str | None) -> None:
    """Any other address is left out; the name stays."""
    message = rendered(alert(source(url=url)))

    assert "<a " not in message.html
    assert message.buttons == ()
    assert "The Ledger" in message.plain


def test_words_of_a_feed_cannot_act() -> None:
    """No command, mention, tag or link comes of a headline."""
    title = "Run /stop@bot for @everyone #now $AMZN at Booking.com or t.me/x, says Character.AI of 192.0.2.1"
    message = rendered(alert(source(title=title)))

    assert {entity["type"] for entity in read_text(message.html, "HTML").entities} <= OURS
    acting = {entity["type"] for entity in read_text(title).entities}
    assert acting >= {"bot_command", "mention", "hashtag", "cashtag", "url"}, "the null control: bare, it would act"


@settings(max_examples=80, deadline=None)
@given(title=HOSTILE, summary=HOSTILE, outlet=HOSTILE, words=HOSTILE, watch=HOSTILE, count=st.integers(1, 30))
def test_every_message_is_taken_by_telegrams_own_parser(
    title: str, summary: str, outlet: str, words: str, watch: str, count: int
) -> None:
    """Whatever a feed says, the markup parses, fits the limit, and nothing of ours shows as text."""
    sources = [source(n, outlet=outlet, title=title) for n in range(1, count + 1)]
    message = rendered(alert(*sources, matches=(match(summary, words, watch),)))

    shown = read_text(message.html, "HTML")
    text, entities = shown.text, shown.entities
    assert {entity["type"] for entity in entities} <= OURS
    assert len(text.encode("utf-16-le")) // 2 <= 4096
    assert len(message.plain.encode("utf-16-le")) // 2 <= 4096
    assert len(entities) <= 100
    assert re.sub(r"\s", "", text) != ""
    assert not re.search(r"[\u202a-\u202e\u2066-\u2069\x00-\x08]", text)


def answer(text: str) -> Alert:
    return Alert(1, Address("me", 42), MessageKind.ANSWER, 1, NOON, payload=AnswerPayload(plain_lines(text)))


def test_an_answer_is_plain_words() -> None:
    """The answer to a command is escaped like everything else."""
    said = answer("2 < 3 & more\nsecond line")

    assert rendered(said).html == "2 &lt; 3 &amp; more\nsecond line"


def test_a_long_answer_says_how_much_is_left_out() -> None:
    """120 watches do not fit into one message; nobody should think that the rest is not watched."""
    watches = [f"• watch number {number}: some words to fill the line" for number in range(120)]
    said = answer("\n".join(["120 watches:", *watches]))

    shown = read_text(rendered(said).html, "HTML").text.split("\n")
    assert shown[0].rstrip("\u2060") == "120 watches:"
    assert shown[-1] == f"and {120 - (len(shown) - 2)} more"
    assert shown[1:-1] == watches[: len(shown) - 2]
    assert 50 < len(shown) < 100


@pytest.mark.parametrize("lines", [1, 2, 70])
def test_what_fits_is_not_cut(lines: int) -> None:
    """Nothing is added to it."""
    text = "\n".join(f"line {number}" for number in range(lines))

    assert rendered(answer(text)).plain == text


def test_an_answer_of_one_endless_line_is_still_a_message() -> None:
    """Shorter than Telegram's limit, and not empty."""
    message = rendered(answer("x" * 9000))

    assert 0 < len(message.plain) <= 4096
