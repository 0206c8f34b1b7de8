"""Seal: keep the log's new tiles, sign its size and root, and once a day have an authority state the time."""

from collections.abc import Callable
from datetime import datetime

from auditwright.app.timestamping import NoTimestampError, stamp
from auditwright.app.workspace import Workspace
from auditwright.core.run import Checkpoint
from auditwright.sign.checkpoint import Checkpoint as SignedHead
from auditwright.sign.checkpoint import sign_checkpoint
from auditwright.sign.merkle import new_tiles, tree_root


def _unheard(_: str) -> None:
    return


def seal(workspace: Workspace, at: datetime, *, warn: Callable[[str], None] = _unheard) -> Checkpoint:
    """Sign the log as it stands; the checkpoint there is, where the log has not grown since.

    An authority that does not answer is said through `warn`; the checkpoint then stands without a stamp, and
    the next one asks again. Raises StoreError.
    """
    records = workspace.stores.records
    known = records.checkpoints()
    size = records.log_size()
    if known and known[-1].size == size:
        return known[-1]
    sealed = known[-1].size if known else 0
    root = tree_root(records, size)
    head = SignedHead(origin=workspace.verifier_key.name, size=size, root=root)
    # Once a day is enough: no rewriting reaches further back than the last stamp.
    due = not any(each.timestamp and each.signed_at.date() == at.date() for each in known)
    checkpoint = Checkpoint(
        size=size,
        root=root,
        note=sign_checkpoint(head, workspace.signer),
        signed_at=at,
        timestamp=_stamped(workspace, head, warn) if due else b"",
    )
    with records.transaction() as write:
        # A run that was killed while sealing is sealed again, perhaps beside the next one.
        meanwhile = records.checkpoints()
        if meanwhile and meanwhile[-1].size >= size:
            return meanwhile[-1]
        write.put_tiles(new_tiles(records, sealed, size))
        write.add_checkpoint(checkpoint)
    return checkpoint


def _stamped(workspace: Workspace, head: SignedHead, warn: Callable[[str], None]) -> bytes:
    authority = workspace.program.timestamps
    if authority is None:
        return b""
    try:
        return stamp(workspace, authority, head)
    except NoTimestampError as error:
        warn(f"The checkpoint is signed without a time stamp. {error}")
        return b""
