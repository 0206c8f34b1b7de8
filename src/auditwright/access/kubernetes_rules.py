"""One rule of Kubernetes authorization, and whether it matches a request.

The rules are those of the RBAC authorizer: rules only allow, and a request that no rule matches is denied.
"""

from dataclasses import dataclass
from typing import TypeAlias

EVERY = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Verbs on resources of API groups, or on URLs that are no resources."""

    verbs: frozenset[str]
    api_groups: frozenset[str] = frozenset()
    resources: frozenset[str] = frozenset()
    """Such as `pods`, `pods/exec`, `*/scale` (that subresource of everything) or `*` (everything)."""
    resource_names: frozenset[str] = frozenset()
    """Only objects of these names; empty: all objects."""
    urls: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request for a resource, such as `create` on `pods/exec`.

    The verb, group and resource `*` ask for everything at once: only rules that say `*` match.
    """

    verb: str
    group: str = ""
    resource: str
    """With its subresource after a slash."""
    namespace: str = ""
    """Empty: the whole cluster."""
    name: str | None = ""
    """Empty: the request names no object, as `create` never does. None: an object that the caller may choose."""

    def __str__(self) -> str:
        """The request in words, such as `create pods/exec in dev`."""
        group = f".{self.group}" if self.group else ""
        name = f"/{self.name}" if self.name else ""
        where = f" in {self.namespace}" if self.namespace else ""
        return f"{self.verb} {self.resource}{group}{name}{where}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlRequest:
    """A request for a URL that is no resource, such as `/metrics`."""

    verb: str
    path: str


AnyRequest: TypeAlias = Request | UrlRequest


def rule(verbs: str, resources: str, *, group: str = "", names: frozenset[str] = frozenset()) -> Rule:
    """A rule from words that are separated by spaces; for tables."""
    return Rule(
        verbs=frozenset(verbs.split()),
        api_groups=frozenset({group}),
        resources=frozenset(resources.split()),
        resource_names=names,
    )


def matches(rule: Rule, request: AnyRequest) -> bool:
    """True where a rule allows a request, in a namespace to which the rule extends."""
    if not _has(rule.verbs, request.verb):
        return False
    match request:
        case UrlRequest():
            return any(_url_matches(pattern, request.path) for pattern in rule.urls)
        case Request():
            return (
                _has(rule.api_groups, request.group)
                and _resource_matches(rule.resources, request.resource)
                and (not rule.resource_names or request.name is None or request.name in rule.resource_names)
            )


def _has(words: frozenset[str], word: str) -> bool:
    return EVERY in words or word in words


def _resource_matches(resources: frozenset[str], resource: str) -> bool:
    _, slash, subresource = resource.partition("/")
    return _has(resources, resource) or (bool(slash) and f"*/{subresource}" in resources)


def _url_matches(pattern: str, path: str) -> bool:
    return pattern in {EVERY, path} or (pattern.endswith(EVERY) and path.startswith(pattern.rstrip(EVERY)))
