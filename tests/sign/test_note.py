import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from auditwright.sign import note
from auditwright.sign.note import ED25519, Note, NoteError, Signature, Signer, VerifierKey

# The example of Go's golang.org/x/mod/sumdb/note, whose format the specification took over.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = """If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
""".encode()

SIGNER = Signer(name="acme.example/log", private_key=Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER = Signer(name="other.example", private_key=Ed25519PrivateKey.from_private_bytes(bytes(32)))
KEY = SIGNER.verifier_key()


def signed(text: str, *signers: Signer) -> bytes:
    return Note(text=text, signatures=tuple(signer.sign(text) for signer in signers)).encode()


def test_a_note_signed_by_another_implementation_verifies() -> None:
    key = note.parse_verifier_key(GO_KEY)
    parsed = note.parse_note(GO_NOTE)
    assert note.verify(parsed, [key]) == (key,)
    assert key.text == GO_KEY
    assert parsed.encode() == GO_NOTE


def test_any_changed_byte_of_a_note_is_refused() -> None:
    key = note.parse_verifier_key(GO_KEY)
    for place in range(len(GO_NOTE)):
        for flip in (1, 32, 128):
            changed = GO_NOTE[:place] + bytes([GO_NOTE[place] ^ flip]) + GO_NOTE[place + 1 :]
            with pytest.raises(NoteError):
                note.verify(note.parse_note(changed), [key])


def test_any_changed_character_of_a_key_is_refused() -> None:
    for place in range(len(KEY.text)):
        changed = KEY.text[:place] + chr(ord(KEY.text[place]) ^ 1) + KEY.text[place + 1 :]
        with pytest.raises(NoteError):
            note.parse_verifier_key(changed)


lines = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=40)


@settings(deadline=None)
@given(text=st.lists(lines, min_size=1, max_size=5))
def test_any_text_is_signed_read_back_and_verified(text: list[str]) -> None:
    body = signed("".join(f"{line}\n" for line in text), SIGNER, OTHER)
    parsed = note.parse_note(body)
    assert parsed.encode() == body
    assert note.verify(parsed, [KEY]) == (KEY,)
    assert len(note.verify(parsed, [KEY, OTHER.verifier_key()])) == 2


def test_signatures_of_unknown_keys_are_ignored_but_one_trusted_key_must_have_signed() -> None:
    parsed = note.parse_note(signed("hello\n", OTHER, SIGNER))
    assert note.verify(parsed, [KEY]) == (KEY,)
    with pytest.raises(NoteError, match="no trusted key signed"):
        note.verify(note.parse_note(signed("hello\n", OTHER)), [KEY])
    with pytest.raises(NoteError, match="no trusted key signed"):
        note.verify(parsed, [])


def test_a_wrong_signature_under_a_trusted_name_spoils_the_note() -> None:
    good = SIGNER.sign("hello\n")
    wrong = Signature(name=good.name, key_id=good.key_id, signature=bytes(64))
    for signatures in ((wrong,), (good, wrong), (wrong, good)):
        with pytest.raises(NoteError, match="not by its key"):
            note.verify(Note(text="hello\n", signatures=signatures), [KEY])


def test_a_cosignature_key_does_not_verify_a_plain_signature() -> None:
    key = VerifierKey(name=KEY.name, public_key=KEY.public_key, algorithm=note.COSIGNATURE_V1)
    assert key.key_id != KEY.key_id
    with pytest.raises(NoteError, match="no trusted key"):
        note.verify(note.parse_note(signed("hello\n", SIGNER)), [key])


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "no|none"),
        (b"text\n", "has none"),
        (b"text\n\n", "cut off"),
        ("text\n\n— a AAAAAAA=".encode(), "cut off"),
        ("text\r\n\n— a AAAAAAA=\n".encode(), "control characters"),
        (b"text\n\n-- a AAAAAAA=\n", "signature line"),
        ("text\n\n— a  AAAAAAA=\n".encode(), "signature line"),
        ("text\n\n— a+b AAAAAAA=\n".encode(), "signature line"),
        ("text\n\n— a AAAAAB==\n".encode(), "spelling|base64"),
        ("text\n\n— a AAAAAA==\n".encode(), "is empty"),
        ("text\n\n— a AAAA*AA=\n".encode(), "not base64"),
        ("text\n\n— a ÄAAAAAA=\n".encode(), "not base64"),
        (b"\xff\n\n", "UTF-8"),
        (b"x" * (note.MAX_NOTE_BYTES + 1), "beyond"),
        (("text\n\n" + "— a AAAAAAA=\n" * (note.MAX_SIGNATURES + 1)).encode(), "beyond"),
    ],
)
def test_a_malformed_note_is_refused_with_its_reason(body: bytes, problem: str) -> None:
    with pytest.raises(NoteError, match=problem):
        note.parse_note(body)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_break_the_parser(body: bytes) -> None:
    try:
        parsed = note.parse_note(body)
    except NoteError:
        return
    assert parsed.encode() == body


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "a b+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T",
        "PeterNeumann+c74f20a3+" + base64.b64encode(b"\x02" + bytes(32)).decode(),
        "PeterNeumann+c74f20a3+" + base64.b64encode(b"\x01" + bytes(31)).decode(),
        GO_KEY + "\n",
        GO_KEY.replace("Peter", "Pete"),
    ],
)
def test_a_malformed_key_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        note.parse_verifier_key(text)


@pytest.mark.parametrize("text", ["no newline", "tab\there\n", "\x7f".replace("\x7f", "\x00") + "\n"])
def test_what_a_note_cannot_hold_is_not_signed(text: str) -> None:
    with pytest.raises(NoteError):
        SIGNER.sign(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\nb"])
def test_a_key_cannot_have_a_name_that_a_line_cannot_hold(name: str) -> None:
    with pytest.raises(NoteError, match="cannot be named"):
        Signer(name=name, private_key=SIGNER.private_key)


def test_the_fingerprint_is_the_sha256_of_the_key_text() -> None:
    assert KEY.algorithm == ED25519
    assert len(KEY.fingerprint) == 64
    assert KEY.fingerprint != OTHER.verifier_key().fingerprint
