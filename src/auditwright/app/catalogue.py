"""The organization's catalogue: framework, criteria in scope, controls and tests, with every id resolved."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from auditwright.app.errors import AppError
from auditwright.controls import (
    AmendmentError,
    ControlLibrary,
    DanglingCriteriaError,
    UnknownControlError,
    load_controls,
    validate,
    with_overrides,
)
from auditwright.core.control_test import ControlTest, Setting, allowed, may_be_set
from auditwright.core.definition import DefinitionError, UnknownIdError, closest_ids
from auditwright.core.framework import Criterion, Framework
from auditwright.core.ids import TestId
from auditwright.frameworks import criteria_in_scope, load_framework
from auditwright.program.definitions import Program, TestSetting


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """What a run tests and a report is made of."""

    framework: Framework
    criteria: tuple[Criterion, ...]
    """Those in scope, in the framework's order."""
    library: ControlLibrary
    tests: Mapping[TestId, ControlTest]
    """Those of applicable controls, by id."""
    settings: Mapping[TestId, Mapping[str, Setting]]

    def settings_of(self, test: ControlTest) -> Mapping[str, Setting]:
        """What the organization set in a test; nothing where it set nothing."""
        return self.settings.get(test.id, {})


def catalogue(program: Program, tests: Mapping[TestId, ControlTest]) -> Catalogue:
    """Resolve every id that the program and the tests name; raises AppError naming what does not exist."""
    try:
        framework = load_framework(program.framework)
        criteria = criteria_in_scope(framework, program.categories)
        library = with_overrides(load_controls(), program.control_overrides, program.own_controls)
        validate(library, framework)
        for test in tests.values():
            for control in test.controls:
                library.control(control, named_in=test.source)
    except (
        AmendmentError,
        DanglingCriteriaError,
        DefinitionError,
        UnknownControlError,
        UnknownIdError,
    ) as error:
        raise AppError(str(error)) from None
    settings = _settings(program.test_settings, tests)
    for waiver in program.waivers:
        if waiver.test not in tests:
            raise _unknown_test(program.waiver_places[waiver.id], waiver.test, tests)
    applicable = {control.id for control in library.applicable}
    return Catalogue(
        framework=framework,
        criteria=criteria,
        library=library,
        tests={test.id: test for _, test in sorted(tests.items()) if applicable.intersection(test.controls)},
        settings=settings,
    )


def _settings(
    given: Iterable[TestSetting], tests: Mapping[TestId, ControlTest]
) -> Mapping[TestId, Mapping[str, Setting]]:
    settings: dict[TestId, dict[str, Setting]] = {}
    for setting in given:
        test = tests.get(setting.test)
        if test is None:
            raise _unknown_test(setting.where, setting.test, tests)
        if setting.name not in test.settings:
            known = ", ".join(test.settings) or "none"
            raise AppError(f"{setting.where}: {test.id} has no setting {setting.name!r}; it has: {known}")
        default = test.settings[setting.name]
        if not may_be_set(default, setting.value):
            raise AppError(
                f"{setting.where}: {setting.name} of {test.id} is {json.dumps(setting.value, ensure_ascii=False)}; allowed is {allowed(default)}"
            )
        settings.setdefault(test.id, {})[setting.name] = setting.value
    return settings


def _unknown_test(where: str, test: TestId, tests: Mapping[TestId, ControlTest]) -> AppError:
    near = closest_ids(test, tests)
    hint = f"did you mean {' or '.join(near)}?" if near else "`auditwright tests list` shows them all"
    return AppError(f"{where}: there is no test {test!r}; {hint}")
