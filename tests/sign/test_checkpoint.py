from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from auditwright.sign.checkpoint import (
    MAX_POSIX_TIME,
    Checkpoint,
    CheckpointError,
    Cosignature,
    cosign,
    cosignatures,
    open_checkpoint,
    sign_checkpoint,
)
from auditwright.sign.note import (
    COSIGNATURE_V1,
    Note,
    NoteError,
    Signer,
    VerifierKey,
    decode_base64,
    parse_note,
)

LOG = Signer(name="acme.example/log", private_key=Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
WITNESS = Signer(name="auditor.example", private_key=Ed25519PrivateKey.from_private_bytes(bytes(32)))
WITNESS_KEY = WITNESS.verifier_key(COSIGNATURE_V1)
CHECKPOINT = Checkpoint(origin="acme.example/log", size=7, root=bytes(range(32)))

# The example of c2sp.org/tlog-checkpoint.
C2SP_TEXT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


def test_the_example_of_the_specification_is_read_and_written_back() -> None:
    parsed = Checkpoint.parse(C2SP_TEXT)
    assert (parsed.origin, parsed.size, parsed.extensions) == ("example.com/behind-the-sofa", 20_852_163, ())
    assert parsed.root == decode_base64("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
    assert parsed.text == C2SP_TEXT


@settings(deadline=None)
@given(
    size=st.integers(0, (1 << 63) - 1),
    root=st.binary(min_size=32, max_size=32),
    extensions=st.lists(st.just("x")),
)
def test_a_signed_checkpoint_is_read_back(size: int, root: bytes, extensions: list[str]) -> None:
    checkpoint = Checkpoint(origin=LOG.name, size=size, root=root, extensions=tuple(extensions))
    assert open_checkpoint(sign_checkpoint(checkpoint, LOG), LOG.verifier_key()) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        "a\n1\nAAAA\n",
        C2SP_TEXT.replace("20852163", "020852163"),
        C2SP_TEXT.replace("20852163", "-1"),
        C2SP_TEXT.replace("20852163", "+1"),
        C2SP_TEXT.replace("20852163", "1_0"),
        C2SP_TEXT.replace("20852163", "\u0661"),
        C2SP_TEXT.replace("20852163", str(1 << 63)),
        C2SP_TEXT.replace("20852163", "9" * 5000),
        C2SP_TEXT.replace("2I=", "2J="),
        C2SP_TEXT + "\n",
        "\n" + C2SP_TEXT,
        C2SP_TEXT.removesuffix("\n"),
    ],
)
def test_a_malformed_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(CheckpointError):
        Checkpoint.parse(text)


def test_a_checkpoint_by_another_key_or_of_another_log_is_refused() -> None:
    body = sign_checkpoint(CHECKPOINT, LOG)
    same_name = Signer(name=LOG.name, private_key=WITNESS.private_key)
    with pytest.raises(CheckpointError, match="no trusted key"):
        open_checkpoint(body, same_name.verifier_key())
    text = replace(CHECKPOINT, origin="other.example").text
    stolen = Note(text=text, signatures=(LOG.sign(text),)).encode()
    with pytest.raises(CheckpointError, match=r"of the log 'other\.example'"):
        open_checkpoint(stolen, LOG.verifier_key())


def test_a_log_signs_only_under_its_own_name_and_only_what_can_be_read_back() -> None:
    with pytest.raises(CheckpointError, match="cannot be signed"):
        sign_checkpoint(CHECKPOINT, WITNESS)
    for wrong in (
        replace(CHECKPOINT, size=-1),
        replace(CHECKPOINT, size=1 << 63),
        replace(CHECKPOINT, root=b"short"),
        replace(CHECKPOINT, extensions=("",)),
    ):
        with pytest.raises(CheckpointError):
            sign_checkpoint(wrong, LOG)
    with pytest.raises(NoteError):
        sign_checkpoint(replace(CHECKPOINT, extensions=("a\x00b",)), LOG)


def test_a_witness_cosigns_and_the_log_signature_still_holds() -> None:
    body = cosign(sign_checkpoint(CHECKPOINT, LOG), WITNESS, 1_679_315_147)
    assert open_checkpoint(body, LOG.verifier_key()) == CHECKPOINT
    assert cosignatures(body, [WITNESS_KEY]) == (
        Cosignature(witness="auditor.example", posix_time_s=1_679_315_147),
    )
    assert cosignatures(body, []) == ()
    assert cosignatures(body, [WITNESS.verifier_key()]) == ()


def test_a_cosignature_is_made_as_the_specification_says() -> None:
    body = cosign(sign_checkpoint(CHECKPOINT, LOG), WITNESS, 1_679_315_147)
    blob = parse_note(body).signatures[1].signature
    assert blob[:8] == (1_679_315_147).to_bytes(8, "big")
    message = b"cosignature/v1\ntime 1679315147\n" + CHECKPOINT.text.encode()
    WITNESS.private_key.public_key().verify(blob[8:], message)


def test_a_forged_cosignature_of_a_trusted_witness_is_refused() -> None:
    note = parse_note(cosign(sign_checkpoint(CHECKPOINT, LOG), WITNESS, 1000))
    log, cosigned = note.signatures
    for blob in (
        (1001).to_bytes(8, "big") + cosigned.signature[8:],
        (1 << 63).to_bytes(8, "big") + cosigned.signature[8:],
        cosigned.signature[:-1],
        cosigned.signature + b"\0",
        bytes(3),
    ):
        forged = replace(note, signatures=(log, replace(cosigned, signature=blob)))
        with pytest.raises(NoteError, match="cosignature of"):
            cosignatures(forged.encode(), [WITNESS_KEY])
    with pytest.raises(NoteError, match="cosignature of"):
        cosignatures(replace(note, text=note.text.replace("7", "8")).encode(), [WITNESS_KEY])


def test_a_cosignature_of_a_time_beyond_the_specification_is_refused_though_its_signature_holds() -> None:
    note = parse_note(cosign(sign_checkpoint(CHECKPOINT, LOG), WITNESS, 1000))
    time_s = MAX_POSIX_TIME + 1
    message = f"cosignature/v1\ntime {time_s}\n{note.text}".encode()
    blob = time_s.to_bytes(8, "big") + WITNESS.private_key.sign(message)
    beyond = replace(note, signatures=(note.signatures[0], replace(note.signatures[1], signature=blob)))
    with pytest.raises(NoteError, match="cosignature of"):
        cosignatures(beyond.encode(), [WITNESS_KEY])


def test_a_cosignature_is_not_made_for_a_time_that_cannot_be() -> None:
    for time_s in (-1, MAX_POSIX_TIME + 1):
        with pytest.raises(NoteError, match="of the time"):
            cosign(sign_checkpoint(CHECKPOINT, LOG), WITNESS, time_s)


def test_a_witness_key_is_handed_out_as_text() -> None:
    from auditwright.sign.note import parse_verifier_key

    assert parse_verifier_key(WITNESS_KEY.text) == VerifierKey(
        name="auditor.example", public_key=WITNESS_KEY.public_key, algorithm=COSIGNATURE_V1
    )
