"""Cookies: none is read by scripts, none travels to another site, and by https none travels otherwise."""

from dataclasses import dataclass
from datetime import timedelta

from fastapi import Request, Response

from auditwright.web.site import Site

SESSION = "auditwright"
DEVICE = "auditwright-device"
"""A browser that signed in before: its tries have a budget of their own."""
STEP = "auditwright-step"
"""A sign-in, or one-time codes, that were begun."""
CHALLENGE = "auditwright-challenge"
"""What a passkey has to sign."""

SECURE_PREFIX = "__Host-"
"""A browser takes such a cookie only with Secure, for this host alone, and for the whole site (RFC 6265bis)."""


def name_of(site: Site, name: str) -> str:
    """A cookie's whole name."""
    return f"{SECURE_PREFIX}{name}" if site.address.is_secure else name


def read(request: Request, name: str) -> str:
    """A cookie's value; empty where there is none."""
    return request.cookies.get(name_of(request.app.state.site, name), "")


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie, and for how long a browser keeps it."""

    name: str
    value: str
    lasts: timedelta


def put(response: Response, site: Site, cookie: Cookie) -> None:
    """Set a cookie."""
    response.set_cookie(
        name_of(site, cookie.name),
        cookie.value,
        max_age=int(cookie.lasts.total_seconds()),
        path="/",
        secure=site.address.is_secure,
        httponly=True,
        samesite="lax",
    )


def forget(response: Response, site: Site, *names: str) -> None:
    """Take cookies away."""
    for name in names:
        response.delete_cookie(
            name_of(site, name), path="/", secure=site.address.is_secure, httponly=True, samesite="lax"
        )
