"""What anybody may call without signing in; every other route names a right."""

PUBLIC: frozenset[str] = frozenset(
    {
        "/healthz",
        "/readyz",
        "/sign-in",
        "/sign-in/code",
        "/sign-in/recovery",
        "/sign-in/passkey/options",
        "/sign-in/passkey",
        "/sign-in/provider",
        "/sign-in/provider/back",
        "/sign-in/provider/picture.svg",
        "/sign-in/provider/codes",
        "/sign-out",
        "/invitation/{token}",
        "/invitation/{token}/passkey/options",
        "/invitation/{token}/passkey",
        "/invitation/{token}/password",
        "/invitation/{token}/codes",
        "/invitation/{token}/picture.svg",
    }
)
"""Paths as routes name them."""
