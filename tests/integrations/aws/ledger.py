"""Answers about one bucket, `ledger`."""

import json
from dataclasses import replace

from auditwright.core.evidence import Evidence, digest_of
from auditwright.integrations.aws.operations import Detail
from auditwright.integrations.aws.reading import CALLS_KEY, of_account
from auditwright.integrations.aws.s3 import BUCKETS
from tests.integrations.aws.shapes import GLOBAL, Answer, captured, of_each

LISTED = captured(BUCKETS, {"Buckets": [{"Name": "ledger", "BucketRegion": "eu-west-1"}]}, scope=GLOBAL)


def of_ledger(operation: Detail, answer: Answer) -> Evidence:
    return of_each(operation, (_asked(operation), answer), scope=GLOBAL)


def none_of_ledger(operation: Detail, code: str) -> Evidence:
    """AWS's answer that there is none."""
    call = {"parameters": _asked(operation), "error": {"code": code, "message": "there is none"}}
    body = json.dumps({CALLS_KEY: [call]}).encode()
    return replace(of_each(operation, scope=GLOBAL), body=body, digest=digest_of(body))


def _asked(operation: Detail) -> dict[str, object]:
    return {**of_account(operation.parameters, GLOBAL.account), "Bucket": "ledger"}


def _granted_to(group: str) -> Answer:
    grantee = {"Type": "Group", "URI": f"http://acs.amazonaws.com/groups/{group}"}
    return {"Grants": [{"Grantee": grantee, "Permission": "READ"}]}


OPEN_TO_ALL = _granted_to("global/AllUsers")
OPEN_TO_NOBODY = _granted_to("s3/LogDelivery")
