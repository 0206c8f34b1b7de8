"""Rules that open every port to the internet."""

from dataclasses import replace

from auditwright.control_tests._examples import (
    ANYWHERE,
    ANYWHERE_IPV6,
    NO_RULES_SHOWN,
    OFFICE,
    group,
    inbound,
    outbound,
)
from auditwright.control_tests.network._closing import close
from auditwright.control_tests.network._reach import lacks_all_ports_rule
from auditwright.core.control_test import Example, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined
from auditwright.core.resources import SecurityGroup

ALL = (-1, -1)


@control_test(
    id="network.no-all-ports-rule",
    controls=("NET-03",),
    severity=Severity.CRITICAL,
    remediation=close("every port", "Add a rule for each port that is really served."),
    examples=(
        Example(group(inbound("tcp", (443, 443), ANYWHERE)), Satisfied()),
        Example(group(inbound("-1", ALL, OFFICE)), Satisfied()),
        Example(group(inbound("icmp", ALL, ANYWHERE)), Satisfied()),
        Example(group(outbound("-1", ALL, ANYWHERE)), Satisfied()),
        Example(
            group(inbound("-1", ALL, ANYWHERE)),
            Deviation("open to the whole internet (0.0.0.0/0): every port of every protocol"),
        ),
        Example(
            group(inbound("tcp", (0, 65_535), ANYWHERE_IPV6)),
            Deviation("open to the whole internet (::/0): every tcp port"),
        ),
        Example(
            group(inbound("udp", (1, 65_535), ANYWHERE)),
            Deviation("open to the whole internet (0.0.0.0/0): every udp port"),
        ),
        Example(
            group(inbound("-1", ALL, "pl-0123456789abcdef0")),
            Undetermined(
                "every tcp port: the addresses of prefix list pl-0123456789abcdef0 were not collected"
            ),
        ),
        Example(replace(group(), rules=NO_RULES_SHOWN), Undetermined(NO_RULES_SHOWN.why)),
    ),
)
def no_all_ports_rule(group: SecurityGroup) -> Outcome:
    """No security group opens every port to the internet.

    A rule for every port opens what is installed next year as well, without anybody deciding so.
    """
    return lacks_all_ports_rule(group)
