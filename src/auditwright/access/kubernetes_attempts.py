"""Requests that a step would take, tried on what one identity holds."""

from dataclasses import dataclass

from auditwright.access.kubernetes import Allowed, Decision, Denied, Holding
from auditwright.access.kubernetes_edges import Need, Where
from auditwright.access.kubernetes_levels import all_of
from auditwright.access.kubernetes_rules import Request
from auditwright.access.kubernetes_world import Change
from auditwright.core.outcome import Unknown

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
