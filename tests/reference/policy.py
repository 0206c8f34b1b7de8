"""AWS's evaluation logic as its user guide tells it, over raw documents and a request that is known to the end.

The oracle for `access.evaluator`: regular expressions, no caches, no third value. Where the guide can be read in two
ways, `reading` picks one for the whole decision, and `doubts` says that it was asked.
"""

import base64
import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from auditwright.access.context import Caller, CallerKind

Json = Mapping[str, object]
SIX = 6
TRUST = ("sts:assumerole", "sts:tagsession", "sts:setsourceidentity", "sts:setcontext")
RCP_SERVICES = ("s3", "sts", "kms", "sqs", "secretsmanager")


def many(value: object) -> list[str]:
    return [text(each) for each in value] if isinstance(value, list) else [text(value)]


def text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def glob(pattern: str, *, flags: int = 0) -> "re.Pattern[str]":
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(each) or re.escape(each) for each in pattern), re.DOTALL | flags)


@dataclass(kw_only=True)
class Reference:
    """One request. Policies are documents; `context` maps lower-cased keys to their values."""

    caller: Caller
    action: str
    resource: str
    resource_account: str
    context: Mapping[str, Sequence[str]]
    reading: bool
    doubts: int = 0

    def doubt(self) -> bool:
        self.doubts += 1
        return self.reading

    # --- values

    def substituted(self, value: str, *, version: object) -> tuple[str, str] | None:
        """A value as pattern and as text, its variables replaced; None where one cannot be."""
        if version != "2012-10-17":
            return value, value
        pattern, plain, place = "", "", 0
        for found in re.finditer(r"\$\{([^}]*)\}", value):
            name, _, default = (each.strip() for each in found[1].partition(","))
            given = (
                [name]
                if name in {"*", "?", "$"}
                else self.context.get(name.lower()) or ([default[1:-1]] if default else [])
            )
            if not given:
                return None
            before, place = value[place : found.start()], found.end()
            # A private-use character stands for each literal one that would be a wildcard.
            pattern += before + given[0].replace("*", "\ue000").replace("?", "\ue001")
            plain += before + given[0]
        return pattern + value[place:], plain + value[place:]

    def like(self, pattern: str, given: str) -> bool:
        given = (
            given.replace("*", "\ue000").replace("?", "\ue001")
            if "\ue000" in pattern or "\ue001" in pattern
            else given
        )
        return bool(glob(pattern).fullmatch(given))

    def compare(self, operator: str, pattern: str, plain: str, given: str) -> bool:  # noqa: PLR0911  # one return an operator
        family = operator.replace("Not", "")
        if family.startswith("Arn"):
            ours, theirs = pattern.split(":", SIX - 1), given.split(":", SIX - 1)
            if min(len(ours), len(theirs)) < SIX:
                return self.like(pattern, given) and self.doubt()
            return all(self.like(our, their) for our, their in zip(ours, theirs, strict=True))
        match family:
            case "StringEquals":
                return given == plain
            case "StringEqualsIgnoreCase":
                return given.lower() == plain.lower()
            case "StringLike":
                return self.like(pattern, given)
            case "Bool":
                return given.lower() == plain.lower()
            case "BinaryEquals":
                return base64.b64decode(given) == base64.b64decode(plain)
            case "IpAddress":
                network = ipaddress.ip_network(plain, strict=False)
                return ipaddress.ip_address(given) in network
        kind, relation = re.fullmatch(r"(Numeric|Date)(.*)", family).groups()  # type: ignore[union-attr]  # no other is made
        seen, limit = (
            self.number(each) if kind == "Numeric" else self.moment(each) for each in (given, plain)
        )
        return {
            "Equals": seen == limit,
            "LessThan": seen < limit,
            "LessThanEquals": seen <= limit,
            "GreaterThan": seen > limit,
            "GreaterThanEquals": seen >= limit,
        }[relation]

    @staticmethod
    def number(given: str) -> Decimal:
        return Decimal(given)

    @staticmethod
    def moment(given: str) -> Decimal:
        if given.isdigit():
            return Decimal(given)
        moment = datetime.fromisoformat(f"{given}-01" if len(given) == len("2026-11") else given)
        return Decimal((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())

    def condition(self, spelled: str, key: str, values: list[str], version: object) -> bool:
        quantifier, _, rest = spelled.rpartition(":")
        operator, if_exists = rest.removesuffix("IfExists"), rest.endswith("IfExists")
        given = self.context.get(key.lower())
        if operator == "Null":
            return (not given) is (values[0].lower() == "true")
        if not given and if_exists:
            return True
        resolved = [self.substituted(value, version=version) for value in values]
        texts = [each for each in resolved if each is not None]
        void = len(texts) < len(resolved)
        negated = "Not" in operator
        if not given:
            holds = {"": negated, "ForAllValues": True, "ForAnyValue": False}[quantifier]
        elif quantifier and list(given) == [""]:
            return quantifier == "ForAllValues"
        else:
            each = [any(self.compare(operator, *both, one) for both in texts) is not negated for one in given]
            if quantifier == "ForAllValues" or (not quantifier and all(each)):
                holds = all(each)
            elif quantifier == "ForAnyValue" or not any(each):
                holds = any(each)
            else:
                holds = self.doubt()
            if void and if_exists:
                return self.doubt()
        # Either the value matches nothing, or the statement is invalid.
        return holds and (not void or self.doubt())

    # --- statements

    def applies(self, statement: Json, version: object, *, of_resource: bool) -> str:
        """How a statement applies: "" for not at all, else whom it names: direct, issuer, account."""
        if not self.named(statement, "Action", version) or not self.named(statement, "Resource", version):
            return ""
        how = self.principal(statement) if of_resource else "direct"
        block = statement.get("Condition", {})
        assert isinstance(block, dict)
        tests = ((op, key, many(values)) for op, keys in block.items() for key, values in keys.items())
        return how if how and all(self.condition(*test, version) for test in tests) else ""

    def named(self, statement: Json, element: str, version: object) -> bool:
        negated = f"Not{element}" in statement
        patterns = many(statement[f"Not{element}" if negated else element])
        if element == "Action":
            return (
                any(glob(each, flags=re.IGNORECASE).fullmatch(self.action) for each in patterns)
                is not negated
            )
        resolved = [self.substituted(each, version=version) for each in patterns]
        found = any(self.like(each[0], self.resource) for each in resolved if each) is not negated
        return found and (None not in resolved or self.doubt())

    def principal(self, statement: Json) -> str:
        negated = "NotPrincipal" in statement
        listed = statement["NotPrincipal" if negated else "Principal"]
        listed = {"AWS": ["*"]} if listed == "*" else listed
        assert isinstance(listed, dict)
        names = {
            re.sub(r"^arn:aws:iam::(\d+):root$", r"\1", name)
            for each in listed.values()
            for name in many(each)
        }
        caller = self.caller
        own = (
            [caller.account, caller.arn, caller.issuer]
            if caller.kind is not CallerKind.ROOT
            else [caller.account]
        )
        if caller.kind in {CallerKind.ANONYMOUS, CallerKind.SERVICE}:
            own = [caller.arn]
        own = [name for name in own if name]
        if not negated:
            how = {caller.arn: "direct", caller.issuer: "issuer", caller.account: "account"}
            return (
                "direct" if "*" in names else next((how[name] for name in how if name and name in names), "")
            )
        if "*" in names or (own and all(name in names for name in own)):
            return ""
        return "direct" if not any(name in names for name in own) or self.doubt() else ""

    # --- policies

    def effects(self, documents: Iterable[Json], *, of_resource: bool = False) -> Iterator[tuple[str, str]]:
        for document in documents:
            statements = document["Statement"]
            assert isinstance(statements, list)
            for statement in statements:
                how = self.applies(statement, document.get("Version"), of_resource=of_resource)
                if how:
                    yield statement["Effect"], how

    def decide(  # noqa: PLR0913  # the kinds of policy that there are
        self,
        *,
        identity: Sequence[Json],
        boundary: Json | None,
        scps: Sequence[Sequence[Json]],
        rcps: Sequence[Sequence[Json]],
        session: Sequence[Json] | None,
        resource: Json | None,
    ) -> str:
        service = self.action.lower().partition(":")[0]
        own = list(self.effects(identity))
        bound = list(self.effects([boundary] if boundary else []))
        during = list(self.effects(session or []))
        attached = list(self.effects([resource] if resource else [], of_resource=True))
        service_linked = "/aws-service-role/" in self.caller.issuer
        control = [
            list(self.effects(level)) for level in ([] if service_linked or not self.caller.account else scps)
        ]
        for level in [] if service_linked else rcps:
            found = list(self.effects(level, of_resource=True))
            if service not in RCP_SERVICES and self.doubt():
                found = [("Allow", "direct")]
            control.append(found)
        # An explicit deny in any policy overrides any allow.
        if any(effect == "Deny" for part in (own, bound, during, attached, *control) for effect, _ in part):
            return "explicit deny"
        if not all(any(effect == "Allow" for effect, _ in level) for level in control):
            return "implicit deny"
        limited = (boundary is None or bool(bound)) and (session is None or bool(during))
        if self.caller.kind is CallerKind.FEDERATED_USER and session is None:
            limited = False
        by_caller = limited and (bool(own) or self.caller.kind is CallerKind.ROOT)
        how = {each for _, each in attached}
        by_resource = "direct" in how or ("issuer" in how and limited) or ("account" in how and by_caller)
        if self.caller.kind in {CallerKind.ANONYMOUS, CallerKind.SERVICE}:
            allowed = bool(how)
        elif self.caller.account != self.resource_account:
            allowed = by_caller and bool(how)
        elif self.action.lower().startswith(TRUST) or service == "kms":
            # Role trust policies and KMS key policies must explicitly allow access.
            allowed = by_resource
        else:
            allowed = by_caller or by_resource
        return "allowed" if allowed else "implicit deny"
