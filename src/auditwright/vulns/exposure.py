"""Whether the internet reaches an asset line, by what was collected.

A line is exposed where one of its targets is, and not exposed where each was proved not to be. All else is unknown, and a
decision table then takes the worst: what was not seen must never make a deadline longer.

1. **A machine** is found by its instance id. It is exposed where a balancer that the internet reaches hands requests on to
   it, or where it has a public address and its security groups let the internet in. It is not exposed where every
   balancer of its account and region was seen with its targets and none of these leads to it, and no rule of any of its
   groups lets in anything but private networks and other groups.
  A balancer of another place that leads to one of its private addresses leaves it open: addresses are used again elsewhere.
2. **A balancer** is reached where it faces the internet, or where one that is reached hands requests on to it.
3. **A function** is found by its ARN, or by its name, account and region. It is exposed where it has a URL that asks
   nobody to sign in, or where a balancer that is reached calls it. It is never proved to be unexposed: gateways and
   distributions are not collected.
4. **An image** is found by the digest or the name of what pods run. It is exposed where such a pod is on the network of a
   node that is exposed. It is never proved to be unexposed: what leads to a pod is not collected, nor is everything that runs images.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from auditwright.core.internet import internet_in, public_in
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Related, Resource
from auditwright.core.resources import (
    CloudFunction,
    KubernetesCluster,
    KubernetesNamespace,
    KubernetesPod,
    NetworkEntry,
    SecurityGroup,
    VirtualMachine,
)
from auditwright.vulns.grounds import Ground, collected, unknown
from auditwright.vulns.report import Target
from auditwright.vulns.target import repository

POINT = "exposed"

_INSTANCE = re.compile(r"(?:^|/)(i-[0-9a-f]{8,17})(?=$|\.)")
"""An instance id by itself, at the end of an ARN, or at the start of a node's name."""

SHOWN_PODS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """The balancers of one account and region."""

    entries: tuple[NetworkEntry, ...] = ()
    from_reached: Mapping[str, NetworkEntry] = field(default_factory=dict)
    """Those that the internet reaches, by what they hand requests on to."""
    from_perhaps: Mapping[str, NetworkEntry] = field(default_factory=dict)
    """Those of which it is not known whether it does."""
    unseen: Unknown | None = None
    """Why not everything that one of them leads to was seen."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a run saw of everything that exposure and criticality are derived from."""

    at: datetime
    """When the oldest of it was true."""
    machines: Related[VirtualMachine]
    groups: Related[SecurityGroup]
    entries: Related[NetworkEntry]
    functions: Related[CloudFunction]
    pods: Related[KubernetesPod]
    namespaces: Related[KubernetesNamespace]
    clusters: Related[KubernetesCluster]

    @cached_property
    def instances(self) -> Mapping[str, VirtualMachine]:
        """Machines by instance id."""
        return {each.id.rpartition("/")[2]: each for each in self.machines}

    @cached_property
    def groups_by_id(self) -> Mapping[str, SecurityGroup]:
        """Security groups by the id that machines name them by."""
        return {each.id.rpartition("/")[2]: each for each in self.groups}

    @cached_property
    def ways(self) -> Mapping[tuple[str, str], Ways]:
        """The balancers of each account and region."""
        places: dict[tuple[str, str], list[NetworkEntry]] = {}
        for each in self.entries:
            places.setdefault((each.scope.account, each.scope.region), []).append(each)
        return {place: _ways(entries) for place, entries in places.items()}


def exposure_of(targets: Sequence[Target], seen: Seen) -> Ground:
    """Whether the internet reaches one of the targets of a line."""
    found = [_of_target(target, seen) for target in targets]
    if not found:
        return unknown(POINT, "no report says what was scanned")
    for value in ("yes", "unknown"):
        ground = next((each for each in found if each.value == value), None)
        if ground is not None:
            return ground
    return collected(
        POINT, "no", found[0].because, tuple(digest for each in found for digest in each.evidence)
    )


