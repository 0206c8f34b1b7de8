"""A snapshot document as it would have been collected: answers of AWS and of a cluster, read by the real normalizers."""

import base64
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import cast

from auditwright.access.kubernetes import Binding, Rbac, Role, RoleRef, Subject
from auditwright.access.kubernetes_rules import Rule
from auditwright.access.snapshot import read_snapshot
from auditwright.core.evidence import Evidence, Gap, GapReason, Query, Scope, digest_of
from auditwright.core.ids import IntegrationId, StreamId
from auditwright.core.resource import Population, Resource
from auditwright.engine.populations import Capture, assemble
from auditwright.integrations.aws import INTEGRATION as AWS
from auditwright.integrations.aws.eks import CREATION_EVENTS
from auditwright.integrations.aws.reading import rendered
from auditwright.integrations.kubernetes import INTEGRATION as KUBERNETES

Json = dict[str, object]

AT = datetime(2026, 11, 27, tzinfo=UTC)
ACCOUNT, REGION = "111122223333", "eu-west-1"
GLOBAL = Scope(source=IntegrationId("aws"), account=ACCOUNT)
HERE = Scope(source=IntegrationId("aws"), account=ACCOUNT, region=REGION)
CLUSTER = Scope(source=IntegrationId("kubernetes"), account="prod")
EKS = f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/prod"
CREATED = "2024-01-01T00:00:00+00:00"

STREAMS = {stream.id: stream for stream in (*AWS.streams, *KUBERNETES.streams)}
Populations = dict[str, Population[Resource]]


def collected(document: Mapping[str, object], *, refused: Collection[str] = ()) -> Populations:
    """The populations of a snapshot document; of the streams in `refused`, each question was refused."""
    answers = {stream: tuple(found) for stream, found in _answers(document)}
    return assemble(
        _refused(stream, scope) if stream in refused else _capture(stream, scope, found)
        for (stream, scope), found in answers.items()
    )


Place = tuple[str, Scope]


def _answers(document: Mapping[str, object]) -> Iterator[tuple[Place, Sequence[Evidence]]]:
    gaad = cast("Json", document["gaad"])
    credentials = cast("list[Json]", document.get("credentials", []))
    users = {str(each["UserName"]): each for each in cast("list[Json]", gaad["UserDetailList"])}
    report = _evidence("iam:GetCredentialReport", {"Content": _report(users, credentials)})
    yield (
        ("aws.iam", GLOBAL),
        [_evidence("iam:GetAccountAuthorizationDetails", {**gaad, "IsTruncated": False}), report],
    )
    yield ("aws.iam-keys", GLOBAL), [report]
    apps = [
        {
            "SerialNumber": f"arn:aws:iam::{ACCOUNT}:mfa/{each['user']}",
            "EnableDate": CREATED,
            "User": users[str(each["user"])],
        }
        for each in credentials
        if each.get("mfa_devices")
    ]
    shown = [{**each, "User": _without_policies(cast("Json", each["User"]))} for each in apps]
    yield (
        ("aws.iam-mfa", GLOBAL),
        [report, _evidence("iam:ListVirtualMFADevices", {"VirtualMFADevices": shown})],
    )
    yield ("aws.organizations", GLOBAL), list(_organization(cast("list[object]", document.get("scps") or [])))
    yield (
        ("aws.account", GLOBAL),
        [
            _evidence(
                "ec2:DescribeRegions",
                {"Regions": [{"RegionName": REGION, "OptInStatus": "opt-in-not-required"}]},
            )
        ],
    )
    for stream, operation, answer in (
        ("aws.lambda", "lambda:ListFunctions", "Functions"),
        ("aws.codebuild", "codebuild:ListProjects", "projects"),
        ("aws.cloudformation", "cloudformation:DescribeStacks", "Stacks"),
        ("aws.ec2", "ec2:DescribeInstances", "Reservations"),
    ):
        yield (stream, HERE), [_evidence(operation, {answer: []}, HERE)]
    cluster = cast("Json", document.get("cluster") or {})
    yield ("aws.eks", HERE), list(_eks(cluster, gaad))
    rbac = next(iter(read_snapshot(document, at=AT).rbac.values()), None)
    if cluster and isinstance(rbac, Rbac):
        yield ("kubernetes.access", CLUSTER), list(_kubernetes(cluster, rbac))


def _capture(stream: str, scope: Scope, evidence: Sequence[Evidence]) -> Capture:
    known = STREAMS[StreamId(stream)]
    resources = tuple(known.normalize(evidence, ()))
    return Capture(stream=known, scope=scope, answered=True, resources=resources, gaps=())


