"""The demo's office: who has access can sign in with what is printed, and the pages have something to show."""

from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from auditwright.app.demo.office import Office, open_office
from auditwright.app.signing_in.codes import code_at
from auditwright.app.workspace import open_workspace
from auditwright.core.account import Account, Role
from auditwright.core.act import Assignment, Comment, WaiverRequest
from tests.app.programs import run_program
from tests.web.served import served


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_program(tmp_path_factory.mktemp("office") / "acme")


@pytest.fixture(scope="module")
def office(program: Path) -> Office:
    with open_workspace(program) as workspace:
        return open_office(workspace, datetime.now(UTC))


def signed_in(client: httpx2.Client, office: Office, account: Account) -> int:
    """Sign in as a person does with what the demo prints; the status of the overview."""
    asked = client.post("/sign-in", data={"email": account.email, "password": office.password})
    assert asked.status_code == 303, asked.text
    code, _ = code_at(office.seed, datetime.now(UTC))
    done = client.post(asked.headers["location"], data={"code": code})
    assert done.status_code == 303, done.text
    return client.get("/").status_code


def test_everybody_signs_in_with_the_printed_password_and_code(program: Path, office: Office) -> None:
    assert [account.role for account in office.accounts] == [
        Role.OWNER,
        Role.COMPLIANCE,
        Role.ENGINEER,
        Role.AUDITOR,
    ]
    with served(program) as site:
        for account in office.accounts:
            assert signed_in(site.stranger(), office, account) == 200


def test_no_password_alone_signs_in(program: Path, office: Office) -> None:
    with served(program) as site:
        client = site.stranger()
        client.post("/sign-in", data={"email": office.accounts[0].email, "password": office.password})
        assert client.get("/").status_code == 303


def test_findings_are_owned_commented_and_waived(program: Path, office: Office) -> None:
    del office
    with open_workspace(program) as workspace:
        records = workspace.stores.records
        assert records.kept(Assignment)
        assert records.kept(Comment)
        assert records.kept(WaiverRequest)
