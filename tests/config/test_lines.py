"""On which line a key stands."""

import tomllib

import pytest

from bot.config.lines import first_lines, key_lines, line_of, syntax_line

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
    lines = first_lines(key_lines(TEXT))

    assert line_of(lines, ("watch", 1, "to")) == 22
    assert line_of(first_lines(key_lines("[[a]]\n[c.d]\nx.y = 1")), ("c",)) == 2
    assert line_of(lines, ("nowhere",)) is None


def test_the_line_of_a_syntax_error_is_read() -> None:
    """From tomllib's own words."""
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads("a = 1\nb = \n")
    assert syntax_line(str(caught.value), "") == 2
    assert syntax_line("Invalid value (at end of document)", "a = 1\nb = [\n") == 2
    assert syntax_line("something else", "") is None


class Counted(dict[tuple[str | int, ...], int]):
    """Lines that count how often one is looked at."""

    looks = 0

    def get(self, *args: object) -> object:  # type: ignore[override]
        """Return a line, and count."""
        self.looks += 1
        return super().get(*args)  # type: ignore[call-overload]

    def items(self) -> object:  # type: ignore[override]
        """Return all, and count them."""
        self.looks += len(self)
        return super().items()


@pytest.mark.parametrize("tables", [10, 1000])
def test_a_line_is_found_without_reading_the_others(tables: int) -> None:
    """Twenty thousand mistakes in a file would else be twenty thousand times the file."""
    lines = Counted(first_lines(key_lines('[[watch]]\nname = "x"\n' * tables)))

    assert line_of(lines, ("watch", tables - 1, "to")) == 2 * tables - 1
    assert lines.looks <= 3
