"""Tokens of the API that count now: one's own, and for who manages settings those of everybody."""

from collections.abc import Sequence
from dataclasses import dataclass

from auditwright.app.queries.view import View
from auditwright.app.tokens import counts, tokens_of
from auditwright.core.account import Account, ApiToken
from auditwright.core.question import Is


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRow:
    """A token that counts, and who made it."""

    token: ApiToken
    owner: str
    """The name of who made it; empty among one's own."""


def tokens_made_by(view: View, account: Account) -> Sequence[TokenRow]:
    """The tokens that count of one account; raises StoreError."""
    made = tokens_of(view.workspace, account)
    return [TokenRow(token=token, owner="") for token in made if counts(token, view.now)]


def token_rows(view: View) -> Sequence[TokenRow]:
    """The tokens of everybody that count; raises StoreError."""
    records = view.workspace.stores.records
    names = {account.id: account.name for account in records.kept(Account)}
    return [
        TokenRow(token=token, owner=names.get(token.account, token.account))
        for token in records.kept(ApiToken, Is("ended_at", None))
        if counts(token, view.now)
    ]
