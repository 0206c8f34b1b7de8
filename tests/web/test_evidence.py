"""Evidence on pages: listed, proved to be in the log, shown without harm, and no more of it than somebody may see."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from auditwright.app.sealing import seal
from auditwright.core.account import Engagement, Role
from auditwright.core.evidence import Query, Scope
from auditwright.core.ids import Digest, IntegrationId, JobId, RunId, StreamId
from auditwright.core.log import LogEntry, leaf_hash
from auditwright.core.run import EvidenceRecord
from auditwright.sign.proof import TlogProof
from tests.app.programs import auditwright, roster_program, run_program
from tests.web.served import AUDIT, Served, served
from tests.web.waiting import eventually

HOSTILE = "</pre><script>alert(1)</script>\u202e"
NAME = "<img src=x onerror=alert(1)>\u202e" + "n" * 10_000


@dataclass(frozen=True, kw_only=True)
class Held:
    site: Served
    roster: Digest
    hostile: Digest
    binary: Digest
    deep: Digest


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    folder: Path = roster_program(tmp_path_factory.mktemp("evidence") / "acme")
    assert auditwright("run", "--program", folder).code in {0, 1, 3}
    with served(folder) as running:
        records = running.site.workspace().stores.records
        (run,) = records.runs()
        (roster,) = records.evidence(run.id)
        kept = [
            keep(running, roster, body, place)
            for place, body in enumerate(
                [json.dumps({"a": HOSTILE}).encode(), bytes(range(256)), b"[" * 100_000]
            )
        ]
        seal(running.site.workspace(), running.site.clock())
        yield Held(site=running, roster=roster.digest, hostile=kept[0], binary=kept[1], deep=kept[2])


def keep(site: Served, like: EvidenceRecord, body: bytes, place: int) -> Digest:
    """Keep bytes as an answer of AWS, with a hostile name in every field that a source fills."""
    workspace = site.site.workspace()
    digest = workspace.stores.evidence.put(body)
    at = like.collected_at - timedelta(seconds=1 + place)
    with workspace.stores.records.transaction() as write:
        seq = write.append(LogEntry(kind="evidence", at=at, fields={"sha256": digest}))
        write.add_evidence(
            [
                replace(
                    like,
                    job=JobId(f"job-{place}"),
                    stream=StreamId("aws.iam"),
                    scope=Scope(source=IntegrationId("aws"), account=NAME, region=NAME),
                    query=Query(operation=NAME, parameters=((NAME, NAME),), command=NAME),
                    principal=NAME,
                    collected_at=at,
                    digest=digest,
                    size_bytes=len(body),
                    seq=seq,
                )
            ]
        )
    return digest


def test_evidence_is_listed_newest_first_and_filtered(held: Held) -> None:
    client = held.site.visitor()
    rows = client.get("/evidence.json").json()
    assert [each["digest"] for each in rows] == [held.roster, held.hostile, held.binary, held.deep]
    assert [each["digest"] for each in client.get("/evidence.json?stream=people.roster").json()] == [
        held.roster
    ]
    assert [each["digest"] for each in client.get("/evidence.json?q=ROSTER").json()] == [held.roster]
    by_size = client.get("/evidence.json?sort=-size_bytes").json()
    assert by_size[0]["digest"] == held.deep
    assert client.get("/evidence.json?as_of=2026-01-01").json() == []
    assert "people:roster" in client.get("/evidence?source=people").text


def test_one_piece_shows_its_request_its_proof_and_what_follows(held: Held) -> None:
    page = held.site.visitor().get(f"/evidence/{held.roster}").text
    assert "and the log holds it" in page
    assert "Checked just now" in page
    assert held.roster in page
    assert "ada@example.com,Ada Lovelace" in page
    assert "Eve Lane" in page
    assert "3 resources" in page
    assert "/tests/people." in page


def test_the_proof_and_the_leaf_verify_without_us(held: Held) -> None:
    client = held.site.visitor()
    proof = client.get(f"/evidence/{held.roster}/proof")
    leaf = client.get(f"/evidence/{held.roster}/leaf")
    assert proof.headers["content-disposition"].endswith('.tlog-proof"')
    assert json.loads(leaf.content)["sha256"] == held.roster
    key = held.site.site.workspace().verifier_key
    assert TlogProof.parse(proof.content).verify(leaf_hash(leaf.content), key).size > 0


def test_a_record_that_names_another_leaf_is_said_to(held: Held) -> None:
    workspace = held.site.site.workspace()
    body = b"swapped"
    digest = workspace.stores.evidence.put(body)
    like = workspace.stores.records.evidence_by_digest(held.hostile)[0]
    with workspace.stores.records.transaction() as write:
        seq = write.append(LogEntry(kind="evidence", at=like.collected_at, fields={"sha256": "0" * 64}))
        old = replace(
            like,
            job=JobId("swapped"),
            digest=digest,
            collected_at=like.collected_at - timedelta(days=1),
            seq=seq,
        )
        write.add_evidence([old])
    page = held.site.visitor().get(f"/evidence/{digest}").text
    assert "Not sealed yet" in page
    seal(workspace, held.site.site.clock())
    page = held.site.visitor().get(f"/evidence/{digest}").text
    assert "its proof does not hold" in page
    assert "names other bytes than the record does" in page


def test_hostile_bytes_and_names_do_no_harm(held: Held) -> None:
    client = held.site.visitor()
    for path in ("/evidence", *(f"/evidence/{each}" for each in (held.hostile, held.binary, held.deep))):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert "<script>alert" not in answer.text
        assert "<img" not in answer.text
        assert "\u202e" not in answer.text
        assert len(answer.content) < 200_000, path
    assert "256 B that are no text" in client.get(f"/evidence/{held.binary}").text
    assert "&lt;/pre&gt;&lt;script&gt;" in client.get(f"/evidence/{held.hostile}").text
    assert "more are in the" in client.get(f"/evidence/{held.deep}").text


def test_raw_bytes_are_downloaded_and_never_opened(held: Held) -> None:
    answer = held.site.visitor().get(f"/evidence/{held.hostile}/raw")
    assert json.loads(answer.content) == {"a": HOSTILE}
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox")


@pytest.mark.parametrize("digest", ["0" * 64, "abc", "..%2f..%2fetc%2fpasswd", "A" * 64, "%00"])
def test_what_is_not_there_is_not_found(held: Held, digest: str) -> None:
    client = held.site.visitor()
    for end in ("", "/raw", "/proof", "/leaf"):
        assert client.get(f"/evidence/{digest}{end}").status_code == 404
    assert client.get(f"/evidence/{held.roster}?seq=99999999").status_code == 404
    assert client.get(f"/evidence/{held.roster}?seq=x").status_code == 404


def test_the_document_of_a_result_is_shown_as_that(held: Held) -> None:
    records = held.site.site.workspace().stores.records
    (run,) = records.runs()
    result = next(each for each in records.results(run.id) if each.test.startswith("people."))
    page = held.site.visitor().get(f"/evidence/{result.document}").text
    assert "The newest result of a test" in page
    assert result.test in page


def test_an_auditor_sees_the_evidence_of_its_engagement_alone(held: Held) -> None:
    client = held.site.visitor(Role.AUDITOR)
    digests = {each["digest"] for each in client.get("/evidence.json").json()}
    assert {held.roster, held.hostile} <= digests
    records = held.site.site.workspace().stores.records
    (engagement,) = records.kept(Engagement)
    with records.transaction() as write:
        write.keep([replace(engagement, categories=("privacy",))])
    try:
        assert client.get("/evidence.json").json() == []
        for end in ("", "/raw", "/proof", "/leaf"):
            assert client.get(f"/evidence/{held.roster}{end}").status_code == 404
    finally:
        with records.transaction() as write:
            write.keep([engagement])
    assert engagement.id == AUDIT
    (run,) = records.runs()
    assert client.get(f"/runs/{RunId(run.id)}").status_code == 403


def test_what_was_erased_says_so_instead_of_failing(tmp_path: Path) -> None:
    folder = run_program(tmp_path / "acme")
    with served(folder) as site:
        client, token = site.visitor(), site.program()
        (digest,) = [each["digest"] for each in client.get("/evidence.json").json()]
        assert "Eve Lane is" in client.get("/tests/acme.titled").text
        why = "a request <b>to erase</b>"
        done = auditwright(
            "evidence", "erase", digest, "--reason", why, "--yes", "--program", folder, "--json"
        )
        assert done.code == 0, done.err
        document = done.json["erased"][1]
        # The site looks once a second whether anything was erased by another process.
        eventually(lambda: client.get("/tests/acme.titled").text, lambda text: "Eve Lane is" not in text)
        page = client.get(f"/evidence/{digest}")
        assert page.status_code == 200
        assert "the bytes were erased, and the log holds that they were there" in page.text
        assert "a request &lt;b&gt;to erase&lt;/b&gt;" in page.text
        assert "somebody at the terminal" in page.text
        assert "Checked just now" in page.text, "the proof holds as before"
        assert "Exact bytes" not in page.text
        assert client.get(f"/evidence/{digest}/raw").status_code == 410
        assert client.get(f"/evidence/{digest}/leaf").status_code == 200
        gone = token.get(f"/api/v1/evidence/{digest}/raw")
        assert (gone.status_code, gone.json()["title"]) == (410, "Gone")
        told = token.get(f"/api/v1/evidence/{digest}").json()["erasure"]
        assert (told["reason"], told["what"], told["actor_name"]) == (
            why,
            "evidence",
            "somebody at the terminal",
        )
        replaced = client.get(f"/evidence/{document['sha256']}")
        assert document["replaced_by"] in replaced.text
        assert client.get(f"/evidence/{document['replaced_by']}").status_code == 200
        assert "3 more items were known by evidence that was erased" in client.get("/inventory/person").text
        assert "evidence.erase" in client.get("/audit-log.json").text


def test_bytes_that_are_lost_are_not_said_to_be_erased(tmp_path: Path) -> None:
    with served(run_program(tmp_path / "acme")) as site:
        client = site.visitor()
        (digest,) = [each["digest"] for each in client.get("/evidence.json").json()]
        site.site.workspace().stores.evidence.erase(Digest(digest))
        page = client.get(f"/evidence/{digest}")
        assert page.status_code == 200
        assert "These bytes are missing" in page.text
        assert client.get(f"/evidence/{digest}/raw").status_code == 500
