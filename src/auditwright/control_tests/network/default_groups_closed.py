"""Default security groups."""

from dataclasses import replace

from auditwright.control_tests._examples import ANYWHERE, NO_RULES_SHOWN, group, inbound, outbound
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import (
    Deviation,
    NotApplicable,
    Outcome,
    Satisfied,
    Undetermined,
    Unknown,
)
from auditwright.core.resources import SecurityGroup

DEFAULT = replace(group(), name="default", is_default=True)
ALL = (-1, -1)


@control_test(
    id="network.default-groups-closed",
    controls=("NET-03",),
    severity=Severity.MEDIUM,
    remediation=Remediation(
        console=(
            "VPC > Security groups > the group named default: give each interface that uses it a group of its "
            "own first (EC2 > Network interfaces > Actions > Change security groups); then Edit inbound rules "
            "and Edit outbound rules: delete every rule > Save rules."
        ),
        command=(
            "aws ec2 describe-security-group-rules --filters Name=group-id,Values=<group-id>; aws ec2 "
            "revoke-security-group-ingress --group-id <group-id> --security-group-rule-ids <rule-id>; aws ec2 "
            "revoke-security-group-egress --group-id <group-id> --security-group-rule-ids <rule-id>"
        ),
        terraform='resource "aws_default_security_group": set vpc_id, and give it no ingress or egress block',
    ),
    examples=(
        Example(DEFAULT, Satisfied()),
        Example(
            replace(
                DEFAULT,
                rules=(inbound("-1", ALL, "sg-0a1b2c3d4e5f60718"), outbound("-1", ALL, ANYWHERE)),
            ),
            Deviation("the default group has 1 inbound and 1 outbound rule; it should have none"),
        ),
        Example(
            replace(DEFAULT, rules=(outbound("-1", ALL, ANYWHERE), outbound("-1", ALL, "::/0"))),
            Deviation("the default group has 0 inbound and 2 outbound rules; it should have none"),
        ),
        Example(group(inbound("tcp", (443, 443), ANYWHERE)), NotApplicable("not a default group")),
        Example(replace(DEFAULT, rules=NO_RULES_SHOWN), Undetermined(NO_RULES_SHOWN.why)),
    ),
)
def default_groups_closed(group: SecurityGroup) -> Outcome:
    """The default security group of every network has no rules at all.

    Whatever is started without a group of its own lands in the default group. With no rules such a machine
    is cut off until somebody decides what may reach it.
    """
    if not group.is_default:
        return NotApplicable("not a default group")
    if isinstance(group.rules, Unknown):
        return Undetermined(group.rules.why)
    if not group.rules:
        return Satisfied()
    into = sum(rule.inbound for rule in group.rules)
    out = len(group.rules) - into
    rules = "rule" if out == 1 else "rules"
    return Deviation(f"the default group has {into} inbound and {out} outbound {rules}; it should have none")
