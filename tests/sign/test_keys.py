import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auditwright.sign.keys import MAX_KEY_FILE_BYTES, KeyFileError, load_key, make_key

PEM, PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
PLAIN = serialization.NoEncryption()


def test_a_made_key_is_read_back_from_its_file_with_the_same_public_text() -> None:
    made = make_key("acme.example/log")
    assert made.pem.startswith(b"-----BEGIN PRIVATE KEY-----\n")
    assert load_key(made.pem, "acme.example/log").verifier_key().text == made.vkey
    assert make_key("acme.example/log").vkey != made.vkey


def test_the_secret_is_not_in_the_repr() -> None:
    made = make_key("acme.example/log")
    assert "PRIVATE" not in repr(made)


def test_the_same_key_under_another_name_is_another_verifier_key() -> None:
    made = make_key("a")
    assert load_key(made.pem, "b").verifier_key().key_id != load_key(made.pem, "a").verifier_key().key_id


key = Ed25519PrivateKey.generate()
public = key.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    ("pem", "problem"),
    [
        (b"", "not a private key"),
        (b"hello", "not a private key"),
        (make_key("a").pem[:60], "not a private key"),
        (public, "this is a public key"),
        (key.private_bytes(PEM, PKCS8, serialization.BestAvailableEncryption(b"x")), "encrypted"),
        (ec.generate_private_key(ec.SECP256R1()).private_bytes(PEM, PKCS8, PLAIN), "another kind"),
        (b"x" * (MAX_KEY_FILE_BYTES + 1), "another file"),
    ],
    ids=["empty", "text", "cut off", "public", "encrypted", "another kind", "huge"],
)
def test_a_file_that_holds_no_usable_key_is_refused_with_its_reason(pem: bytes, problem: str) -> None:
    with pytest.raises(KeyFileError, match=problem):
        load_key(pem, "acme.example/log")


def test_a_name_that_a_key_cannot_have_is_refused() -> None:
    with pytest.raises(KeyFileError, match="cannot be named"):
        make_key("Acme Inc")
