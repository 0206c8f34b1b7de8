from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.access.assumptions import (
    BOOTSTRAP_FLAG_OF_OLD_CLUSTERS,
    CREATOR_MATCHED_BY_ARN,
    ENTRY_PRINCIPAL_UNCHANGED,
)
from auditwright.access.aws_auth import Slot, parse_aws_auth
from auditwright.access.eks import (
    AuthenticationMode,
    Caller,
    Cluster,
    Creator,
    NoSession,
    Source,
    default_username,
    identities,
    principals_mapped,
)
from auditwright.core.outcome import Unknown
from tests.access.clusters import ACCOUNT, ALICE, DEV, UNSEEN, caller, cluster, entry

CONFIG_MAP = AuthenticationMode.CONFIG_MAP
BOTH = AuthenticationMode.API_AND_CONFIG_MAP
API = AuthenticationMode.API
IN_A_PATH = f"arn:aws:iam::{ACCOUNT}:role/team/x/dev"


def found(cluster: Cluster, caller: Caller) -> list[tuple[Source, object, bool]]:
    """What gives an identity, which username, and whether for certain."""
    return [
        (
            each.origin.source,
            "?" if isinstance(each.username, Unknown) else "".join(each.username),
            each.known,
        )
        for each in identities(cluster, caller)
    ]


def by_map(**lists: object) -> Cluster:
    return cluster(aws_auth=lists)


def role(arn: str, username: str = "r", **more: object) -> dict[str, object]:
    return {"rolearn": arn, "username": username, **more}


def user(arn: str, username: str = "u") -> dict[str, object]:
    return {"userarn": arn, "username": username}


def test_roles_come_before_users_and_users_before_accounts() -> None:
    everything = by_map(mapRoles=[role(ALICE)], mapUsers=[user(ALICE)], mapAccounts=[ACCOUNT])
    assert found(everything, caller()) == [(Source.MAP_ROLES, "r", True)]
    assert found(by_map(mapUsers=[user(ALICE)], mapAccounts=[ACCOUNT]), caller()) == [
        (Source.MAP_USERS, "u", True)
    ]
    assert found(by_map(mapAccounts=[ACCOUNT]), caller()) == [(Source.MAP_ACCOUNTS, ALICE, True)]
    assert found(by_map(mapAccounts=["999999999999"]), caller()) == []


def test_an_account_gives_no_groups_and_the_arn_without_a_path_as_the_name() -> None:
    (identity,) = identities(by_map(mapAccounts=[ACCOUNT]), caller(IN_A_PATH))
    assert (identity.username, identity.groups) == ((DEV,), ())


def test_case_does_not_matter_in_the_map() -> None:
    assert found(by_map(mapUsers=[user(ALICE.upper().replace("ARN:AWS:IAM", "arn:aws:IAM"))]), caller())


def test_a_mapping_with_a_role_path_never_matches_and_one_without_matches_the_role_in_a_path() -> None:
    assert found(by_map(mapRoles=[role(IN_A_PATH)]), caller(IN_A_PATH)) == []
    assert found(by_map(mapRoles=[role(DEV)]), caller(IN_A_PATH)) == [(Source.MAP_ROLES, "r", True)]


def test_of_two_mappings_of_a_role_the_last_counts() -> None:
    twice = by_map(mapRoles=[role(DEV, "first"), role(DEV.replace("dev", "DEV"), "last")])
    assert found(twice, caller(DEV)) == [(Source.MAP_ROLES, "last", True)]


def test_a_mapping_that_cannot_be_read_may_be_anyones_and_may_decide_before_others() -> None:
    lost = [{"username": "lost"}]
    assert found(by_map(mapRoles=lost, mapUsers=[user(ALICE)], mapAccounts=[ACCOUNT]), caller()) == [
        (Source.MAP_ROLES, "?", False),
        (Source.MAP_USERS, "u", False),
    ]
    assert found(by_map(mapUsers=lost, mapAccounts=[ACCOUNT]), caller()) == [
        (Source.MAP_USERS, "?", False),
        (Source.MAP_ACCOUNTS, ALICE, False),
    ]


def test_wildcards_and_permission_sets_are_only_possible() -> None:
    assert found(by_map(mapRoles=[role(f"arn:aws:iam::{ACCOUNT}:role/d*")]), caller(DEV)) == [
        (Source.MAP_ROLES, "r", False)
    ]
    both = by_map(mapRoles=[role(DEV, "exact"), role(f"arn:aws:iam::{ACCOUNT}:role/d*")])
    assert found(both, caller(DEV)) == [(Source.MAP_ROLES, "exact", False), (Source.MAP_ROLES, "r", False)]


def test_an_entry_overrides_the_map_and_in_config_map_mode_counts_for_nothing() -> None:
    both = {"mapUsers": [user(ALICE)]}
    assert found(cluster(BOTH, aws_auth=both, entries=(entry(ALICE),)), caller()) == [
        (Source.ACCESS_ENTRY, "by-entry", True)
    ]
    assert found(cluster(BOTH, aws_auth=both, entries=(entry(DEV),)), caller()) == [
        (Source.MAP_USERS, "u", True)
    ]
    assert found(cluster(API, aws_auth=both, entries=(entry(DEV),)), caller()) == []
    assert found(cluster(CONFIG_MAP, aws_auth={}, entries=(entry(ALICE),)), caller()) == []


