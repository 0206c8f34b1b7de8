import pytest

from auditwright.core.evidence import Evidence, Gap
from auditwright.core.outcome import Unknown
from auditwright.core.resources import Listener, LoadBalancer, NetworkEntry
from auditwright.integrations.aws import elbv2
from tests.integrations.aws.emulated import Account, at
from tests.integrations.aws.shapes import Answer, captured, of_each, read, refused

ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/1"
HTTP = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/web/1/80"
ACL = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/main/1"
TO_HTTPS = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "StatusCode": "HTTP_301"}}
FORWARD = {"Type": "forward", "TargetGroupArn": "arn:aws:tg"}


def balancers(**fields: object) -> Evidence:
    row = {
        "LoadBalancerArn": ARN,
        "LoadBalancerName": "web",
        "Type": "application",
        "Scheme": "internet-facing",
        **fields,
    }
    return captured(elbv2.BALANCERS, {"LoadBalancers": [row]})


def listeners(*rows: Answer) -> Evidence:
    return of_each(elbv2.LISTENERS, ({"LoadBalancerArn": ARN}, {"Listeners": list(rows)}))


def plain(*actions: Answer) -> Answer:
    return {"ListenerArn": HTTP, "Port": 80, "Protocol": "HTTP", "DefaultActions": list(actions)}


def rules(*actions: Answer) -> Evidence:
    return of_each(
        elbv2.RULES, ({"ListenerArn": HTTP}, {"Rules": [{"Actions": [action]} for action in actions]})
    )


def guarded(**answer: object) -> Evidence:
    return of_each(elbv2.WEB_ACL, ({"ResourceArn": ARN}, answer))


def balancer(*found: Evidence | Gap) -> LoadBalancer:
    (only,) = elbv2.normalize(read(*found))
    assert isinstance(only, LoadBalancer)
    return only


def redirects(*found: Evidence | Gap) -> bool:
    heard = balancer(balancers(), *found).listeners
    assert isinstance(heard, tuple)
    (only,) = heard
    return only.redirects_to_https


GROUP = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/1"


def groups(*balancers: str) -> Evidence:
    row = {"TargetGroupArn": GROUP, "TargetType": "instance", "LoadBalancerArns": list(balancers)}
    return captured(elbv2.TARGET_GROUPS, {"TargetGroups": [row]})


def targets(*ids: str) -> Evidence:
    described = [{"Target": {"Id": each, "Port": 80}} for each in ids]
    return of_each(elbv2.TARGETS, ({"TargetGroupArn": GROUP}, {"TargetHealthDescriptions": described}))


def entry(*found: Evidence | Gap) -> NetworkEntry:
    (only,) = elbv2.entries(read(*found))
    return only


def test_a_way_in_names_what_it_hands_requests_on_to() -> None:
    found = entry(
        balancers(), groups(ARN), targets("i-1", "10.0.0.5", "arn:aws:lambda:eu-west-1:1:function:f")
    )
    machine = "arn:aws:ec2:eu-west-1:123456789012:instance/i-1"
    assert found.targets == (machine, "10.0.0.5", "arn:aws:lambda:eu-west-1:1:function:f")
    assert (found.id, found.type, found.internet_facing) == (ARN, "application", True)
    assert entry(balancers(), groups(), targets("i-1")).targets == ()


def test_targets_that_were_not_seen_are_unknown() -> None:
    assert isinstance(entry(balancers()).targets, Unknown)
    assert isinstance(entry(balancers(), refused(elbv2.TARGET_GROUPS)).targets, Unknown)
    assert isinstance(entry(balancers(), groups(ARN)).targets, Unknown)
    assert isinstance(entry(balancers(), groups(ARN), refused(elbv2.TARGETS, subject=GROUP)).targets, Unknown)


def test_a_classic_balancer_is_a_way_in() -> None:
    row = {"LoadBalancerName": "old", "Scheme": "internet-facing", "Instances": [{"InstanceId": "i-1"}]}
    found = entry(captured(elbv2.CLASSIC, {"LoadBalancerDescriptions": [row]}))
    assert (found.type, found.internet_facing) == ("classic", True)
    assert found.targets == ("arn:aws:ec2:eu-west-1:123456789012:instance/i-1",)


def test_a_balancer_has_what_it_listens_on() -> None:
    tls = {"ListenerArn": "arn", "Port": 443, "Protocol": "HTTPS", "SslPolicy": "ELBSecurityPolicy-TLS13-1-2"}
    found = balancer(balancers(), listeners(tls))
    assert found.listeners == (
        Listener(
            protocol="HTTPS", port=443, tls_policy="ELBSecurityPolicy-TLS13-1-2", redirects_to_https=False
        ),
    )
    assert found.internet_facing is True


def test_a_listener_redirects_when_every_rule_of_it_does() -> None:
    heard = listeners(plain(TO_HTTPS))
    assert redirects(heard, rules(TO_HTTPS, TO_HTTPS)) is True
    assert redirects(heard, rules({"Type": "fixed-response"}, TO_HTTPS)) is True
    assert redirects(heard, rules(FORWARD, TO_HTTPS)) is False


