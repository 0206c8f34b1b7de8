"""Reports to render: a realistic one, one of hostile text, one with everything refused, one with a large population."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache

from auditwright.access.certificate import EVERYBODY
from auditwright.controls.library import Changed, LibraryControl, Own, Shipped
from auditwright.controls.load import load_controls
from auditwright.core.control_test import ControlTest, Remediation, Severity
from auditwright.core.evidence import Gap, GapReason, Query, Scope
from auditwright.core.framework import (
    Cadence,
    Control,
    ControlKind,
    ControlOverride,
    NotApplicableReason,
)
from auditwright.core.ids import (
    ControlId,
    Digest,
    IntegrationId,
    JobId,
    ResourceId,
    RunId,
    StreamId,
    TestId,
    WaiverId,
)
from auditwright.core.outcome import (
    Deviation,
    NotApplicable,
    Observation,
    Outcome,
    Result,
    Satisfied,
    Undetermined,
)
from auditwright.core.period import Period
from auditwright.core.resource import Resource
from auditwright.core.resources import ProvedAccess
from auditwright.core.resources.change import Change
from auditwright.core.resources.data import Database, StorageBucket
from auditwright.core.resources.identity import AccessKey, UserAccount
from auditwright.core.resources.monitoring import AuditTrail
from auditwright.core.resources.network import SecurityGroup
from auditwright.core.run import EvidenceRecord, Finding, GapRecord, Run, RunKind, RunState
from auditwright.core.waiver import Waiver
from auditwright.engine.evaluate import conclude
from auditwright.frameworks.load import criteria_in_scope, load_framework
from auditwright.render.assemble import Held, assemble
from auditwright.render.readiness import ChoiceView, LogExcerpt, ReadinessReport, SourceView

NOW = datetime(2026, 11, 23, 14, 2, 11, tzinfo=UTC)
RUN = RunId("run-2026-11-23-1402")
PRODUCTION, STAGING, SECURITY = "111122223333", "444455556666", "777788889999"
ACCOUNTS = (PRODUCTION, STAGING, SECURITY)

FIX = Remediation(
    console="Open the item in its console, and set what the test asks for.",
    command="",
    terraform="",
)


def digest(text: str) -> Digest:
    return Digest(hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest())


def scope(account: str = PRODUCTION, region: str = "", source: str = "aws") -> Scope:
    return Scope(source=IntegrationId(source), account=account, region=region)


def never(_: Resource) -> Outcome:
    raise AssertionError("a renderer examines nothing")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A test, and what each of its items showed: name, account, region, outcome."""

    test: ControlTest
    items: Sequence[tuple[str, str, str, Outcome]]
    gaps: tuple[Gap, ...] = ()
    operation: str = "iam:GetAccountAuthorizationDetails"

    def result(self) -> Result:
        observations = tuple(
            Observation(
                item=ResourceId(name if ":" in name else f"arn:aws:{self.test.id}::{account}:{name}"),
                name=name,
                account=account,
                region=region,
                outcome=outcome,
                evidence=(digest(f"{self.operation} {account} {region}"),),
            )
            for name, account, region, outcome in self.items
        )
        return Result(
            test=self.test.id,
            population=" | ".join(kind.kind for kind in self.test.populations),
            concluded_at=NOW,
            conclusion=conclude((each.outcome for each in observations), gaps=self.gaps),
            observations=observations,
            gaps=self.gaps,
        )


def a_test(  # noqa: PLR0913  # the fields of a test
    test_id: str,
    title: str,
    *controls: str,
    severity: Severity = Severity.MEDIUM,
    kind: type[Resource] = UserAccount,
    rationale: str = "An attacker uses what nobody looks at.",
    remediation: Remediation = FIX,
) -> ControlTest:
    return ControlTest(
        id=TestId(test_id),
        title=title,
        rationale=rationale,
        controls=tuple(ControlId(each) for each in controls),
        severity=severity,
        remediation=remediation,
        populations=(kind,),
        related={},
        settings={},
        takes_now=False,
        examples=(),
        examine=never,
        source="samples",
    )


