from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    IntegrationId,
    TestId,
    WaiverId,
)
from auditwright.core.period import Period
from auditwright.core.waiver import Waiver
from auditwright.program import definitions
from auditwright.program.definitions import (
    FactorAttestation,
    IntegrationSettings,
    OwnTestFile,
    Program,
    read_program,
)
from auditwright.program.document import ProgramError
from auditwright.program.vulnerabilities import VulnerabilitySettings

SETTINGS = """\
[organization]
name = "Acme"
notice = "The cloud is emulated."

[scope]
framework = "soc2"
categories = ["security", "availability"]
period = { start = 2026-01-01, end = 2026-06-30 }

[integrations.people]
roster = "people.csv"

[integrations.aws]
regions = ["eu-west-1", "us-east-1"]
accounts = [{ id = "111122223333", name = "production" }]

[tests."identity.access-keys-rotated"]
max_age_days = 60

[tests."people.roster-reconciled"]
service_tag = "robot"
"""

WAIVER = """\
id: W-1
test: identity.access-keys-rotated
items: ["arn:aws:iam::111122223333:user/old-*"]
reason: The partner moves in August.
requested_by: ada@acme.example
approved_by: eve@acme.example
approved_at: 2026-07-01
ends_at: 2026-09-01T12:00:00+02:00
"""

CONTROLS = """\
- id: IAM-02
  statement: Everybody has a second factor.
  owner_role: Head of Security
  cadence: quarterly
- id: PHY-01
  not_applicable: {reason: No office., approver: eve@acme.example}
- id: ACME-01
  title: Lanterns are lit
  statement: Somebody lights the lanterns.
  owner_role: Night Watch
  criteria: [CC6.4, CC6.5]
  tested_by: Looking.
  cadence: weekly
"""

FILES: Mapping[str, bytes] = {
    "auditwright.toml": SETTINGS.encode(),
    "waivers/keys.yaml": WAIVER.encode(),
    "controls/ours.yml": CONTROLS.encode(),
    "controls/empty.yaml": b"# nothing yet\n",
    "tests/acme.sql": b"SELECT 1",
    "tests/acme.py": b"x = 1",
    "tests/README.md": b"How we test",
    "policies/a.md": b"# Policy",
}


def changed(file: str, old: str, new: str) -> Mapping[str, bytes]:
    text = FILES[file].decode()
    assert text.count(old) == 1, (old, text.count(old))
    return {**FILES, file: text.replace(old, new).encode()}


def test_a_whole_program_is_read_as_it_is_written() -> None:
    program = read_program(FILES)
    assert program == Program(
        organization="Acme",
        notice="The cloud is emulated.",
        framework="soc2",
        categories=(CategoryId("security"), CategoryId("availability")),
        period=Period(start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2026, 7, 1, tzinfo=UTC)),
        bucket=None,
        every=None,
        timestamps=None,
        identity_provider=None,
        attestations=(),
        access_targets=(),
        vulnerabilities=VulnerabilitySettings(
            table="",
            tables={},
            returns_after_days=None,
            feed_days=None,
            namespace="",
            feeds={},
            lines=(),
            decisions=(),
            where="auditwright.toml:1",
        ),
        webhook_hosts=(),
        integrations=(
            IntegrationSettings(
                id=IntegrationId("people"), values={"roster": "people.csv"}, where="auditwright.toml:10"
            ),
            IntegrationSettings(
                id=IntegrationId("aws"),
                values={
                    "regions": ["eu-west-1", "us-east-1"],
                    "accounts": [{"id": "111122223333", "name": "production"}],
                },
                where="auditwright.toml:13",
            ),
        ),
        test_settings=(
            definitions.TestSetting(
                test=TestId("identity.access-keys-rotated"),
                name="max_age_days",
                value=60,
                where="auditwright.toml:18",
            ),
            definitions.TestSetting(
                test=TestId("people.roster-reconciled"),
                name="service_tag",
                value="robot",
                where="auditwright.toml:21",
            ),
        ),
        control_overrides=(
            ControlOverride(
                id=ControlId("IAM-02"),
                source="controls/ours.yml:1",
                statement="Everybody has a second factor.",
                owner_role="Head of Security",
                cadence=Cadence("quarterly"),
                not_applicable=None,
            ),
            ControlOverride(
                id=ControlId("PHY-01"),
                source="controls/ours.yml:5",
                statement=None,
                owner_role=None,
                cadence=None,
                not_applicable=NotApplicableReason(reason="No office.", approver="eve@acme.example"),
            ),
        ),
        own_controls=(
            Control(
                id=ControlId("ACME-01"),
                version=1,
                title="Lanterns are lit",
                statement="Somebody lights the lanterns.",
                owner_role="Night Watch",
                criteria=(CriterionId("CC6.4"), CriterionId("CC6.5")),
                tested_by="Looking.",
                cadence=Cadence("weekly"),
                kind=ControlKind.MANUAL,
            ),
        ),
        waivers=(
            Waiver(
                id=WaiverId("W-1"),
                test=TestId("identity.access-keys-rotated"),
                items=("arn:aws:iam::111122223333:user/old-*",),
                reason="The partner moves in August.",
                requested_by="ada@acme.example",
                approved_by="eve@acme.example",
                approved_at=datetime(2026, 7, 1, tzinfo=UTC),
                ends_at=datetime(2026, 9, 1, 10, tzinfo=UTC),
            ),
        ),
        waiver_places={WaiverId("W-1"): "waivers/keys.yaml:1"},
        own_tests=(
            OwnTestFile(file="tests/acme.py", body=b"x = 1"),
            OwnTestFile(file="tests/acme.sql", body=b"SELECT 1"),
        ),
        digest=program.digest,
    )


