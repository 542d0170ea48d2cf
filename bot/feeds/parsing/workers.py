"""Reads documents in processes that can be killed: a hostile document is its feed's failure, and stops nobody else."""

import asyncio
import logging
import os
import resource
from collections.abc import Callable
from concurrent.futures import TimeoutError as TookTooLong
from contextlib import suppress
from datetime import timedelta
from multiprocessing import get_context

from pebble import ProcessExpired, ProcessPool

from bot.core.model import FeedDocument, FeedFailure
from bot.core.secrets import redact
from bot.feeds.parsing.formats import read_document

log = logging.getLogger(__name__)

_DOCUMENTS_PER_PROCESS = 500  # then a fresh one, so that nothing a document leaves behind piles up
_MEMORY = 1_500_000_000  # bytes of address space

Read = Callable[[bytes, str, str], FeedDocument | FeedFailure]


class ParseWorkers:
    """A pool of reading processes. Use `close` when done."""

    def __init__(self, processes: int, timeout: timedelta, read: Read = read_document) -> None:
        self._timeout = timeout.total_seconds()
        self._read = read
        # not fork: the daemon has threads and an event loop that a child must not inherit
        context = get_context("forkserver")
        os.environ["PYTHONSAFEPATH"] = "1"  # or the interpreters it starts would run what lies in the working directory
        context.set_forkserver_preload(["bot.feeds.parsing.formats"])
        self._pool = ProcessPool(
            max_workers=processes,
            max_tasks=_DOCUMENTS_PER_PROCESS,
            initializer=_limit,
            context=context,
        )

    async def parse(self, body: bytes, content_type: str, url: str) -> FeedDocument | FeedFailure:
        """Read one document, or say why it could not be read within the limits."""
        task = self._pool.schedule(self._read, args=[body, content_type, url], timeout=self._timeout)
        try:
            result: FeedDocument | FeedFailure = await asyncio.wrap_future(task)
        except TookTooLong:
            return FeedFailure("too slow", f"the document could not be read within {self._timeout:g} s")
        except ProcessExpired as error:
            return FeedFailure("malformed", f"the document stopped its reader ({error.exitcode})")
        except MemoryError:
            return FeedFailure("too large", "the document needs more memory than a reader may have")
        except Exception as error:  # whatever a document provokes in its reader is a failure of its feed alone
            log.exception("reader_bug url=%s", redact(url))
            return FeedFailure("malformed", f"the document cannot be read ({type(error).__name__})")
        return result

    async def close(self) -> None:
        """Stop all processes, whatever they are doing."""
        self._pool.stop()
        await asyncio.to_thread(self._pool.join)


def _limit() -> None:
    """Cap what a reading process may take. Systems without these limits rely on the time limit alone."""
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
