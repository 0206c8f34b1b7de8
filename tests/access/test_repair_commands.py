"""Commands of a repair, run by a shell in which `aws` and `kubectl` only write down what they are given."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import botocore.session
import pytest
from botocore import xform_name
from botocore.model import OperationModel
from hypothesis import given, settings
from hypothesis import strategies as st

from auditwright.access.kubernetes import Binding, Rbac, RoleKind, RoleRef, Subject, SubjectKind
from auditwright.access.policy import parse_policy
from auditwright.access.repair_commands import commands
from auditwright.access.repair_edits import Added, Revised, Unbound, policy_at
from auditwright.access.repair_script import Script, comment
from tests.access.accounts import ACCOUNT, arn, deny
from tests.access.repaired import OTHER, change, edits, inline, picture

EDITS = edits()
WRITER = """#!/bin/sh
printf '%s\\0' "$(basename "$0")" "$#" "$@" >> "$WRITTEN"
case "$*" in
  *list-access-keys*) printf 'AKIAONE\\tAKIATWO\\n' ;;
  *get-caller-identity*) printf '%s\\n' "$WHO" ;;
esac
"""
BY_THE_COMMAND_LINE = {
    "update-kubeconfig": {"name", "region"},
    "create-virtual-mfa-device": {"outfile", "bootstrap-method", "virtual-mfa-device-name"},
}
"""Options of commands that the command line has of its own."""
EVERYWHERE = {"region", "query", "output"}
SERVICES = {"s3api": "s3"}


def run(script: Script, *, given: Mapping[str, str] | None = None) -> list[list[str]]:
    """The commands that a script comes to, each as the words that it is given."""
    with TemporaryDirectory() as folder:
        for name in ("aws", "kubectl"):
            program = Path(folder, name)
            program.write_text(WRITER)
            program.chmod(0o755)
        log = Path(folder, "written")
        environment = {"WHO": f"arn:aws:iam::{ACCOUNT}:root", **(given or {})}
        subprocess.run(
            ["bash", "-c", script.text],
            env={**environment, "PATH": f"{folder}:{os.environ['PATH']}", "WRITTEN": str(log)},
            cwd=folder,
            check=False,
            capture_output=True,
        )
        words = log.read_bytes().decode().split("\0")[:-1] if log.exists() else []
    found: list[list[str]] = []
    while words:
        count = int(words[1])
        found.append([words[0], *words[2 : 2 + count]])
        words = words[2 + count :]
    return found


SUPPLIED = {
    "CODE1": "111111",
    "CODE2": "222222",
    "CREATOR": arn("user", "maker"),
    "QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/1/jobs",
    "PUT_POLICY": "aws",
}


@cache
def operations(service: str) -> Mapping[str, OperationModel]:
    model = botocore.session.get_session().get_service_model(SERVICES.get(service, service))
    return {xform_name(name, "-"): model.operation_model(name) for name in model.operation_names}


def options(words: list[str]) -> dict[str, str]:
    """The options of a command; one without a value has an empty text."""
    found: dict[str, str] = {}
    name = ""
    for word in words:
        if word.startswith("--"):
            name, _, value = word.removeprefix("--").partition("=")
            found[name] = value
        else:
            assert name, f"{word} belongs to no option"
            found[name] = word
    return found


def check(words: list[str]) -> None:
    """Raises where a command of the AWS CLI does not exist with these options, or lacks one that it needs."""
    program, service, operation, *rest = words
    assert program == "aws"
    if operation == "wait":
        assert rest[0] in {
            xform_name(each, "-")
            for each in botocore.session.get_session().get_waiter_model(service).waiter_names
        }
        return
    named = options(rest).keys()
    if operation in BY_THE_COMMAND_LINE:
        assert named <= BY_THE_COMMAND_LINE[operation], operation
        return
    shape = operations(service)[operation].input_shape
    known = {xform_name(each, "-") for each in (shape.members if shape else ())}
    needed = {xform_name(each, "-") for each in (shape.required_members if shape else ())}
    assert named <= known | EVERYWHERE, operation
    assert needed <= named, operation


@pytest.mark.parametrize("name", EDITS)
def test_every_command_exists_with_its_options_and_with_all_that_it_needs(name: str) -> None:
    script = commands(picture(), change(EDITS[name]))
    ran = run(script, given=SUPPLIED)
    assert ran
    for words in ran:
        if words[0] == "aws" and f"policy of {OTHER}" != name:
            check(words)


def test_the_check_itself_finds_what_is_wrong() -> None:
    for wrong in (
        ["aws", "iam", "put-user-policies"],
        ["aws", "iam", "delete-login-profile", "--user", "alice"],
        ["aws", "iam", "put-user-policy", "--user-name", "alice"],
    ):
        with pytest.raises((AssertionError, KeyError)):
            check(wrong)


@pytest.mark.parametrize("name", [name for name, edit in EDITS.items() if isinstance(edit, Revised)])
def test_the_document_in_a_command_is_the_policy_that_was_proved_with(name: str) -> None:
    world, edit = picture(), EDITS[name]
    assert isinstance(edit, Revised)
    made = change(edit)
    after = policy_at(made.apply(world), edit.where)
    assert after is not None
    texts = [each for words in run(commands(world, made), given=SUPPLIED) for each in words if "{" in each]
    if not after.statements and not texts:
        return  # It is deleted.
    (text,) = texts
    document = json.loads(text)
    read = parse_policy(json.loads(document["Policy"]) if "Policy" in document else document, name="it")
    assert not read.unread
    if after.statements:
        assert read.key == after.key
    else:
        assert [each.actions.patterns for each in read.statements if each.actions] == [
            ("sts:GetCallerIdentity",)
        ]


def test_what_is_not_known_keeps_a_command_from_running() -> None:
    for name in ("device", "mode, without the creator"):
        script = commands(picture(), change(EDITS[name]))
        assert script.needs
        assert not any(
            "enable-mfa-device" in words or "delete-access-entry" in words for words in run(script)
        )


def test_keys_are_deleted_one_by_one_and_only_those_meant() -> None:
    for name, query in (("keys", "[]"), ("inactive keys", "[?Status=='Inactive']")):
        listing, *deleting = run(commands(picture(), change(EDITS[name])))
        assert options(listing[3:])["query"] == f"AccessKeyMetadata{query}.AccessKeyId"
        assert [options(each[3:])["access-key-id"] for each in deleting] == ["AKIAONE", "AKIATWO"]
        assert {options(each[3:])["user-name"] for each in deleting} == {"alice"}


def test_the_keys_of_somebody_else_than_root_are_safe_from_the_command_that_deletes_those_of_root() -> None:
    script = commands(picture(), change(EDITS["root's keys"]))
    as_root, as_alice = run(script), run(script, given={"WHO": arn("user", "alice")})
    assert sum("delete-access-key" in words for words in as_root) == 2
    assert [words[2] for words in as_alice] == ["get-caller-identity"]


def test_a_map_is_written_without_the_element_that_goes_and_with_all_others() -> None:
    *_, words = run(commands(picture(), change(EDITS["mapped user"])))
    assert words[:6] == ["kubectl", "-n", "kube-system", "patch", "configmap", "aws-auth"]
    data = json.loads(options(words[6:])["patch"])["data"]
    assert {key: json.loads(each) for key, each in data.items()} == {
        "mapUsers": [{"userarn": arn("user", "bob"), "username": "bob", "groups": ["ops", "it's"]}]
    }


def test_a_map_that_was_not_all_read_is_left_to_an_editor() -> None:
    *_, words = run(commands(picture("a*"), change(edits("bob")["mapped user"])))
    assert words == ["kubectl", "-n", "kube-system", "edit", "configmap", "aws-auth"]


def test_kubectl_does_nothing_where_it_could_not_be_pointed_at_the_cluster() -> None:
    pointing, _ = run(commands(picture(), change(EDITS["mapped user"])))
    assert pointing == ["aws", "eks", "update-kubeconfig", "--name", "prod", "--region", "us-east-1"]


HOSTILE = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0/:*?"), min_size=1, max_size=12
)


@settings(max_examples=40, deadline=None)
@given(
    name=HOSTILE
    | st.sampled_from(
        ["$(touch x)", "'; touch x #", "-rf", "--user-name", "a\nb", "`id`", "\\", "${HOME}", "=", "#"]
    ),
    which=st.sampled_from(
        ["password", "attachment", "inactive keys", "inline policy of a user", "mapped user"]
    ),
)
def test_a_hostile_name_is_one_word_and_runs_nothing(name: str, which: str) -> None:
    ran = run(commands(picture(name), change(edits(name)[which])))
    assert {words[0] for words in ran} <= {"aws", "kubectl"}
    if which == "mapped user":
        assert ran[-1][:2] == ["kubectl", "-n"]
        return
    assert ran
    for words in ran:
        assert options(words[3:])["user-name"] == name


@settings(max_examples=40, deadline=None)
@given(name=HOSTILE, home=HOSTILE, group=HOSTILE)
def test_hostile_names_of_a_cluster_are_words_and_run_nothing(name: str, home: str, group: str) -> None:
    world = picture()
    gone, stays = (Subject(kind=SubjectKind.GROUP, name=each) for each in (group, f"{group}-too"))
    role = RoleRef(kind=RoleKind.CLUSTER_ROLE, name="edit")
    for subjects, verb in (((gone,), "delete"), ((gone, stays), "patch")):
        binding = Binding(name=name, namespace=home, role=role, subjects=subjects)
        here = replace(world, rbac={"prod": Rbac(cluster_roles={}, bindings=(binding,))})
        edit = Unbound(cluster="prod", namespace=home, binding=name, subject=gone)
        pointing, words = run(commands(here, change(edit)))
        assert pointing[:3] == ["aws", "eks", "update-kubeconfig"]
        assert words[:3] == ["kubectl", verb, f"--namespace={home}"]
        assert words[-3:] == ["--", "rolebinding", name]
        if verb == "patch":
            patch = json.loads(words[words.index("--patch") + 1])
            assert [each["name"] for each in patch["subjects"]] == [f"{group}-too"]


@pytest.mark.parametrize("scheme", ["file://", "fileb://", "http://"])
def test_a_name_that_the_command_line_would_read_from_a_file_is_left_to_be_supplied(scheme: str) -> None:
    added = Added(document=deny("s3:*"))
    edit = Revised(where=inline(arn("user", "alice"), f"{scheme}secret"), revision=added)
    script = commands(picture(), change(edit))
    assert len(script.needs) == 1
    assert run(script) == []
    assert options(run(script, given={"POLICY_NAME": "p"})[0][3:])["policy-name"] == "p"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_no_text_gets_out_of_a_comment(text: str) -> None:
    assert all(line.startswith("#") for line in comment(text).splitlines())
