"""The control tests that ship with Auditwright: one file per test, by subject."""

import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType

from auditwright.core.control_test import ControlTest, defined_tests
from auditwright.core.ids import TestId


def load_builtin_tests() -> Mapping[TestId, ControlTest]:
    """Every control test of this package, by id and sorted; importing a module is what defines its test.

    Tests that an organization defined elsewhere are not among them.
    """
    inside = f"{__name__}."
    for module in pkgutil.walk_packages(__path__, inside):
        importlib.import_module(module.name)
    shipped = {test.id: test for test in defined_tests().values() if test.source.startswith(inside)}
    return MappingProxyType(dict(sorted(shipped.items())))
