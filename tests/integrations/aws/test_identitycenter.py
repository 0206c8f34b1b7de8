from auditwright.core.evidence import Evidence
from auditwright.core.outcome import Unknown
from auditwright.core.resources import CenterAssignment
from auditwright.integrations.aws import identitycenter as center
from tests.integrations.aws.emulated import Account, at
from tests.integrations.aws.live import EMULATED_ACCOUNT
from tests.integrations.aws.shapes import ACCOUNT, GLOBAL, captured, of_each, read, refused
from tests.simulators.aws_proxy import AwsProxy, refuse

INSTANCE = "arn:aws:sso:::instance/ssoins-1"
SET = f"{INSTANCE.replace('instance', 'permissionSet')}/ps-1"
STORE = "d-1"
INSTANCES = captured(
    center.INSTANCES,
    {"Instances": [{"InstanceArn": INSTANCE, "IdentityStoreId": STORE, "PrimaryRegion": "eu-central-1"}]},
    scope=GLOBAL,
)
PROVISIONED = of_each(
    center.PROVISIONED,
    ({"AccountId": ACCOUNT, "InstanceArn": INSTANCE}, {"PermissionSets": [SET]}),
    scope=GLOBAL,
)
NAMED = {"InstanceArn": INSTANCE, "PermissionSetArn": SET}
DESCRIBED = of_each(
    center.PERMISSION_SET,
    (NAMED, {"PermissionSet": {"Name": "Admins", "PermissionSetArn": SET}}),
    scope=GLOBAL,
)


def assigned(type_: str, principal: str) -> Evidence:
    row = {
        "AccountId": ACCOUNT,
        "PermissionSetArn": SET,
        "PrincipalType": type_,
        "PrincipalId": principal,
    }
    asked = {"AccountId": ACCOUNT, **NAMED}
    return of_each(center.ASSIGNMENTS, (asked, {"AccountAssignments": [row]}), scope=GLOBAL)


def user(id_: str, name: str) -> dict[str, object]:
    arn = f"arn:aws:identitystore:::user/{id_}"
    return {"IdentityStoreId": STORE, "UserId": id_, "UserArn": arn, "Revision": "1", "UserName": name}


USERS = of_each(
    center.USERS,
    (
        {"IdentityStoreId": STORE},
        {
            "Users": [
                user("u-1", "ada"),
                user("u-2", "bob"),
            ]
        },
    ),
    scope=GLOBAL,
)


def memberships(*users: str) -> Evidence:
    rows = [
        {
            "IdentityStoreId": STORE,
            "MembershipId": f"m-{user}",
            "MembershipArn": f"arn:aws:identitystore:::membership/m-{user}",
            "GroupId": "g-1",
            "MemberId": {"UserId": user},
        }
        for user in users
    ]
    return of_each(
        center.MEMBERSHIPS,
        ({"IdentityStoreId": STORE, "GroupId": "g-1"}, {"GroupMemberships": rows}),
        scope=GLOBAL,
    )


BEFORE = (INSTANCES, PROVISIONED, DESCRIBED)


def test_an_instance_is_asked_in_the_region_where_it_lives() -> None:
    (ask,) = center.PROVISIONED.asks(read(INSTANCES))
    assert (ask.region, ask.parameters) == ("eu-central-1", {"InstanceArn": INSTANCE})


def test_a_user_stands_behind_an_assignment_by_name() -> None:
    (one,) = center.normalize(read(*BEFORE, assigned("USER", "u-1"), USERS))
    assert (one.permission_set_name, one.principal_type, one.members) == ("Admins", "USER", ("ada",))


def test_the_members_of_a_group_stand_behind_it() -> None:
    found = (*BEFORE, assigned("GROUP", "g-1"))
    assert [ask.subject for ask in center.MEMBERSHIPS.asks(read(*found))] == ["g-1"]
    (one,) = center.normalize(read(*found, USERS, memberships("u-2", "u-1")))
    assert one.members == ("ada", "bob")
    (empty,) = center.normalize(read(*found, USERS, memberships()))
    assert empty.members == ()


def test_whoever_cannot_be_named_leaves_the_members_unknown() -> None:
    group, user = assigned("GROUP", "g-1"), assigned("USER", "u-3")
    for found in (
        (group, USERS, memberships("u-1", "u-3")),
        (group, USERS, refused(center.MEMBERSHIPS, "g-1", scope=GLOBAL)),
        (group, memberships("u-1"), refused(center.USERS, STORE, scope=GLOBAL)),
        (user, USERS),
        (user,),
    ):
        (one,) = center.normalize(read(*BEFORE, *found))
        assert isinstance(one.members, Unknown)


def test_live_who_is_assigned_in_an_emulated_center(proxy: AwsProxy) -> None:
    account = Account(url=proxy.url)
    instance = account.do("sso-admin", "ListInstances")["Instances"]
    assert isinstance(instance, list)
    arn, store = instance[0]["InstanceArn"], instance[0]["IdentityStoreId"]
    made = at(
        account.do("sso-admin", "CreatePermissionSet", InstanceArn=arn, Name="Admins"),
        "PermissionSet",
        "PermissionSetArn",
    )
    user = at(
        account.do(
            "identitystore",
            "CreateUser",
            IdentityStoreId=store,
            UserName="ada",
            DisplayName="Ada",
            Name={"GivenName": "Ada", "FamilyName": "Lovelace"},
            PhoneNumbers=[{"Value": "+44 20 7946 0000"}],
        ),
        "UserId",
    )
    account.do(
        "sso-admin",
        "CreateAccountAssignment",
        InstanceArn=arn,
        TargetId=EMULATED_ACCOUNT,
        TargetType="AWS_ACCOUNT",
        PermissionSetArn=made,
        PrincipalType="USER",
        PrincipalId=user,
    )
    account.do(
        "sso-admin",
        "ProvisionPermissionSet",
        InstanceArn=arn,
        PermissionSetArn=made,
        TargetType="ALL_PROVISIONED_ACCOUNTS",
    )
    (found,) = account.only(center.STREAM)
    assert isinstance(found, CenterAssignment)
    assert (found.permission_set_name, found.members) == ("Admins", ("ada",))
    proxy.add(refuse(), action="ListAccountAssignments")
    nothing, gaps = account.collect(center.STREAM)
    assert nothing == []
    assert [(gap.operation, gap.hides_items) for gap in gaps] == [("sso-admin:ListAccountAssignments", True)]
