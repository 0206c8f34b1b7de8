"""The AWS commands of remediations exist, with the options that they name: checked against AWS's own models."""

import re
from collections.abc import Iterator
from functools import cache

import botocore.session
import pytest
from botocore import xform_name

from auditwright.control_tests import load_builtin_tests
from auditwright.core.control_test import ControlTest

TESTS = tuple(pytest.param(test, id=str(test.id)) for test in load_builtin_tests().values())

COMMAND = re.compile(r"\baws (?P<service>[a-z][a-z0-9-]*) (?P<operation>[a-z][a-z0-9-]+)")
OPTION = re.compile(r"(?<=\s)--(?P<name>[a-z][a-z0-9-]*)")

SERVICES = {"s3api": "s3", "configservice": "config", "deploy": "codedeploy"}
"""Services that the command line names differently."""

EVERYWHERE = frozenset({"region", "query", "output", "profile", "cli-input-json"})
"""Options that every command takes."""

ADDED = {("ec2", "authorize-security-group-ingress"), ("ec2", "revoke-security-group-ingress")}
"""Commands to which the command line adds options of its own: --protocol, --port, --cidr."""
ADDED_OPTIONS = frozenset({"protocol", "port", "cidr", "source-group"})


@cache
def options_of(service: str) -> dict[str, frozenset[str]]:
    """Each command of a service with its options, from AWS's model."""
    model = botocore.session.get_session().get_service_model(SERVICES.get(service, service))
    found: dict[str, frozenset[str]] = {}
    for name in model.operation_names:
        shape = model.operation_model(name).input_shape
        members = shape.members if shape is not None else ()
        found[xform_name(name, "-")] = frozenset(xform_name(member, "-") for member in members)
    return found


def commands(text: str) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Each command in a text: its service, operation, and options up to the next command."""
    matches = list(COMMAND.finditer(text))
    ends = [following.start() for following in matches[1:]] + [len(text)]
    for match, end in zip(matches, ends, strict=False):
        rest = text[match.end() : end].partition(";")[0]
        yield (
            match["service"],
            match["operation"],
            frozenset(option["name"] for option in OPTION.finditer(rest)),
        )


@pytest.mark.parametrize("test", TESTS)
def test_every_command_exists_with_its_options(test: ControlTest) -> None:
    for service, operation, options in commands(test.remediation.command):
        known = options_of(service)
        assert operation in known, f"aws {service} {operation}"
        added = ADDED_OPTIONS if (service, operation) in ADDED else frozenset()
        unknown = {
            option
            for option in options - known[operation] - EVERYWHERE - added
            if option.removeprefix("no-") not in known[operation]
        }
        assert not unknown, f"aws {service} {operation}: {sorted(unknown)}"


def test_the_check_itself_finds_a_wrong_command_and_a_wrong_option() -> None:
    ((service, operation, options),) = commands("aws iam delete-login-profile --user <name>; then rest")
    assert operation in options_of(service)
    assert not options <= options_of(service)[operation]
    assert "delete-password" not in options_of("iam")
