"""Settings of tests that the program folder may not hold are refused where it is read, with file and line."""

import pytest

from auditwright.app.catalogue import catalogue
from auditwright.app.errors import AppError
from auditwright.control_tests import load_builtin_tests
from auditwright.core.ids import TestId
from auditwright.program.definitions import read_program
from tests.app.programs import SETTINGS

LINE = SETTINGS.count("\n") + 2


def settings_of(test: str, line: str) -> dict[str, object]:
    program = read_program({"auditwright.toml": f'{SETTINGS}[tests."{test}"]\n{line}\n'.encode()})
    tests = load_builtin_tests()
    return dict(catalogue(program, tests).settings_of(tests[TestId(test)]))


@pytest.mark.parametrize(
    ("test", "line", "said"),
    [
        ("identity.root-unused", "unused_days = 0", "is 0; allowed is a whole number from 1 to 100000"),
        ("identity.root-unused", "unused_days = -90", "is -90; allowed is a whole number from 1"),
        ("identity.root-unused", "unused_days = true", "is true; allowed is a whole number"),
        ("identity.root-unused", "days = 90", "has no setting 'days'; it has: unused_days"),
        ("network.database-ports-closed", "ports = []", "is []; allowed is a list of one or more texts"),
        ("availability.production-backed-up", "tag_values = []", "is []; allowed is a list"),
        ("people.roster-reconciled", 'service_tag = ""', 'is ""; allowed is a text that is not empty'),
    ],
)
def test_a_setting_that_would_void_a_test_is_refused_at_its_line(test: str, line: str, said: str) -> None:
    with pytest.raises(AppError) as refused:
        settings_of(test, line)
    assert str(refused.value).startswith(f"auditwright.toml:{LINE}: ")
    assert said in str(refused.value)
    assert test in str(refused.value)


def test_zero_and_nothing_may_be_set_where_they_are_the_default() -> None:
    assert settings_of("identity.password-policy-strong", "max_age_days = 0") == {"max_age_days": 0}
    assert settings_of("identity.no-full-admin-policies", "administrators = []") == {"administrators": ()}
