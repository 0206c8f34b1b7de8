"""A program in which every text that comes from outside is hostile: filled through the ports, and served."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import NewType, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from click.testing import CliRunner

from auditwright.app import documents
from auditwright.app.acting import Actor, Deed, acting
from auditwright.app.collecting import begin, keep, load_evidence
from auditwright.app.concluding import MAX_ID_BYTES
from auditwright.app.owning import MAX_OWNER
from auditwright.app.registry import streams
from auditwright.app.sealing import seal
from auditwright.app.setup import Answers, set_up
from auditwright.app.vulns.kept import records_of
from auditwright.app.workspace import Workspace, open_workspace
from auditwright.cli.main import cli
from auditwright.core.account import (
    Account,
    ApiToken,
    Engagement,
    Invitation,
    OutsideIdentity,
    Passkey,
    Role,
    Session,
)
from auditwright.core.act import Assignment, Comment, Decision, Delivery, WaiverRequest, Webhook
from auditwright.core.control_test import ControlTest
from auditwright.core.evidence import Evidence, Gap, GapReason, Query, Scope, digest_of
from auditwright.core.ids import (
    AccountId,
    EngagementId,
    IntegrationId,
    ResourceId,
    RunId,
    StreamId,
    TestId,
    WaiverId,
)
from auditwright.core.log import LogEntry
from auditwright.core.outcome import (
    Conclusion,
    Deviation,
    NotApplicable,
    Observation,
    Outcome,
    Result,
    Satisfied,
    Undetermined,
    Unknown,
)
from auditwright.core.ports import Snapshot
from auditwright.core.resource import Resource
from auditwright.core.resources import ProvedAccess, kinds
from auditwright.core.run import Finding, ResultRecord, RunState
from auditwright.integrations.vulnerabilities import REGISTER
from tests.app.programs import ROSTER
from tests.web.hostile import CORPUS, EVERYTHING

R = TypeVar("R", bound=Resource)

DAY = timedelta(days=1)

ORGANIZATION = EVERYTHING.replace("\x00", "").replace("\ufffe", "")

RELEASES = ("1.0", '<x-hostile>"1.1 {{ 900001 * 900001 }}')

SETTINGS = """\
[organization]
name = "{organization}"

[scope]
framework = "soc2"
categories = ["security"]

