"""How the work of a function grows with its input.

No second is bounded: one size is held against another, by the processor time of this thread, so that a busy machine
changes little. It counts what regular expressions do as well, which no counter of Python's own steps sees.
"""

from collections.abc import Callable
from math import log
from time import thread_time

LINEAR = 1.5  # a growth below it is linear, above it quadratic: with sixteen times the input they are far apart
_TIMES = 16


def growth(job: Callable[[str], object], make: Callable[[int], str], size: int = 2000) -> float:
    """Return the power of the size with which the work grows: about 1 for linear, 2 for quadratic work."""
    small, large = (min(_time(job, make(n)) for _ in range(3)) for n in (size, size * _TIMES))
    return log(large / small, _TIMES)


def _time(job: Callable[[str], object], text: str) -> float:
    began = thread_time()
    job(text)
    return thread_time() - began