def test_a_mapping_of_the_map_is_only_possible_where_an_entry_may_decide() -> None:
    unclear = cluster(BOTH, aws_auth={"mapUsers": [user(ALICE)]}, entries=(UNSEEN,))
    assert found(unclear, caller()) == [(Source.ACCESS_ENTRY, "?", False), (Source.MAP_USERS, "u", False)]


def test_of_two_mappings_of_a_user_that_differ_in_case_any_may_decide() -> None:
    other = ALICE.replace("alice", "Alice")
    twice = by_map(mapUsers=[user(ALICE, "first"), user(other, "second")])
    assert found(twice, caller()) == [(Source.MAP_USERS, "first", False), (Source.MAP_USERS, "second", False)]
    same = by_map(mapUsers=[user(ALICE, "first"), user(ALICE, "second")])
    assert found(same, caller()) == [(Source.MAP_USERS, "second", True)]


def test_an_entry_is_bound_to_the_unique_id() -> None:
    here = cluster(API, entries=(entry(ALICE, principal_id="AIDAOLD"),))
    old = Caller(arn=ALICE, account=ACCOUNT, unique_id="AIDAOLD", session=NoSession())
    new = Caller(arn=ALICE, account=ACCOUNT, unique_id="AIDANEW", session=NoSession())
    assert found(here, old)
    assert found(here, new) == []
    assert found(here, caller(made_later=True)) == []
    assert [each.assumptions for each in identities(here, old)] == [()]
    assert [each.assumptions for each in identities(here, caller())] == [(ENTRY_PRINCIPAL_UNCHANGED,)]


def test_an_entry_of_a_role_in_a_path_matches_that_role() -> None:
    assert found(cluster(API, entries=(entry(IN_A_PATH),)), caller(IN_A_PATH))
    assert found(cluster(API, entries=(entry(DEV),)), caller(IN_A_PATH)) == []


def test_a_recreated_principal_regains_what_the_map_gives_its_arn() -> None:
    assert found(by_map(mapRoles=[role(DEV)]), caller(DEV, made_later=True)) == [
        (Source.MAP_ROLES, "r", True)
    ]


def test_the_creator_keeps_a_grant_in_config_map_mode_only() -> None:
    creator = Creator(arn=ALICE, source="cloudtrail", exists=True)
    hidden = [(Source.CREATOR, "kubernetes-admin", True)]
    assert found(cluster(creator=creator), caller()) == hidden
    assert found(cluster(BOTH, creator=creator), caller()) == []
    assert found(cluster(API, creator=creator), caller()) == []
    (identity,) = identities(cluster(creator=creator), caller())
    assert (identity.groups, identity.assumptions) == ((("system:masters",),), ())


def test_a_recreated_creator_regains_the_grant_by_a_named_assumption() -> None:
    gone = Creator(arn=ALICE, source="cloudtrail", exists=False)
    (identity,) = identities(cluster(creator=gone), caller(made_later=True))
    assert identity.known
    assert identity.assumptions == (CREATOR_MATCHED_BY_ARN,)


def test_a_creator_that_is_not_known_may_be_anyone_of_the_account() -> None:
    assert found(cluster(creator=UNSEEN), caller()) == [(Source.CREATOR, "kubernetes-admin", False)]
    assert found(cluster(creator=UNSEEN), caller("arn:aws:iam::999999999999:user/eve")) == []
    assert found(cluster(API, creator=UNSEEN), caller()) == []


def test_a_bootstrap_flag_that_contradicts_the_mode_proves_nothing() -> None:
    creator = Creator(arn=ALICE, source="cloudtrail", exists=True)
    (off,) = identities(replace(cluster(creator=creator), bootstrap_creator_admin=False), caller())
    assert not off.known
    assert off.assumptions == (BOOTSTRAP_FLAG_OF_OLD_CLUSTERS,)
    (unseen,) = identities(replace(cluster(creator=creator), bootstrap_creator_admin=UNSEEN), caller())
    assert unseen.known
    assert unseen.assumptions == (BOOTSTRAP_FLAG_OF_OLD_CLUSTERS,)


@pytest.mark.parametrize("mode", [BOTH, API, UNSEEN])
def test_entries_that_were_not_seen_may_let_anyone_in(mode: AuthenticationMode | Unknown) -> None:
    assert (Source.ACCESS_ENTRY, "?", False) in found(cluster(mode, entries=UNSEEN), caller())
    assert (Source.ACCESS_ENTRY, "?", False) in found(cluster(mode, entries=(UNSEEN,)), caller())


@pytest.mark.parametrize("mode", [BOTH, CONFIG_MAP, UNSEEN])
def test_a_map_that_was_not_seen_may_let_anyone_in(mode: AuthenticationMode | Unknown) -> None:
    assert (Source.MAP_ROLES, "?", False) in found(cluster(mode, aws_auth=UNSEEN), caller())