[integrations.people]
roster = "people.csv"
"""

TITLED = """\
-- id: acme.titled
-- title: <script>window.hostile=1</script><x-hostile> {{ 900001 * 900001 }} #read("x") $x$ *b* `c` @d // e
-- controls: HR-01
-- severity: low
-- population: person
-- remediation: Hire "><img src=x onerror=window.hostile=1> an engineer.
SELECT id, 'satisfied' AS outcome, '' AS reason FROM person
"""

MAX_ASKED = 400
"""Characters of a place and of what was asked there; a key and a leaf of the log hold it several times."""

CROWDED = tuple(
    TestId(test)
    for test in ("acme.titled", "identity.console-users-have-mfa", "access.no-path-to-cluster-admin")
)
"""Tests that saw an item of each text; each other one saw one item, whose texts are of the corpus in turn."""


def fill_program(folder: Path) -> None:
    """Set up a program and fill it with the corpus."""
    folder.mkdir(parents=True)
    (folder / "tests").mkdir()
    settings = SETTINGS.format(organization=_toml(ORGANIZATION))
    (folder / "auditwright.toml").write_text(settings)
    (folder / "people.csv").write_text(ROSTER)
    (folder / "tests/titled.sql").write_text(TITLED)
    set_up(folder, Answers(organization="Acme", categories=("security",), integrations=()))
    _release(folder)
    with open_workspace(folder) as workspace:
        now = datetime.now(UTC)
        for run, at in ((RunId("run-1"), now - 2 * DAY), (RunId("run-2"), now - timedelta(hours=1))):
            _collect(workspace, run, at)
            _conclude(workspace, run, at)
        begin(workspace, RunId("run-3"), now - timedelta(minutes=30))
        _act(workspace, now - timedelta(minutes=20))
        _admit(workspace, now - timedelta(minutes=20))
        seal(workspace, now)


def item_id(text: str) -> ResourceId:
    """What an item with this name is known by; a longer one would be left out as it comes in."""
    return ResourceId(text.encode()[:MAX_ID_BYTES].decode(errors="ignore"))


def _toml(text: str) -> str:
    return "".join(f"\\U{ord(letter):08X}" for letter in text)


def _place(text: str) -> Scope:
    return Scope(source=IntegrationId("aws"), account=text[:MAX_ASKED], region=text[:MAX_ASKED])


def _collect(workspace: Workspace, run: RunId, at: datetime) -> None:
    """What the sources of a run showed and refused, and every kind of resource with each text."""
    begin(workspace, run, at - timedelta(minutes=5))
    keep(workspace, run, [each for text in CORPUS.values() for each in (_evidence(text, at), _gap(text, at))])
    workspace.stores.inventory.record(run, at, (*_snapshots(at), *_vulnerabilities(workspace)))


def _evidence(text: str, at: datetime) -> Evidence:
    body = json.dumps({"a": text, text: [text]}).encode()
    text = text[:MAX_ASKED]
    return Evidence(
        stream=StreamId("aws.iam"),
        scope=_place(text),
        query=Query(operation=text, parameters=((text, text), ("text", text)), command=f"aws iam {text}"),
        principal=text,
        collected_at=at,
        effective_at=at,
        collector=text,
        body=body,
        digest=digest_of(body),
    )


def _gap(text: str, at: datetime) -> Gap:
    return Gap(
        stream=StreamId("aws.s3"),
        scope=_place(text),
        operation=text,
        reason=GapReason.REFUSED,
        detail=text,
        remedy=text,
        hides_items=False,
        at=at,
        subject=text,
    )


def _snapshots(at: datetime) -> Iterator[Snapshot]:
    for kind in kinds().values():
        for number, text in enumerate(CORPUS.values()):
            items = _proofs(text, number) if kind is ProvedAccess else (_resource(kind, text, number, at),)
            yield Snapshot(kind=kind, scope=_place(text), items=items, complete=True)


def _vulnerabilities(workspace: Workspace) -> Iterator[Snapshot]:
    """What the register says, as the integration derives it."""
    (newest, *_) = records_of(workspace, REGISTER)
    stream = streams()[REGISTER]
    items = tuple(stream.normalize([load_evidence(workspace, newest)], []))
    for kind in stream.emits:
        held = tuple(item for item in items if isinstance(item, kind))
        yield Snapshot(kind=kind, scope=newest.scope, items=held, complete=True)


def _resource(kind: type[R], text: str, number: int, at: datetime) -> R:
    """A resource whose every text is this one, and whose facts are now known, now not."""
    given = {
        "id": item_id(text),
        "name": text,
        "scope": _place(text),
        "evidence": (_evidence(text, at).digest,),
    }
    hints = get_type_hints(kind)
    own = {
        each.name: _value(hints[each.name], text, number + place)
        for place, each in enumerate(fields(kind))
        if each.name not in given
    }
    return cast("Callable[..., R]", kind)(**given, **own)


def _value(hint: object, text: str, number: int) -> object:
    """A value of a type: of several, one after another."""
    while isinstance(hint, NewType):
        hint = hint.__supertype__
    if get_origin(hint) in {Union, UnionType}:
        members = get_args(hint)
        return _value(members[number % len(members)], text, number)
    if get_origin(hint) is tuple:
        members = get_args(hint)
        return tuple(_value(each, text, number) for each in members if each is not Ellipsis)
    if hint is Unknown:
        return Unknown(text)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return list(hint)[number % len(hint)]
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        return cast("Callable[..., object]", hint)(
            **{each.name: _value(hints[each.name], text, number) for each in fields(hint)}
        )
    plain: dict[object, object] = {
        str: text,
        bool: number % 2 == 0,
        int: number,
        datetime: _LONG_AGO,
        date: _LONG_AGO.date(),
    }
    return plain.get(hint)


_LONG_AGO = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def _proofs(text: str, number: int) -> tuple[ProvedAccess, ...]:
    """What was proved of one target: of everybody, and of one credential."""
    verdict = ("reachable", "unknown", "unreachable")[number % 3]
    return tuple(
        ProvedAccess(
            id=item_id(f"{credential[:200]} to {text}"),
            name=text,
            scope=_place(text),
            evidence=(),
            credential=credential,
            credential_type=text if credential == text else "everybody",
            principal=text,
            target=text,
            target_type="named, by the program",
            verdict=verdict,
            own_right=False,
            path=(credential, text, f"then {text}") if verdict != "unreachable" else (),
            assumptions=(text,),
            missing=(text,),
            certificate="",
        )
        for credential in ("everybody", text)
    )


def _conclude(workspace: Workspace, run: RunId, at: datetime) -> None:
    """What each test made of it: results with their documents, findings, and the end of the run."""
    tests = sorted(workspace.tests.values(), key=lambda test: test.id)
    results = [_result(test, number, at) for number, test in enumerate(tests)]
    workspace.stores.inventory.observe(run, at, results)
    with workspace.stores.records.transaction() as write:
        write.add_results(
            [
                _record(workspace, run, result, write.append(LogEntry(kind="noted", at=at, fields={})))
                for result in results
            ]
        )
        write.put_findings([found for result in results for found in _findings(result)])
        (begun,) = (each for each in workspace.stores.records.runs() if each.id == run)
        write.put_run(replace(begun, state=RunState.FINISHED, finished_at=at))


def _result(test: ControlTest, number: int, at: datetime) -> Result:
    texts = list(CORPUS.values())
    seen = texts if test.id in CROWDED else [texts[number % len(texts)]]
    observations = tuple(_observation(text, number + place, at) for place, text in enumerate(seen))
    gaps = (_gap(seen[0], at),) if number % 2 else ()
    deviates = any(isinstance(each.outcome, Deviation) for each in observations)
    return Result(
        test=test.id,
        population=" | ".join(kind.kind for kind in test.populations),
        concluded_at=at,
        conclusion=Conclusion.EXCEPTIONS if deviates else Conclusion.INCONCLUSIVE,
        observations=observations,
        gaps=gaps,
    )


def _observation(text: str, number: int, at: datetime) -> Observation:
    outcomes: Sequence[Outcome] = (
        Deviation(text),
        Undetermined(text),
        Deviation(text),
        Satisfied(text),
        NotApplicable(text),
    )
    return Observation(
        item=item_id(text),
        name=text,
        account=text,
        region=text,
        outcome=outcomes[number % len(outcomes)],
        evidence=(_evidence(text, at).digest,),
    )


def _record(workspace: Workspace, run: RunId, result: Result, seq: int) -> ResultRecord:
    outcomes = [type(each.outcome) for each in result.observations]
    return ResultRecord(
        run=run,
        test=result.test,
        concluded_at=result.concluded_at,
        conclusion=result.conclusion,
        satisfied=outcomes.count(Satisfied),
        deviations=outcomes.count(Deviation),
        not_applicable=outcomes.count(NotApplicable),
        undetermined=outcomes.count(Undetermined),
        gaps=len(result.gaps),
        waived=0,
        document=workspace.stores.evidence.put(documents.written(result)),
        seq=seq,
    )


def _findings(result: Result) -> Iterator[Finding]:
    for seen in result.observations:
        if isinstance(seen.outcome, Deviation) or result.test == CROWDED[0]:
            yield Finding(
                test=result.test,
                item=seen.item,
                name=seen.name,
                account=seen.account,
                region=seen.region,
                what=seen.name,
                first_seen_at=result.concluded_at - DAY,
                last_seen_at=result.concluded_at,
                closed_at=None,
                reopened=1,
            )


def _act(workspace: Workspace, at: datetime) -> None:
    """What people did: owners, comments, waivers, webhooks, and an act of each text."""
    for number, text in enumerate(CORPUS.values()):
        actor, test = Actor(id=text, name=text), CROWDED[number % 2]
        with acting(
            workspace, Deed(actor=actor, verb=f"{text}.odd", subject=item_id(text), detail=text), at
        ) as write:
            item = item_id(text)
            about = CROWDED[0]
            write.keep(
                [
                    Assignment(
                        test=about, item=item, owner=text[:MAX_OWNER], due_at=at, made_by=text, made_at=at
                    )
                ]
            )
            remark = Comment(
                id=f"com-{number}",
                test=about,
                item=item,
                author=AccountId(text),
                author_name=text,
                at=at,
                text=text,
            )
            write.keep([remark])
            write.keep([_request(test, text, number, at)])
            write.keep([_webhook(text, number, at)])
            write.keep([_delivery(text, number, at)])


def _request(test: TestId, text: str, number: int, at: datetime) -> WaiverRequest:
    decision = list(Decision)[number % len(Decision)]
    decided = decision is not Decision.OPEN
    return WaiverRequest(
        id=WaiverId(f"{number} {' '.join(item_id(text).splitlines())}"),
        test=test,
        items=(text, "an item"),
        reason=text,
        requested_by=AccountId(text),
        requested_name=text,
        requested_at=at,
        ends_at=at + 9 * DAY,
        decision=decision,
        decided_by=AccountId(f"other {text}" if decided else ""),
        decided_name=f"{text} decided" if decided else "",
        decided_at=at if decided else None,
        note=text,
        ended_at=None,
        ended_name="",
    )


def _webhook(text: str, number: int, at: datetime) -> Webhook:
    return Webhook(
        id=f"hook-{number}",
        url=text,
        form="signed",
        secret=b"",
        events=(text,),
        made_by=text,
        made_at=at,
        ended_at=None,
    )


def _delivery(text: str, number: int, at: datetime) -> Delivery:
    return Delivery(
        id=item_id(text),
        webhook=f"hook-{number}",
        event=text,
        subject=text,
        body=text,
        made_at=at,
        attempts=3,
        next_at=None,
        delivered_at=None,
        problem=text,
    )


def _admit(workspace: Workspace, at: datetime) -> None:
    """Who has access: accounts, invitations, browsers, keys and tokens."""
    with workspace.stores.records.transaction() as write:
        for number, text in enumerate(CORPUS.values()):
            account, engagement = AccountId(f"acc-odd-{number}"), EngagementId(f"eng-odd-{number}")
            write.keep([_engagement(engagement, text, at)])
            write.keep([_account(account, engagement, text, at)])
            write.keep([_invitation(engagement, text, at)])
            write.keep(
                [
                    OutsideIdentity(
                        issuer=text[:MAX_ASKED], subject=text[:MAX_ASKED], account=account, linked_at=at
                    )
                ]
            )
            # What somebody sees of their own stands on the owner's page: `served.account_of` makes them of their name.
            write.keep([_session(OWNER, text, at)])
            write.keep([_token(OWNER, text, number, at)])
            write.keep(
                [
                    Passkey(
                        id=f"key{number:05}",
                        account=OWNER,
                        name=text,
                        public_key=b"",
                        sign_count=0,
                        made_at=at,
                        used_at=None,
                    )
                ]
            )


OWNER = AccountId("acc-mira-okafor-owner")
"""As `tests.web.served` makes it."""


def _engagement(engagement: EngagementId, text: str, at: datetime) -> Engagement:
    return Engagement(
        id=engagement,
        title=text,
        categories=("security",),
        starts_at=at - DAY,
        ends_at=at + DAY,
        made_at=at,
    )


def _account(account: AccountId, engagement: EngagementId, text: str, at: datetime) -> Account:
    return Account(
        id=account,
        email=f"{text[:MAX_ASKED]}@example.com",
        name=text,
        role=Role.AUDITOR,
        engagement=engagement,
        made_at=at,
        ended_at=None,
        password="",
        seed=b"",
        step=0,
    )


def _invitation(engagement: EngagementId, text: str, at: datetime) -> Invitation:
    return Invitation(
        digest=digest_of(f"invitation {text}".encode()),
        email=text,
        name=text,
        role=Role.AUDITOR,
        engagement=engagement,
        made_by=text,
        made_at=at,
        ends_at=at + DAY,
        used_at=None,
        ended_at=None,
    )


def _session(account: AccountId, text: str, at: datetime) -> Session:
    return Session(
        digest=digest_of(f"session {text}".encode()),
        account=account,
        method=text,
        address=text,
        agent=text,
        started_at=at,
        seen_at=at,
        proved_at=at,
        ends_at=at + DAY,
        ended_at=None,
    )


def _token(account: AccountId, text: str, number: int, at: datetime) -> ApiToken:
    return ApiToken(
        digest=digest_of(f"token {text}".encode()),
        id=f"tok-{number}",
        account=account,
        name=text,
        scopes=("read",),
        made_at=at,
        ends_at=at + DAY,
        used_at=at,
        ended_at=None,
    )


def _release(folder: Path) -> None:
    """Take in reports of two scanners in which every text is hostile, and publish two releases, each under an odd name."""
    for number, release in enumerate(RELEASES):
        report = folder.parent / f"grype-{number}.json"
        report.write_text(json.dumps(_grype(number)))
        asked = [
            "vulns",
            "release",
            release,
            report,
            "--program",
            folder,
            "--out",
            folder.parent / f"out-{number}",
        ]
        done = CliRunner().invoke(cli, [str(each) for each in asked], catch_exceptions=False)
        assert done.exit_code == 0, done.output


def _grype(number: int) -> object:
    return {
        "matches": [_match(place, text) for place, text in enumerate(CORPUS.values())][number:],
        "source": {
            "type": "image",
            "target": {"userInput": EVERYTHING, "imageID": f"sha256:{number}", "tags": [EVERYTHING]},
        },
        "distro": {"name": "debian", "version": EVERYTHING},
        "descriptor": {"name": "grype", "version": EVERYTHING, "timestamp": "2026-11-20T12:00:00Z"},
    }


def _match(place: int, text: str) -> object:
    return {
        "vulnerability": {
            "id": f"{text} {place}",
            "dataSource": text,
            "namespace": text,
            "severity": ("Critical", "High", "Low", text)[place % 4],
            "urls": [text],
            "description": text,
            "fix": {"versions": [text], "state": "fixed"},
        },
        "relatedVulnerabilities": [{"id": text, "namespace": "nvd:cpe", "description": text, "urls": [text]}],
        "matchDetails": [{"type": "exact-direct-match"}],
        "artifact": {
            "name": text or "nothing",
            "version": text,
            "type": "deb",
            "locations": [{"path": text}],
            "licenses": [text],
            "purl": f"pkg:deb/debian/{text}@1.0",
        },
    }
