from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from auditwright.core.log import leaf_hash
from auditwright.sign.checkpoint import Checkpoint, CheckpointError, sign_checkpoint
from auditwright.sign.merkle import InvalidProofError, root_of
from auditwright.sign.note import Signer
from auditwright.sign.proof import MAX_PROOF_BYTES, TlogProof
from tests.reference import merkle as rfc

LOG = Signer(name="acme.example/log", private_key=Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
KEY = LOG.verifier_key()
LEAVES = [leaf_hash(b"%d" % number) for number in range(11)]
SIGNED = sign_checkpoint(Checkpoint(origin=LOG.name, size=11, root=root_of(LEAVES)), LOG)
PROOF = TlogProof(index=4, path=tuple(rfc.path(4, LEAVES)), checkpoint=SIGNED)


def test_a_proof_is_written_as_the_specification_says() -> None:
    lines = replace(PROOF, extra=b"extra information").encode().decode().split("\n")
    assert lines[:3] == ["c2sp.org/tlog-proof@v1", "extra ZXh0cmEgaW5mb3JtYXRpb24=", "index 4"]
    assert lines[7] == ""
    assert "\n".join(lines[8:]).encode() == SIGNED
    assert PROOF.encode().startswith(b"c2sp.org/tlog-proof@v1\nindex 4\n")


@settings(deadline=None)
@given(
    index=st.integers(0, (1 << 63) - 1),
    path=st.lists(st.binary(min_size=32, max_size=32), max_size=63),
    extra=st.none() | st.binary(max_size=80),
)
def test_any_proof_is_read_back(index: int, path: list[bytes], extra: bytes | None) -> None:
    proof = TlogProof(index=index, path=tuple(path), checkpoint=SIGNED, extra=extra)
    assert TlogProof.parse(proof.encode()) == proof


def test_a_leaf_is_proved_by_its_file_alone() -> None:
    assert TlogProof.parse(PROOF.encode()).verify(LEAVES[4], KEY).size == 11
    with pytest.raises(InvalidProofError):
        PROOF.verify(LEAVES[5], KEY)
    with pytest.raises(CheckpointError):
        PROOF.verify(LEAVES[4], replace(KEY, name="other"))


def test_any_changed_byte_of_a_proof_is_refused() -> None:
    body = PROOF.encode()
    for place in range(len(body)):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        with pytest.raises((InvalidProofError, CheckpointError)):
            TlogProof.parse(changed).verify(LEAVES[4], KEY)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"c2sp.org/tlog-proof@v1\n",
        b"c2sp.org/tlog-proof@v1\n\n",
        b"c2sp.org/tlog-proof@v2\nindex 0\n\n",
        b"c2sp.org/tlog-proof@v1\nextra AA=\nindex 0\n\n",
        b"c2sp.org/tlog-proof@v1\nindex 00\n\n",
        b"c2sp.org/tlog-proof@v1\nindex 0\nindex 0\n\n",
        b"c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\n",
        b"c2sp.org/tlog-proof@v1\nindex \xd9\xa1\n\n",
        b"c2sp.org/tlog-proof@v1\nindex 0\n" + b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" * 64 + b"\n",
        b"x" * (MAX_PROOF_BYTES + 1),
    ],
)
def test_a_malformed_proof_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidProofError):
        TlogProof.parse(body)
