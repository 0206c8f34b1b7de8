import base64

import pytest

from auditwright.core.evidence import Evidence, Gap
from auditwright.core.outcome import Unknown
from auditwright.core.resources import MfaDevice
from auditwright.integrations.aws import mfa
from auditwright.integrations.aws.iam import KEYS_REPORT, REPORT
from tests.integrations.aws.live import prepare, run, settings
from tests.integrations.aws.shapes import ACCOUNT, GLOBAL, captured, of_each, read, refused

ADA = f"arn:aws:iam::{ACCOUNT}:user/ada"
APP = f"arn:aws:iam::{ACCOUNT}:mfa/ada"
KEY = f"arn:aws:iam::{ACCOUNT}:u2f/user/ada/yubi-1"
T = "2026-01-02T03:04:05+00:00"


def report(*users: tuple[str, str]) -> Evidence:
    rows = [f"{name},arn:aws:iam::{ACCOUNT}:user/{name},{active}" for name, active in users]
    table = "\n".join(("user,arn,mfa_active", *rows))
    return captured(REPORT, {"Content": base64.b64encode(table.encode()).decode()}, scope=GLOBAL)


def apps(*devices: dict[str, object]) -> Evidence:
    return captured(mfa.APPS, {"VirtualMFADevices": list(devices)}, scope=GLOBAL)


def user() -> dict[str, object]:
    return {"Path": "/", "UserName": "ada", "UserId": "AIDA1", "Arn": ADA, "CreateDate": T}


def devices(name: str, *serials: str) -> Evidence:
    rows = [{"UserName": name, "SerialNumber": serial, "EnableDate": T} for serial in serials]
    return of_each(mfa.DEVICES, ({"UserName": name}, {"MFADevices": rows}), scope=GLOBAL)


def found(*seen: Evidence | Gap) -> list[MfaDevice]:
    return list(mfa.normalize(read(*seen)))


def test_only_users_with_an_active_factor_are_asked_about() -> None:
    seen = report(("<root_account>", "true"), ("ada", "true"), ("bob", "false"), ("eve", "not_supported"))
    assert [ask.parameters for ask in mfa.DEVICES.asks(read(seen))] == [
        {"UserName": "ada"},
        {"UserName": "eve"},
    ]


def test_without_a_report_nobody_is_asked_about_and_the_refusal_hides_devices() -> None:
    gap = refused(REPORT, scope=GLOBAL)
    assert list(mfa.DEVICES.asks(read(gap))) == []
    assert KEYS_REPORT.hides_items


def test_an_app_belongs_to_its_user_and_one_without_a_user_to_nobody() -> None:
    spare = f"arn:aws:iam::{ACCOUNT}:mfa/spare"
    held, unheld = found(
        apps({"SerialNumber": APP, "User": user(), "EnableDate": T}, {"SerialNumber": spare})
    )
    assert (held.id, held.user, held.type) == (APP, ADA, "app")
    assert (unheld.user, unheld.enabled_at) == (None, None)


@pytest.mark.parametrize(
    ("serial", "type_"),
    [
        (APP, "app"),
        (KEY, "security key"),
        (f"arn:aws:iam::{ACCOUNT}:sms-mfa/ada", "text message"),
        ("GAHT12345678", "hardware token"),
    ],
)
def test_the_form_of_the_serial_number_says_what_a_device_is(serial: str, type_: str) -> None:
    (one,) = found(report(("ada", "true")), devices("ada", serial))
    assert (one.user, one.type) == (ADA, type_)


def test_a_form_that_is_not_known_is_no_kind_of_device() -> None:
    (one,) = found(report(("ada", "true")), devices("ada", f"arn:aws:iam::{ACCOUNT}:palm/ada"))
    assert isinstance(one.type, Unknown)


def test_a_device_in_two_answers_is_one_device_of_both() -> None:
    listed, asked = apps({"SerialNumber": APP, "User": user(), "EnableDate": T}), devices("ada", APP, KEY)
    one, other = found(report(("ada", "true")), listed, asked)
    assert one.evidence == (listed.digest, asked.digest)
    assert (other.id, other.type) == (KEY, "security key")


def test_live_the_seed_of_an_app_is_never_kept(aws: str) -> None:
    prepare(aws, "iam", "create_user", UserName="ada")
    made = prepare(aws, "iam", "create_virtual_mfa_device", VirtualMFADeviceName="ada")["VirtualMFADevice"]
    assert isinstance(made, dict)
    prepare(
        aws,
        "iam",
        "enable_mfa_device",
        UserName="ada",
        SerialNumber=made["SerialNumber"],
        AuthenticationCode1="123456",
        AuthenticationCode2="234567",
    )
    seen = run(settings(aws), "aws.iam-mfa")
    assert seen.gaps == ()
    assert [one.id for one in seen.resources if isinstance(one, MfaDevice)] == [made["SerialNumber"]]
    kept = b"".join(one.body for one in seen.evidence)
    assert made["Base32StringSeed"].encode() not in kept
