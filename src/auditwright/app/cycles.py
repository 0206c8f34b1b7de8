"""Python's search for values that only point at each other, and when it is not worth its time."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_search_for_cycles() -> Iterator[None]:
    """Do not search while a block makes a million values that point at nothing but plain ones.

    Looking through all of them again and again is a tenth of the time. What is dropped is freed at once, as
    always; what points at itself waits until the block ends.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        # What is left counts as old: it is searched in its turn, and not all of it at once.
        gc.freeze()
        gc.unfreeze()
        if was_on:
            gc.enable()
