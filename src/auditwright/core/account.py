"""People with access to Auditwright, and what they sign in with.

Secrets are never held as they are: a token is known by its SHA-256, a password by its argon2 hash, what must be
read back (a one-time code's seed) is sealed with a key that does not lie in the database.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from auditwright.core.ids import AccountId, Digest, EngagementId


class Role(StrEnum):
    """What somebody is to the organization; rights follow from it and from nothing else."""

    OWNER = "owner"
    COMPLIANCE = "compliance"
    ENGINEER = "engineer"
    EMPLOYEE = "employee"
    AUDITOR = "auditor"
    """Reads the scope of one engagement, and nothing beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who may sign in."""

    id: AccountId
    email: str
    """In lower case; no two accounts that may sign in have the same."""
    name: str
    role: Role
    engagement: EngagementId
    """Of an auditor, the engagement; else empty."""
    made_at: datetime
    ended_at: datetime | None
    password: str
    """The argon2id hash; empty where the account has none."""
    seed: bytes
    """The sealed seed of one-time codes; empty where the account has none."""
    step: int
    """The last time step whose code was taken, so that no code counts twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engagement:
    """What one auditor may read: some categories of criteria, in one period."""

    id: EngagementId
    title: str
    categories: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A WebAuthn credential."""

    id: str
    """The credential's id, base64url without padding."""
    account: AccountId
    name: str
    public_key: bytes
    sign_count: int
    made_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCode:
    """A code that stands in for a lost second factor, once."""

    account: AccountId
    digest: Digest
    used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideIdentity:
    """Who an account is at an identity provider (OpenID Connect)."""

    issuer: str
    subject: str
    account: AccountId
    linked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser that signed in; known by the digest of its cookie."""

    digest: Digest
    account: AccountId
    method: str
    """How: `passkey`, `password and code`, `password and recovery code` or `single sign-on`."""
    address: str
    agent: str
    started_at: datetime
    seen_at: datetime
    proved_at: datetime
    """When a second factor was shown last: what is grave asks for one anew."""
    ends_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A link that makes an account, once; known by its digest. The owner's first one comes from the terminal."""

    digest: Digest
    email: str
    name: str
    role: Role
    engagement: EngagementId
    made_by: str
    made_at: datetime
    ends_at: datetime
    used_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """A key for the API; known by its digest."""

    digest: Digest
    id: str
    """A short name for lists and the log, such as `tok-3f9a1c`."""
    account: AccountId
    name: str
    scopes: tuple[str, ...]
    made_at: datetime
    ends_at: datetime
    used_at: datetime | None
    ended_at: datetime | None
