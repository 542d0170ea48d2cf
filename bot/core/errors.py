"""Every error Tipoff raises on purpose.

TipoffError
├── ConfigError            what a person wrote in config/, or the environment, cannot be used
│   └── WatchError         a watch cannot be understood; knows the place in the text
├── StoreError             the database cannot be used
│   ├── StoreUnavailable   it cannot be written now; later it may
│   ├── NewerSchema        it was written by a newer Tipoff
│   ├── StaleLease         another worker holds the feeds now
│   └── AlreadyRunning     another Tipoff holds this database
└── FeedError              one feed could not be read; the others go on
    └── AddressRefused     the guard does not let this address through

A feed's failure and a message's failure are values (`FeedFailure`, `Outcome` in `bot.core.model`);
an error of this tree ends the command with one clear line. Anything else that is raised is a bug.
"""

from dataclasses import dataclass


class TipoffError(Exception):
    """Something went wrong that a person can understand and cure."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in a configuration file."""

    file: str
    line: int | None
    text: str

    def __str__(self) -> str:
        """Return `file:line: what is wrong and its cure`."""
        return f"{self.file}:{self.line}: {self.text}" if self.line else f"{self.file}: {self.text}"


class ConfigError(TipoffError):
    """The configuration cannot be used; holds every mistake found, not only the first."""

    def __init__(self, *mistakes: Mistake | str) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = mistakes


class WatchError(ConfigError):
    """A watch's words cannot be understood.

    `key` names the part of the watch, `column` counts the characters of its text from 1, where they are known.
    """

    def __init__(self, text: str, column: int | None = None, key: str | None = None) -> None:
        super().__init__(f"{text} (character {column})" if column else text)
        self.column = column
        self.key = key


class StoreError(TipoffError):
    """The database cannot be used."""


class NewerSchema(StoreError):
    """The database was written by a newer Tipoff."""


class StoreUnavailable(StoreError):
    """The disk or another program does not let the database be written now; later it may. Nothing was changed."""


class StaleLease(StoreError):
    """The lease on these feeds has passed to another worker; nothing was written."""


class AlreadyRunning(StoreError):
    """Another Tipoff holds this database."""


class FeedError(TipoffError):
    """One feed could not be read. `reason` is one of a small set of words, `detail` is for a person."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class AddressRefused(FeedError):
    """The address guard does not let this address through.

    `pair` is the host:port that `[network] allow` would have to name, where that is a cure.
    """

    def __init__(self, detail: str = "address not allowed", pair: str | None = None) -> None:
        super().__init__("refused", detail)
        self.pair = pair
