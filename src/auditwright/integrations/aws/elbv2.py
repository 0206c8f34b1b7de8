"""Elastic Load Balancing: load balancers, what they listen on, and the web ACL before them."""

from collections.abc import Iterator
from typing import Final

from auditwright.core.ids import Digest, ResourceId, StreamId
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource
from auditwright.core.resources import Listener, LoadBalancer
from auditwright.integrations.aws.absence import whole
from auditwright.integrations.aws.operations import Ask, AwsStream, Detail, Listing, each
from auditwright.integrations.aws.reading import Answers, Parameters, Row

_TLS: Final = frozenset({"HTTPS", "TLS"})
"""Protocols whose listeners have a TLS policy."""

BALANCERS: Final = Listing(service="elbv2", method="DescribeLoadBalancers", items=("LoadBalancers",))
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


STREAM: Final = AwsStream(
    id=StreamId("aws.elbv2"),
    title="Load balancers",
    regional=True,
    operations=(BALANCERS, LISTENERS, RULES, WEB_ACL),
    emits=(LoadBalancer,),
    normalize=normalize,
)