def a_gap(operation: str, at: Scope, detail: str, *, hides_items: bool = True) -> Gap:
    return Gap(
        stream=StreamId(f"aws.{operation.partition(':')[0]}"),
        scope=at,
        operation=operation,
        reason=GapReason.REFUSED,
        detail=detail,
        remedy=f"Grant {operation} to the role auditwright-read in {at.account}.",
        hides_items=hides_items,
        at=NOW - timedelta(minutes=4),
    )


REFUSED_GROUPS = a_gap(
    "ec2:DescribeSecurityGroups",
    scope(STAGING, "us-west-2"),
    "UnauthorizedOperation: You are not authorized to perform this operation. User: "
    "arn:aws:sts::444455556666:assumed-role/auditwright-read/run is not authorized to perform: "
    "ec2:DescribeSecurityGroups with an explicit deny in a service control policy",
)
REFUSED_TAGS = a_gap(
    "s3:GetBucketTagging",
    scope(PRODUCTION),
    "AccessDenied: Access Denied",
    hides_items=False,
)


AWS = SourceView(
    id=IntegrationId("aws"),
    title="AWS",
    choices=(
        ChoiceView(name="accounts", title="Accounts", values=("production 111122223333",)),
        ChoiceView(name="regions", title="Regions", values=("eu-central-1", "eu-north-1", "us-east-1")),
    ),
)
GIT = SourceView(id=IntegrationId("git"), title="Git", choices=())


def shipped(control: Control) -> LibraryControl:
    return LibraryControl(control=control, provenance=Shipped())


def not_applicable(control: Control, reason: str, approver: str) -> LibraryControl:
    override = ControlOverride(
        id=control.id,
        source="controls/physical.yaml:4",
        not_applicable=NotApplicableReason(reason=reason, approver=approver),
    )
    return LibraryControl(control=control, provenance=Changed(original=control, override=override))


def changed(control: Control, statement: str) -> LibraryControl:
    override = ControlOverride(
        id=control.id, source="controls/access.yaml:4", statement=statement, cadence=Cadence.WEEKLY
    )
    now = replace(control, statement=statement, cadence=Cadence.WEEKLY)
    return LibraryControl(control=now, provenance=Changed(original=control, override=override))


def own(control: Control) -> LibraryControl:
    return LibraryControl(control=control, provenance=Own())


def accounts(count: int, wrong: Mapping[int, Outcome]) -> list[tuple[str, str, str, Outcome]]:
    names = ("mira.okafor", "jonas.lindqvist", "lena.fischer", "samir.haddad", "priya.raman", "tomas.herrera")
    return [
        (
            f"{names[place % len(names)]}-{place // len(names)}" if place >= len(names) else names[place],
            ACCOUNTS[place % 3],
            "",
            wrong.get(place, Satisfied()),
        )
        for place in range(count)
    ]


def regional(prefix: str, count: int, wrong: Mapping[int, Outcome]) -> list[tuple[str, str, str, Outcome]]:
    regions = ("eu-central-1", "eu-north-1", "us-east-1")
    return [
        (f"{prefix}-{place:03d}", ACCOUNTS[place % 3], regions[place % 3], wrong.get(place, Satisfied()))
        for place in range(count)
    ]


