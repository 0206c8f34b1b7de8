"""What watches: trails, logs, detectors, recorders and alarms."""

from dataclasses import dataclass
from datetime import datetime

from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditTrail(Resource):
    """A trail of the cloud's management events."""

    home_region: str
    multi_region: bool | Unknown
    logging: bool | Unknown
    records_management_events: bool | Unknown
    """True where read and write management events are both recorded."""
    log_validation: bool | Unknown
    bucket: str | Unknown
    """The name of the bucket that it writes to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogGroup(Resource):
    """A group of log streams."""

    retention_days: int | Unknown | None
    """None where events never expire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreatDetector(Resource):
    """A threat detector of one region."""

    enabled: bool | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreatFinding(Resource):
    """Something that a threat detector found."""

    type: str
    severity: str | Unknown
    """low, medium, high or critical, by the provider's own bands."""
    created_at: datetime | Unknown
    updated_at: datetime | Unknown | None
    archived: bool | Unknown
    """True where somebody closed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationRecorder(Resource):
    """A recorder of configuration changes in one region."""

    recording: bool | Unknown
    all_resource_types: bool | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm(Resource):
    """An alarm on a metric."""

    actions_enabled: bool | Unknown
    topics: tuple[str, ...] | Unknown
    """ARNs of the notification topics that it calls when it goes off."""
    other_actions: tuple[str, ...] | Unknown
    confirmed_subscribers: int | Unknown
    """Confirmed subscriptions of those topics, together."""
