"""Remote Desktop from the internet."""

from dataclasses import replace

from auditwright.control_tests._examples import ANYWHERE, NO_RULES_SHOWN, OFFICE, group, inbound
from auditwright.control_tests.network._closing import close
from auditwright.control_tests.network._reach import TCP, UDP, closed_to_internet
from auditwright.core.control_test import Example, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined
from auditwright.core.resources import SecurityGroup

RDP = (3389, 3389)


@control_test(
    id="network.rdp-closed",
    controls=("NET-01",),
    severity=Severity.HIGH,
    remediation=close(
        "Remote Desktop", "Open desktops with Systems Manager > Fleet Manager, which needs no open port."
    ),
    examples=(
        Example(group(inbound("tcp", RDP, OFFICE)), Satisfied()),
        Example(group(inbound("tcp", (443, 443), ANYWHERE)), Satisfied()),
        Example(
            group(inbound("tcp", RDP, ANYWHERE)),
            Deviation("open to the whole internet (0.0.0.0/0): tcp/3389"),
        ),
        Example(
            group(inbound("17", (3000, 4000), ANYWHERE)),
            Deviation("open to the whole internet (0.0.0.0/0): udp/3389"),
        ),
        Example(
            group(inbound("-1", (-1, -1), ANYWHERE)),
            Deviation("open to the whole internet (0.0.0.0/0): tcp/3389, udp/3389"),
        ),
        Example(
            group(inbound("tcp", RDP, "pl-0123456789abcdef0")),
            Undetermined("tcp/3389: the addresses of prefix list pl-0123456789abcdef0 were not collected"),
        ),
        Example(replace(group(), rules=NO_RULES_SHOWN), Undetermined(NO_RULES_SHOWN.why)),
    ),
)
def rdp_closed(group: SecurityGroup, *, port: int = 3389) -> Outcome:
    """No security group opens Remote Desktop to the internet.

    Guessed passwords and flaws of Remote Desktop are among the commonest ways in for extortion. It listens
    on TCP and on UDP.
    """
    return closed_to_internet(group, (f"{port}/{TCP}", f"{port}/{UDP}"))
