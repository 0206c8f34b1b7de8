"""Identities: users, their credentials, the root user, the password policy and every permission policy.

The authorization details name users, groups, roles and policies, but say nothing of passwords, second
factors and keys; the credential report does. Where one of the two is missing, its facts are Unknown.
Access keys have a stream of their own: without the credential report nobody can say that there are none, while
the users and policies of the authorization details remain complete.
"""

import base64
import binascii
import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast
from urllib.parse import unquote

from auditwright.core.ids import Digest, ResourceId, StreamId
from auditwright.core.integration import MalformedEvidenceError
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource
from auditwright.core.resources import (
    AccessKey,
    AccessPolicyDocument,
    AccessPrincipal,
    PasswordPolicy,
    PermissionPolicy,
    PolicyStatement,
    RootUser,
    UserAccount,
)
from auditwright.integrations.aws.authorization import (
    AUTHORIZATION_DETAILS,
    POLICY,
    POLICY_VERSION,
    access_policies,
    access_principals,
    attached_to,
)
from auditwright.integrations.aws.operations import AwsStream, Single
from auditwright.integrations.aws.reading import Answers, Row, moment_of

SYSTEM: Final = "aws"

GENERATE_REPORT: Final = Single(
    service="iam",
    method="GenerateCredentialReport",
    # AWS makes a report at most every four hours, and takes some seconds for it.
    repeat_while=lambda row: row.text("State") in ("STARTED", "INPROGRESS"),
    prepares=True,
)
REPORT: Final = Single(service="iam", method="GetCredentialReport", true_at="GeneratedTime")
KEYS_REPORT: Final = Single(
    service="iam", method="GetCredentialReport", true_at="GeneratedTime", hides_items=True
)
SUMMARY: Final = Single(service="iam", method="GetAccountSummary")
PASSWORD_POLICY: Final = Single(
    service="iam",
    method="GetAccountPasswordPolicy",
    # "NoSuchEntity: The Password Policy with domain name … cannot be found": the account has none.
    absent=("NoSuchEntity", "NoSuchEntityException"),
)

MAX_REPORT_BYTES: Final = 64_000_000
"""A row has about 500 bytes and an account at most 5,000 users; a report beyond this is none."""

ROOT_ENTRY: Final = "<root_account>"
"""The name of the root user in the credential report."""
_NEVER: Final = ("n/a", "no_information", "")
"""AWS: N/A where there is none or it was never used, no_information where no use was ever recorded."""
_KEYS: Final = ("1", "2")
"""AWS: a user has at most two access keys."""


def normalize(answers: Answers) -> Iterable[Resource]:
    """Users, the root user, the password policy and permission policies; and all that proofs need of the same answers."""
    report = report_of(answers)
    yield from _users(answers, report)
    yield from _root(answers, report)
    yield from _password_policy(answers)
    yield from _policies(answers)
    yield from access_principals(answers)
    yield from access_policies(answers)


def normalize_keys(answers: Answers) -> Iterable[AccessKey]:
    """The access keys that the credential report names, one resource each."""
    report = report_of(answers)
    if isinstance(report, Unknown):
        return
    for entry in report.entries:
        for number in _KEYS:
            key = _access_key(answers, entry, number)
            if key is not None:
                yield key


