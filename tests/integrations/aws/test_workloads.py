import json

from auditwright.core.outcome import Unknown
from auditwright.core.resources import BuildProject, CloudFunction, InfrastructureStack
from auditwright.integrations.aws import workloads
from auditwright.integrations.aws.withheld import WITHHELD
from tests.integrations.aws.live import prepare, run, settings
from tests.integrations.aws.shapes import ACCOUNT, REGION, captured, of_each, read

ROLE = f"arn:aws:iam::{ACCOUNT}:role/work"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:bill"
STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/web/1"
PASSWORD = "correct horse battery staple"  # noqa: S105  # planted, to be looked for


def test_a_function_runs_with_its_role() -> None:
    listed = captured(
        workloads.FUNCTIONS, {"Functions": [{"FunctionName": "bill", "FunctionArn": FUNCTION, "Role": ROLE}]}
    )
    assert [(one.id, one.name, one.role) for one in workloads.functions(read(listed))] == [
        (FUNCTION, "bill", ROLE)
    ]


def with_urls(*kinds: str) -> CloudFunction:
    listed = captured(workloads.FUNCTIONS, {"Functions": [{"FunctionArn": FUNCTION, "Role": ROLE}]})
    urls = [
        {
            "FunctionUrl": f"https://{kind}.example",
            "FunctionArn": FUNCTION,
            "CreationTime": "2026-01-01T00:00:00Z",
            "LastModifiedTime": "2026-01-01T00:00:00Z",
            "AuthType": kind,
        }
        for kind in kinds
    ]
    answer = of_each(workloads.FUNCTION_URLS, ({"FunctionName": FUNCTION}, {"FunctionUrlConfigs": urls}))
    (found,) = workloads.functions(read(listed, answer))
    return found


def test_a_function_has_a_public_url_where_nobody_has_to_sign_in() -> None:
    assert with_urls("AWS_IAM", "NONE").public_url is True
    assert with_urls("AWS_IAM").public_url is False
    assert with_urls().public_url is False
    assert len(with_urls().evidence) == 2


def test_whether_a_url_is_public_is_unknown_where_nobody_asked() -> None:
    listed = captured(workloads.FUNCTIONS, {"Functions": [{"FunctionArn": FUNCTION, "Role": ROLE}]})
    (found,) = workloads.functions(read(listed))
    assert isinstance(found.public_url, Unknown)


def test_projects_are_asked_about_a_hundred_at_a_time() -> None:
    listed = captured(workloads.PROJECT_NAMES, {"projects": [f"p{number}" for number in range(150)]})
    sizes = [len(as_list(ask.parameters["names"])) for ask in workloads.PROJECTS.asks(read(listed))]
    assert sizes == [100, 50]


def as_list(value: object) -> list[object]:
    assert isinstance(value, list)
    return value


def test_a_project_builds_with_its_role() -> None:
    arn = f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/site"
    answer = ({"names": ["site"]}, {"projects": [{"name": "site", "arn": arn, "serviceRole": ROLE}]})
    (one,) = workloads.projects(read(of_each(workloads.PROJECTS, answer)))
    assert (one.id, one.role) == (arn, ROLE)


def test_a_stack_has_a_role_or_acts_as_whoever_changes_it_and_a_deleted_one_is_gone() -> None:
    def stack(name: str, **more: object) -> dict[str, object]:
        return {
            "StackId": f"{STACK}-{name}",
            "StackName": name,
            "CreationTime": "2026-01-01T00:00:00Z",
            "StackStatus": "CREATE_COMPLETE",
            **more,
        }

    rows = [stack("a", RoleARN=ROLE), stack("b"), stack("c", StackStatus="DELETE_COMPLETE")]
    listed = captured(workloads.STACKS, {"Stacks": rows})
    assert [(one.name, one.role) for one in workloads.stacks(read(listed))] == [("a", ROLE), ("b", None)]


def test_live_what_environments_and_parameters_hold_is_never_kept(aws: str) -> None:
    prepare(
        aws,
        "codebuild",
        "create_project",
        name="site",
        source={"type": "S3", "location": "code/site.zip", "buildspec": f"echo {PASSWORD}"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "x",
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [{"name": "TOKEN", "value": PASSWORD}],
        },
        serviceRole=ROLE.replace(ACCOUNT, "123456789012"),
    )
    template = {
        "Parameters": {"Secret": {"Type": "String"}},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {"Secret": {"Value": {"Ref": "Secret"}}},
    }
    prepare(
        aws,
        "cloudformation",
        "create_stack",
        StackName="web",
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": "Secret", "ParameterValue": PASSWORD}],
    )
    found = run(settings(aws), "aws.lambda", "aws.codebuild", "aws.cloudformation")
    assert found.gaps == ()
    assert [type(one) for one in found.resources if one.kind != "cloud_region"] == [
        BuildProject,
        InfrastructureStack,
    ]
    kept = b"".join(one.body for one in found.evidence)
    assert PASSWORD.encode() not in kept
    assert kept.count(WITHHELD.encode()) >= 3


def test_every_kind_has_a_stream_of_its_own() -> None:
    streams = (workloads.LAMBDA_STREAM, workloads.CODEBUILD_STREAM, workloads.CLOUDFORMATION_STREAM)
    assert [stream.emits for stream in streams] == [(CloudFunction,), (BuildProject,), (InfrastructureStack,)]
