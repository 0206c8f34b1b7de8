"""How rules of a security group are closed."""

from auditwright.core.control_test import Remediation


def close(what: str, instead: str) -> Remediation:
    """Remove the rule that opens `what`, and do `instead`."""
    return Remediation(
        console=(
            f"VPC > Security groups > the group > Inbound rules > Edit inbound rules: delete the rule that "
            f"opens {what} to the internet, or set its source to the addresses or the group that need it > "
            f"Save rules. {instead}"
        ),
        command=(
            "aws ec2 describe-security-group-rules --filters Name=group-id,Values=<group-id>; aws ec2 "
            "revoke-security-group-ingress --group-id <group-id> --security-group-rule-ids <rule-id>"
        ),
        terraform=(
            'resource "aws_vpc_security_group_ingress_rule" (or the ingress blocks of resource '
            '"aws_security_group"): set cidr_ipv4 and cidr_ipv6 to known addresses, or use '
            "referenced_security_group_id"
        ),
    )
