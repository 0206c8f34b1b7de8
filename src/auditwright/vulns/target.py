"""Which targets are the same thing, and which asset line each belongs to."""

from collections.abc import Iterable, Sequence

from auditwright.vulns.issue import Line
from auditwright.vulns.report import Report, Target

_HUBS = ("docker.io/library/", "index.docker.io/library/", "docker.io/", "index.docker.io/", "library/")
"""What Docker writes before a name of its own hub."""


def repository(name: str) -> str:
    """An image's name without its digest, its tag and the hub that goes without saying."""
    bare = name.strip().partition("@")[0]
    folder, slash, last = bare.rpartition("/")
    bare = f"{folder}{slash}{last.partition(':')[0]}"
    for hub in _HUBS:
        if bare.startswith(hub):
            return bare.removeprefix(hub)
    return bare


_ARCHITECTURES = {
    "x86_64": "amd64",
    "x86-64": "amd64",
    "x64": "amd64",
    "aarch64": "arm64",
    "i386": "386",
    "i686": "386",
}


def architecture(target: Target) -> str:
    """The architecture in Docker's word for it; empty where it is not said."""
    said = target.architecture.strip().lower()
    return _ARCHITECTURES.get(said, said)


def same(left: Target, right: Target) -> bool:
    """True where two targets are one: a digest in common, or without digests on one side the name and the architecture."""
    if left.config_digest and right.config_digest:
        return left.config_digest == right.config_digest
    if len({architecture(left), architecture(right)} - {""}) > 1:
        return False  # a manifest list has one digest for all its architectures
    if set(left.manifest_digests) & set(right.manifest_digests):
        return True
    return bool(_reference(left)) and _full_name(left) == _full_name(right)


def _full_name(target: Target) -> str:
    name = _reference(target)
    for hub in _HUBS:
        if name.startswith(hub):
            return name.removeprefix(hub)
    return name


def _reference(target: Target) -> str:
    """An image's first tag where it is a whole reference; some tools list bare tags. Else the name."""
    tag = target.tags[0] if target.tags and target.kind == "image" else ""
    return tag if ":" in tag else target.name


def lines(reports: Sequence[Report]) -> tuple[tuple[Line, ...], ...]:
    """The asset line of each target of each report, in their order.

    Targets with a digest in common are one line even where tools name them differently; the shortest name is the line's.
    """
    targets = [target for report in reports for target in report.targets]
    groups = _joined(targets)
    named = [_line([targets[member] for member in group]) for group in groups]
    of = {member: line for group, line in zip(groups, named, strict=True) for member in group}
    found: list[tuple[Line, ...]] = []
    position = 0
    for report in reports:
        found.append(tuple(of[position + offset] for offset in range(len(report.targets))))
        position += len(report.targets)
    return tuple(found)


def _joined(targets: Sequence[Target]) -> Sequence[Sequence[int]]:
    """Groups of positions of targets that share a digest or a name, and are of one architecture."""
    homes: dict[str, int] = {}
    parent = list(range(len(targets)))
    architectures: dict[str, set[str]] = {}
    for target in targets:
        for mark in _marks(target):
            architectures.setdefault(mark, set()).update({architecture(target)} - {""})

    def root(position: int) -> int:
        while parent[position] != position:
            position = parent[position]
        return position

    for position, target in enumerate(targets):
        for mark in _marks(target):
            # Who does not say the architecture saw the only one that others know.
            known = architectures[mark]
            own = architecture(target) or (next(iter(known)) if len(known) == 1 else "")
            other = root(homes.setdefault(f"{mark} {own}", position))
            mine = root(position)
            parent[max(other, mine)] = min(other, mine)
    groups: dict[int, list[int]] = {}
    for position in range(len(targets)):
        groups.setdefault(root(position), []).append(position)
    return list(groups.values())


def _marks(target: Target) -> Iterable[str]:
    """What a target is known by. A line has many digests over time; its name and architecture hold it together."""
    yield from (
        digest for digest in (target.config_digest, *target.manifest_digests, _name(target)) if digest
    )


def _name(target: Target) -> str:
    name = _reference(target)
    return repository(name) if target.kind in {"image", "unknown"} else name


def _line(targets: Sequence[Target]) -> Line:
    names = sorted(
        {name for target in targets if (name := _name(target))}, key=lambda name: (len(name), name)
    )
    architectures = sorted({architecture(target) for target in targets} - {""})
    return Line(name=names[0] if names else "unnamed", architecture=architectures[0] if architectures else "")
