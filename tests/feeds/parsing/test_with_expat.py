"""Entries of the usual shape come out as from feedparser, and no others are read without it."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.model import Entry, FeedDocument
from bot.feeds.parsing.splitting import is_safe_charset, split_document
from bot.feeds.parsing.with_expat import read_with_expat
from tests.builders import Entry as Written
from tests.builders import atom, rss
from tests.feeds.feeds_grammar import documents
from tests.feeds.parsing.reading import read

URL = "https://feed.example/dir/feed.xml"
DATA = Path(__file__).parents[4] / "shared" / "data"
CASES = int(os.environ.get("TIPOFF_FEEDS", "150"))

Read = Callable[[bytes, str, str], Sequence[Entry] | None]


def compared(body: bytes, read_entries: Read = read_with_expat) -> list[str]:
    """Return how each entry of a document came out, read by itself: "same", "not read" or what differs."""
    pieces, whole = split_document(body), read(body, "", URL)
    if pieces is None or not isinstance(whole, FeedDocument) or not is_safe_charset(whole.charset):
        return []
    if not whole.clean or whole.skipped or len(whole.entries) != len(pieces.spans):
        return []
    found = []
    for number, expected in enumerate(whole.entries):
        entries = read_entries(pieces.part([number]), whole.charset, URL)
        same = entries is None or tuple(entries) == (expected,)
        found.append(f"{entries} is not {expected}" if not same else "not read" if entries is None else "same")
    return found


def in_rss(inner: str, item: str = "<item>") -> bytes:
    spaces = (
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:media="http://search.yahoo.com/mrss/" xmlns:a="http://www.w3.org/2005/Atom" xmlns:x="urn:x" '
        'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
    )
    return f'<rss version="2.0" {spaces}><channel><title>T</title>{item}{inner}</item></channel></rss>'.encode()


def in_atom(inner: str) -> bytes:
    space = 'xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/"'
    return f"<feed {space}><title>T</title><entry>{inner}</entry></feed>".encode()


USUAL_IN_RSS = [
    "<title>AT&amp;amp;T &lt;b&gt;wins&lt;/b&gt;</title><link>/a?x=1&amp;y=2</link><guid>b/c</guid>",
    "<guid>https://a.example/1</guid><title>5 &lt; 6 &amp;amp; more</title><pubDate>2 Jan 2026 03:04 +0100</pubDate>",
    "<guid isPermaLink='false'>x</guid><title><![CDATA[Q&A <i>t</i>]]></title>",
    "<title>a</title><description><![CDATA[<p>a<p>b &amp; c]]></description>",
    "<title>a</title><content:encoded>&lt;p&gt;b&lt;/p&gt;</content:encoded><category>c</category>",
    "<content:encoded>b</content:encoded><description>d</description><title>a</title>",
    "<title>a</title><description> </description><content:encoded>b</content:encoded>",
    "<title>a</title><media:content url='x'><media:title>m</media:title><media:credit>c</media:credit></media:content>",
    "<media:group><media:title>m</media:title></media:group><title>a</title><author>a.a.a@a</author>",
    "<title>a</title><media:group><media:description>d</media:description></media:group>",
    "<title>a</title><media:group><media:content url='x'><media:title>m</media:title></media:content></media:group>",
    "<title>a</title><media:group><media:rating>r</media:rating></media:group>",
    "<title>a</title><a:link rel='alternate' href='b'/><a:link rel='self' href='c'/>",
    "<title>a</title><dc:date>2026-03-03T09:00Z</dc:date>",
    "<title>Ã¼ber \x91quotes\x92</title><itunes:subtitle>s</itunes:subtitle><source url='u'>s</source>",
]
USUAL_IN_ATOM = [
    "<id>tag:1</id><title>a &lt;b&gt;</title><link href='b'/><updated>2026-03-03T09:00:00Z</updated>",
    "<title type='html'>a &lt;b&gt;c&lt;/b&gt;</title><content type='html'>&lt;p&gt;d&lt;/p&gt;</content>",
    "<title>a</title><summary>b</summary><content type='xhtml'><div xmlns='urn:x'>c</div></content>",
    "<title>a</title><content type='xhtml'><div><title>c</title></div></content><summary type='html'>b</summary>",
    "<title>a</title><link rel='edit' href='e'/><link rel='Alternate' type='TEXT/HTML' href='f'/>",
    "<title>a</title><author><name>n</name></author><category term='t'/><rights>r</rights>",
    "<id>/a</id><title>a</title><media:group><media:title>b</media:title></media:group>",
    "<title>a</title><media:group><media:description>c</media:description></media:group>",
]
UNUSUAL = [
    in_rss("<title>a</title><title>b</title>"),
    in_rss("<title>a <b>c</b></title>"),
    in_rss("<title type='html'>a</title>"),
    in_rss("<title xml:base='x'>a</title>"),
    in_rss("<media:title>m</media:title>"),
    in_rss("<title/><media:group><media:title>m</media:title></media:group>"),
    in_rss(
        "<title>a</title><description>b</description><media:group><media:description>c</media:description></media:group>"
    ),
    in_rss("<title>a</title><media:group><x:odd>b</x:odd></media:group>"),
    in_rss("<title>a</title><media:description type='plain'>b</media:description>"),
    in_rss("<title>a</title><x:odd>b</x:odd>"),
    in_rss("<title>a</title><odd>b</odd>"),
    in_rss("<title>a</title><itunes:summary>b</itunes:summary>"),
    in_rss("<title>a</title><a:link href='b' xml:base='https://b.example/'/>"),
    in_rss("<title>a</title><source>b<odd/></source>"),
    in_rss("<title>a</title>", "<item href='https://b.example/'>"),
    in_rss("<title>a</title>").replace(b"<channel>", b"<channel href='b'>"),
    in_rss("<title>a</title><pubDate>" + "1" * 101 + "</pubDate>"),
    in_rss(""),
    in_atom("<title>a</title><content type='xhtml'><div>c</div></content>"),
    in_atom("<title type='xhtml'><div>c</div></title>"),
    in_atom("<title>a</title><content type='image/png'>YQ==</content>"),
    in_atom("<title>a</title><link>b</link>"),
    in_atom("<title>a</title>").replace(b"<feed", b"<feed xml:base='https://b.example/'"),
    in_atom("<title>a</title>").replace(b"<feed", b"<feed xmlns:rss='http://purl.org/rss/1.0/'"),
]


@pytest.mark.parametrize("inner", USUAL_IN_RSS)
def test_usual_items_come_out_as_from_feedparser(inner: str) -> None:
    """Markup, references, relative links, articles, media, and what nobody reads."""
    assert compared(in_rss(inner)) == ["same"]


@pytest.mark.parametrize("inner", USUAL_IN_ATOM)
def test_usual_entries_of_atom_come_out_as_from_feedparser(inner: str) -> None:
    """Every type of text, links by their relation, and pages of videos."""
    assert compared(in_atom(inner)) == ["same"]


@pytest.mark.parametrize("body", UNUSUAL)
def test_what_could_mean_something_else_is_not_read(body: bytes) -> None:
    """Feedparser judges, whatever it makes of it."""
    pieces = split_document(body)
    assert pieces is not None
    assert read_with_expat(pieces.part([0]), "utf-8", URL) is None


@pytest.mark.parametrize(
    ("part", "charset"),
    [
        (b"<rss><channel><item><title>a</title></item></channel></rss>", "shift_jis"),
        (b"<rdf><item><title>a</title></item></rdf>", "utf-8"),
        (b"<rss><channel><item><title>a</title></item>", "utf-8"),
    ],
    ids=["charset", "root", "end"],
)
def test_what_is_no_part_of_a_feed_is_not_read(part: bytes, charset: str) -> None:
    """In another charset, of another root, or without its end."""
    assert read_with_expat(part, charset, URL) is None


@settings(max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents())
def test_any_entry_comes_out_as_from_feedparser_or_is_not_read(body: bytes) -> None:
    """For any document there is a grammar for."""
    assert set(compared(body)) <= {"same", "not read"}


@settings(max_examples=60, deadline=None)
@given(documents(), st.integers(0, 2000), st.integers(0, 40), st.binary(max_size=12))
def test_a_damaged_document_comes_out_as_from_feedparser_or_is_not_read(
    body: bytes, at: int, gone: int, noise: bytes
) -> None:
    """Whatever is cut out or put in."""
    assert set(compared(body[:at] + noise + body[at + gone :])) <= {"same", "not read"}


def test_the_comparison_sees_what_differs() -> None:
    """In any field."""
    body = rss([Written("Title", "https://a.example/1", "id", "Text", "Tue, 03 Mar 2026 09:00:00 GMT")])
    for old, new in (
        (b"Title", b"Tale"),
        (b"example/1", b"example/2"),
        (b">id", b">ie"),
        (b"Text", b"Test"),
        (b"09", b"10"),
    ):

        def misread(part: bytes, charset: str, url: str, old: bytes = old, new: bytes = new) -> Sequence[Entry] | None:
            return read_with_expat(part.replace(old, new), charset, url)

        assert compared(body) == ["same"]
        assert "is not" in compared(body, misread)[0]


@pytest.mark.parametrize("build", [rss, atom])
def test_a_document_of_many_entries_is_read_in_its_order(build: Callable[[list[Written]], bytes]) -> None:
    """All of them, and none twice."""
    body = build([Written(f"Title {n}", f"https://a.example/{n}", f"id-{n}", "Text") for n in range(30)])
    whole = read(body, "", URL)

    pieces = split_document(body)

    assert pieces is not None
    assert isinstance(whole, FeedDocument)
    assert read_with_expat(pieces.part(range(30)), "utf-8", URL) == whole.entries


HOSTILE = {
    "depth": "<category>" * 50_000,
    "attributes": "<author " + " ".join(f"a{n}='1'" for n in range(20_000)) + "/>",
    "markup": "<description><![CDATA[" + "<" * 200_000 + "]]></description>",
    "closing": "<title><![CDATA[" + "</" * 100_000 + "]]></title>",
    "references": "<title><![CDATA[" + "&" * 200_000 + "]]></title>",
    "author": "<author>" + "a." * 100_000 + "@</author>",
    "link": "<link>" + "../" * 60_000 + "</link>",
    "date": "<pubDate>" + "1" * 200_000 + "</pubDate>",
    "items": "</item><item>" * 19_000,
}


@pytest.mark.timeout(30)  # on some of them feedparser spends minutes
@pytest.mark.parametrize("inner", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_entry_holds_others_up(inner: str) -> None:
    """Each is read or refused at once, for it is read in the daemon's own process."""
    read_with_expat(in_rss(inner), "utf-8", URL)


@pytest.mark.real
@pytest.mark.skipif(not DATA.is_dir(), reason="the collection of real feeds is not at hand")
def test_real_and_odd_entries_come_out_as_from_feedparser_or_are_not_read() -> None:
    """Every entry of every document, most of them read."""
    found: list[str] = []
    for folder in ("feeds", "nasty"):
        for path in sorted((DATA / folder).iterdir()):
            if path.name != "manifest.jsonl":
                found += compared(path.read_bytes())

    assert set(found) <= {"same", "not read"}
    print(f"\n{found.count('same')} of {len(found)} entries are of the usual shape")
    assert found.count("same") > 0.7 * len(found)
