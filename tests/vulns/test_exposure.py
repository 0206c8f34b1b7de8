"""Whether the internet reaches a line, and how much depends on it, by what was collected."""

from dataclasses import replace
from functools import partial
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditwright.core.evidence import Scope
from auditwright.core.ids import ResourceId
from auditwright.core.outcome import Unknown
from auditwright.core.resource import R, Related
from auditwright.core.resources import (
    CloudFunction,
    KubernetesCluster,
    KubernetesNamespace,
    KubernetesPod,
    NetworkEntry,
    SecurityGroup,
    VirtualMachine,
)
from auditwright.vulns.criticality import DEFAULT_MARKS, Marks, criticality_of
from auditwright.vulns.decision_table import POINTS, Deadline, DecisionTable
from auditwright.vulns.exposure import Seen, exposure_of
from auditwright.vulns.policy import read_table, shipped_table
from auditwright.vulns.report import Target
from tests.vulns.inventories import (
    ACCOUNT,
    ANYWHERE,
    CLUSTER,
    ENTRY,
    FUNCTION,
    GROUP,
    HERE,
    INSTANCE,
    MACHINE,
    POD,
    SPACE,
    TARGET,
    gap,
    group,
    related,
    seen,
)

F = TypeVar("F")
HIDDEN = Unknown("AccessDenied")
ELSEWHERE = replace(HERE, region="us-east-1")
INSIDE = replace(MACHINE, public_address=None)


def exposed(held: Seen, target: Target = TARGET) -> str:
    return exposure_of([target], held).value


def test_a_public_address_behind_a_group_that_lets_the_internet_in_is_exposed() -> None:
    found = exposure_of([TARGET], seen(groups=[group(ANYWHERE)]))
    assert (found.value, found.origin) == ("yes", "inventory")
    assert found.because == (
        "web-1 has the public address 198.51.100.7, and its security groups (web) let in the whole internet (0.0.0.0/0)"
    )
    assert found.evidence == (*MACHINE.evidence, *GROUP.evidence)
    assert exposed(seen(groups=[group("::/0")])) == "yes"
    assert exposed(seen(groups=[group("0.0.0.0/1", "128.0.0.0/1")])) == "yes"


def test_what_the_groups_keep_out_is_not_exposed() -> None:
    for peers in ((), ("10.0.0.0/8",), ("sg-2",), ("fd00::/8", "192.168.1.0/24")):
        found = exposure_of([TARGET], seen(groups=[group(*peers)]))
        assert (found.value, found.origin) == ("no", "inventory")
        assert found.evidence == (*MACHINE.evidence, *GROUP.evidence)


def test_a_target_of_a_balancer_that_faces_the_internet_is_exposed() -> None:
    found = exposure_of([TARGET], seen([INSIDE], entries=[ENTRY]))
    assert found.value == "yes"
    assert found.because == "the internet reaches the load balancer front, which hands requests on to web-1"
    assert exposed(seen([INSIDE], entries=[replace(ENTRY, targets=("10.0.0.5",))])) == "yes"
    assert exposed(seen([INSIDE], entries=[replace(ENTRY, targets=("10.0.0.6",))])) == "no"
    assert exposed(seen([INSIDE], entries=[replace(ENTRY, internet_facing=False)])) == "no"


def test_a_balancer_behind_a_balancer_is_reached_too() -> None:
    inner = replace(ENTRY, id=ResourceId("arn:aws:inner"), name="inner", internet_facing=False)
    outer = replace(ENTRY, targets=("arn:aws:inner",))
    assert exposed(seen([INSIDE], entries=[inner, outer])) == "yes"
    assert exposed(seen([INSIDE], entries=[outer, inner])) == "yes"
    assert exposed(seen([INSIDE], entries=[inner, replace(outer, internet_facing=HIDDEN)])) == "unknown"


