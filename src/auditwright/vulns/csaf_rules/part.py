"""A place in a JSON document, what stands there, and the rules that look at it.

A document that breaks a rule often breaks the schema as well. A rule therefore never takes the form for granted: a member that
is missing or of another kind than the rule asks for reads as absent, and the rule says what follows from that.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A place in a document, as a JSON pointer, and the value there."""

    path: str = ""
    value: object = None

    def at(self, *names: str) -> "Part":
        """The member of that name within that name; its value is None where there is none."""
        part = self
        for name in names:
            value = part.value.get(name) if isinstance(part.value, dict) else None
            part = Part(path=f"{part.path}/{_escaped(name)}", value=value)
        return part

    def each(self, *names: str) -> tuple["Part", ...]:
        """The elements of the list there, none where there is no list."""
        part = self.at(*names)
        if not isinstance(part.value, list):
            return ()
        return tuple(
            Part(path=f"{part.path}/{position}", value=value) for position, value in enumerate(part.value)
        )

    def members(self, *names: str) -> tuple[tuple[str, "Part"], ...]:
        """The members of the object there by name, none where there is no object."""
        part = self.at(*names)
        if not isinstance(part.value, dict):
            return ()
        return tuple(
            (str(name), Part(path=f"{part.path}/{_escaped(str(name))}", value=value))
            for name, value in part.value.items()
        )

    def text(self, *names: str) -> str:
        """The text there, empty where there is none."""
        value = self.at(*names).value
        return value if isinstance(value, str) else ""

    def texts(self, *names: str) -> tuple[str, ...]:
        """The texts of the list there."""
        return tuple(part.value for part in self.each(*names) if isinstance(part.value, str))

    def number(self, *names: str) -> float | None:
        """The number there, None where there is none."""
        value = self.at(*names).value
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    def has(self, *names: str) -> bool:
        """Whether anything stands there."""
        return self.at(*names).value is not None


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")  # RFC 6901 4


Faults = Iterator[tuple[Part, str]]
"""Where a rule is broken, and why, in one sentence without its full stop."""

BOTH = ("2.0", "2.1")
SINCE_2_1 = ("2.1",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A mandatory test of the standard, by its number, and the versions that have it."""

    number: str
    versions: tuple[str, ...]
    faults: Callable[[Part], Faults]


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one chapter, in the order in which they are written down."""

    rules: list[Rule] = field(default_factory=list)

    def add(
        self, number: str, versions: tuple[str, ...] = BOTH
    ) -> Callable[[Callable[[Part], Faults]], Callable[[Part], Faults]]:
        """Write down a function as the rule of that number."""

        def added(faults: Callable[[Part], Faults]) -> Callable[[Part], Faults]:
            self.rules.append(Rule(number=number, versions=versions, faults=faults))
            return faults

        return added
