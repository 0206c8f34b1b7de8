"""The audits of npm and pnpm: `npm audit --json` of version 6 (`advisories`) and of 7 and later (`vulnerabilities`).

Since version 7 a package is listed for each package below it that is vulnerable; the text of such an entry names another entry, and is no
vulnerability of its own.
"""

import re
from collections.abc import Iterator
from typing import TypeVar

import msgspec

from auditwright.vulns.readers.door import Buffer, UnreadableReportError, json_document
from auditwright.vulns.readers.glimpse import Glimpse, Reader
from auditwright.vulns.readers.wire import Number, first_line, number, texts
from auditwright.vulns.report import (
    Fix,
    Match,
    Package,
    Report,
    Row,
    Score,
    Skipped,
    Target,
    Tool,
    severity_of,
)

T = TypeVar("T")


class _Cvss(msgspec.Struct):
    score: Number = None
    vector: str | None = msgspec.field(default=None, name="vectorString")


class _Via(msgspec.Struct):
    source: int | str | None = None
    name: str | None = None
    dependency: str | None = None
    title: str | None = None
    url: str | None = None
    severity: str | None = None
    cvss: _Cvss | None = None
    range: str | None = None


class _Entry(msgspec.Struct, rename="camel"):
    name: str
    severity: str | None = None
    via: list[_Via | str] | None = None
    range: str | None = None
    nodes: list[str] | None = None
    fix_available: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"false"))


class _Finding(msgspec.Struct):
    version: str | None = None
    paths: list[str] | None = None


class _Advisory(msgspec.Struct):
    id: int | str | None = None
    module_name: str | None = None
    title: str | None = None
    severity: str | None = None
    cves: list[str] | None = None
    github: str | None = msgspec.field(default=None, name="github_advisory_id")
    patched: str | None = msgspec.field(default=None, name="patched_versions")
    url: str | None = None
    findings: list[_Finding] | None = None
    cvss: _Cvss | None = None


_GHSA = re.compile(r"GHSA(?:-[0-9a-z]{4}){3}", re.IGNORECASE)


def read(data: Buffer) -> Report:
    """Read an audit. Raises UnreadableReportError where it lists nothing that could be found, or says that it failed."""
    members = json_document(data, dict[str, msgspec.Raw])
    if "error" in members and not {"advisories", "vulnerabilities"} & members.keys():
        raise UnreadableReportError(
            f"the audit failed: {bytes(members['error']).decode(errors='replace')[:300]}"
        )
    if "advisories" in members:
        return _report("1", _old(members["advisories"]), data)
    if "vulnerabilities" in members:
        return _report("2", _new(members["vulnerabilities"]), data)
    raise UnreadableReportError(
        "an audit has `vulnerabilities` or `advisories`; write it with `npm audit --json`"
    )


Found = Row | Skipped


def _report(version: str, found: Iterator[Found], data: Buffer) -> Report:
    rows: list[Row] = []
    skipped: list[Skipped] = []
    for each in found:
        if isinstance(each, Row):
            rows.append(each)
        else:
            skipped.append(each)
    pnpm = b'"auditReportVersion"' not in bytes(data[:4096]) and any(
        ".>" in path for row in rows for path in row.package.paths
    )
    return Report(
        format="npm-audit",
        format_version=version,
        tool=Tool(name="pnpm-audit" if pnpm else "npm-audit"),
        targets=(Target(kind="repository"),),
        rows=tuple(rows),
        skipped=tuple(skipped),
    )


def _entries(listed: msgspec.Raw, shape: type[T], where: str) -> Iterator[tuple[int, T | Skipped]]:
    """Each entry with its place, which those that are skipped have too."""
    decoder = msgspec.json.Decoder(shape)
    for place, (name, raw) in enumerate(json_document(bytes(listed), dict[str, msgspec.Raw]).items()):
        try:
            yield place, decoder.decode(raw)
        except (msgspec.ValidationError, UnicodeDecodeError) as error:
            yield place, Skipped(where=f"{where}.{name}", why=str(error))


