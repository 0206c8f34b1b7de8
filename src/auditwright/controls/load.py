"""Load the shipped controls: one TOML file per domain, in the order in which a report lists them."""

import re
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from auditwright.controls.library import ControlDomain, ControlLibrary, LibraryControl, Shipped
from auditwright.core.definition import DefinitionError, Table, read_table
from auditwright.core.framework import Cadence, Control, ControlKind
from auditwright.core.ids import ControlId, CriterionId

FILES = (
    "governance.toml",
    "people.toml",
    "policies.toml",
    "risk.toml",
    "vendors.toml",
    "communication.toml",
    "assets.toml",
    "access.toml",
    "network.toml",
    "data.toml",
    "encryption.toml",
    "logging.toml",
    "vulnerabilities.toml",
    "change.toml",
    "incidents.toml",
    "continuity.toml",
    "physical.toml",
    "confidentiality.toml",
    "processing.toml",
    "privacy.toml",
)
"""The shipped files, in the order of a report: from governance to privacy."""

CONTROL_NUMBER = re.compile(r"[0-9]{2}")
"""Two digits, so that ids sort as text."""

FIELDS = (
    "id",
    "version",
    "title",
    "statement",
    "owner_role",
    "criteria",
    "tested_by",
    "cadence",
    "kind",
)


@cache
def load_controls() -> ControlLibrary:
    """The default control library, as shipped."""
    return read_controls(resources.files(__package__), FILES)


def read_controls(folder: Traversable, files: tuple[str, ...]) -> ControlLibrary:
    """Read a library from files of a folder; raises DefinitionError naming the file and the entry."""
    domains: dict[str, ControlDomain] = {}
    controls: dict[ControlId, Control] = {}
    for name in files:
        page = _read(folder, name)
        page.only("domain", "control")
        domain = _domain(page.table("domain"))
        if domain.prefix in domains:
            raise page.error(f"the domain {domain.prefix!r} has a file already; move its controls there")
        domains[domain.prefix] = domain
        for table in page.tables("control"):
            control = _control(table, domain)
            if control.id in controls:
                raise table.error(f"the control {control.id!r} is defined twice; remove one")
            controls[control.id] = control
    return ControlLibrary(
        domains=tuple(domains.values()),
        entries=tuple(LibraryControl(control=control, provenance=Shipped()) for control in controls.values()),
    )


def _read(folder: Traversable, name: str) -> Table:
    file = folder.joinpath(name)
    if not file.is_file():
        raise DefinitionError(f"{name}: the file is missing; install the package again")
    return read_table(file.read_bytes(), file=name)


def _domain(table: Table) -> ControlDomain:
    table.only("prefix", "title")
    return ControlDomain(prefix=table.text("prefix"), title=table.text("title"))


def _control(table: Table, domain: ControlDomain) -> Control:
    table.only(*FIELDS)
    control = Control(
        id=ControlId(table.text("id")),
        version=table.positive("version"),
        title=table.text("title"),
        statement=table.text("statement"),
        owner_role=table.text("owner_role"),
        criteria=tuple(CriterionId(criterion) for criterion in table.texts("criteria")),
        tested_by=table.text("tested_by"),
        cadence=table.choice("cadence", Cadence),
        kind=table.choice("kind", ControlKind),
    )
    number = control.id.rpartition("-")[2]
    if control.domain != domain.prefix or not CONTROL_NUMBER.fullmatch(number):
        raise table.error(
            f"the id {control.id!r} is not {domain.prefix} with two digits, such as {domain.prefix}-01"
        )
    return control
