"""Backups."""

from dataclasses import dataclass
from datetime import datetime

from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupProtection(Resource):
    """A resource that the backup service has backed up; its `id` is `backup:` and the resource's own id."""

    protects: str
    last_backup_at: datetime | Unknown | None