@pytest.mark.parametrize("protocol", ["HTTP", "#{protocol}", None])
def test_a_redirect_that_stays_on_http_is_none(protocol: str | None) -> None:
    stays = {"Type": "redirect", "RedirectConfig": {"Protocol": protocol, "StatusCode": "HTTP_302"}}
    heard = listeners(plain(stays))
    assert redirects(heard) is False
    assert list(elbv2.RULES.asks(read(balancers(), heard))) == []


def test_rules_are_asked_of_listeners_that_redirect_only() -> None:
    asked = elbv2.RULES.asks(read(balancers(), listeners(plain(FORWARD), plain(TO_HTTPS))))
    assert [ask.parameters for ask in asked] == [{"ListenerArn": HTTP}]


@pytest.mark.parametrize("cut_short", [False, True])
def test_rules_that_were_not_all_seen_make_the_listeners_unknown(*, cut_short: bool) -> None:
    seen = (rules(TO_HTTPS),) if cut_short else ()
    found = balancer(balancers(), listeners(plain(TO_HTTPS)), *seen, refused(elbv2.RULES, HTTP))
    assert isinstance(found.listeners, Unknown)


def test_refused_listeners_are_unknown_not_none() -> None:
    found = balancer(balancers(), refused(elbv2.LISTENERS, ARN)).listeners
    assert isinstance(found, Unknown)
    assert "elbv2:DescribeListeners" in found.why


def test_a_gap_about_another_balancer_does_not_hide_what_was_seen() -> None:
    heard = listeners(plain(FORWARD))
    assert isinstance(balancer(balancers(), heard, refused(elbv2.LISTENERS, "another")).listeners, tuple)
    assert isinstance(balancer(balancers(), heard, refused(elbv2.LISTENERS)).listeners, tuple)


def test_a_web_acl_is_named_and_a_null_one_is_none() -> None:
    acl = {
        "ARN": ACL,
        "Name": "main",
        "Id": "1",
        "DefaultAction": {"Allow": {}},
        "VisibilityConfig": {
            "SampledRequestsEnabled": True,
            "CloudWatchMetricsEnabled": True,
            "MetricName": "m",
        },
    }
    assert balancer(balancers(), guarded(WebACL=acl)).web_acl == ACL
    assert balancer(balancers(), guarded(WebACL=None)).web_acl is None
    assert balancer(balancers(), guarded()).web_acl is None


def test_a_refused_web_acl_is_unknown_not_none() -> None:
    assert isinstance(balancer(balancers(), refused(elbv2.WEB_ACL, ARN)).web_acl, Unknown)


@pytest.mark.parametrize("fields", [{"Scheme": "internal"}, {"Type": "network"}])
def test_only_internet_facing_application_balancers_are_asked_for_a_web_acl(
    fields: dict[str, object],
) -> None:
    listing = balancers(**fields)
    assert list(elbv2.WEB_ACL.asks(read(listing))) == []
    assert isinstance(balancer(listing).web_acl, Unknown)


def test_a_balancer_that_may_face_the_internet_is_asked_for_a_web_acl() -> None:
    listing = balancers(Scheme=None)
    assert len(list(elbv2.WEB_ACL.asks(read(listing)))) == 1
    assert isinstance(balancer(listing).internet_facing, Unknown)


def test_a_gateway_balancer_faces_no_internet_and_takes_every_port() -> None:
    heard = listeners({"ListenerArn": "arn", "Protocol": "GENEVE"})
    found = balancer(balancers(Type="gateway", Scheme=None), heard)
    assert found.internet_facing is False
    assert found.listeners == (Listener(protocol="GENEVE", port=0, tls_policy="", redirects_to_https=False),)


def test_a_plain_listener_has_no_tls_policy() -> None:
    heard = balancer(balancers(), listeners({**plain(FORWARD), "SslPolicy": "ELBSecurityPolicy-2016-08"}))
    assert isinstance(heard.listeners, tuple)
    assert [one.tls_policy for one in heard.listeners] == [""]


def test_live_balancers(aws: str) -> None:
    account = Account(url=aws)
    subnets = [at(account.do("ec2", "DescribeSubnets"), "Subnets", place, "SubnetId") for place in (0, 1)]
    made = account.do("elbv2", "CreateLoadBalancer", Name="web", Subnets=subnets, Scheme="internet-facing")
    arn = at(made, "LoadBalancers", 0, "LoadBalancerArn")
    account.do(
        "elbv2",
        "CreateListener",
        LoadBalancerArn=arn,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[
            {
                "Type": "redirect",
                "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"},
            }
        ],
    )
    (before,) = [each for each in account.only(elbv2.STREAM) if isinstance(each, LoadBalancer)]
    assert (before.type, before.internet_facing, before.web_acl) == ("application", True, None)
    assert before.listeners == (Listener(protocol="HTTP", port=80, tls_policy="", redirects_to_https=True),)
    acl = account.do(
        "wafv2",
        "CreateWebACL",
        Name="main",
        Scope="REGIONAL",
        DefaultAction={"Allow": {}},
        VisibilityConfig={
            "SampledRequestsEnabled": False,
            "CloudWatchMetricsEnabled": False,
            "MetricName": "m",
        },
    )
    account.do("wafv2", "AssociateWebACL", WebACLArn=at(acl, "Summary", "ARN"), ResourceArn=arn)
    (after,) = [each for each in account.only(elbv2.STREAM) if isinstance(each, LoadBalancer)]
    assert after.web_acl == at(acl, "Summary", "ARN")
