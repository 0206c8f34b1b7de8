import gc

import pytest

from auditwright.app.cycles import no_search_for_cycles


def test_nothing_is_searched_within_the_block_and_all_is_as_before_after_it() -> None:
    assert gc.isenabled()
    with no_search_for_cycles():
        assert not gc.isenabled()
        with no_search_for_cycles():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_block_that_breaks_off_leaves_the_search_on() -> None:
    with pytest.raises(LookupError), no_search_for_cycles():
        raise LookupError
    assert gc.isenabled()


def test_what_points_at_itself_is_found_after_the_block() -> None:
    class Knot:
        found = 0

        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            Knot.found += 1

    with no_search_for_cycles():
        Knot()
    gc.collect()
    assert Knot.found == 1
