"""Registered second factors: the apps of an account in one question, other devices user by user.

Only a user of whom the credential report says that a second factor is active is asked about: the others have none. What
kind a device is, AWS says in the form of its serial number.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from auditwright.core.ids import Digest, ResourceId, StreamId
from auditwright.core.outcome import Unknown
from auditwright.core.resources import MfaDevice
from auditwright.integrations.aws.iam import GENERATE_REPORT, KEYS_REPORT, ROOT_ENTRY, report_of
from auditwright.integrations.aws.operations import Ask, AwsStream, Detail, Listing
from auditwright.integrations.aws.reading import Answers, Row

APPS: Final = Listing(
    service="iam",
    method="ListVirtualMFADevices",
    items=("VirtualMFADevices",),
    secret=("Base32StringSeed", "QRCodePNG"),
)


def _asks(answers: Answers) -> Iterator[Ask]:
    report = report_of(answers)
    for entry in () if isinstance(report, Unknown) else report.entries:
        name = entry.fields.get("user", "")
        if name != ROOT_ENTRY and entry.flag("mfa_active") is not False:
            yield Ask(parameters={"UserName": name})


DEVICES: Final = Detail(
    service="iam",
    method="ListMFADevices",
    items=("MFADevices",),
    asks=_asks,
    # A user who was deleted since the report was made has no devices.
    absent=("NoSuchEntity", "NoSuchEntityException"),
    hides_items=True,
)

_TYPES: Final[Mapping[str, str]] = {"mfa": "app", "u2f": "security key", "sms-mfa": "text message"}
"""IAM: arn:aws:iam::123456789012:mfa/NAME is an app, …:u2f/… a passkey or security key."""


def normalize(answers: Answers) -> Iterator[MfaDevice]:
    """Every device once, whichever answers show it."""
    found: dict[str, tuple[str | None, Row, tuple[Digest, ...]]] = {}
    for row in answers.items(APPS):
        holder = row.row_or_none("User")
        user = None if holder is None else holder.text_or_none("Arn")
        found[row.required_text("SerialNumber")] = (user, row, (row.digest,))
    users = _arns(answers)
    for call in answers.calls(DEVICES):
        for row in () if call.answer is None else call.answer.rows_or_empty("MFADevices"):
            serial = row.required_text("SerialNumber")
            name = row.text_or_none("UserName") or str(call.parameters.get("UserName", ""))
            seen = found[serial][2] if serial in found else ()
            found[serial] = (users.get(name, name), row, (*seen, row.digest))
    for serial, (user, row, evidence) in found.items():
        yield MfaDevice(
            id=ResourceId(serial),
            name=serial.rpartition("/")[2],
            scope=answers.scope,
            evidence=tuple(dict.fromkeys(evidence)),
            user=user,
            type=_type(serial),
            enabled_at=row.moment("EnableDate") if user is not None else row.moment_or_none("EnableDate"),
        )


def _arns(answers: Answers) -> Mapping[str, str]:
    report = report_of(answers)
    entries = () if isinstance(report, Unknown) else report.entries
    return {entry.fields.get("user", ""): entry.arn for entry in entries}


def _type(serial: str) -> str | Unknown:
    if not serial.startswith("arn:"):
        return "hardware token"
    resource = serial.split(":", 5)[-1].partition("/")[0]
    return _TYPES.get(resource) or Unknown(
        f"the form of the serial number is not one that is known: {serial}"
    )


STREAM: Final = AwsStream(
    id=StreamId("aws.iam-mfa"),
    title="Second factors",
    regional=False,
    operations=(GENERATE_REPORT, KEYS_REPORT, APPS, DEVICES),
    emits=(MfaDevice,),
    normalize=normalize,
)