# --- The credential report -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of the credential report."""

    line: int
    fields: Mapping[str, str]
    digest: Digest

    @property
    def arn(self) -> str:
        """The ARN of whom the row is about."""
        return self.fields.get("arn", "")

    def flag(self, name: str) -> bool | Unknown:
        """True or false; Unknown where AWS writes neither, such as not_supported."""
        value = self.fields.get(name)
        if value is None:
            return Unknown(f"the credential report has no column {name}")
        match value.strip().lower():
            case "true":
                return True
            case "false":
                return False
            case other:
                return Unknown(f"the credential report says {other or 'nothing'} for {name}")

    def moment(self, name: str) -> datetime | Unknown | None:
        """A time; None where AWS writes that there is none."""
        value = self.fields.get(name)
        if value is None:
            return Unknown(f"the credential report has no column {name}")
        written = value.strip()
        if written.lower() in _NEVER:
            return None
        if written.lower() == "not_supported":
            return Unknown(f"the credential report says not_supported for {name}")
        found = moment_of(written)
        if found is None:
            raise MalformedEvidenceError(
                f"iam:GetCredentialReport: line {self.line}, {name} must be a time, not {written[:40]!r}"
            )
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A credential report."""

    entries: tuple[Entry, ...]
    by_arn: Mapping[str, Entry]
    digest: Digest


def report_of(answers: Answers) -> Report | Unknown:
    """The credential report; raises MalformedEvidenceError where it cannot be read as a table."""
    found = answers.body(REPORT)
    if found is None:
        return answers.why_unknown(REPORT)
    body, digest = found
    # Saved by hand, it may be the bare table rather than the CLI's JSON around it.
    text = body if body.lstrip(b"\xef\xbb\xbf").startswith(b"user,arn,") else _content(answers)
    if len(text) > MAX_REPORT_BYTES:
        raise MalformedEvidenceError(f"iam:GetCredentialReport: more than {MAX_REPORT_BYTES} bytes")
    try:
        rows = csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline=""), strict=True)
        entries = tuple(_entry(rows.line_num, row, digest) for row in rows)
    except (UnicodeDecodeError, csv.Error) as error:
        raise MalformedEvidenceError(f"iam:GetCredentialReport: Content is no table: {error}") from error
    if not {"user", "arn"} <= set(rows.fieldnames or ()):
        raise MalformedEvidenceError(
            "iam:GetCredentialReport: Content must be a table with columns user and arn"
        )
    return Report(entries=entries, by_arn={entry.arn: entry for entry in entries}, digest=digest)


def _entry(line: int, row: Mapping[str | None, str | list[str] | None], digest: Digest) -> Entry:
    fields = {name: value for name, value in row.items() if name is not None and isinstance(value, str)}
    if len(fields) != len(row):
        raise MalformedEvidenceError(
            f"iam:GetCredentialReport: line {line} has not as many fields as the head; the file is cut off"
        )
    return Entry(line=line, fields=fields, digest=digest)


def _content(answers: Answers) -> bytes:
    answer = answers.one(REPORT)
    if answer is None or isinstance(answer, Unknown):
        raise MalformedEvidenceError("iam:GetCredentialReport: an answer without a report")
    try:
        return base64.b64decode(answer.required_text("Content"), validate=True)
    except binascii.Error as error:
        raise MalformedEvidenceError("iam:GetCredentialReport: Content must be base64") from error


def _last_used(entry: Entry) -> datetime | Unknown | None:
    """The latest use of the password or of a key."""
    uses = [
        entry.moment(name)
        for name in ("password_last_used", *(f"access_key_{number}_last_used_date" for number in _KEYS))
    ]
    for use in uses:
        if isinstance(use, Unknown):
            return use
    return max((use for use in uses if isinstance(use, datetime)), default=None)


def _active_keys(entry: Entry) -> int | Unknown:
    flags = [entry.flag(f"access_key_{number}_active") for number in _KEYS]
    for flag in flags:
        if isinstance(flag, Unknown):
            return flag
    return sum(flag is True for flag in flags)


def _access_key(answers: Answers, entry: Entry, number: str) -> AccessKey | None:
    active = entry.flag(f"access_key_{number}_active")
    rotated = entry.moment(f"access_key_{number}_last_rotated")
    used = entry.moment(f"access_key_{number}_last_used_date")
    if active is False and rotated is None and used is None:
        # AWS writes false and N/A for a key that does not exist.
        return None
    return AccessKey(
        id=ResourceId(f"{entry.arn}/access-key-{number}"),
        name=f"{entry.fields.get('user', entry.arn)}, access key {number}",
        scope=answers.scope,
        evidence=(entry.digest,),
        user=entry.arn,
        active=active,
        rotated_at=rotated
        if rotated is not None
        else Unknown("the credential report gives no time of rotation"),
        last_used_at=used,
    )


# --- Users ---------------------------------------------------------------------------------------------------


def _users(answers: Answers, report: Report | Unknown) -> Iterator[UserAccount]:
    seen: set[str] = set()
    for row in answers.items(AUTHORIZATION_DETAILS, "UserDetailList"):
        user = _user(answers, row, report)
        seen.add(user.id)
        yield user
    if isinstance(report, Unknown) or _all_users_seen(answers):
        # Whom the report names and the newer, complete list does not, was deleted in between.
        return
    why = answers.why_unknown(AUTHORIZATION_DETAILS)
    for entry in report.entries:
        if entry.fields.get("user") != ROOT_ENTRY and entry.arn not in seen:
            yield _user_of_report(answers, entry, why)


def _all_users_seen(answers: Answers) -> bool:
    return answers.collected(AUTHORIZATION_DETAILS) and not answers.gap(AUTHORIZATION_DETAILS)


def _user(answers: Answers, row: Row, report: Report | Unknown) -> UserAccount:
    arn = row.required_text("Arn")
    credentials = _credentials(report, arn)
    inline = tuple(policy.required_text("PolicyName") for policy in row.rows_or_empty("UserPolicyList"))
    return UserAccount(
        id=ResourceId(arn),
        name=row.required_text("UserName"),
        scope=answers.scope,
        evidence=(row.digest, *credentials.evidence),
        system=SYSTEM,
        active=credentials.active,
        created_at=row.moment("CreateDate"),
        console_access=credentials.console_access,
        mfa_enrolled=credentials.mfa_enrolled,
        last_used_at=credentials.last_used_at,
        password_last_used_at=credentials.password_last_used_at,
        password_set_at=credentials.password_set_at,
        attached_policies=attached_to(row),
        inline_policies=inline,
        groups=row.texts_or_empty("GroupList"),
        tags=row.tags(),
    )


def _user_of_report(answers: Answers, entry: Entry, why: Unknown) -> UserAccount:
    credentials = _credentials_of(entry)
    created = entry.moment("user_creation_time")
    return UserAccount(
        id=ResourceId(entry.arn),
        name=entry.fields.get("user", entry.arn),
        scope=answers.scope,
        evidence=(entry.digest,),
        system=SYSTEM,
        active=credentials.active,
        created_at=created
        if created is not None
        else Unknown("the credential report gives no creation time"),
        console_access=credentials.console_access,
        mfa_enrolled=credentials.mfa_enrolled,
        last_used_at=credentials.last_used_at,
        password_last_used_at=credentials.password_last_used_at,
        password_set_at=credentials.password_set_at,
        attached_policies=why,
        inline_policies=why,
        groups=why,
        tags=why,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Credentials:
    """What the credential report says of one user."""

    active: bool | Unknown
    console_access: bool | Unknown
    mfa_enrolled: bool | Unknown
    last_used_at: datetime | Unknown | None
    password_last_used_at: datetime | Unknown | None
    password_set_at: datetime | Unknown | None
    evidence: tuple[Digest, ...]


def _credentials(report: Report | Unknown, arn: str) -> _Credentials:
    if isinstance(report, Unknown):
        return _no_credentials(report, ())
    entry = report.by_arn.get(arn)
    if entry is None:
        # AWS makes a report at most every four hours.
        why = Unknown("the credential report does not name the user; it may be older than the user")
        return _no_credentials(why, (report.digest,))
    return _credentials_of(entry)


def _no_credentials(why: Unknown, evidence: tuple[Digest, ...]) -> _Credentials:
    return _Credentials(
        active=why,
        console_access=why,
        mfa_enrolled=why,
        last_used_at=why,
        password_last_used_at=why,
        password_set_at=why,
        evidence=evidence,
    )


def _credentials_of(entry: Entry) -> _Credentials:
    console = entry.flag("password_enabled")
    keys = _active_keys(entry)
    return _Credentials(
        active=_active(console=console, keys=keys),
        console_access=console,
        mfa_enrolled=entry.flag("mfa_active"),
        last_used_at=_last_used(entry),
        password_last_used_at=entry.moment("password_last_used"),
        password_set_at=entry.moment("password_last_changed"),
        evidence=(entry.digest,),
    )


def _active(*, console: bool | Unknown, keys: int | Unknown) -> bool | Unknown:
    """Active with a password or an active key; inactive only where both are known to be missing."""
    if console is True or (isinstance(keys, int) and keys > 0):
        return True
    if isinstance(console, Unknown):
        return console
    return keys if isinstance(keys, Unknown) else False


# --- The root user and the password policy -------------------------------------------------------------------


def _root(answers: Answers, report: Report | Unknown) -> Iterator[RootUser]:
    arn = f"arn:{answers.partition}:iam::{answers.account}:root"
    entry = None
    if isinstance(report, Report):
        entry = next((entry for entry in report.entries if entry.fields.get("user") == ROOT_ENTRY), None)
    summary = answers.one(SUMMARY)
    counts = summary.row_or_none("SummaryMap") if isinstance(summary, Row) else None
    digests = [entry.digest] if entry is not None else []
    digests += [counts.digest] if counts is not None else []
    digests = digests or _account_seen(answers)
    if not digests:
        return
    mfa: bool | Unknown
    keys: int | Unknown
    used: datetime | Unknown | None
    if entry is not None:
        mfa, keys, used = entry.flag("mfa_active"), _active_keys(entry), _last_used(entry)
    else:
        why = (
            report
            if isinstance(report, Unknown)
            else Unknown("the credential report does not name the root user")
        )
        mfa, keys, used = _mfa_by_summary(counts, why), _keys_by_summary(counts, why), why
    if isinstance(mfa, Unknown):
        mfa = _mfa_by_summary(counts, mfa)
    yield RootUser(
        id=ResourceId(arn),
        name="root user",
        scope=answers.scope,
        evidence=tuple(digests),
        mfa_enrolled=mfa,
        active_access_keys=keys,
        has_password=_password_by_summary(counts),
        last_used_at=used,
    )


def _account_seen(answers: Answers) -> list[Digest]:
    """Evidence that the account exists, for what every account has."""
    questions = (AUTHORIZATION_DETAILS, REPORT, SUMMARY, PASSWORD_POLICY)
    return [digest for question in questions for digest in answers.digests(question)]


def _mfa_by_summary(counts: Row | None, why: Unknown) -> bool | Unknown:
    enabled = counts.integer_or_none("AccountMFAEnabled") if counts is not None else None
    return why if enabled is None else enabled > 0


def _password_by_summary(counts: Row | None) -> bool | Unknown:
    """The credential report calls the root user's password `not_supported`: the summary alone says whether there is one."""
    present = counts.integer_or_none("AccountPasswordPresent") if counts is not None else None
    return NO_ROOT_PASSWORD_SAID if present is None else present > 0


