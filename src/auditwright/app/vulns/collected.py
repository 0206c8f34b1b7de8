"""What a run collected of Amazon Inspector, as report files like those of any scanner."""

from collections.abc import Iterator
from pathlib import Path

from auditwright.app.errors import AppError
from auditwright.app.running import latest_run
from auditwright.app.vulns.kept import body_of
from auditwright.app.workspace import Workspace
from auditwright.core.evidence import Scope
from auditwright.core.run import EvidenceRecord
from auditwright.integrations.inspector import FINDINGS


def write_collected(workspace: Workspace, out: Path) -> Iterator[Path]:
    """One file for each account and region: its pages, as a list. Raises AppError where a page is missing."""
    run = latest_run(workspace)
    records = workspace.stores.records
    hidden = [gap.gap for gap in records.gaps(run.id) if gap.gap.stream == FINDINGS]
    if hidden:
        raise AppError(
            f"Inspector's findings were not read to the end: {hidden[0].sentence()}. Part of them would look like fewer; "
            "mend it and run again."
        )
    scopes: dict[Scope, list[EvidenceRecord]] = {}
    for record in records.evidence(run.id):
        if record.stream == FINDINGS:
            scopes.setdefault(record.scope, []).append(record)
    if not scopes:
        raise AppError(
            "The last run collected nothing of Inspector. Connect it: auditwright connect inspector"
        )
    out.mkdir(parents=True, exist_ok=True)
    for scope, pages in sorted(scopes.items()):
        bodies = [
            body_of(workspace, page.digest) for page in sorted(pages, key=lambda page: page.query.parameters)
        ]
        account = "".join(letter if letter.isalnum() else "-" for letter in scope.account)
        file = out / f"inspector-{account}-{scope.region}.json"
        file.write_bytes(b"[" + b",\n".join(bodies) + b"]\n")
        yield file
