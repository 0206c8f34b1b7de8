"""Everything that the pages do, the API does too: each route of a page names its twin, or why it has none."""

from collections.abc import Iterator, Mapping, Sequence

from fastapi.routing import APIRoute

from auditwright.app.rights import Right
from auditwright.web.api.description import right_of
from auditwright.web.api.rows import PREFIX
from auditwright.web.application import ROUTERS

TWINS: Mapping[str, Sequence[str]] = {
    "GET /": (
        "GET /overview",
        "GET /overview/attention",
        "GET /overview/ahead",
        "GET /overview/freshness",
        "GET /overview/days",
    ),
    "GET /criteria": ("GET /criteria",),
    "GET /criteria/{criterion}": ("GET /criteria/{criterion}",),
    "GET /controls": ("GET /controls",),
    "GET /controls/{control}": ("GET /controls/{control}",),
    "GET /tests": ("GET /tests",),
    "GET /tests/{test}": ("GET /tests/{test}", "GET /tests/{test}/items", "GET /tests/{test}/results"),
    "GET /tests/{test}/item": ("GET /tests/{test}/item",),
    "GET /findings": ("GET /findings", "GET /findings/counts"),
    "GET /findings/one": ("GET /findings/one",),
    "POST /findings/one/owner": ("POST /findings/owner",),
    "POST /findings/one/comments": ("POST /findings/comments",),
    "GET /waivers": ("GET /waivers",),
    "GET /waivers/{waiver:path}": ("GET /waivers/{waiver}",),
    "GET /waivers/ask": ("GET /tests/{test}/covered",),
    "POST /waivers/ask": ("POST /waivers",),
    "POST /waivers/decide": ("POST /waivers/{waiver}/decision",),
    "GET /waivers/end": ("GET /waivers/{waiver}", "GET /tests/{test}/covered"),
    "POST /waivers/end": ("POST /waivers/{waiver}/end",),
    "GET /evidence": ("GET /evidence",),
    "GET /evidence/{digest}": ("GET /evidence/{digest}", "GET /evidence/{digest}/derived"),
    "GET /evidence/{digest}/raw": ("GET /evidence/{digest}/raw",),
    "GET /evidence/{digest}/proof": ("GET /evidence/{digest}/proof",),
    "GET /evidence/{digest}/leaf": ("GET /evidence/{digest}/proof",),
    "GET /inventory": ("GET /inventory",),
    "GET /inventory/{kind}": ("GET /inventory/{kind}",),
    "GET /inventory/{kind}/one": ("GET /inventory/{kind}/one",),
    "GET /integrations": ("GET /integrations",),
    "GET /integrations/{name}": (
        "GET /integrations/{integration}",
        "GET /integrations/{integration}/settings",
    ),
    "POST /integrations/{name}": ("POST /integrations/{integration}/settings",),
    "POST /integrations/{name}/check": ("POST /integrations/{integration}/check",),
    "GET /integrations/{name}/disconnect": ("GET /integrations/{integration}",),
    "POST /integrations/{name}/disconnect": ("POST /integrations/{integration}/disconnect",),
    "GET /access": ("GET /access", "GET /access/target"),
    "GET /access/credentials": ("GET /access/credentials",),
    "GET /access/fix": ("GET /access/fix", "GET /access/what-if"),
    "GET /access/lint": ("GET /access/lint",),
    "GET /vulnerabilities": (
        "GET /vulnerabilities",
        "GET /vulnerabilities/counts",
        "GET /vulnerabilities/upgrades",
        "GET /vulnerabilities/disagreement",
    ),
    "GET /vulnerabilities/one": ("GET /vulnerabilities/one",),
    "GET /releases": ("GET /releases",),
    "GET /releases/one": (
        "GET /releases/{release}",
        "GET /releases/{release}/issues",
        "GET /releases/{release}/compared",
    ),
    "GET /releases/one/{file}": ("GET /evidence/{digest}/raw",),
    "GET /runs": ("GET /runs", "GET /runs/now"),
    "GET /runs/{run}": ("GET /runs/{run}",),
    "GET /runs/{run}/gaps": ("GET /runs/{run}/gaps",),
    "POST /runs/start": ("POST /runs",),
    "POST /runs/stop": ("POST /runs/stop",),
    "GET /people": ("GET /people", "GET /invitations"),
    "POST /people/invite": ("POST /invitations",),
    "POST /people/invitations/withdraw": ("POST /invitations/{invitation}/withdraw",),
    "POST /people/{account}/role": ("POST /people/{account}/role",),
    "POST /people/{account}/end": ("POST /people/{account}/end",),
    "POST /people/{account}/sessions": ("POST /people/{account}/sessions/end",),
    "GET /audit-log": ("GET /acts",),
    "GET /audit-log/{seq}": ("GET /acts/{seq}",),
    "GET /audit-log/{seq}/leaf": ("GET /acts/{seq}",),
    "GET /audit-log/{seq}/proof": ("GET /acts/{seq}",),
    "GET /search": ("GET /search",),
    "GET /settings": ("GET /settings",),
    "GET /settings/webhooks": ("GET /webhooks",),
    "POST /settings/webhooks": ("POST /webhooks",),
    "POST /settings/webhooks/test": ("POST /webhooks/{webhook}/test",),
    "POST /settings/webhooks/end": ("POST /webhooks/{webhook}/end",),
    "GET /account": ("GET /whoami",),
    "GET /account/tokens": ("GET /tokens",),
    "POST /account/tokens/end": ("POST /tokens/{token}/end",),
}
"""By method and path of a page, the calls that answer or do the same; those are below /api/v1."""

