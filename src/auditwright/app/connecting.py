"""Connect: what an integration needs, and its table in the program folder's settings."""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from auditwright.app.acting import Actor, Deed, acting
from auditwright.app.errors import AppError
from auditwright.app.folder import find_program_folder, load_program, read_files
from auditwright.app.registry import integrations
from auditwright.app.setup import integration_toml
from auditwright.app.workspace import Workspace
from auditwright.core.definition import closest_ids
from auditwright.core.ids import IntegrationId
from auditwright.core.integration import ConfigField, FieldForm, Integration
from auditwright.program.definitions import SETTINGS_FILE, read_program
from auditwright.program.document import MAX_FILE_BYTES, ProgramError
from auditwright.program.editing import (
    Setting,
    line_of_table,
    table_of_line,
    with_settings,
    without_settings,
)

MAX_GIVEN = 20_000
"""Characters of one setting in a form: some hundred accounts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What an integration asks for, and where its settings stand."""

    integration: Integration
    policy: str
    """The read-only policy to attach; empty where the source has no such thing."""
    added: bool
    """True where its table was added to the settings just now."""


def integration_named(name: str) -> Integration:
    """An integration by id; raises AppError with the closest ones."""
    known = integrations()
    found = known.get(IntegrationId(name))
    if found is None:
        near = closest_ids(name, known)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(sorted(known))}"
        raise AppError(f"There is no integration {name!r}; {hint}")
    return found


def connect(given: Path, integration: Integration) -> Needs:
    """Add an integration's table to the settings where it is missing, and say what it needs; raises AppError."""
    folder = find_program_folder(given)
    program = load_program(folder)
    added = integration.id not in {each.id for each in program.integrations}
    if added:
        path = folder / SETTINGS_FILE
        try:
            text = path.read_text(encoding="utf-8")
            path.write_text(f"{text.rstrip()}\n\n{integration_toml(integration)}", encoding="utf-8")
        except OSError as error:
            raise AppError(f"{path} cannot be written: {error.strerror}") from None
    return Needs(integration=integration, policy=read_only_policy(integration), added=added)


class SettingError(ValueError):
    """Some settings cannot be taken; `problems` says why, by the name of their field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems.values()))


def given_as_text(field: ConfigField, values: Mapping[str, object]) -> str:
    """A setting as a form shows it: a text, or one item on each line."""
    value = values.get(field.name, field.default)
    match value:
        case str():
            return value
        case list() | tuple():
            return "\n".join(line_of_table(each) if isinstance(each, dict) else str(each) for each in value)
        case _:
            return str(value)


def read_given(integration: Integration, given: Mapping[str, str]) -> Mapping[str, Setting]:
    """What a form was sent, as settings; raises SettingError, which names every field that cannot be taken."""
    found: dict[str, Setting] = {}
    problems: dict[str, str] = {}
    for field in integration.fields:
        try:
            found[field.name] = _read_field(field, given.get(field.name, ""))
        except ValueError as error:
            problems[field.name] = f"{field.title}: {error}"
    if problems:
        raise SettingError(problems)
    return found


def _read_field(field: ConfigField, text: str) -> Setting:
    if len(text) > MAX_GIVEN:
        raise ValueError(f"at most {MAX_GIVEN} characters; write more into {SETTINGS_FILE} itself")
    lines = [line.strip() for line in text.replace("\r\n", "\n").split("\n") if line.strip()]
    if not lines and field.required:
        raise ValueError("it is needed")
    if not all(line.isprintable() for line in lines):
        raise ValueError("it holds a character that does not show; type it anew")
    match field.form:
        case FieldForm.TEXT:
            if len(lines) > 1:
                raise ValueError("it takes one line")
            return lines[0] if lines else ""
        case FieldForm.LINES:
            return lines[0] if lines == [field.default] else lines
        case FieldForm.TABLES:
            return [_table(number, line) for number, line in enumerate(lines, 1)]


def _table(number: int, line: str) -> Mapping[str, object]:
    try:
        return table_of_line(line)
    except ValueError as error:
        raise ValueError(f"line {number}: {error}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """How an integration is to be set: its whole table."""

    integration: Integration
    values: Mapping[str, Setting]


def configure(workspace: Workspace, actor: Actor, wiring: Wiring, at: datetime) -> None:
    """Set an integration's table in the settings, which is added where it is missing.

    Raises AppError where the settings would not be valid, with which nothing is changed, and StoreError.
    """
    integration = wiring.integration
    is_new = integration.id not in {each.id for each in workspace.program.integrations}
    deed = Deed(
        actor=actor,
        verb="integration.connect" if is_new else "integration.change",
        subject=integration.id,
        detail=f"{'Connected' if is_new else 'Changed the settings of'} {integration.title}.",
    )
    text = _settings_text(workspace.folder)
    if is_new:
        text = f"{text.rstrip()}\n\n{integration_toml(integration)}"
    with acting(workspace, deed, at):
        _replace(workspace.folder, _edited(lambda: with_settings(text, integration.id, wiring.values)))


def disconnect(workspace: Workspace, actor: Actor, integration: Integration, at: datetime) -> None:
    """Take an integration's table out of the settings; what was collected stays. Raises AppError, StoreError."""
    deed = Deed(
        actor=actor,
        verb="integration.disconnect",
        subject=integration.id,
        detail=f"Disconnected {integration.title}.",
    )
    text = _settings_text(workspace.folder)
    with acting(workspace, deed, at):
        _replace(workspace.folder, _edited(lambda: without_settings(text, integration.id)))


def _edited(edit: Callable[[], str]) -> str:
    try:
        return edit()
    except ProgramError as error:
        raise AppError(str(error)) from None


def _settings_text(folder: Path) -> str:
    path = folder / SETTINGS_FILE
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise AppError(f"{path} cannot be read; mend it before something is changed here") from None


def _replace(folder: Path, text: str) -> None:
    """Put a new settings file in the place of the old one, whole or not at all; raises AppError where it is not valid."""
    body = text.encode()
    if len(body) > MAX_FILE_BYTES:
        raise AppError(f"{SETTINGS_FILE} would have {len(body)} bytes; it has at most {MAX_FILE_BYTES}")
    try:
        read_program({**read_files(folder), SETTINGS_FILE: body})
    except ProgramError as error:
        raise AppError(f"nothing was changed: {error}") from None
    path = folder / SETTINGS_FILE
    temporary = folder / f".{SETTINGS_FILE}.{secrets.token_hex(8)}"
    try:
        temporary.write_bytes(body)
        temporary.chmod(path.stat().st_mode & 0o777)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise AppError(f"{path} cannot be written: {error.strerror}") from None


def read_only_policy(integration: Integration) -> str:
    """The least-privilege policy of everything that an integration asks, in the form that its source takes."""
    match integration.id:
        case "aws":
            from auditwright.integrations.aws import STREAMS
            from auditwright.integrations.aws.readonly_policy import policy_document

            return json.dumps(policy_document(STREAMS), indent=2)
        case "kubernetes":
            from auditwright.integrations.kubernetes.questions import ACCESS, WORKLOADS
            from auditwright.integrations.kubernetes.readonly_role import manifests

            return manifests((*ACCESS, *WORKLOADS))
        case _:
            return ""
