import json
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import jsonschema_rs
import pytest
from inline_snapshot import snapshot

from auditwright.render.oscal import OscalVersion, render_oscal
from tests.render import samples

SCHEMA = Path(__file__).parent / "nist" / "oscal-assessment-results-1.1.2.schema.json"


def walk(value: object) -> Iterator[dict[str, object]]:
    if isinstance(value, dict):
        yield value
        for held in value.values():
            yield from walk(held)
    elif isinstance(value, list):
        for held in value:
            yield from walk(held)


def findings(content: bytes) -> dict[str, tuple[str, str]]:
    """By criterion: the state, and our own word for it."""
    found: dict[str, tuple[str, str]] = {}
    for each in walk(json.loads(content)):
        target = each.get("target")
        if isinstance(target, dict):
            status = next(prop["value"] for prop in target["props"] if prop["name"] == "status")
            found[str(target["target-id"])] = (str(target["status"]["state"]), str(status))
    return found


@pytest.fixture(scope="module")
def validator() -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(json.loads(SCHEMA.read_text("utf-8")))


@pytest.mark.parametrize("version", list(OscalVersion))
@pytest.mark.parametrize("name", list(samples.BUILDERS))
def test_every_report_follows_the_schema_of_nist(
    validator: jsonschema_rs.Validator, name: str, version: OscalVersion
) -> None:
    content = json.loads(render_oscal(samples.BUILDERS[name](), version=version))
    assert [f"{error.instance_path}: {error.message[:200]}" for error in validator.iter_errors(content)] == []
    assert content["assessment-results"]["metadata"]["oscal-version"] == version.value


def test_the_schema_refuses_a_document_without_a_plan(validator: jsonschema_rs.Validator) -> None:
    content = json.loads(render_oscal(samples.quiet()))
    del content["assessment-results"]["import-ap"]
    assert not validator.is_valid(content)


def test_only_satisfied_is_satisfied() -> None:
    found = findings(render_oscal(samples.northwind()))
    assert {word for state, word in found.values() if state == "satisfied"} == {"satisfied"}
    assert {word for state, word in found.values() if state == "not-satisfied"} == snapshot(
        {"undetermined", "no test", "deviation"}
    )
    assert len(found) == 38


def test_with_everything_denied_nothing_is_satisfied() -> None:
    assert not [
        state
        for state, _ in findings(render_oscal(samples.everything_denied())).values()
        if state == "satisfied"
    ]


def test_the_same_report_gives_the_same_bytes_and_its_ids_are_of_version_5() -> None:
    content = render_oscal(samples.northwind())
    assert content == render_oscal(samples.northwind())
    ids = [str(each["uuid"]) for each in walk(json.loads(content)) if "uuid" in each]
    assert len(ids) == len(set(ids))
    assert {UUID(each).version for each in ids} == {5}


def test_every_reference_leads_to_a_part_of_the_document() -> None:
    parts = list(walk(json.loads(render_oscal(samples.northwind()))))
    ids = {str(each["uuid"]) for each in parts if "uuid" in each}
    named = {
        str(each[key]) for each in parts for key in ("observation-uuid", "subject-uuid") if key in each
    } | {str(each["href"])[1:] for each in parts if str(each.get("href", "")).startswith("#")}
    assert named
    assert named <= ids


def test_hostile_text_is_ascii_visible_and_no_markup() -> None:
    content = render_oscal(samples.hostile())
    assert content.isascii()
    text = json.dumps(json.loads(content), ensure_ascii=False)
    assert "\u202e" not in text
    assert "invoice\\\\[U+202E\\\\]xcod.exe" in text
    descriptions = [str(each["description"]) for each in walk(json.loads(content)) if "description" in each]
    assert (
        r"\[click\](javascript:alert(1)) !\[x\](http://x.example/x.png) \`a\` \*\*b\*\* \<b\>c\</b\>"
        in descriptions
    )


def test_a_large_population_stays_a_document(validator: jsonschema_rs.Validator) -> None:
    content = render_oscal(samples.large(2_000))
    assert validator.is_valid(json.loads(content))
    assert len(content) < 6_000_000


def test_what_the_organization_decided_stands_beside_the_criterion() -> None:
    content = json.loads(render_oscal(samples.decided()))
    result = content["assessment-results"]["results"][0]
    remarks = {each["target"]["target-id"]: each.get("remarks", "") for each in result["findings"]}
    assert "PHY-02: not applicable." in remarks["CC6.4"]
    assert "Approved by samir.haddad@northwind.example." in remarks["CC6.4"]
    assert "IAM-05: changed." in remarks["CC6.2"]
    sources = {prop["name"]: prop["value"] for prop in result["props"] if prop["name"].startswith("source-")}
    assert sources == {
        "source-aws": "accounts production 111122223333; regions eu-central-1, eu-north-1, us-east-1",
        "source-git": "connected",
    }
