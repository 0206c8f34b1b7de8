"""Every key and password of an account to every role and to its administrator, with the proof of each that is kept out.

Each account is measured in a process of its own, from when it is parsed, in time of the processor: what else the
machine does meanwhile does not count.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

if __name__ == "__main__":
    # Run as a file, Python looks for modules beside it.
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from bench.child import expect, run
from bench.rows import Beside, Row, median

TARGET_S = 0.5
TARGET_MB = 100
SIZES = (200, 2_000, 20_000)
TARGETED = 2_000
AT = datetime(2026, 1, 1, tzinfo=UTC)
ACCOUNT = "111122223333"
ARN = f"arn:aws:iam::{ACCOUNT}:"
TIMEOUT_S = 600
CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"
PUBLISHED = Path("access", "synthetic", "gaad-2000.json")
"""A generated account of 2,000 principals in which many may do much; it is not part of the project."""

WHAT = "every first factor to every role and administrator, with certificates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """How long every pair of an account took, in seconds of the processor, and how much memory."""

    seconds: float
    peak_mb: float
    note: str


def measure(scratch: Path, repeats: int) -> list[Row]:
    """Accounts of three sizes, of which three in five principals are users; and the published one."""
    rows: list[Row] = []
    before: float | None = None
    for size in SIZES:
        saved = scratch / f"{size}.json"
        saved.write_text(json.dumps(account(size)))
        found = proved(saved, scratch, repeats if size < max(SIZES) else 1)
        beside = Beside(name="ten times fewer", value=before) if before else None
        rows += _rows(f"{size:,} principals", found, beside, targeted=size == TARGETED)
        before = found.seconds
    saved = Path(os.environ.get("AUDITWRIGHT_CORPUS", CORPUS)) / PUBLISHED
    if saved.exists():
        rows += _rows("gaad-2000", proved(saved, scratch, repeats), None, targeted=True)
    else:
        rows.append(Row(name="access: gaad-2000", unit="s", measured=None, note="the corpus is not here"))
    return rows


def _rows(name: str, found: Proved, beside: Beside | None, *, targeted: bool) -> Iterator[Row]:
    yield Row(
        name=f"access: {name}, {WHAT}",
        unit="s",
        measured=found.seconds,
        target=TARGET_S if targeted else None,
        beside=beside,
        note=found.note,
    )
    yield Row(
        name=f"access: {name}, peak memory",
        unit="MB",
        measured=found.peak_mb,
        target=TARGET_MB if targeted else None,
    )


def proved(saved: Path, scratch: Path, repeats: int) -> Proved:
    """Every pair of one saved account, in as many processes."""
    report = scratch / "proved.json"
    seconds: list[float] = []
    peaks: list[float] = []
    note = ""
    for _ in range(repeats):
        ran = run((sys.executable, __file__, saved, report), scratch, timeout_s=TIMEOUT_S)
        expect(ran, (0,), "the proof of an account")
        taken, note = json.loads(report.read_text())
        seconds.append(taken)
        peaks.append(ran.peak_mb)
    return Proved(seconds=median(seconds), peak_mb=median(peaks), note=note)


def _prove(saved: Path, report: Path) -> None:
    """Answer every pair of one account, and write down how long it took."""
    from auditwright.access.explorer import Explorer
    from auditwright.access.facts import Fact, Kind, session
    from auditwright.access.pairs import Pairs
    from auditwright.access.sessions import SessionClass
    from auditwright.access.snapshot import read_snapshot
    from auditwright.access.starts import OVERALL, starts
    from auditwright.app.cycles import no_search_for_cycles

    world = read_snapshot(json.loads(saved.read_text()), at=AT)
    begun = time.process_time()
    with no_search_for_cycles():  # as in a run, and for `access prove`
        every = [start for start in starts(world) if start.kind in OVERALL]
        pairs = Pairs(Explorer(world), every)
        targets = [Fact(Kind.ADMINISTRATOR, each) for each in world.accounts]
        targets += [session(role, SessionClass.ROLE) for role in world.roles]
        reached = sum(pairs.reached(target).bit_count() for target in targets)
        kept_out = sum(pairs.kept_out(target).bit_count() for target in targets)
    taken = time.process_time() - begun
    note = f"{len(every) * len(targets):,} pairs: {reached:,} reached, {kept_out:,} proved out of reach"
    report.write_text(json.dumps([taken, note]))


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


if __name__ == "__main__":
    _prove(Path(sys.argv[1]), Path(sys.argv[2]))
