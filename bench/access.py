"""Every key and password of a generated account to every role and to its administrator, closed in both senses."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from auditwright.access.closure import Closure
from auditwright.access.explorer import Explorer
from auditwright.access.snapshot import read_snapshot
from auditwright.access.starts import OVERALL, starts
from bench.rows import Beside, Row, median

TARGET_S = 0.5
SIZES = (200, 2_000, 20_000)
AT = datetime(2026, 1, 1, tzinfo=UTC)
ACCOUNT = "111122223333"
ARN = f"arn:aws:iam::{ACCOUNT}:"


def measure(scratch: Path, repeats: int) -> list[Row]:
    """Accounts of three sizes, of which three in five principals are users."""
    del scratch
    rows: list[Row] = []
    before: float | None = None
    for size in SIZES:
        body = json.dumps(account(size))
        taken = median(closed(json.loads(body)) for _ in range(repeats if size < max(SIZES) else 1))
        rows.append(
            Row(
                name=f"access: {size:,} principals, every first factor to every role and administrator",
                unit="s",
                measured=taken,
                target=TARGET_S if size == 2_000 else None,  # noqa: PLR2004  # the size that the target is for
                beside=Beside(name="ten times fewer", value=before) if before else None,
                note="certain and possible, after parsing",
            )
        )
        before = taken
    return rows


def closed(document: object) -> float:
    """Seconds to close what every first factor comes to hold, in both senses, after parsing."""
    world = read_snapshot(document, at=AT)
    begun = time.perf_counter()
    explorer = Explorer(world)
    facts = [start.facts for start in starts(world) if start.kind in OVERALL]
    for certain in (True, False):
        Closure(explorer=explorer, certain=certain).run(facts)
    return time.perf_counter() - begun


def account(size: int) -> object:
    """An account as a snapshot, three in five of its principals users."""
    users, roles = size * 3 // 5, size * 2 // 5
    return {
        "gaad": {
            "UserDetailList": [_user(number, roles) for number in range(users)],
            "GroupDetailList": [],
            "RoleDetailList": [_role(number, users) for number in range(roles)],
            "Policies": [],
        },
        "credentials": [
            {
                "user": f"user-{number}",
                "password_enabled": number % 2 == 0,
                "mfa_devices": int(number % 3 > 0),
                "access_keys": [{"status": "Active"}],
            }
            for number in range(users)
        ],
        "workloads": [],
    }


def _user(number: int, roles: int) -> object:
    return {
        "UserName": f"user-{number}",
        "UserId": f"AIDA{number:017}",
        "Arn": f"{ARN}user/user-{number}",
        "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": _document(*_rights(number, roles))}],
    }


def _rights(number: int, roles: int) -> Iterator[object]:
    yield {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::data-{number % 50}/*"}
    yield {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": f"{ARN}role/role-{number * 7 % roles}"}
    if number % 40 == 0:
        yield {"Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": f"{ARN}user/user-{number + 1}"}
    if number % 200 == 0:
        yield {"Effect": "Allow", "Action": "*", "Resource": "*"}
    if number % 2 == 0:
        no_mfa = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
        yield {"Effect": "Deny", "NotAction": "iam:GetUser", "Resource": "*", "Condition": no_mfa}


def _role(number: int, users: int) -> object:
    trusted: object = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    if number % 3 == 1:
        trusted = {"AWS": f"{ARN}user/user-{number * 5 % users}"}
    elif number % 3 == 2:  # noqa: PLR2004  # one role in three is a service's
        trusted = {"Service": "lambda.amazonaws.com"}
    statement: dict[str, object] = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}
    if number % 6 == 0:
        statement["Condition"] = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    allowed = {
        "Effect": "Allow",
        "Action": "dynamodb:*",
        "Resource": f"arn:aws:dynamodb:*:{ACCOUNT}:table/{number}",
    }
    return {
        "RoleName": f"role-{number}",
        "RoleId": f"AROA{number:017}",
        "Arn": f"{ARN}role/role-{number}",
        "AssumeRolePolicyDocument": _document(statement),
        "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": _document(allowed)}],
    }


def _document(*statements: object) -> object:
    return {"Version": "2012-10-17", "Statement": list(statements)}
