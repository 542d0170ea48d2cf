"""Sets Python's garbage collector up for a process that lives long."""

import gc

_YOUNG, _MIDDLE, _OLD = 10_000, 20, 20  # objects, and rounds: fewer and larger ones than those of a short script


def settle() -> None:
    """Leave all that is loaded now out of every later collection, and collect what is new less often.

    Modules, the lexicon and the settings live as long as the process; collecting them again and again is a
    tenth of the time that a poll takes.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