def test_the_smallest_program_names_the_organization_and_its_scope() -> None:
    text = b'[organization]\nname = "Acme"\n[scope]\ncategories = ["security"]\n'
    program = read_program({"auditwright.toml": text})
    assert (program.organization, program.framework, program.period) == ("Acme", "soc2", None)
    assert (program.integrations, program.waivers, program.own_tests) == ((), (), ())


def test_a_program_without_settings_says_how_to_make_them() -> None:
    with pytest.raises(
        ProgramError, match=r"^auditwright\.toml:1: the file is missing; `auditwright init DIR`"
    ):
        read_program({})


def test_the_digest_changes_with_any_file_and_not_with_their_order() -> None:
    digest = read_program(FILES).digest
    assert read_program(dict(reversed(list(FILES.items())))).digest == digest
    assert read_program({**FILES, "tests/acme.sql": b"SELECT 2"}).digest != digest
    moved = {("tests/other.sql" if path == "tests/acme.sql" else path): body for path, body in FILES.items()}
    assert read_program(moved).digest != digest


@pytest.mark.parametrize(
    ("text", "span"),
    [("15m", timedelta(minutes=15)), ("24h", timedelta(days=1)), ("31d", timedelta(days=31))],
)
def test_how_often_it_runs_by_itself_is_read(text: str, span: timedelta) -> None:
    files = changed("auditwright.toml", "[scope]", f'[schedule]\nevery = "{text}"\n[scope]')
    assert read_program(files).every == span


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "Acme"', "name = 7", "2: organization.name: expected a text, found 7"),
        ('name = "Acme"', 'nme = "Acme"', "2: organization.nme: unknown key; did you mean 'name'?"),
        ('name = "Acme"\n', "", "1: organization: the key 'name' is missing"),
        ('name = "Acme"', 'name = "Acme"\nname = "B"', "3: not valid TOML"),
        ('name = "Acme"', 'name = "Acme', "2: not valid TOML"),
        ("[scope]", "[scoop]", "5: scoop: unknown key; did you mean 'scope'?"),
        ('["security", "availability"]', '"security"', "7: scope.categories: expected a list"),
        ('"availability"]', '"security"]', "7: scope.categories: the list names one entry twice"),
        ('"availability"]', "1]", "7: scope.categories.1: expected a text, found 1"),
        ("end = 2026-06-30", "end = 2025-06-30", "8: scope.period: the period ends on 2025-06-30, before"),
        ("end = 2026-06-30", 'end = "June"', "8: scope.period.end: expected a date such as 2026-11-23"),
        ("end = 2026-06-30", "fin = 2026-06-30", "8: scope.period.fin: unknown key"),
        (
            "max_age_days = 60",
            "max_age_days = 1.5",
            "18: tests.identity.access-keys-rotated.max_age_days: exp",
        ),
        (
            '[tests."people.roster-reconciled"]',
            "[tests]",
            "21: tests.service_tag: expected a table of keys and values, found 'robot'",
        ),
        (
            "[scope]",
            '[schedule]\nevery = "5m"\n[scope]',
            '6: schedule.every: expected a time from "15m" to "31d"',
        ),
        ("[scope]", "[schedule]\nevery = 24\n[scope]", "6: schedule.every: expected a text"),
        ("[scope]", '[schedule]\nat = "24h"\n[scope]', "6: schedule.at: unknown key"),
        ("[integrations.people]\nroster", "[integrations]\npeople", "expected a table of keys and values"),
    ],
)
def test_a_mistake_in_the_settings_is_reported_with_its_line(old: str, new: str, said: str) -> None:
    with pytest.raises(ProgramError) as refused:
        read_program(changed("auditwright.toml", old, new))
    assert str(refused.value).startswith("auditwright.toml:")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("approved_by: eve@acme.example\n", "", "1: the key 'approved_by' is missing"),
        ("approved_by: eve@acme.example", "approved_by:", "6: approved_by: expected a text, found None"),
        ("eve@acme.example", "Ada@acme.example", "1: waiver W-1 was approved by the person who asked for it"),
        ("approved_by:", "aproved_by:", "6: aproved_by: unknown key; did you mean 'approved_by'?"),
        ("reason: The partner moves in August.", "reason: ''", "4: reason: expected a text"),
        ("ends_at: 2026-09-01T12:00:00+02:00", "ends_at: soon", "8: ends_at: expected a date or a time"),
        ("ends_at: 2026-09-01T12:00:00+02:00\n", "", "1: the key 'ends_at' is missing"),
        ("2026-09-01T12:00:00+02:00", "2026-02-30", "8: not valid YAML: '2026-02-30' is no timestamp"),
        ("2026-09-01T12:00:00+02:00", "2026-06-01", "1: waiver W-1 ends before it was approved"),
        ('["arn:aws:iam::111122223333:user/old-*"]', "[]", "1: waiver W-1 names no item"),
        ("id: W-1", "id: W-1\nid: W-2", "2: the key 'id' stands twice"),
        ("id: W-1", "id: [W-1", "not valid YAML"),
    ],
)
def test_a_mistake_in_a_waiver_is_reported_with_its_line(old: str, new: str, said: str) -> None:
    with pytest.raises(ProgramError) as refused:
        read_program(changed("waivers/keys.yaml", old, new))
    assert str(refused.value).startswith("waivers/keys.yaml:")
    assert said in str(refused.value)


