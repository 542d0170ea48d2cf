"""Twenty kinds of secrets in the addresses of feeds: no command shows one."""

import sys
from pathlib import Path

import pytest

from tests.test_cli import run

HUSH = "hush"  # stands in each secret
KINDS = (
    *("http://ada:{s}1@{h}/a", "HTTP://ada:{s}2@{h}/b", "http://{s}3@{h}/c", "http://ada:x%40{s}4@{h}/d"),
    *("http://{h}/e?token={s}5", "http://{h}/f?a=1&api_key={s}6", "http://{h}/g?pass={s}7", "http://{h}/h?pwd={s}8"),
    *("http://{h}/i?code={s}9", "http://{h}/j?hash={s}10", "http://{h}/k?signature={s}11", "http://{h}/l?auth={s}12"),
    *("http://{h}/m?access%5Ftoken={s}13", "http://{h}/n?token[]={s}14", "http://{h}/o?a=1;key={s}15"),
    *("http://{h}/p?password={s}16", "http://{h}/q?secret={s}17", "http://{h}/r?jwt={s}18", "http://{h}/s;sid={s}19"),
    "http://{h}/t?u=https%3A%2F%2Fada%3A{s}20%40a.example%2F%3Fkey%3D{s}",
)


def shown(folder: Path) -> str:
    """Return all that is printed of a configuration with such feeds."""
    feeds = "".join(f"[[feed]]\nurl = '{kind.format(s=HUSH, h='x.example')}'\n" for kind in KINDS)
    (folder / "feeds.toml").write_text(feeds, "utf-8")
    (folder / "watchlist.toml").write_text('[[watch]]\nname = "w"\nkeywords = ["x"]\n', "utf-8")
    (folder / "tipoff.toml").write_text(f'[store]\npath = "{folder}/tipoff.db"\n', "utf-8")
    commands = (("feeds", "list"), ("feeds", "list", "--json"), ("feeds", "export"), ("check", "--json"))
    return "\n".join(run(*command, "--config", str(folder)).output for command in commands)


def test_no_secret_of_an_address_is_shown(tmp_path: Path) -> None:
    """Before the first start."""
    text = shown(tmp_path)

    assert text.count("x.example") > 3 * len(KINDS)
    assert [line for line in text.splitlines() if HUSH in line] == []


def test_a_secret_that_is_shown_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The null control."""
    monkeypatch.setattr(sys.modules["bot.cli.feeds"], "redact", lambda text: text)

    assert HUSH in shown(tmp_path)
