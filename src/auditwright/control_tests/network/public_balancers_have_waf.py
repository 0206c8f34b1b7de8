"""Web application firewalls of public load balancers."""

from dataclasses import replace

from auditwright.control_tests._examples import BALANCER
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import (
    Deviation,
    NotApplicable,
    Outcome,
    Satisfied,
    Undetermined,
    Unknown,
)
from auditwright.core.resources import LoadBalancer

REFUSED = Unknown("wafv2:GetWebACLForResource was refused")
NO_SCHEME = Unknown("the answer has no field Scheme")


@control_test(
    id="network.public-balancers-have-waf",
    controls=("NET-04",),
    severity=Severity.MEDIUM,
    remediation=Remediation(
        console=(
            "WAF & Shield > Web ACLs > choose the region > the web ACL (or Create web ACL with the AWS managed "
            "core rule set) > Associated AWS resources > Add AWS resources > Application Load Balancer > the "
            "balancer > Add."
        ),
        command=(
            "aws wafv2 associate-web-acl --web-acl-arn <web-acl-arn> --resource-arn <load-balancer-arn> "
            "--region <region>"
        ),
        terraform=(
            'resource "aws_wafv2_web_acl_association": set resource_arn to the load balancer and web_acl_arn '
            'to a resource "aws_wafv2_web_acl" with scope = "REGIONAL"'
        ),
    ),
    examples=(
        Example(BALANCER, Satisfied()),
        Example(replace(BALANCER, web_acl=None), Deviation("faces the internet without a web firewall")),
        Example(
            replace(BALANCER, internet_facing=False, web_acl=None),
            NotApplicable("does not face the internet"),
        ),
        Example(
            replace(BALANCER, type="network", web_acl=None),
            NotApplicable("a network balancer; web firewalls stand before application balancers"),
        ),
        Example(replace(BALANCER, web_acl=REFUSED), Undetermined(REFUSED.why)),
        Example(replace(BALANCER, internet_facing=NO_SCHEME, web_acl=None), Undetermined(NO_SCHEME.why)),
    ),
)
def public_balancers_have_waf(balancer: LoadBalancer) -> Outcome:
    """Every internet-facing application load balancer has a web application firewall.

    The firewall stops known attacks on web applications, and floods, before they reach the application. A
    distribution in front of the balancer does not replace it while the balancer itself can be reached.
    """
    if balancer.type != "application":
        return NotApplicable(f"a {balancer.type} balancer; web firewalls stand before application balancers")
    if balancer.internet_facing is False:
        return NotApplicable("does not face the internet")
    if isinstance(balancer.web_acl, Unknown):
        return Undetermined(balancer.web_acl.why)
    if balancer.web_acl is not None:
        return Satisfied()
    if isinstance(balancer.internet_facing, Unknown):
        return Undetermined(balancer.internet_facing.why)
    return Deviation("faces the internet without a web firewall")