def test_a_waiver_that_stands_twice_is_reported_with_both_places() -> None:
    with pytest.raises(
        ProgramError, match=r"^waivers/new\.yaml:1: .*W-1 stands in waivers/keys\.yaml:1 already"
    ):
        read_program({**FILES, "waivers/new.yaml": WAIVER.encode()})


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("cadence: quarterly", "cadence: sometimes", "4: 0.cadence: 'sometimes' is not one of "),
        (
            "statement: Everybody",
            "statment: Everybody",
            "2: 0.statment: unknown key; did you mean 'statement'?",
        ),
        ("id: IAM-02\n  statement", "statement", "1: 0: the key 'id' is missing"),
        (", approver: eve@acme.example", "", "6: 1.not_applicable: the key 'approver' is missing"),
        ("criteria: [CC6.4, CC6.5]", "criteria: CC6.4", "11: 2.criteria: expected a list, found 'CC6.4'"),
        ("tested_by: Looking.", "kind: magic\n  tested_by: Looking.", "12: 2.kind: 'magic' is not one of"),
        ("- id: PHY-01\n  not_applicable", "- 7\n- not_applicable", "5: 1: expected a table"),
    ],
)
def test_a_mistake_in_a_control_is_reported_with_its_line(old: str, new: str, said: str) -> None:
    with pytest.raises(ProgramError) as refused:
        read_program(changed("controls/ours.yml", old, new))
    assert str(refused.value).startswith("controls/ours.yml:")
    assert said in str(refused.value)


def refusal(files: Mapping[str, bytes]) -> str:
    """Why the files are no program; any other exception is a defect."""
    try:
        read_program(files)
    except ProgramError as error:
        return str(error)
    return "none"


places = st.sampled_from([path for path in FILES if not path.endswith(".md")])


@given(places, st.binary(max_size=300) | st.text(max_size=120).map(str.encode))
def test_any_bytes_as_a_program_file_give_a_program_or_an_error_with_its_place(
    path: str, body: bytes
) -> None:
    assert refusal({**FILES, path: body}).startswith(("none", f"{path}:"))