def _detailed() -> list[Seen]:
    mfa = Remediation(
        console="IAM, Users, the user, Security credentials, Assign MFA device.",
        command="aws iam enable-mfa-device --user-name USER --serial-number ARN \\\n"
        "  --authentication-code1 CODE --authentication-code2 CODE",
        terraform='resource "aws_iam_virtual_mfa_device" "user" {\n  virtual_mfa_device_name = "user"\n}',
    )
    return [
        Seen(
            test=a_test(
                "identity.mfa-enrolled",
                "Active user accounts have a second factor enrolled",
                "IAM-02",
                severity=Severity.HIGH,
                rationale="A stolen password alone must not open a session.",
                remediation=mfa,
            ),
            items=accounts(
                46,
                {
                    4: Deviation("priya.raman has a password and no second factor"),
                    11: Deviation("tomas.herrera-1 has a password and no second factor"),
                    20: NotApplicable("the account is disabled"),
                },
            ),
        ),
        Seen(
            test=a_test(
                "identity.access-keys-rotated",
                "Access keys are younger than 90 days",
                "IAM-11",
                kind=AccessKey,
                rationale="A key that leaks is of use for as long as it lives.",
            ),
            items=accounts(
                31,
                {
                    3: Deviation("AKIAIOSFODNN7EXAMPLE is 412 days old; the limit is 90"),
                    9: Deviation("AKIAI44QH8DHBEXAMPLE is 97 days old; the limit is 90"),
                    17: Undetermined("the source does not report when the key was made"),
                },
            ),
        ),
        Seen(
            test=a_test(
                "network.admin-ports-closed",
                "No security group opens SSH or RDP to the internet",
                "NET-01",
                "NET-03",
                severity=Severity.CRITICAL,
                kind=SecurityGroup,
                rationale="Administrative ports are tried within minutes of being opened.",
            ),
            items=regional("sg-0f", 188, {12: Deviation("port 22 is open to 0.0.0.0/0")}),
            gaps=(REFUSED_GROUPS,),
            operation="ec2:DescribeSecurityGroups",
        ),
        Seen(
            test=a_test(
                "data.buckets-closed",
                "No storage bucket can be read by the public",
                "DAT-02",
                severity=Severity.CRITICAL,
                kind=StorageBucket,
                rationale="What anyone can read, somebody has read.",
            ),
            items=regional("nwr-bucket", 64, {7: Deviation("the policy grants s3:GetObject to everyone")}),
            operation="s3:GetBucketPolicy",
        ),
        Seen(
            test=a_test(
                "data.databases-encrypted",
                "Databases are encrypted at rest",
                "CRY-02",
                severity=Severity.HIGH,
                kind=Database,
            ),
            items=regional("fleet-db", 12, {}),
            operation="rds:DescribeDBInstances",
        ),
        Seen(
            test=a_test(
                "logging.trail-covers-regions",
                "A trail records every region",
                "LOG-01",
                severity=Severity.HIGH,
                kind=AuditTrail,
            ),
            items=regional("org-trail", 3, {}),
            operation="cloudtrail:DescribeTrails",
        ),
        Seen(
            test=a_test(
                "change.reviewed",
                "Every change was approved by somebody who did not write it",
                "CHG-01",
                severity=Severity.HIGH,
                kind=Change,
            ),
            items=[(f"fleet-api#{place}", "northwind/fleet-api", "", Satisfied()) for place in range(1284)],
            operation="git:log",
        ),
        Seen(
            test=a_test("change.emergency-reviewed", "Emergency changes are reviewed", "CHG-06", kind=Change),
            items=[],
            operation="git:log",
        ),
    ]


WAIVER = Waiver(
    id=WaiverId("W-23"),
    test=TestId("data.buckets-closed"),
    items=("*nwr-bucket-007*",),
    reason="The bucket serves the public downloads page. It holds released installers only.",
    requested_by="Priya Raman",
    approved_by="Samir Haddad",
    approved_at=datetime(2026, 11, 9, 10, 0, tzinfo=UTC),
    ends_at=datetime(2027, 1, 15, tzinfo=UTC),
)

KEPT_MANUAL = ("GOV-", "HR-", "RSK-", "BCP-02", "BCP-05", "PHY-", "VND-01")
UNDETERMINED = {"AST-04": "the device has not reported since 2 Nov 2026", "VUL-03": "no agent reports for it"}


def _controls() -> list[Control]:
    return [
        control
        for control in load_controls().controls
        if not control.id.startswith(("PRV-", "PIN-"))
        and (control.kind is not ControlKind.MANUAL or control.id.startswith(KEPT_MANUAL))
    ]


def _generic(controls: Sequence[Control], covered: set[ControlId]) -> list[Seen]:
    found: list[Seen] = []
    for control in controls:
        if control.id in covered or control.kind is ControlKind.MANUAL or control.id == "CNF-02":
            continue
        why = UNDETERMINED.get(control.id)
        wrong: dict[int, Outcome] = {} if why is None else {2: Undetermined(why)}
        found.append(
            Seen(
                test=a_test(f"sample.{control.id.lower()}", control.title, control.id),
                items=regional(control.id.lower(), 9, wrong),
                operation=f"sample:Describe{control.domain.title()}",
            )
        )
    return found


