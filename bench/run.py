"""Measure Auditwright and print one table: `make bench`.

Each part stands in a module of its own and answers rows. What is measured stands beside what no program could
do faster, or beside a peer, measured in the same run, so that the ratio says something on any machine.

Exits with 1 only where something could not be measured; a target that was missed is said in the table.
"""

import argparse
import compileall
import platform
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

# Run as a file, Python looks for modules beside it; the parts are `bench.…`, from the folder above.
sys.path[0] = str(Path(__file__).resolve().parents[1])

import auditwright  # noqa: E402
from bench import access, access_peers, aws, cli_start, log, resources, vulns, web  # noqa: E402
from bench.rows import CannotMeasureError, Row, table  # noqa: E402

PARTS: Mapping[str, Callable[[Path, int], list[Row]]] = {
    "cli_start": cli_start.measure,
    "log": log.measure,
    "resources": resources.measure,
    "aws": aws.measure,
    "access": access.measure,
    "vulns": vulns.measure,
    "web": web.measure,
}

WITH_PEERS: Mapping[str, Callable[[Path, int], list[Row]]] = {
    "aws": aws.measure_with_peer,
    "access": access_peers.measure,
}
"""Parts that measure others too, which are installed from PyPI and npm."""

REPEATS = 3
"""Enough for a median; the whole stays within minutes."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the parts that are named, or all of them."""
    parser = argparse.ArgumentParser(description="Measure Auditwright and print one table.")
    parser.add_argument("parts", nargs="*", help=f"what to measure: {', '.join(PARTS)}; all by default")
    parser.add_argument(
        "--peers", action="store_true", help="measure Prowler, PMapper and iam-simulate beside it"
    )
    parser.add_argument(
        "--repeats", type=int, default=REPEATS, help="measurements of which the median counts"
    )
    options = parser.parse_args(arguments)
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}; the parts are {', '.join(PARTS)}")
    parts = {**PARTS, **WITH_PEERS} if options.peers else PARTS
    # What pip installs, it compiles; a checkout is compiled by whoever imports it first.
    compileall.compile_dir(Path(auditwright.__file__).parent, quiet=1)
    rows: list[Row] = []
    failed = False
    for name in options.parts or PARTS:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="auditwright-bench-") as scratch:
            try:
                rows += parts[name](Path(scratch), options.repeats)
            except CannotMeasureError as error:
                failed = True
                print(f"{name} could not be measured: {error}", file=sys.stderr)
    print(f"Python {platform.python_version()}, {platform.machine()}\n")
    print(table(rows))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
