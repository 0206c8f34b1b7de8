"""Connect: what an integration needs, and its table in the program folder's settings.

The table is written from the terminal with what the integration proposes, or in a browser with what somebody entered. Who
has the right to connect in a browser has no account on the machine: so what they enter never names a file outside of the
program folder or in its state folder, an address that credentials are sent to, or a file that names programs to run.
"""

import ipaddress
import json
import os
import re
import secrets
import threading
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from auditwright.app.acting import Actor, Deed, acting
from auditwright.app.errors import AppError
from auditwright.app.folder import find_program_folder, load_program, read_files
from auditwright.app.registry import integrations
from auditwright.app.setup import integration_toml
from auditwright.app.workspace import STATE_FOLDER, Workspace
from auditwright.core.definition import closest_ids
from auditwright.core.ids import IntegrationId
from auditwright.core.integration import ConfigError, ConfigField, Integration, Takes
from auditwright.core.ports import StoreError
from auditwright.program.definitions import SETTINGS_FILE, Program, read_program
from auditwright.program.document import ProgramError
from auditwright.program.editing import Change, Setting, Table, toml, with_settings, without_table

MAX_ENTERED = 20_000
"""Characters of one setting: hundreds of accounts; more of them are written into the file."""

MAX_NUMBER = 100_000
"""Seconds or attempts beyond this are a slip of the pen."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_URL = re.compile(r"(?:https|ssh)://|[\w.-]+@[\w.-]+:(?!//)", re.ASCII)
_ANY_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")

_writing = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What an integration asks for, and where its settings stand."""

    integration: Integration
    policy: str
    """The read-only policy to attach; empty where the source has no such thing."""
    added: bool
    """True where its table was added to the settings just now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """What somebody entered, read: what changes, or what is wrong with it."""

    changes: Mapping[str, Change]
    problems: Mapping[str, str]
    """By field, what to enter instead."""


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
        _replace(path, _with_table(_read(path), integration))
    return Needs(integration=integration, policy=read_only_policy(integration), added=added)


def values_of(program: Program, integration: Integration) -> Mapping[str, object] | None:
    """The settings of an integration; None where it is not connected."""
    return next((each.values for each in program.integrations if each.id == integration.id), None)


def as_entered(field: ConfigField, values: Mapping[str, object] | None) -> str:
    """A setting as a form shows it: a list with a line for each member; the default where nothing is set."""
    value = field.default if values is None else values.get(field.name, "")
    if isinstance(value, list | tuple):
        members = cast("Sequence[Setting]", value)
        return "\n".join(each if isinstance(each, str) else toml(each) for each in members)
    return value if isinstance(value, str) else toml(cast("Setting", value))


def entered(workspace: Workspace, integration: Integration, given: Mapping[str, str]) -> Entered:
    """Read what somebody entered in a browser for each field that is set there."""
    held = values_of(workspace.program, integration)
    changes: dict[str, Change] = {}
    problems: dict[str, str] = {}
    for field in integration.fields:
        text = given.get(field.name, "").replace("\r\n", "\n").strip()
        if field.name in field.by_hand or text == as_entered(field, held if held is not None else {}).strip():
            continue
        try:
            changes[field.name] = _value(field, text)
            _check_reach(workspace.folder, field, changes[field.name], held or {})
        except ConfigError as error:
            problems[field.name] = str(error)
    missing = [f for f in integration.fields if f.required and not given.get(f.name, "").strip()]
    problems.update({field.name: f"Enter {field.title[:1].lower()}{field.title[1:]}." for field in missing})
    if not problems:
        problems.update(_refused(workspace, integration, {**(held or {}), **changes}))
    return Entered(changes=changes, problems=problems)


def save(
    workspace: Workspace,
    integration: Integration,
    changes: Mapping[str, Change],
    by: tuple[Actor, datetime],
) -> None:
    """Write what changes in an integration's table, as an act of somebody; raises AppError, StoreError."""
    is_new = values_of(workspace.program, integration) is None
    detail = (
        f"Connected {integration.title}."
        if is_new
        else f"Changed {', '.join(sorted(changes)) or 'nothing'} of {integration.title}."
    )
    verb = "integration.connect" if is_new else "integration.change"

    def edited(text: str) -> str:
        given = _with_table(text, integration) if is_new else text
        return with_settings(given, _table(integration), changes, file=SETTINGS_FILE)

    _act(workspace, _deed(by[0], verb, integration, detail), by[1], edited)


def disconnect(workspace: Workspace, integration: Integration, by: tuple[Actor, datetime]) -> None:
    """Take an integration's table out of the settings, as an act of somebody; raises AppError, StoreError."""

    def edited(text: str) -> str:
        return without_table(text, _table(integration), file=SETTINGS_FILE)

    deed = _deed(by[0], "integration.disconnect", integration, f"Disconnected {integration.title}.")
    _act(workspace, deed, by[1], edited)


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


def _table(integration: Integration) -> Table:
    return ("integrations", integration.id)


def _with_table(text: str, integration: Integration) -> str:
    return f"{text.rstrip()}\n\n{integration_toml(integration)}"


def _deed(actor: Actor, verb: str, integration: Integration, detail: str) -> Deed:
    return Deed(actor=actor, verb=verb, subject=integration.id, detail=detail)


