"""What this installation knows: integrations and streams, found by looking, not by a list kept by hand."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from auditwright.core.ids import IntegrationId, StreamId
from auditwright.core.integration import Integration, Stream


@cache
def integrations() -> Mapping[IntegrationId, Integration]:
    """Every integration, by id: each module of `auditwright.integrations` defines one as INTEGRATION."""
    package = importlib.import_module("auditwright.integrations")
    found: dict[IntegrationId, Integration] = {}
    for module in pkgutil.iter_modules(package.__path__):
        integration = importlib.import_module(f"auditwright.integrations.{module.name}").INTEGRATION
        assert isinstance(integration, Integration), f"{module.name}.INTEGRATION is no Integration"
        found[integration.id] = integration
    return found


@cache
def streams() -> Mapping[StreamId, Stream]:
    """Every stream of every integration, by id."""
    return {stream.id: stream for integration in integrations().values() for stream in integration.streams}
