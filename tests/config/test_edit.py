"""Feeds are added to feeds.toml and taken off, and OPML goes in and out."""

from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config.edit import FeedsFile
from bot.config.load import Configuration
from bot.config.opml import read_opml, write_opml
from bot.core.errors import ConfigError
from bot.core.model import FeedSpec

WRITTEN = '# mine\n\n[[feed]]\nurl = "https://a.example/feed"   # the first\nname = "A"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "feeds.toml").write_text(WRITTEN, "utf-8")
    (tmp_path / "watchlist.toml").write_text("", "utf-8")
    (tmp_path / "tipoff.toml").write_text("", "utf-8")
    return tmp_path


def add(folder: Path, *feeds: FeedSpec) -> list[str]:
    """Add feeds; return why each was left out."""
    return [reason for _, reason in FeedsFile(folder).add(Configuration.load(folder).feeds, feeds, ()).left_out]


def test_a_feed_is_added_and_taken_off_again(folder: Path) -> None:
    """What a person wrote stays as it is, comments and all."""
    odd = FeedSpec("https://b.example/feed?a=1&b=2", 'B "quoted" \\ ü', ("one", "two"))
    assert add(folder, odd) == []
    assert Configuration.load(folder).feeds == (FeedSpec("https://a.example/feed", "A"), odd)
    assert (folder / "feeds.toml").read_text("utf-8").startswith(WRITTEN)
    assert FeedsFile(folder).remove('B "quoted" \\ ü') == odd.url
    assert Configuration.load(folder).feeds == (FeedSpec("https://a.example/feed", "A"),)
    assert FeedsFile(folder).remove("http://www.a.example/feed/") == "https://a.example/feed"
    with pytest.raises(ConfigError, match="there is no feed"):
        FeedsFile(folder).remove("A")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://www.a.example/feed/", "it is there already"),
        ("https://a.example/feed?utm_source=x", "it is there already"),
        ("ftp://b.example/", "it has to begin with http:// or https://"),
        ("http://127.0.0.1/", "address not allowed"),
        ("http://169.254.169.254/latest", "address not allowed"),
        ("http://b.example:22/", "port 22 is not allowed"),
    ],
)
def test_what_is_there_or_would_be_refused_is_left_out(folder: Path, url: str, reason: str) -> None:
    """The rest is added, and one address counts once in whichever form it comes."""
    reasons = add(folder, FeedSpec(url), FeedSpec("https://c.example/"), FeedSpec("http://www.c.example"))

    assert reasons[0].startswith(reason)
    assert reasons[1:] == ["it is there already"]
    assert len(Configuration.load(folder).feeds) == 2


def test_two_outlets_never_share_a_name(folder: Path) -> None:
    """The second is called by its own title."""
    add(folder, FeedSpec("https://b.example/", "A"), FeedSpec("https://c.example/", "C"))

    assert [feed.name for feed in Configuration.load(folder).feeds] == ["A", None, "C"]


@given(
    st.lists(
        st.builds(
            FeedSpec,
            st.integers(0, 99).map(lambda n: f"https://{n}.example/feed?a=1&b='{n}'"),
            st.text("ab <&\"'ü", min_size=1).map(lambda text: " ".join(text.split()) or "x"),
        ),
        min_size=1,
        max_size=5,
        unique_by=lambda feed: feed.url,
    )
)
def test_what_goes_out_comes_in_again(feeds: list[FeedSpec]) -> None:
    """Address and name of every feed."""
    text = write_opml(feeds, secrets=True)

    assert [(f.url, f.name) for f in read_opml(BytesIO(text.encode()), "x.opml")] == [(f.url, f.name) for f in feeds]


def test_logins_stay_inside_unless_asked_for() -> None:
    """A list is often shown to others."""
    feeds = [FeedSpec("https://ada:hunter2@a.example/feed", None)]

    assert "ada" not in write_opml(feeds, secrets=False)
    assert "hunter2" in write_opml(feeds, secrets=True)
    keyed = [FeedSpec("https://a.example/feed?apikey=TOPSECRET1&page=2", None)]
    assert "TOPSECRET1" not in write_opml(keyed, secrets=False)
    assert "page=2" in write_opml(keyed, secrets=False)
    assert "TOPSECRET1" in write_opml(keyed, secrets=True)


def test_folders_are_tags() -> None:
    """In the form tags have."""
    text = (
        b'<opml><body><outline text="Big Tech"><outline text="A" xmlUrl="http://a.example/f"/></outline></body></opml>'
    )

    assert read_opml(BytesIO(text), "x") == (FeedSpec("http://a.example/f", "A", ("big-tech",)),)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "there is no feed in this file"),
        (b"/etc/passwd", "there is no feed in this file"),
        (b"http://127.0.0.1:1/list.opml", "there is no feed in this file"),
        (b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><opml>&e;</opml>', "there is no feed in this file"),
        (b"<opml>" + b"<outline>" * 50_000, "there is no feed in this file"),
        (b" " * 1_000_001, "at most 1 MB"),
        (b"".join(b'<outline xmlUrl="http://a.example/%d"/>' % n for n in range(1001)), "more than the 1000"),
        (b"\xff\xfe\xfa", "cannot be read|there is no feed"),
    ],
    ids=["empty", "path", "address", "entity", "nested", "large", "many", "bytes"],
)
def test_what_is_no_list_is_one_clear_line(content: bytes, words: str) -> None:
    """And no file is opened, nobody asked."""
    with pytest.raises(ConfigError, match=words):
        read_opml(BytesIO(content), "x.opml")
