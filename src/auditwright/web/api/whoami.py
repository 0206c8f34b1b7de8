"""Who calls, and what they may."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter

from auditwright.app.rights import Right
from auditwright.app.tokens import Bearer
from auditwright.core.account import ApiToken, Engagement, Role
from auditwright.web.api.rows import PREFIX
from auditwright.web.visit import Visit, may

router = APIRouter(prefix=PREFIX, tags=["Who calls"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """The token that was shown."""

    id: str
    name: str
    scopes: Sequence[str]
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What an auditor is bound to."""

    title: str
    categories: Sequence[str]
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls, and what they may by what they showed."""

    account: str
    name: str
    email: str
    role: Role
    rights: Sequence[Right]
    token: Token | None
    """None where a browser's session was shown."""
    engagement: Audit | None
    """None where the whole program may be seen."""


@router.get("/whoami")
def whoami(visit: Annotated[Visit, may(Right.SELF)]) -> Caller:
    """Who calls, and what they may."""
    held = visit.view.engagement
    return Caller(
        account=visit.account.id,
        name=visit.account.name,
        email=visit.account.email,
        role=visit.account.role,
        rights=[right for right in Right if visit.may(right)],
        token=_token(visit.signed.token) if isinstance(visit.signed, Bearer) else None,
        engagement=_audit(held) if held else None,
    )


def _token(token: ApiToken) -> Token:
    return Token(id=token.id, name=token.name, scopes=token.scopes, ends_at=token.ends_at)


def _audit(held: Engagement) -> Audit:
    return Audit(title=held.title, categories=held.categories, starts_at=held.starts_at, ends_at=held.ends_at)