def test_where_the_mode_was_not_seen_nothing_is_certain() -> None:
    creator = Creator(arn=ALICE, source="iac", exists=True)
    unclear = cluster(UNSEEN, aws_auth={"mapUsers": [user(ALICE)]}, entries=(entry(ALICE),), creator=creator)
    assert [known for _, _, known in found(unclear, caller())] == [False, False, False]
    assert isinstance(unclear.reads_aws_auth, Unknown)
    assert [cluster(mode).reads_aws_auth for mode in (CONFIG_MAP, BOTH, API)] == [True, True, False]


def test_what_is_no_identity_of_iam_is_refused() -> None:
    unclear = cluster(UNSEEN, aws_auth=UNSEEN, entries=UNSEEN, creator=UNSEEN)
    assert identities(unclear, caller("arn:aws:iam::111122223333:group/admins")) == ()


def test_the_account_is_filled_in() -> None:
    (identity,) = identities(by_map(mapUsers=[user(ALICE, "{{AccountID}}:{{SessionName}}")]), caller())
    assert identity.username == (f"{ACCOUNT}:", Slot.SESSION)


def test_usernames_of_entries_that_name_none() -> None:
    assert default_username(ALICE) == (ALICE,)
    assert default_username(IN_A_PATH) == (f"arn:aws:sts::{ACCOUNT}:assumed-role/dev/", Slot.SESSION)
    assert default_username("x:role/y") == ("x:role/y",)


def test_every_mapped_principal_is_named_whether_it_exists_or_not() -> None:
    creator = Creator(arn=f"arn:aws:iam::{ACCOUNT}:user/gone", source="cloudtrail", exists=False)
    aws_auth = {
        "mapRoles": [role(DEV.replace("dev", "Dev")), role(IN_A_PATH), role("arn:aws:iam::1:role/x*")],
        "mapUsers": [user(ALICE)],
        "mapAccounts": [ACCOUNT],
    }
    mapped = principals_mapped(cluster(aws_auth=aws_auth, creator=creator))
    assert [(each.arn, each.pattern, each.by_unique_id) for each in mapped] == [
        (DEV, False, False),
        ("arn:aws:iam::1:role/x*", True, False),
        (ALICE, False, False),
        (f"arn:*:*::{ACCOUNT}:*", True, False),
        (creator.arn, False, False),
    ]
    entries = principals_mapped(cluster(API, aws_auth=aws_auth, entries=(entry(IN_A_PATH), UNSEEN)))
    assert [(each.arn, each.by_unique_id) for each in entries] == [(IN_A_PATH, True)]


ARNS = st.sampled_from(
    [
        ALICE,
        DEV,
        IN_A_PATH,
        f"arn:aws:iam::{ACCOUNT}:role/old",
        f"arn:aws:sts::{ACCOUNT}:federated-user/fay",
        f"arn:aws:iam::{ACCOUNT}:root",
    ]
)
MAPPINGS = st.fixed_dictionaries(
    {
        "mapRoles": st.lists(ARNS.map(role), max_size=3),
        "mapUsers": st.lists(ARNS.map(user), max_size=3),
        "mapAccounts": st.lists(st.sampled_from([ACCOUNT, "999999999999"]), max_size=2),
    }
)
CLUSTERS = st.builds(
    cluster,
    st.sampled_from([CONFIG_MAP, BOTH, API]),
    aws_auth=MAPPINGS,
    entries=st.lists(ARNS.map(entry), max_size=3).map(tuple),
    creator=ARNS.map(lambda arn: Creator(arn=arn, source="cloudtrail", exists=True)),
)


@given(CLUSTERS, ARNS)
def test_whoever_certainly_signs_in_is_among_the_principals_mapped(cluster: Cluster, arn: str) -> None:
    mapped = principals_mapped(cluster)
    for identity in identities(cluster, caller(arn)):
        assert identity.origin in {each.origin for each in mapped}


@given(CLUSTERS, ARNS, st.sampled_from(["authentication_mode", "access_entries", "aws_auth", "creator"]))
def test_what_was_not_seen_never_takes_a_possible_identity_away(
    cluster: Cluster, arn: str, field: str
) -> None:
    who = caller(arn)
    less = {
        "authentication_mode": replace(cluster, authentication_mode=UNSEEN),
        "access_entries": replace(cluster, access_entries=UNSEEN),
        "aws_auth": replace(cluster, aws_auth=UNSEEN),
        "creator": replace(cluster, creator=UNSEEN),
    }[field]
    before, after = identities(cluster, who), identities(less, who)
    assert not before or after
    # Nothing becomes certain that was not.
    assert {each.origin for each in after if each.known} <= {each.origin for each in before}


def test_an_unread_map_is_the_same_as_none_seen() -> None:
    assert found(cluster(aws_auth=parse_aws_auth(7)), caller())[0] == (Source.MAP_ROLES, "?", False)
