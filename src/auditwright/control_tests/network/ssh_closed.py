"""SSH from the internet."""

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
from auditwright.control_tests.network._reach import closed_to_internet
from auditwright.core.control_test import Example, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined
from auditwright.core.resources import SecurityGroup

SSH = (22, 22)


@control_test(
    id="network.ssh-closed",
    controls=("NET-01",),
    severity=Severity.HIGH,
    remediation=close("SSH", "Open shells with Systems Manager > Session Manager, which needs no open port."),
    examples=(
        Example(group(inbound("tcp", SSH, OFFICE)), Satisfied()),
        Example(group(inbound("tcp", (443, 443), ANYWHERE)), Satisfied()),
        Example(group(inbound("tcp", SSH, "sg-0f9e8d7c6b5a41302")), Satisfied()),
        Example(group(outbound("tcp", SSH, ANYWHERE)), Satisfied()),
        Example(group(inbound("udp", SSH, ANYWHERE)), Satisfied()),
        Example(group(inbound("tcp", SSH, "10.0.0.0/8")), Satisfied()),
        Example(group(), Satisfied()),
        Example(
            group(inbound("tcp", SSH, ANYWHERE)),
            Deviation("open to the whole internet (0.0.0.0/0): tcp/22"),
        ),
        Example(
            group(inbound("6", (20, 25), ANYWHERE), inbound("tcp", SSH, ANYWHERE_IPV6)),
            Deviation("open to the whole internet (0.0.0.0/0, ::/0): tcp/22"),
        ),
        Example(
            group(inbound("-1", (-1, -1), ANYWHERE_IPV6)),
            Deviation("open to the whole internet (::/0): tcp/22"),
        ),
        Example(
            group(inbound("tcp", SSH, "0.0.0.0/1"), inbound("tcp", (0, 1023), "128.0.0.0/1")),
            Deviation("open to the whole internet (0.0.0.0/0): tcp/22"),
        ),
        Example(
            group(inbound("tcp", SSH, "64.0.0.0/6")),
            Deviation("open to 64.0.0.0/6, wider than one organization holds: tcp/22"),
        ),
        Example(
            group(inbound("tcp", (2222, 2222), ANYWHERE)),
            Deviation("open to the whole internet (0.0.0.0/0): tcp/2222"),
            settings={"port": 2222},
        ),
        Example(
            group(inbound("tcp", SSH, "pl-0123456789abcdef0")),
            Undetermined("tcp/22: the addresses of prefix list pl-0123456789abcdef0 were not collected"),
        ),
        Example(replace(group(), rules=NO_RULES_SHOWN), Undetermined(NO_RULES_SHOWN.why)),
    ),
)
def ssh_closed(group: SecurityGroup, *, port: int = 22) -> Outcome:
    """No security group opens SSH to the internet.

    An open SSH port is found by scanners within minutes; from then on one weak password, leaked key or
    flaw in the server is enough. A block of addresses that is wider than one organization holds counts as
    the internet.
    """
    return closed_to_internet(group, (str(port),))
