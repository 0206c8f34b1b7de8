"""Every way from one principal's rights to more, as one table: which requests it takes, and what it gives.

Rows named after pathfinding.cloud (`iam-001`) carry its id, so that the two can be compared; rows with `aw-` are in no
public catalogue. A row says nothing about who may do it: that is the evaluator's.
"""

from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum

import msgspec

from auditwright.access.assumptions import ADD_ON_OF_CHOICE, Assumption


class On(Enum):
    """What the resource of a request is."""

    USER = "user"
    GROUP = "group"
    ROLE = "role"
    POLICY = "policy"
    CLUSTER = "cluster"
    ENTRY = "entry"
    """An access entry: the cluster's name, a space, the ARN of its principal."""
    WORKLOAD = "workload"
    RESOURCE = "resource"
    """The resource that a question names."""
    MADE = "made"
    """Something that the adversary makes and may name, after a template."""
    PROVIDER = "provider"
    """An identity provider that some role trusts, by ARN."""
    ACCOUNT = "account"
    """The root user of an account, by the account's id."""
    ANY = "any"
    """The action takes no resource: `*`."""


class Gain(StrEnum):
    """What a row gives."""

    KEY = "key"
    """A new access key of the user."""
    OLD_KEY = "old key"
    """An inactive key of the user that works again."""
    PASSWORD = "password"  # noqa: S105  # a word of the table
    """A password of the user that the adversary has set."""
    NO_DEVICE = "no device"
    """The user has no second factor left."""
    DEVICE = "device"
    """The user has a second factor that the adversary holds."""
    ALLOW = "allow"
    """Everything is allowed to the user, to the group's members, to the role, or to whoever holds the policy."""
    LIFT = "lift"
    """A policy that the user, group or role holds is taken off, with what it denies."""
    UNBOUND = "unbound"
    """The permissions boundary is taken off the user or role."""
    JOIN = "join"
    """A user of choice becomes a member of the group."""
    VERSION = "version"
    """Another version of the policy comes into force."""
    TAGS = "tags"
    """The user or role has tags of the adversary's choice."""
    TRUST = "trust"
    """The role trusts whomever the adversary wants."""
    SESSION = "session"
    """A session of the role, for a person."""
    RUN = "run"
    """Code of the adversary's that runs as the role."""
    REMADE = "remade"
    """A user or role of a name that no longer exists, which some map still knows."""
    ENTRY = "entry"
    """Administrator rights in the cluster, from an access entry of the adversary's."""
    ENTRIES = "entries"
    """The cluster uses access entries."""
    SIGN_IN = "sign in"
    """A name and groups of choice in the cluster, but for those that begin with `system:`."""
    VOUCHED = "vouched"
    """Whatever a SAML provider may say, signed by the adversary."""
    ROOT = "root"
    """The root user of a member account."""
    READ = "read"
    """The resource, whatever it holds."""


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """One request of a row."""

    action: str
    on: On
    made: str = ""
    """With `On.MADE`: the resource, in which `{partition}`, `{account}` are put in and `*` is of choice."""
    shows: tuple[tuple[str, str], ...] = ()
    """Condition keys that the request itself carries."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Way:
    """One row of the table. It is told by identity."""

    id: str
    title: str
    gain: Gain
    uses: tuple[Use, ...]
    target: On
    """What the gain is about; the resource of each use that is on the same."""
    service: str = ""
    """Of `Gain.RUN`: the service principal that the role has to trust."""
    existing: str = ""
    """Of `Gain.RUN`: the service of a workload that has to exist already."""
    assumes: Assumption | None = None
    """What else has to be so, that no policy shows: it is then not known whether the way is open."""
    actions: frozenset[str] = field(init=False)
    """Of its uses, in lower case."""
    fixed: tuple[Use, ...] = field(init=False)
    """Those of its uses that are the same whatever the target is."""
    on_target: tuple[Use, ...] = field(init=False)
    """The others."""

    def __post_init__(self) -> None:
        fixed = [use for use in self.uses if use.on in {On.ANY, On.MADE} and "{cluster}" not in use.made]
        object.__setattr__(self, "actions", frozenset(use.action.lower() for use in self.uses))
        object.__setattr__(self, "fixed", tuple(fixed))
        object.__setattr__(self, "on_target", tuple(use for use in self.uses if use not in fixed))


ADMINISTRATOR = "arn:{partition}:iam::aws:policy/AdministratorAccess"


def _one(action: str, on: On, **shows: str) -> Use:
    return Use(
        action=action, on=on, shows=tuple((key.replace("__", ":"), value) for key, value in shows.items())
    )


def _made(action: str, resource: str) -> Use:
    return Use(action=action, on=On.MADE, made=resource)


def _iam(id_: str, title: str, gain: Gain, *request: str | On, **shows: str) -> Way:
    """A way of one request: its action, and what it is on."""
    action, on = request
    assert isinstance(action, str)
    assert isinstance(on, On)
    return Way(id=id_, title=title, gain=gain, target=on, uses=(_one(action, on, **shows),))


_CREDENTIALS = (
    _iam("iam-002", "make a key of another user", Gain.KEY, "iam:CreateAccessKey", On.USER),
    Way(
        id="iam-003",
        title="delete a key of another user and make one",
        gain=Gain.KEY,
        target=On.USER,
        uses=(_one("iam:DeleteAccessKey", On.USER), _one("iam:CreateAccessKey", On.USER)),
    ),
    _iam("iam-004", "give a user a password", Gain.PASSWORD, "iam:CreateLoginProfile", On.USER),
    _iam("iam-006", "set a user's password", Gain.PASSWORD, "iam:UpdateLoginProfile", On.USER),
    _iam("aw-old-key", "make an inactive key work again", Gain.OLD_KEY, "iam:UpdateAccessKey", On.USER),
    _iam(
        "aw-no-device", "take off a user's second factor", Gain.NO_DEVICE, "iam:DeactivateMFADevice", On.USER
    ),
    Way(
        id="aw-enroll",
        title="enroll a second factor of one's own for a user",
        gain=Gain.DEVICE,
        target=On.USER,
        uses=(
            _made("iam:CreateVirtualMFADevice", "arn:{partition}:iam::{account}:mfa/*"),
            _one("iam:EnableMFADevice", On.USER),
        ),
    ),
)

_ATTACHED = {"iam__PolicyARN": ADMINISTRATOR}
"""The policy that an adversary attaches, where conditions let nobody attach but some."""

_POLICIES = (
    _iam("iam-001", "write a new version of a policy", Gain.ALLOW, "iam:CreatePolicyVersion", On.POLICY),
    _iam(
        "aw-version",
        "put another version of a policy in force",
        Gain.VERSION,
        "iam:SetDefaultPolicyVersion",
        On.POLICY,
    ),
    _iam("iam-007", "write a policy into a user", Gain.ALLOW, "iam:PutUserPolicy", On.USER),
    _iam("iam-011", "write a policy into a group", Gain.ALLOW, "iam:PutGroupPolicy", On.GROUP),
    _iam("iam-005", "write a policy into a role", Gain.ALLOW, "iam:PutRolePolicy", On.ROLE),
    _iam("iam-008", "attach a policy to a user", Gain.ALLOW, "iam:AttachUserPolicy", On.USER, **_ATTACHED),
    _iam("iam-010", "attach a policy to a group", Gain.ALLOW, "iam:AttachGroupPolicy", On.GROUP, **_ATTACHED),
    _iam("iam-009", "attach a policy to a role", Gain.ALLOW, "iam:AttachRolePolicy", On.ROLE, **_ATTACHED),
    _iam("iam-013", "join a group", Gain.JOIN, "iam:AddUserToGroup", On.GROUP),
    _iam("aw-lift-user-inline", "delete a policy of a user", Gain.LIFT, "iam:DeleteUserPolicy", On.USER),
    _iam("aw-lift-user", "detach a policy of a user", Gain.LIFT, "iam:DetachUserPolicy", On.USER),
    _iam("aw-lift-group-inline", "delete a policy of a group", Gain.LIFT, "iam:DeleteGroupPolicy", On.GROUP),
    _iam("aw-lift-group", "detach a policy of a group", Gain.LIFT, "iam:DetachGroupPolicy", On.GROUP),
    _iam("aw-leave", "take a user out of a group", Gain.LIFT, "iam:RemoveUserFromGroup", On.GROUP),
    _iam("aw-lift-role-inline", "delete a policy of a role", Gain.LIFT, "iam:DeleteRolePolicy", On.ROLE),
    _iam("aw-lift-role", "detach a policy of a role", Gain.LIFT, "iam:DetachRolePolicy", On.ROLE),
    _iam(
        "aw-unbound-user",
        "delete a user's boundary",
        Gain.UNBOUND,
        "iam:DeleteUserPermissionsBoundary",
        On.USER,
    ),
    _iam(
        "aw-rebound-user",
        "replace a user's boundary",
        Gain.UNBOUND,
        "iam:PutUserPermissionsBoundary",
        On.USER,
    ),
    _iam(
        "aw-unbound-role",
        "delete a role's boundary",
        Gain.UNBOUND,
        "iam:DeleteRolePermissionsBoundary",
        On.ROLE,
    ),
    _iam(
        "aw-rebound-role",
        "replace a role's boundary",
        Gain.UNBOUND,
        "iam:PutRolePermissionsBoundary",
        On.ROLE,
    ),
    _iam("aw-tag-user", "tag a user", Gain.TAGS, "iam:TagUser", On.USER),
    _iam("aw-untag-user", "take a tag off a user", Gain.TAGS, "iam:UntagUser", On.USER),
    _iam("aw-tag-role", "tag a role", Gain.TAGS, "iam:TagRole", On.ROLE),
    _iam("aw-untag-role", "take a tag off a role", Gain.TAGS, "iam:UntagRole", On.ROLE),
    _iam("iam-012", "rewrite the trust of a role", Gain.TRUST, "iam:UpdateAssumeRolePolicy", On.ROLE),
)

ASSUME = _iam("sts-001", "take a role", Gain.SESSION, "sts:AssumeRole", On.ROLE)


def _pass(id_: str, service: str, *made: Use) -> Way:
    passed = Use(action="iam:PassRole", on=On.ROLE, shows=(("iam:PassedToService", service),))
    return Way(
        id=id_,
        title=f"pass a role to {service.partition('.')[0]} and run code with it",
        gain=Gain.RUN,
        target=On.ROLE,
        service=service,
        uses=(passed, *made),
    )


_AT = "arn:{partition}:"
_HERE = ":*:{account}:"
_FUNCTION = f"{_AT}lambda{_HERE}function:*"
_PROJECT = f"{_AT}codebuild{_HERE}project/*"
_STACK = f"{_AT}cloudformation{_HERE}stack/*"
_STACK_SET = f"{_AT}cloudformation{_HERE}stackset/*"
_TASK = f"{_AT}ecs{_HERE}task-definition/*"
_JOB = f"{_AT}glue{_HERE}job/*"
MACHINES = "ec2.amazonaws.com"
_PROFILE = f"{_AT}iam::{{account}}:instance-profile/*"
_INSTANCE = f"{_AT}ec2{_HERE}instance/*"
_NOTEBOOK = f"{_AT}sagemaker{_HERE}notebook-instance/*"
_TRAINING = f"{_AT}sagemaker{_HERE}training-job/*"
_PROCESSING = f"{_AT}sagemaker{_HERE}processing-job/*"
_SERVICE = f"{_AT}apprunner{_HERE}service/*"
_INTERPRETER = f"{_AT}bedrock-agentcore{_HERE}code-interpreter/*"

_PASSED = (
    _pass(
        "lambda-001",
        "lambda.amazonaws.com",
        _made("lambda:CreateFunction", _FUNCTION),
        _made("lambda:InvokeFunction", _FUNCTION),
    ),
    _pass(
        "lambda-002",
        "lambda.amazonaws.com",
        _made("lambda:CreateFunction", _FUNCTION),
        _one("lambda:CreateEventSourceMapping", On.ANY),
    ),
    _pass(
        "lambda-006",
        "lambda.amazonaws.com",
        _made("lambda:CreateFunction", _FUNCTION),
        _made("lambda:AddPermission", _FUNCTION),
    ),
    _pass(
        "aw-lambda-url",
        "lambda.amazonaws.com",
        _made("lambda:CreateFunction", _FUNCTION),
        _made("lambda:CreateFunctionUrlConfig", _FUNCTION),
    ),
    _pass(
        "aw-lambda-role",
        "lambda.amazonaws.com",
        _made("lambda:UpdateFunctionConfiguration", _FUNCTION),
        _made("lambda:UpdateFunctionCode", _FUNCTION),
    ),
    _pass("ec2-001", MACHINES, _made("ec2:RunInstances", _INSTANCE)),
    _pass(
        "aw-ec2-new-profile",
        MACHINES,
        _made("iam:CreateInstanceProfile", _PROFILE),
        _made("iam:AddRoleToInstanceProfile", _PROFILE),
        _made("ec2:RunInstances", _INSTANCE),
    ),
    _pass(
        "aw-ec2-spare-profile",
        MACHINES,
        _made("iam:AddRoleToInstanceProfile", _PROFILE),
        _made("ec2:RunInstances", _INSTANCE),
    ),
    _pass("ec2-003", MACHINES, _one("ec2:RequestSpotInstances", On.ANY)),
    _pass("aw-ec2-profile", MACHINES, _made("ec2:AssociateIamInstanceProfile", _INSTANCE)),
    _pass(
        "codebuild-001",
        "codebuild.amazonaws.com",
        _made("codebuild:CreateProject", _PROJECT),
        _made("codebuild:StartBuild", _PROJECT),
    ),
    _pass(
        "codebuild-004",
        "codebuild.amazonaws.com",
        _made("codebuild:CreateProject", _PROJECT),
        _made("codebuild:StartBuildBatch", _PROJECT),
    ),
    _pass("cloudformation-001", "cloudformation.amazonaws.com", _made("cloudformation:CreateStack", _STACK)),
    _pass(
        "cloudformation-003",
        "cloudformation.amazonaws.com",
        _made("cloudformation:CreateStackSet", _STACK_SET),
        _made("cloudformation:CreateStackInstances", _STACK_SET),
    ),
    _pass(
        "cloudformation-004",
        "cloudformation.amazonaws.com",
        _made("cloudformation:UpdateStackSet", _STACK_SET),
    ),
    _pass(
        "datapipeline-001",
        "datapipeline.amazonaws.com",
        _one("datapipeline:CreatePipeline", On.ANY),
        _one("datapipeline:PutPipelineDefinition", On.ANY),
        _one("datapipeline:ActivatePipeline", On.ANY),
    ),
    _pass(
        "ecs-004",
        "ecs-tasks.amazonaws.com",
        _made("ecs:RegisterTaskDefinition", _TASK),
        _made("ecs:RunTask", _TASK),
    ),
    _pass(
        "ecs-003",
        "ecs-tasks.amazonaws.com",
        _made("ecs:RegisterTaskDefinition", _TASK),
        _made("ecs:CreateService", f"{_AT}ecs{_HERE}service/*"),
    ),
    _pass(
        "ecs-005",
        "ecs-tasks.amazonaws.com",
        _made("ecs:RegisterTaskDefinition", _TASK),
        _made("ecs:StartTask", _TASK),
    ),
    _pass("aw-ecs-run-override", "ecs-tasks.amazonaws.com", _made("ecs:RunTask", _TASK)),
    _pass("aw-ecs-start-override", "ecs-tasks.amazonaws.com", _made("ecs:StartTask", _TASK)),
    _pass("glue-001", "glue.amazonaws.com", _one("glue:CreateDevEndpoint", On.ANY)),
    _pass("glue-003", "glue.amazonaws.com", _made("glue:CreateJob", _JOB), _made("glue:StartJobRun", _JOB)),
    _pass(
        "glue-004",
        "glue.amazonaws.com",
        _made("glue:CreateJob", _JOB),
        _made("glue:CreateTrigger", f"{_AT}glue{_HERE}trigger/*"),
    ),
    _pass("glue-005", "glue.amazonaws.com", _made("glue:UpdateJob", _JOB), _made("glue:StartJobRun", _JOB)),
    _pass(
        "glue-006",
        "glue.amazonaws.com",
        _made("glue:UpdateJob", _JOB),
        _made("glue:CreateTrigger", f"{_AT}glue{_HERE}trigger/*"),
    ),
    _pass("sagemaker-001", "sagemaker.amazonaws.com", _made("sagemaker:CreateNotebookInstance", _NOTEBOOK)),
    _pass("sagemaker-002", "sagemaker.amazonaws.com", _made("sagemaker:CreateTrainingJob", _TRAINING)),
    _pass("sagemaker-003", "sagemaker.amazonaws.com", _made("sagemaker:CreateProcessingJob", _PROCESSING)),
    _pass("apprunner-001", "tasks.apprunner.amazonaws.com", _made("apprunner:CreateService", _SERVICE)),
    _pass(
        "bedrock-001",
        "bedrock-agentcore.amazonaws.com",
        _made("bedrock-agentcore:CreateCodeInterpreter", _INTERPRETER),
        _made("bedrock-agentcore:StartCodeInterpreterSession", _INTERPRETER),
        _made("bedrock-agentcore:InvokeCodeInterpreter", _INTERPRETER),
    ),
    _pass(
        "aw-step-functions",
        "states.amazonaws.com",
        _made("states:CreateStateMachine", f"{_AT}states{_HERE}stateMachine:*"),
        _made("states:StartExecution", f"{_AT}states{_HERE}stateMachine:*"),
    ),
    _pass(
        "aw-ssm-automation",
        "ssm.amazonaws.com",
        _made("ssm:StartAutomationExecution", f"{_AT}ssm{_HERE}automation-definition/*"),
    ),
    _pass(
        "aw-scheduler",
        "scheduler.amazonaws.com",
        _made("scheduler:CreateSchedule", f"{_AT}scheduler{_HERE}schedule/*"),
    ),
    _pass(
        "aw-pod-identity",
        "pods.eks.amazonaws.com",
        _made("eks:CreatePodIdentityAssociation", f"{_AT}eks{_HERE}cluster/*"),
    ),
    replace(
        _pass("aw-add-on", "pods.eks.amazonaws.com", _made("eks:CreateAddon", f"{_AT}eks{_HERE}cluster/*")),
        assumes=ADD_ON_OF_CHOICE,
    ),
    replace(
        _pass(
            "aw-add-on-update", "pods.eks.amazonaws.com", _made("eks:UpdateAddon", f"{_AT}eks{_HERE}addon/*")
        ),
        assumes=ADD_ON_OF_CHOICE,
    ),
)


def _existing(id_: str, service: str, *actions: str) -> Way:
    return Way(
        id=id_,
        title=f"run code of one's own in {service} that is there",
        gain=Gain.RUN,
        target=On.WORKLOAD,
        existing=service,
        uses=tuple(_one(action, On.WORKLOAD) for action in actions),
    )


_EXISTING = (
    _existing("lambda-003", "lambda", "lambda:UpdateFunctionCode"),
    _existing("ec2-002", "ec2", "ec2:ModifyInstanceAttribute", "ec2:StopInstances", "ec2:StartInstances"),
    _existing("ec2instanceconnect-003", "ec2", "ec2-instance-connect:SendSSHPublicKey"),
    _existing("aw-serial-console", "ec2", "ec2-instance-connect:SendSerialConsoleSSHPublicKey"),
    _existing("ssm-001", "ec2", "ssm:StartSession"),
    _existing("ssm-002", "ec2", "ssm:SendCommand"),
    _existing("ec2-004", "ec2", "ec2:CreateLaunchTemplateVersion", "ec2:ModifyLaunchTemplate"),
    _existing("codebuild-002", "codebuild", "codebuild:StartBuild"),
    _existing("codebuild-003", "codebuild", "codebuild:StartBuildBatch"),
    _existing("aw-codebuild-update", "codebuild", "codebuild:UpdateProject"),
    _existing("cloudformation-002", "cloudformation", "cloudformation:UpdateStack"),
    _existing(
        "cloudformation-005",
        "cloudformation",
        "cloudformation:CreateChangeSet",
        "cloudformation:ExecuteChangeSet",
    ),
    _existing("ecs-006", "ecs-tasks", "ecs:ExecuteCommand"),
    _existing("glue-002", "glue", "glue:UpdateDevEndpoint"),
    _existing("sagemaker-004", "sagemaker", "sagemaker:CreatePresignedNotebookInstanceUrl"),
    _existing(
        "sagemaker-005",
        "sagemaker",
        "sagemaker:CreateNotebookInstanceLifecycleConfig",
        "sagemaker:StopNotebookInstance",
        "sagemaker:UpdateNotebookInstance",
        "sagemaker:StartNotebookInstance",
    ),
    _existing("apprunner-002", "tasks.apprunner", "apprunner:UpdateService"),
    _existing(
        "bedrock-002",
        "bedrock-agentcore",
        "bedrock-agentcore:StartCodeInterpreterSession",
        "bedrock-agentcore:InvokeCodeInterpreter",
    ),
)

_REMADE = (
    Way(
        id="aw-remake-user",
        title="make a user of a name that a cluster still knows",
        gain=Gain.REMADE,
        target=On.USER,
        uses=(_one("iam:CreateUser", On.USER), _one("iam:CreateAccessKey", On.USER)),
    ),
    Way(
        id="aw-remake-role",
        title="make a role of a name that a cluster still knows",
        gain=Gain.REMADE,
        target=On.ROLE,
        uses=(_one("iam:CreateRole", On.ROLE),),
    ),
)

NEW_ENTRY = "arn:{partition}:eks:*:{account}:access-entry/{cluster}/*"
_ADMIN_ENTRY = (
    ("eks:policyArn", "arn:{partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"),
    ("eks:accessScope", "cluster"),
)
_CLUSTERS = (
    Way(
        id="aw-eks-entry",
        title="give oneself an access entry of an administrator",
        gain=Gain.ENTRY,
        target=On.CLUSTER,
        uses=(
            _one("eks:CreateAccessEntry", On.CLUSTER),
            Use(action="eks:AssociateAccessPolicy", on=On.MADE, made=NEW_ENTRY, shows=_ADMIN_ENTRY),
        ),
    ),
    _iam(
        "aw-eks-new-entry",
        "give oneself an access entry with groups of choice",
        Gain.SIGN_IN,
        "eks:CreateAccessEntry",
        On.CLUSTER,
    ),
    _iam(
        "aw-eks-mode",
        "switch a cluster to access entries",
        Gain.ENTRIES,
        "eks:UpdateClusterConfig",
        On.CLUSTER,
    ),
    _iam(
        "aw-eks-issuer",
        "have a cluster accept tokens of one's own issuer",
        Gain.SIGN_IN,
        "eks:AssociateIdentityProviderConfig",
        On.CLUSTER,
    ),
    Way(
        id="aw-eks-raise",
        title="give an access entry that one has an administrator's rights",
        gain=Gain.ENTRY,
        target=On.ENTRY,
        uses=(Use(action="eks:AssociateAccessPolicy", on=On.ENTRY, shows=_ADMIN_ENTRY),),
    ),
    Way(
        id="aw-eks-regroup",
        title="give an access entry that one has a name and groups of choice",
        gain=Gain.SIGN_IN,
        target=On.ENTRY,
        uses=(Use(action="eks:UpdateAccessEntry", on=On.ENTRY),),
    ),
)

_RESOURCES = (
    _iam("aw-bucket-policy", "rewrite a bucket's policy", Gain.READ, "s3:PutBucketPolicy", On.RESOURCE),
    _iam("aw-key-policy", "rewrite a key's policy", Gain.READ, "kms:PutKeyPolicy", On.RESOURCE),
    _iam("aw-key-grant", "give oneself a grant of a key", Gain.READ, "kms:CreateGrant", On.RESOURCE),
    _iam(
        "aw-secret-policy",
        "rewrite a secret's policy",
        Gain.READ,
        "secretsmanager:PutResourcePolicy",
        On.RESOURCE,
    ),
)

_PROVIDERS = (
    _iam(
        "aw-saml-metadata",
        "put a key of one's own into a SAML provider",
        Gain.VOUCHED,
        "iam:UpdateSAMLProvider",
        On.PROVIDER,
    ),
    Way(
        id="aw-saml-anew",
        title="delete a SAML provider and make one of its name",
        gain=Gain.VOUCHED,
        target=On.PROVIDER,
        uses=(_one("iam:DeleteSAMLProvider", On.PROVIDER), _one("iam:CreateSAMLProvider", On.PROVIDER)),
    ),
)

_ROOT = _iam("aw-assume-root", "take root of a member account", Gain.ROOT, "sts:AssumeRoot", On.ACCOUNT)

WAYS: tuple[Way, ...] = (
    *_CREDENTIALS,
    *_POLICIES,
    ASSUME,
    *_PASSED,
    *_EXISTING,
    *_REMADE,
    *_PROVIDERS,
    *_CLUSTERS,
    *_RESOURCES,
    _ROOT,
)

WAYS_BY_ID = {way.id: way for way in WAYS}
"""The table by id."""
