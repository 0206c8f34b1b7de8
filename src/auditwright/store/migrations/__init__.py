"""How the records' tables came to be, one revision after the other (Alembic)."""

REVISIONS = ("0001", "0002", "0003")
"""Every revision, the oldest first. Known here so that opening a store that is up to date needs no Alembic."""

HEAD = REVISIONS[-1]

VERSION_TABLE = "auditwright_version"
"""Where a store keeps its revision; the job engine has tables of its own beside ours."""