def _old(listed: msgspec.Raw) -> Iterator[Found]:
    for place, said in _entries(listed, _Advisory, "advisories"):
        if isinstance(said, Skipped):
            yield said
            continue
        if not said.module_name:
            yield Skipped(where=f"advisories.{said.id}", why="it names no module")
            continue
        ids = texts((*(said.cves or ()), said.github, *_GHSA.findall(said.url or "")))
        versions = texts(re.findall(r"(?<![<=])>=?\s*v?(\d[\w.+-]*)", said.patched or ""))
        for part, finding in enumerate(said.findings or [_Finding()]):
            yield Row(
                index=place,
                part=part,
                id=ids[0] if ids else f"NPM-{said.id}",
                namespace="npm",
                aliases=ids[1:],
                package=Package(
                    ecosystem="npm",
                    name=said.module_name,
                    version=finding.version or "",
                    paths=texts(finding.paths)[:MAX_PATHS],
                ),
                fix=Fix(state="fixed" if versions else "not-fixed", versions=versions),
                severity=severity_of(said.severity or ""),
                severity_said=said.severity or "",
                severity_source="npm",
                scores=_scores(said.cvss),
                match=Match.EXACT,
                title=first_line(said.title),
                url=said.url or "",
            )


MAX_PATHS = 20
"""The same package lies in many places of a tree."""


def _new(listed: msgspec.Raw) -> Iterator[Found]:
    named = json_document(bytes(listed), dict[str, msgspec.Raw])
    for place, said in _entries(listed, _Entry, "vulnerabilities"):
        if isinstance(said, Skipped):
            yield said
            continue
        if not said.via:
            yield Skipped(
                where=f"vulnerabilities.{said.name}", why="it does not say by what it is vulnerable"
            )
        for part, via in enumerate(said.via or ()):
            if isinstance(via, str):
                if via not in named:
                    yield Skipped(
                        where=f"vulnerabilities.{said.name}",
                        why=f"it is vulnerable by {via}, of which nothing is said",
                    )
                continue  # the entry of that name says it
            name = via.dependency or via.name or said.name
            if not name.strip():
                yield Skipped(where="vulnerabilities", why="an entry names no package")
                continue
            ids = texts(_GHSA.findall(via.url or ""))
            yield Row(
                index=place,
                part=part,
                id=ids[0] if ids else f"NPM-{via.source}",
                namespace="npm",
                package=Package(
                    ecosystem="npm",
                    name=name,
                    paths=texts(said.nodes)[:MAX_PATHS],
                ),
                fix=Fix(state="not-fixed" if bytes(said.fix_available) == b"false" else "fixed", versions=()),
                severity=severity_of(via.severity or said.severity or ""),
                severity_said=via.severity or said.severity or "",
                severity_source="ghsa",
                scores=_scores(via.cvss),
                match=Match.EXACT,
                title=first_line(via.title),
                url=via.url or "",
            )


def _scores(cvss: _Cvss | None) -> tuple[Score, ...]:
    if cvss is None or not cvss.vector:
        return ()
    version = cvss.vector.partition("/")[0].removeprefix("CVSS:")
    return (Score(source="ghsa", version=version, base=number(cvss.score), vector=cvss.vector),)


def _sniff(glimpse: Glimpse) -> bool:
    if glimpse.mentions("auditReportVersion"):
        return True
    if glimpse.mentions("advisories"):
        return "advisories" in glimpse.members and "bomFormat" not in glimpse.members
    if glimpse.mentions("actions"):
        return "advisories" in glimpse.members
    return glimpse.mentions("error", "code", "summary") and glimpse.members.keys() == {"error"}


READER = Reader(id="npm-audit", title="npm and pnpm audit JSON", sniff=_sniff, read=read)