NO_ROOT_PASSWORD_SAID: Final = Unknown("whether the root user has a password was not seen")


def _keys_by_summary(counts: Row | None, why: Unknown) -> int | Unknown:
    present = counts.integer_or_none("AccountAccessKeysPresent") if counts is not None else None
    # The summary says whether keys are there, not whether they are active.
    return 0 if present == 0 else why


def _password_policy(answers: Answers) -> Iterator[PasswordPolicy]:
    answer = answers.one(PASSWORD_POLICY)
    if isinstance(answer, Unknown):
        seen = _account_seen(answers)
        if seen:
            yield _passwords(answers, tuple(seen), is_set=answer, why=answer)
        return
    if answer is None:
        why = Unknown("the account has no password policy of its own")
        yield _passwords(answers, answers.digests(PASSWORD_POLICY), is_set=False, why=why)
        return
    rules = answer.row("PasswordPolicy")
    if isinstance(rules, Unknown):
        raise MalformedEvidenceError(
            "iam:GetAccountPasswordPolicy: PasswordPolicy is missing; expected an object"
        )
    yield PasswordPolicy(
        id=_password_policy_id(answers),
        name="password policy",
        scope=answers.scope,
        evidence=(rules.digest,),
        is_set=True,
        minimum_length=rules.integer("MinimumPasswordLength"),
        require_symbols=rules.boolean("RequireSymbols"),
        require_numbers=rules.boolean("RequireNumbers"),
        require_uppercase=rules.boolean("RequireUppercaseCharacters"),
        require_lowercase=rules.boolean("RequireLowercaseCharacters"),
        # AWS leaves both out where the rule is not set.
        reuse_prevention=rules.integer_or_none("PasswordReusePrevention") or 0,
        max_age_days=rules.integer_or_none("MaxPasswordAge") or 0,
    )


