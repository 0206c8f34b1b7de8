"""What anybody may call without signing in; every other route names a right."""

PUBLIC: frozenset[str] = frozenset()
"""Paths as routes name them."""
