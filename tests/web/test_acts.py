"""The audit log as people see it: what was done, by whom, and the proof of each act."""

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from auditwright.app.acting import Actor, Deed, acting
from auditwright.app.sealing import seal
from auditwright.core.account import Role
from auditwright.core.act import Act
from auditwright.core.log import leaf_hash
from auditwright.core.question import Is
from auditwright.sign.proof import TlogProof
from tests.app.programs import roster_program
from tests.web.served import Served, served


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Served]:
    with served(roster_program(tmp_path / "acme")) as running:
        yield running


def did(site: Served, verb: str, detail: str = "Did it.", subject: str = "x") -> Act:
    deed = Deed(actor=Actor(id="acc-lena", name="Lena Vogt"), verb=verb, subject=subject, detail=detail)
    workspace = site.site.workspace()
    with acting(workspace, deed, datetime.now(UTC)):
        pass
    return max(workspace.stores.records.kept(Act, Is("verb", verb)), key=lambda act: act.seq)


def test_the_log_lists_what_was_done_the_newest_first(site: Served) -> None:
    did(site, "waiver.ask", "Asked first.")
    did(site, "finding.assign", "Assigned second.")
    page = site.visitor().get("/audit-log").text
    assert "3 acts by people and their keys</h1>" in page
    assert page.index("Signed in with passkey.") < page.index("Assigned second.") < page.index("Asked first.")


def test_filters_leave_acts_of_a_person_a_sort_and_a_time(site: Served) -> None:
    did(site, "waiver.ask", "Asked first.")
    visitor = site.visitor()
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    for query in (
        "about=waiver",
        "verb=waiver.ask",
        "actor=acc-lena",
        f"since={today}",
        f"until={today}",
        "q=first",
    ):
        assert "Asked first." in visitor.get(f"/audit-log?{query}").text, query
    for query in ("about=session", "actor=acc-nobody", "until=2020-01-01", "since=2099-01-01", "q=nothing"):
        assert "Asked first." not in visitor.get(f"/audit-log?{query}").text, query
    assert visitor.get("/audit-log?since=monday").status_code == 400
    assert visitor.get("/audit-log.csv?about=odd").status_code == 400


def test_those_without_the_right_do_not_see_it(site: Served) -> None:
    act = did(site, "waiver.ask")
    for role in (Role.ENGINEER, Role.AUDITOR, Role.EMPLOYEE):
        visitor = site.visitor(role)
        for path in ("/audit-log", "/audit-log.csv", f"/audit-log/{act.seq}", f"/audit-log/{act.seq}/proof"):
            assert visitor.get(path).status_code == 403


def test_an_act_is_verified_against_the_signed_log_and_its_proof_holds_offline(site: Served) -> None:
    act = did(site, "waiver.ask")
    visitor = site.visitor()
    before = visitor.get(f"/audit-log/{act.seq}").text
    assert "Not signed yet" in before
    assert visitor.get(f"/audit-log/{act.seq}/proof").status_code == 404
    workspace = site.site.workspace()
    seal(workspace, datetime.now(UTC))
    page = visitor.get(f"/audit-log/{act.seq}").text
    assert "Verified just now" in page
    assert "Does not match" not in page
    leaf = visitor.get(f"/audit-log/{act.seq}/leaf").content
    assert leaf == next(iter(workspace.stores.records.leaves(act.seq, act.seq + 1)))
    proof = TlogProof.parse(visitor.get(f"/audit-log/{act.seq}/proof").content)
    assert proof.index == act.seq
    proof.verify(leaf_hash(leaf), workspace.verifier_key)
    record = {
        name: getattr(act, name) for name in ("actor", "actor_name", "verb", "subject", "detail", "salt")
    }
    written = json.dumps(
        {**record, "at": json.loads(leaf)["at"]}, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    digest = sha256(written.encode()).hexdigest()
    assert json.loads(leaf)["sha256"] == digest
    assert digest in page


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE acts SET detail = 'Nothing happened.' WHERE seq = ?", "the record was changed"),
        ("UPDATE acts SET actor = 'acc-bob' WHERE seq = ?", "another actor"),
        ("UPDATE leaves SET leaf = CAST(replace(CAST(leaf AS TEXT), 'acc-lena', 'acc-mary') AS BLOB) WHERE seq = ?",
         "leads to another root"),
        ("UPDATE leaves SET leaf = x'00ff' WHERE seq = ?", "the record was changed"),
        ("UPDATE checkpoints SET note = CAST('x' AS BLOB) WHERE ? > -1", "It does not match"),
    ],
)  # fmt: skip
def test_what_was_changed_afterwards_is_said_clearly(site: Served, change: str, said: str) -> None:
    act = did(site, "waiver.ask")
    seal(site.site.workspace(), datetime.now(UTC))
    database = sqlite3.connect(site.site.folder / ".auditwright" / "records.db")
    with database:
        database.execute(change, (act.seq,))
    database.close()
    page = site.visitor().get(f"/audit-log/{act.seq}")
    assert page.status_code == 200
    assert "This act does not match the log" in page.text
    assert said in page.text
    assert "Verified just now</span>" not in page.text


@pytest.mark.parametrize("seq", ["999999", "-1", "0", "x", "1" * 40, "٣"])
def test_a_leaf_that_is_no_act_is_not_found(site: Served, seq: str) -> None:
    did(site, "waiver.ask")
    assert site.visitor().get(f"/audit-log/{seq}").status_code == 404
