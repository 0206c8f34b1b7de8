from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.access.aws_auth import (
    MAX_MAPPINGS,
    ArnMapping,
    Slot,
    arn_like,
    canonical_arn,
    like,
    looked_up_arn,
    parse_aws_auth,
    parse_template,
    strip_path,
    template_text,
)
from auditwright.core.outcome import Unknown
from tests.access.clusters import ACCOUNT, ALICE, DEV
from tests.access.published import decoded
from tests.reference.kubernetes import Json, get

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "rolearn",
                    "RoleARN",
                    "userarn",
                    "username",
                    "groups",
                    "sso",
                    "mapRoles",
                    "mapUsers",
                    "mapAccounts",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def pairs(name: str) -> list[tuple[str, str | None]]:
    vectors = get(decoded("aws-iam-authenticator", "mapping-vectors.json"), name)
    assert isinstance(vectors, Sequence)
    found: list[tuple[str, str | None]] = []
    for vector in vectors:
        assert isinstance(vector, list)
        given_arn, expected = vector
        assert isinstance(given_arn, str)
        assert expected is None or isinstance(expected, str)
        found.append((given_arn, expected))
    assert found
    return found


def test_arns_are_made_canonical_as_the_authenticator_does() -> None:
    assert [(arn, canonical_arn(arn)) for arn, _ in pairs("canonicalize")] == pairs("canonicalize")


def test_paths_are_stripped_as_the_authenticator_does() -> None:
    assert [(arn, strip_path(arn)) for arn, _ in pairs("strip_path")] == pairs("strip_path")


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "arn",
        "arn:aws:iam::111122223333:group/admins",
        "arn:aws:iam::111122223333:instance-profile/x",
        "arn:aws:sts::111122223333:assumed-role/dev",
        "arn:made-up:iam::111122223333:user/alice",
        "arn:aws:s3:::bucket",
    ],
)
def test_what_is_no_identity_is_refused(arn: str) -> None:
    assert canonical_arn(arn) is None
    assert looked_up_arn(arn) is None


def test_a_role_is_looked_up_without_its_path_and_a_user_with_it() -> None:
    assert looked_up_arn(f"arn:aws:iam::{ACCOUNT}:role/Team/X/Dev") == f"arn:aws:iam::{ACCOUNT}:role/dev"
    assert looked_up_arn(f"arn:aws:iam::{ACCOUNT}:user/Team/Ada") == f"arn:aws:iam::{ACCOUNT}:user/team/ada"


def test_keys_of_a_mapping_are_read_in_any_case_and_those_of_the_map_are_not() -> None:
    read = parse_aws_auth(
        {"mapRoles": [{"RoLeArN": DEV, "userName": "d", "GROUPS": ["g"]}], "mapusers": [{"userarn": ALICE}]}
    )
    assert read.map_roles == (ArnMapping(arn=DEV, username=("d",), groups=(("g",),)),)
    assert read.map_users == ()


def test_what_cannot_be_read_stays_in_the_map_as_unread() -> None:
    read = parse_aws_auth(
        {
            "mapRoles": "- rolearn: [",
            "mapUsers": [{"username": "no-arn"}, 7, {"userarn": ALICE, "groups": "system:masters"}],
            "mapAccounts": [ACCOUNT, 111122223333, 1234, None, {}],
        }
    )
    assert [type(each) for each in read.map_roles] == [Unknown]
    assert [type(each) for each in read.map_users] == [Unknown, Unknown, ArnMapping]
    assert [isinstance(each, ArnMapping) and isinstance(each.groups, Unknown) for each in read.map_users][2]
    assert [each if isinstance(each, str) else "?" for each in read.map_accounts] == [
        ACCOUNT,
        ACCOUNT,
        "?",
        "?",
        "?",
    ]


@pytest.mark.parametrize("nothing", [None, "", "  \n", "``", '""', []])
def test_an_empty_value_maps_nobody(nothing: object) -> None:
    assert parse_aws_auth({"mapRoles": nothing}).map_roles == ()


def test_a_map_that_is_no_map_is_unread_in_every_list() -> None:
    read = parse_aws_auth(["mapRoles"])
    assert all(isinstance(each, Unknown) for each in (*read.map_roles, *read.map_users, *read.map_accounts))
    assert read.map_roles
    assert read.map_users
    assert read.map_accounts


def test_a_permission_set_stands_for_the_roles_that_it_makes() -> None:
    (read,) = parse_aws_auth(
        {"mapRoles": [{"sso": {"permissionSetName": "Admins", "accountID": ACCOUNT}, "username": "a"}]}
    ).map_roles
    assert isinstance(read, ArnMapping)
    assert read.pattern
    assert arn_like(read.arn, f"arn:aws:iam::{ACCOUNT}:role/AWSReservedSSO_Admins_0123456789abcdef")
    assert not arn_like(read.arn, f"arn:aws:iam::{ACCOUNT}:role/AWSReservedSSO_Adminsx")
    assert not arn_like(read.arn, "arn:aws:iam::999999999999:role/AWSReservedSSO_Admins_1")


def test_templates_are_split_into_text_and_slots() -> None:
    assert parse_template("a:{{AccountID}}:{{SessionName}}") == ("a:", Slot.ACCOUNT, ":", Slot.SESSION)
    assert parse_template("") == ("",)
    assert parse_template("{{SessionNameRaw}}") == (Slot.SESSION_RAW,)
    assert parse_template("{{sessionname}}") == ("{{sessionname}}",)


@given(
    st.lists(st.text(max_size=6) | st.sampled_from([slot.value for slot in Slot]), max_size=6).map("".join)
)
def test_a_template_is_written_as_it_was_read(text: str) -> None:
    assert template_text(parse_template(text)) == text


@given(ANYTHING)
def test_any_data_is_read_without_a_crash(data: object) -> None:
    parse_aws_auth(data)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("*", "", True),
        ("", "", True),
        ("?", "", False),
        ("dev-*", "dev-", True),
        ("dev-*", "dev", False),
        ("a*b?c", "axxbyc", True),
        ("a*b?c", "axxbc", False),
        ("*a*a*b", "aaaaab", True),
    ],
)
def test_wildcards_match(pattern: str, text: str, *, expected: bool) -> None:
    assert like(pattern, text) is expected


def test_hostile_wildcards_and_large_maps_come_to_an_end() -> None:
    assert not like("*?" * 500 + "b", "a" * 2000)
    read = parse_aws_auth({"mapRoles": [{"rolearn": DEV}] * (MAX_MAPPINGS + 5)})
    assert isinstance(read.map_roles[-1], Unknown)
    assert len(read.map_roles) == MAX_MAPPINGS + 1
    deep: Json = "x"
    for _ in range(100_000):
        deep = [deep]
    assert isinstance(parse_aws_auth({"mapUsers": [deep, {"userarn": deep}]}).map_users[0], Unknown)
