"""Flow logs of virtual networks."""

from dataclasses import replace

from auditwright.control_tests._examples import NETWORK
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resources import VirtualNetwork

REFUSED = Unknown("ec2:DescribeFlowLogs was refused")


@control_test(
    id="network.networks-flow-logged",
    controls=("LOG-04",),
    severity=Severity.MEDIUM,
    remediation=Remediation(
        console=(
            "VPC > Your VPCs > the network > Flow logs > Create flow log: Filter All (or Reject), a destination, "
            "and a role that may write to it > Create flow log. Delete a default network that nothing uses."
        ),
        command=(
            "aws ec2 create-flow-logs --resource-type VPC --resource-ids <vpc-id> --traffic-type ALL "
            "--log-destination-type cloud-watch-logs --log-group-name <log-group> "
            "--deliver-logs-permission-arn <role-arn>"
        ),
        terraform=(
            'resource "aws_flow_log": set vpc_id, traffic_type = "ALL", log_destination and iam_role_arn'
        ),
    ),
    examples=(
        Example(NETWORK, Satisfied()),
        Example(
            replace(NETWORK, flow_logged=False),
            Deviation("no active flow log records the network's traffic"),
        ),
        Example(
            replace(NETWORK, flow_logged=False, is_default=True),
            Deviation("no active flow log records the traffic of this default network"),
        ),
        Example(replace(NETWORK, flow_logged=REFUSED), Undetermined(REFUSED.why)),
    ),
)
def networks_flow_logged(network: VirtualNetwork) -> Outcome:
    """Every virtual network records its flows, at least those that are rejected.

    Flow logs show after an incident who talked to whom. They cannot be had afterward.
    """
    if isinstance(network.flow_logged, Unknown):
        return Undetermined(network.flow_logged.why)
    if network.flow_logged:
        return Satisfied()
    traffic = "the traffic of this default network" if network.is_default else "the network's traffic"
    return Deviation(f"no active flow log records {traffic}")
