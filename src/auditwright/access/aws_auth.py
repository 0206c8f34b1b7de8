"""The `aws-auth` map of a cluster: which ARN gets which Kubernetes username and groups.

The rules are those of aws-iam-authenticator. Reading is lenient: what cannot be read stays in the map as
unread, because the authenticator may have read it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from auditwright.core.outcome import Unknown

MAX_MAPPINGS = 50_000
"""A ConfigMap holds at most 1 MiB, and a mapping takes more than 20 bytes of it."""

MAX_TEXT = 4_096
"""An ARN has at most 2,048 characters and a username fewer; longer text is no name."""

ARN_PARTS = len(("arn", "partition", "service", "region", "account", "resource"))
TWELVE_DIGITS = range(10**11, 10**12)
PARTITIONS = frozenset(
    {"aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"}
)


class Slot(StrEnum):
    """A part of a username or group that the authenticator fills in at sign-in."""

    ACCOUNT = "{{AccountID}}"
    SESSION = "{{SessionName}}"
    SESSION_RAW = "{{SessionNameRaw}}"
    ACCESS_KEY = "{{AccessKeyID}}"
    PRIVATE_DNS = "{{EC2PrivateDNSName}}"


_SLOTS = re.compile("|".join(re.escape(slot) for slot in Slot))

Template: TypeAlias = tuple[str | Slot, ...]
"""A username or group as it is written: text, and slots between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArnMapping:
    """One readable element of mapRoles or mapUsers."""

    arn: str
    """As it is written; a pattern where `pattern` is set."""
    pattern: bool = False
    """An ARN with wildcards, or a permission set: only newer authenticators know them, and only where switched on."""
    username: Template | Unknown
    groups: tuple[Template, ...] | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsAuth:
    """The map, in the order in which it is written. An element that cannot be read is Unknown."""

    map_roles: tuple[ArnMapping | Unknown, ...] = ()
    map_users: tuple[ArnMapping | Unknown, ...] = ()
    map_accounts: tuple[str | Unknown, ...] = ()


def canonical_arn(arn: str) -> str | None:
    """The ARN that the authenticator looks up for a caller's ARN, or None where it refuses the caller.

    An assumed role becomes its role. AWS leaves a role's path out of the assumed-role ARN, so that the result has none.
    """
    parts = _arn_parts(arn)
    if parts is None:
        return None
    partition, service, account, resource = parts
    kind, *rest = resource.split("/")
    match service, kind:
        case ("iam", "user" | "role" | "root") | ("sts", "federated-user"):
            return arn
        case "sts", "assumed-role" if len(rest) > 1:
            return f"arn:{partition}:iam::{account}:role/{'/'.join(rest[:-1])}"
        case _:
            return None


def strip_path(arn: str) -> str | None:
    """The ARN of a role without its path; other principals' ARNs as they are; None for what is no ARN."""
    parts = _arn_parts(arn)
    if parts is None:
        return None
    partition, service, account, resource = parts
    kind, *rest = resource.split("/")
    if (service, kind) == ("iam", "role") and rest:
        return f"arn:{partition}:iam::{account}:role/{rest[-1]}"
    return arn


def looked_up_arn(principal: str) -> str | None:
    """The lower-cased ARN that the authenticator looks up when a principal, named as IAM lists it, signs in.

    A role is only ever seen through a session, whose ARN has no path: a mapping that has one never matches.
    """
    canonical = canonical_arn(principal)
    bare = strip_path(canonical) if canonical is not None else None
    return bare.lower() if bare is not None else None


def parse_aws_auth(data: object) -> AwsAuth:
    """The map from the data of the ConfigMap, whose YAML the caller has decoded.

    A value that the caller could not decode stays text (or Unknown) and is unread as a whole.
    """
    if not isinstance(data, Mapping):
        unread = (Unknown("the aws-auth map cannot be read"),)
        return AwsAuth(map_roles=unread, map_users=unread, map_accounts=unread)
    return AwsAuth(
        map_roles=tuple(_role_mapping(value) for value in _elements(data, "mapRoles")),
        map_users=tuple(_arn_mapping(value, "userarn") for value in _elements(data, "mapUsers")),
        map_accounts=tuple(_account(value) for value in _elements(data, "mapAccounts")),
    )


def parse_template(text: str) -> Template:
    """A username or group split into text and slots."""
    parts: list[str | Slot] = []
    end = 0
    for found in _SLOTS.finditer(text):
        if found.start() > end:
            parts.append(text[end : found.start()])
        parts.append(Slot(found.group()))
        end = found.end()
    if end < len(text) or not parts:
        parts.append(text[end:])
    return tuple(parts)