def _evidence(seen: Sequence[Seen]) -> list[EvidenceRecord]:
    records: dict[Digest, EvidenceRecord] = {}
    for each in seen:
        for _, account, region, _ in each.items:
            key = digest(f"{each.operation} {account} {region}")
            service, _, action = each.operation.partition(":")
            at = NOW - timedelta(minutes=6) + timedelta(seconds=len(records))
            records.setdefault(
                key,
                EvidenceRecord(
                    run=RUN,
                    job=JobId(f"{service}-{account}-{region}"),
                    stream=StreamId(f"aws.{service}"),
                    scope=scope(account, region),
                    query=Query(
                        operation=each.operation,
                        parameters=(("Filter", "User"),),
                        command=f"aws {service} {_dashed(action)} --region {region or 'us-east-1'}",
                    ),
                    principal=f"arn:aws:sts::{account}:assumed-role/auditwright-read/run",
                    collected_at=at,
                    effective_at=at,
                    collector="auditwright/0.1.0",
                    digest=key,
                    size_bytes=812 + 7919 * len(records),
                    seq=40_100 + len(records),
                ),
            )
    return list(records.values())


def _dashed(action: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in action).lstrip("-")


def _findings(results: Sequence[Result]) -> list[Finding]:
    found: list[Finding] = []
    for result in results:
        for each in result.observations:
            if isinstance(each.outcome, Deviation):
                first = NOW - timedelta(days=4 + 3 * len(found), hours=5)
                found.append(
                    Finding(
                        test=result.test,
                        item=each.item,
                        name=each.name,
                        account=each.account,
                        region=each.region,
                        what=each.outcome.what,
                        first_seen_at=first,
                        last_seen_at=NOW,
                        closed_at=None,
                        reopened=0,
                    )
                )
    return found


NOTE = (
    "northwind.example/auditwright\n40231\n"
    "xAuY7mWZ5Ykqj3mQ1a8x0N0o7b1l6T5yC9F2b4gJr1s=\n\n"
    "— northwind.example/auditwright 5Gf3PqO1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0c1d2e3f4a5\n"
)


def held(seen: Sequence[Seen] | None = None, *, extra_gaps: Sequence[Gap] = (REFUSED_TAGS,)) -> Held:
    controls = _controls()
    if seen is None:
        detailed = _detailed()
        covered = {control for each in detailed for control in each.test.controls}
        seen = [*detailed, *_generic(controls, covered)]
    framework = load_framework("soc2")
    results = [each.result() for each in seen]
    gaps = [*dict.fromkeys(gap for each in seen for gap in each.gaps), *extra_gaps]
    return Held(
        organization="Northwind Robotics",
        framework=framework,
        criteria=criteria_in_scope(framework, ["availability", "confidentiality"]),
        controls=[shipped(control) for control in controls],
        sources=[AWS, GIT],
        tests=[each.test for each in seen],
        settings={TestId("identity.access-keys-rotated"): {"maximum_days": 90}},
        scopes={
            each.test.id: tuple({scope(account, region) for _, account, region, _ in each.items})
            for each in seen
        },
        waivers=[WAIVER],
        run=Run(
            id=RUN,
            kind=RunKind.COLLECTION,
            started_at=NOW - timedelta(minutes=6),
            finished_at=NOW,
            state=RunState.FINISHED,
            program_sha256=digest("program"),
        ),
        results=results,
        findings=_findings(results),
        evidence=_evidence(seen),
        gaps=[
            GapRecord(run=RUN, job=JobId("job"), gap=gap, seq=40_200 + place)
            for place, gap in enumerate(gaps)
        ],
        log=LogExcerpt(
            size=40_231,
            root=digest("root"),
            note=NOTE,
            signed_at=NOW,
            timestamped=True,
        ),
        period=Period(start=datetime(2026, 11, 1, tzinfo=UTC), end=datetime(2027, 11, 1, tzinfo=UTC)),
        generator="auditwright/0.1.0",
        demo_notice="The cloud in this report is emulated.",
    )


