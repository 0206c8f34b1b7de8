"""Who may do what: one table, and nothing is allowed that does not stand in it."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from auditwright.core.account import Role


class Right(StrEnum):
    """Something that a page, a form or a call of the API asks for."""

    SELF = "self"
    """One's own account: how one signs in, sessions, tokens."""
    READ_PROGRAM = "read-program"
    """Frameworks, controls, tests, findings, waivers, evidence."""
    READ_SYSTEMS = "read-systems"
    """Inventory, access, vulnerabilities, releases, integrations, runs."""
    OWN_FINDINGS = "own-findings"
    """Name an owner and a due date, and comment."""
    ASK_WAIVERS = "ask-waivers"
    """Ask for a waiver; another person decides."""
    DECIDE_WAIVERS = "decide-waivers"
    """Approve what another person asked for, decline it, or end it."""
    RUN = "run"
    """Start a collection, or stop it."""
    CONNECT = "connect"
    """Settings and secrets of integrations."""
    READ_LOG = "read-log"
    """What people did."""
    MANAGE_SETTINGS = "manage-settings"
    """Webhooks, and the tokens of others."""
    MANAGE_PEOPLE = "manage-people"
    """Invitations, roles, sessions of others."""


_EMPLOYEE = frozenset({Right.SELF})
_AUDITOR = frozenset({Right.SELF, Right.READ_PROGRAM})
_ENGINEER = frozenset(
    {
        Right.SELF,
        Right.READ_PROGRAM,
        Right.READ_SYSTEMS,
        Right.OWN_FINDINGS,
        Right.ASK_WAIVERS,
        Right.RUN,
        Right.CONNECT,
    }
)
_COMPLIANCE = _ENGINEER | {Right.DECIDE_WAIVERS, Right.READ_LOG, Right.MANAGE_SETTINGS}

RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.OWNER: frozenset(Right),
    Role.COMPLIANCE: _COMPLIANCE,
    Role.ENGINEER: _ENGINEER,
    Role.EMPLOYEE: _EMPLOYEE,
    Role.AUDITOR: _AUDITOR,
}
"""An auditor reads the program within one engagement, which `app.queries.view` narrows further."""


def may(role: Role, right: Right) -> bool:
    """Whether a role has a right."""
    return right in RIGHTS[role]


class TokenScope(StrEnum):
    """What a token of the API is good for."""

    READ = "read"
    """See what its maker sees."""
    FINDINGS = "findings"
    """Name owners and due dates, and comment."""
    WAIVERS = "waivers"
    """Ask for waivers, decide about those of others, and end them."""
    RUNS = "runs"
    """Start and stop runs."""
    ADMINISTRATION = "administration"
    """The audit log, integrations, webhooks, the tokens of others and people."""


SCOPES: Mapping[TokenScope, frozenset[Right]] = {
    TokenScope.READ: frozenset({Right.READ_PROGRAM, Right.READ_SYSTEMS}),
    TokenScope.FINDINGS: frozenset({Right.OWN_FINDINGS}),
    TokenScope.WAIVERS: frozenset({Right.ASK_WAIVERS, Right.DECIDE_WAIVERS}),
    TokenScope.RUNS: frozenset({Right.RUN}),
    TokenScope.ADMINISTRATION: frozenset(
        {Right.READ_LOG, Right.CONNECT, Right.MANAGE_SETTINGS, Right.MANAGE_PEOPLE}
    ),
}
"""What each scope lets through of the rights that the role of a token's maker has; it adds none. `Right.SELF` asks
for no scope: a token may always say whose it is.
"""


def token_may(role: Role, scopes: Iterable[str], right: Right) -> bool:
    """Whether a token with these scopes has a right: its maker's role and one of its scopes must allow it."""
    if not may(role, right):
        return False
    return right is Right.SELF or any(right in SCOPES[TokenScope(scope)] for scope in scopes)


def scopes_for(role: Role) -> tuple[TokenScope, ...]:
    """The scopes that somebody of a role may give to a token: those that would let something through."""
    return tuple(scope for scope, allowed in SCOPES.items() if allowed & RIGHTS[role])
