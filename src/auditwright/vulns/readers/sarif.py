"""SARIF 2.1.0 of scanners that put packages into it: Grype, Trivy, OSV-Scanner, and others that name a package URL.

SARIF has no place for a package. Grype and Trivy write it into a rule's help, others into properties; a result from which no package can
be told is skipped, since a vulnerability of nothing is no finding.
"""

import re
from collections.abc import Iterator, Mapping

import msgspec

from auditwright.vulns.readers.door import Buffer, UnreadableReportError, json_document
from auditwright.vulns.readers.glimpse import Glimpse, Reader
from auditwright.vulns.readers.purl import package_of
from auditwright.vulns.readers.wire import Number, first_line, number, texts
from auditwright.vulns.report import Fix, Package, Report, Row, Score, Skipped, Target, Tool, severity_of


class _Text(msgspec.Struct):
    text: str | None = None


class _Rule(msgspec.Struct, rename="camel"):
    id: str | None = None
    short_description: _Text | None = None
    help: _Text | None = None
    help_uri: str | None = None
    properties: dict[str, msgspec.Raw] | None = None


class _Driver(msgspec.Struct):
    name: str | None = None
    version: str | None = None
    rules: list[_Rule] | None = None


class _Tools(msgspec.Struct):
    driver: _Driver | None = None


class _Artifact(msgspec.Struct):
    uri: str | None = None


class _Physical(msgspec.Struct):
    artifact: _Artifact | None = msgspec.field(default=None, name="artifactLocation")


class _Location(msgspec.Struct):
    physical: _Physical | None = msgspec.field(default=None, name="physicalLocation")
    message: _Text | None = None


class _Suppression(msgspec.Struct):
    kind: str | None = None
    status: str | None = None
    justification: str | None = None


class _Result(msgspec.Struct, rename="camel"):
    rule_id: str | None = None
    rule_index: int | None = None
    level: str | None = None
    message: _Text | None = None
    locations: list[_Location] | None = None
    suppressions: list[_Suppression] | None = None
    properties: dict[str, msgspec.Raw] | None = None


class _Invocation(msgspec.Struct, rename="camel"):
    execution_successful: bool | None = None


class _Run(msgspec.Struct):
    tool: _Tools | None = None
    invocations: list[_Invocation] | None = None
    results: list[msgspec.Raw] | None = None


class _Log(msgspec.Struct):
    version: str | None = None
    runs: list[_Run] | None = None


def read(data: Buffer) -> Report:
    """Read a log. Raises UnreadableReportError where it has no runs."""
    if "runs" not in json_document(data, dict[str, msgspec.Raw]):
        raise UnreadableReportError("a SARIF log has `runs`")
    log = json_document(data, _Log)
    rows: list[Row] = []
    skipped: list[Skipped] = []
    targets: list[Target] = []
    driver = _Driver()
    position = 0
    for number_, run in enumerate(log.runs or ()):
        driver = (run.tool.driver if run.tool else None) or _Driver()
        rules = driver.rules or []
        by_id = {rule.id: rule for rule in rules if rule.id}
        targets.append(Target(kind="unknown"))
        if run.results is None or any(each.execution_successful is False for each in run.invocations or ()):
            skipped.append(
                Skipped(
                    where=f"runs[{number_}]", why="the run did not end well, so that what it lists is not all"
                )
            )
        decoder = msgspec.json.Decoder(_Result)
        for offset, raw in enumerate(run.results or ()):
            try:
                result = decoder.decode(raw)
                said = _row(result, _rule(result, rules, by_id))
            except (msgspec.ValidationError, UnicodeDecodeError) as error:
                said = str(error)
            if isinstance(said, str):
                skipped.append(Skipped(where=f"runs[{number_}].results[{offset}]", why=said))
            else:
                rows.append(msgspec.structs.replace(said, index=position, target=number_))
            position += 1
    return Report(
        format="sarif",
        format_version=log.version or "",
        tool=Tool(name=(driver.name or "sarif").lower().replace(" ", "-"), version=driver.version or ""),
        targets=tuple(targets) or (Target(),),
        rows=tuple(rows),
        skipped=tuple(skipped),
    )


