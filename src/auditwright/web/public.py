"""What anybody may call without signing in; every other route names a right."""

PUBLIC: frozenset[str] = frozenset({"/healthz", "/readyz"})
"""Paths as routes name them."""
