"""The program folder as one value: the organization, its scope, its integrations, controls and waivers.

```
auditwright.toml     organization, categories in scope, period, evidence, log, schedule, vulnerabilities, webhooks, integrations, tests;
                     of the web app, the identity provider that people sign in with;
                     of proofs of access, who vouches for a second factor and what has to be behind one
controls/*.yaml      changes to the shipped controls, and the organization's own
vulnerabilities/     decisions about vulnerabilities, and the table that sets their deadlines
waivers/*.yaml       approved, expiring acceptances of risk
tests/*.py | *.sql   the organization's own control tests
```
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import TypeVar

from auditwright.core.framework import (
    Cadence,
    Control,
    ControlKind,
    ControlOverride,
    NotApplicableReason,
)
from auditwright.core.ids import (
    CategoryId,
    ControlId,
    CriterionId,
    Digest,
    IntegrationId,
    TestId,
    WaiverId,
)
from auditwright.core.period import Period
from auditwright.core.waiver import InvalidWaiverError, Waiver
from auditwright.program.document import Entry, Fields, ProgramError, read_toml, yaml_entries
from auditwright.program.sign_in import IdentityProvider, identity_provider
from auditwright.program.vulnerabilities import VulnerabilitySettings, vulnerability_settings

SETTINGS_FILE = "auditwright.toml"

LEAST_EVERY = timedelta(minutes=15)
"""Sources limit how often they are asked, and little changes in less."""

MOST_EVERY = timedelta(days=31)
"""What was collected longer ago has lapsed."""

_SPAN = re.compile(r"(\d{1,4})([mhd])", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}

E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class TestSetting:
    """One setting of a test, as the organization wrote it."""

    test: TestId
    name: str
    value: int | str | bool | tuple[str, ...]
    where: str
    """The file and line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationSettings:
    """One integration's table, and where it stands."""

    id: IntegrationId
    values: Mapping[str, object]
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTestFile:
    """A file with control tests of the organization."""

    file: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceBucket:
    """A bucket of S3-compatible storage that evidence is kept in; its credentials come from the environment."""

    bucket: str
    prefix: str
    endpoint_url: str
    """Empty for Amazon S3 itself."""
    region: str
    retention_days: int
    """For how long nobody can delete (Object Lock in compliance mode); 0: not locked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampAuthority:
    """Who states when a checkpoint existed (RFC 3161), and the file of the root certificates that are trusted."""

    url: str
    roots: str
    """A path within the program folder, to certificates in PEM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorAttestation:
    """What somebody vouches for: that an identity provider or another account asks each person for a second factor."""

    subject: str
    """The ARN of an identity provider, or the number of an account."""
    mfa_required: bool
    evidence: str
    """What it rests on, such as a ticket or a screenshot's place."""
    until: datetime
    """From then on it no longer counts."""
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessTarget:
    """Something that nobody without a second factor may get to: an action on a resource."""

    name: str
    action: str
    resource: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Everything that an organization defines."""

    organization: str
    notice: str
    """Said on every report, such as that a cloud is emulated; empty for none."""
    framework: str
    categories: tuple[CategoryId, ...]
    period: Period | None
    bucket: EvidenceBucket | None
    """None: evidence is kept in the state folder."""
    every: timedelta | None
    """How often `auditwright serve` runs by itself; None where people or a cron job do."""
    timestamps: TimestampAuthority | None
    """None: checkpoints are signed, and nobody outside states their time."""
    attestations: tuple[FactorAttestation, ...]
    access_targets: tuple[AccessTarget, ...]
    vulnerabilities: VulnerabilitySettings
    identity_provider: IdentityProvider | None
    """Where people sign in once for everything; None: nowhere but here."""
    webhook_hosts: tuple[str, ...]
    """Hosts that webhooks may reach though they are not public, and without TLS."""
    integrations: tuple[IntegrationSettings, ...]
    test_settings: tuple[TestSetting, ...]
    control_overrides: tuple[ControlOverride, ...]
    own_controls: tuple[Control, ...]
    waivers: tuple[Waiver, ...]
    waiver_places: Mapping[WaiverId, str]
    own_tests: tuple[OwnTestFile, ...]
    digest: Digest
    """Of every file of the folder that defines something."""


def read_program(files: Mapping[str, bytes]) -> Program:
    """Read a program from its files, by path within the folder; raises ProgramError with file:line."""
    if SETTINGS_FILE not in files:
        raise ProgramError(f"{SETTINGS_FILE}:1: the file is missing; `auditwright init DIR` writes one")
    settings = read_toml(files[SETTINGS_FILE], file=SETTINGS_FILE).fields()
    settings.only(
        "organization",
        "scope",
        "sign_in",
        "access",
        "vulnerabilities",
        "evidence",
        "log",
        "schedule",
        "integrations",
        "tests",
        "webhooks",
    )
    organization = settings.required("organization").fields()
    organization.only("name", "notice")
    scope = settings.required("scope").fields()
    scope.only("framework", "categories", "period")
    notice = organization.optional("notice")
    framework = scope.optional("framework")
    attestations, targets = _access(settings.optional("access"))
    overrides, own = _controls(files)
    waivers = dict(_waivers(files))
    return Program(
        organization=organization.required("name").text(),
        notice=notice.text() if notice else "",
        framework=framework.text() if framework else "soc2",
        categories=tuple(CategoryId(name) for name in scope.required("categories").texts()),
        period=_period(scope.optional("period")),
        bucket=_bucket(settings.optional("evidence")),
        every=_every(settings.optional("schedule")),
        timestamps=_timestamps(settings.optional("log")),
        attestations=attestations,
        access_targets=targets,
        vulnerabilities=vulnerability_settings(settings.optional("vulnerabilities"), files),
        identity_provider=identity_provider(settings.optional("sign_in")),
        webhook_hosts=_webhook_hosts(settings.optional("webhooks")),
        integrations=tuple(_integrations(settings.optional("integrations"))),
        test_settings=tuple(_test_settings(settings.optional("tests"))),
        control_overrides=overrides,
        own_controls=own,
        waivers=tuple(waivers),
        waiver_places={waiver.id: place for waiver, place in waivers.items()},
        own_tests=tuple(
            OwnTestFile(file=path, body=body)
            for path, body in sorted(files.items())
            if path.startswith("tests/") and path.endswith((".py", ".sql"))
        ),
        digest=_digest(files),
    )


def _bucket(entry: Entry | None) -> EvidenceBucket | None:
    if entry is None:
        return None
    fields = entry.fields()
    fields.only("bucket", "prefix", "endpoint_url", "region", "retention_days")
    retention = fields.optional("retention_days")
    if retention is not None and retention.integer() < 0:
        raise retention.error("expected a number of days, 0 for no lock")

    def text(name: str) -> str:
        given = fields.optional(name)
        return given.text() if given else ""

    return EvidenceBucket(
        bucket=fields.required("bucket").text(),
        prefix=text("prefix"),
        endpoint_url=text("endpoint_url"),
        region=text("region"),
        retention_days=retention.integer() if retention else 0,
    )


def _every(entry: Entry | None) -> timedelta | None:
    if entry is None:
        return None
    fields = entry.fields()
    fields.only("every")
    every = fields.required("every")
    found = _SPAN.fullmatch(every.text())
    span = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else timedelta()
    if not LEAST_EVERY <= span <= MOST_EVERY:
        raise every.expected('a time from "15m" to "31d", such as "24h"')
    return span


def _timestamps(entry: Entry | None) -> TimestampAuthority | None:
    if entry is None:
        return None
    fields = entry.fields()
    fields.only("timestamp_url", "timestamp_roots")
    url = fields.required("timestamp_url")
    if not url.text().startswith(("https://", "http://")):
        raise url.error("expected an address that begins with https:// or http://")
    return TimestampAuthority(url=url.text(), roots=fields.required("timestamp_roots").text())


def _period(entry: Entry | None) -> Period | None:
    if entry is None:
        return None
    fields = entry.fields()
    fields.only("start", "end")
    start, end = fields.required("start").day(), fields.required("end").day()
    if end < start:
        raise entry.error(f"the period ends on {end}, before it starts on {start}")
    midnight = time(tzinfo=UTC)
    # The last day belongs to the period.
    return Period(
        start=datetime.combine(start, midnight), end=datetime.combine(end + timedelta(days=1), midnight)
    )


def _access(entry: Entry | None) -> tuple[tuple[FactorAttestation, ...], tuple[AccessTarget, ...]]:
    if entry is None:
        return (), ()
    fields = entry.fields()
    fields.only("attestation", "target")
    vouched, named = fields.optional("attestation"), fields.optional("target")
    targets = tuple(_access_target(each) for each in named.items()) if named else ()
    seen: dict[str, AccessTarget] = {}
    for target, each in zip(targets, named.items() if named else (), strict=True):
        if target.name in seen:
            raise each.error(f"the target {target.name!r} stands in {seen[target.name].where} already")
        seen[target.name] = target
    return tuple(_attestation(each) for each in vouched.items()) if vouched else (), targets


_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_PROVIDER = re.compile(r"arn:[\w-]+:iam::\d{12}:(saml|oidc)-provider/\S+", re.ASCII)
_ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z0-9]+", re.ASCII)


def _attestation(entry: Entry) -> FactorAttestation:
    fields = entry.fields()
    fields.only("provider", "account", "mfa_required", "evidence", "until")
    provider, account = fields.optional("provider"), fields.optional("account")
    subject = provider or account
    if subject is None or (provider and account):
        raise entry.error("expected either provider, the ARN of an identity provider, or account, a number")
    if provider and not _PROVIDER.fullmatch(provider.text()):
        raise provider.error("expected the ARN of an identity provider")
    if account and not _ACCOUNT.fullmatch(account.text()):
        raise account.error("expected an account's number, of twelve digits")
    return FactorAttestation(
        subject=subject.text(),
        mfa_required=fields.required("mfa_required").flag(),
        evidence=fields.required("evidence").text(),
        until=fields.required("until").moment(),
        where=f"{entry.document.file}:{entry.document.line(entry.path)}",
    )


def _access_target(entry: Entry) -> AccessTarget:
    fields = entry.fields()
    fields.only("name", "action", "resource")
    action, resource = fields.required("action"), fields.required("resource")
    if not _ACTION.fullmatch(action.text()):
        raise action.error("expected one action, such as s3:GetObject")
    if not resource.text().startswith("arn:") or "*" in resource.text() or "?" in resource.text():
        raise resource.error("expected the ARN of one resource, without * or ?")
    return AccessTarget(
        name=fields.required("name").text(),
        action=action.text(),
        resource=resource.text(),
        where=f"{entry.document.file}:{entry.document.line(entry.path)}",
    )


def _webhook_hosts(entry: Entry | None) -> tuple[str, ...]:
    if entry is None:
        return ()
    fields = entry.fields()
    fields.only("allow")
    allow = fields.optional("allow")
    hosts = tuple(host.lower() for host in allow.texts()) if allow else ()
    if allow and any("/" in host or "*" in host for host in hosts):
        raise allow.error("expected names or addresses of hosts, such as 10.0.0.5, without / or *")
    return hosts


def _integrations(entry: Entry | None) -> Iterator[IntegrationSettings]:
    for name, table in entry.fields() if entry else ():
        yield IntegrationSettings(
            id=IntegrationId(name),
            values={key: member.value for key, member in table.fields()},
            where=f"{SETTINGS_FILE}:{table.document.line(table.path)}",
        )


def _test_settings(entry: Entry | None) -> Iterator[TestSetting]:
    for test, table in entry.fields() if entry else ():
        for name, value in table.fields():
            yield TestSetting(
                test=TestId(test),
                name=name,
                value=_setting(value),
                where=f"{SETTINGS_FILE}:{value.document.line(value.path)}",
            )


def _setting(entry: Entry) -> int | str | bool | tuple[str, ...]:
    match entry.value:
        case bool() | str() as value:
            return value
        case int():
            return entry.integer()
        case list():
            return entry.texts()
        case _:
            raise entry.error("expected a number, a text, true, false or a list of texts")


def _controls(files: Mapping[str, bytes]) -> tuple[tuple[ControlOverride, ...], tuple[Control, ...]]:
    overrides: list[ControlOverride] = []
    own: list[Control] = []
    for entry in yaml_entries(files, "controls/"):
        fields = entry.fields()
        if "title" in fields.members:
            own.append(_own_control(fields))
        else:
            overrides.append(_override(entry, fields))
    return tuple(overrides), tuple(own)


def _override(entry: Entry, fields: Fields) -> ControlOverride:
    fields.only("id", "statement", "owner_role", "cadence", "not_applicable")
    statement, owner = fields.optional("statement"), fields.optional("owner_role")
    cadence, excluded = fields.optional("cadence"), fields.optional("not_applicable")
    return ControlOverride(
        id=ControlId(fields.required("id").text()),
        source=f"{entry.document.file}:{entry.document.line(entry.path)}",
        statement=statement.text() if statement else None,
        owner_role=owner.text() if owner else None,
        cadence=_choice(cadence, Cadence) if cadence else None,
        not_applicable=_not_applicable(excluded.fields()) if excluded else None,
    )


def _not_applicable(fields: Fields) -> NotApplicableReason:
    fields.only("reason", "approver")
    return NotApplicableReason(
        reason=fields.required("reason").text(), approver=fields.required("approver").text()
    )


def _own_control(fields: Fields) -> Control:
    fields.only("id", "title", "statement", "owner_role", "criteria", "tested_by", "cadence", "kind")
    kind = fields.optional("kind")
    return Control(
        id=ControlId(fields.required("id").text()),
        version=1,
        title=fields.required("title").text(),
        statement=fields.required("statement").text(),
        owner_role=fields.required("owner_role").text(),
        criteria=tuple(CriterionId(name) for name in fields.required("criteria").texts()),
        tested_by=fields.required("tested_by").text(),
        cadence=_choice(fields.required("cadence"), Cadence),
        kind=_choice(kind, ControlKind) if kind else ControlKind.MANUAL,
    )


def _waivers(files: Mapping[str, bytes]) -> Iterator[tuple[Waiver, str]]:
    places: dict[WaiverId, str] = {}
    for entry in yaml_entries(files, "waivers/"):
        fields = entry.fields()
        fields.only("id", "test", "items", "reason", "requested_by", "approved_by", "approved_at", "ends_at")
        place = f"{entry.document.file}:{entry.document.line(entry.path)}"
        try:
            waiver = Waiver(
                id=WaiverId(fields.required("id").text()),
                test=TestId(fields.required("test").text()),
                items=fields.required("items").texts(),
                reason=fields.required("reason").text(),
                requested_by=fields.required("requested_by").text(),
                approved_by=fields.required("approved_by").text(),
                approved_at=fields.required("approved_at").moment(),
                ends_at=fields.required("ends_at").moment(),
            )
        except InvalidWaiverError as error:
            raise entry.error(str(error)) from None
        if waiver.id in places:
            raise entry.error(f"the waiver {waiver.id} stands in {places[waiver.id]} already")
        places[waiver.id] = place
        yield waiver, place


def _choice(entry: Entry, choices: type[E]) -> E:
    value = entry.text()
    try:
        return choices(value)
    except ValueError:
        raise entry.error(f"{value!r} is not one of {', '.join(choices)}") from None


def _digest(files: Mapping[str, bytes]) -> Digest:
    whole = hashlib.sha256()
    for path, body in sorted(files.items()):
        whole.update(f"{path}\0{hashlib.sha256(body).hexdigest()}\n".encode())
    return Digest(whole.hexdigest())