@pytest.mark.parametrize(
    "held",
    [
        seen([replace(MACHINE, security_groups=HIDDEN)]),
        seen([replace(MACHINE, security_groups=())]),
        seen(groups=[]),
        seen(groups=[replace(GROUP, rules=HIDDEN)]),
        seen(groups=[group("pl-1")]),
        seen([INSIDE], groups=[group(ANYWHERE)]),
        seen(groups=[group("203.0.113.0/24")]),
        seen(entries=[replace(ENTRY, targets=HIDDEN)]),
        seen(entries=[replace(ENTRY, internet_facing=HIDDEN)]),
        seen([replace(MACHINE, private_addresses=HIDDEN)], entries=[replace(ENTRY, targets=("10.0.0.9",))]),
        replace(seen(), entries=related(NetworkEntry, (), gap())),
        replace(seen(), entries=related(NetworkEntry, (), gap(ELSEWHERE))),
        seen(entries=[replace(ENTRY, scope=ELSEWHERE, targets=("10.0.0.5",))]),
        seen(entries=[replace(ENTRY, scope=ELSEWHERE, targets=("10.0.0.5",), internet_facing=HIDDEN)]),
        replace(seen(), machines=related(VirtualMachine, (), gap())),
        seen(machines=[]),
    ],
)
def test_what_is_not_all_seen_is_unknown_with_the_reason(held: Seen) -> None:
    found = exposure_of([TARGET], held)
    assert (found.value, found.origin) == ("unknown", "nobody")
    assert found.because


def test_a_function_is_exposed_by_its_url_and_never_proved_to_be_unexposed() -> None:
    target = Target(kind="function", name="bill", account=ACCOUNT, region="eu-west-1")
    by_arn = Target(kind="function", name="bill", resource=f"{FUNCTION.id}:$LATEST")
    for each in (target, by_arn):
        assert exposed(seen(functions=[replace(FUNCTION, public_url=True)]), each) == "yes"
        assert exposed(seen(entries=[replace(ENTRY, targets=(f"{FUNCTION.id}:live",))]), each) == "yes"
        assert exposed(seen(), each) == "unknown"
    assert exposed(seen(), replace_region(target)) == "unknown"


def replace_region(target: Target) -> Target:
    return Target(kind="function", name=target.name, account=target.account, region="us-east-1")


def cluster(pod: KubernetesPod = POD, space: KubernetesNamespace = SPACE, managed_as: str = "") -> Seen:
    api = KubernetesCluster(
        id=ResourceId(POD.cluster),
        name="prod",
        scope=CLUSTER,
        evidence=(),
        managed_as=managed_as,
        rbac=True,
        anonymous=False,
        audited=True,
        secrets_encrypted=True,
    )
    return replace(
        seen(groups=[group(ANYWHERE)]),
        pods=related(KubernetesPod, (pod,)),
        namespaces=related(KubernetesNamespace, (space,)),
        clusters=related(KubernetesCluster, (api,)),
    )


IMAGE = Target(kind="image", name="registry.example/api:2.0", manifest_digests=("sha256:1",))


def test_an_image_is_exposed_on_the_network_of_an_exposed_node_and_else_unknown() -> None:
    on_node = replace(POD, shares_network=True)
    found = exposure_of([IMAGE], cluster(on_node))
    assert found.value == "yes"
    assert found.because.startswith(
        "the pod shop/api-1 runs it (the same name) on the network of its node: web-1 has"
    )
    within = exposure_of([IMAGE], cluster())
    assert within.value == "unknown"
    assert within.because.startswith("it runs in shop/api-1 (the same name); which services")


def test_an_image_of_which_nobody_knows_where_it_runs_is_unknown() -> None:
    other = Target(kind="image", name="registry.example/other:1")
    assert exposure_of([other], cluster()).because == "nothing that was collected says where the image runs"
    unlisted = replace(seen(), pods=related(KubernetesPod, (), gap(CLUSTER)))
    assert "AccessDenied" in exposure_of([other], unlisted).because


