"""Bytes to entries: what feeds look like, and what is refused cleanly."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.model import Entry, FeedDocument, FeedFailure
from bot.feeds.parsing.with_feedparser import _harmless
from tests.builders import Entry as Written
from tests.builders import atom, json_feed, rss
from tests.feeds.parsing.reading import read

URL = "https://feed.example/dir/feed.xml"
DATA = Path(__file__).parents[4] / "shared" / "data"
WRITTEN = Written(
    "A <b> & “c”", "https://a.example/1", "tag:a.example,2026:1", "Some text.", datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
)


def document(body: bytes, content_type: str = "") -> FeedDocument:
    result = read(body, content_type, URL)
    assert isinstance(result, FeedDocument), result
    return result


def refused(body: bytes) -> str:
    result = read(body, "", URL)
    assert isinstance(result, FeedFailure), result
    return result.reason


def rss_with(inner: str, head: str = "") -> bytes:
    """Return a document with one item of this markup."""
    channel = f"<channel><title>T</title><item>{inner}</item></channel>"
    return f'<?xml version="1.0"?>{head}<rss version="2.0">{channel}</rss>'.encode()


def atom_with(inner: str) -> bytes:
    """Return an Atom document with one entry of this markup."""
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry>{inner}</entry></feed>'.encode()


def first(inner: str) -> Entry:
    return document(rss_with(inner)).entries[0]


ENCODED = "xmlns:c='http://purl.org/rss/1.0/modules/content/'"
ARTICLES = {
    f"<c:encoded {ENCODED}>&lt;p&gt;Ilse &amp;amp; Bo&lt;/p&gt;&lt;p&gt;leave&lt;/p&gt;</c:encoded>": rss_with,
    "<content type='html'>&lt;p&gt;Ilse &amp;amp; Bo&lt;/p&gt;&lt;p&gt;leave&lt;/p&gt;</content>": atom_with,
    "<content type='xhtml'><div><p>Ilse &amp; Bo</p><p>leave</p></div></content>": atom_with,
    "<content>Ilse &amp; Bo\nleave</content>": atom_with,
}


@pytest.mark.parametrize("article", ARTICLES)
def test_an_article_without_a_summary_is_read_as_text(article: str) -> None:
    """Its markup is not taken for words, in whatever it is wrapped."""
    (entry,) = document(ARTICLES[article](f"<title>A</title>{article}")).entries

    assert entry.summary == "Ilse & Bo\nleave"


def test_a_feed_that_speaks_of_itself_twice_is_read() -> None:
    """Feedparser then takes for its content what is none."""
    body = atom_with("<title>A</title>").replace(b"<title>T</title>", b"<summary>a</summary><summary>b</summary>")

    assert [entry.title for entry in document(body).entries] == ["A"]


@pytest.mark.parametrize("build", [rss, atom, json_feed])
def test_every_kind_of_feed_gives_the_same_entries(build: "object") -> None:
    """RSS, Atom and JSON Feed say the same in other words."""
    assert callable(build)
    read_entries = document(build([WRITTEN])).entries

    assert [(e.guid, e.link, e.title, e.summary, e.published) for e in read_entries] == [
        (
            "tag:a.example,2026:1",
            "https://a.example/1",
            "A <b> & “c”",
            "Some text.",
            datetime(2026, 3, 3, 9, 0, tzinfo=UTC),
        )
    ]


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("AT&amp;T &lt;b&gt;x&lt;/b&gt;", "AT&T x"),
        ("R&amp;amp;D", "R&D"),
        ("<![CDATA[AT&amp;T wins]]>", "AT&T wins"),
        ("5 &lt; 6", "5 < 6"),
        ("Ben &amp; Jerry", "Ben & Jerry"),
        ("<![CDATA[<i>Loud</i> news]]>", "Loud news"),
        ("two\n  lines", "two lines"),
        ("a\u202eb\u200bc", "abc"),
    ],
)
def test_titles_of_rss_are_text(title: str, text: str) -> None:
    """Markup goes, references are resolved once, and nothing hidden stays."""
    assert first(f"<title>{title}</title><link>https://a.example/1</link>").title == text


def test_atom_text_is_literal() -> None:
    """What type="text" says is what is meant."""
    body = atom([Written("x", "https://a.example/1")]).replace(b">x<", b">a &lt;b&gt; &amp;amp; c<")

    assert document(body).entries[0].title == "a <b> &amp; c"


def test_an_entry_without_a_title_is_called_by_its_text_or_link() -> None:
    """The first words, else the address."""
    assert first("<description>Only a text.</description>").title == "Only a text."
    assert first("<link>https://a.example/1</link>").title == "https://a.example/1"


@pytest.mark.parametrize("link", ["javascript:alert(1)", "ftp://a.example/", "mailto:a@b.example", ""])
def test_only_web_links_are_links(link: str) -> None:
    """Anything else is no link; the entry stays."""
    assert first(f"<title>x</title><link>{link}</link>").link in {None, URL}


@pytest.mark.parametrize("date", ["Today", "32 Jan 2026", "", "1767323045", "0000-00-00"])
def test_dates_that_are_none_do_no_harm(date: str) -> None:
    """The entry is read without a believable date."""
    published = first(f"<title>x</title><pubDate>{date}</pubDate>").published
    assert published is None or published.year < 1990


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"<!doctype html><html><body>Not found</body></html>", "not a feed"),
        (b"just words", "not a feed"),
        (b"/etc/passwd", "not a feed"),
        (b"http://127.0.0.1:1/", "not a feed"),
        (b'{"version": "1"}', "not a feed"),
        (b'{"a": ', "malformed"),
        (b'{"version": "https://jsonfeed.org/version/1.1"}', "malformed"),
        (b'{"version": "https://jsonfeed.org/version/1.1", "items": [' + b"[" * 100_000, "malformed"),
        (rss([WRITTEN])[:120], "cut off"),
    ],
)
def test_what_is_no_feed_is_refused(body: bytes, reason: str) -> None:
    """Each with its own word; a body that is a path opens no file."""
    assert refused(body) == reason


def test_a_document_that_is_cut_keeps_its_whole_entries() -> None:
    """All but the last, which may be half; and it says that it is not complete."""
    whole = rss([Written(f"Title {n}", f"https://a.example/{n}") for n in range(5)])
    cut = document(whole[: whole.index(b"Title 4") + 3])

    assert not cut.complete
    assert [entry.title for entry in cut.entries] == [f"Title {n}" for n in range(4)]
    assert document(whole).complete


def test_a_bad_item_costs_only_itself() -> None:
    """It is skipped and counted."""
    feed = json.loads(json_feed([WRITTEN]))
    feed["items"] += [7, {}, {"id": ["x"]}, {"id": 5, "title": None, "url": 7, "date_published": "soon"}]
    read_feed = document(json.dumps(feed).encode())

    assert [entry.guid for entry in read_feed.entries] == ["tag:a.example,2026:1", "5"]
    assert read_feed.skipped == 3


# What feedparser calls its own findings: an element of such a name takes their place.
ITS_NAMES = ["links", "title_detail", "summary_detail", "content", "published_parsed", "updated_parsed", "tags"]


@pytest.mark.parametrize("name", ITS_NAMES)
@pytest.mark.parametrize("build", [rss, atom])
@pytest.mark.parametrize("inside", [">", ">x", ' a="b">x', "><title>y</title>"])
def test_an_element_may_have_any_name(name: str, build: Callable[..., bytes], inside: str) -> None:
    """In an entry and outside: the entries are read all the same."""
    whole = build([WRITTEN, Written("Second", "https://a.example/2")])
    for anchor in (b"<link", b"</item>", b"</entry>", b"</channel>", b"</feed>"):
        body = whole.replace(anchor, f"<{name}{inside}</{name}>".encode() + anchor, 1)
        read_feed = document(body)

        assert len(read_feed.entries) == 2, anchor
        assert read_feed.entries[1] == document(whole).entries[1]


def test_lone_surrogates_never_get_through() -> None:
    """They could be stored nowhere."""
    body = json_feed([WRITTEN]).replace(b"2026:1", b"2026:\\ud800").replace(b"a.example/1", b"a.example/\\udfff")
    (entry,) = document(body).entries

    assert (entry.guid, entry.link) == ("tag:a.example,2026:", None)


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY l2 "&lol;&lol;&lol;&lol;">]>',
        '<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://127.0.0.1:1/rss.dtd">',
        "\n" * 30_000,
    ],
)
def test_heads_made_to_hurt_do_not(head: str) -> None:
    """Entities, foreign documents and white space: the item is read, and nothing else."""
    result = read(rss_with("<title>News &x; &l2;</title>", head), "", URL)

    assert isinstance(result, FeedFailure) or "root:" not in result.entries[0].title


@pytest.mark.parametrize(
    ("raw", "title"),
    [
        ("AT&T opens R&D centre", "AT&T opens R&D centre"),
        ("AT&T &amp; Sons", "AT&T & Sons"),
        ("Marten&nbsp;& Sons", "Marten & Sons"),
        ("a & b &#38; c &#x26; d", "a & b & c & d"),
        ("<![CDATA[AT&T opens R&D centre]]>", "AT&T opens R&D centre"),
        ("<!-- R&D --> AT&T", "AT&T"),
    ],
)
@pytest.mark.parametrize("root", [rss_with, atom_with])
def test_an_ampersand_that_begins_nothing_is_one(root: Callable[[str], bytes], raw: str, title: str) -> None:
    """Malformed, and common."""
    (entry,) = document(root(f"<title>{raw}</title>")).entries

    assert entry.title == title


def test_an_ampersand_in_a_link_stays() -> None:
    """In the text of an element, and where the markup is no markup."""
    entry = first("<link>https://a.example/?a=1&b=2</link><title>x</title>")
    assert entry.link == "https://a.example/?a=1&b=2"
    entry = first("<link><![CDATA[https://a.example/?a=1&b=2]]></link><title>AT&T</title>")
    assert (entry.link, entry.title) == ("https://a.example/?a=1&b=2", "AT&T")


@pytest.mark.parametrize("build", [rss, atom, json_feed])
def test_of_too_many_entries_the_first_and_the_last_are_read(build: Callable[..., bytes]) -> None:
    """What is new may stand at the end; those left out are counted."""
    many = [Written(f"Title {n}", f"https://a.example/{n}", f"id-{n}") for n in range(1_100)]
    found = document(build(many))

    assert [entry.title for entry in found.entries] == [f"Title {n}" for n in (*range(500), *range(600, 1_100))]
    assert found.left_out == 100
    assert document(build(many[:1_000])).left_out == 0


@pytest.mark.parametrize(
    "body",
    [
        rss_with("<title>A &#99999999999; b & c</title>"),
        rss_with("<title>A &#xffffffffffff; b & c</title>"),
        rss_with("<title>A &#x110000; b & c</title>"),
        rss_with("<title>A &#xd800; b & c</title>"),
        rss_with(f"<title><![CDATA[A &#{'9' * 5000};]]></title>"),
        rss_with(f"<title>A</title><description><![CDATA[<p>B &#{'9' * 5000};</p>]]></description>"),
        json_feed([Written("A")]).replace(b'"title": "A"', b'"content_html": "&#' + b"9" * 5000 + b';"'),
    ],
    ids=["loose", "loose hex", "beyond", "surrogate", "title", "summary", "json"],
)
def test_references_to_no_character_are_no_crash(body: bytes) -> None:
    """However large the number: the document is read, or refused as malformed."""
    result = read(body, "", URL)

    assert isinstance(result, FeedDocument) or result.reason == "malformed"


def test_white_space_before_the_root_costs_nothing() -> None:
    """Behind a byte order mark neither: feedparser, which would take quadratic time, does not see it."""
    body = rss_with("<title>A</title>", "\n" * 16_000)

    for marked in (body, b"\xef\xbb\xbf" + body):
        assert len(document(marked).entries) == 1
        assert _harmless(marked).count(b"\n") == 1


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("utf-8", "utf-8"), ("iso-8859-1", "iso-8859-1"), ("utf-16", "utf-16"), ("cp1252", "windows-1252")],
)
def test_declared_encodings_are_read(encoding: str, declared: str) -> None:
    """Letters come out right."""
    text = f'<?xml version="1.0" encoding="{declared}"?><rss version="2.0"><channel><title>T</title>'
    text += "<item><title>Müller geht</title><link>https://a.example/1</link></item></channel></rss>"

    assert document(text.encode(encoding)).entries[0].title == "Müller geht"


BODIES = [rss([WRITTEN] * 3), atom([WRITTEN] * 3), json_feed([WRITTEN] * 3), gzip.compress(rss([WRITTEN]), mtime=0)]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(BODIES), st.integers(0, 500), st.integers(0, 60), st.binary(max_size=20), st.text(max_size=20))
def test_a_damaged_document_is_read_or_refused(body: bytes, at: int, cut: int, noise: bytes, kind: str) -> None:
    """Never an exception, whatever was cut out or put in, whatever the content type claims."""
    assert isinstance(read(body[:at] + noise + body[at + cut :], kind, URL), FeedDocument | FeedFailure)


@pytest.mark.real
@pytest.mark.skipif(not DATA.is_dir(), reason="the collection of real feeds is not at hand")
def test_real_and_nasty_documents_are_read_or_refused() -> None:
    """All of them; nearly every real feed gives entries."""
    for folder, fewest in (("feeds", 213), ("nasty", 200)):
        files = [path for path in (DATA / folder).iterdir() if path.name != "manifest.jsonl"]
        results = [read(path.read_bytes(), "", URL) for path in files]
        assert sum(isinstance(result, FeedDocument) for result in results) >= fewest
