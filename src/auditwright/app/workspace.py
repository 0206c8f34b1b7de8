"""A program folder opened for work: its definitions, its stores and its log's key."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from auditwright.app.catalogue import Catalogue, catalogue
from auditwright.app.erased import finish
from auditwright.app.errors import AppError
from auditwright.app.folder import find_program_folder, load_program
from auditwright.app.own_tests import load_own_tests
from auditwright.control_tests import load_builtin_tests
from auditwright.core.control_test import ControlTest
from auditwright.core.ids import TestId
from auditwright.core.ports import StoreError
from auditwright.program.definitions import Program
from auditwright.sign.keys import KeyFileError, load_key
from auditwright.sign.note import NoteError, Signer, VerifierKey, parse_verifier_key
from auditwright.store import Stores, open_stores
from auditwright.store.evidence_s3 import S3Settings

STATE_FOLDER = ".auditwright"
"""Inside the program folder; never under version control."""

KEY_FILE = "log-key.pem"
VERIFIER_KEY_FILE = "log.vkey"

DATABASE_URL = "AUDITWRIGHT_DATABASE_URL"
"""Names a PostgreSQL database for the records; a setting of the environment, because it holds a password."""


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """An open program folder. Close it when done."""

    folder: Path
    program: Program
    stores: Stores
    verifier_key: VerifierKey

    @property
    def state(self) -> Path:
        """The folder of what Auditwright keeps."""
        return self.folder / STATE_FOLDER

    @cached_property
    def tests(self) -> Mapping[TestId, ControlTest]:
        """Every control test: the built-in ones and the organization's own."""
        return all_tests(self.folder, self.program)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The framework, controls and tests, resolved."""
        return catalogue(self.program, self.tests)

    @cached_property
    def signer(self) -> Signer:
        """The log's private key."""
        path = self.state / KEY_FILE
        try:
            return load_key(path.read_bytes(), self.verifier_key.name)
        except OSError as error:
            raise AppError(
                f"the log's key {path} cannot be read: {error.strerror}; restore it from a backup"
            ) from None
        except KeyFileError as error:
            raise AppError(f"{path}: {error}") from None

    def close(self) -> None:
        """Release the stores."""
        self.stores.close()


def all_tests(folder: Path, program: Program) -> Mapping[TestId, ControlTest]:
    """The built-in control tests and the organization's own; raises AppError where one takes another's id."""
    builtin = load_builtin_tests()
    own = load_own_tests(folder, program.own_tests)
    taken = sorted(set(builtin) & set(own))
    if taken:
        raise AppError(f"{own[taken[0]].source}: {taken[0]} is the id of a built-in test; choose another")
    return {**builtin, **own}


def database_url() -> str:
    """Where the records are kept: empty for SQLite in the state folder."""
    return os.environ.get(DATABASE_URL, "")


def bucket_of(program: Program) -> S3Settings | None:
    """Where the program keeps its evidence: None for the state folder."""
    held = program.bucket
    if held is None:
        return None
    return S3Settings(
        bucket=held.bucket,
        prefix=held.prefix,
        endpoint_url=held.endpoint_url,
        region=held.region,
        retention_days=held.retention_days,
    )


def read_verifier_key(state: Path) -> VerifierKey:
    """The log's public key, by which its origin is known."""
    path = state / VERIFIER_KEY_FILE
    try:
        return parse_verifier_key(path.read_text().strip())
    except OSError:
        raise AppError(
            f"{state.parent} was never set up, or its {STATE_FOLDER} folder is gone. "
            f"Set it up with: auditwright init {state.parent}"
        ) from None
    except (NoteError, UnicodeDecodeError) as error:
        raise AppError(f"{path} is damaged ({error}); restore it from a backup") from None


@contextmanager
def open_workspace(given: Path) -> Iterator[Workspace]:
    """Open a program folder; raises AppError. Nothing is made that `auditwright init` did not make."""
    folder = find_program_folder(given)
    state = folder / STATE_FOLDER
    key = read_verifier_key(state)
    program = load_program(folder)
    try:
        stores = open_stores(state, database_url=database_url(), bucket=bucket_of(program))
    except StoreError as error:
        raise AppError(str(error)) from None
    workspace = Workspace(folder=folder, program=program, stores=stores, verifier_key=key)
    try:
        _finish_erasures(stores)
        yield workspace
    finally:
        workspace.close()


def _finish_erasures(stores: Stores) -> None:
    """Do what is left of an erasure that was interrupted; whoever wanted something else can have it all the same."""
    try:
        finish(stores, datetime.now(UTC))
    except StoreError as error:
        logging.getLogger(__name__).warning(
            "An erasure is not finished: %s. The next command tries again.", str(error).rstrip(".")
        )
