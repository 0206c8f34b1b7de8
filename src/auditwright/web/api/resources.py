"""The resources of the API: a module that is not named here does not exist."""

from fastapi import APIRouter

from auditwright.web.api import (
    access,
    administration,
    evidence,
    findings,
    integrations,
    inventory,
    overview,
    people,
    program,
    releases,
    runs,
    search,
    vulnerabilities,
    waivers,
    webhooks,
    whoami,
)

RESOURCES: tuple[APIRouter, ...] = (
    whoami.router,
    overview.router,
    program.router,
    findings.router,
    waivers.router,
    evidence.router,
    inventory.router,
    access.router,
    vulnerabilities.router,
    releases.router,
    integrations.router,
    runs.router,
    search.router,
    people.router,
    webhooks.router,
    administration.router,
)
"""In the order in which the reference names them."""
