"""An attacker inside a cluster who tries everything, one request after the other, on the objects themselves.

Whatever is allowed is done: tokens, impersonation, service accounts, secrets, bindings and roles. It ends when nothing
new comes of a whole round. `passes_on` lets it use what RBAC allows besides `bind` and `escalate`: to bind or to write
rules that the identity holds itself.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.reference.kubernetes import Json, allowed, get, listed

RBAC = ".rbac.authorization.k8s.io"
ALL: Json = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
EVERYONE: Json = {"kind": "Group", "name": "system:authenticated"}

Identity = tuple[str, frozenset[str]]
Place = tuple[str, str]


@dataclass
class Attacker:
    objects: list[Json]
    namespaces: list[str]
    object_names: list[str]
    role_names: list[str]
    passes_on: bool
    held: set[Identity] = field(default_factory=set)
    accounts: set[Place] = field(default_factory=set)
    secrets: set[tuple[str, str, str]] = field(default_factory=set)

    def may(self, who: Identity, verb: str, resource: str, place: Place = ("", "")) -> bool:
        resource, _, group = resource.partition(".")
        namespace, name = place
        request = {"verb": verb, "resource": resource, "group": group, "namespace": namespace, "name": name}
        return allowed(self.objects, (who[0], set(who[1])), request)

    def wins(self) -> bool:
        return any(self.may(who, "*", "*.*") for who in self.held)

    def attack(self) -> bool:
        before = ""
        while before != (
            now := repr(
                (sorted(self.held, key=repr), self.objects, sorted(self.accounts), sorted(self.secrets))
            )
        ):
            before = now
            for who in sorted(self.held, key=repr):
                self.become(who)
                self.create(who)
                self.bind(who)
                self.write_roles(who)
            if self.wins():
                return True
        return False

    def named(self) -> Iterator[Json]:
        for item in self.objects:
            yield from listed(get(item, "subjects"))

    def known_accounts(self) -> list[Place]:
        found = {(home, "default") for home in self.namespaces}
        for item in self.objects:
            home = str(get(get(item, "metadata"), "namespace") or "")
            for subject in listed(get(item, "subjects")):
                name = str(get(subject, "name"))
                if get(subject, "kind") == "ServiceAccount":
                    found.add((str(get(subject, "namespace") or home), name))
                elif name.startswith("system:serviceaccount:"):
                    found.add((name.split(":")[2], name.split(":")[3]))
        return sorted(place for place in found if place[0])

    def places(self) -> list[Place]:
        """Accounts that somebody names, and those that may be made."""
        made = ((home, name) for home in self.namespaces for name in self.object_names)
        return list(dict.fromkeys((*self.known_accounts(), *made)))

    def become(self, who: Identity) -> None:
        users = {str(get(each, "name")) for each in self.named() if get(each, "kind") == "User"}
        groups = {str(get(each, "name")) for each in self.named() if get(each, "kind") == "Group"}
        usable = frozenset(
            each for each in groups | {"system:masters"} if self.may(who, "impersonate", "groups", ("", each))
        )
        bases: set[Identity] = set()
        for name in users | {"anybody", *self.object_names}:
            if not name.startswith("system:serviceaccount:") and self.may(
                who, "impersonate", "users", ("", name)
            ):
                bases.add((name, frozenset()))
        for home, name in self.places():
            account = (
                f"system:serviceaccount:{home}:{name}",
                frozenset({"system:serviceaccounts", f"system:serviceaccounts:{home}"}),
            )
            if self.may(who, "impersonate", "serviceaccounts", (home, name)):
                bases.add(account)
            exists = name == "default" or (home, name) in self.accounts
            if exists and self.may(who, "create", "serviceaccounts/token", (home, name)):
                self.held.add(account)
            if any(
                self.may(who, "get", "secrets", (home, key))
                for space, key, owner in self.secrets
                if (space, owner) == (home, name)
            ):
                self.held.add(account)
        self.held |= bases
        if usable:
            self.held |= {(name, usable) for name, _ in bases}

    def create(self, who: Identity) -> None:
        for home, name in self.places():
            if self.may(who, "create", "serviceaccounts", (home, "")):
                self.accounts.add((home, name))
            exists = name == "default" or (home, name) in self.accounts
            if exists and self.may(who, "create", "secrets", (home, "")):
                self.secrets |= {(home, key, name) for key in (*self.object_names, "token")}

    def roles(self) -> list[tuple[str, str, str, Json]]:
        return [
            (
                str(get(item, "kind")),
                str(get(get(item, "metadata"), "namespace") or ""),
                str(get(get(item, "metadata"), "name")),
                item,
            )
            for item in self.objects
            if get(item, "kind") in {"Role", "ClusterRole"}
        ]

    def bind(self, who: Identity) -> None:
        for kind, home, name, item in self.roles():
            for namespace in [home] if home else ["", *self.namespaces]:
                bindings = f"{'rolebindings' if namespace else 'clusterrolebindings'}{RBAC}"
                writes = self.may(who, "create", bindings, (namespace, "")) or any(
                    self.may(who, verb, bindings, (namespace, str(get(get(each, "metadata"), "name"))))
                    for each in self.objects
                    if get(get(each, "roleRef"), "name") == name
                    and get(get(each, "roleRef"), "kind") == kind
                    and str(get(get(each, "metadata"), "namespace") or "") == namespace
                    for verb in ("update", "patch")
                )
                rights = self.may(who, "bind", f"{kind.lower()}s{RBAC}", (namespace, name)) or (
                    self.passes_on
                    and all(self.holds(who, rule, namespace) for rule in listed(get(item, "rules")))
                )
                if writes and rights:
                    self.add(binding(kind, name, namespace))

    def write_roles(self, who: Identity) -> None:
        for kind, home, name, item in self.roles():
            kinds = f"{kind.lower()}s{RBAC}"
            if any(self.may(who, verb, kinds, (home, name)) for verb in ("update", "patch")):
                if self.may(who, "escalate", kinds, (home, name)):
                    self.write(item, ALL)
                self.pass_rules_on(who, home, item)
        for kinds, home in [("clusterroles", ""), *(("roles", home) for home in self.namespaces)]:
            if not self.may(who, "create", f"{kinds}{RBAC}", (home, "")):
                continue
            there = {(space, name) for kind, space, name, _ in self.roles() if f"{kind.lower()}s" == kinds}
            for name in self.role_names:
                if (home, name) not in there:
                    item = role(kinds, name, home)
                    if self.may(who, "escalate", f"{kinds}{RBAC}", (home, "")):
                        self.write(item, ALL)
                    self.pass_rules_on(who, home, item)
                    if listed(get(item, "rules")):
                        self.objects.append(item)

    def pass_rules_on(self, who: Identity, home: str, item: Json) -> None:
        if self.passes_on:
            rules = [rule for *_, each in self.roles() for rule in listed(get(each, "rules"))]
            for rule in rules:
                if self.holds(who, rule, home):
                    self.write(item, rule)

    def holds(self, who: Identity, rule: Json, namespace: str) -> bool:
        """Whether an identity holds all that a rule says, in a namespace."""
        return all(
            self.may(who, str(verb), f"{resource}.{group}", (namespace, str(name)))
            for verb in listed(get(rule, "verbs"))
            for group in listed(get(rule, "apiGroups"))
            for resource in listed(get(rule, "resources"))
            for name in listed(get(rule, "resourceNames")) or [""]
        )

    def write(self, item: Json, rule: Json) -> None:
        rules = get(item, "rules")
        if isinstance(rules, list) and rule not in rules:
            rules.append(copy.deepcopy(rule))

    def add(self, item: Json) -> None:
        if item not in self.objects:
            self.objects.append(item)


def role(kinds: str, name: str, home: str) -> Json:
    metadata: Json = {"name": name, "namespace": home} if home else {"name": name}
    rules: list[Json] = []
    return {"kind": "Role" if kinds == "roles" else "ClusterRole", "metadata": metadata, "rules": rules}


def binding(kind: str, name: str, namespace: str) -> Json:
    metadata: Json = {"name": f"new-{name}", "namespace": namespace} if namespace else {"name": f"new-{name}"}
    return {
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": metadata,
        "roleRef": {"kind": kind, "name": name},
        "subjects": [EVERYONE],
    }
