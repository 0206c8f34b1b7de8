"""What runs with a role's rights and can be changed without passing a role: functions, builds and stacks.

Machines are among the answers of `aws.ec2`. Settings of these services are full of secrets, above all environment
variables; they are taken out of the answers before anything is kept.
"""

from collections.abc import Iterator
from typing import Final

from auditwright.core.ids import Digest, ResourceId, StreamId
from auditwright.core.outcome import Unknown
from auditwright.core.resources import BuildProject, CloudFunction, InfrastructureStack
from auditwright.integrations.aws.absence import whole
from auditwright.integrations.aws.operations import Ask, AwsStream, Detail, Listing, each
from auditwright.integrations.aws.reading import Answers, Row

MAX_PROJECTS_PER_CALL: Final = 100
"""CodeBuild BatchGetProjects takes at most 100 names."""

_GONE: Final = "DELETE_COMPLETE"

FUNCTIONS: Final = Listing(
    service="lambda", method="ListFunctions", items=("Functions",), secret=("Environment",)
)
FUNCTION_URLS: Final = Detail(
    service="lambda",
    method="ListFunctionUrlConfigs",
    items=("FunctionUrlConfigs",),
    asks=each(FUNCTIONS, lambda row: {"FunctionName": row.required_text("FunctionArn")}),
)
STACKS: Final = Listing(
    service="cloudformation",
    method="DescribeStacks",
    items=("Stacks",),
    secret=("Parameters", "Outputs"),
)
PROJECT_NAMES: Final = Listing(service="codebuild", method="ListProjects", items=("projects",))


def _project_asks(answers: Answers) -> Iterator[Ask]:
    listing = answers.one(PROJECT_NAMES)
    names = listing.texts_or_empty("projects") if isinstance(listing, Row) else ()
    for start in range(0, len(names), MAX_PROJECTS_PER_CALL):
        yield Ask(
            parameters={"names": list(names[start : start + MAX_PROJECTS_PER_CALL])}, subject=names[start]
        )


PROJECTS: Final = Detail(
    service="codebuild",
    method="BatchGetProjects",
    asks=_project_asks,
    hides_items=True,
    secret=("environmentVariables", "buildspec", "auth"),
)


def functions(answers: Answers) -> Iterator[CloudFunction]:
    """The functions of one region."""
    for row in answers.items(FUNCTIONS):
        arn = row.required_text("FunctionArn")
        public, asked = _public_url(answers, arn)
        yield CloudFunction(
            id=ResourceId(arn),
            name=row.text_or_none("FunctionName") or arn,
            scope=answers.scope,
            evidence=(row.digest, *asked),
            role=row.text("Role"),
            public_url=public,
        )


def _public_url(answers: Answers, arn: str) -> tuple[bool | Unknown, tuple[Digest, ...]]:
    """Whether one of its URLs, which every alias may have, lets in whoever does not sign in."""
    answer = whole(answers, FUNCTION_URLS, FunctionName=arn)
    if isinstance(answer, Unknown):
        return answer, ()
    urls = answer.rows_or_empty("FunctionUrlConfigs")
    return any(url.text_or_none("AuthType") == "NONE" for url in urls), (answer.digest,)


def projects(answers: Answers) -> Iterator[BuildProject]:
    """The build projects of one region."""
    for call in answers.calls(PROJECTS):
        for row in () if call.answer is None else call.answer.rows_or_empty("projects"):
            arn = row.required_text("arn")
            yield BuildProject(
                id=ResourceId(arn),
                name=row.text_or_none("name") or arn,
                scope=answers.scope,
                evidence=(row.digest,),
                role=row.text("serviceRole"),
            )


def stacks(answers: Answers) -> Iterator[InfrastructureStack]:
    """The stacks of one region that are still there."""
    for row in answers.items(STACKS):
        if row.text_or_none("StackStatus") != _GONE:
            arn = row.required_text("StackId")
            yield InfrastructureStack(
                id=ResourceId(arn),
                name=row.text_or_none("StackName") or arn,
                scope=answers.scope,
                evidence=(row.digest,),
                role=row.text_or_none("RoleARN"),
            )


LAMBDA_STREAM: Final = AwsStream(
    id=StreamId("aws.lambda"),
    title="Lambda functions",
    regional=True,
    operations=(FUNCTIONS, FUNCTION_URLS),
    emits=(CloudFunction,),
    normalize=functions,
)

CODEBUILD_STREAM: Final = AwsStream(
    id=StreamId("aws.codebuild"),
    title="CodeBuild projects",
    regional=True,
    operations=(PROJECT_NAMES, PROJECTS),
    emits=(BuildProject,),
    normalize=projects,
)

CLOUDFORMATION_STREAM: Final = AwsStream(
    id=StreamId("aws.cloudformation"),
    title="CloudFormation stacks",
    regional=True,
    operations=(STACKS,),
    emits=(InfrastructureStack,),
    normalize=stacks,
)
