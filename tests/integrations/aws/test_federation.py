import pytest

from auditwright.core.outcome import Unknown
from auditwright.core.resources import IdentityProvider
from auditwright.integrations.aws import federation
from tests.integrations.aws.live import prepare, run, settings
from tests.integrations.aws.shapes import ACCOUNT, GLOBAL, captured, of_each, read, refused

OKTA = f"arn:aws:iam::{ACCOUNT}:saml-provider/okta"
GITHUB = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
T = "2026-01-02T03:04:05+00:00"
METADATA = (
    '<?xml version="1.0"?><md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" '
    'entityID="http://www.okta.com/exk1"><md:IDPSSODescriptor/></md:EntityDescriptor>'
)
SAML = captured(
    federation.SAML_PROVIDERS, {"SAMLProviderList": [{"Arn": OKTA, "CreateDate": T}]}, scope=GLOBAL
)
OIDC = captured(federation.OIDC_PROVIDERS, {"OpenIDConnectProviderList": [{"Arn": GITHUB}]}, scope=GLOBAL)


@pytest.mark.parametrize(
    ("metadata", "issuer"), [(METADATA, "http://www.okta.com/exk1"), ("<a entityID='x'/>", None), ("", None)]
)
def test_a_saml_provider_is_known_by_its_entity_id(metadata: str, issuer: str | None) -> None:
    answer = ({"SAMLProviderArn": OKTA}, {"SAMLMetadataDocument": metadata})
    (one,) = federation.normalize(read(SAML, of_each(federation.SAML_PROVIDER, answer, scope=GLOBAL)))
    assert (one.type, one.name) == ("saml", "okta")
    assert one.issuer == issuer if issuer else isinstance(one.issuer, Unknown)


def test_an_oidc_provider_names_its_issuer_and_whom_its_tokens_are_for() -> None:
    answer = {
        "Url": "token.actions.githubusercontent.com",
        "ClientIDList": ["sts.amazonaws.com"],
        "CreateDate": T,
    }
    held = of_each(federation.OIDC_PROVIDER, ({"OpenIDConnectProviderArn": GITHUB}, answer), scope=GLOBAL)
    (one,) = federation.normalize(read(OIDC, held))
    assert (one.issuer, one.audiences) == ("token.actions.githubusercontent.com", ("sts.amazonaws.com",))


def test_a_provider_that_may_not_be_read_is_there_and_unknown() -> None:
    gap = refused(federation.OIDC_PROVIDER, GITHUB, scope=GLOBAL)
    (one,) = federation.normalize(read(OIDC, gap))
    assert isinstance(one.issuer, Unknown)
    assert isinstance(one.audiences, Unknown)


def test_live_providers_of_an_emulated_account(aws: str) -> None:
    url = "https://token.actions.githubusercontent.com"
    prepare(
        aws,
        "iam",
        "create_open_id_connect_provider",
        Url=url,
        ClientIDList=["sts.amazonaws.com"],
        ThumbprintList=["a" * 40],
    )
    prepare(aws, "iam", "create_saml_provider", Name="okta", SAMLMetadataDocument=METADATA + " " * 1000)
    found = run(settings(aws), "aws.iam-federation")
    assert found.gaps == ()
    assert {one.name for one in found.resources if isinstance(one, IdentityProvider)} == {
        "okta",
        "token.actions.githubusercontent.com",
    }