def template_text(template: Template) -> str:
    """A template as it is written."""
    return "".join(template)


def filled(template: Template, values: Mapping[Slot, str]) -> Template:
    """A template with some of its slots filled in."""
    return parse_template(
        "".join(values.get(part, part) if isinstance(part, Slot) else part for part in template)
    )


def like(pattern: str, text: str) -> bool:
    """True where a pattern with `*` and `?` matches the whole text; never worse than the product of both lengths."""
    at = start = 0
    star = resume = -1
    while start < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, resume, at = at, start, at + 1
        elif at < len(pattern) and pattern[at] in {"?", text[start]}:
            at, start = at + 1, start + 1
        elif star >= 0:
            resume += 1
            at, start = star + 1, resume
        else:
            return False
    return pattern[at:].strip("*") == ""


def arn_like(pattern: str, arn: str) -> bool:
    """True where an ARN matches a pattern, part by part between the colons."""
    wanted, given = pattern.split(":", 5), arn.split(":", 5)
    return len(wanted) == len(given) and all(map(like, wanted, given))


def _arn_parts(arn: str) -> tuple[str, str, str, str] | None:
    parts = arn.split(":", 5)
    if len(parts) != ARN_PARTS or parts[0] != "arn":
        return None
    _, partition, service, _, account, resource = parts
    return (partition, service, account, resource) if partition in PARTITIONS else None


def _elements(data: Mapping[object, object], key: str) -> Iterable[object]:
    # The authenticator reads these three keys in exactly this case, unlike the keys of a mapping.
    value = data.get(key)
    if value is None or (isinstance(value, str) and value.strip() in {"", "``", '""'}):
        return ()
    if not isinstance(value, list | tuple):
        return (Unknown(f"{key} of the aws-auth map cannot be read"),)
    if len(value) > MAX_MAPPINGS:
        return (*value[:MAX_MAPPINGS], Unknown(f"{key} has more than {MAX_MAPPINGS} mappings"))
    return value


def _role_mapping(value: object) -> ArnMapping | Unknown:
    fields = _fields(value)
    sso = fields.get("sso")
    if sso is None:
        return _arn_mapping(value, "rolearn")
    inner = _fields(sso)
    name, account = _text(inner.get("permissionsetname")), _text(inner.get("accountid"))
    if name is None or account is None or fields.get("rolearn"):
        return Unknown("a permission set in mapRoles cannot be read")
    partition = _text(inner.get("partition")) or "aws"
    return _mapping(f"arn:{partition}:iam::{account}:role/AWSReservedSSO_{name}_*", fields)


def _arn_mapping(value: object, key: str) -> ArnMapping | Unknown:
    if isinstance(value, Unknown):
        return value
    fields = _fields(value)
    arn = _text(fields.get(key))
    return _mapping(arn, fields) if arn else Unknown(f"a mapping of the aws-auth map has no readable {key}")


def _mapping(arn: str, fields: Mapping[str, object]) -> ArnMapping:
    return ArnMapping(
        arn=arn,
        pattern="*" in arn or "?" in arn,
        username=read_template(fields.get("username", "")),
        groups=read_templates(fields.get("groups")),
    )


def read_template(value: object) -> Template | Unknown:
    """A username from its decoded value; nothing where the value is null, as the authenticator reads it."""
    text = _text("" if value is None else value)
    return Unknown("the username cannot be read") if text is None else parse_template(text)


def read_templates(value: object) -> tuple[Template, ...] | Unknown:
    """Groups from their decoded value; none where the value is null."""
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        return Unknown("the groups cannot be read")
    texts = [_text(each) for each in value]
    if any(text is None for text in texts):
        return Unknown("a group cannot be read")
    return tuple(parse_template(text) for text in texts if text is not None)


def _account(value: object) -> str | Unknown:
    # YAML reads an account without quotes as a number, and one with a leading zero as another number.
    if isinstance(value, int) and not isinstance(value, bool) and value in TWELVE_DIGITS:
        return str(value)
    return _text(value) or Unknown("an account of mapAccounts cannot be read")


def _fields(value: object) -> Mapping[str, object]:
    """The fields of a mapping by lower-cased key: the authenticator reads them in any case."""
    return dict(_lowered(value)) if isinstance(value, Mapping) else {}


def _lowered(value: Mapping[object, object]) -> Iterator[tuple[str, object]]:
    for key, each in value.items():
        if isinstance(key, str):
            yield key.lower(), each


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and len(value) <= MAX_TEXT else None
