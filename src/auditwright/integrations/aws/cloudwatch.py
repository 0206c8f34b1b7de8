"""Amazon CloudWatch: alarms, and whether anybody is told when they go off."""

from collections.abc import Iterator
from typing import Final

from auditwright.core.ids import Digest, ResourceId, StreamId
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource
from auditwright.core.resources import Alarm
from auditwright.integrations.aws.absence import whole
from auditwright.integrations.aws.operations import Ask, AwsStream, Detail, Listing
from auditwright.integrations.aws.reading import Answers, Row

LARGEST_PAGE: Final = 100
"""CloudWatch lists at most 100 alarms at once."""

# Unless the types are named, CloudWatch lists alarms on metrics alone.
ALARMS: Final = Listing(
    service="cloudwatch",
    method="DescribeAlarms",
    parameters={"AlarmTypes": ["MetricAlarm", "CompositeAlarm"]},
    items=("MetricAlarms", "CompositeAlarms"),
    page_size=LARGEST_PAGE,
)


def _topic_asks(answers: Answers) -> Iterator[Ask]:
    topics = (
        topic for row in _alarms(answers) for topic in row.texts_or_empty("AlarmActions") if _is_topic(topic)
    )
    for topic in dict.fromkeys(topics):
        yield Ask(parameters={"TopicArn": topic})


SUBSCRIPTIONS: Final = Detail(
    service="sns", method="ListSubscriptionsByTopic", items=("Subscriptions",), asks=_topic_asks
)
"""By topic, because the list of all subscriptions lacks those that other accounts have to a topic."""


def normalize(answers: Answers) -> Iterator[Resource]:
    """The alarms of one region."""
    for row in _alarms(answers):
        actions = row.texts("AlarmActions")
        topics = actions if isinstance(actions, Unknown) else tuple(dict.fromkeys(filter(_is_topic, actions)))
        subscribers, evidence = (topics, ()) if isinstance(topics, Unknown) else _subscribers(answers, topics)
        yield Alarm(
            id=ResourceId(row.required_text("AlarmArn")),
            name=row.text_or_none("AlarmName") or row.required_text("AlarmArn"),
            scope=answers.scope,
            evidence=(row.digest, *evidence),
            actions_enabled=row.boolean("ActionsEnabled"),
            topics=topics,
            other_actions=actions
            if isinstance(actions, Unknown)
            else tuple(action for action in actions if not _is_topic(action)),
            confirmed_subscribers=subscribers,
        )


def _alarms(answers: Answers) -> Iterator[Row]:
    for key in ALARMS.items:
        yield from answers.items(ALARMS, key)


def _is_topic(action: str) -> bool:
    # arn:partition:sns:region:account:topic
    return action.split(":")[2:3] == ["sns"]


def _subscribers(answers: Answers, topics: tuple[str, ...]) -> tuple[int | Unknown, tuple[Digest, ...]]:
    """How many subscriptions of all topics are confirmed; Unknown where one topic cannot be seen."""
    confirmed = 0
    evidence: list[Digest] = []
    for topic in topics:
        answer = whole(answers, SUBSCRIPTIONS, TopicArn=topic)
        if isinstance(answer, Unknown):
            return answer, tuple(evidence)
        confirmed += sum(_is_confirmed(row) for row in answer.rows_or_empty("Subscriptions"))
        evidence.append(answer.digest)
    return confirmed, tuple(dict.fromkeys(evidence))


def _is_confirmed(subscription: Row) -> bool:
    # Until it is confirmed, a subscription has the word PendingConfirmation in place of its ARN.
    return (subscription.text_or_none("SubscriptionArn") or "").startswith("arn:")


STREAM: Final = AwsStream(
    id=StreamId("aws.cloudwatch"),
    title="CloudWatch alarms",
    regional=True,
    operations=(ALARMS, SUBSCRIPTIONS),
    emits=(Alarm,),
    normalize=normalize,
)
