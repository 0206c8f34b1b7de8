"""TLS versions of load balancers."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from auditwright.control_tests._examples import BALANCER, HTTP, HTTPS, REDIRECT, REFUSED
from auditwright.control_tests.data._tls_policies import GOOD_ENOUGH, OLDEST_TLS
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import (
    Deviation,
    NotApplicable,
    Outcome,
    Satisfied,
    Undetermined,
    Unknown,
)
from auditwright.core.resources import Listener, LoadBalancer

_PASSED_THROUGH = frozenset({"TCP", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC", "GENEVE"})
"""Protocols that a balancer hands on as they are; if there is TLS in them, it ends behind the balancer."""

_HANDED_ON = "hands traffic on as it is; if there is TLS, it ends behind the balancer"

_OLD = replace(HTTPS, tls_policy="ELBSecurityPolicy-2016-08")
_NEW = replace(HTTPS, tls_policy="ELBSecurityPolicy-TLS14-2031-01")
_TCP = Listener(protocol="TCP", port=5432, tls_policy="", redirects_to_https=False)
_TLS = replace(HTTPS, protocol="TLS", port=8443)


@control_test(
    id="data.balancers-require-tls12",
    controls=("CRY-01",),
    severity=Severity.HIGH,
    remediation=Remediation(
        console=(
            "EC2 > Load Balancers > the balancer > Listeners > the listener > Actions > Edit listener: for "
            "HTTPS and TLS, Security policy ELBSecurityPolicy-TLS13-1-2-Res-2021-06 or newer; for HTTP, "
            "Default actions > Redirect to URL > HTTPS, port 443, status code 301."
        ),
        command=(
            "aws elbv2 modify-listener --listener-arn <listener-arn> --ssl-policy "
            "ELBSecurityPolicy-TLS13-1-2-Res-2021-06; for HTTP: aws elbv2 modify-listener --listener-arn "
            "<listener-arn> --default-actions "
            "'Type=redirect,RedirectConfig={Protocol=HTTPS,Port=443,StatusCode=HTTP_301}'"
        ),
        terraform=(
            'resource "aws_lb_listener" with ssl_policy = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"; for '
            'HTTP, default_action { type = "redirect", redirect { protocol = "HTTPS", port = "443", '
            'status_code = "HTTP_301" } }'
        ),
    ),
    examples=(
        Example(BALANCER, Satisfied()),
        Example(replace(BALANCER, listeners=(REDIRECT,)), Satisfied()),
        Example(replace(BALANCER, type="network", listeners=(_TLS, _TCP)), Satisfied()),
        Example(
            replace(BALANCER, listeners=(HTTPS, HTTP)),
            Deviation("port 80 serves plain HTTP and does not redirect to HTTPS"),
        ),
        Example(
            replace(BALANCER, listeners=(_OLD, REDIRECT)),
            Deviation("port 443 admits TLS 1.0, by ELBSecurityPolicy-2016-08"),
        ),
        Example(
            replace(BALANCER, listeners=(_OLD, HTTP, replace(_NEW, port=444))),
            Deviation(
                "port 443 admits TLS 1.0, by ELBSecurityPolicy-2016-08; port 80 serves plain HTTP and does "
                "not redirect to HTTPS"
            ),
        ),
        Example(
            replace(BALANCER, type="network", listeners=(_TCP,)),
            NotApplicable(_HANDED_ON),
        ),
        Example(replace(BALANCER, type="gateway", listeners=REFUSED), NotApplicable(_HANDED_ON)),
        Example(replace(BALANCER, listeners=()), NotApplicable("listens on nothing")),
        Example(
            replace(BALANCER, listeners=(_NEW, REDIRECT)),
            Undetermined(
                "port 443: ELBSecurityPolicy-TLS14-2031-01 is not among the policies whose TLS versions are known"
            ),
        ),
        Example(
            replace(BALANCER, listeners=(replace(HTTPS, tls_policy=""),)),
            Undetermined("port 443: the source names no TLS policy"),
        ),
        Example(
            replace(BALANCER, listeners=(replace(HTTP, protocol="SCTP"),)),
            Undetermined("port 80: whether SCTP is encrypted is not known"),
        ),
        Example(
            replace(BALANCER, listeners=(replace(HTTP, protocol=""),)),
            Undetermined(
                "port 80: whether a protocol that the source does not name is encrypted is not known"
            ),
        ),
        Example(replace(BALANCER, listeners=REFUSED), Undetermined(REFUSED.why)),
    ),
)
def balancers_require_tls12(balancer: LoadBalancer) -> Outcome:
    """Every load balancer that ends TLS or serves HTTP requires TLS 1.2 or later.

    TLS 1.0 and 1.1 are broken and retired (RFC 8996), and plain HTTP is readable to everybody on the way.
    An HTTP listener may only redirect to HTTPS. Internal balancers are examined too.
    """
    if balancer.type == "gateway":
        return NotApplicable(_HANDED_ON)
    if isinstance(balancer.listeners, Unknown):
        return Undetermined(balancer.listeners.why)
    if not balancer.listeners:
        return NotApplicable("listens on nothing")
    return _sum_up([_judge(listener) for listener in balancer.listeners])


def _sum_up(verdicts: Sequence[Outcome]) -> Outcome:
    problems = _each(verdict.what for verdict in verdicts if isinstance(verdict, Deviation))
    if problems:
        return Deviation("; ".join(problems))
    unclear = _each(verdict.why for verdict in verdicts if isinstance(verdict, Undetermined))
    if unclear:
        return Undetermined("; ".join(unclear))
    if any(isinstance(verdict, Satisfied) for verdict in verdicts):
        return Satisfied()
    return NotApplicable(_HANDED_ON)


def _judge(listener: Listener) -> Outcome:
    at = f"port {listener.port}"
    if listener.protocol in _PASSED_THROUGH:
        return NotApplicable("handed on as it is")
    if listener.protocol == "HTTP":
        if listener.redirects_to_https:
            return Satisfied()
        return Deviation(f"{at} serves plain HTTP and does not redirect to HTTPS")
    if listener.protocol in {"HTTPS", "TLS"}:
        return _judge_policy(listener, at)
    named = listener.protocol or "a protocol that the source does not name"
    return Undetermined(f"{at}: whether {named} is encrypted is not known")


def _judge_policy(listener: Listener, at: str) -> Outcome:
    if not listener.tls_policy:
        return Undetermined(f"{at}: the source names no TLS policy")
    oldest = OLDEST_TLS.get(listener.tls_policy)
    if oldest is None:
        return Undetermined(
            f"{at}: {listener.tls_policy} is not among the policies whose TLS versions are known"
        )
    if oldest in GOOD_ENOUGH:
        return Satisfied()
    return Deviation(f"{at} admits TLS {oldest}, by {listener.tls_policy}")


def _each(sentences: Iterable[str]) -> tuple[str, ...]:
    """Each sentence once, in order: many listeners can have one and the same problem."""
    return tuple(dict.fromkeys(sentences))
