import json

from auditwright.core.evidence import Evidence, Gap
from auditwright.core.outcome import Unknown
from auditwright.core.resources import OrganizationMembership, OrganizationPolicy
from auditwright.integrations.aws import INTEGRATION, organizations
from auditwright.integrations.aws.documents import document_text
from auditwright.integrations.aws.reading import CALLS_KEY
from tests.integrations.aws.emulated import Account, says
from tests.integrations.aws.live import EMULATED_ACCOUNT
from tests.integrations.aws.shapes import ACCOUNT, GLOBAL, captured, of_each, read, refused
from tests.simulators.aws_proxy import AwsProxy, error, refuse

MANAGER = "999988887777"
DENY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
PATH = f"o-abcdefghij/r-abcd/ou-abcd-11111111/{ACCOUNT}/"

ORGANIZATION = captured(
    organizations.ORGANIZATION,
    {"Organization": {"Id": "o-abcdefghij", "FeatureSet": "ALL", "MasterAccountId": MANAGER}},
    scope=GLOBAL,
)


def member(*paths: str) -> Evidence:
    return captured(organizations.MEMBER, {"Account": {"Id": ACCOUNT, "Paths": list(paths)}}, scope=GLOBAL)


ROOTS = captured(
    organizations.ROOTS,
    {"Roots": [{"Id": "r-abcd", "PolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]}]},
    scope=GLOBAL,
)


def membership(*found: Evidence | Gap) -> OrganizationMembership:
    (one,) = (
        item for item in organizations.normalize(read(*found)) if isinstance(item, OrganizationMembership)
    )
    return one


def test_an_account_stands_on_a_path_from_the_root() -> None:
    one = membership(ORGANIZATION, member(PATH), ROOTS)
    assert (one.organization, one.management_account, one.all_features) == ("o-abcdefghij", MANAGER, True)
    assert one.path == ("r-abcd", "ou-abcd-11111111", ACCOUNT)
    assert one.policy_types == ("service control",)


def test_every_place_on_the_path_is_asked_for_its_policies() -> None:
    answers = read(ORGANIZATION, member(PATH))
    asked = [ask.parameters["TargetId"] for ask in organizations.SERVICE_CONTROL.asks(answers)]
    assert asked == ["r-abcd", "ou-abcd-11111111", ACCOUNT]


def test_a_path_that_is_not_told_or_told_twice_is_unknown() -> None:
    for told in (member(), member(PATH, PATH), member("o-abcdefghij/"), refused(organizations.MEMBER)):
        assert isinstance(membership(ORGANIZATION, told, ROOTS).path, Unknown)
        assert list(organizations.SERVICE_CONTROL.asks(read(ORGANIZATION, told))) == []


def test_a_policy_is_kept_for_each_place_that_it_is_attached_to() -> None:
    row = {"Id": "p-1", "Name": "guard", "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": False}
    targets = [({"TargetId": target}, {"Policies": [row]}) for target in ("r-abcd", ACCOUNT)]
    attached = of_each(organizations.SERVICE_CONTROL, *targets, scope=GLOBAL)
    assert [ask.parameters for ask in organizations.POLICY.asks(read(attached))] == [{"PolicyId": "p-1"}]
    content = {"Policy": {"PolicySummary": row, "Content": json.dumps(DENY)}}
    held = of_each(organizations.POLICY, ({"PolicyId": "p-1"}, content), scope=GLOBAL)
    found = [
        one
        for one in organizations.normalize(read(ORGANIZATION, attached, held))
        if isinstance(one, OrganizationPolicy)
    ]
    assert [(one.target, one.type, one.document) for one in found] == [
        ("r-abcd", "service control", document_text(DENY)),
        (ACCOUNT, "service control", document_text(DENY)),
    ]
    unread = organizations.normalize(read(ORGANIZATION, attached, refused(organizations.POLICY, "p-1")))
    assert all(isinstance(one.document, Unknown) for one in unread if isinstance(one, OrganizationPolicy))


def test_without_types_at_the_root_which_policies_count_is_unknown() -> None:
    assert isinstance(membership(ORGANIZATION, member(PATH)).policy_types, Unknown)
    hidden = membership(ORGANIZATION, member(PATH), refused(organizations.ROOTS))
    assert isinstance(hidden.policy_types, Unknown)


# --- On the emulator -----------------------------------------------------------------------------------------


def test_live_no_organization_is_a_recorded_none(proxy: AwsProxy) -> None:
    proxy.add(
        lambda question: error(question, "AWSOrganizationsNotInUseException", "none", status=400),
        action="DescribeOrganization",
    )
    (found,) = Account(url=proxy.url).only(organizations.STREAM)
    assert isinstance(found, OrganizationMembership)
    assert (found.organization, found.path, found.policy_types) == (None, (), ())
    assert proxy.count(service="organizations") == 1


def test_live_an_organization_with_a_policy_at_the_root(proxy: AwsProxy) -> None:
    account = Account(url=proxy.url)
    account.do("organizations", "CreateOrganization", FeatureSet="ALL")
    roots = account.do("organizations", "ListRoots")["Roots"]
    assert isinstance(roots, list)
    root = roots[0]["Id"]
    # The emulator names no paths.
    proxy.add(
        says(
            organizations.MEMBER,
            {"Account": {"Id": EMULATED_ACCOUNT, "Paths": [f"o-x/{root}/{EMULATED_ACCOUNT}/"]}},
        ),
        action="DescribeAccount",
    )
    found = account.only(organizations.STREAM)
    assert isinstance(found[0], OrganizationMembership)
    assert found[0].path == (root, EMULATED_ACCOUNT)
    attached = [one for one in found if isinstance(one, OrganizationPolicy)]
    assert {(one.target, one.name) for one in attached} >= {(root, "FullAWSAccess")}
    assert all(isinstance(one.document, str) for one in attached)


def test_live_a_member_that_may_not_ask_sees_no_policies_and_says_so(proxy: AwsProxy) -> None:
    account = Account(url=proxy.url)
    account.do("organizations", "CreateOrganization", FeatureSet="ALL")
    proxy.add(refuse(), service="organizations", action="DescribeAccount|ListRoots")
    (found,), gaps = account.collect(organizations.STREAM)
    assert isinstance(found, OrganizationMembership)
    assert isinstance(found.path, Unknown)
    assert [(gap.operation, gap.hides_items) for gap in gaps] == [
        ("organizations:DescribeAccount", True),
        ("organizations:ListRoots", False),
    ]
    stream = next(one for one in INTEGRATION.streams if one.id == "aws.organizations")
    (asked,) = (one for one in stream.operations if one.name == "organizations:DescribeAccount")
    assert asked.lists == (OrganizationPolicy,)


def test_the_key_of_calls_is_none_of_an_answers() -> None:
    assert CALLS_KEY not in json.loads(ORGANIZATION.body)
