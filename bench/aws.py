"""One AWS account on an emulator: collected and tested by `auditwright run`, and beside it, if asked, by Prowler."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from auditwright.app.setup import Answers, set_up
from bench.account import (
    BUCKETS,
    CREDENTIALS,
    DATABASES,
    GROUPS,
    INSTANCES,
    KEYS,
    REGION,
    TABLES,
    USERS,
    VOLUMES,
    fill,
)
from bench.child import AUDITWRIGHT, MAX_SAID, Ran, expect, run
from bench.emulator import Counted, Emulator, emulator
from bench.rows import Beside, CannotMeasureError, Row, median

TARGET_S = 5.0
TARGET_MB = 200.0
TARGET_REQUESTS = 700
TIMEOUT_S = 300.0

FOR_PROOFS = (
    "cloudformation:",
    "codebuild:",
    "eks:",
    "elasticloadbalancing (classic):",
    "iam:ListOpenIDConnectProviders",
    "iam:ListSAMLProviders",
    "kms:GetKeyPolicy",
    "lambda:",
    "organizations:",
    "secretsmanager:",
    "sso:",
)
"""What proofs of access, and of what is exposed to the internet, ask beside what the target was set for; operations begin so."""

CODES = (1,)
"""The account is not in order, so a run that saw it says so."""

PEER = "prowler"
PEER_FOLDER = Path(__file__).resolve().parents[1] / ".cache" / "prowler"
PEER_TIMEOUT_S = 1_800.0
PEER_ATTEMPTS = "1"
"""The emulator breaks on what it does not implement; with its own three attempts Prowler waits for that for minutes."""

PEER_CODES = (0, 3)
"""Prowler ends with 3 where checks failed."""

ITEMS = BUCKETS + USERS + GROUPS + VOLUMES + INSTANCES + DATABASES + KEYS + TABLES


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One scan: how the program ran, and what it asked."""

    ran: Ran
    asked: Counted


def measure(scratch: Path, repeats: int, *, peer: bool = False) -> list[Row]:
    """Fill an emulated account once, and run over it; each time a program of its own."""
    with emulator(scratch) as cloud:
        fill(cloud.url)
        runs = [_run(cloud, scratch / f"aws-{number}", scratch) for number in range(repeats)]
        rows = _rows(runs, "every region")
        if peer:
            # Over every region of the emulator Prowler takes far more than ten minutes; so both take one.
            once = [_run(cloud, scratch / "aws-one", scratch, regions=(REGION,))]
            ours = _rows(once, "one region")
            rows += [*ours, *_peer_rows(cloud, scratch, ours)]
        return rows


def measure_with_peer(scratch: Path, repeats: int) -> list[Row]:
    """The same, and Prowler over the same account."""
    return measure(scratch, repeats, peer=True)


def _rows(runs: Sequence[Measured], where: str) -> list[Row]:
    by_operation = ", ".join(
        f"{name} {count}" for name, count in sorted(runs[-1].asked.by_operation.items(), key=_many_first)
    )
    what = f"aws: {ITEMS} items, {where}"
    return [
        Row(
            name=f"{what}, collected and tested",
            unit="s",
            measured=median(each.ran.wall_s for each in runs),
            target=TARGET_S,
            beside=Beside(name="the emulator's own time", value=median(each.asked.busy_s for each in runs)),
            note=f"median of {len(runs)}",
        ),
        Row(
            name=f"{what}, peak memory",
            unit="MB",
            measured=median(each.ran.peak_mb for each in runs),
            target=TARGET_MB,
        ),
        Row(
            name=f"{what}, requests",
            unit="",
            measured=median(each.asked.requests for each in runs),
            target=TARGET_REQUESTS,
            note=by_operation,
        ),
        Row(
            name=f"{what}, requests but for those of proofs",
            unit="",
            measured=median(each.asked.without(FOR_PROOFS) for each in runs),
            target=TARGET_REQUESTS,
        ),
    ]


def _many_first(operation: tuple[str, int]) -> tuple[int, str]:
    name, count = operation
    return -count, name


def _run(cloud: Emulator, program: Path, scratch: Path, *, regions: Sequence[str] = ()) -> Measured:
    set_up(program, Answers(organization="Bench", categories=("security", "availability"), integrations=()))
    settings = program / "auditwright.toml"
    settings.write_text(
        f'{settings.read_text()}\n[integrations.aws]\nendpoint_url = "{cloud.url}"\nhome_region = "{REGION}"\n'
        f"regions = {json.dumps(list(regions) or 'all')}\n"
    )
    cloud.counted()
    command: list[str | Path] = [*AUDITWRIGHT, "run", "--program", program]
    ran = expect(run(command, scratch, env=CREDENTIALS, timeout_s=TIMEOUT_S), CODES, "`auditwright run`")
    return Measured(ran=ran, asked=cloud.counted())


def _peer_rows(cloud: Emulator, scratch: Path, ours: Sequence[Row]) -> list[Row]:
    """Prowler's rows, with ours beside them; one row that says why where it could not be had."""
    try:
        theirs = _prowler(cloud, scratch)
    except CannotMeasureError as error:
        return [Row(name="aws: Prowler, the same account", unit="s", measured=None, note=str(error))]
    values = (theirs.ran.wall_s, theirs.ran.peak_mb, float(theirs.asked.requests))
    return [
        replace(
            row,
            name=row.name.replace("aws:", "aws: Prowler,"),
            measured=value,
            target=None,
            beside=Beside(name="auditwright", value=row.measured or 0.0),
            note="`prowler aws --compliance soc2_aws`, once",
        )
        for row, value in zip(ours, values, strict=True)
    ]


def _prowler(cloud: Emulator, scratch: Path) -> Measured:
    program = _installed()
    cloud.counted()
    command: list[str | Path] = [program, "aws", "--compliance", "soc2_aws"]
    command += ["--output-directory", scratch / "prowler"]
    command += ["--region", REGION, "--aws-retries-max-attempts", PEER_ATTEMPTS]
    env = {**CREDENTIALS, "AWS_ENDPOINT_URL": cloud.url, "HOME": str(scratch)}
    ran = expect(run(command, scratch, env=env, timeout_s=PEER_TIMEOUT_S), PEER_CODES, "Prowler")
    return Measured(ran=ran, asked=cloud.counted())


def _installed() -> Path:
    """Prowler's command in a virtual environment of its own; raises CannotMeasureError."""
    program = PEER_FOLDER / "bin" / PEER
    if program.exists():
        return program
    for command in (
        [sys.executable, "-m", "venv", str(PEER_FOLDER)],
        [str(PEER_FOLDER / "bin" / "pip"), "install", "--disable-pip-version-check", "--quiet", PEER],
    ):
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=PEER_TIMEOUT_S)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            said = str(error.stderr or "").strip()[-MAX_SAID:].splitlines()
            shutil.rmtree(PEER_FOLDER, ignore_errors=True)
            raise CannotMeasureError(f"it could not be installed: {said[-1] if said else error}") from None
    return program
