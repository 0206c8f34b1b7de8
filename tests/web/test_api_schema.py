"""The whole API against its own description: no call breaks the server, and no answer is other than described."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import CheckFunction
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from auditwright.core.account import Role
from tests.app.programs import auditwright, roster_program
from tests.web.served import Served, served

Json = dict[str, Any]

NOT_CHECKED: list[CheckFunction] = [negative_data_rejection, positive_data_acceptance]
"""In an address everything is text, so that what is meant as null is the word; and that a day is past, or a reason
blank, is more than a form says. `test_api` tells what is refused.
"""

SOME = 3
"""Ids of a list that are tried."""

EXAMPLES = 3
"""Of each operation, and as many that are wrong: all together take less than a minute."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = roster_program(tmp_path_factory.mktemp("site") / "acme")
    ran = auditwright("run", "--program", folder)
    assert ran.code in {1, 3}, ran.err
    with served(folder) as running:
        yield running


def test_nothing_breaks_the_server_and_every_answer_is_as_described(site: Served) -> None:
    client = site.program()
    site.program(Role.ENGINEER)  # somebody with a token, to be changed and ended
    guest = {"email": "bo@example.com", "name": "Bo Lind", "role": "engineer"}
    assert client.post("/api/v1/invitations", json=guest).status_code == 201
    described = client.get("/api/v1/openapi.json").json()
    _name_what_exists(described, client)
    # A run asks sources; `test_api` starts one.
    del described["paths"]["/api/v1/runs"]["post"]
    schema = schemathesis.openapi.from_dict(described)
    schema.config.update(base_url=site.url)
    token = {"Authorization": client.headers["authorization"]}
    with requests.Session() as session:
        operations = list(schema.get_all_operations())
        for operation in operations:
            assert isinstance(operation, Ok)
            _try(operation.ok(), session, token)
    assert len(operations) == sum(len(methods) for methods in described["paths"].values()) > 0


def _name_what_exists(described: Json, client: httpx2.Client) -> None:
    """Ids of what is there, so that half of the calls for one thing find it."""
    for path, operations in described["paths"].items():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path":
                    known = _known(client, path.partition("/{")[0])
                    parameter["schema"] = {"anyOf": [{"type": "string", "enum": known}, parameter["schema"]]}


def _known(client: httpx2.Client, whole: str) -> list[str]:
    told = client.get(whole).json()
    rows = told if isinstance(told, list) else told["rows"][:SOME]
    named = [row["run"]["id"] if "run" in row and whole.endswith("/runs") else _id(row) for row in rows]
    own = client.get("/api/v1/whoami").json()["token"]["id"]
    return [each for each in named if each != own] or ["none"]


def _id(row: Json) -> str:
    return next(str(row[name]) for name in ("id", "kind", "digest", "release", "seq") if name in row)


def _try(
    operation: APIOperation[Any, Any, Any, Any], session: requests.Session, token: dict[str, str]
) -> None:
    cases: st.SearchStrategy[Case[Any]] = st.one_of(
        operation.as_strategy(GenerationMode.POSITIVE), operation.as_strategy(GenerationMode.NEGATIVE)
    )

    @settings(
        max_examples=2 * EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def every(case: Case[Any]) -> None:
        case.call_and_validate(session=session, headers=token, excluded_checks=NOT_CHECKED)

    every()
