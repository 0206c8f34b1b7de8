"""Set up a program folder: commented definitions, the stores, and the log's key."""

import os
import re
import secrets
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from auditwright.app.errors import AppError
from auditwright.app.folder import load_program
from auditwright.app.registry import integrations
from auditwright.app.sealing import seal
from auditwright.app.workspace import (
    KEY_FILE,
    STATE_FOLDER,
    VERIFIER_KEY_FILE,
    Workspace,
    bucket_of,
    database_url,
    read_verifier_key,
)
from auditwright.core.ids import IntegrationId
from auditwright.core.integration import ConfigField, Integration
from auditwright.core.log import LogEntry
from auditwright.core.ports import StoreError
from auditwright.frameworks import load_framework
from auditwright.program.definitions import SETTINGS_FILE, Program
from auditwright.sign.keys import make_key
from auditwright.store import Stores, create_stores, open_stores

COMMENT_WIDTH = 100

GITIGNORE = f"{STATE_FOLDER}/\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What `auditwright init` was told."""

    organization: str
    categories: tuple[str, ...]
    integrations: tuple[IntegrationId, ...]


def set_up(folder: Path, answers: Answers) -> Path:
    """Make a program folder, or the state of one that came out of version control; returns the state folder.

    Existing definitions are kept as they are. Raises AppError where a state exists already.
    """
    state = folder / STATE_FOLDER
    if (state / VERIFIER_KEY_FILE).exists():
        raise AppError(f"{folder} is set up already. Collect with: auditwright run --program {folder}")
    _write_definitions(folder, answers)
    program = load_program(folder)
    state.mkdir(mode=0o700, exist_ok=True)
    _make_key(state, program.organization)
    try:
        stores = _stores(state, program)
    except StoreError as error:
        raise AppError(str(error)) from None
    key = read_verifier_key(state)
    workspace = Workspace(folder=folder.resolve(), program=program, stores=stores, verifier_key=key)
    try:
        at = datetime.now(UTC)
        with stores.records.transaction() as write:
            write.append(
                LogEntry(kind="log", at=at, fields={"origin": key.name, "organization": program.organization})
            )
        seal(workspace, at)
    finally:
        workspace.close()
    return state


def settings_toml(answers: Answers) -> str:
    """The text of a new `auditwright.toml`, with every choice explained beside it."""
    organization = " ".join(answers.organization.split())  # a name stays on the line of its comment
    categories = ", ".join(f'"{name}"' for name in answers.categories)
    framework = load_framework("soc2")
    known = "\n".join(f"#   {each.id:<22} {each.title}" for each in framework.categories)
    tables = "\n".join(integration_toml(integrations()[name]) for name in answers.integrations)
    return f"""\
# What {organization} defines for Auditwright. Keep this folder under version control:
# its history is evidence. What Auditwright collects lies in {STATE_FOLDER}/, which is not.

[organization]
name = {_quoted(organization)}

[scope]
framework = "soc2"
# Categories in scope; security always is:
{known}
categories = [{categories}]
# The period of a Type 2 report; the last day belongs to it.
# period = {{ start = 2026-11-01, end = 2027-10-31 }}

# Evidence lies in the state folder, or in a bucket; choose before the first run. Credentials come from
# the environment, as for every AWS program.
# [evidence]
# bucket = "acme-evidence"
# prefix = "auditwright"
# region = "eu-central-1"
# retention_days = 400      # Object Lock: nobody can delete before

# Somebody vouches that an identity provider, or another account, asks each person for a second factor. Until then
# what comes in through it is unknown. Evidence says where it can be seen, and from `until` on it no longer counts.
# [[access.attestation]]
# provider = "arn:aws:iam::111122223333:saml-provider/okta"      # or account = "444455556666"
# mfa_required = true
# evidence = "https://example.com/tickets/123"
# until = 2027-05-01T00:00:00Z

# What nobody may get to without a second factor, beside administrators of accounts and clusters: one action on
# one resource each.
# [[access.target]]
# name = "customers"
# action = "s3:GetObject"
# resource = "arn:aws:s3:::acme-customers/export.csv"

# A time-stamping authority (RFC 3161) that states, once a day, when the log was as it is; its root
# certificates lie in a file of this folder.
# [log]
# timestamp_url = "https://tsa.example.com/"
# timestamp_roots = "tsa-roots.pem"

# How often `auditwright serve` runs by itself, from "15m" to "31d". Without it, people or a cron job run.
# [schedule]
# every = "24h"

# Settings of tests, such as stricter limits; `auditwright tests show ID` lists them.
# [tests."identity.access-keys-rotated"]
# max_age_days = 60

{tables}"""


def _write_definitions(folder: Path, answers: Answers) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("controls", "waivers", "tests"):
            (folder / name).mkdir(exist_ok=True)
        for name, text in ((SETTINGS_FILE, settings_toml(answers)), (".gitignore", GITIGNORE)):
            path = folder / name
            if not path.exists():
                path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise AppError(f"{folder} cannot be written: {error.strerror}") from None


def integration_toml(integration: Integration) -> str:
    """The commented table of an integration in `auditwright.toml`."""
    fields = "\n".join(_field_toml(field) for field in integration.fields)
    return f"{_comment(f'{integration.title}: {integration.summary}')}\n[integrations.{integration.id}]\n{fields}\n"


def _field_toml(field: ConfigField) -> str:
    """A field with its help; one that has no default and need not be given stays a comment."""
    match field.default:
        case str():
            value = _quoted(field.default)
        case _:
            value = f"[{', '.join(_quoted(each) for each in field.default)}]"
    given = field.default or field.required
    return f"{_comment(field.help)}\n{'' if given else '# '}{field.name} = {value}"


def _comment(text: str) -> str:
    return textwrap.fill(
        text, COMMENT_WIDTH, initial_indent="# ", subsequent_indent="# ", break_long_words=False
    )


def _quoted(text: str) -> str:
    escaped = re.sub(r'["\\\x00-\x1f\x7f]', lambda found: f"\\u{ord(found[0]):04x}", text)
    return f'"{escaped}"'


def _make_key(state: Path, organization: str) -> None:
    slug = re.sub(r"[^a-z0-9]+", "-", organization.lower()).strip("-")[:40] or "organization"
    # The name is chosen once and is in every checkpoint; the random part keeps two logs of one name apart.
    key = make_key(f"auditwright.local/{slug}-{secrets.token_hex(4)}")
    descriptor = os.open(state / KEY_FILE, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.pem)
        file.flush()
        os.fsync(file.fileno())
    (state / VERIFIER_KEY_FILE).write_text(f"{key.vkey}\n")


def _stores(state: Path, program: Program) -> Stores:
    try:
        return create_stores(state, database_url=database_url(), bucket=bucket_of(program))
    except StoreError:
        # A set-up that was cut off after the stores were made.
        stores = open_stores(state, database_url=database_url(), bucket=bucket_of(program))
        if stores.records.log_size():
            stores.close()
            raise
        return stores


def known_categories() -> Sequence[str]:
    """The categories that an organization can take into scope."""
    return [category.id for category in load_framework("soc2").categories]
