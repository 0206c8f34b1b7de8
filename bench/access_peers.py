"""The access engine beside PMapper and iam-simulate, each in an environment of its own, over the same saved account.

PMapper makes the edges of IAM and STS, and counts who may become administrator: beside it stands ours, every first factor to
every role and administrator, by many more ways and with certificates. iam-simulate decides one request after the other, as our evaluator does: every user, with a
plain access key, asks for every role; how many get it has to be the same.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from auditwright.access.asking import actor_of, let_in
from auditwright.access.facts import session
from auditwright.access.sessions import SessionClass
from auditwright.access.snapshot import read_snapshot
from bench import access
from bench.access import AT, account, proved
from bench.rows import Beside, CannotMeasureError, Row

SIZE = 200
"""PMapper's time grows with the square: of 2,000 principals it would be ten minutes."""

HERE = Path(__file__).parent / "peers"
CACHE = Path(__file__).resolve().parents[1] / ".cache"
PMAPPER = "principalmapper==1.1.5"
IAM_SIMULATE = "@cloud-copilot/iam-simulate"
TIMEOUT_S = 600.0


def measure(scratch: Path, repeats: int) -> list[Row]:
    """Our rows, and one for each peer with ours beside it; a row that says why where a peer could not be had."""
    saved = scratch / "account.json"
    document = account(SIZE)
    saved.write_text(json.dumps(document))
    ours = proved(saved, scratch, repeats).seconds
    found = [
        _row(
            f"access: PMapper, {SIZE} principals, edges and who becomes administrator",
            lambda: _said([_pmapper(), str(HERE / "pmapper.py"), str(saved)])["seconds"],
            Beside(name="every pair of ours, proved", value=ours),
        )
    ]
    decided, taken = _requests(document)

    def simulated() -> float:
        said = _said([_node(), str(_iam_simulate()), str(saved)])
        if said["allowed"] != decided:
            raise CannotMeasureError(f"it allows {said['allowed']:.0f} requests, and we allow {decided}")
        return said["seconds"]

    name = f"access: iam-simulate, every user asks for every role of {SIZE} principals"
    return [
        *access.measure(scratch, repeats),
        *found,
        _row(name, simulated, Beside(name="our evaluator", value=taken)),
    ]


def _row(name: str, measure: Callable[[], float], ours: Beside) -> Row:
    try:
        return Row(name=name, unit="s", measured=measure(), beside=ours, note="once")
    except CannotMeasureError as error:
        return Row(name=name, unit="s", measured=None, note=str(error))


def _requests(document: object) -> tuple[int, float]:
    """How many users get a role with a plain access key, one request each, and how long that takes."""
    world = read_snapshot(document, at=AT)
    begun = time.perf_counter()
    actors = [actor_of(world, session(user, SessionClass.KEY)) for user in world.users]
    allowed = sum(let_in(world, actor, role).certain for actor in actors for role in world.roles)
    return allowed, time.perf_counter() - begun


def _said(command: Sequence[str]) -> dict[str, float]:
    """What a peer's program prints."""
    ran = _run(command, "it failed")
    found: dict[str, float] = json.loads(ran)
    return found


def _pmapper() -> str:
    """The interpreter of an environment that has PMapper."""
    folder = CACHE / "pmapper"
    program = folder / "bin" / "python"
    if not program.exists():
        _installed(
            folder,
            [sys.executable, "-m", "venv", str(folder)],
            [str(program), "-m", "pip", "install", "--disable-pip-version-check", "--quiet", PMAPPER],
        )
    return str(program)


def _node() -> str:
    found = shutil.which("node")
    if found is None:
        raise CannotMeasureError("Node is not here")
    return found


def _iam_simulate() -> Path:
    """Our program, in a folder that has iam-simulate."""
    folder = CACHE / "iam-simulate"
    program = folder / "iam_simulate.mjs"
    if not program.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _installed(folder, ["npm", "install", "--silent", "--prefix", str(folder), IAM_SIMULATE])
    shutil.copy(HERE / "iam_simulate.mjs", program)
    return program


def _installed(folder: Path, *commands: Sequence[str]) -> None:
    try:
        for command in commands:
            _run(command, "it could not be installed")
    except CannotMeasureError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _run(command: Sequence[str], problem: str) -> str:
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=TIMEOUT_S).stdout
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired, OSError) as error:
        said = str(getattr(error, "stderr", "") or error).strip().splitlines()
        raise CannotMeasureError(f"{problem}: {said[-1] if said else error}") from None
