"""Policy documents: what each statement names, and what of it could not be understood.

Nothing that is unread is dropped. A statement with something unread in it may apply wherever its readable part does,
on either side: a Deny that may fire, an Allow that may grant. A document that cannot be read at all is one statement
that may match anything and may have either effect.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import cast
from urllib.parse import unquote

from auditwright.access.conditions import MAX_SHOWN, Condition, parse_condition
from auditwright.access.glob import GlobSet, Names, compile_globs, lower
from auditwright.access.variables import Template, has_variables, parse_template

MAX_DOCUMENT_BYTES = 2_000_000
"""AWS accepts no policy of more than 51,200 characters (S3 access points 20 KB, key policies 32 KB)."""

MAX_NUMBER = 10**40
"""A number that a condition compares with is smaller."""

VARIABLES_SINCE = "2012-10-17"
VERSIONS = ("2008-10-17", VARIABLES_SINCE)
"""AWS: without a version, a policy is of 2008-10-17."""


class Effect(StrEnum):
    """What a statement does where it applies."""

    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """The actions that a statement names, or all others (NotAction)."""

    patterns: tuple[str, ...]
    negated: bool
    _globs: GlobSet = field(compare=False, repr=False)

    def match(self, action: str) -> bool:
        """True where an action, given in lower case, is among them."""
        return self._globs.matches(action) is not self.negated

    def among(self, actions: Names) -> frozenset[str]:
        """Those of some actions, given in lower case, that are among them."""
        return actions.fitting(self._globs, negated=self.negated)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """The resources that a statement names, or all others (NotResource)."""

    patterns: tuple[str, ...]
    negated: bool
    fixed: GlobSet = field(compare=False, repr=False)
    """The patterns without variables."""
    templates: tuple[Template, ...] = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principals:
    """Whom a statement of a resource's own policy names, or everybody else (NotPrincipal)."""

    negated: bool
    everyone: bool = False
    accounts: frozenset[str] = frozenset()
    """By number or by the ARN of their root."""
    arns: frozenset[str] = frozenset()
    """Users, roles, sessions of roles, federated users."""
    unique_ids: frozenset[str] = frozenset()
    """What AWS shows in place of the ARN of a principal that was deleted."""
    services: frozenset[str] = frozenset()
    providers: frozenset[str] = frozenset()
    canonical_users: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement. An element that it lacks, or that could not be read, is None."""

    sid: str
    index: int
    effect: Effect | None
    actions: Actions | None
    resources: Resources | None
    principals: Principals | None
    conditions: tuple[Condition, ...]
    unread: tuple[str, ...]
    """What could not be understood. With anything here, the statement never surely applies."""

    @property
    def uses_variables(self) -> bool:
        """True where what it matches depends on who calls, so that it has to be asked for each caller."""
        templates = bool(self.resources and self.resources.templates)
        return templates or any(condition.templates for condition in self.conditions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy document. Two with the same content have the same `key`, whatever they are called."""

    name: str
    version: str = field(compare=False)
    statements: tuple[Statement, ...] = field(compare=False, repr=False)
    key: str
    """A digest of the content: what to keep answers under."""
    _relevant: dict[str, tuple[Statement, ...]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def unread(self) -> tuple[str, ...]:
        """What could not be understood, of all statements."""
        return tuple(what for statement in self.statements for what in statement.unread)

    def relevant(self, action: str) -> tuple[Statement, ...]:
        """The statements that may concern an action; the answer is kept."""
        action = lower(action)
        found = self._relevant.get(action)
        if found is None:
            found = tuple(
                statement
                for statement in self.statements
                if statement.actions is None or statement.actions.match(action)
            )
            self._relevant[action] = found
        return found


# --- writing


def statement_document(statement: Statement) -> dict[str, object]:
    """A statement as JSON would have it, for showing; only what was read of it is in it."""
    document: dict[str, object] = {"Sid": statement.sid} if statement.sid else {}
    if statement.effect is not None:
        document["Effect"] = statement.effect.value
    if statement.principals is not None:
        document["NotPrincipal" if statement.principals.negated else "Principal"] = _written(
            statement.principals
        )
    for name, named in (("Action", statement.actions), ("Resource", statement.resources)):
        if named is not None:
            document[f"Not{name}" if named.negated else name] = _one_or_more(named.patterns)
    block: dict[str, dict[str, object]] = {}
    for each in statement.conditions:
        block.setdefault(each.written, {})[each.spelled_key] = _one_or_more(each.values)
    return document | ({"Condition": block} if block else {})


def _one_or_more(texts: Sequence[str]) -> object:
    return texts[0] if len(texts) == 1 else list(texts)


def _written(named: Principals) -> object:
    aws = ["*"] * named.everyone + sorted(named.accounts | named.arns | named.unique_ids)
    kinds = {
        "AWS": aws,
        "Service": sorted(named.services),
        "Federated": sorted(named.providers),
        "CanonicalUser": sorted(named.canonical_users),
    }
    if named.everyone and sum(map(len, kinds.values())) == 1:
        return "*"
    return {kind: _one_or_more(names) for kind, names in kinds.items() if names}


# --- reading


class _Repeated(dict[str, object]):
    """A JSON object in which a key stands twice: which of the two counts is not known."""


def parse_policy_text(text: str | bytes, *, name: str) -> Policy:
    """The policy of a JSON text, URL-encoded as IAM returns it or not. Never raises: what is unreadable is unread."""
    if len(text) > MAX_DOCUMENT_BYTES:
        return unreadable_policy(f"the document has more than {MAX_DOCUMENT_BYTES:,} bytes", name=name)
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text.removeprefix("\ufeff")
        if decoded.lstrip().lower().startswith("%7b"):
            decoded = unquote(decoded, errors="strict")
        document: object = json.loads(decoded, object_pairs_hook=json_object, parse_constant=_no_constant)
    except UnicodeDecodeError:
        return unreadable_policy("the document is not UTF-8", name=name)
    except RecursionError:
        return unreadable_policy("the document nests too deep", name=name)
    except ValueError as error:
        return unreadable_policy(f"the document is no JSON: {str(error)[:MAX_SHOWN]}", name=name)
    return parse_policy(document, name=name)


def json_object(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """A JSON object, or one that is marked because a key stands in it twice; as json's `object_pairs_hook`."""
    members = dict(pairs)
    return members if len(members) == len(pairs) else _Repeated(members)


def repeats_a_key(value: object) -> bool:
    """True for an object of `json_object` in which a key stands twice."""
    return isinstance(value, _Repeated)


def _no_constant(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON")


def unreadable_policy(why: str, *, name: str) -> Policy:
    """A policy of which nothing is known: it may allow or deny anything."""
    statement = Statement(
        sid="",
        index=0,
        effect=None,
        actions=None,
        resources=None,
        principals=None,
        conditions=(),
        unread=(why,),
    )
    return _policy(name, "", (statement,))


def parse_policy(document: object, *, name: str) -> Policy:
    """The policy of a decoded JSON document. Never raises: what is unreadable is unread."""
    if not isinstance(document, dict):
        return unreadable_policy("the document is no JSON object", name=name)
    if isinstance(document, _Repeated):
        return unreadable_policy("the document names an element twice", name=name)
    members = cast("Mapping[object, object]", document)
    version = members.get("Version", VERSIONS[0])
    found = members.get("Statement")
    statements = cast("list[object]", found) if isinstance(found, list) else [found]
    if found is None:
        return unreadable_policy("the document has no Statement", name=name)
    unread = [f"unknown element {str(key)[:MAX_SHOWN]!r}" for key in members if key not in _DOCUMENT_ELEMENTS]
    if version not in VERSIONS:
        unread.append("unknown Version")
    variables = version == VARIABLES_SINCE
    parsed = tuple(
        _Reader(variables=variables, unread=list(unread)).statement(statement, index)
        for index, statement in enumerate(statements)
    )
    return _policy(name, version if isinstance(version, str) else "", parsed)


def _policy(name: str, version: str, statements: tuple[Statement, ...]) -> Policy:
    variables = version == VARIABLES_SINCE
    key = _digest([variables, *(_content(statement) for statement in statements)])
    return Policy(name=name, version=version, statements=statements, key=key)


def part_of(policy: Policy, statements: Iterable[Statement]) -> Policy:
    """A policy of some of the statements of another; they keep their places in its trace."""
    return _policy(policy.name, policy.version, tuple(statements))


_DOCUMENT_ELEMENTS = frozenset({"Version", "Id", "Statement"})
_STATEMENT_ELEMENTS = frozenset(
    {
        "Sid",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Principal",
        "NotPrincipal",
        "Condition",
    }
)


def _digest(content: object) -> str:
    written = json.dumps(content, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return hashlib.sha256(written).hexdigest()


def _content(statement: Statement) -> object:
    """All that the meaning and the naming of a statement depend on, in one order."""
    actions, resources, principals = statement.actions, statement.resources, statement.principals
    return [
        statement.sid,
        statement.effect,
        actions and [actions.negated, sorted(map(lower, actions.patterns))],
        resources and [resources.negated, sorted(resources.patterns)],
        principals
        and [
            principals.negated,
            principals.everyone,
            *(
                sorted(names)
                for names in (
                    principals.accounts,
                    principals.arns,
                    principals.unique_ids,
                    principals.services,
                    principals.providers,
                    principals.canonical_users,
                )
            ),
        ],
        sorted([each.written, each.key, *sorted(each.values)] for each in statement.conditions),
        sorted(statement.unread),
    ]


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Reads one statement and notes what it could not understand."""

    variables: bool
    unread: list[str]

    def statement(self, value: object, index: int) -> Statement:
        members: Mapping[object, object] = {}
        if not isinstance(value, dict):
            self.unread.append("the statement is no JSON object")
        else:
            members = cast("Mapping[object, object]", value)
            if isinstance(value, _Repeated):
                self.unread.append("the statement names an element twice")
                # Which of the two counts is not known, so neither does: the rest may match anything.
                members = {}
        self.unread += [
            f"unknown element {str(key)[:MAX_SHOWN]!r}" for key in members if key not in _STATEMENT_ELEMENTS
        ]
        sid = members.get("Sid", "")
        if not isinstance(sid, str):
            self.unread.append("Sid is no text")
        return Statement(
            sid=sid if isinstance(sid, str) else "",
            index=index,
            effect=self._effect(members),
            actions=self._actions(members),
            resources=self._resources(members),
            principals=self._principals(members),
            conditions=self._conditions(members),
            unread=tuple(self.unread),
        )

    def _effect(self, members: Mapping[object, object]) -> Effect | None:
        # AWS: the value of Effect is case-sensitive.
        effect = members.get("Effect")
        if isinstance(effect, str) and effect in tuple(Effect):
            return Effect(effect)
        self.unread.append("Effect is neither Allow nor Deny")
        return None

    def _element(self, members: Mapping[object, object], name: str) -> tuple[object, bool] | None:
        """The value of an element or of its Not form, and which; None where neither stands there, or both do."""
        negative = f"Not{name}"
        if name in members and negative in members:
            self.unread.append(f"both {name} and {negative}")
            return None
        if negative in members:
            return members[negative], True
        return (members[name], False) if name in members else None

    def _texts(self, value: object, what: str) -> tuple[str, ...] | None:
        texts = cast("list[object]", value) if isinstance(value, list) else [value]
        if not texts or not all(isinstance(text, str) and text for text in texts):
            self.unread.append(f"{what} is neither a text nor a list of texts")
            return None
        return tuple(str(text) for text in texts)

    def _actions(self, members: Mapping[object, object]) -> Actions | None:
        found = self._element(members, "Action")
        if found is None:
            if "Action" not in members:
                self.unread.append("neither Action nor NotAction")
            return None
        value, negated = found
        patterns = self._texts(value, "NotAction" if negated else "Action")
        if patterns is None:
            return None
        strange = [pattern for pattern in patterns if not _ACTION.fullmatch(pattern)]
        if strange:
            self.unread.append(f"unreadable action {strange[0][:MAX_SHOWN]!r}")
            return None
        globs = compile_globs([lower(pattern) for pattern in patterns])
        return Actions(patterns=patterns, negated=negated, _globs=globs)

    def _resources(self, members: Mapping[object, object]) -> Resources | None:
        found = self._element(members, "Resource")
        if found is None:
            return None
        value, negated = found
        patterns = self._texts(value, "NotResource" if negated else "Resource")
        if patterns is None:
            return None
        # AWS: a resource is an ARN or `*`. Whatever else stands there, such as a placeholder, may have meant any.
        strange = [pattern for pattern in patterns if not pattern.startswith(_RESOURCE_BEGINS)]
        if strange:
            self.unread.append(f"unreadable resource {strange[0][:80]!r}")
            return None
        templates: list[Template] = []
        fixed: list[str] = []
        for pattern in patterns:
            if not self.variables or not has_variables(pattern):
                fixed.append(pattern)
                continue
            template = parse_template(pattern, wildcards=True)
            if template is None:
                self.unread.append(f"unreadable variable in {pattern[:MAX_SHOWN]!r}")
                return None
            templates.append(template)
        return Resources(
            patterns=patterns, negated=negated, fixed=compile_globs(fixed), templates=tuple(templates)
        )

    def _principals(self, members: Mapping[object, object]) -> Principals | None:
        found = self._element(members, "Principal")
        if found is None:
            return None
        value, negated = found
        if value == "*":
            return Principals(negated=negated, everyone=True)
        if not isinstance(value, dict) or isinstance(value, _Repeated) or not value:
            self.unread.append("Principal is neither * nor a JSON object")
            return None
        sorted_out = _Named()
        for kind, names in cast("Mapping[object, object]", value).items():
            texts = self._texts(names, f"Principal {str(kind)[:MAX_SHOWN]}")
            if texts is None:
                return None
            strange = next((text for text in texts if not sorted_out.add(str(kind), text)), None)
            if strange is not None:
                self.unread.append(f"unreadable principal {strange[:MAX_SHOWN]!r}")
                return None
        return sorted_out.principals(negated=negated)

    def _conditions(self, members: Mapping[object, object]) -> tuple[Condition, ...]:
        if "Condition" not in members:
            return ()
        conditions: list[Condition] = []
        block = self._tests(members["Condition"], "Condition")
        for spelled, keys in block.items():
            what = f"Condition {spelled[:MAX_SHOWN]}"
            tests = self._tests(keys, what)
            if keys == {}:
                self.unread.append(f"{what} names no key")
            for key, value in tests.items():
                values = self._values(value)
                if values is None:
                    self.unread.append(f"{what}: {key[:MAX_SHOWN]}: unreadable values")
                    continue
                found = parse_condition(spelled, key, values, variables=self.variables)
                if isinstance(found, str):
                    self.unread.append(found)
                else:
                    conditions.append(found)
        return tuple(conditions)

    def _tests(self, value: object, what: str) -> Mapping[str, object]:
        """The members of a JSON object; none where it is no object, or names one of them twice in any case."""
        if isinstance(value, dict) and not isinstance(value, _Repeated):
            names = {key.lower() for key in value if isinstance(key, str)}
            if len(names) == len(value):
                return cast("Mapping[str, object]", value)
        self.unread.append(f"{what} is no JSON object with texts as keys, each once")
        return {}

    def _values(self, value: object) -> tuple[str, ...] | None:
        """The values of a condition as texts: AWS leaves the quotation marks of numbers and booleans optional."""
        texts: list[str] = []
        for each in cast("list[object]", value) if isinstance(value, list) else [value]:
            match each:
                case bool():
                    texts.append("true" if each else "false")
                case str():
                    texts.append(each)
                case int() | float() if abs(each) < MAX_NUMBER:
                    texts.append(str(each))
                case _:
                    return None
        return tuple(texts)


_RESOURCE_BEGINS = ("arn:", "*", "?", "a*", "ar*", "arn*", "${")
_ACTION = re.compile(r"\*|[^:\s]+:[^:\s]+")
"""AWS: a service's prefix, a colon, a name with or without wildcards; or everything."""

_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_ROOT = re.compile(r"arn:[\w-]+:iam::(\d{12}):root", re.ASCII)
_PRINCIPAL = re.compile(r"arn:[\w-]+:(?:iam|sts)::[\w-]+:[^*?]+", re.ASCII)
"""AWS: a wildcard cannot match part of a principal's name or ARN."""
_UNIQUE_ID = re.compile(r"A(?:ID|RO)A[A-Z0-9]+", re.ASCII)


@dataclass(slots=True)
class _Named:
    """Principals of a statement while they are sorted out."""

    everyone: bool = False
    names: dict[str, set[str]] = field(default_factory=dict)

    def add(self, kind: str, name: str) -> bool:
        """Note one; False where it cannot be understood."""
        place = self._place(kind, name)
        if place == "everyone":
            self.everyone = True
        elif place is not None:
            root = _ROOT.fullmatch(name)
            self.names.setdefault(place, set()).add(root.group(1) if root else name)
        return place is not None

    @staticmethod
    def _place(kind: str, name: str) -> str | None:  # noqa: PLR0911  # one return for each kind of name
        match kind:
            case "AWS":
                if name == "*":
                    return "everyone"
                if _ACCOUNT.fullmatch(name) or _ROOT.fullmatch(name):
                    return "accounts"
                if _UNIQUE_ID.fullmatch(name):
                    return "unique_ids"
                return "arns" if _PRINCIPAL.fullmatch(name) else None
            case "Service":
                return "services"
            case "Federated":
                return None if "*" in name else "providers"
            case "CanonicalUser":
                return "canonical_users"
            case _:
                return None

    def principals(self, *, negated: bool) -> Principals:
        """What was noted."""
        names: Iterator[tuple[str, set[str]]] = iter(self.names.items())
        return Principals(
            negated=negated, everyone=self.everyone, **{place: frozenset(found) for place, found in names}
        )