def _refused(stream: str, scope: Scope) -> Capture:
    known = STREAMS[StreamId(stream)]
    gaps = [
        Gap(
            stream=known.id,
            scope=scope,
            operation=operation.name,
            reason=GapReason.REFUSED,
            detail="AccessDenied",
            remedy="",
            hides_items=True,
            at=AT,
        )
        for operation in known.operations
    ]
    resources = tuple(known.normalize((), gaps))
    return Capture(stream=known, scope=scope, answered=False, resources=resources, gaps=gaps)


def _evidence(
    operation: str, answer: Mapping[str, object], scope: Scope = GLOBAL, **parameters: str
) -> Evidence:
    body = json.dumps(answer).encode()
    return Evidence(
        stream=StreamId("test"),
        scope=scope,
        query=Query(operation=operation, parameters=tuple(sorted(parameters.items()))),
        principal="",
        collected_at=AT,
        effective_at=AT,
        collector="auditwright/test",
        body=body,
        digest=digest_of(body),
    )


def _without_policies(user: Json) -> Json:
    return {name: user[name] for name in ("UserName", "UserId", "Arn")}


def _report(users: Mapping[str, Json], credentials: Sequence[Json]) -> str:
    key = "access_key_{0}_active,access_key_{0}_last_rotated,access_key_{0}_last_used_date"
    columns = "user,arn,user_creation_time,password_enabled,mfa_active"
    none = "false,N/A,N/A"
    lines = [
        f"{columns},{key.format(1)},{key.format(2)}",
        f"<root_account>,arn:aws:iam::{ACCOUNT}:root,{CREATED},not_supported,true,{none},{none}",
    ]
    by_user = {str(each["user"]): each for each in credentials}
    for name, user in users.items():
        held = by_user.get(name, {})
        keys = [str(each["status"]) == "Active" for each in cast("list[Json]", held.get("access_keys", []))]
        shown = [f"{str(each).lower()},{CREATED},N/A" for each in keys] + [none] * (2 - len(keys))
        factors = [str(bool(held.get(each))).lower() for each in ("password_enabled", "mfa_devices")]
        lines.append(",".join((name, str(user["Arn"]), CREATED, *factors, *shown)))
    return base64.b64encode("\n".join(lines).encode()).decode()


FULL_ACCESS: Json = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


def _organization(scps: Sequence[object]) -> Iterator[Evidence]:
    """No organization without service control policies; with some, they stand at the account, below a root that allows all."""
    if not scps:
        error = {"code": "AWSOrganizationsNotInUseException", "message": "no organization"}
        body: Json = {"calls": [{"parameters": {}, "error": error}]}
        yield _evidence("organizations:DescribeOrganization", body)
        return
    yield _evidence(
        "organizations:DescribeOrganization",
        {"Organization": {"Id": "o-1", "MasterAccountId": "999999999999", "FeatureSet": "ALL"}},
    )
    yield _evidence(
        "organizations:DescribeAccount",
        {"Account": {"Id": ACCOUNT, "Paths": [f"o-1/r-1/{ACCOUNT}/"]}},
        AccountId=ACCOUNT,
    )
    type_ = "SERVICE_CONTROL_POLICY"
    yield _evidence(
        "organizations:ListRoots",
        {"Roots": [{"Id": "r-1", "PolicyTypes": [{"Type": type_, "Status": "ENABLED"}]}]},
    )
    documents = {"p-all": FULL_ACCESS, **{f"p-{number}": each for number, each in enumerate(scps)}}
    places = {"r-1": ["p-all"], ACCOUNT: [each for each in documents if each != "p-all"]}
    for filter_ in (type_, "RESOURCE_CONTROL_POLICY"):
        yield _calls(
            "organizations:ListPoliciesForTarget",
            *(
                (
                    {"Filter": filter_, "TargetId": place},
                    {
                        "Policies": [
                            {"Id": each, "Name": each, "Type": type_} for each in held if filter_ == type_
                        ]
                    },
                )
                for place, held in places.items()
            ),
            scope=GLOBAL,
            Filter=filter_,
        )
    yield _calls(
        "organizations:DescribePolicy",
        *(
            ({"PolicyId": each}, {"Policy": {"Content": json.dumps(document)}})
            for each, document in documents.items()
        ),
        scope=GLOBAL,
    )