@cache
def northwind() -> ReadinessReport:
    """46 people, three AWS accounts: deviations, a refused call, a waiver, controls without a test."""
    return assemble(held(), as_of=NOW)


@cache
def everything_denied() -> ReadinessReport:
    """The same tests where every call was refused."""
    seen = [
        replace(
            each,
            items=[
                (name, account, region, Undetermined("AccessDenied"))
                for name, account, region, _ in each.items
            ],
            gaps=(a_gap(each.operation, scope(), "AccessDenied"),),
        )
        for each in _all_seen()
    ]
    return assemble(replace(held(seen), evidence=()), as_of=NOW)


def _all_seen() -> list[Seen]:
    detailed = _detailed()
    covered = {control for each in detailed for control in each.test.controls}
    return [*detailed, *_generic(_controls(), covered)]


@cache
def quiet() -> ReadinessReport:
    """Everything that has a test is satisfied, nothing was refused, and nothing is signed yet."""
    seen = [
        replace(
            each,
            items=[(name, account, region, Satisfied()) for name, account, region, _ in each.items]
            or [("x", "y", "", Satisfied())],
            gaps=(),
        )
        for each in _all_seen()
    ]
    controls = [control for control in _controls() if control.kind is not ControlKind.MANUAL]
    held_now = replace(
        held(seen, extra_gaps=()),
        controls=[shipped(control) for control in controls if control.id != "CNF-02"],
        demo_notice="",
        period=None,
        log=LogExcerpt.of(None, size=12),
    )
    return assemble(held_now, as_of=NOW)


@cache
def large(deviations: int) -> ReadinessReport:
    """One test with a large population in which everything deviates."""
    template = _detailed()[0]
    items = [
        (f"user-{place:06d}", ACCOUNTS[place % 3], "", Deviation(f"user-{place:06d} has no second factor"))
        for place in range(deviations)
    ]
    return assemble(held([replace(template, items=items)]), as_of=NOW)


HOSTILE: Mapping[str, str] = {
    "script": "<script>document.title='owned'</script>",
    "image": '"><img src=x onerror="document.title=\'owned\'">',
    "template": "{{ 7*7 }}{% raw %}{{ cycler }}",
    "bidi": "invoice\u202excod.exe",
    "isolate": "\u2066admin\u2069 \u200f",
    "zero width": "ad\u200bmin\ufeff",
    "control": "a\x00b\x07c\x1b[31md\x7f\x85e",
    "lines": "first\r\nsecond\tthird\u2028fourth",
    "tags": "flag\U000e0041\U000e0042",
    "marks": "z" + "\u0301" * 40,
    "formula": '=HYPERLINK("http://x.example","click")',
    "formula plus": "+1+1",
    "formula minus": "-2+3",
    "formula at": "@SUM(A1)",
    "formula wide": "\uff1d1+1",
    "formula tab": "\t=1+1",
    "formula space": "  =1+1",
    "quote": '\'"`;--, "x"',
    "typst": '#read("/etc/passwd") *bold* $x$ `raw` #panic("owned") @ref <label> \\u{41}',
    "markdown": "[click](javascript:alert(1)) ![x](http://x.example/x.png) `a` **b** <b>c</b>",
    "long": "n" * 10_000,
    "long word": "arn:aws:iam::111122223333:role/" + "/".join(["very-long-path"] * 80),
    "empty": "",
    "surrogate": "lone \ud800 half",
    "unassigned": "\U0003fff0 \ue000",
    "emoji": "👩\u200d💻 ok 🤖",
    "other scripts": "名前 имя اسم ชื่อ",
}


