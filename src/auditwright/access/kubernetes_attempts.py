"""Requests that a step would take, tried on what one identity holds."""

from dataclasses import dataclass
from functools import lru_cache

from auditwright.access.kubernetes import Allowed, Decision, Denied, Holding, is_node
from auditwright.access.kubernetes_edges import EDGES, Need, Where
from auditwright.access.kubernetes_levels import all_of
from auditwright.access.kubernetes_roles import RBAC_GROUP
from auditwright.access.kubernetes_rules import Request, Rule, matches
from auditwright.access.kubernetes_world import Change
from auditwright.core.outcome import Unknown

MAX_RULES = 10_000
"""Rules of which it is remembered whether they matter; most roles share theirs."""

_PROBES = (
    *(
        Request(verb=verb, group=need.group, resource=resource, name=None)
        for edge in EDGES
        for need in edge.needs
        for verb in need.verbs
        for resource in need.resources
    ),
    *(
        Request(verb="impersonate", resource=resource, name=None)
        for resource in ("users", "groups", "serviceaccounts")
    ),
    *(
        Request(verb=verb, group=RBAC_GROUP, resource=resource, name=None)
        for verb in ("bind", "escalate", "create", "update", "patch")
        for resource in ("roles", "clusterroles", "rolebindings", "clusterrolebindings")
    ),
)
"""Whatever an edge asks about, wherever."""

YES = Allowed("nothing more is needed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Requests that would all be needed, and whether all are allowed."""

    requests: tuple[Request, ...] = ()
    needs: tuple[Change, ...] = ()
    """What has to have been changed before."""
    decision: Decision = YES


def first(holding: Holding, *requests: Request) -> Attempt:
    """The first of several requests that is allowed, else the first that may be."""
    possible: Attempt | None = None
    for request in requests:
        attempt = Attempt(requests=(request,), decision=holding.allows(request))
        match attempt.decision:
            case Allowed():
                return attempt
            case Unknown():
                possible = possible or attempt
            case Denied():
                continue
    return possible or Attempt(decision=Denied())


def together(*attempts: Attempt) -> Attempt:
    """Several attempts that would all have to go through."""
    return Attempt(
        requests=tuple(dict.fromkeys(request for each in attempts for request in each.requests)),
        needs=tuple(dict.fromkeys(change for each in attempts for change in each.needs)),
        decision=all_of(each.decision for each in attempts),
    )


def met(need: Need, holding: Holding, namespace: str, account: str | None = None) -> Attempt:
    """A request that meets a need; for one service account where it is given, else for any."""
    where = {Where.CLUSTER: "", Where.KUBE_SYSTEM: "kube-system", Where.NAMESPACE: namespace}[need.where]
    return first(
        holding,
        *(
            Request(
                verb=verb,
                group=need.group,
                resource=resource,
                namespace=where,
                name=account if need.per_account else "" if verb == "create" else need.name,
            )
            for verb in need.verbs
            for resource in need.resources
        ),
    )


def may_move(holding: Holding) -> bool:
    """False where nothing that an identity holds meets any need of any edge, so that it need not be asked."""
    held = (holding.everywhere, *holding.by_namespace.values(), *holding.by_pattern.values())
    return (
        bool(holding.unread)
        or is_node(holding.user)
        or any(isinstance(grant.rule, Unknown) or _moves(grant.rule) for each in held for grant in each)
    )


@lru_cache(maxsize=MAX_RULES)
def _moves(rule: Rule) -> bool:
    return any(matches(rule, request) for request in _PROBES)