def _eks(cluster: Json, gaad: Json) -> Iterator[Evidence]:
    yield _evidence("eks:ListClusters", {"clusters": ["prod"] if cluster else []}, HERE)
    if not cluster:
        return
    described = {"name": "prod", "arn": EKS, "createdAt": CREATED, "accessConfig": cluster["accessConfig"]}
    yield _calls("eks:DescribeCluster", ({"name": "prod"}, {"cluster": described}))
    named = {"clusterName": "prod"}
    entries = cast("list[Json]", cluster["accessEntries"])
    access = cast("Json", cluster["accessConfig"])
    if access["authenticationMode"] != "CONFIG_MAP":
        principals = [str(each["principalArn"]) for each in entries]
        yield _calls("eks:ListAccessEntries", (named, {"accessEntries": principals}))
        whose = [{**named, "principalArn": each} for each in principals]
        shown = [{"username": each["principalArn"], "type": "STANDARD", **each} for each in entries]
        yield _calls(
            "eks:DescribeAccessEntry",
            *(
                (asked, {"accessEntry": {name: one[name] for name in one if name != "accessPolicies"}})
                for asked, one in zip(whose, shown, strict=True)
            ),
        )
        yield _calls(
            "eks:ListAssociatedAccessPolicies",
            *(
                (asked, {"associatedAccessPolicies": one.get("accessPolicies", [])})
                for asked, one in zip(whose, entries, strict=True)
            ),
        )
    creator = cast("Json | None", cluster.get("creator"))
    yield _evidence(
        CREATION_EVENTS.name,
        {"Events": [_creation(creator, gaad)] if creator else []},
        HERE,
        **dict(rendered(CREATION_EVENTS.parameters, ACCOUNT)),
    )


def _creation(creator: Json, gaad: Json) -> Json:
    arn = str(creator["arn"])
    principals = [*cast("list[Json]", gaad["UserDetailList"]), *cast("list[Json]", gaad["RoleDetailList"])]
    own = {str(each["Arn"]): str(each.get("UserId") or each.get("RoleId")) for each in principals}
    who: Json = {"type": "IAMUser", "arn": arn, "principalId": own.get(arn, "AIDAGONE")}
    if ":role/" in arn:
        who = {
            "type": "AssumedRole",
            "principalId": f"{own.get(arn, 'AROAGONE')}:ci",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{arn.rpartition('/')[2]}/ci",
            "sessionContext": {"sessionIssuer": {"arn": arn, "principalId": own.get(arn, "AROAGONE")}},
        }
    event = {
        "eventSource": "eks.amazonaws.com",
        "eventTime": CREATED,
        "requestParameters": {"name": "prod"},
        "userIdentity": who,
    }
    return {"CloudTrailEvent": json.dumps(event)}


def _calls(
    operation: str,
    *calls: tuple[Mapping[str, object], Mapping[str, object]],
    scope: Scope = HERE,
    **parameters: str,
) -> Evidence:
    body = {"calls": [{"parameters": asked, "answer": answer} for asked, answer in calls]}
    return _evidence(operation, body, scope, **parameters)


# --- the cluster's own objects


def _kubernetes(cluster: Json, rbac: Rbac) -> Iterator[Evidence]:
    data = cluster.get("aws_auth")
    maps: list[Json] = (
        [] if data is None else [{"metadata": {"name": "aws-auth"}, "data": _texts(cast("Json", data))}]
    )
    lists: dict[str, list[Json]] = {
        "list-roles": [_role(each) for each in rbac.roles.values()],
        "list-clusterroles": [_role(each) for each in rbac.cluster_roles.values()],
        "list-rolebindings": [_binding(each) for each in rbac.bindings if each.namespace],
        "list-clusterrolebindings": [_binding(each) for each in rbac.bindings if not each.namespace],
        "list-serviceaccounts": [
            {"metadata": {"namespace": namespace, "name": name}} for namespace, name in rbac.service_accounts
        ],
        "list-aws-auth": maps,
    }
    for operation, items in lists.items():
        yield _evidence(f"kubernetes:{operation}", {"items": items}, CLUSTER, managed_as=EKS)


def _texts(data: Json) -> Json:
    # JSON is YAML.
    return {name: json.dumps(value) for name, value in data.items()}


def _role(role: Role) -> Json:
    rules = [each for each in role.rules if isinstance(each, Rule)]
    assert len(rules) == len(role.rules), "these clusters can be read"
    return {
        "metadata": {"name": role.name, **({"namespace": role.namespace} if role.namespace else {})},
        "rules": [
            {
                "verbs": sorted(each.verbs),
                "apiGroups": sorted(each.api_groups),
                "resources": sorted(each.resources),
                "resourceNames": sorted(each.resource_names),
                "nonResourceURLs": sorted(each.urls),
            }
            for each in rules
        ],
    }


def _binding(binding: Binding) -> Json:
    assert isinstance(binding.role, RoleRef)
    return {
        "metadata": {
            "name": binding.name,
            **({"namespace": binding.namespace} if binding.namespace else {}),
        },
        "roleRef": {"kind": binding.role.kind.value, "name": binding.role.name},
        "subjects": [
            {
                "kind": each.kind.value,
                "name": each.name,
                **({"namespace": each.namespace} if each.namespace else {}),
            }
            for each in binding.subjects
            if isinstance(each, Subject)
        ],
    }
