"""Elastic Load Balancing: load balancers, what they listen on, the web ACL before them, and what they hand requests on to.

Balancers of the first generation, the classic ones, are ways in like the others; nothing more is asked of them.
"""

from collections.abc import Iterator
from typing import Final

from auditwright.core.ids import Digest, ResourceId, StreamId
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource
from auditwright.core.resources import Listener, LoadBalancer, NetworkEntry
from auditwright.integrations.aws.absence import unseen, whole
from auditwright.integrations.aws.operations import Ask, AwsStream, Detail, Listing, each
from auditwright.integrations.aws.reading import Answers, Parameters, Row

_TLS: Final = frozenset({"HTTPS", "TLS"})
"""Protocols whose listeners have a TLS policy."""

BALANCERS: Final = Listing(
    service="elbv2",
    method="DescribeLoadBalancers",
    items=("LoadBalancers",),
    lists=(LoadBalancer, NetworkEntry),
)
CLASSIC: Final = Listing(
    service="elb",
    method="DescribeLoadBalancers",
    items=("LoadBalancerDescriptions",),
    lists=(NetworkEntry,),
)
TARGET_GROUPS: Final = Listing(
    service="elbv2",
    method="DescribeTargetGroups",
    items=("TargetGroups",),
    needed_when=lambda answers: any(True for _ in answers.items(BALANCERS)),
    facts_only=True,
)


def _in_use(row: Row) -> Parameters | None:
    """A group that no balancer has hands nothing on."""
    return (
        {"TargetGroupArn": row.required_text("TargetGroupArn")}
        if row.texts_or_empty("LoadBalancerArns")
        else None
    )


TARGETS: Final = Detail(
    service="elbv2",
    method="DescribeTargetHealth",
    items=("TargetHealthDescriptions",),
    asks=each(TARGET_GROUPS, _in_use),
)
LISTENERS: Final = Detail(
    service="elbv2",
    method="DescribeListeners",
    items=("Listeners",),
    asks=each(BALANCERS, lambda row: {"LoadBalancerArn": row.required_text("LoadBalancerArn")}),
)


def _rule_asks(answers: Answers) -> Iterator[Ask]:
    for call in answers.calls(LISTENERS):
        for row in () if call.answer is None else call.answer.rows_or_empty("Listeners"):
            if _may_redirect(row):
                yield Ask(parameters={"ListenerArn": row.required_text("ListenerArn")})


RULES: Final = Detail(service="elbv2", method="DescribeRules", items=("Rules",), asks=_rule_asks)
"""Of plain HTTP listeners that redirect: one of their other rules may still serve plain HTTP."""


def _acl_ask(row: Row) -> Parameters | None:
    return {"ResourceArn": row.required_text("LoadBalancerArn")} if _takes_acl(row) else None


WEB_ACL: Final = Detail(
    service="wafv2", method="GetWebACLForResource", also=("wafv2:GetWebACL",), asks=each(BALANCERS, _acl_ask)
)


def normalize(answers: Answers) -> Iterator[Resource]:
    """The load balancers of one region."""
    for row in answers.items(BALANCERS):
        arn = row.required_text("LoadBalancerArn")
        listeners, heard = _listeners(answers, arn)
        acl, guarded = _web_acl(answers, row, arn)
        yield LoadBalancer(
            id=ResourceId(arn),
            name=row.text_or_none("LoadBalancerName") or arn,
            scope=answers.scope,
            evidence=(row.digest, *heard, *guarded),
            type=row.text_or_none("Type") or "",
            internet_facing=_internet_facing(row),
            listeners=listeners,
            web_acl=acl,
        )


def _internet_facing(row: Row) -> bool | Unknown:
    if row.text_or_none("Type") == "gateway":
        # It has no scheme: it stands inside the network.
        return False
    scheme = row.text("Scheme")
    return scheme if isinstance(scheme, Unknown) else scheme == "internet-facing"


def _takes_acl(row: Row) -> bool:
    return row.text_or_none("Type") == "application" and _internet_facing(row) is not False


def _web_acl(answers: Answers, row: Row, arn: str) -> tuple[str | Unknown | None, tuple[Digest, ...]]:
    if not _takes_acl(row):
        return Unknown("not asked: only internet-facing application load balancers are asked about"), ()
    answer = whole(answers, WEB_ACL, ResourceArn=arn)
    if isinstance(answer, Unknown):
        return answer, ()
    # WAF answers with a null web ACL where none is associated.
    acl = answer.row_or_none("WebACL")
    return None if acl is None else acl.text("ARN"), (answer.digest,)


