"""A library of controls: the shipped ones, an organization's changes to them, and its own.

A change never edits what was shipped. It stands beside the original, so that a report can show what the
organization changed, and what it says does not apply, why, and who approved that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeAlias

from auditwright.core.definition import UnknownIdError, closest_ids
from auditwright.core.framework import Control, ControlOverride, Criterion, Framework, NotApplicableReason
from auditwright.core.ids import ControlId, CriterionId


class UnknownControlError(UnknownIdError):
    """A control that the library does not have."""


class AmendmentError(ValueError):
    """A change or a control of the organization that cannot be taken into the library."""


class DanglingCriteriaError(LookupError):
    """Controls that name criteria which the framework does not have; one line for each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlDomain:
    """A subject that controls are filed under, such as identity and access."""

    prefix: str
    """What the ids of its controls begin with, such as `IAM`."""
    title: str


@dataclass(frozen=True, slots=True)
class Shipped:
    """The control is as it came with Auditwright."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The organization changed a shipped control; the original stays at hand."""

    original: Control
    override: ControlOverride

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields in which the control now differs from the original."""
        override, original = self.override, self.original
        differs = {
            "statement": override.statement not in (None, original.statement),
            "owner_role": override.owner_role not in (None, original.owner_role),
            "cadence": override.cadence not in (None, original.cadence),
            "not_applicable": override.not_applicable is not None,
        }
        return tuple(name for name, changed in differs.items() if changed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """The organization wrote the control."""


Provenance: TypeAlias = Shipped | Changed | Own


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryControl:
    """A control as it holds for the organization, and where its wording comes from."""

    control: Control
    provenance: Provenance

    @property
    def not_applicable(self) -> NotApplicableReason | None:
        """Why the control does not apply, or None where it applies."""
        match self.provenance:
            case Changed(override=override):
                return override.not_applicable
            case Shipped() | Own():
                return None


OWN_DOMAIN_TITLE = "Controls of the organization"
"""The title of any domain that does not ship with Auditwright."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlLibrary:
    """Controls in the order of their domains, each found by its id or by a criterion that it meets."""

    domains: tuple[ControlDomain, ...]
    entries: tuple[LibraryControl, ...]
    _by_id: Mapping[ControlId, LibraryControl] = field(init=False, repr=False, compare=False)
    _by_criterion: Mapping[CriterionId, tuple[Control, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_id = {entry.control.id: entry for entry in self.entries}
        assert len(by_id) == len(self.entries), "a control id stands twice in the library"
        by_criterion: dict[CriterionId, tuple[Control, ...]] = {}
        for control in self.applicable:
            for criterion in control.criteria:
                by_criterion[criterion] = (*by_criterion.get(criterion, ()), control)
        # The class is frozen; its two indexes are derived once, here.
        object.__setattr__(self, "_by_id", MappingProxyType(by_id))
        object.__setattr__(self, "_by_criterion", MappingProxyType(by_criterion))

    def __contains__(self, control_id: object) -> bool:
        return control_id in self._by_id

    @property
    def controls(self) -> tuple[Control, ...]:
        """Every control, those that do not apply included."""
        return tuple(entry.control for entry in self.entries)

    @property
    def applicable(self) -> tuple[Control, ...]:
        """The controls that apply to the organization."""
        return tuple(entry.control for entry in self.entries if entry.not_applicable is None)

    def entry(self, control_id: str, *, named_in: str) -> LibraryControl:
        """A control with its provenance; raises UnknownControlError that says where the id was named."""
        found = self._by_id.get(ControlId(control_id))
        if found is None:
            raise UnknownControlError(
                what="control", unknown=control_id, named_in=named_in, known=self._by_id
            )
        return found

    def control(self, control_id: str, *, named_in: str) -> Control:
        """A control as it holds for the organization; raises UnknownControlError."""
        return self.entry(control_id, named_in=named_in).control

    def for_criterion(self, criterion: CriterionId) -> tuple[Control, ...]:
        """The controls that meet a criterion; one that does not apply meets none."""
        return self._by_criterion.get(criterion, ())

    def for_criteria(self, criteria: Iterable[Criterion]) -> tuple[Control, ...]:
        """The controls that meet any of these criteria, each once, in the library's order."""
        wanted = {criterion.id for criterion in criteria}
        return tuple(control for control in self.applicable if wanted.intersection(control.criteria))

    def domain(self, control: Control) -> ControlDomain:
        """The domain that a control is filed under."""
        for domain in self.domains:
            if domain.prefix == control.domain:
                return domain
        return ControlDomain(prefix=control.domain, title=OWN_DOMAIN_TITLE)


def with_overrides(
    library: ControlLibrary, overrides: Iterable[ControlOverride], own: Iterable[Control]
) -> ControlLibrary:
    """A new library with the organization's changes and its own controls; the given one stays as it is.

    Raises UnknownControlError for a change to a control that does not exist, and AmendmentError for one
    that says nothing, that is made twice, or that takes an id which is in use.
    """
    changed = _changed(library, overrides)
    added: dict[ControlId, LibraryControl] = {}
    for control in own:
        _refuse_unusable(library, control, added)
        added[control.id] = LibraryControl(control=control, provenance=Own())
    kept = tuple(changed.get(entry.control.id, entry) for entry in library.entries)
    return ControlLibrary(domains=library.domains, entries=(*kept, *added.values()))


def validate(library: ControlLibrary, framework: Framework) -> None:
    """Check that every criterion that a control names exists; raises DanglingCriteriaError naming all."""
    known = [criterion.id for criterion in framework.criteria]
    problems = tuple(
        _dangling(entry, criterion, known)
        for entry in library.entries
        for criterion in entry.control.criteria
        if criterion not in known
    )
    if problems:
        raise DanglingCriteriaError(problems)


def uncovered(library: ControlLibrary, criteria: Iterable[Criterion]) -> tuple[Criterion, ...]:
    """The criteria that no applicable control meets; each is a gap in the design of the program."""
    return tuple(criterion for criterion in criteria if not library.for_criterion(criterion.id))


def _changed(
    library: ControlLibrary, overrides: Iterable[ControlOverride]
) -> dict[ControlId, LibraryControl]:
    changed: dict[ControlId, LibraryControl] = {}
    sources: dict[ControlId, str] = {}
    for override in overrides:
        entry = library.entry(override.id, named_in=override.source)
        if override.id in sources:
            raise AmendmentError(
                f"{override.source}: {override.id} was already changed in {sources[override.id]}; "
                "write both changes in one place"
            )
        sources[override.id] = override.source
        changed[override.id] = _apply(entry, override)
    return changed


def _apply(entry: LibraryControl, override: ControlOverride) -> LibraryControl:
    _refuse_hollow(override)
    original = _original(entry, override)
    control = replace(
        original,
        statement=original.statement if override.statement is None else override.statement.strip(),
        owner_role=original.owner_role if override.owner_role is None else override.owner_role.strip(),
        cadence=original.cadence if override.cadence is None else override.cadence,
    )
    return LibraryControl(control=control, provenance=Changed(original=original, override=override))


def _original(entry: LibraryControl, override: ControlOverride) -> Control:
    match entry.provenance:
        case Shipped():
            return entry.control
        case Changed():
            raise AmendmentError(
                f"{override.source}: {override.id} carries a change already; "
                "apply all changes at once to the shipped library"
            )
        case Own():
            raise AmendmentError(
                f"{override.source}: {override.id} is the organization's own control; edit it instead"
            )


def _refuse_hollow(override: ControlOverride) -> None:
    reason = override.not_applicable
    texts = {
        "statement": override.statement,
        "owner_role": override.owner_role,
        "reason": None if reason is None else reason.reason,
        "approver": None if reason is None else reason.approver,
    }
    for name, text in texts.items():
        if text is not None and not text.strip():
            raise AmendmentError(f"{override.source}: the {name} of {override.id} is empty; write it")
    if all(text is None for text in texts.values()) and override.cadence is None:
        raise AmendmentError(f"{override.source}: {override.id} is named, but nothing is changed; remove it")


def _refuse_unusable(
    library: ControlLibrary, control: Control, added: Mapping[ControlId, LibraryControl]
) -> None:
    if control.id in library:
        raise AmendmentError(
            f"control {control.id}: the id is taken by {library.control(control.id, named_in=control.id).title!r}; "
            "change that control, or choose another id"
        )
    if control.id in added:
        raise AmendmentError(f"control {control.id}: the organization defines it twice; remove one")
    if not control.domain:
        raise AmendmentError(f"control {control.id!r}: an id is a prefix and a number, such as ACME-01")
    if not control.criteria:
        raise AmendmentError(f"control {control.id}: it meets no criterion; name at least one")
    if not control.title.strip() or not control.statement.strip():
        raise AmendmentError(f"control {control.id}: the title or the statement is empty; write it")


def _dangling(entry: LibraryControl, criterion: CriterionId, known: Iterable[CriterionId]) -> str:
    closest = closest_ids(criterion, known)
    hint = f"did you mean {' or '.join(closest)}?" if closest else "correct or remove it"
    whose = "the organization's control" if isinstance(entry.provenance, Own) else "control"
    return f"{whose} {entry.control.id}: there is no criterion {criterion!r}; {hint}"
