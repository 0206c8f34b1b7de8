"""Answers of AWS for tests, checked against botocore's own models so that they cannot drift from AWS."""

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import TypeAlias

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from auditwright.core.evidence import Evidence, Gap, GapReason, Query, Scope, digest_of
from auditwright.core.ids import IntegrationId, StreamId
from auditwright.integrations.aws.operations import Detail, Operation
from auditwright.integrations.aws.reading import CALLS_KEY, Answers, Parameters, moment_of, rendered

ACCOUNT = "123456789012"
REGION = "eu-west-1"
SCOPE = Scope(source=IntegrationId("aws"), account=ACCOUNT, region=REGION)
GLOBAL = Scope(source=IntegrationId("aws"), account=ACCOUNT)
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PRINCIPAL = f"arn:aws:sts::{ACCOUNT}:assumed-role/auditwright/run"
HOSTILE = '<script>alert(1)</script>=cmd|"/c calc"!A1\u202e'
"""A name that must pass through untouched: it is the renderers' business to make it harmless."""

Answer: TypeAlias = Mapping[str, object]


@cache
def model(service: str) -> ServiceModel:
    """botocore's model of a service."""
    loader = Loader(include_default_search_paths=True)
    name = "config" if service == "configservice" else service
    return ServiceModel(loader.load_service_model(name, "service-2"), name)


def operation_model(operation: Operation) -> OperationModel:
    return model(operation.service).operation_model(operation.method)


def checked(operation: Operation, answer: Answer) -> Answer:
    """The answer itself; fails where AWS could not have given it."""
    shape = operation_model(operation).output_shape
    assert shape is not None
    _check(shape, answer, operation.name)
    return answer


def captured(operation: Operation, answer: Answer, *, scope: Scope = SCOPE) -> Evidence:
    """Evidence of a listing, or of what is asked once."""
    return _evidence(operation, checked(operation, answer), scope)


def of_each(operation: Detail, *calls: tuple[Parameters, Answer], scope: Scope = SCOPE) -> Evidence:
    """Evidence of what is asked item by item."""
    fixed = dict(operation.parameters)
    return _evidence(
        operation,
        {
            CALLS_KEY: [
                {"parameters": {**fixed, **asked}, "answer": checked(operation, answer)}
                for asked, answer in calls
            ]
        },
        scope,
    )


def refused(operation: Operation, subject: str = "", *, scope: Scope = SCOPE) -> Gap:
    """A gap: the permission is missing."""
    return Gap(
        stream=StreamId("aws.test"),
        scope=scope,
        operation=operation.name,
        reason=GapReason.REFUSED,
        detail=f"AccessDenied: {PRINCIPAL} is not authorized to perform: {operation.permissions[0]}",
        remedy="",
        hides_items=False,
        at=NOW,
        subject=subject,
    )


def read(*found: Evidence | Gap) -> Answers:
    """Answers as a normalizer is given them."""
    return Answers(
        [one for one in found if isinstance(one, Evidence)], [one for one in found if isinstance(one, Gap)]
    )


def _evidence(operation: Operation, fields: Answer, scope: Scope) -> Evidence:
    body = json.dumps(fields, ensure_ascii=False).encode()
    return Evidence(
        stream=StreamId("aws.test"),
        scope=scope,
        query=Query(operation=operation.name, parameters=rendered(operation.parameters, scope.account)),
        principal=PRINCIPAL,
        collected_at=NOW,
        effective_at=NOW,
        collector="auditwright/test",
        body=body,
        digest=digest_of(body),
    )


def _check(shape: Shape, value: object, path: str) -> None:
    match shape:
        case StructureShape():
            assert isinstance(value, Mapping), f"{path}: not an object"
            unknown = value.keys() - shape.members.keys()
            assert not unknown, f"{path}: AWS has no {sorted(unknown)}"
            lacking = set(shape.required_members) - value.keys()
            assert not lacking, f"{path}: AWS always gives {sorted(lacking)}"
            for name, inner in value.items():
                # AWS answers with null where there is none, in the protocols that have it.
                if inner is not None:
                    _check(shape.members[name], inner, f"{path}.{name}")
        case ListShape():
            assert isinstance(value, Sequence), f"{path}: not a list"
            assert not isinstance(value, str), f"{path}: not a list"
            for place, inner in enumerate(value):
                _check(shape.member, inner, f"{path}[{place}]")
        case MapShape():
            assert isinstance(value, Mapping), f"{path}: not an object"
            for name, inner in value.items():
                _check(shape.value, inner, f"{path}.{name}")
        case _:
            _check_scalar(shape, value, path)


def _check_scalar(shape: Shape, value: object, path: str) -> None:
    match shape.type_name:
        case "boolean":
            assert isinstance(value, bool), f"{path}: not true or false"
        case "integer" | "long":
            assert isinstance(value, int), f"{path}: not a whole number"
            assert not isinstance(value, bool), f"{path}: not a whole number"
        case "float" | "double":
            assert isinstance(value, int | float), f"{path}: not a number"
        case "timestamp":
            assert moment_of(value) is not None, f"{path}: not a time"
        case "string":
            assert isinstance(value, str), f"{path}: not a text"
            allowed = getattr(shape, "enum", [])
            assert not allowed or value in allowed, f"{path}: {value} is none of {allowed}"
        case "blob":
            assert isinstance(value, str), f"{path}: not base64"
            base64.b64decode(value, validate=True)
        case other:
            raise AssertionError(f"{path}: no check for {other}")
