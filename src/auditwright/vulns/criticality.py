"""How much depends on an asset line, by the tags of what was collected and by the accounts that are production.

1. An account or a cluster's account that the program calls production makes what is in it `high`.
2. A tag of one of the names makes a machine what its value means; so does a label of the namespace in which a pod runs an image.
3. The gravest counts, of several tags and of several targets. What has no such tag is unknown, and so is what has one whose value
  means nothing, but for what another makes `high`: what such a value was meant to say may be graver than the others.
4. An image may run where nobody looked, so that of an image `high` alone is taken; less is unknown.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from auditwright.core.outcome import Unknown
from auditwright.core.resources import CloudFunction, VirtualMachine
from auditwright.vulns.exposure import Seen, function_of, machine_of, pods_of
from auditwright.vulns.grounds import Ground, collected, unknown
from auditwright.vulns.report import Target

POINT = "criticality"
LEVELS = ("high", "medium", "low")

Tags = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What tells criticality; names and values without regard to case."""

    tags: tuple[str, ...] = ("criticality", "data-classification", "data-class", "data_classification")
    high: tuple[str, ...] = (
        *("high", "critical", "very-high", "mission-critical", "tier-0", "tier-1"),
        *("restricted", "confidential", "secret", "pii", "phi", "pci"),
    )
    medium: tuple[str, ...] = ("medium", "moderate", "important", "tier-2", "internal")
    low: tuple[str, ...] = ("low", "tier-3", "tier-4", "public", "none")
    production: tuple[str, ...] = ()
    """Numbers of accounts."""

    def level(self, value: str) -> str:
        """`high`, `medium` or `low`; empty for a value that means nothing. A value in two lists is the graver one."""
        said = value.strip().lower()
        return next((level for level in LEVELS if said in (word.lower() for word in self.words(level))), "")

    def words(self, level: str) -> Sequence[str]:
        """The values that mean a level."""
        return {"high": self.high, "medium": self.medium, "low": self.low}[level]


DEFAULT_MARKS = Marks()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What a tag or an account says."""

    level: str
    because: str
    evidence: tuple[str, ...]


def criticality_of(targets: Sequence[Target], seen: Seen | None, marks: Marks) -> Ground:
    """How much depends on a line; without an inventory, by the accounts of its targets alone."""
    found = [_of_target(target, seen, marks) for target in targets]
    if not found:
        return unknown(POINT, "no report says what was scanned")
    for value in ("high", "unknown", "medium", "low"):
        ground = next((each for each in found if each.value == value), None)
        if ground is not None:
            return ground
    raise AssertionError(found)


def _of_target(target: Target, seen: Seen | None, marks: Marks) -> Ground:
    if target.account in marks.production:
        return _production(target.account, ())
    if seen is None:
        return unknown(POINT, "nothing was collected yet")
    match target.kind:
        case "machine":
            return _of_machine(machine_of(target, seen), marks)
        case "function":
            return _of_function(function_of(target, seen), marks)
        case "image":
            return _of_image(target, seen, marks)
        case _:
            return unknown(POINT, "nothing that was collected runs it")


def _of_machine(machine: VirtualMachine | Unknown, marks: Marks) -> Ground:
    if isinstance(machine, Unknown):
        return unknown(POINT, machine.why)
    return _of_item(machine.scope.account, machine.tags, machine.evidence, marks)


def _of_function(function: CloudFunction | Unknown, marks: Marks) -> Ground:
    if isinstance(function, Unknown):
        return unknown(POINT, function.why)
    untagged = Unknown("the tags of functions are not collected")
    return _of_item(function.scope.account, untagged, function.evidence, marks)


def _of_item(account: str, tags: Tags | Unknown, evidence: Iterable[str], marks: Marks) -> Ground:
    if account in marks.production:
        return _production(account, tuple(evidence))
    if isinstance(tags, Unknown):
        return unknown(POINT, tags.why)
    said = _gravest(_tagged(tags, tuple(evidence), marks, "tag"))
    strange = _meaningless(tags, marks)
    if strange and (said is None or said.level != "high"):
        return unknown(POINT, f"what its tag {strange} means is not known", tuple(evidence))
    if said is None:
        return unknown(POINT, f"it has no tag {' or '.join(marks.tags)}", tuple(evidence))
    return collected(POINT, said.level, said.because, said.evidence)


def _of_image(target: Target, seen: Seen, marks: Marks) -> Ground:
    running = pods_of(target, seen)
    if not running:
        absent = seen.pods.absence()
        return unknown(
            POINT, absent.why if absent else "nothing that was collected says where the image runs"
        )
    said = _gravest(each for pod, _ in running for each in _around(pod.cluster, pod.namespace, seen, marks))
    if said is not None and said.level == "high":
        pod = running[0][0]
        return collected(POINT, "high", said.because, (*pod.evidence, *said.evidence))
    return unknown(
        POINT,
        f"{said.because}, but it may run elsewhere too"
        if said
        else "no namespace that it runs in is labeled with it",
    )


def _around(cluster: str, namespace: str, seen: Seen, marks: Marks) -> Iterator[_Said]:
    """What the cluster's account and the namespace of a pod say."""
    for each in seen.clusters:
        account = each.managed_as.split(":")[4] if each.managed_as.count(":") > 4 else ""  # noqa: PLR2004 - an ARN has six parts
        if each.id == cluster and account in marks.production:
            yield _Said(level="high", because=_because(account), evidence=each.evidence)
    for space in seen.namespaces:
        if (space.cluster, space.name) == (cluster, namespace):
            yield from _tagged(space.labels, space.evidence, marks, f"namespace {namespace}: label")


def _tagged(tags: Tags, evidence: tuple[str, ...], marks: Marks, what: str) -> Iterator[_Said]:
    wanted = {name.lower() for name in marks.tags}
    for name, value in tags:
        if name.lower() in wanted and (level := marks.level(value)):
            yield _Said(level=level, because=f"{what} {name} = {value}", evidence=evidence)


def _meaningless(tags: Tags, marks: Marks) -> str:
    """The first tag of one of the names whose value means nothing; empty where there is none."""
    wanted = {name.lower() for name in marks.tags}
    return next(
        (f"{name} = {value}" for name, value in tags if name.lower() in wanted and not marks.level(value)), ""
    )


def _gravest(said: Iterable[_Said]) -> _Said | None:
    return min(said, key=lambda each: LEVELS.index(each.level), default=None)


def _production(account: str, evidence: tuple[str, ...]) -> Ground:
    return collected(POINT, "high", _because(account), evidence)


def _because(account: str) -> str:
    return f"account {account} is production, as the program says"
