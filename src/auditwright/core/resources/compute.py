"""Machines, their disks and images."""

from dataclasses import dataclass
from datetime import datetime

from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualMachine(Resource):
    """A virtual machine."""

    state: str
    """The provider's word, such as running or stopped."""
    metadata_enabled: bool | Unknown
    """False where the instance metadata service is off."""
    metadata_token_required: bool | Unknown
    """True where the metadata service answers only session tokens (IMDSv2)."""
    public_address: str | Unknown | None
    instance_profile: str | Unknown | None
    """The ARN of the instance profile, which names the role that the machine acts as; None without one."""
    tags: tuple[tuple[str, str], ...] | Unknown
    security_groups: tuple[str, ...] | Unknown
    """The ids of the security groups around its interfaces."""
    private_addresses: tuple[str, ...] | Unknown
    """Its addresses inside its network, by which a load balancer may name it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockVolume(Resource):
    """A disk volume."""

    encrypted: bool | Unknown
    attached_to: tuple[str, ...] | Unknown
    tags: tuple[tuple[str, str], ...] | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskSnapshot(Resource):
    """A snapshot of a disk volume that the account owns."""

    encrypted: bool | Unknown
    public: bool | Unknown
    """True where anybody may restore it."""
    created_at: datetime | Unknown | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineImage(Resource):
    """A machine image that the account owns."""

    public: bool | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchState(Resource):
    """What the patch manager reported of one machine."""

    machine: str
    """The machine's resource id."""
    missing: int | Unknown
    """Patches that apply and are not installed."""
    failed: int | Unknown
    scanned_at: datetime | Unknown | None
