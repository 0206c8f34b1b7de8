"""Backups of what is tagged production."""

from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from auditwright.control_tests._days import ago, days_since
from auditwright.control_tests._examples import DATABASE, MACHINE, TABLE, VOLUME, backup_of, hours_ago
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import (
    Deviation,
    NotApplicable,
    Outcome,
    Satisfied,
    Undetermined,
    Unknown,
)
from auditwright.core.resource import Related
from auditwright.core.resources import (
    BackupProtection,
    BlockVolume,
    Database,
    Table,
    VirtualMachine,
)

PRODUCTION = (("environment", "production"),)
ORDERS = replace(DATABASE, tags=PRODUCTION)
SESSIONS = replace(TABLE, tags=PRODUCTION)
UPLOADS = replace(VOLUME, tags=PRODUCTION)
WEB = replace(MACHINE, tags=PRODUCTION)
TAG_KEYS = ("environment", "env")
TAG_VALUES = ("production", "prod")
NO_TAGS_SHOWN = Unknown("dynamodb:ListTagsOfResource was refused")
NO_TIME = Unknown("the answer has no field LastBackupTime")
NEVER = "the backup service has never backed it up"
UNTAGGED = "no tag environment or env says production or prod"


@control_test(
    id="availability.production-backed-up",
    controls=("BCP-03",),
    severity=Severity.HIGH,
    remediation=Remediation(
        console=(
            "AWS Backup > Backup plans > the plan (or Create backup plan with a daily rule) > Assign resources: "
            "include by tag environment = production > Assign resources. See Jobs > Backup jobs the next day."
        ),
        command=(
            "aws backup create-backup-selection --backup-plan-id <plan-id> --backup-selection "
            '"SelectionName=production,IamRoleArn=<role-arn>,ListOfTags=[{ConditionType=STRINGEQUALS,'
            'ConditionKey=environment,ConditionValue=production}]"; aws backup start-backup-job '
            "--backup-vault-name <vault> --resource-arn <resource-arn> --iam-role-arn <role-arn>"
        ),
        terraform=(
            'resource "aws_backup_selection": plan_id, iam_role_arn, and selection_tag { type = "STRINGEQUALS", '
            'key = "environment", value = "production" }'
        ),
    ),
    examples=(
        Example(ORDERS, Satisfied("backed up less than a day ago"), given=(backup_of(ORDERS),)),
        Example(UPLOADS, Satisfied("backed up less than a day ago"), given=(backup_of(UPLOADS),)),
        Example(
            replace(WEB, tags=(("Env", "PROD"),)),
            Satisfied("backed up less than a day ago"),
            given=(backup_of(WEB),),
        ),
        Example(
            SESSIONS,
            Satisfied("backed up 2 days ago"),
            given=(replace(backup_of(SESSIONS), last_backup_at=hours_ago(71)),),
        ),
        Example(ORDERS, Deviation(NEVER)),
        Example(WEB, Deviation(NEVER), given=(backup_of(ORDERS),)),
        Example(UPLOADS, Deviation(NEVER), given=(replace(backup_of(UPLOADS), last_backup_at=None),)),
        Example(
            SESSIONS,
            Deviation("the last backup was 3 days ago; the limit is 2"),
            given=(replace(backup_of(SESSIONS), last_backup_at=hours_ago(72)),),
        ),
        Example(replace(ORDERS, tags=()), NotApplicable(UNTAGGED)),
        Example(replace(ORDERS, tags=(("environment", "staging"),)), NotApplicable(UNTAGGED)),
        Example(
            replace(ORDERS, tags=(("tier", "live"),)),
            Deviation(NEVER),
            settings={"tag_keys": ("tier",), "tag_values": ("live",)},
        ),
        Example(replace(SESSIONS, tags=NO_TAGS_SHOWN), Undetermined(NO_TAGS_SHOWN.why)),
        Example(
            ORDERS,
            Undetermined(NO_TIME.why),
            given=(replace(backup_of(ORDERS), last_backup_at=NO_TIME),),
        ),
    ),
)
def production_backed_up(  # noqa: PLR0913  # what is looked up and what can be set, all by keyword
    item: Database | Table | BlockVolume | VirtualMachine,
    *,
    now: datetime,
    backups: Related[BackupProtection],
    max_age_days: int = 2,
    tag_keys: tuple[str, ...] = TAG_KEYS,
    tag_values: tuple[str, ...] = TAG_VALUES,
) -> Outcome:
    """Everything tagged production was backed up in the last `max_age_days` days.

    Backups of the backup service count. Those that stop are noticed on the day they are needed. What
    nothing tags as production is not examined, so the tags have to be complete. Upper and lower case are
    alike in tags.
    """
    if isinstance(item.tags, Unknown):
        return Undetermined(item.tags.why)
    keys, values = _folded(tag_keys), _folded(tag_values)
    if not any(key.casefold() in keys and value.casefold() in values for key, value in item.tags):
        return NotApplicable(f"no tag {' or '.join(tag_keys)} says {' or '.join(tag_values)}")
    found = backups.get(f"backup:{item.id}")
    if isinstance(found, BackupProtection):
        return _recent(found, now, max_age_days)
    unseen = backups.absence_at(item.scope)
    return Deviation(NEVER) if unseen is None else Undetermined(unseen.why)


def _recent(backup: BackupProtection, now: datetime, max_age_days: int) -> Outcome:
    if backup.last_backup_at is None:
        return Deviation(NEVER)
    age_days = days_since(backup.last_backup_at, now)
    if isinstance(age_days, Unknown):
        return Undetermined(age_days.why)
    if age_days > max_age_days:
        return Deviation(f"the last backup was {ago(age_days)}; the limit is {max_age_days}")
    return Satisfied(f"backed up {ago(age_days)}")


@lru_cache
def _folded(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word.casefold() for word in words)