def _of_target(target: Target, seen: Seen) -> Ground:
    match target.kind:
        case "machine":
            return _of_machine(target, seen)
        case "function":
            return _of_function(target, seen)
        case "image":
            return _of_image(target, seen)
        case _:
            return unknown(
                POINT,
                f"what was scanned is {_KINDS.get(target.kind, 'not said')}, which runs nowhere by itself",
            )


_KINDS = {"repository": "a repository", "filesystem": "a folder", "sbom": "a list of packages"}


# --- Finding what was scanned ----------------------------------------------------------------------------------


def instance_id(name: str) -> str:
    """The instance id in a machine's or a node's name; empty where there is none."""
    found = _INSTANCE.search(name)
    return found[1] if found else ""


def machine_of(target: Target, seen: Seen) -> VirtualMachine | Unknown:
    """The machine that was scanned."""
    instance = instance_id(target.resource) or instance_id(target.name)
    if not instance:
        return Unknown(f"{target.name or 'the machine'} has no instance id to be found by")
    return _machine(instance, seen)


def _machine(instance: str, seen: Seen) -> VirtualMachine | Unknown:
    return (
        seen.instances.get(instance)
        or seen.machines.absence()
        or Unknown(f"{instance} was not among the machines that were collected")
    )


def function_of(target: Target, seen: Seen) -> CloudFunction | Unknown:
    """The function that was scanned; a version or alias of it is the same function."""
    arn = target.resource or target.name
    for each in seen.functions:
        if arn == each.id or arn.startswith(f"{each.id}:"):
            return each
        place = (target.account, target.region) == (each.scope.account, each.scope.region)
        if not target.resource and place and target.name == each.name:
            return each
    named = target.name or "the function"
    return seen.functions.absence() or Unknown(f"{named} was not among the functions that were collected")


def pods_of(target: Target, seen: Seen) -> Sequence[tuple[KubernetesPod, str]]:
    """The pods that run an image, each with what it was known by."""
    names = {repository(name) for name in _image_names(target)} - {""}
    found = ((pod, _known_by(pod, target, names)) for pod in seen.pods)
    return [(pod, by) for pod, by in found if by]


def _image_names(target: Target) -> Iterator[str]:
    for name in (target.name, *target.tags):
        if ":" in name or not target.tags or name == target.name:
            yield name
            if target.account and target.region and "." not in name.partition("/")[0]:
                # Inspector names a repository without the registry, which is that of the account.
                yield f"{target.account}.dkr.ecr.{target.region}.amazonaws.com/{name}"


def _known_by(pod: KubernetesPod, target: Target, names: set[str]) -> str:
    """`the same digest` or `the same name`, in this order; empty where the pod does not run it."""
    if isinstance(pod.containers, Unknown):
        return ""
    images = [container.image for container in pod.containers]
    if any(image.partition("@")[2] in target.manifest_digests for image in images if "@" in image):
        return "the same digest"
    return "the same name" if any(repository(image) in names for image in images) else ""


# --- Machines (1) ----------------------------------------------------------------------------------------------


def _of_machine(target: Target, seen: Seen) -> Ground:
    machine = machine_of(target, seen)
    return unknown(POINT, machine.why) if isinstance(machine, Unknown) else _machine_exposed(machine, seen)


def _machine_exposed(machine: VirtualMachine, seen: Seen) -> Ground:
    balanced = _balanced(machine, _names_of(machine), seen)
    if balanced is not None and balanced.value == "yes":
        return balanced
    return _opened(machine, balanced, seen)


def _names_of(machine: VirtualMachine) -> Sequence[str] | Unknown:
    addresses = machine.private_addresses
    return addresses if isinstance(addresses, Unknown) else (machine.id, *addresses)


