"""tipoff feeds: as people have them, through the guard."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import commands
from tests.builders import Entry, rss
from tests.servers.feeds import FeedServer

PAGE = '<html><head><link rel="alternate" type="application/rss+xml" href="{}"></head><body>News</body></html>'
FEED = rss([Entry(f"Story {n}", f"https://a.example/{n}", published=datetime(2026, 3, n, tzinfo=UTC)) for n in (2, 1)])


def run(*arguments: str) -> Result:
    return CliRunner().invoke(commands, ["feeds", *arguments])


@pytest.fixture
def server(server: FeedServer) -> FeedServer:
    server.serve("/feed", FEED, etag='"1"')
    server.serve("/", PAGE.format("/feed"), content_type="text/html")
    return server


@pytest.fixture
def config(config: Path, server: FeedServer) -> Path:
    (config / "tipoff.toml").write_text(f'[network]\nallow = ["{server.address}"]\n', "utf-8")
    (config / "feeds.toml").write_text("# mine\n", "utf-8")
    return config


def test_a_feed_is_added_by_its_page(config: Path, server: FeedServer) -> None:
    """The address of the feed is what is written; a second time it is there already."""
    found = run("add", server.url("/"), "--tag", "tech")
    assert found.exit_code == 0, found.output
    assert f"added {server.url('/feed')}" in found.output
    assert (config / "feeds.toml").read_text(
        "utf-8"
    ) == f'# mine\n\n[[feed]]\nurl = "{server.url("/feed")}"\ntags = ["tech"]\n'
    again = run("add", server.url("/feed"))
    assert again.exit_code == 1
    assert "it is there already" in again.output
    assert all("+" not in request.path for request in server.requests), "nothing was added to an address"


def test_a_page_that_names_no_feed_is_searched_at_the_usual_places(config: Path, server: FeedServer) -> None:
    """And one line says so where there is none."""
    server.serve("/page", "<html>no links</html>", content_type="text/html")
    assert run("add", server.url("/page")).exit_code == 0
    server.serve("/feed", "<html>gone</html>", content_type="text/html")
    found = run("add", server.url("/page"))
    assert found.exit_code == 1
    assert found.output.strip().endswith("the server sent a web page, not a feed, and it names none that can be read")


def test_a_page_cannot_lead_inside(config: Path, server: FeedServer) -> None:
    """Its links pass the guard like any other address: the other server hears nothing."""
    with FeedServer() as other:
        other.serve("/feed", FEED)
        server.serve("/trap", PAGE.format(other.url("/feed")), content_type="text/html")
        server.serve("/feed", "", status=404)
        assert run("add", server.url("/trap")).exit_code == 1
        assert other.requests == []


def test_what_would_be_read_is_shown(config: Path, server: FeedServer) -> None:
    """Title, entries and when it would be asked again; nothing is written."""
    found = run("test", server.url("/"))
    assert found.exit_code == 0, found.output
    assert "Example News" in found.output
    assert "2026-03-02 00:00 Story 2" in found.output
    assert "unchanged documents cost no download" in found.output
    assert (config / "feeds.toml").read_text("utf-8") == "# mine\n"
    shown = json.loads(run("test", server.url("/feed"), "--json").output)
    assert [entry["title"] for entry in shown["entries"]] == ["Story 2", "Story 1"]
    assert run("test", "http://10.0.0.1/").output.startswith("tipoff: http://10.0.0.1/: refused: address not allowed")


def test_lists_of_other_readers_come_in_and_go_out(config: Path, server: FeedServer) -> None:
    """Addresses inside the network are left out with a word, nothing is asked for, and the file comes back out."""
    (config / "list.opml").write_text(
        f'<opml version="2.0"><body><outline text="Tech"><outline text="A" xmlUrl="{server.url("/feed")}"/></outline>'
        '<outline text="bad" xmlUrl="http://169.254.169.254/latest"/><outline text="B" xmlUrl="file:///etc/passwd"/>'
        "</body></opml>",
        "utf-8",
    )
    found = run("import", str(config / "list.opml"))
    assert found.exit_code == 0, found.output
    assert "left out http://169.254.169.254/latest: address not allowed" in found.output
    assert server.requests == []
    out = run("export")
    assert f'<outline type="rss" text="A" xmlUrl="{server.url("/feed")}" category="tech"/>' in out.output
    assert out.stderr == ""
    assert run("remove", "A").exit_code == 0
    assert "[[feed]]" not in (config / "feeds.toml").read_text("utf-8")


def test_feeds_are_listed_before_the_first_start_and_removed_by_what_they_are_called(
    config: Path, server: FeedServer
) -> None:
    """A feed without a name of its own is called by its title once it was read."""
    server.serve("/feed", FEED.replace(b"<title>", b"<title>Local Gazette: ", 1), etag='"2"')
    assert run("add", server.url("/feed")).exit_code == 0
    assert "never" in run("list").output
    assert CliRunner().invoke(commands, ["once"]).exit_code == 0
    (feed,) = json.loads(run("list", "--json").output)
    assert feed["name"].startswith("Local Gazette")
    assert run("remove", feed["name"]).exit_code == 0
    assert "[[feed]]" not in (config / "feeds.toml").read_text("utf-8")


def test_keys_are_exported_only_when_asked_for(config: Path) -> None:
    """A word says that they are left out, and how to have them."""
    (config / "feeds.toml").write_text('[[feed]]\nurl = "https://a.example/feed?apikey=TOPSECRET1"\n', "utf-8")

    found = run("export")
    assert "TOPSECRET1" not in found.output
    assert found.stderr.startswith("tipoff: 1 address is written without the login or key; ")
    assert "tipoff feeds export --secrets" in found.stderr
    whole = run("export", "--secrets")
    assert "TOPSECRET1" in whole.stdout
    assert whole.stderr == ""
