"""Amazon EKS as the emulator answers it, because moto's has neither access entries nor a cluster's access mode.

It keeps clusters and their access entries, and answers as Amazon EKS documents:

1. A cluster goes from CONFIG_MAP to API_AND_CONFIG_MAP to API, and never back.
2. A cluster of the mode CONFIG_MAP refuses every question about access entries.
3. Who made a cluster is administrator of it, unless CreateCluster said otherwise. In CONFIG_MAP mode nothing shows that.
   With the step to API_AND_CONFIG_MAP it becomes an access entry like any other.
4. CloudTrail's event history says who made a cluster, for as long as the event is kept.

Who asks is the user whose access key signed the request. Rights are not looked at, as everywhere in moto.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias, cast
from uuid import NAMESPACE_URL, uuid5

Fields: TypeAlias = Mapping[str, object]
Answer: TypeAlias = tuple[int, Fields]
"""An HTTP status and the body."""

CONFIG_MAP: Final = "CONFIG_MAP"
MODES: Final = (CONFIG_MAP, "API_AND_CONFIG_MAP", "API")

HISTORY_DAYS: Final = 90
"""AWS: CloudTrail's event history reaches back 90 days."""

ADMINISTRATOR: Final = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

_PATH: Final = re.compile(
    r"/clusters(?:/(?P<name>[^/]+)(?:/(?P<part>[a-z-]+)(?:/(?P<principal>arn:.+?)(?P<policies>/access-policies)?)?)?)?/?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """The user who signed a request."""

    arn: str
    name: str
    unique_id: str
    key: str


@dataclass(slots=True, kw_only=True)
class _Entry:
    principal: str
    at: float
    policies: dict[str, Fields] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class _Cluster:
    name: str
    arn: str
    at: float
    asked: Fields
    creator: str
    mode: str
    creator_is_administrator: bool
    entries: dict[str, _Entry] = field(default_factory=dict)

    def described(self) -> Fields:
        network = cast("Fields", self.asked.get("resourcesVpcConfig", {}))
        return {
            "name": self.name,
            "arn": self.arn,
            "createdAt": self.at,
            "version": self.asked.get("version", "1.33"),
            "roleArn": self.asked["roleArn"],
            "status": "ACTIVE",
            "resourcesVpcConfig": {
                "subnetIds": network.get("subnetIds", []),
                "endpointPublicAccess": network.get("endpointPublicAccess", True),
                "endpointPrivateAccess": network.get("endpointPrivateAccess", False),
                "publicAccessCidrs": network.get("publicAccessCidrs", ["0.0.0.0/0"]),
            },
            "logging": self.asked.get("logging", {"clusterLogging": []}),
            "encryptionConfig": self.asked.get("encryptionConfig", []),
            "accessConfig": {
                "authenticationMode": self.mode,
                "bootstrapClusterCreatorAdminPermissions": self.creator_is_administrator,
            },
            "tags": self.asked.get("tags", {}),
        }


class _RefusedError(Exception):
    """A request that Amazon EKS refuses: its error, and why."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.answer: Answer = (status, {"__type": code, "message": message})


class EmulatedEks:
    """The clusters of one account in one region."""

    def __init__(self, account: str, region: str) -> None:
        """Begin without a cluster."""
        self._place = f"{region}:{account}"
        self._account = account
        self._region = region
        self._clusters: dict[str, _Cluster] = {}
        self._events: list[Fields] = []

    def answer(self, method: str, path: str, body: bytes, who: Callable[[], Asker | None]) -> Answer:
        """Answer one request of EKS's API."""
        asked = cast("Fields", json.loads(body)) if body else {}
        try:
            return 200, self._answer(method, path, asked, who)
        except _RefusedError as refused:
            return refused.answer

    def _answer(self, method: str, path: str, asked: Fields, who: Callable[[], Asker | None]) -> Fields:
        form = _PATH.fullmatch(path)
        if form is None:
            raise _RefusedError(404, "NotFoundException", f"{method} {path} is not emulated")
        name: str | None = form["name"]
        if name is None:
            return self._create(asked, who()) if method == "POST" else {"clusters": [*self._clusters]}
        cluster = self._clusters.get(name)
        if cluster is None:
            raise _RefusedError(404, "ResourceNotFoundException", f"No cluster found for name: {name}.")
        return self._of_cluster(cluster, (method, form["part"] or ""), form, asked)

    def events(self, body: bytes) -> Answer:
        """(4) CloudTrail's LookupEvents."""
        wanted = cast("Sequence[Mapping[str, str]]", json.loads(body or b"{}").get("LookupAttributes", []))
        names = {each["AttributeValue"] for each in wanted if each["AttributeKey"] == "EventName"}
        return 200, {"Events": [each for each in self._events if not names or each["EventName"] in names]}

    def age(self, name: str, days: int) -> None:
        """Have a cluster be made some days ago; past the history, who made it is in no event."""
        cluster = self._clusters[name]
        cluster.at = (datetime.now(UTC) - timedelta(days=days)).timestamp()
        if days > HISTORY_DAYS:
            made = {"ResourceType": "AWS::EKS::Cluster", "ResourceName": name}
            self._events = [
                each for each in self._events if made not in cast("list[object]", each["Resources"])
            ]

    def _of_cluster(
        self, cluster: _Cluster, what: tuple[str, str], form: re.Match[str], asked: Fields
    ) -> Fields:
        match what:
            case ("GET", ""):
                return {"cluster": cluster.described()}
            case ("POST", "update-config"):
                return {"update": self._switch(cluster, asked)}
            case (_, "access-entries"):
                return self._of_entries(cluster, what[0], form, asked)
            case ("GET", "pod-identity-associations"):
                return {"associations": []}
            case ("GET", "identity-provider-configs"):
                return {"identityProviderConfigs": []}
            case ("GET", "node-groups"):
                return {"nodegroups": []}
            case (method, part):
                raise _RefusedError(404, "NotFoundException", f"{method} of {part} is not emulated")

    # --- clusters

    def _create(self, asked: Fields, by: Asker | None) -> Fields:
        name = str(asked["name"])
        if by is None:
            raise _RefusedError(403, "AccessDeniedException", "only a user's own key makes a cluster here")
        if name in self._clusters:
            raise _RefusedError(409, "ResourceInUseException", f"Cluster already exists with name: {name}")
        access = cast("Fields", asked.get("accessConfig", {}))
        cluster = _Cluster(
            name=name,
            arn=f"arn:aws:eks:{self._place}:cluster/{name}",
            at=datetime.now(UTC).timestamp(),
            asked=asked,
            creator=by.arn,
            mode=str(access.get("authenticationMode", CONFIG_MAP)),
            creator_is_administrator=access.get("bootstrapClusterCreatorAdminPermissions") is not False,
        )
        self._clusters[name] = cluster
        self._entry_of_creator(cluster)
        self._events.append(_event(cluster, by, account=self._account, region=self._region))
        return {"cluster": cluster.described()}

    def _switch(self, cluster: _Cluster, asked: Fields) -> Fields:
        """(1), (3) Change how a cluster knows who may enter."""
        wanted = str(cast("Fields", asked["accessConfig"])["authenticationMode"])
        if MODES.index(wanted) != MODES.index(cluster.mode) + 1:
            message = f"Unsupported authentication mode update from {cluster.mode} to {wanted}"
            raise _RefusedError(400, "InvalidParameterException", message)
        cluster.mode = wanted
        if wanted == "API_AND_CONFIG_MAP":
            self._entry_of_creator(cluster)
        at = datetime.now(UTC).timestamp()
        return {
            "id": str(uuid5(NAMESPACE_URL, f"{cluster.arn} {wanted}")),
            "status": "Successful",
            "type": "AccessConfigUpdate",
            "params": [{"type": "AuthenticationMode", "value": wanted}],
            "createdAt": at,
            "errors": [],
        }

    def _entry_of_creator(self, cluster: _Cluster) -> None:
        if cluster.mode != CONFIG_MAP and cluster.creator_is_administrator:
            entry = self._made(cluster, cluster.creator)
            _associate(entry, {"policyArn": ADMINISTRATOR, "accessScope": {"type": "cluster"}})

    # --- access entries

    def _of_entries(self, cluster: _Cluster, method: str, form: re.Match[str], asked: Fields) -> Fields:
        if cluster.mode == CONFIG_MAP:  # (2)
            message = (
                "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] "
                "to perform this operation."
            )
            raise _RefusedError(400, "InvalidRequestException", message)
        principal = form["principal"]
        if principal is None:
            if method == "GET":
                return {"accessEntries": [*cluster.entries]}
            entry = self._made(cluster, str(asked["principalArn"]))
            return {"accessEntry": self._described(cluster, entry)}
        held = cluster.entries.get(principal)
        if held is None:
            message = f"The specified principalArn could not be found: {principal}"
            raise _RefusedError(404, "ResourceNotFoundException", message)
        return self._of_entry(cluster, held, (method, bool(form["policies"])), asked)

    def _of_entry(self, cluster: _Cluster, entry: _Entry, what: tuple[str, bool], asked: Fields) -> Fields:
        about = {"clusterName": cluster.name, "principalArn": entry.principal}
        match what:
            case ("GET", True):
                return {**about, "associatedAccessPolicies": [*entry.policies.values()]}
            case ("GET", False):
                return {"accessEntry": self._described(cluster, entry)}
            case ("POST", True):
                return {**about, "associatedAccessPolicy": _associate(entry, asked)}
            case ("DELETE", False):
                del cluster.entries[entry.principal]
                return {}
            case (method, _):
                raise _RefusedError(404, "NotFoundException", f"{method} of an access entry is not emulated")

    @staticmethod
    def _made(cluster: _Cluster, principal: str) -> _Entry:
        if principal in cluster.entries:
            message = "The specified access entry resource is already in use on this cluster."
            raise _RefusedError(409, "ResourceInUseException", message)
        entry = cluster.entries[principal] = _Entry(principal=principal, at=datetime.now(UTC).timestamp())
        return entry

    def _described(self, cluster: _Cluster, entry: _Entry) -> Fields:
        kind, _, name = entry.principal.rpartition(":")[2].partition("/")
        role = name.rpartition("/")[2]
        username = f"arn:aws:sts::{self._account}:assumed-role/{role}/{{{{SessionName}}}}"
        id_ = uuid5(NAMESPACE_URL, f"{cluster.arn} {entry.principal}")
        return {
            "clusterName": cluster.name,
            "principalArn": entry.principal,
            "kubernetesGroups": [],
            "accessEntryArn": f"arn:aws:eks:{self._place}:access-entry/{cluster.name}/{kind}/{self._account}/{role}/{id_}",
            "createdAt": entry.at,
            "modifiedAt": entry.at,
            "tags": {},
            "username": username if kind == "role" else entry.principal,
            "type": "STANDARD",
        }


def _associate(entry: _Entry, asked: Fields) -> Fields:
    at = datetime.now(UTC).timestamp()
    scope = {"namespaces": [], **cast("Fields", asked["accessScope"])}
    made = {"policyArn": asked["policyArn"], "accessScope": scope, "associatedAt": at, "modifiedAt": at}
    entry.policies[str(asked["policyArn"])] = made
    return made


def _event(cluster: _Cluster, by: Asker, *, account: str, region: str) -> Fields:
    at = datetime.fromtimestamp(cluster.at, UTC)
    id_ = str(uuid5(NAMESPACE_URL, f"{cluster.arn} {cluster.at}"))
    told = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": by.unique_id,
            "arn": by.arn,
            "accountId": account,
            "accessKeyId": by.key,
            "userName": by.name,
        },
        "eventTime": at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "eventSource": "eks.amazonaws.com",
        "eventName": "CreateCluster",
        "awsRegion": region,
        "requestParameters": {"name": cluster.name},
        "eventID": id_,
        "eventType": "AwsApiCall",
        "recipientAccountId": account,
    }
    return {
        "EventId": id_,
        "EventName": "CreateCluster",
        "ReadOnly": "false",
        "AccessKeyId": by.key,
        "EventTime": float(int(cluster.at)),
        "EventSource": "eks.amazonaws.com",
        "Username": by.name,
        "Resources": [{"ResourceType": "AWS::EKS::Cluster", "ResourceName": cluster.name}],
        "CloudTrailEvent": json.dumps(told),
    }
