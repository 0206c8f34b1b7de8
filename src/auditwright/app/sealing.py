"""Seal: keep the log's new tiles and sign its size and root."""

from datetime import datetime

from auditwright.app.workspace import Workspace
from auditwright.core.run import Checkpoint
from auditwright.sign.checkpoint import Checkpoint as SignedHead
from auditwright.sign.checkpoint import sign_checkpoint
from auditwright.sign.merkle import new_tiles, tree_root


def seal(workspace: Workspace, at: datetime) -> Checkpoint:
    """Sign the log as it stands; the checkpoint there is, where the log has not grown since. Raises StoreError."""
    records = workspace.stores.records
    known = records.checkpoints()
    size = records.log_size()
    if known and known[-1].size == size:
        return known[-1]
    sealed = known[-1].size if known else 0
    root = tree_root(records, size)
    head = SignedHead(origin=workspace.verifier_key.name, size=size, root=root)
    checkpoint = Checkpoint(
        size=size, root=root, note=sign_checkpoint(head, workspace.signer), signed_at=at, timestamp=b""
    )
    with records.transaction() as write:
        write.put_tiles(new_tiles(records, sealed, size))
        write.add_checkpoint(checkpoint)
    return checkpoint
