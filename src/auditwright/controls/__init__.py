"""The default control library, as data, and what an organization changes in it."""

from auditwright.controls.library import (
    AmendmentError,
    Changed,
    ControlDomain,
    ControlLibrary,
    DanglingCriteriaError,
    LibraryControl,
    Own,
    Provenance,
    Shipped,
    UnknownControlError,
    uncovered,
    validate,
    with_overrides,
)
from auditwright.controls.load import load_controls, read_controls

__all__ = [
    "AmendmentError",
    "Changed",
    "ControlDomain",
    "ControlLibrary",
    "DanglingCriteriaError",
    "LibraryControl",
    "Own",
    "Provenance",
    "Shipped",
    "UnknownControlError",
    "load_controls",
    "read_controls",
    "uncovered",
    "validate",
    "with_overrides",
]
