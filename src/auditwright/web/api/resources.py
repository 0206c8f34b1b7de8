"""The resources of the API: a module that is not named here does not exist."""

from fastapi import APIRouter

from auditwright.web.api import controls, criteria, evidence, overview, runs, tests, whoami

RESOURCES: tuple[APIRouter, ...] = (
    whoami.router,
    overview.router,
    criteria.router,
    controls.router,
    tests.router,
    evidence.router,
    runs.router,
)
"""In the order in which the reference names them."""
