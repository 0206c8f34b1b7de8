"""Whom alarms call."""

from dataclasses import replace

from auditwright.control_tests._examples import ALARM, REFUSED
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import (
    Deviation,
    NotApplicable,
    Outcome,
    Satisfied,
    Undetermined,
    Unknown,
)
from auditwright.core.resources import Alarm

SCALING = (
    "arn:aws:autoscaling:eu-west-1:111122223333:scalingPolicy:0a1b:autoScalingGroupName/web:policyName/cpu"
)
OPS_ITEM = "arn:aws:ssm:eu-west-1:111122223333:opsitem:1"

AUTOMATIC = frozenset({"autoscaling", "automate", "swf"})
"""Services in the ARNs of actions that scale, stop, reboot or recover machines and tell nobody
(CloudWatch PutMetricAlarm, AlarmActions)."""


@control_test(
    id="monitoring.alarms-reach-people",
    controls=("LOG-08",),
    severity=Severity.MEDIUM,
    remediation=Remediation(
        console=(
            "CloudWatch > Alarms > the alarm > Actions > Edit > Notification: In alarm, the topic > Update alarm; "
            "Actions > Alarm actions > Enable. SNS > Topics > the topic > Create subscription; whoever gets it "
            "has to confirm it."
        ),
        command=(
            "aws cloudwatch enable-alarm-actions --alarm-names <alarm>; aws sns subscribe --cli-input-json "
            '\'{"TopicArn": "<topic-arn>", "Protocol": "email", "Endpoint": "<address>"}\'; aws sns '
            "list-subscriptions-by-topic --topic-arn <topic-arn>"
        ),
        terraform=(
            'resource "aws_cloudwatch_metric_alarm": actions_enabled = true, alarm_actions = '
            '[aws_sns_topic.<name>.arn]; resource "aws_sns_topic_subscription"'
        ),
    ),
    examples=(
        Example(ALARM, Satisfied("2 confirmed subscribers")),
        Example(
            replace(ALARM, topics=(), other_actions=(OPS_ITEM,), confirmed_subscribers=0),
            Satisfied("by another action: ssm"),
        ),
        Example(replace(ALARM, actions_enabled=False), Deviation("its actions are switched off")),
        Example(replace(ALARM, confirmed_subscribers=0), Deviation("its topic has no confirmed subscriber")),
        Example(
            replace(ALARM, topics=("a", "b"), other_actions=(SCALING,), confirmed_subscribers=0),
            Deviation("its 2 topics have no confirmed subscriber"),
        ),
        Example(
            replace(ALARM, topics=(), confirmed_subscribers=0),
            Deviation("it calls nobody: no action is set for when it goes off"),
        ),
        Example(
            replace(ALARM, topics=(), other_actions=(SCALING,), confirmed_subscribers=0),
            NotApplicable("it only drives an automatic action: autoscaling"),
        ),
        Example(replace(ALARM, confirmed_subscribers=REFUSED), Undetermined(REFUSED.why)),
        Example(replace(ALARM, actions_enabled=REFUSED), Undetermined(REFUSED.why)),
        Example(replace(ALARM, topics=REFUSED), Undetermined(REFUSED.why)),
        Example(replace(ALARM, topics=(), other_actions=REFUSED), Undetermined(REFUSED.why)),
    ),
)
def alarms_reach_people(alarm: Alarm) -> Outcome:
    """Every alarm that is meant for people reaches somebody.

    Its actions are on, and somebody subscribes. An alarm without a confirmed subscriber goes off unheard.
    An alarm that only scales or restarts machines is not meant for people.
    """
    for actions in (alarm.topics, alarm.other_actions):
        if isinstance(actions, Unknown):
            return Undetermined(actions.why)
    assert isinstance(alarm.topics, tuple)
    assert isinstance(alarm.other_actions, tuple)
    services = sorted({_service(action) for action in alarm.other_actions})
    telling = [service for service in services if service not in AUTOMATIC]
    if not alarm.topics and not services:
        return Deviation("it calls nobody: no action is set for when it goes off")
    if not alarm.topics and not telling:
        return NotApplicable(f"it only drives an automatic action: {', '.join(services)}")
    if alarm.actions_enabled is False:
        return Deviation("its actions are switched off")
    told = (
        Satisfied(f"by another action: {', '.join(telling)}") if telling else _told(alarm, len(alarm.topics))
    )
    if isinstance(told, Satisfied) and isinstance(alarm.actions_enabled, Unknown):
        return Undetermined(alarm.actions_enabled.why)
    return told


def _told(alarm: Alarm, topics: int) -> Outcome:
    subscribers = alarm.confirmed_subscribers
    if isinstance(subscribers, Unknown):
        return Undetermined(subscribers.why)
    if subscribers > 0:
        return Satisfied(
            "1 confirmed subscriber" if subscribers == 1 else f"{subscribers} confirmed subscribers"
        )
    whose = "its topic has" if topics == 1 else f"its {topics} topics have"
    return Deviation(f"{whose} no confirmed subscriber")


def _service(action: str) -> str:
    """The service of an action's ARN; the action itself where it is no ARN."""
    parts = action.split(":")
    return parts[2] if parts[0] == "arn" and len(parts) > 2 else action  # noqa: PLR2004  # arn:partition:service