@given(st.data())
def test_a_damaged_program_file_gives_a_program_or_an_error_with_its_place(data: st.DataObject) -> None:
    path = data.draw(places)
    body = bytearray(FILES[path])
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(body)))
        end = data.draw(st.integers(place, min(place + 12, len(body))))
        body[place:end] = data.draw(
            st.sampled_from(
                [b"", b"\n", b'"', b"[", b"]", b"{", b":", b" ", b"=", b"&a", b"*a", b"0x", b"-", b"\\0"]
            )
            | st.binary(max_size=4)
        )
    assert refusal({**FILES, path: bytes(body)}).startswith(("none", f"{path}:"))


def test_a_time_stamping_authority_is_an_address_and_a_file_of_roots() -> None:
    log = b'\n[log]\ntimestamp_url = "https://tsa.example.com/"\ntimestamp_roots = "tsa.pem"\n'
    program = read_program({**FILES, "auditwright.toml": FILES["auditwright.toml"] + log})
    assert program.timestamps == definitions.TimestampAuthority(
        url="https://tsa.example.com/", roots="tsa.pem"
    )
    with pytest.raises(ProgramError, match=r"timestamp_url: expected an address that begins with https://"):
        read_program(
            {**FILES, "auditwright.toml": FILES["auditwright.toml"] + log.replace(b"https", b"file")}
        )


def test_evidence_can_be_kept_in_a_bucket() -> None:
    table = b'\n[evidence]\nbucket = "acme-evidence"\nregion = "eu-west-1"\nretention_days = 400\n'
    program = read_program({**FILES, "auditwright.toml": FILES["auditwright.toml"] + table})
    assert program.bucket == definitions.EvidenceBucket(
        bucket="acme-evidence", prefix="", endpoint_url="", region="eu-west-1", retention_days=400
    )
    with pytest.raises(ProgramError, match="retention_days: expected a number of days"):
        read_program({**FILES, "auditwright.toml": FILES["auditwright.toml"] + table.replace(b"400", b"-1")})


ACCESS = """
[[access.attestation]]
provider = "arn:aws:iam::111122223333:saml-provider/okta"
mfa_required = true
evidence = "SEC-7: the sign-on policy of Okta"
until = 2027-01-01

[[access.attestation]]
account = "444455556666"
mfa_required = false
evidence = "SEC-8"
until = 2027-01-01

[[access.target]]
name = "the customers' files"
action = "s3:GetObject"
resource = "arn:aws:s3:::customers/all"
"""


def with_access(text: str = ACCESS) -> dict[str, bytes]:
    return {**FILES, "auditwright.toml": (SETTINGS + text).encode()}


def test_what_is_vouched_for_and_named_targets_are_read_with_their_place() -> None:
    program = read_program(with_access())
    provider, account = program.attestations
    assert provider == FactorAttestation(
        subject="arn:aws:iam::111122223333:saml-provider/okta",
        mfa_required=True,
        evidence="SEC-7: the sign-on policy of Okta",
        until=datetime(2027, 1, 1, tzinfo=UTC),
        where=provider.where,
    )
    assert provider.where.startswith("auditwright.toml:")
    assert (account.subject, account.mfa_required) == ("444455556666", False)
    (target,) = program.access_targets
    assert (target.name, target.action, target.resource) == (
        "the customers' files",
        "s3:GetObject",
        "arn:aws:s3:::customers/all",
    )


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('account = "444455556666"', 'account = "4444"', "twelve digits"),
        (
            'account = "444455556666"',
            'account = "444455556666"\nprovider = "arn"',
            "expected either provider",
        ),
        ('account = "444455556666"', "", "expected either provider"),
        ("saml-provider/okta", "role/okta", "the ARN of an identity provider"),
        ("mfa_required = true", 'mfa_required = "yes"', "mfa_required"),
        ('evidence = "SEC-8"', "", "evidence"),
        ('evidence = "SEC-8"', 'evidence = "SEC-8"\nwhen = 1', "when"),
        ("s3:GetObject", "s3:Get*", "expected one action"),
        ("customers/all", "customers/*", "the ARN of one resource"),
    ],
)
def test_wrong_settings_of_access_are_named_with_their_line(old: str, new: str, problem: str) -> None:
    with pytest.raises(ProgramError, match=rf"^auditwright\.toml:\d+: .*{problem}"):
        read_program(with_access(ACCESS.replace(old, new)))


def test_two_targets_of_one_name_are_refused() -> None:
    target = ACCESS[ACCESS.index("[[access.target]]") :]
    with pytest.raises(ProgramError, match="already"):
        read_program(with_access(ACCESS + target))