def _opened(machine: VirtualMachine, balanced: Ground | None, seen: Seen) -> Ground:
    """What its address and its security groups say, after no balancer was found to lead to it."""
    groups, unseen = _groups(machine, seen)
    evidence = _evidence(machine, *groups)
    peers = [
        rule.peer
        for group in groups
        for rule in (() if isinstance(group.rules, Unknown) else group.rules)
        if rule.inbound
    ]
    opening, address = internet_in(peers), machine.public_address
    if isinstance(opening, str) and isinstance(address, str):
        let_in = ", ".join(group.name for group in groups)
        return collected(
            POINT,
            "yes",
            f"{machine.name} has the public address {address}, and its security groups ({let_in}) let in {opening}",
            evidence,
        )
    if unseen is not None:
        return unknown(POINT, unseen.why, evidence)
    if balanced is not None:
        return balanced
    admitted = public_in(peers)
    if isinstance(admitted, Unknown):
        return unknown(POINT, admitted.why, evidence)
    if admitted is not None:
        return unknown(
            POINT,
            f"the security groups of {machine.name} let in {admitted}; whether something that is not collected, such as a "
            "distribution or an accelerator, leads there for everybody is not known",
            evidence,
        )
    return collected(
        POINT,
        "no",
        f"the security groups of {machine.name} let in no public network, and no balancer that the internet reaches leads to it",
        (*evidence, *_evidence(*_around(machine, seen).entries)),
    )


def _groups(machine: VirtualMachine, seen: Seen) -> tuple[Sequence[SecurityGroup], Unknown | None]:
    """The groups around a machine that were seen, and why one of them, or its rules, was not."""
    if isinstance(machine.security_groups, Unknown):
        return (), machine.security_groups
    if not machine.security_groups:
        return (), Unknown(f"no security group of {machine.name} is named; every interface has one")
    found: list[SecurityGroup] = []
    unseen: Unknown | None = None
    for name in machine.security_groups:
        group = seen.groups_by_id.get(name)
        if group is None:
            absent = seen.groups.absence_at(machine.scope)
            unseen = (
                unseen
                or absent
                or Unknown(f"the security group {name} was not among those that were collected")
            )
            continue
        found.append(group)
        if isinstance(group.rules, Unknown):
            unseen = unseen or group.rules
    return found, unseen


# --- Balancers (2) ---------------------------------------------------------------------------------------------


def _around(item: Resource, seen: Seen) -> Ways:
    """The balancers of the account and region of an item."""
    return seen.ways.get((item.scope.account, item.scope.region), Ways())


def _balanced(item: Resource, names: Sequence[str] | Unknown, seen: Seen) -> Ground | None:
    """`yes` where a balancer that is reached leads to an item, unknown where one may; None where none does."""
    ways = _around(item, seen)
    entry = None if isinstance(names, Unknown) else _leading(ways.from_reached, names)
    if entry is not None:
        because = (
            f"the internet reaches the load balancer {entry.name}, which hands requests on to {item.name}"
        )
        return collected(POINT, "yes", because, _evidence(item, entry))
    absent = seen.entries.absence_at(item.scope)
    if absent is not None:
        return unknown(POINT, absent.why)
    if ways.unseen is not None:
        return unknown(POINT, ways.unseen.why)
    if isinstance(names, Unknown):
        return unknown(POINT, names.why) if ways.from_reached or ways.from_perhaps else None
    entry = _leading(ways.from_perhaps, names)
    if entry is None:
        return _from_elsewhere(item, names, seen)
    why = f"whether the internet reaches the load balancer {entry.name} is not known"
    return unknown(POINT, why, _evidence(entry))


def _from_elsewhere(item: Resource, names: Sequence[str], seen: Seen) -> Ground | None:
    """Unknown where a balancer of another account or region leads, or may lead, to an address that the item has too."""
    addresses = [name for name in names if not name.startswith("arn:")]
    here = (item.scope.account, item.scope.region)
    for place, ways in seen.ways.items():
        entry = _leading(ways.from_reached, addresses) or _leading(ways.from_perhaps, addresses)
        if entry is not None and place != here:
            why = f"the load balancer {entry.name} in {' '.join(place).strip()} leads to an address that {item.name} has too"
            return unknown(POINT, why, _evidence(item, entry))
    absent = seen.entries.absence() if addresses else None
    return unknown(POINT, absent.why) if absent else None


def _leading(by_target: Mapping[str, NetworkEntry], names: Iterable[str]) -> NetworkEntry | None:
    return next((by_target[name] for name in names if name in by_target), None)


