"""The Terraform of a repair, read back by a parser of Terraform's language."""

import json
import re
from collections.abc import Iterator, Mapping

import hcl2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditwright.access.policy import parse_policy
from auditwright.access.repair_edits import Revised, policy_at
from auditwright.access.repair_script import Script
from auditwright.access.repair_terraform import quoted, terraform
from tests.access.accounts import arn
from tests.access.repaired import OTHER, change, edits, picture

EDITS = edits()
BY_NOBODY = {"device", "root's keys", "root's device"}
"""What no resource of Terraform stands for."""


def blocks(script: Script) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Each block with its type: `removed`, or the type of a resource."""
    read: Mapping[str, list[dict[str, object]]] = hcl2.loads(f"{script.text}\n")
    for each in read.get("removed", ()):
        yield "removed", each
    for each in read.get("resource", ()):
        for kind, named in each.items():
            assert isinstance(named, dict)
            for body in named.values():
                yield kind.strip('"'), body


def unquoted(text: str) -> str:
    """What Terraform makes of a quoted text in which no expression stands."""
    inner = text[1:-1]
    assert not re.search(r"(?<!\$)\$\{|(?<!%)%\{", inner), "an expression would be evaluated"

    def character(found: re.Match[str]) -> str:
        escape = found.group(1)
        return (
            chr(int(escape[1:], 16))
            if escape[0] == "U"
            else {"n": "\n", "r": "\r", "t": "\t"}.get(escape, escape)
        )

    plain = re.sub(r'\\(U[0-9a-f]{8}|[nrt"\\])', character, inner)
    return plain.replace("$${", "${").replace("%%{", "%{")


def document_in(script: Script) -> object:
    """The argument of the one `jsonencode` of a script, as the JSON that Terraform would make of it."""
    (_, _, rest) = script.text.partition("jsonencode(")
    body = rest.rpartition(")")[0]
    text = re.compile(r'"(?:\\.|[^"\\])*"')
    as_json = text.sub(lambda found: json.dumps(unquoted(found.group())), body)
    keyed = re.sub(r'^(\s*"(?:\\.|[^"\\])*") = ', r"\1: ", as_json, flags=re.MULTILINE)
    separated = re.sub(r'(["\]}])\n(\s*")', r"\1,\n\2", keyed)
    decoded: object = json.loads(re.sub(r",(\s*[\]}])", r"\1", separated))
    return decoded


@pytest.mark.parametrize("name", EDITS)
def test_every_change_is_written_as_blocks_that_can_be_read(name: str) -> None:
    script = terraform(picture(), change(EDITS[name]))
    found = list(blocks(script))
    assert bool(found) is (name not in {*BY_NOBODY, f"policy of {OTHER}"})
    for kind, body in found:
        if kind == "removed":
            assert body["lifecycle"]
            assert any("address of" in need for need in script.needs)


@pytest.mark.parametrize("name", [name for name, edit in EDITS.items() if isinstance(edit, Revised)])
def test_the_document_in_a_block_is_the_policy_that_was_proved_with(name: str) -> None:
    world, edit = picture(), EDITS[name]
    assert isinstance(edit, Revised)
    after = policy_at(change(edit).apply(world), edit.where)
    script = terraform(world, change(edit))
    assert after is not None
    if after.statements:
        assert parse_policy(document_in(script), name="it").key == after.key
    else:
        assert "removed" in script.text or "sts:GetCallerIdentity" in script.text


def test_a_variable_of_a_policy_stays_a_variable_of_the_policy() -> None:
    script = terraform(picture(), change(EDITS["inline policy of a user"]))
    assert "role/$${aws:username}" in script.text


def test_a_role_keeps_its_boundary_and_its_path() -> None:
    ((kind, body),) = blocks(terraform(picture(), change(EDITS["trust policy"])))
    assert kind == "aws_iam_role"
    assert body["permissions_boundary"] == f'"{arn("policy", "limit")}"'
    assert body["path"] == '"/ci/"'


def test_what_terraform_has_no_resource_for_is_said_in_a_comment_alone() -> None:
    for name in BY_NOBODY:
        text = terraform(picture(), change(EDITS[name])).text
        assert all(line.startswith("# ") for line in text.splitlines())


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ['"${file("x")}', "%{if true}", "$${a}", '\\"', "\n}\nresource", "\x07\x1b[31m", "$", "%"]
)


@settings(max_examples=300, deadline=None)
@given(TEXT)
def test_a_quoted_text_is_that_text_and_no_expression(text: str) -> None:
    written = quoted(text)
    assert "\n" not in written
    assert unquoted(written) == text


@settings(max_examples=40, deadline=None)
@given(
    TEXT.map(lambda text: re.sub("[:/*?]", "", text) or "x"),
    st.sampled_from(["password", "inline policy of a user", "mapped user", "access entry"]),
)
def test_a_hostile_name_adds_no_block(name: str, which: str) -> None:
    plain = [kind for kind, _ in blocks(terraform(picture(), change(EDITS[which])))]
    assert [kind for kind, _ in blocks(terraform(picture(name), change(edits(name)[which])))] == plain
