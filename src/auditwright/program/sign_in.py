"""How people sign in to the web app, as far as the program folder says it: the identity provider.

```toml
[sign_in.oidc]
title = "Google Workspace"                          # on the button
issuer = "https://accounts.google.com"
client_id = "…"
client_secret_env = "AUDITWRIGHT_OIDC_SECRET"       # the environment variable that holds the secret
acr_values = ["phr"]                                # asked for; one of them in the token is a second factor
amr_values = ["mfa", "hwk"]                         # so is one of these
```
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from auditwright.program.document import Entry

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityProvider:
    """An OpenID Connect provider that people of the organization sign in with."""

    title: str
    """As people call it."""
    issuer: str
    client_id: str
    client_secret_env: str
    """The environment variable that holds the client's secret."""
    acr_values: tuple[str, ...]
    """Classes of authentication that are two factors; they are asked for."""
    amr_values: tuple[str, ...]
    """Methods of authentication of which each means two factors."""


def identity_provider(entry: Entry | None) -> IdentityProvider | None:
    """Read `[sign_in]`; raises ProgramError with file:line."""
    if entry is None:
        return None
    outer = entry.fields()
    outer.only("oidc")
    fields = outer.required("oidc").fields()
    fields.only("title", "issuer", "client_id", "client_secret_env", "acr_values", "amr_values")
    issuer, variable = fields.required("issuer"), fields.required("client_secret_env")
    if not is_safe_address(issuer.text()):
        raise issuer.error("expected the issuer's address, which begins with https://")
    if not _VARIABLE.fullmatch(variable.text()):
        raise variable.error(
            "expected the name of an environment variable, such as AUDITWRIGHT_OIDC_SECRET; never the secret itself"
        )
    acr, amr = fields.optional("acr_values"), fields.optional("amr_values")
    return IdentityProvider(
        title=fields.required("title").text(),
        issuer=issuer.text(),
        client_id=fields.required("client_id").text(),
        client_secret_env=variable.text(),
        acr_values=acr.texts() if acr else (),
        amr_values=amr.texts() if amr else (),
    )


def is_safe_address(url: str) -> bool:
    """Whether an address is encrypted, or does not leave this machine."""
    parts = urlsplit(url)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    )
