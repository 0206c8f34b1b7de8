"""A cloud account's regions and account-wide settings."""

from dataclasses import dataclass

from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource
from auditwright.core.resources.data import PublicAccessBlock


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudRegion(Resource):
    """A region that is enabled for a cloud account; `scope.region` is empty, `name` is the region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicAccessSetting(Resource):
    """A cloud account's own block of public access to object storage."""

    block: PublicAccessBlock | Unknown | None
    """None where the account has no such setting."""