def _listeners(answers: Answers, arn: str) -> tuple[tuple[Listener, ...] | Unknown, tuple[Digest, ...]]:
    answer = whole(answers, LISTENERS, LoadBalancerArn=arn)
    if isinstance(answer, Unknown):
        return answer, ()
    evidence = [answer.digest]
    found: list[Listener] = []
    for row in answer.rows_or_empty("Listeners"):
        redirects = False
        if _may_redirect(row):
            rules = whole(answers, RULES, ListenerArn=row.required_text("ListenerArn"))
            if isinstance(rules, Unknown):
                # Whether it only redirects is not known, and a listener has no way to say so by itself.
                return rules, tuple(evidence)
            evidence.append(rules.digest)
            redirects = all(_serves_nothing(rule) for rule in rules.rows_or_empty("Rules"))
        found.append(_listener(row, redirects=redirects))
    return tuple(found), tuple(dict.fromkeys(evidence))


def _listener(row: Row, *, redirects: bool) -> Listener:
    protocol = row.text_or_none("Protocol") or ""
    return Listener(
        protocol=protocol,
        # Listeners of gateway balancers have no port: they take every one.
        port=row.integer_or_none("Port") or 0,
        tls_policy=(row.text_or_none("SslPolicy") or "") if protocol in _TLS else "",
        redirects_to_https=redirects,
    )


def _may_redirect(row: Row) -> bool:
    return row.text_or_none("Protocol") == "HTTP" and _redirects(row.rows_or_empty("DefaultActions"))


def _redirects(actions: tuple[Row, ...]) -> bool:
    for action in actions:
        redirect = action.row_or_none("RedirectConfig")
        # Without a protocol, or with "#{protocol}", the redirect keeps the one that the client came with.
        if action.text_or_none("Type") == "redirect" and redirect is not None:
            return redirect.text_or_none("Protocol") == "HTTPS"
    return False


def _serves_nothing(rule: Row) -> bool:
    """True where a rule redirects to HTTPS or answers with a fixed text, so that no application is behind it."""
    actions = rule.rows_or_empty("Actions")
    return _redirects(actions) or {action.text_or_none("Type") for action in actions} == {"fixed-response"}


# --- Ways in -------------------------------------------------------------------------------------------------


def entries(answers: Answers) -> Iterator[NetworkEntry]:
    """Every balancer as a way in."""
    for row in answers.items(BALANCERS):
        arn = row.required_text("LoadBalancerArn")
        targets, asked = _targets(answers, arn)
        yield NetworkEntry(
            id=ResourceId(arn),
            name=row.text_or_none("LoadBalancerName") or arn,
            scope=answers.scope,
            evidence=(row.digest, *asked),
            type=row.text_or_none("Type") or "",
            internet_facing=_internet_facing(row),
            targets=targets,
        )
    for row in answers.items(CLASSIC):
        name = row.required_text("LoadBalancerName")
        scheme = row.text("Scheme")
        yield NetworkEntry(
            id=_arn(answers, "elasticloadbalancing", f"loadbalancer/{name}"),
            name=name,
            scope=answers.scope,
            evidence=row.evidence,
            type="classic",
            internet_facing=scheme if isinstance(scheme, Unknown) else scheme == "internet-facing",
            targets=tuple(
                _machine(answers, target.required_text("InstanceId"))
                for target in row.rows_or_empty("Instances")
            ),
        )


def _targets(answers: Answers, balancer: str) -> tuple[tuple[str, ...] | Unknown, tuple[Digest, ...]]:
    missing = unseen(answers, TARGET_GROUPS)
    if missing is not None:
        return missing, ()
    evidence = list(answers.digests(TARGET_GROUPS))
    found: list[str] = []
    for group in answers.items(TARGET_GROUPS):
        if balancer not in group.texts_or_empty("LoadBalancerArns"):
            continue
        answer = whole(answers, TARGETS, TargetGroupArn=group.required_text("TargetGroupArn"))
        if isinstance(answer, Unknown):
            return answer, tuple(evidence)
        evidence.append(answer.digest)
        for described in answer.rows_or_empty("TargetHealthDescriptions"):
            target = described.row_or_none("Target")
            if target is not None:
                found.append(_machine(answers, target.required_text("Id")))
    return tuple(dict.fromkeys(found)), tuple(dict.fromkeys(evidence))


def _machine(answers: Answers, target: str) -> str:
    """The id of a machine that a balancer names without its place; functions, balancers and addresses stay as they are."""
    return _arn(answers, "ec2", f"instance/{target}") if target.startswith("i-") else target


def _arn(answers: Answers, service: str, resource: str) -> ResourceId:
    return ResourceId(f"arn:{answers.partition}:{service}:{answers.region}:{answers.account}:{resource}")


def derived(answers: Answers) -> Iterator[Resource]:
    """The load balancers of one region, as such and as ways in."""
    yield from normalize(answers)
    yield from entries(answers)


STREAM: Final = AwsStream(
    id=StreamId("aws.elbv2"),
    title="Load balancers",
    regional=True,
    operations=(BALANCERS, LISTENERS, RULES, WEB_ACL, CLASSIC, TARGET_GROUPS, TARGETS),
    emits=(LoadBalancer, NetworkEntry),
    normalize=derived,
)
