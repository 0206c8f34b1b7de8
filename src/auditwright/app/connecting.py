"""Connect: what an integration needs, and its table in the program folder's settings."""

import json
from dataclasses import dataclass
from pathlib import Path

from auditwright.app.errors import AppError
from auditwright.app.folder import find_program_folder, load_program
from auditwright.app.registry import integrations
from auditwright.app.setup import integration_toml
from auditwright.core.definition import closest_ids
from auditwright.core.ids import IntegrationId
from auditwright.core.integration import Integration
from auditwright.program.definitions import SETTINGS_FILE


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
