"""Reports of scanners read and merged: real rows, as many as a large fleet has, in a process of its own.

The rows are those of the demo's real reports, over and over; each copy has ids of its own, so that every row is an issue and no
vulnerability is read twice. Packages repeat, as they do in an image. Beside the time stands that of decoding the same fields
with msgspec and doing nothing with them.
"""

import gzip
import json
import re
import sys
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import cast

from bench.child import MB, Ran, expect, run
from bench.rows import Beside, Row, median

SIZE = 100_000
MANY = 1_000_000
TARGET_S = 2.0
TARGET_MB = 300.0
TARGET_RATIO = 2.0
TARGET_BOTH_S = 4.0
TARGET_MANY_S = 25.0
TARGET_MANY_MB = 2_500.0
TIMEOUT_S = 600.0

READ = """\
import sys, time
from pathlib import Path
from auditwright.app.cycles import no_search_for_cycles
from auditwright.app.vulns.files import mapped_report
from auditwright.vulns.merge import merge
start = time.perf_counter()
with no_search_for_cycles():
    merged = merge([mapped_report(Path(file)) for file in sys.argv[2:]])
taken = time.perf_counter() - start
assert sum(len(report.rows) for report in merged.reports) == int(sys.argv[1])
print(f"{taken:.4f} {len(merged.issues)}", file=sys.stderr)
"""

DECODE = """\
import gc, sys, time
from pathlib import Path
import msgspec
from auditwright.vulns.readers.grype import WholeReport
body = Path(sys.argv[1]).read_bytes()
gc.disable()
start = time.perf_counter()
msgspec.json.decode(body, type=WholeReport)
print(f"{time.perf_counter() - start:.4f}", file=sys.stderr)
"""


def measure(scratch: Path, repeats: int) -> list[Row]:
    """One report of Grype, the same with one of Trivy beside it, and a million rows in one file."""
    grype, trivy, many = scratch / "grype.json", scratch / "trivy.json", scratch / "many.json"
    _write(grype, _grype(SIZE))
    _write(trivy, _trivy(SIZE))
    # In turn, so that a machine that is busy for a while slows both.
    turns = [(_ran(scratch, READ, str(SIZE), grype), _ran(scratch, DECODE, grype)) for _ in range(repeats)]
    alone = [read for read, _ in turns]
    decoding = median(_said(decoded) for _, decoded in turns)
    both = [_ran(scratch, READ, str(2 * SIZE), grype, trivy) for _ in range(repeats)]
    grype_size = grype.stat().st_size / MB
    trivy.unlink()
    _write(many, _grype(MANY))
    million = _ran(scratch, READ, str(MANY), many)
    size = f"{SIZE:,} matches of Grype ({grype_size:,.0f} MB)"
    taken = median(map(_said, alone))
    return [
        Row(
            name=f"vulns: {size} read and merged",
            unit="s",
            measured=taken,
            target=TARGET_S,
            beside=Beside(name="decoding alone", value=decoding),
        ),
        Row(
            name=f"vulns: {size}, times decoding alone",
            unit="",
            measured=taken / decoding,
            target=TARGET_RATIO,
        ),
        Row(
            name=f"vulns: {size}, peak memory",
            unit="MB",
            measured=median(ran.peak_mb for ran in alone),
            target=TARGET_MB,
            beside=Beside(name="the file", value=grype_size),
        ),
        Row(
            name="vulns: with as many rows of Trivy beside it",
            unit="s",
            measured=median(map(_said, both)),
            target=TARGET_BOTH_S,
        ),
        Row(
            name=f"vulns: {MANY:,} matches in one file",
            unit="s",
            measured=_said(million),
            target=TARGET_MANY_S,
            note="once",
        ),
        Row(
            name=f"vulns: {MANY:,} matches, peak memory",
            unit="MB",
            measured=million.peak_mb,
            target=TARGET_MANY_MB,
            beside=Beside(name="the file", value=many.stat().st_size / MB),
        ),
    ]


def _ran(scratch: Path, program: str, *arguments: str | Path) -> Ran:
    ran = run([sys.executable, "-c", program, *arguments], scratch, timeout_s=TIMEOUT_S)
    return expect(ran, [0], "reading the reports")


def _said(ran: Ran) -> float:
    return float(ran.said.split()[0])


def _real(name: str) -> Mapping[str, object]:
    folder = resources.files("auditwright.app.demo.scans")
    body = gzip.decompress(folder.joinpath(f"2026.11.1-postgres-{name}.json.gz").read_bytes())
    return cast("Mapping[str, object]", json.loads(body))


_CVE = re.compile(r"CVE-(\d{4})-\d+")


def _copies(rows: list[object], size: int) -> Iterator[str]:
    """Rows as JSON, each copy of a row with ids that no other copy has."""
    texts = [json.dumps(row, indent=1) for row in rows]
    for number in range(size):
        copy, which = divmod(number, len(texts))
        yield _CVE.sub(lambda found: f"CVE-{found[1]}-{100_000 + copy}{which:04}", texts[which])  # noqa: B023  # used at once


def write_grype(file: Path, size: int) -> None:
    """A report of Grype with that many matches."""
    _write(file, _grype(size))


def _grype(size: int) -> Iterator[str]:
    document = dict(_real("grype"))
    rows = cast("list[object]", document.pop("matches"))
    yield from _document("matches", _copies(rows, size), document)


def _trivy(size: int) -> Iterator[str]:
    document = dict(_real("trivy"))
    results = cast("list[dict[str, object]]", document.pop("Results"))
    rows = cast("list[object]", results[0].pop("Vulnerabilities"))
    whole = "".join(_document("Vulnerabilities", _copies(rows, size), results[0]))
    yield json.dumps(document, indent=1)[:-2] + ',\n "Results": [\n' + whole + "]}\n"


def _document(member: str, elements: Iterator[str], rest: Mapping[str, object]) -> Iterator[str]:
    """A document as a scanner prints it, its long list first."""
    yield f'{{\n "{member}": [\n'
    for number, element in enumerate(elements):
        indented = "\n".join(f"  {line}" for line in element.splitlines())
        yield f",\n{indented}" if number else indented
    tail = json.dumps(rest, indent=1)
    yield f"\n ],{tail[1:]}\n"


def _write(file: Path, pieces: Iterator[str]) -> None:
    with file.open("w") as opened:
        opened.writelines(pieces)