def test_a_pod_is_known_by_its_digest_or_by_the_registry_of_the_account() -> None:
    def runs(image: str, target: Target) -> bool:
        (container,) = POD.containers if isinstance(POD.containers, tuple) else ()
        pod = replace(POD, containers=(replace(container, image=image),))
        return "it runs in" in exposure_of([target], cluster(pod)).because

    ecr = Target(kind="image", name="api:1", tags=("api:1",), account=ACCOUNT, region="eu-west-1")
    assert runs("elsewhere/x@sha256:1", IMAGE)
    assert not runs("elsewhere/x@sha256:2", IMAGE)
    assert runs(f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/api:9", ecr)
    assert not runs(f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/api:9", ecr)


def test_a_line_is_exposed_where_one_target_is_and_unexposed_where_all_are() -> None:
    other = f"{INSTANCE[:-1]}9"
    second = replace(MACHINE, id=ResourceId(MACHINE.id.replace(INSTANCE, other)), security_groups=("sg-2",))
    both = [TARGET, Target(kind="machine", name=other)]
    opened = group(ANYWHERE, name="sg-2")
    assert exposure_of(both, seen([MACHINE, second], [GROUP, opened])).value == "yes"
    assert exposure_of(both, seen([MACHINE, second], [GROUP, group(name="sg-2")])).value == "no"
    assert exposure_of(both, seen([MACHINE], [GROUP])).value == "unknown"
    assert exposure_of([], seen()).value == "unknown"


# --- Criticality -----------------------------------------------------------------------------------------------


def critical(held: Seen, marks: Marks = DEFAULT_MARKS, target: Target = TARGET) -> str:
    return criticality_of([target], held, marks).value


def tagged(*tags: tuple[str, str]) -> Seen:
    return seen([replace(MACHINE, tags=tags)])


def test_a_tag_says_how_much_depends_on_a_machine_and_the_gravest_counts() -> None:
    found = criticality_of([TARGET], tagged(("Data-Class", "Confidential")), DEFAULT_MARKS)
    assert (found.value, found.because) == ("high", "tag Data-Class = Confidential")
    assert found.evidence == MACHINE.evidence
    assert critical(tagged(("criticality", "low"), ("data-class", "internal"))) == "medium"
    assert critical(tagged(("criticality", "purple"))) == "unknown"
    assert critical(tagged(("criticality", "low"), ("data-class", "ultra"))) == "unknown"
    assert critical(tagged(("criticality", "high"), ("data-class", "ultra"))) == "high"
    assert critical(tagged()) == "unknown"
    assert critical(seen([replace(MACHINE, tags=HIDDEN)])) == "unknown"
    assert critical(tagged(("tier", "gold")), Marks(tags=("tier",), high=("gold",))) == "high"


def test_everything_in_an_account_that_is_production_is_of_high_criticality() -> None:
    marks = Marks(production=(ACCOUNT,))
    found = criticality_of([TARGET], tagged(("criticality", "low")), marks)
    assert (found.value, found.because) == ("high", f"account {ACCOUNT} is production, as the program says")
    function = Target(kind="function", name="bill", resource=FUNCTION.id)
    assert critical(seen(), marks, function) == "high"
    assert criticality_of([Target(kind="machine", account=ACCOUNT)], None, marks).value == "high"
    managed = f"arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/prod"
    assert critical(cluster(managed_as=managed), marks, IMAGE) == "high"


def test_of_an_image_only_high_is_taken_since_it_may_run_elsewhere() -> None:
    labeled = replace(SPACE, labels=(("criticality", "high"),))
    assert critical(cluster(space=labeled), target=IMAGE) == "high"
    assert (
        critical(cluster(space=replace(SPACE, labels=(("criticality", "low"),))), target=IMAGE) == "unknown"
    )
    assert critical(cluster(), target=IMAGE) == "unknown"


# --- What was not seen never makes a deadline longer -----------------------------------------------------------

BY_CRITICALITY = read_table(b"""
id = "ours"
title = "Ours"
source = "us"
[[rows]]
when = { exposed = "yes", criticality = "high" }
deadline = { days = 1 }
[[rows]]
when = { exposed = "yes" }
deadline = { days = 5 }
[[rows]]
when = { criticality = "high" }
deadline = { days = 7 }
[[rows]]
when = { criticality = "medium" }
deadline = { days = 20 }
[[rows]]
deadline = { on = "upgrade" }
""")

PEERS = st.sampled_from(
    [
        *["10.0.0.0/8", "sg-1", "192.168.0.0/16", "fd00::/8"] * 2,
        ANYWHERE,
        "0.0.0.0/1",
        "203.0.113.0/24",
        "pl-1",
    ]
)
IDS = st.sampled_from([MACHINE.id, "10.0.0.5", "10.0.0.6", "arn:aws:lb/0", "arn:aws:lb/1", FUNCTION.id])
TAGS = st.sampled_from(
    [("criticality", "low"), ("criticality", "high"), ("data-class", "internal"), ("x", "high")]
)


@st.composite
def inventories(draw: st.DrawFn) -> Seen:
    rules = [draw(st.lists(PEERS, max_size=3)) for _ in range(2)]
    machine = replace(
        MACHINE,
        public_address=draw(st.sampled_from([None, "198.51.100.7"])),
        security_groups=draw(st.sampled_from([("sg-1",), ("sg-2",), ("sg-1", "sg-2")])),
        tags=tuple(draw(st.lists(TAGS, max_size=2))),
    )
    entries = [
        replace(
            ENTRY,
            id=ResourceId(f"arn:aws:lb/{number}"),
            internet_facing=draw(st.booleans()),
            targets=tuple(draw(st.lists(IDS, max_size=3))),
        )
        for number in range(draw(st.integers(1, 2)))
    ]
    function = replace(FUNCTION, public_url=draw(st.booleans()))
    groups = [group(*peers, name=f"sg-{number}") for number, peers in enumerate(rules, start=1)]
    pods = [
        replace(
            POD,
            id=ResourceId(f"prod:pod/{name}/api"),
            namespace=name,
            shares_network=draw(st.booleans()),
        )
        for name in ("shop", "back")
    ]
    spaces = [
        replace(
            SPACE,
            id=ResourceId(f"prod:namespace/{name}"),
            name=name,
            labels=tuple(draw(st.lists(TAGS, max_size=2))),
        )
        for name in ("shop", "back")
    ]
    return replace(
        seen([machine], groups, entries, [function]),
        pods=related(KubernetesPod, pods),
        namespaces=related(KubernetesNamespace, spaces),
    )


class Hiding:
    """Hides one or two of it: items that a refused listing would have named, and facts of others.

    Where most is hidden all is unknown, and a mistake in what little would still show goes unseen.
    """

    def __init__(self, draw: st.DrawFn) -> None:
        self._hidden = draw(st.sets(st.integers(0, 24), min_size=1, max_size=2))
        self._asked = -1

    def _hides(self) -> bool:
        self._asked += 1
        return self._asked in self._hidden

    def fact(self, value: F) -> F | Unknown:
        return HIDDEN if self._hides() else value

    def items(self, kind: type[R], items: list[R], scope: Scope = HERE) -> Related[R]:
        left = [item for item in items if not self._hides()]
        return related(kind, left, *(() if len(left) == len(items) else (gap(scope),)))


@st.composite
def hidden(draw: st.DrawFn, held: Seen) -> Seen:
    hiding = Hiding(draw)
    fact = hiding.fact
    machines = [
        replace(
            each,
            public_address=fact(each.public_address),
            security_groups=fact(each.security_groups),
            private_addresses=fact(each.private_addresses),
            tags=fact(each.tags),
        )
        for each in held.machines
    ]
    entries = [
        replace(each, internet_facing=fact(each.internet_facing), targets=fact(each.targets))
        for each in held.entries
    ]
    groups = [replace(each, rules=fact(each.rules)) for each in held.groups]
    functions = [replace(each, public_url=fact(each.public_url)) for each in held.functions]
    pods = [
        replace(each, shares_network=fact(each.shares_network), containers=fact(each.containers))
        for each in held.pods
    ]
    return replace(
        held,
        machines=hiding.items(VirtualMachine, machines),
        groups=hiding.items(SecurityGroup, groups),
        entries=hiding.items(NetworkEntry, entries),
        functions=hiding.items(CloudFunction, functions),
        pods=hiding.items(KubernetesPod, pods, CLUSTER),
        namespaces=hiding.items(KubernetesNamespace, list(held.namespaces), CLUSTER),
    )


BILL = Target(kind="function", name="bill", resource=FUNCTION.id)
TARGETS = st.sampled_from([TARGET, TARGET, BILL, IMAGE])
FACTS = st.fixed_dictionaries(
    {
        point: st.sampled_from(("", *values))
        for point, values in POINTS.items()
        if point not in {"exposed", "criticality"}
    }
)


@pytest.mark.parametrize("target", [TARGET, BILL, IMAGE], ids=lambda target: target.kind)
@settings(max_examples=500)
@given(data=st.data(), whole=inventories())
def test_what_is_known_with_less_is_the_same_with_all(
    target: Target, data: st.DataObject, whole: Seen
) -> None:
    part = data.draw(hidden(whole))
    for of in (exposure_of, partial(criticality_of, marks=DEFAULT_MARKS)):
        with_all, with_less = of([target], whole), of([target], part)
        assert with_less.value in {"unknown", with_all.value}


@given(st.data(), inventories(), st.lists(TARGETS, min_size=1, max_size=2), FACTS)
def test_hiding_what_was_collected_never_makes_a_deadline_longer(
    data: st.DataObject, whole: Seen, targets: list[Target], facts: dict[str, str]
) -> None:
    part = data.draw(hidden(whole))
    for table in (shipped_table("cisa-bod-26-04"), BY_CRITICALITY):
        with_all, with_less = deadline(table, whole, targets, facts), deadline(table, part, targets, facts)
        assert not with_all.sooner(with_less)


def deadline(table: DecisionTable, held: Seen, targets: list[Target], facts: dict[str, str]) -> Deadline:
    exposure, critical_ = exposure_of(targets, held), criticality_of(targets, held, DEFAULT_MARKS)
    said = {**facts, "exposed": exposure.known, "criticality": critical_.known}
    return table.decide({point: value for point, value in said.items() if value}).deadline
