"""pip-audit's JSON: `pip-audit -f json`, today's object and the list before it."""

import msgspec

from auditwright.vulns.readers.door import Buffer, UnreadableReportError, json_document, json_list
from auditwright.vulns.readers.glimpse import Glimpse, Reader
from auditwright.vulns.readers.wire import first_line, texts
from auditwright.vulns.report import Fix, Match, Package, Report, Row, Skipped, Target, Tool


class _Vulnerability(msgspec.Struct):
    id: str
    fix_versions: list[str] | None = None
    aliases: list[str] | None = None
    description: str | None = None


class _Dependency(msgspec.Struct):
    name: str
    version: str | None = None
    vulns: list[_Vulnerability] | None = None
    skip_reason: str | None = None


def read(data: Buffer) -> Report:
    """Read a report. Raises UnreadableReportError where it has no list of dependencies."""
    rows: list[Row] = []
    packages: list[Package] = []
    skipped: list[Skipped] = []
    decoder = msgspec.json.Decoder(_Dependency)
    for number, raw in enumerate(_dependencies(data)):
        try:
            said = decoder.decode(raw)
        except (msgspec.ValidationError, UnicodeDecodeError) as error:
            skipped.append(Skipped(where=f"dependencies[{number}]", why=str(error)))
            continue
        if said.skip_reason:
            skipped.append(Skipped(where=f"dependencies[{number}]", why=f"{said.name}: {said.skip_reason}"))
            continue
        if said.vulns is None:
            skipped.append(
                Skipped(
                    where=f"dependencies[{number}]",
                    why=f"{said.name}: it does not say whether it was looked up",
                )
            )
            continue
        package = Package(ecosystem="pypi", name=said.name, version=said.version or "")
        packages.append(package)
        for part, each in enumerate(said.vulns):
            versions = texts(each.fix_versions)
            rows.append(
                Row(
                    index=number,
                    part=part,
                    id=each.id.strip(),
                    namespace="pypi",
                    aliases=texts(each.aliases),
                    package=package,
                    fix=Fix(state="fixed" if versions else "not-fixed", versions=versions),
                    match=Match.EXACT,
                    title=first_line(each.description),
                )
            )
    return Report(
        format="pip-audit",
        tool=Tool(name="pip-audit"),
        targets=(Target(kind="filesystem"),),
        rows=tuple(rows),
        packages=tuple(packages),
        skipped=tuple(skipped),
    )


def _dependencies(data: Buffer) -> list[msgspec.Raw]:
    if bytes(data[:4096]).lstrip().startswith(b"["):
        return json_list(data)
    members = json_document(data, dict[str, msgspec.Raw])
    if "dependencies" not in members:
        raise UnreadableReportError("a report of pip-audit has `dependencies`; write it with -f json")
    return json_list(bytes(members["dependencies"]))


def _sniff(glimpse: Glimpse) -> bool:
    if glimpse.head.startswith(b"["):
        return glimpse.mentions("vulns") and {"name", "vulns"} <= glimpse.members.keys()
    return glimpse.mentions("dependencies") and glimpse.members.keys() <= {"dependencies", "fixes"}


READER = Reader(id="pip-audit", title="pip-audit JSON", sniff=_sniff, read=read)
