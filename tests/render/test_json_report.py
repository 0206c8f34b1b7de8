import json

import jsonschema_rs
import pytest
from inline_snapshot import snapshot

from auditwright.render.json_report import SCHEMA_VERSION, document, render_json, schema
from tests.render import samples


@pytest.fixture(scope="module")
def validator() -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(schema())


@pytest.mark.parametrize("name", list(samples.BUILDERS))
def test_every_report_follows_the_published_schema(validator: jsonschema_rs.Validator, name: str) -> None:
    content = json.loads(render_json(samples.BUILDERS[name]()))
    assert [f"{error.instance_path}: {error.message[:200]}" for error in validator.iter_errors(content)] == []


def test_the_schema_is_strict_and_bears_the_version(validator: jsonschema_rs.Validator) -> None:
    content = json.loads(render_json(samples.quiet()))
    assert content["schema_version"] == SCHEMA_VERSION
    assert str(schema()["$id"]).endswith(SCHEMA_VERSION)
    assert not validator.is_valid({**content, "opinion": "unqualified"})
    assert not validator.is_valid({**content, "schema_version": "2.0"})


def test_the_form_of_the_report_is_stable() -> None:
    """A change of this list needs a new schema version."""
    assert list(document(samples.northwind())) == snapshot(
        [
            "schema",
            "schema_version",
            "generator",
            "answer",
            "summary",
            "demo_notice",
            "organization",
            "framework",
            "period",
            "as_of",
            "run",
            "sources",
            "log",
            "tallies",
            "not_observable",
            "categories",
            "controls",
            "tests",
            "findings",
            "evidence",
        ]
    )


def test_the_same_report_gives_the_same_bytes() -> None:
    assert render_json(samples.northwind()) == render_json(samples.northwind())


def test_text_is_exactly_what_the_source_gave() -> None:
    content = render_json(samples.hostile())
    assert content.isascii()
    names = {each["name"] for test in json.loads(content)["tests"] for each in test["observations"]}
    given = {text for name, text in samples.HOSTILE.items() if name != "surrogate"}
    assert given <= names
    assert "lone [U+D800] half" in names


def test_figures_agree_with_one_another() -> None:
    content = document(samples.northwind())
    tests = json.loads(json.dumps(content["tests"]))
    for test in tests:
        counts = {key: count for key, count in test["tally"].items() if key != "total"}
        assert (
            sum(counts.values())
            == test["tally"]["total"]
            == test["population_size"]
            == len(test["observations"])
        )
    tallies = json.loads(json.dumps(content["tallies"]))
    assert tallies["tests"]["total"] == len(tests)


def test_what_the_organization_decided_is_in_the_controls() -> None:
    content = json.loads(render_json(samples.decided()))
    fields = ("status", "provenance", "written_in", "not_applicable")
    controls = {each["id"]: {name: each[name] for name in fields} for each in content["controls"]}
    assert {key: controls[key] for key in ("PHY-02", "IAM-05", "NWR-01", "IAM-01")} == snapshot(
        {
            "PHY-02": {
                "status": "not applicable",
                "provenance": "changed",
                "written_in": "controls/physical.yaml:4",
                "not_applicable": {
                    "reason": "No system in scope stands in an office",
                    "approved_by": "samir.haddad@northwind.example",
                },
            },
            "IAM-05": {
                "status": "satisfied",
                "provenance": "changed",
                "written_in": "controls/access.yaml:4",
                "not_applicable": None,
            },
            "NWR-01": {"status": "no test", "provenance": "own", "written_in": "", "not_applicable": None},
            "IAM-01": {
                "status": "satisfied",
                "provenance": "shipped",
                "written_in": "",
                "not_applicable": None,
            },
        }
    )
    originals = {each["id"]: each["original"] for each in content["controls"] if each["original"]}
    assert set(originals) == {"PHY-02", "IAM-05"}
    assert not originals["IAM-05"]["statement"].startswith("Changed")


def test_what_was_asked_is_stated() -> None:
    assert json.loads(render_json(samples.northwind()))["sources"] == snapshot(
        [
            {
                "id": "aws",
                "title": "AWS",
                "choices": [
                    {"name": "accounts", "title": "Accounts", "values": ["production 111122223333"]},
                    {
                        "name": "regions",
                        "title": "Regions",
                        "values": ["eu-central-1", "eu-north-1", "us-east-1"],
                    },
                ],
            },
            {"id": "git", "title": "Git", "choices": []},
        ]
    )
