"""Every control test, shipped in the package, gives the outcome that each of its examples shows."""

import pytest

from auditwright.control_tests import load_builtin_tests
from auditwright.core.control_test import EXAMPLE_NOW, ControlTest, Example
from auditwright.core.resource import Population, Resource
from auditwright.engine.examine import bind, examine

CASES = tuple(
    pytest.param(test, example, id=f"{test.id}[{number}]")
    for test in load_builtin_tests().values()
    for number, example in enumerate(test.examples)
)


def given(test: ControlTest, example: Example) -> dict[str, Population[Resource]]:
    """The related populations of an example: complete, and empty where the example gives no item."""
    return {
        kind.kind: Population(
            kind=kind,
            items=tuple(item for item in example.given if isinstance(item, kind)),
            gaps=(),
            scopes=(example.item.scope,),
        )
        for kind in test.related.values()
    }


@pytest.mark.parametrize(("test", "example"), CASES)
def test_an_example_has_the_outcome_that_it_shows(test: ControlTest, example: Example) -> None:
    supplied = bind(test, now=EXAMPLE_NOW, populations=given(test, example), settings=example.settings or {})
    assert examine(test, example.item, supplied) == example.outcome


@pytest.mark.parametrize(("test", "example"), CASES)
def test_an_example_is_of_the_populations_that_its_test_knows(test: ControlTest, example: Example) -> None:
    assert isinstance(example.item, test.populations)
    assert all(isinstance(item, tuple(test.related.values())) for item in example.given)
