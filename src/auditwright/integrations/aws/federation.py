"""Outside sources of identities that roles of the account may trust: SAML and OIDC providers."""

import re
from collections.abc import Iterator
from typing import Final

from auditwright.core.ids import ResourceId, StreamId
from auditwright.core.outcome import Unknown
from auditwright.core.resources import IdentityProvider
from auditwright.integrations.aws.operations import AwsStream, Detail, Listing, each
from auditwright.integrations.aws.reading import Answers, Row

SAML_PROVIDERS: Final = Listing(service="iam", method="ListSAMLProviders", items=("SAMLProviderList",))
SAML_PROVIDER: Final = Detail(
    service="iam",
    method="GetSAMLProvider",
    asks=each(SAML_PROVIDERS, lambda row: {"SAMLProviderArn": row.required_text("Arn")}),
)
OIDC_PROVIDERS: Final = Listing(
    service="iam", method="ListOpenIDConnectProviders", items=("OpenIDConnectProviderList",)
)
OIDC_PROVIDER: Final = Detail(
    service="iam",
    method="GetOpenIDConnectProvider",
    asks=each(OIDC_PROVIDERS, lambda row: {"OpenIDConnectProviderArn": row.required_text("Arn")}),
)

_ENTITY_ID: Final = re.compile(
    r"""<[^<>]{0,200}\bEntityDescriptor\b[^<>]{0,2000}\bentityID\s*=\s*["']([^"'<>]{1,1024})["']"""
)
"""SAML metadata 2.3.2: the entity's id is an attribute of its descriptor, and at most 1,024 characters long."""


def normalize(answers: Answers) -> Iterator[IdentityProvider]:
    """Every provider of the account."""
    for row in answers.items(SAML_PROVIDERS):
        yield _saml(answers, row)
    for row in answers.items(OIDC_PROVIDERS):
        yield _oidc(answers, row)


def _saml(answers: Answers, row: Row) -> IdentityProvider:
    arn = row.required_text("Arn")
    answer = _answer(answers.detail(SAML_PROVIDER, SAMLProviderArn=arn))
    metadata = answer if isinstance(answer, Unknown) else answer.text("SAMLMetadataDocument")
    return IdentityProvider(
        id=ResourceId(arn),
        name=arn.rpartition("/")[2],
        scope=answers.scope,
        evidence=(row.digest, *answers.spoke_of(SAML_PROVIDER, SAMLProviderArn=arn)),
        type="saml",
        issuer=metadata if isinstance(metadata, Unknown) else _entity_id(metadata),
        audiences=(),
        created_at=row.moment("CreateDate"),
    )


def _entity_id(metadata: str) -> str | Unknown:
    found = _ENTITY_ID.search(metadata)
    return found.group(1) if found else Unknown("the provider's SAML metadata names no entity id")


def _oidc(answers: Answers, row: Row) -> IdentityProvider:
    arn = row.required_text("Arn")
    answer = _answer(answers.detail(OIDC_PROVIDER, OpenIDConnectProviderArn=arn))
    return IdentityProvider(
        id=ResourceId(arn),
        name=arn.partition("oidc-provider/")[2] or arn,
        scope=answers.scope,
        evidence=(row.digest, *answers.spoke_of(OIDC_PROVIDER, OpenIDConnectProviderArn=arn)),
        type="oidc",
        issuer=answer if isinstance(answer, Unknown) else answer.text("Url"),
        audiences=answer if isinstance(answer, Unknown) else answer.texts("ClientIDList"),
        created_at=answer if isinstance(answer, Unknown) else answer.moment("CreateDate"),
    )


def _answer(found: Row | Unknown | None) -> Row | Unknown:
    return found or Unknown("AWS answered that there is none, although it lists it")


STREAM: Final = AwsStream(
    id=StreamId("aws.iam-federation"),
    title="Identity providers",
    regional=False,
    operations=(SAML_PROVIDERS, SAML_PROVIDER, OIDC_PROVIDERS, OIDC_PROVIDER),
    emits=(IdentityProvider,),
    normalize=normalize,
)
