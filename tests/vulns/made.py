"""Reports made by hand: a row is about openssl in Debian until something else is asked for."""

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from auditwright.vulns.report import (
    Distribution,
    Fix,
    FixState,
    Match,
    Package,
    Report,
    Row,
    Severity,
    Target,
    Tool,
    VexStatement,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

DEBIAN = Distribution(name="debian", version="12.5")

IMAGE = Target(
    kind="image",
    name="acme/api:1.0",
    architecture="amd64",
    config_digest="sha256:" + "a" * 64,
    tags=("acme/api:1.0",),
    layers=("sha256:base", "sha256:app"),
    distribution=DEBIAN,
)


def package(
    name: str = "libssl3",
    version: str = "3.0.11-1",
    *,
    ecosystem: str = "deb",
    source: str = "openssl",
    **more: object,
) -> Package:
    """A package; more fields by name."""
    made = Package(
        ecosystem=ecosystem, name=name, version=version, source=source if ecosystem == "deb" else ""
    )
    return msgspec.structs.replace(made, **more)


def row(  # noqa: PLR0913  # a row's facts, by name
    id_: str = "CVE-2024-0001",
    *,
    of: Package | None = None,
    aliases: tuple[str, ...] = (),
    bundles: tuple[str, ...] = (),
    fixed: tuple[str, ...] = (),
    state: FixState | None = None,
    severity: Severity = Severity.HIGH,
    match: Match = Match.EXACT,
    **more: object,
) -> Row:
    """A row; its position is set by the report."""
    made = Row(
        index=0,
        id=id_,
        namespace="debian:12",
        aliases=aliases,
        bundles=bundles,
        package=of or package(),
        fix=Fix(state=state or ("fixed" if fixed else "not-fixed"), versions=fixed),
        severity=severity,
        severity_said=str(severity),
        match=match,
    )
    return msgspec.structs.replace(made, **more)


def report(  # noqa: PLR0913  # a report's facts, by name
    tool: str,
    rows: Iterable[Row] = (),
    *,
    target: Target = IMAGE,
    database: str = "2026-11-19T00:00:00Z",
    made_at: datetime | None = NOW,
    packages: tuple[Package, ...] | None = None,
    statements: tuple[VexStatement, ...] = (),
) -> Report:
    """A report of one target."""
    return Report(
        format=tool,
        tool=Tool(name=tool, version="1.0", database=database),
        made_at=made_at,
        targets=(target,),
        rows=tuple(msgspec.structs.replace(each, index=number) for number, each in enumerate(rows)),
        packages=packages,
        statements=statements,
    )