def _value(field: ConfigField, text: str) -> Change:
    """What a text means as a setting; None where nothing is set. Raises ConfigError."""
    if len(text) > MAX_ENTERED or _CONTROL.search(text):
        raise ConfigError(f"Enter at most {MAX_ENTERED} characters, none of them a control character.")
    if not text:
        return None
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    match field.takes:
        case Takes.TEXT:
            if len(lines) > 1:
                raise ConfigError("Enter one line.")
            return text
        case Takes.NUMBER:
            if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= MAX_NUMBER):
                raise ConfigError(f"Enter a whole number from 1 to {MAX_NUMBER}.")
            return int(text)
        case Takes.TEXTS:
            return text if text == field.default else lines
        case Takes.TABLES:
            return [_inline_table(line) for line in lines]


def _inline_table(line: str) -> Mapping[str, Setting]:
    try:
        found = tomllib.loads(f"table = {line.rstrip(',')}")["table"]
    except tomllib.TOMLDecodeError:
        found = None
    if not isinstance(found, dict):
        raise ConfigError('Enter one table on each line, such as { name = "production" }.')
    return cast("Mapping[str, Setting]", found)


def _check_reach(folder: Path, field: ConfigField, value: Change, held: Mapping[str, object]) -> None:
    """Refuse what only whoever edits the file may set; what stands there already stays. Raises ConfigError."""
    before = held.get(field.name, field.default)
    for name in field.by_hand:
        if set(_texts_of(value, name, field)) - set(_texts_of(before, name, field)):
            raise ConfigError(
                f"{name} is set in {SETTINGS_FILE}, by whoever edits it: it can name a program to run, "
                "or where credentials go."
            )
    for name in field.names_files:
        allowed = {*_texts_of(before, name, field), *_texts_of(field.default, name, field)}
        for text in _texts_of(value, name, field):
            if text not in allowed:
                _check_place(folder, text)


def _texts_of(value: object, name: str, field: ConfigField) -> Sequence[str]:
    """Every text that a setting gives under a name: its own, or a key of its tables."""
    members = cast("Sequence[object]", value if isinstance(value, list | tuple) else [value])
    if name == field.name:
        return [each for each in members if isinstance(each, str) and each]
    tables = (cast("Mapping[str, object]", each) for each in members if isinstance(each, dict))
    return [str(table[name]) for table in tables if table.get(name)]


def _check_place(folder: Path, text: str) -> None:
    if _URL.match(text):
        _check_host(text)
        return
    if _ANY_SCHEME.match(text):
        raise ConfigError("Enter an address with https:// or ssh://, or a path in the program folder.")
    path = (folder / text).resolve()
    if not path.is_relative_to(folder) or path.is_relative_to((folder / STATE_FOLDER).resolve()):
        raise ConfigError(
            f"{text[:200]!r} lies outside of the program folder, or among what Auditwright keeps. In a browser only files "
            f"of the program folder can be named; whoever edits {SETTINGS_FILE} can name others."
        )


def _check_host(address: str) -> None:
    """Refuse this machine and what is told machines alone; a name inside of the organization is as good as one outside."""
    host = urlsplit(address).hostname if "://" in address else address.partition("@")[2].partition(":")[0]
    try:
        found = ipaddress.ip_address(host or "")
    except ValueError:
        is_refused = (host or "localhost").rstrip(".").lower().endswith("localhost")
    else:
        is_refused = found.is_loopback or found.is_link_local or found.is_unspecified or found.is_multicast
    if is_refused:
        raise ConfigError("Enter an address of another machine.")


def _refused(
    workspace: Workspace, integration: Integration, values: Mapping[str, object]
) -> Mapping[str, str]:
    """What the integration says against its settings, by the field that it names."""
    given = {name: value for name, value in values.items() if value is not None}
    try:
        integration.read({**given, "program_folder": str(workspace.folder)})
    except ConfigError as error:
        said = str(error)
        names = [field.name for field in integration.fields]
        return {next((name for name in names if name in said), names[0]): said}
    return {}


def _act(workspace: Workspace, deed: Deed, now: datetime, edited: Callable[[str], str]) -> None:
    """Change the settings together with the act; where the act cannot be kept, the file is as it was."""
    path = workspace.folder / SETTINGS_FILE
    with _writing:
        before = _read(path)
        try:
            after = edited(before)
            files = read_files(workspace.folder)
            read_program({**files, SETTINGS_FILE: after.encode()})
        except ProgramError as error:
            raise AppError(str(error)) from None
        try:
            with acting(workspace, deed, now):
                _replace(path, after)
        except StoreError:
            _replace(path, before)
            raise


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode()  # line ends stay as they are
    except (OSError, UnicodeDecodeError) as error:
        raise AppError(f"{path} cannot be read: {error}") from None


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all; raises AppError."""
    target = path.resolve()
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        mode = target.stat().st_mode & 0o777
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except OSError as error:
        raise AppError(f"{path} cannot be written: {error.strerror}") from None
    finally:
        temporary.unlink(missing_ok=True)


def emitted(integration: Integration) -> Iterable[str]:
    """The kinds of resource that an integration shows."""
    return dict.fromkeys(kind.kind for stream in integration.streams for kind in stream.emits)
