"""Stores: evidence, records, inventory. What each is slow to import, it imports when it is opened."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from auditwright.core.ports import EvidenceStore, Inventory, Records
from auditwright.store.evidence_s3 import S3Settings

EVIDENCE_FOLDER = "evidence"
RECORDS_FILE = "records.db"
INVENTORY_FOLDER = "inventory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """The three stores of one organization."""

    evidence: EvidenceStore
    records: Records
    inventory: Inventory

    def close(self) -> None:
        """Let go of the records' database."""
        self.records.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


def create_stores(state_folder: Path, *, database_url: str = "", bucket: S3Settings | None = None) -> Stores:
    """Make the stores in a folder; the records in another database and the evidence in a bucket where one is named.

    Raises StoreError where there are records already. Killed in the middle, it can be run again.
    """
    from auditwright.store.evidence_folder import FolderEvidence
    from auditwright.store.evidence_s3 import S3Evidence
    from auditwright.store.inventory import FolderInventory
    from auditwright.store.records import create_records

    # The records come last: they are what says that there is a store.
    evidence = S3Evidence(bucket) if bucket else FolderEvidence.create(state_folder / EVIDENCE_FOLDER)
    inventory = FolderInventory.create(state_folder / INVENTORY_FOLDER)
    records = create_records(database_url or sqlite_url(state_folder))
    return Stores(evidence=evidence, records=records, inventory=inventory)


def open_stores(state_folder: Path, *, database_url: str = "", bucket: S3Settings | None = None) -> Stores:
    """Open the stores that `create_stores` made; raises StoreError, NewerStoreError."""
    from auditwright.store.evidence_folder import FolderEvidence
    from auditwright.store.evidence_s3 import S3Evidence
    from auditwright.store.inventory import FolderInventory
    from auditwright.store.records import open_records

    records = open_records(database_url or sqlite_url(state_folder))
    try:
        evidence = S3Evidence(bucket) if bucket else FolderEvidence(state_folder / EVIDENCE_FOLDER)
        inventory = FolderInventory(state_folder / INVENTORY_FOLDER)
    except BaseException:
        records.close()
        raise
    return Stores(evidence=evidence, records=records, inventory=inventory)


def sqlite_url(state_folder: Path) -> str:
    """The address of the records in a state folder."""
    return f"sqlite:///{state_folder / RECORDS_FILE}"
