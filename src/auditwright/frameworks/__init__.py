"""The frameworks that ship with Auditwright, as data, and their loader."""

from auditwright.frameworks.load import (
    UnknownCategoryError,
    UnknownFrameworkError,
    available_frameworks,
    criteria_in_scope,
    load_framework,
    read_framework,
)

__all__ = [
    "UnknownCategoryError",
    "UnknownFrameworkError",
    "available_frameworks",
    "criteria_in_scope",
    "load_framework",
    "read_framework",
]