def _password_policy_id(answers: Answers) -> ResourceId:
    return ResourceId(f"aws:{answers.account}:password-policy")


def _passwords(
    answers: Answers, evidence: tuple[Digest, ...], *, is_set: bool | Unknown, why: Unknown
) -> PasswordPolicy:
    return PasswordPolicy(
        id=_password_policy_id(answers),
        name="password policy",
        scope=answers.scope,
        evidence=evidence,
        is_set=is_set,
        minimum_length=why,
        require_symbols=why,
        require_numbers=why,
        require_uppercase=why,
        require_lowercase=why,
        reuse_prevention=why,
        max_age_days=why,
    )


# --- Permission policies -------------------------------------------------------------------------------------

_PRINCIPALS: Final = (
    ("UserDetailList", "UserPolicyList"),
    ("GroupDetailList", "GroupPolicyList"),
    ("RoleDetailList", "RolePolicyList"),
)


def _policies(answers: Answers) -> Iterator[PermissionPolicy]:
    attached: dict[str, list[str]] = {}
    for listed, inline in _PRINCIPALS:
        for principal in answers.items(AUTHORIZATION_DETAILS, listed):
            arn = principal.required_text("Arn")
            for policy_arn in attached_to(principal):
                attached.setdefault(policy_arn, []).append(arn)
            for policy in principal.rows_or_empty(inline):
                yield _inline_policy(answers, policy, arn)
    partial = answers.gap(AUTHORIZATION_DETAILS)
    for row in answers.items(AUTHORIZATION_DETAILS, "Policies"):
        arn = row.required_text("Arn")
        provider_managed = arn.split(":")[4:5] == ["aws"]
        if provider_managed and arn not in attached and not (row.integer_or_none("AttachmentCount") or 0):
            # A policy of AWS's own that nobody uses is no decision of the organization.
            continue
        yield PermissionPolicy(
            id=answers.seen_here(arn),
            name=row.text_or_none("PolicyName") or arn.rpartition("/")[2],
            scope=answers.scope,
            evidence=(row.digest,),
            provider_managed=provider_managed,
            inline_of="",
            attached_to=partial if partial is not None else tuple(attached.get(arn, ())),
            statements=_managed_statements(row),
        )


