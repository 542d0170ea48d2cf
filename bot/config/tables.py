"""Reads typed values out of TOML tables and gathers every mistake with its file and line."""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from bot.config.lines import first_lines, key_lines, line_of, syntax_line
from bot.core.errors import Mistake
from bot.core.settings import unknown_key

T = TypeVar("T")


class File:
    """One configuration file, and the mistakes found in it so far."""

    def __init__(self, path: Path, mistakes: list[Mistake], cure: str = "") -> None:
        """Read the file; one that is missing or no TOML is a mistake and reads as empty.

        `cure` says how to come by one that is missing.
        """
        self._path = path
        self._mistakes = mistakes
        self.values: Mapping[str, object] = {}
        self.is_read = False
        self.notes: list[Mistake] = []
        self._lines: dict[tuple[str | int, ...], int] = {}
        text = ""
        try:
            text = path.read_text("utf-8-sig")  # some editors put a mark before the first letter
            self.values = tomllib.loads(text)
            self._lines = first_lines(key_lines(text))
            self.is_read = True
        except FileNotFoundError:
            self.mistake((), f"there is no such file{cure}")
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            self._mistakes.append(Mistake(str(path), line, "this is not UTF-8; save it as UTF-8"))
        except OSError as error:
            self.mistake((), f"the file cannot be read: {error.strerror}")
        except RecursionError:
            self.mistake((), "the file cannot be read: its brackets are nested too deeply")
        except tomllib.TOMLDecodeError as error:
            self._mistakes.append(Mistake(str(path), syntax_line(str(error), text), f"this is not TOML: {error}"))

    def mistake(self, place: tuple[str | int, ...], text: str) -> None:
        """Note a mistake at a key."""
        self._mistakes.append(Mistake(str(self._path), line_of(self._lines, place), text))

    def note(self, place: tuple[str | int, ...], text: str) -> None:
        """Note at a key what may be no mistake."""
        self.notes.append(Mistake(str(self._path), line_of(self._lines, place), text))

    def line(self, place: tuple[str | int, ...]) -> int | None:
        """Return the line of a key."""
        return line_of(self._lines, place)

    def only(self, *known: str) -> None:
        """Note every top-level key that is not known here."""
        for key in self.values:
            if key not in known:
                self.mistake((key,), unknown_key(key, known))

    def tables(self, name: str, *keys: str) -> Iterator["Table"]:
        """Yield the tables `[[name]]`; keys they may not have are noted."""
        listed = self.values.get(name, [])
        if not isinstance(listed, list) or not all(isinstance(table, dict) for table in listed):
            self.mistake((name,), f"write each {name} under its own [[{name}]]")
            return
        for number, values in enumerate(listed):
            yield Table(self, (name, number), values, keys)

    def unique(self, what: str, named: Sequence[tuple[str, "Table"]], key: str) -> None:
        """Note every name that stands a second time."""
        first: dict[str, Table] = {}
        for name, table in named:
            if name in first:
                earlier = self.line((*first[name].place, key))
                table.mistake(key, f'the {what} "{name}" stands twice; first on line {earlier}')
            else:
                first[name] = table


class Table:
    """One `[[table]]` of a file."""

    def __init__(
        self, file: File, place: tuple[str | int, ...], values: Mapping[str, object], keys: Sequence[str]
    ) -> None:
        self.place = place
        self.is_flawed = False
        self._file = file
        self._values = values
        for key in values:
            if key not in keys:
                self.mistake(key, unknown_key(key, tuple(keys)))

    def mistake(self, key: str | None, text: str) -> None:
        """Note a mistake at a key, or at the table as a whole."""
        self.is_flawed = True
        self._file.mistake((*self.place, key) if key else self.place, text)

    def note(self, key: str, text: str) -> None:
        """Note at a key what may be no mistake."""
        self._file.note((*self.place, key), text)

    def has(self, key: str) -> bool:
        """Say whether the key is there."""
        return key in self._values

    def text(self, key: str, *, required: bool = False) -> str | None:
        """Return a text; None, noted, where it is no text or empty."""
        value = self._values.get(key)
        if value is None:
            if required:
                self.mistake(None, f"[[{self.place[0]}]] has no {key}")
            return None
        if not isinstance(value, str) or not value.strip():
            self.mistake(key, f"{key} must be a text in quotes, not {value!r}")
            return None
        return value.strip()

    def number(self, key: str) -> int | None:
        """Return a whole number; None, noted, where it is none."""
        value = self._values.get(key)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            if -(2**63) <= value < 2**63:
                return value
            self.mistake(key, f"{key} is a number that no chat has: it is beyond 64 bits")
            return None
        self.mistake(key, f"{key} must be a whole number, not {value!r}")
        return None

    def flag(self, key: str) -> bool:
        """Return whether something is so, false where nothing is said; what is neither true nor false is noted."""
        value = self._values.get(key, False)
        if not isinstance(value, bool):
            self.mistake(key, f"{key} must be true or false, not {value!r}")
            return False
        return value

    def texts(self, key: str, *, one_is_enough: bool = False) -> tuple[str, ...]:
        """Return a list of texts; each element that is none is noted and left out."""
        value = self._values.get(key, [])
        if one_is_enough and isinstance(value, str):
            value = [value]
        if not isinstance(value, list):
            self.mistake(key, f'{key} must be a list of texts such as ["one", "two"], not {value!r}')
            return ()
        read = []
        for number, part in enumerate(value, 1):
            if isinstance(part, str) and part.strip():
                read.append(part.strip())
            else:
                self.mistake(key, f"{key} must be a list of texts, and {part!r}, number {number} in it, is none")
        return tuple(read)

    def is_empty(self, key: str) -> bool:
        """Say whether the key has an empty list."""
        return self._values.get(key) == []

    def read(self, key: str, convert: Callable[[str], T]) -> T | None:
        """Return a text converted; None, noted, where the conversion raises ValueError."""
        text = self.text(key)
        if text is None:
            return None
        try:
            return convert(text)
        except ValueError as error:
            self.mistake(key, f"{key} {error}")
            return None
