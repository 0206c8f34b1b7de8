from auditwright.core.outcome import Unknown
from auditwright.integrations.aws import ec2, elbv2
from auditwright.integrations.aws.absence import unseen, whole
from tests.integrations.aws.shapes import captured, of_each, read, refused

LISTED = captured(ec2.FLOW_LOGS, {"FlowLogs": []})
ANSWERED = of_each(elbv2.LISTENERS, ({"LoadBalancerArn": "a"}, {"Listeners": []}))


def test_a_whole_listing_shows_what_is_absent() -> None:
    assert unseen(read(LISTED), ec2.FLOW_LOGS) is None
    assert unseen(read(LISTED, refused(ec2.VPCS)), ec2.FLOW_LOGS) is None


def test_a_listing_that_was_refused_broken_off_or_never_asked_does_not() -> None:
    refusal = refused(ec2.FLOW_LOGS)
    assert unseen(read(refusal), ec2.FLOW_LOGS) == Unknown(refusal.sentence())
    assert unseen(read(LISTED, refusal), ec2.FLOW_LOGS) == Unknown(refusal.sentence())
    assert unseen(read(), ec2.FLOW_LOGS) is not None


def test_an_answer_about_one_item_is_whole_unless_a_gap_names_that_item() -> None:
    for gaps in ((), (refused(elbv2.LISTENERS, "b"),), (refused(elbv2.LISTENERS),)):
        assert not isinstance(whole(read(ANSWERED, *gaps), elbv2.LISTENERS, LoadBalancerArn="a"), Unknown)
    cut = refused(elbv2.LISTENERS, "a")
    assert whole(read(ANSWERED, cut), elbv2.LISTENERS, LoadBalancerArn="a") == Unknown(cut.sentence())


def test_what_was_not_asked_of_an_item_is_unknown_with_the_reason() -> None:
    refusal = refused(elbv2.LISTENERS)
    assert whole(read(ANSWERED, refusal), elbv2.LISTENERS, LoadBalancerArn="b") == Unknown(refusal.sentence())
