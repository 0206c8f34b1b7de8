"""Runs the revisions on the connection that `records.py` hands over."""

from alembic import context
from sqlalchemy import Connection

from auditwright.store.migrations import VERSION_TABLE
from auditwright.store.schema import METADATA


def _run() -> None:
    connection = context.config.attributes["connection"]
    assert isinstance(connection, Connection), "migrations run from inside Auditwright, on an open connection"
    # SQLite's DDL is transactional too: a killed migration leaves the store as it was.
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        version_table=VERSION_TABLE,
        transactional_ddl=True,
    )
    context.run_migrations()


_run()
