"""A real PostgreSQL for tests: one temporary cluster on a Unix socket, one database for each test."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

BINARIES = Path("/usr/lib/postgresql")
SERVER_USER = "postgres"
START_TIMEOUT_S = 60


class Cluster:
    """A running server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made = 0

    def url(self, database: str) -> str:
        return f"postgresql://{SERVER_USER}@/{database}?host={quote(str(self.folder))}"

    def new_database(self) -> str:
        """The address of a new, empty database."""
        self._made += 1
        name = f"records_{self._made}"
        # Sorted as people in the US sort: what we sort must not depend on it.
        locale = "LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
        sql = f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' {locale}"
        self.execute("postgres", sql)
        return self.url(name)

    def execute(self, database: str, sql: str) -> None:
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(sql.encode())


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Start a server and stop it at the end."""
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # short: a socket's path has at most 107 bytes
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, SERVER_USER)
        data = folder / "data"
        _run(
            [
                binaries / "initdb",
                "-D",
                data,
                "-U",
                SERVER_USER,
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--no-sync",
                "--no-instructions",
            ]
        )
        options = (
            f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off -c max_connections=40"
        )
        control: list[str | Path] = [binaries / "pg_ctl", "-D", data, "-w", "-t", str(START_TIMEOUT_S)]
        _run([*control, "-l", folder / "log", "-o", options, "start"])
        try:
            yield Cluster(folder)
        finally:
            _run([*control, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    found = sorted(BINARIES.glob("*/bin/initdb"))
    assert found, "PostgreSQL is not installed; run: apt-get install --no-install-recommends postgresql"
    return found[-1].parent


def _run(command: list[str | Path]) -> None:
    # The server refuses to run as root.
    prefix: list[str | Path] = ["runuser", "-u", SERVER_USER, "--"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*prefix, *command],
        check=False,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
