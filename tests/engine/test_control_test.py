"""What the decorator takes and refuses."""

from collections.abc import Callable
from datetime import datetime
from typing import cast

import pytest

from auditwright.core.control_test import (
    MAX_NUMBER,
    ControlTest,
    Example,
    InvalidControlTestError,
    Remediation,
    Setting,
    Severity,
    allowed,
    control_test,
    defined_tests,
    may_be_set,
)
from auditwright.core.outcome import Deviation, Outcome, Satisfied
from auditwright.core.resource import Related, Resource
from auditwright.core.resources import Change, Person
from tests.engine.builders import person

BAD = Example(person("ada"), Deviation("no"))


def declared(
    examine: Callable[..., Outcome],
    *,
    controls: tuple[str, ...] = ("IAM-02",),
    examples: tuple[Example, ...] = (BAD,),
) -> ControlTest:
    remedy = Remediation(console="x", command="x", terraform="x")
    return control_test(
        id="tests.declared", controls=controls, severity=Severity.LOW, remediation=remedy, examples=examples
    )(examine)


def whole(  # noqa: PLR0913  # one parameter of every form
    item: Person | Change,
    *,
    now: datetime,
    people: Related[Person],
    days: int = 90,
    strict: bool = True,
    word: str = "x",
    words: tuple[str, ...] = (),
) -> Outcome:
    """Everybody is fine.

    Or else
    they are not.
    """
    del item, now, people, days, strict, word, words
    return Satisfied()


def test_a_test_is_read_from_its_function() -> None:
    test = declared(whole)
    assert (test.title, test.rationale) == ("Everybody is fine", "Or else they are not.")
    assert test.populations == (Person, Change)
    assert dict(test.related) == {"people": Person}
    assert dict(test.settings) == {"days": 90, "strict": True, "word": "x", "words": ()}
    assert test.takes_now
    assert test.source == __name__
    assert defined_tests()[test.id] is test


def no_title(item: Person) -> Outcome:
    del item
    return Satisfied()


def no_item(*, now: datetime) -> Outcome:
    """Title."""
    del now
    return Satisfied()


def two_items(item: Person, other: Change) -> Outcome:
    """Title."""
    del item, other
    return Satisfied()


def any_resource(item: Resource) -> Outcome:
    """Title."""
    del item
    return Satisfied()


def no_resource(item: str) -> Outcome:
    """Title."""
    del item
    return Satisfied()


def half_a_resource(item: Person | str) -> Outcome:
    """Title."""
    del item
    return Satisfied()


def not_annotated(item) -> Outcome:  # type: ignore[no-untyped-def]  # noqa: ANN001  # the case under test
    """Title."""
    del item
    return Satisfied()


def no_default(item: Person, *, days: int) -> Outcome:
    """Title."""
    del item, days
    return Satisfied()


def odd_default(item: Person, *, days: float = 1.5) -> Outcome:
    """Title."""
    del item, days
    return Satisfied()


def related_to_text(item: Person, *, words: Related[str]) -> Outcome:  # type: ignore[type-var]  # the case under test
    """Title."""
    del item, words
    return Satisfied()


def related_to_two(item: Person, *, others: Related[Person | Change]) -> Outcome:
    """Title."""
    del item, others
    return Satisfied()


def good(item: Person) -> Outcome:
    """Title."""
    del item
    return Satisfied()


@pytest.mark.parametrize(
    ("examine", "said"),
    [
        (no_title, "the docstring's first line is the title"),
        (no_item, "examines no item"),
        (two_items, "'other' must be keyword-only"),
        (any_resource, "annotate 'item' with a kind of resource"),
        (no_resource, "annotate 'item' with a kind of resource"),
        (half_a_resource, "annotate 'item' with a kind of resource"),
        (not_annotated, "annotate 'item' with a kind of resource, not None"),
        (no_default, "'days' must be `now`, a `Related"),
        (odd_default, "'days' must be `now`"),
        (related_to_text, "annotate 'words' with a kind of resource"),
        (related_to_two, "'others' looks things up in one kind"),
    ],
)
def test_a_function_of_another_form_is_refused(examine: Callable[..., Outcome], said: str) -> None:
    with pytest.raises(InvalidControlTestError, match=rf"^tests\.declared: .*{said}"):
        declared(examine)


def test_a_test_names_a_control() -> None:
    with pytest.raises(InvalidControlTestError, match="names the controls that it tests"):
        declared(good, controls=())


@pytest.mark.parametrize("examples", [(), (Example(person("ada"), Satisfied()),)])
def test_a_test_that_was_never_seen_to_fail_is_refused(examples: tuple[Example, ...]) -> None:
    with pytest.raises(InvalidControlTestError, match="never seen to fail"):
        declared(good, examples=examples)


def test_an_id_is_not_taken_twice() -> None:
    declared(good)

    def elsewhere(item: Person) -> Outcome:
        """Title."""
        del item
        return Satisfied()

    elsewhere.__module__ = "somewhere.else"
    elsewhere.__annotations__ = {"item": Person, "return": cast("object", None)}
    with pytest.raises(
        InvalidControlTestError, match=r"defined twice: in .*test_control_test and in somewhere"
    ):
        declared(elsewhere)


@pytest.mark.parametrize(
    ("default", "may", "may_not"),
    [
        (90, (1, 90, MAX_NUMBER), (0, -1, MAX_NUMBER + 1, True, "90", (90,))),
        (0, (0, 30), (-1, False)),
        (False, (True, False), (0, 1, "true")),
        ("service-account", ("robot",), ("", "  ", 1, ("robot",))),
        ("", ("", "robot"), (0,)),
        (("env",), (("env",), ("env", "stage")), ((), ("",), ("env", " "), "env")),
        ((), ((), ("deployer",)), (("",), "deployer")),
    ],
    ids=repr,
)
def test_what_would_void_a_test_may_not_be_set(
    default: Setting, may: tuple[Setting, ...], may_not: tuple[Setting, ...]
) -> None:
    assert may_be_set(default, default)
    assert all(may_be_set(default, value) for value in may)
    assert not any(may_be_set(default, value) for value in may_not)


def test_what_may_be_set_is_said_in_words() -> None:
    assert [allowed(default) for default in (90, 0, True, "x", "", ("x",), ())] == [
        "a whole number from 1 to 100000",
        "a whole number from 0 to 100000",
        "true or false",
        "a text that is not empty",
        "a text",
        "a list of one or more texts, none of them empty",
        "a list of texts, none of them empty",
    ]


@pytest.mark.parametrize("settings", [{"days": 0}, {"hours": 1}])
def test_an_example_shows_only_settings_that_may_be_set(settings: dict[str, Setting]) -> None:
    example = Example(person("ada"), Deviation("no"), settings=settings)
    with pytest.raises(InvalidControlTestError, match="which nobody may set"):
        declared(whole, examples=(example,))
