"""Accounts that others published, each with the path that it was made to have, or made not to have."""

import re

import pytest

from auditwright.access.facts import Fact, Kind
from auditwright.access.verdict import Undecided
from auditwright.access.world import Principal, World
from tests.access.accounts import ACCOUNT, REACHABLE, UNKNOWN, UNREACHABLE, named, verdict_on, world
from tests.access.published import decoded, published
from tests.reference.kubernetes import Json, get, listed

LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")

OUTSIDE = {
    "attack-simulation__sysdig-8-minutes-to-admin": "a key lies in a bucket",
    "cross-account__dev-to-prod__multi-hop__lambda-invoke-update": "it starts in an account that is not in the file",
    "cross-account__dev-to-prod__multi-hop__multi-hop-both-sides": "it starts in an account that is not in the file",
    "cross-account__dev-to-prod__multi-hop__passrole-lambda-admin": "it starts in an account that is not in the file",
    "single-account__cspm-toxic-combo__public-lambda-with-admin": "the file names the role otherwise",
    "single-account__privesc-multi-hop__to-admin__multiple-paths-combined": "it starts with a user that is not in the file",
}
"""Labelled paths that do not lie in what the file shows of IAM."""

NEEDS = {
    "workload-in-service",
    "devices-unseen",
    "credentials-unseen",
    "key-to-spare",
    "second-device",
    "program-approved",
}


def administrator(here: World) -> Fact:
    return Fact(Kind.ADMINISTRATOR, next(iter(here.accounts)))


def test_every_labelled_path_is_found_or_says_what_it_needs() -> None:
    found = 0
    for label in listed(decoded("pathfinding-labs", "index.json")):
        key = str(get(label, "key"))
        principals = [str(each) for each in listed(get(label, "principals"))]
        begins = [re.search(r":(user|role)/(?:.*/)?(.*)", each) for each in principals]
        first = next((each for each in begins if each), None)
        if get(label, "target") != "to-admin" or first is None or key in OUTSIDE:
            continue
        here = world({"gaad": decoded("pathfinding-labs", "gaad", f"{key}.json")})
        start = f"{first.group(1)}:{first.group(2)}".replace("{account_id}", ACCOUNT)
        verdict = verdict_on(here, administrator(here), start)
        assert named(verdict) in {REACHABLE, UNKNOWN}, key
        if isinstance(verdict, Undecided):
            assert {each.id for each in verdict.assumptions} & NEEDS or verdict.missing, key
        found += 1
    assert found > 40


def test_who_is_an_administrator_by_the_rights_in_force() -> None:
    name = "tool-testing__test-effective-permissions-evaluation.json"
    here = world({"gaad": decoded("pathfinding-labs", "gaad", name)})
    principals: list[Principal] = [*here.users.values(), *here.roles.values()]
    labelled = [each for each in principals if "isAdmin" in each.name or "notAdmin" in each.name]
    assert len(labelled) == 39
    for each in labelled:
        kind = "user" if each.arn in here.users else "role"
        expected = REACHABLE if "isAdmin" in each.name else UNREACHABLE
        verdict = verdict_on(here, administrator(here), f"{kind}:{each.name}")
        assert named(verdict) == expected, each.name


def merged(documents: list[Json]) -> Json:
    """The accounts as the one that they are."""
    return {
        kind: list(
            {
                str(get(each, "Arn")): each for one in documents for each in listed(get(one, kind) or [])
            }.values()
        )
        for kind in LISTS
    }


NOT_IN_THE_FILES = {
    "privesc2-SetExistingDefaultPolicyVersion": "the file has one version of the policy",
    "privesc-permissive-role-trust": "the role has no policy",
    "privesc-AssumeRole": "the user has no policy; the role that it names as the start is asked",
}
"""Escalations of which the files lack a part."""


def test_every_escalation_is_found_and_no_trap_is_taken_for_one() -> None:
    index = listed(decoded("iam-vulnerable", "index.json"))
    keys = [str(get(each, "key")) for each in index]
    documents = {each: decoded("iam-vulnerable", "gaad", f"{each}.json") for each in keys}
    here = world({"gaad": merged(list(documents.values()))})
    for key, document in documents.items():
        principals = [f"user:{get(each, 'UserName')}" for each in listed(get(document, "UserDetailList"))]
        principals += [f"role:{get(each, 'RoleName')}" for each in listed(get(document, "RoleDetailList"))]
        verdicts = {named(verdict_on(here, administrator(here), each)) for each in principals}
        if key.startswith("fp"):
            assert verdicts == {UNREACHABLE}, key
        elif key not in NOT_IN_THE_FILES:
            assert verdicts & {REACHABLE, UNKNOWN}, key


@pytest.mark.parametrize("key", OUTSIDE)
def test_a_label_that_is_left_out_is_there(key: str) -> None:
    assert published("pathfinding-labs", "gaad", f"{key}.json").is_file()
