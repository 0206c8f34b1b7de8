"""Identifiers, one type each, so that one cannot be passed for another."""

from typing import NewType

CategoryId = NewType("CategoryId", str)
"""A category of a framework, such as `security`."""

CriterionId = NewType("CriterionId", str)
"""A criterion of a framework, such as `CC6.1`."""

ControlId = NewType("ControlId", str)
"""A control of the organization, such as `IAM-02`."""

TestId = NewType("TestId", str)
"""A control test, such as `identity.mfa-enrolled`."""

IntegrationId = NewType("IntegrationId", str)
"""An outside system, such as `aws`."""

StreamId = NewType("StreamId", str)
"""One stream of an integration, such as `aws.s3`."""

ResourceId = NewType("ResourceId", str)
"""A resource, unique in the organization: an ARN where there is one."""

RunId = NewType("RunId", str)
"""One run of collection and tests."""

JobId = NewType("JobId", str)
"""One unit of a run that is resumed apart: a stream of a scope."""

WaiverId = NewType("WaiverId", str)
"""An approved, expiring acceptance of risk."""

Digest = NewType("Digest", str)
"""SHA-256 of bytes, as 64 lowercase hexadecimal digits."""

AccountId = NewType("AccountId", str)
"""Somebody who may sign in, such as `acc-5d1f…`."""

EngagementId = NewType("EngagementId", str)
"""What one auditor was engaged for."""
