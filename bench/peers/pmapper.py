"""PMapper over one saved account, in a virtual environment of its own: `python pmapper.py ACCOUNT.json` prints JSON.

What PMapper would ask IAM for is answered from the file. The edges that need no other service (IAM and STS) are made as
PMapper makes them; then everybody who is, or may become, an administrator is counted.
"""

import collections
import collections.abc
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias, TypedDict

# PMapper looks for these where Python had them until 3.9.
for moved in ("Mapping", "MutableMapping"):
    setattr(collections, moved, getattr(collections.abc, moved))

from principalmapper.common import Graph  # noqa: E402  # found only after the lines above
from principalmapper.graphing import gathering, iam_edges, sts_edges  # noqa: E402
from principalmapper.querying.presets.privesc import can_privesc  # noqa: E402

Details: TypeAlias = dict[str, list[dict[str, object]]]


class Credentials(TypedDict):
    """What a user signs in with."""

    user: str
    mfa_devices: int


class Account(TypedDict):
    """A saved account, in the form of `docs/snapshot-format.md`."""

    gaad: Details
    credentials: Sequence[Credentials]


class SavedClient:
    """What PMapper takes for a client of IAM."""

    def __init__(self, account: Account) -> None:
        self._details = account["gaad"]
        self._devices = {each["user"]: each["mfa_devices"] for each in account["credentials"]}
        self._operation = ""

    def get_paginator(self, operation: str) -> "SavedClient":
        """Itself, for the operation that is named."""
        self._operation = operation
        return self

    def paginate(self, **_: str) -> Sequence[Mapping[str, object]]:
        """One page with everything."""
        return [{"VirtualMFADevices": []} if self._operation == "list_virtual_mfa_devices" else self._details]

    def list_access_keys(self, **_: str) -> Mapping[str, object]:
        """One key: everybody has one."""
        return {"AccessKeyMetadata": [{}]}

    def get_login_profile(self, **_: str) -> Mapping[str, object]:
        """A password: everybody has one."""
        return {"LoginProfile": {}}

    def list_mfa_devices(self, UserName: str) -> Mapping[str, object]:  # noqa: N803  # as boto3 has it
        """As many devices as the file says."""
        return {"MFADevices": [{}] * self._devices[UserName]}


def main(path: str) -> None:
    """Print how long it took, and how many edges and administrators there are."""
    account: Account = json.loads(Path(path).read_bytes())
    for kind in ("UserDetailList", "RoleDetailList"):
        for each in account["gaad"][kind]:
            for key in ("AttachedManagedPolicies", "GroupList", "InstanceProfileList"):
                each.setdefault(key, [])
    begun = time.perf_counter()
    found = gathering.get_nodes_groups_and_policies(SavedClient(account))
    nodes = found["nodes"]
    gathering.update_admin_status(nodes)
    edges = [*iam_edges.generate_edges_locally(nodes), *sts_edges.generate_edges_locally(nodes)]
    about = {"account_id": "111122223333", "pmapper_version": "1.1.5"}
    graph = Graph(nodes, edges, found["policies"], found["groups"], about)
    reaching = sum(bool(node.is_admin or can_privesc(graph, node)[0]) for node in nodes)
    print(json.dumps({"seconds": time.perf_counter() - begun, "edges": len(edges), "reaching": reaching}))


main(sys.argv[1])
