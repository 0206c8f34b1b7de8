import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.sign.dsse import EnvelopeError, encoded, envelope, opened
from auditwright.sign.keys import load_key, make_key

SIGNER = load_key(make_key("acme.example/log").pem, "acme.example/log")
OTHER = load_key(make_key("acme.example/log").pem, "acme.example/log")
KEY = SIGNER.verifier_key()
TYPE = "application/vnd.in-toto+json"


def test_the_encoding_is_that_of_the_specification() -> None:
    """The example of DSSE 1.0.0, protocol.md."""
    assert (
        encoded("http://example.com/HelloWorld", b"hello world")
        == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


@given(st.binary(max_size=200))
def test_what_was_signed_is_given_back(payload: bytes) -> None:
    assert opened(envelope(payload, TYPE, SIGNER), KEY) == (TYPE, payload)


def test_a_signature_by_another_key_of_the_same_name_is_none() -> None:
    with pytest.raises(EnvelopeError, match="no signature of the envelope is by the key"):
        opened(envelope(b"{}", TYPE, OTHER), KEY)


@pytest.mark.parametrize(
    "change",
    [
        {"payload": base64.b64encode(b'{"a":2}').decode()},
        {"payloadType": "application/json"},
        {"signatures": []},
        {"signatures": [{"keyid": "", "sig": ""}]},
    ],
)
def test_a_changed_envelope_is_refused(change: dict[str, object]) -> None:
    document = json.loads(envelope(b'{"a":1}', TYPE, SIGNER))
    with pytest.raises(EnvelopeError):
        opened(json.dumps({**document, **change}).encode(), KEY)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b"\xff", b'{"payload": 3}', b'{"payloadType": 1, "payload": "", "signatures": []}'],
)
def test_what_is_no_envelope_is_refused(body: bytes) -> None:
    with pytest.raises(EnvelopeError):
        opened(body, KEY)
