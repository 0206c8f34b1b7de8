from collections.abc import Sequence

import pytest

from auditwright.core.evidence import Evidence, Gap
from auditwright.core.outcome import Unknown
from auditwright.core.resources import Alarm
from auditwright.integrations.aws import cloudwatch
from tests.integrations.aws.emulated import Account, at
from tests.integrations.aws.shapes import HOSTILE, Answer, captured, of_each, read, refused

TOPIC = "arn:aws:sns:eu-west-1:123456789012:ops"
OTHER = "arn:aws:sns:eu-west-1:123456789012:more"
SCALING = "arn:aws:autoscaling:eu-west-1:123456789012:scalingPolicy:1"
CONFIRMED = {"SubscriptionArn": f"{TOPIC}:1", "TopicArn": TOPIC}


def alarms(*actions: str, key: str = "MetricAlarms", enabled: bool = True) -> Evidence:
    row = {
        "AlarmArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a",
        "AlarmName": HOSTILE,
        "ActionsEnabled": enabled,
        "AlarmActions": list(actions),
    }
    return captured(cloudwatch.ALARMS, {"MetricAlarms": [], "CompositeAlarms": [], key: [row]})


def subscriptions(**of: Sequence[Answer]) -> Evidence:
    return of_each(
        cloudwatch.SUBSCRIPTIONS,
        *(
            ({"TopicArn": {"ops": TOPIC, "more": OTHER}[name]}, {"Subscriptions": rows})
            for name, rows in of.items()
        ),
    )


def alarm(*found: Evidence | Gap) -> Alarm:
    (only,) = cloudwatch.normalize(read(*found))
    assert isinstance(only, Alarm)
    return only


@pytest.mark.parametrize("key", ["MetricAlarms", "CompositeAlarms"])
def test_alarms_on_metrics_and_on_alarms_are_both_alarms(key: str) -> None:
    listing = alarms(SCALING, key=key, enabled=False)
    found = alarm(listing)
    assert found.name == HOSTILE
    assert found.actions_enabled is False
    assert (found.topics, found.other_actions, found.confirmed_subscribers) == ((), (SCALING,), 0)
    assert found.evidence == (listing.digest,)


def test_only_confirmed_subscriptions_count() -> None:
    pending = {"SubscriptionArn": "PendingConfirmation", "TopicArn": TOPIC}
    gone = {"SubscriptionArn": "Deleted", "TopicArn": TOPIC}
    found = alarm(alarms(TOPIC, SCALING), subscriptions(ops=[CONFIRMED, pending, gone]))
    assert found.topics == (TOPIC,)
    assert found.confirmed_subscribers == 1
    assert alarm(alarms(TOPIC), subscriptions(ops=[pending])).confirmed_subscribers == 0


def test_subscriptions_of_all_topics_are_counted_together() -> None:
    found = alarm(alarms(TOPIC, OTHER, TOPIC), subscriptions(ops=[CONFIRMED], more=[CONFIRMED]))
    assert found.topics == (TOPIC, OTHER)
    assert found.confirmed_subscribers == 2


def test_a_topic_that_cannot_be_seen_is_unknown_not_silent() -> None:
    found = alarm(alarms(TOPIC, OTHER), subscriptions(ops=[]), refused(cloudwatch.SUBSCRIPTIONS, OTHER))
    assert isinstance(found.confirmed_subscribers, Unknown)
    assert OTHER in found.confirmed_subscribers.why


def test_a_topic_whose_second_page_was_refused_is_unknown() -> None:
    found = alarm(alarms(TOPIC), subscriptions(ops=[]), refused(cloudwatch.SUBSCRIPTIONS, TOPIC))
    assert isinstance(found.confirmed_subscribers, Unknown)


def test_each_topic_is_asked_about_once() -> None:
    asked = cloudwatch.SUBSCRIPTIONS.asks(read(alarms(TOPIC, SCALING, OTHER, TOPIC)))
    assert [ask.parameters for ask in asked] == [{"TopicArn": TOPIC}, {"TopicArn": OTHER}]


def test_live_alarms(aws: str) -> None:
    account = Account(url=aws)
    topic = at(account.do("sns", "CreateTopic", Name="ops"), "TopicArn")
    account.do("sns", "Subscribe", TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
    account.do(
        "cloudwatch",
        "PutMetricAlarm",
        AlarmName="errors",
        AlarmActions=[topic],
        MetricName="m",
        Namespace="n",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    (found,) = account.only(cloudwatch.STREAM)
    assert isinstance(found, Alarm)
    assert (found.name, found.actions_enabled, found.topics) == ("errors", True, (topic,))
    assert found.confirmed_subscribers == 1
