"""The kinds of resource, by subject. Importing this package makes every kind known: `kinds` from here has them all."""

from auditwright.core.resource import kinds
from auditwright.core.resources.availability import BackupProtection
from auditwright.core.resources.change import Change
from auditwright.core.resources.cloud import CloudRegion, PublicAccessSetting
from auditwright.core.resources.compute import (
    BlockVolume,
    DiskSnapshot,
    MachineImage,
    PatchState,
    VirtualMachine,
)
from auditwright.core.resources.data import (
    Certificate,
    Database,
    DatabaseSnapshot,
    EncryptionKey,
    PublicAccessBlock,
    StorageBucket,
    Table,
)
from auditwright.core.resources.identity import (
    AccessKey,
    PasswordPolicy,
    PermissionPolicy,
    PolicyStatement,
    RootUser,
    UserAccount,
)
from auditwright.core.resources.monitoring import (
    Alarm,
    AuditTrail,
    ConfigurationRecorder,
    LogGroup,
    ThreatDetector,
    ThreatFinding,
)
from auditwright.core.resources.network import (
    FirewallRule,
    Listener,
    LoadBalancer,
    SecurityGroup,
    VirtualNetwork,
)
from auditwright.core.resources.people import Person

__all__ = [
    "AccessKey",
    "Alarm",
    "AuditTrail",
    "BackupProtection",
    "BlockVolume",
    "Certificate",
    "Change",
    "CloudRegion",
    "ConfigurationRecorder",
    "Database",
    "DatabaseSnapshot",
    "DiskSnapshot",
    "EncryptionKey",
    "FirewallRule",
    "Listener",
    "LoadBalancer",
    "LogGroup",
    "MachineImage",
    "PasswordPolicy",
    "PatchState",
    "PermissionPolicy",
    "Person",
    "PolicyStatement",
    "PublicAccessBlock",
    "PublicAccessSetting",
    "RootUser",
    "SecurityGroup",
    "StorageBucket",
    "Table",
    "ThreatDetector",
    "ThreatFinding",
    "UserAccount",
    "VirtualMachine",
    "VirtualNetwork",
    "kinds",
]