@cache
def hostile() -> ReadinessReport:
    """Every text that a source can choose is hostile."""
    items: list[tuple[str, str, str, Outcome]] = []
    for text in HOSTILE.values():
        items.append((text, PRODUCTION, text[:40], Deviation(f"{text} is wrong")))
        items.append((f"{text}:u", PRODUCTION, "", Undetermined(text)))
        items.append((f"{text}:w:nwr-bucket-007", PRODUCTION, "", Deviation(text)))
        items.append((f"{text}:n", PRODUCTION, "", NotApplicable(text)))
        items.append((f"{text}:s", PRODUCTION, "", Satisfied(text)))
    gaps = tuple(
        replace(REFUSED_GROUPS, detail=text, remedy=text, subject=text, scope=scope(text or "none", text))
        for text in HOSTILE.values()
    )
    template = next(each for each in _detailed() if each.test.id == "data.buckets-closed")
    base = held([replace(template, items=items, gaps=gaps)])
    return assemble(
        replace(
            base,
            organization=HOSTILE["script"] + HOSTILE["bidi"],
            evidence=[
                replace(
                    record,
                    query=Query(operation=text, command=text),
                    principal=text,
                    scope=scope(text or "none"),
                )
                for record, text in zip(_repeat(base.evidence, len(HOSTILE)), HOSTILE.values(), strict=True)
            ],
            waivers=[
                replace(WAIVER, reason=HOSTILE["script"] + HOSTILE["bidi"], requested_by=HOSTILE["image"])
            ],
        ),
        as_of=NOW,
    )


def a_path(
    *path: str, credential: str = EVERYBODY, target: str = "administrator of cluster prod"
) -> ProvedAccess:
    """A proof that reaches its target."""
    return ProvedAccess(
        id=ResourceId(f"access:{credential} > {target}"),
        name=f"{credential} to {target}",
        scope=scope(),
        evidence=(digest("iam:GetAccountAuthorizationDetails 111122223333 "),),
        credential=credential,
        credential_type=credential,
        principal="",
        target=target,
        target_type="cluster administrator",
        verdict="reachable",
        own_right=False,
        path=path,
        assumptions=(),
        missing=(),
        certificate="",
    )


@cache
def reached() -> ReadinessReport:
    """Proofs of access reach their targets: by one step, from two credentials, and by steps with hostile names."""
    proofs = [
        a_path("key:ada", "sts:GetCallerIdentity (presigned), prod: ada in system:masters"),
        a_path("key:ada", "password:bob", "sts:AssumeRole admin", target="cluster prod"),
        a_path("key:ada", *HOSTILE.values(), target=f"cluster {HOSTILE['script']}"),
        a_path("key:ada", *(f"step {number}" for number in range(50)), target="a long way"),
        a_path("key:ada", "sts:AssumeRole admin", credential="key:ada"),
        a_path("password:bob", "sts:AssumeRole admin", credential="password:bob"),
    ]
    test = a_test(
        "access.no-path-to-cluster-admin",
        "Nobody becomes administrator of a cluster",
        "IAM-02",
        severity=Severity.CRITICAL,
        kind=ProvedAccess,
    )
    seen = Seen(
        test=test,
        items=[(each.id, PRODUCTION, "", Deviation(f"within reach: {each.path[0]}")) for each in proofs],
    )
    return assemble(replace(held([seen]), proofs=proofs), as_of=NOW)


def _repeat(records: Sequence[EvidenceRecord], count: int) -> list[EvidenceRecord]:
    numbered = [records[place % len(records)] for place in range(count)]
    return [
        replace(record, seq=place, digest=record.digest if place < len(records) else digest(f"more {place}"))
        for place, record in enumerate(numbered)
    ]


@cache
def decided(text: str = "No system in scope stands in an office") -> ReadinessReport:
    """The organization marked one control as not applicable, changed another, and wrote a third."""
    base = held()
    by_id = {entry.control.id: entry.control for entry in base.controls}
    mine = replace(
        by_id[ControlId("IAM-02")], id=ControlId("NWR-01"), title=f"Robots: {text}", statement=text
    )
    special = {
        "PHY-02": lambda each: not_applicable(each, text, "samir.haddad@northwind.example"),
        "IAM-05": lambda each: changed(each, f"Changed: {text}"),
    }
    return assemble(
        replace(
            base,
            controls=[
                *(special.get(entry.control.id, shipped)(entry.control) for entry in base.controls),
                own(mine),
            ],
        ),
        as_of=NOW,
    )


BUILDERS: Mapping[str, Callable[[], ReadinessReport]] = {
    "northwind": northwind,
    "everything denied": everything_denied,
    "quiet": quiet,
    "decided": decided,
    "hostile": hostile,
    "reached": reached,
}
