"""On which line a key stands."""

import tomllib

import pytest

from bot.config.lines import key_lines, line_of, syntax_line

TEXT = '''# a comment = no key
top = 1

[section]
one = "[not a header]"   # x = 1
many = [
  "a",      # "b" = 2
  "]",
  { inner = 3 },
]
"quoted key" = 4
long = """
[[watch]]
query = "no key"
"""
short = \'\'\'one line\'\'\'
after = true

[[watch]]
name = "first"

[[watch]]
name = "second"
dotted.key = 1
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("section",), 4),
        (("section", "one"), 5),
        (("section", "many"), 6),
        (("section", "quoted key"), 11),
        (("section", "long"), 12),
        (("section", "short"), 16),
        (("section", "after"), 17),
        (("watch", 0), 19),
        (("watch", 0, "name"), 20),
        (("watch", 1, "name"), 23),
        (("watch", 1, "dotted", "key"), 24),
    ],
)
def test_every_key_is_found(path: tuple[str | int, ...], line: int) -> None:
    """Strings, comments, brackets and several lines do not mislead."""
    assert key_lines(TEXT)[path] == line


def test_nothing_else_is_found() -> None:
    """What stands inside values is no key, and the text is TOML that tomllib reads alike."""
    read = tomllib.loads(TEXT)

    assert set(read) == {"top", "section", "watch"}
    assert len(key_lines(TEXT)) == 13


def test_the_nearest_thing_around_a_missing_key_is_named() -> None:
    """A key that is not there is looked for in its table."""
    lines = key_lines(TEXT)

    assert line_of(lines, ("watch", 1, "to")) == 22
    assert line_of(lines, ("nowhere",)) is None


def test_the_line_of_a_syntax_error_is_read() -> None:
    """From tomllib's own words."""
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads("a = 1\nb = \n")
    assert syntax_line(str(caught.value), "") == 2
    assert syntax_line("Invalid value (at end of document)", "a = 1\nb = [\n") == 2
    assert syntax_line("something else", "") is None