PAGE_ONLY: Mapping[str, Sequence[str]] = {
    "Signing in and out is a person's, with two factors; a program shows a token": (
        "GET /sign-in",
        "POST /sign-in",
        "GET /sign-in/code",
        "POST /sign-in/code",
        "POST /sign-in/passkey",
        "POST /sign-in/passkey/options",
        "POST /sign-in/provider",
        "GET /sign-in/provider/back",
        "POST /sign-in/provider/codes",
        "GET /sign-in/provider/picture.svg",
        "GET /sign-in/recovery",
        "POST /sign-in/recovery",
        "POST /sign-out",
    ),
    "Who is invited chooses two factors in a browser": (
        "GET /invitation/{token}",
        "POST /invitation/{token}/codes",
        "POST /invitation/{token}/passkey",
        "POST /invitation/{token}/passkey/options",
        "POST /invitation/{token}/password",
        "GET /invitation/{token}/picture.svg",
    ),
    "How somebody signs in, and in which browsers, is changed by themselves with a second factor": (
        "POST /account/codes",
        "POST /account/codes/confirm",
        "GET /account/codes/picture.svg",
        "POST /account/passkeys",
        "POST /account/passkeys/options",
        "POST /account/passkeys/remove",
        "POST /account/password",
        "POST /account/recovery",
        "POST /account/sessions/end",
        "GET /account/prove",
        "POST /account/prove",
        "POST /account/prove/options",
        "POST /account/prove/passkey",
    ),
    "A token that makes tokens would never end": ("POST /account/tokens",),
    "How pages look and are used in one browser": ("POST /account/theme", "POST /account/keys"),
    "A page that asks once more, and shows nothing that its other page does not": (
        "GET /people/{account}/end",
    ),
    "The description of the API is GET /openapi.json": ("GET /api", "GET /api-shapes"),
    "For whoever watches the process": ("GET /healthz", "GET /readyz"),
}
"""By reason, what a browser alone reaches."""

OWN = {"GET /openapi.json": "the description of the API itself"}
"""What only programs ask."""

NARROWER: Mapping[str, tuple[Right, Right]] = {
    "GET /account/tokens": (Right.SELF, Right.MANAGE_SETTINGS),
    "POST /account/tokens/end": (Right.SELF, Right.MANAGE_SETTINGS),
    "GET /waivers/ask": (Right.ASK_WAIVERS, Right.READ_PROGRAM),
    "GET /waivers/end": (Right.DECIDE_WAIVERS, Right.READ_PROGRAM),
    "GET /integrations/{name}": (Right.READ_SYSTEMS, Right.CONNECT),
    "GET /integrations/{name}/disconnect": (Right.CONNECT, Right.READ_SYSTEMS),
    "GET /releases/one/{file}": (Right.READ_SYSTEMS, Right.READ_PROGRAM),
}
"""Where a page and its twin ask for different rights: a token that reads alone ends no tokens of its maker, and is not
told the settings of integrations; a form shows what reading alone shows too; evidence is read by who sees it."""


def _routes() -> Iterator[tuple[str, Right | None]]:
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            for method in route.methods or ():
                yield f"{method} {route.path}", right_of(route)


ROUTES = dict(_routes())

CALLS = {name.replace(PREFIX, "", 1): right for name, right in ROUTES.items() if f" {PREFIX}/" in name}

PAGES = {name: right for name, right in ROUTES.items() if f" {PREFIX}/" not in name}

FILES = {name for name in PAGES if name.endswith((".csv", ".json", ".{suffix}"))}
"""The whole of a list as a file: the twin of the list gives it a page at a time."""


def test_every_page_has_a_twin_in_the_api_or_a_reason() -> None:
    only = [name for names in PAGE_ONLY.values() for name in names]
    assert sorted([*TWINS, *only, *FILES]) == sorted(PAGES)


def test_every_list_that_is_a_file_is_a_list_of_the_api() -> None:
    assert {name.rpartition(".")[0] for name in FILES} <= set(TWINS)


def test_every_twin_is_a_call_of_the_api_and_every_call_a_twin() -> None:
    named = {call for calls in TWINS.values() for call in calls}
    assert named | set(OWN) == set(CALLS)


def test_a_call_asks_for_the_right_that_its_page_asks_for() -> None:
    different = {
        page: rights
        for page, calls in TWINS.items()
        for call in calls
        if (rights := (PAGES[page], CALLS[call]))[0] is not rights[1]
    }
    assert different == NARROWER