def _inline_policy(answers: Answers, policy: Row, principal: str) -> PermissionPolicy:
    name = policy.required_text("PolicyName")
    return PermissionPolicy(
        id=ResourceId(f"{principal}/inline/{name}"),
        name=name,
        scope=answers.scope,
        evidence=(policy.digest,),
        provider_managed=False,
        inline_of=principal,
        attached_to=(principal,),
        statements=statements(policy.fields.get("PolicyDocument")),
    )


def _managed_statements(row: Row) -> tuple[PolicyStatement, ...] | Unknown:
    current = row.text("DefaultVersionId")
    for version in row.rows_or_empty("PolicyVersionList"):
        if version.boolean("IsDefaultVersion") is True or version.text("VersionId") == current:
            return statements(version.fields.get("Document"))
    return Unknown(f"the answer does not hold the policy's version in force: {row.path}.PolicyVersionList")


def statements(document: object) -> tuple[PolicyStatement, ...] | Unknown:
    """The statements of a policy document: an object, or JSON text, percent-encoded as IAM sends it."""
    parsed = policy_document(document)
    if isinstance(parsed, Unknown):
        return parsed
    entries = parsed.get("Statement")
    listed = cast("list[object]", entries) if isinstance(entries, list) else [entries]
    if not listed:
        # IAM accepts no policy without a statement.
        return Unknown("the policy document has no statement")
    found: list[PolicyStatement] = []
    for entry in listed:
        if not isinstance(entry, dict):
            return Unknown("the policy document has a statement that is not an object")
        statement = _statement(cast("dict[str, object]", entry))
        if statement is None:
            return Unknown(
                "the policy document has a statement whose effect, actions or resources cannot be read"
            )
        found.append(statement)
    return tuple(found)


def policy_document(document: object) -> Mapping[str, object] | Unknown:
    """A policy document as an object; Unknown where it cannot be read."""
    if isinstance(document, str):
        text = unquote(document) if document.lstrip().startswith("%") else document
        try:
            document = json.loads(text)
        except (json.JSONDecodeError, RecursionError):
            return Unknown("the policy document is not JSON")
    if not isinstance(document, dict):
        return Unknown("the answer holds no policy document")
    return cast("dict[str, object]", document)


def _statement(entry: Mapping[str, object]) -> PolicyStatement | None:
    effect = entry.get("Effect")
    lists = [words(entry.get(name)) for name in ("Action", "NotAction", "Resource", "NotResource")]
    if effect not in ("Allow", "Deny") or any(found is None for found in lists):
        return None
    actions, not_actions, resources, not_resources = (found or () for found in lists)
    return PolicyStatement(
        effect=str(effect),
        actions=actions,
        not_actions=not_actions,
        resources=resources,
        not_resources=not_resources,
        conditional=bool(entry.get("Condition")),
    )


def words(value: object) -> tuple[str, ...] | None:
    """A policy element that is a text or a list of texts; empty where it is left out, None where it is neither."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list):
        return None
    listed = cast("Sequence[object]", value)
    found = tuple(item for item in listed if isinstance(item, str))
    return found if len(found) == len(listed) else None


STREAM: Final = AwsStream(
    id=StreamId("aws.iam"),
    title="Identities and permissions",
    regional=False,
    operations=(
        AUTHORIZATION_DETAILS,
        GENERATE_REPORT,
        REPORT,
        SUMMARY,
        PASSWORD_POLICY,
        POLICY,
        POLICY_VERSION,
    ),
    emits=(UserAccount, RootUser, PasswordPolicy, PermissionPolicy, AccessPrincipal, AccessPolicyDocument),
    normalize=normalize,
)

KEYS_STREAM: Final = AwsStream(
    id=StreamId("aws.iam-keys"),
    title="Access keys",
    regional=False,
    operations=(GENERATE_REPORT, KEYS_REPORT),
    emits=(AccessKey,),
    normalize=normalize_keys,
)
