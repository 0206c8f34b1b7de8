"""Settings as they are: what the program folder defines, where things are kept, and the log's public key."""

from dataclasses import dataclass
from datetime import datetime

from auditwright import __version__
from auditwright.app.queries.view import View
from auditwright.app.workspace import database_url
from auditwright.core.period import Period
from auditwright.core.question import Question
from auditwright.core.run import Checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsPage:
    """What an organization set, and what it runs on."""

    organization: str
    framework: str
    categories: tuple[str, ...]
    period: Period | None
    digest: str
    """Of every defining file."""
    own_tests: int
    own_controls: int
    changed_controls: int
    records: str
    """Where the records are kept; never an address with a password."""
    evidence: str
    timestamps: str
    """Who states the time of checkpoints; empty for nobody."""
    origin: str
    verifier_key: str
    log_size: int
    signed_at: datetime | None
    version: str


def settings_page(view: View) -> SettingsPage:
    """The settings; raises StoreError."""
    workspace, program = view.workspace, view.workspace.program
    newest = workspace.stores.records.answer(Checkpoint, Question(order=("-id",), limit=1)).rows
    return SettingsPage(
        organization=program.organization,
        framework=workspace.catalogue.framework.title,
        categories=tuple(
            category.title
            for category in workspace.catalogue.framework.categories
            if any(criterion.category == category.id for criterion in workspace.catalogue.criteria)
        ),
        period=program.period,
        digest=program.digest,
        own_tests=len(program.own_tests),
        own_controls=len(program.own_controls),
        changed_controls=len(program.control_overrides),
        records="PostgreSQL" if database_url() else "SQLite, in the state folder",
        evidence=f"the bucket {program.bucket.bucket}" if program.bucket else "the state folder",
        timestamps=program.timestamps.url if program.timestamps else "",
        origin=workspace.verifier_key.name,
        verifier_key=workspace.verifier_key.text,
        log_size=workspace.stores.records.log_size(),
        signed_at=newest[0].signed_at if newest else None,
        version=__version__,
    )