def _rule(result: _Result, rules: list[_Rule], by_id: Mapping[str, _Rule]) -> _Rule:
    if result.rule_id is not None and result.rule_id in by_id:
        return by_id[result.rule_id]
    index = result.rule_index
    return rules[index] if index is not None and 0 <= index < len(rules) else _Rule(id=result.rule_id)


_ID = re.compile(
    r"(?:CVE-\d{4}-\d{4,}|GHSA(?:-[0-9a-z]{4}){3}|GO-\d{4}-\d+|PYSEC-\d{4}-\d+|RUSTSEC-\d{4}-\d+|SNYK-[A-Z0-9-]+|ALAS[\w-]*-\d+|(?:RH|EL)SA-[\d:-]+|D[SL]A-\d+-\d+)",
    re.IGNORECASE,
)

_PURL = re.compile(r"pkg:[a-z0-9.+-]+/[^\s\"'`)\]]+")


def _row(result: _Result, rule: _Rule) -> Row | str:
    """The row, or why it is none."""
    ids = texts(
        _ID.findall(" ".join(texts((result.rule_id, rule.id))))
        or _ID.findall(rule.help.text or "" if rule.help else "")
    )
    if not ids:
        return "the rule names no vulnerability"
    package = _package(result, rule)
    if package is None:
        return "no package can be told from the result"
    facts = _facts(_words(result, rule))
    score = number(_property(rule, "security-severity"))
    fixed = texts((facts.get("fixed version") or facts.get("fix version") or "").split(","))
    severity = facts.get("severity") or result.level or ""
    return Row(
        index=0,
        id=ids[0],
        namespace=facts.get("data namespace", ""),
        aliases=ids[1:],
        package=package,
        fix=Fix(state="fixed", versions=fixed) if fixed else Fix(),
        severity=severity_of(severity),
        severity_said=severity,
        scores=(Score(source="", version="", base=score),) if score is not None else (),
        title=first_line(rule.short_description.text if rule.short_description else None),
        url=rule.help_uri or "",
        suppressed=_suppressed(result),
    )


def _words(result: _Result, rule: _Rule) -> str:
    """What a tool wrote for people: Trivy into the message, Grype into the rule's help."""
    return "\n".join(
        texts(((rule.help.text if rule.help else None), (result.message.text if result.message else None)))
    )


def _facts(words: str) -> dict[str, str]:
    """Lines such as `Fixed Version: 1.2`."""
    pairs = (line.partition(":") for line in words.splitlines())
    return {name.strip().lower(): value.strip() for name, colon, value in pairs if colon and value.strip()}


def _package(result: _Result, rule: _Rule) -> Package | None:
    for text in (_text(result, "purl"), _text(rule, "purl"), _words(result, rule)):
        found = _PURL.search(text)
        package = package_of(found[0].rstrip(".,;")) if found else None
        if package is not None:
            return package
    facts = _facts(_words(result, rule))
    name = facts.get("package")
    if not name:
        return None
    ecosystem = facts.get("type", "").lower()
    path = next(
        (
            location.physical.artifact.uri
            for location in result.locations or ()
            if location.physical and location.physical.artifact
        ),
        None,
    )
    return Package(
        ecosystem=ecosystem,
        name=name,
        version=facts.get("installed version") or facts.get("version") or "",
        paths=texts((facts.get("location") or path,)),
    )


def _property(held: _Rule | _Result, name: str) -> Number:
    raw = (held.properties or {}).get(name)
    try:
        return msgspec.json.decode(raw, type=float | str | None) if raw is not None else None
    except msgspec.DecodeError:
        return None


def _text(held: _Rule | _Result, name: str) -> str:
    value = _property(held, name)
    return value if isinstance(value, str) else ""


def _suppressed(result: _Result) -> str:
    reasons: Iterator[str] = (
        each.justification or f"suppressed {each.kind or ''}".strip()
        for each in result.suppressions or ()
        if each.status in {None, "accepted"}
    )
    return "; ".join(reasons)


def _sniff(glimpse: Glimpse) -> bool:
    return glimpse.mentions("runs") and (
        b"sarif" in glimpse.head.lower() or {"runs", "version"} <= glimpse.members.keys()
    )


READER = Reader(id="sarif", title="SARIF 2.1.0", sniff=_sniff, read=read)
