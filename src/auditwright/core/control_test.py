"""Control tests: a procedure over one attribute of a population, as one decorated function.

The function's positional parameter is the item; its annotation is the population (a union tests
several kinds). Keyword-only parameters are supplied by name or by type:

- `now: datetime` is the time of the run;
- `NAME: Related[Kind]` is another population to look things up in;
- `NAME: int = 90` (or `str`, `bool`, `tuple[str, ...]`) is a setting that the organization may change,
  to what `allowed` says of its default.

The docstring's first line is the title, the rest the rationale. The examples are run by one test and
printed in the documentation. A test without an example of a deviation does not import.
"""

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from auditwright.core.ids import ControlId, TestId
from auditwright.core.outcome import Deviation, Outcome
from auditwright.core.resource import Related, Resource

Setting = int | str | bool | tuple[str, ...]
"""What an organization may set in a test."""

MAX_NUMBER = 100_000
"""The largest number that may be set: tests count days, hours, characters and ports, and never that many."""

EXAMPLE_NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
"""The time at which every example is examined."""


class Severity(StrEnum):
    """How much harm a deviation can do."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remediation:
    """How to put a deviation right: in the console, by command, and as code."""

    console: str
    command: str
    terraform: str


@dataclass(frozen=True, slots=True)
class Example:
    """An item, the outcome it must have, and what else the test is given."""

    item: Resource
    outcome: Outcome
    given: tuple[Resource, ...] = ()
    """Items of related populations, which are then complete."""
    settings: Mapping[str, Setting] | None = None


class InvalidControlTestError(TypeError):
    """A control test is not of the form that this module describes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlTest:
    """A control test, ready to examine items."""

    id: TestId
    title: str
    rationale: str
    controls: tuple[ControlId, ...]
    severity: Severity
    remediation: Remediation
    populations: tuple[type[Resource], ...]
    related: Mapping[str, type[Resource]]
    settings: Mapping[str, Setting]
    """Each setting with its default."""
    takes_now: bool
    examples: tuple[Example, ...]
    examine: Callable[..., Outcome]
    source: str
    """The module or file that defines it."""


_TESTS: dict[TestId, ControlTest] = {}


def defined_tests() -> Mapping[TestId, ControlTest]:
    """Every control test whose module has been imported, by id."""
    return _TESTS


def allowed(default: Setting) -> str:
    """What a setting with this default may be set to, in words."""
    match default:
        case bool():
            return "true or false"
        case int():
            return f"a whole number from {_least(default)} to {MAX_NUMBER}"
        case str():
            return "a text that is not empty" if default else "a text"
        case tuple():
            return f"a list of {'one or more texts' if default else 'texts'}, none of them empty"


def may_be_set(default: Setting, value: Setting) -> bool:
    """Whether a setting with this default may have a value; one that could void the test may not.

    Zero days, an empty word or an empty list ask for nothing, so that everything would pass, unless the
    test's author made that the default.
    """
    match default, value:
        case (bool(), bool()):
            return True
        case (bool(), _) | (_, bool()):
            return False
        case int(), int():
            return _least(default) <= value <= MAX_NUMBER
        case str(), str():
            return bool(value.strip()) or not default
        case tuple(), tuple():
            return all(word.strip() for word in value) and (bool(value) or not default)
        case _:
            return False


def _least(default: int) -> int:
    return min(default, 1)


def control_test(  # noqa: PLR0913  # the fields of one declaration, all by keyword
    *,
    id: str,  # noqa: A002  # the field's own name
    controls: tuple[str, ...],
    severity: Severity,
    remediation: Remediation,
    examples: tuple[Example, ...],
) -> Callable[[Callable[..., Outcome]], ControlTest]:
    """Declare a control test; see the module for the form. Raises InvalidControlTestError."""

    def declare(examine: Callable[..., Outcome]) -> ControlTest:
        title, _, rationale = inspect.cleandoc(examine.__doc__ or "").partition("\n")
        form = _form(id, examine)
        test = ControlTest(
            id=TestId(id),
            title=title.strip().rstrip("."),
            rationale=" ".join(rationale.split()),
            controls=tuple(ControlId(control) for control in controls),
            severity=severity,
            remediation=remediation,
            examples=examples,
            examine=examine,
            source=examine.__module__,
            populations=form.populations,
            related=form.related,
            settings=form.settings,
            takes_now=form.takes_now,
        )
        _check(test)
        _TESTS[test.id] = test
        return test

    return declare


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    populations: tuple[type[Resource], ...]
    related: Mapping[str, type[Resource]]
    settings: Mapping[str, Setting]
    takes_now: bool


def _form(test_id: str, examine: Callable[..., Outcome]) -> _Form:
    hints = typing.get_type_hints(examine)
    populations: tuple[type[Resource], ...] = ()
    related: dict[str, type[Resource]] = {}
    settings: dict[str, Setting] = {}
    takes_now = False
    for name, parameter in inspect.signature(examine).parameters.items():
        hint = hints.get(name)
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            if populations:
                raise InvalidControlTestError(
                    f"{test_id}: one item is examined; {name!r} must be keyword-only"
                )
            populations = _kinds_of(test_id, name, hint)
        elif name == "now":
            takes_now = True
        elif typing.get_origin(hint) is Related:
            found = _kinds_of(test_id, name, typing.get_args(hint)[0])
            if len(found) > 1:
                raise InvalidControlTestError(
                    f"{test_id}: {name!r} looks things up in one kind, not in several"
                )
            related[name] = found[0]
        elif isinstance(parameter.default, (int, str, bool, tuple)):
            settings[name] = parameter.default
        else:
            raise InvalidControlTestError(
                f"{test_id}: {name!r} must be `now`, a `Related[Kind]`, or a setting with a default"
            )
    if not populations:
        raise InvalidControlTestError(f"{test_id}: the function examines no item")
    return _Form(populations=populations, related=related, settings=settings, takes_now=takes_now)


def _kinds_of(test_id: str, name: str, hint: object) -> tuple[type[Resource], ...]:
    members = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    found = tuple(
        kind
        for kind in members
        if isinstance(kind, type) and issubclass(kind, Resource) and kind is not Resource
    )
    if not found or len(found) != len(members):
        raise InvalidControlTestError(f"{test_id}: annotate {name!r} with a kind of resource, not {hint!r}")
    return found


def _check(test: ControlTest) -> None:
    if not test.title:
        raise InvalidControlTestError(f"{test.id}: the docstring's first line is the title; there is none")
    if not test.controls:
        raise InvalidControlTestError(f"{test.id}: a test names the controls that it tests")
    if not any(isinstance(example.outcome, Deviation) for example in test.examples):
        raise InvalidControlTestError(
            f"{test.id}: no example shows a deviation, so the test was never seen to fail"
        )
    for example in test.examples:
        for name, value in (example.settings or {}).items():
            if name not in test.settings or not may_be_set(test.settings[name], value):
                raise InvalidControlTestError(
                    f"{test.id}: an example sets {name} to {value!r}, which nobody may set"
                )
    known = _TESTS.get(test.id)
    if known is not None and known.source != test.source:
        raise InvalidControlTestError(f"{test.id} is defined twice: in {known.source} and in {test.source}")
