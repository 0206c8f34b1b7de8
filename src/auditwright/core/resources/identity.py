"""Accounts, keys and what they may do."""

from dataclasses import dataclass
from datetime import datetime

from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class RootUser(Resource):
    """The root user of a cloud account, who can do everything and cannot be limited."""

    mfa_enrolled: bool | Unknown
    active_access_keys: int | Unknown
    has_password: bool | Unknown
    """False where an organization took the root user's password away, or never let it have one."""
    last_used_at: datetime | Unknown | None
    """Password or key, whichever is later; None where neither was ever used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserAccount(Resource):
    """An account of a person or a program in one system."""

    system: str
    """The system that holds the account, such as `aws`."""
    active: bool | Unknown
    """False where the account is disabled: it has neither password nor active key."""
    created_at: datetime | Unknown
    console_access: bool | Unknown
    """True where a password opens a session."""
    mfa_enrolled: bool | Unknown
    last_used_at: datetime | Unknown | None
    """Password or key, whichever is later; None where neither was ever used."""
    password_last_used_at: datetime | Unknown | None
    """When the password last opened a session; None where it never did, or there is none."""
    password_set_at: datetime | Unknown | None
    """When the password was set or last changed; None where there is none, or the system does not keep it."""
    attached_policies: tuple[str, ...] | Unknown
    """Managed policies attached to the account itself, by ARN."""
    inline_policies: tuple[str, ...] | Unknown
    """Policies written into the account itself, by name."""
    groups: tuple[str, ...] | Unknown
    tags: tuple[tuple[str, str], ...] | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey(Resource):
    """A long-term key of a user account."""

    user: str
    active: bool | Unknown
    rotated_at: datetime | Unknown
    """When the key was made or last replaced."""
    last_used_at: datetime | Unknown | None
    """None where it was never used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPolicy(Resource):
    """The rules for passwords of an account's users; `is_set` is False where the account has none."""

    is_set: bool | Unknown
    minimum_length: int | Unknown
    require_symbols: bool | Unknown
    require_numbers: bool | Unknown
    require_uppercase: bool | Unknown
    require_lowercase: bool | Unknown
    reuse_prevention: int | Unknown
    """How many earlier passwords are refused; 0 where none are."""
    max_age_days: int | Unknown
    """0 where passwords do not expire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyStatement:
    """One statement of a permission policy, in the cloud's own words."""

    effect: str
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_resources: tuple[str, ...]
    conditional: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionPolicy(Resource):
    """A permission policy: customer managed, provider managed and attached, or written into a principal."""

    provider_managed: bool
    inline_of: str
    """The ARN of the principal that it is written into; empty for a managed policy."""
    attached_to: tuple[str, ...] | Unknown
    """ARNs of users, groups and roles that it is attached to."""
    statements: tuple[PolicyStatement, ...] | Unknown
