"""Apply a control test to one item."""

from collections.abc import Mapping
from datetime import datetime

from auditwright.core.control_test import ControlTest, Setting
from auditwright.core.outcome import Deviation, NotApplicable, Outcome, Satisfied, Undetermined
from auditwright.core.resource import Population, Related, Resource

Populations = Mapping[str, Population[Resource]]
"""Every population of a run, by kind."""

MAX_SENTENCE = 2_000
"""The longest text of an outcome; a source's names can be as long as it likes."""


_SATISFIED = Satisfied()
_OUTCOMES = (Satisfied, Deviation, NotApplicable, Undetermined)


def bind(
    test: ControlTest, *, now: datetime, populations: Populations, settings: Mapping[str, Setting]
) -> Mapping[str, object]:
    """The keyword arguments that a test is given: the time, what it looks things up in, its settings.

    Raises KeyError for a setting that the test does not have.
    """
    unknown = set(settings) - set(test.settings)
    if unknown:
        raise KeyError(f"{test.id} has no setting {', '.join(sorted(unknown))}")
    supplied: dict[str, object] = {**test.settings, **settings}
    if test.takes_now:
        supplied["now"] = now
    for name, kind in test.related.items():
        supplied[name] = Related(population_of(kind, populations))
    return supplied


def population_of(kind: type[Resource], populations: Populations) -> Population[Resource]:
    """The population of a kind; one that nothing was collected for is empty and not complete."""
    found = populations.get(kind.kind)
    return found if found is not None else Population(kind=kind, items=(), gaps=(), scopes=())


def examine(test: ControlTest, item: Resource, supplied: Mapping[str, object]) -> Outcome:
    """The outcome of one item.

    A test that raises, or that answers with something else, leaves the item undetermined: its author's
    error is shown and stops neither the other items nor the other tests.
    """
    try:
        return _checked(test, test.examine(item, **supplied))
    except Exception as error:  # noqa: BLE001  # a named boundary: tests may be the organization's own code
        return Undetermined(_clip(f"the test {test.id} failed: {type(error).__name__}: {error}"))


def examine_as_of(
    test: ControlTest, item: Resource, supplied: Mapping[str, object], true_at: datetime
) -> Outcome:
    """The outcome of one item that was seen long ago, of a test that asks about the time up to now.

    It is examined at the time at which the evidence was true. A deviation of then stands, with its day.
    What was satisfied then is undetermined, because nobody saw the days since. What the test does not
    concern, neither then nor now, it does not concern.
    """
    then = examine(test, item, {**supplied, "now": true_at})
    match then:
        case Deviation(what):
            return Deviation(_clip(f"as of {true_at:%d %b %Y}: {what}"))
        case Undetermined():
            return then
        case NotApplicable() if isinstance(examine(test, item, supplied), NotApplicable):
            return then
        case _:
            return Undetermined(
                f"what is known of it is of {true_at:%d %b %Y}, and the days since were not seen"
            )


def _checked(test: ControlTest, outcome: Outcome) -> Outcome:
    # Compared by type: the answer of an own test may say that it equals everything.
    if type(outcome) is Satisfied and outcome.note == "":
        return _SATISFIED  # nearly every outcome says nothing more: all of them are one
    match outcome:
        case Satisfied(says) | Deviation(says) | NotApplicable(says) | Undetermined(says):
            kind = next(each for each in _OUTCOMES if isinstance(outcome, each))
            if type(outcome) is kind and type(says) is str and len(says) <= MAX_SENTENCE:
                return outcome  # a test may give one for many items: it stays one
            return kind(_clip(says))
        case _:
            return Undetermined(
                f"the test {test.id} answered with a {type(outcome).__name__}, not an outcome"
            )


def _clip(text: str) -> str:
    if not isinstance(text, str):  # an organization's own test is not type-checked
        raise TypeError(f"an outcome says why in a text, not in {text!r}")
    plain = str.__str__(text)  # what is more than a text may write itself down otherwise
    return plain if len(plain) <= MAX_SENTENCE else plain[: MAX_SENTENCE - 1] + "…"
