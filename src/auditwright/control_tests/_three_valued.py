"""And, or and not over facts that may be unknown (Kleene's strong logic).

An unknown fact leaves the whole unknown only where it could change it: `false and unknown` is false.
"""

from auditwright.core.outcome import Unknown

Fact = bool | Unknown


def either(one: Fact, other: Fact) -> Fact:
    """True where one is true; false where both are false; else unknown, for the first reason."""
    if one is True or other is True:
        return True
    return one if isinstance(one, Unknown) else other


def both(one: Fact, other: Fact) -> Fact:
    """False where one is false; true where both are true; else unknown, for the first reason."""
    if one is False or other is False:
        return False
    return one if isinstance(one, Unknown) else other


def opposite(fact: Fact) -> Fact:
    """Unknown stays unknown."""
    return fact if isinstance(fact, Unknown) else not fact