def _ways(entries: Sequence[NetworkEntry]) -> Ways:
    """The balancers of one place, told apart (2)."""
    by_id: dict[str, NetworkEntry] = {each.id: each for each in entries}
    reached = _onward(by_id, [each.id for each in entries if each.internet_facing is True])
    perhaps = _onward(by_id, [each.id for each in entries if isinstance(each.internet_facing, Unknown)])
    unseen = next(
        (
            Unknown(f"what the load balancer {each.name} leads to: {each.targets.why}")
            for each in entries
            if each.id in reached | perhaps and isinstance(each.targets, Unknown)
        ),
        None,
    )
    return Ways(
        entries=tuple(entries),
        from_reached=_by_target(each for each in entries if each.id in reached),
        from_perhaps=_by_target(each for each in entries if each.id in perhaps - reached),
        unseen=unseen,
    )


def _by_target(entries: Iterable[NetworkEntry]) -> Mapping[str, NetworkEntry]:
    """Balancers by what they hand on to; a version or alias of a function is the function."""
    found: dict[str, NetworkEntry] = {}
    for each in entries:
        for target in () if isinstance(each.targets, Unknown) else each.targets:
            parts = target.split(":")
            found.setdefault(":".join(parts[:_FUNCTION_PARTS]) if ":function:" in target else target, each)
    return found


_FUNCTION_PARTS = 7
"""Of `arn:aws:lambda:region:account:function:name`; what follows is a version or alias."""


def _onward(by_id: Mapping[str, NetworkEntry], first: Sequence[str]) -> set[str]:
    """Where requests get to from some balancers, themselves among it."""
    found: set[str] = set()
    waiting = list(first)
    while waiting:
        each = waiting.pop()
        if each in found:
            continue
        found.add(each)
        targets = by_id[each].targets
        waiting += [] if isinstance(targets, Unknown) else [target for target in targets if target in by_id]
    return found


# --- Functions (3) ---------------------------------------------------------------------------------------------


def _of_function(target: Target, seen: Seen) -> Ground:
    function = function_of(target, seen)
    if isinstance(function, Unknown):
        return unknown(POINT, function.why)
    if function.public_url is True:
        because = f"{function.name} has a URL that asks nobody to sign in"
        return collected(POINT, "yes", because, _evidence(function))
    balanced = _balanced(function, (function.id,), seen)
    if balanced is not None and balanced.value == "yes":
        return balanced
    why = function.public_url.why if isinstance(function.public_url, Unknown) else ""
    return unknown(
        POINT,
        why
        or f"{function.name} has no public URL of its own; which gateways and distributions call it is not collected",
        _evidence(function),
    )


# --- Images (4) ------------------------------------------------------------------------------------------------


def _of_image(target: Target, seen: Seen) -> Ground:
    running = pods_of(target, seen)
    if not running:
        absent = seen.pods.absence()
        return unknown(
            POINT, absent.why if absent else "nothing that was collected says where the image runs"
        )
    for pod, by in running:
        instance = instance_id(pod.node)
        if pod.shares_network is not True or not instance:
            continue
        node = _machine(instance, seen)
        exposed = unknown(POINT, node.why) if isinstance(node, Unknown) else _machine_exposed(node, seen)
        if exposed.value == "yes":
            because = f"the pod {pod.name} runs it ({by}) on the network of its node: {exposed.because}"
            return collected(POINT, "yes", because, (*pod.evidence, *exposed.evidence))
    names = ", ".join(f"{pod.name} ({by})" for pod, by in running[:SHOWN_PODS])
    more = f" and {len(running) - SHOWN_PODS} more" if len(running) > SHOWN_PODS else ""
    return unknown(
        POINT,
        f"it runs in {names}{more}; which services and ingresses lead there is not collected",
        _evidence(*(pod for pod, _ in running[:SHOWN_PODS])),
    )


def _evidence(*items: Resource) -> tuple[str, ...]:
    return tuple(dict.fromkeys(digest for item in items for digest in item.evidence))
