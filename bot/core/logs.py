"""What is logged, with no secret in it.

Telegram's library logs whole URLs, and the token stands in each of them: every handler redacts, and what
logs too much is turned down. A daemon logs with the time (`set_up`), any other command warns as
it prints its errors (`set_up_for_a_command`).
"""

import logging
import sys
import traceback
from types import TracebackType

from bot.core.secrets import redact

_QUIET = {
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "telegram": logging.WARNING,
    # prints whole pages that came instead of an answer, with tracebacks; whoever asked gets an error
    "telegram.request": logging.CRITICAL,
    "apscheduler": logging.WARNING,
    "asyncio": logging.WARNING,
    "aiohttp": logging.WARNING,
}


class Redact(logging.Filter):
    """Takes secrets out of a record, its arguments and its traceback; stands on every handler."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record and let it through."""
        message = record.getMessage()
        record.msg, record.args = redact(message), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        return True


def _print_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print the traceback of a bug that ends the program, with no secret in it."""
    sys.stderr.write(redact("".join(traceback.format_exception(kind, error, trace))))


def set_up(level: str) -> None:
    """Log to stderr, one line an event, from `level` up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    handler.addFilter(Redact())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    _quieten(root.level)


class _InOneLine(logging.Formatter):
    """Writes a record as a command writes its errors: no time, no traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the message behind the program's name."""
        return f"tipoff: {redact(record.getMessage())}"


def set_up_for_a_command() -> None:
    """Print warnings on stderr as errors are printed; `set_up` may follow."""
    # the handler of those who have set up none: it stands aside as soon as there is another
    assert logging.lastResort is not None
    logging.lastResort.setFormatter(_InOneLine())
    _quieten(logging.WARNING)


def _quieten(level: int) -> None:
    sys.excepthook = _print_bug
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(least, level))
