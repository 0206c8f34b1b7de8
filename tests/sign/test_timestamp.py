import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditwright.sign.checkpoint import Checkpoint
from auditwright.sign.timestamp import (
    MAX_RESPONSE_BYTES,
    TimestampError,
    build_request,
    load_roots,
    obtain,
    stamped_message,
    verify_timestamp,
)
from tests.sign.authority import Authority

MESSAGE = b"acme.example/log\n5\nroot\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    made = Authority(folder=tmp_path_factory.mktemp("authority"))
    made.create()
    return made


@pytest.fixture(scope="module")
def response(authority: Authority) -> bytes:
    return obtain(MESSAGE, authority.answer, authority.roots())[0]


def test_a_real_authority_stamps_a_message_and_the_stamp_holds(authority: Authority) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    body, stamp = obtain(MESSAGE, authority.answer, authority.roots())
    assert before <= stamp.at <= datetime.now(UTC) + timedelta(seconds=2)
    assert stamp.policy == "1.2.3.4.1"
    assert verify_timestamp(body, MESSAGE, authority.roots()) == stamp


def test_openssl_agrees_from_the_digest_alone(authority: Authority, response: bytes) -> None:
    (authority.folder / "kept.tsr").write_bytes(response)
    digest = hashlib.sha256(MESSAGE).hexdigest()
    authority.run("ts", "-verify", "-digest", digest, "-in", "kept.tsr", "-CAfile", "ca.pem")


def test_a_stamp_of_another_message_does_not_hold(authority: Authority, response: bytes) -> None:
    with pytest.raises(TimestampError, match="Mismatch between messages"):
        verify_timestamp(response, MESSAGE + b"x", authority.roots())


def test_a_stamp_by_an_unknown_authority_does_not_hold(
    authority: Authority, response: bytes, tmp_path: Path
) -> None:
    other = Authority(folder=tmp_path)
    other.create()
    with pytest.raises(TimestampError, match="does not hold"):
        verify_timestamp(response, MESSAGE, other.roots())
    with pytest.raises(TimestampError, match="no root certificate"):
        verify_timestamp(response, MESSAGE, ())
    verify_timestamp(response, MESSAGE, (*other.roots(), *authority.roots()))


def test_an_old_answer_to_another_question_is_refused(authority: Authority, response: bytes) -> None:
    with pytest.raises(TimestampError, match="Nonce mismatch"):
        obtain(MESSAGE, lambda _: response, authority.roots())


def test_a_changed_byte_of_the_signed_part_is_found(authority: Authority, response: bytes) -> None:
    place = response.index(hashlib.sha256(MESSAGE).digest())
    changed = response[:place] + bytes([response[place] ^ 1]) + response[place + 1 :]
    with pytest.raises(TimestampError):
        verify_timestamp(changed, MESSAGE, authority.roots())


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>502</html>", b"0\x82\xff\xff", b"x" * (MAX_RESPONSE_BYTES + 1)],
    ids=["empty", "html", "cut", "big"],
)
def test_an_answer_that_is_no_stamp_is_an_error_that_says_so(authority: Authority, body: bytes) -> None:
    with pytest.raises(TimestampError, match=r"no RFC 3161|beyond the"):
        verify_timestamp(body, MESSAGE, authority.roots())


def test_a_refusal_by_the_authority_is_told_in_its_words(authority: Authority) -> None:
    sha512 = build_request(MESSAGE).body.replace(
        bytes.fromhex("608648016503040201"), bytes.fromhex("608648016503040202")
    )
    refusal = authority.answer(sha512)
    with pytest.raises(TimestampError, match="refused to stamp"):
        verify_timestamp(refusal, MESSAGE, authority.roots())


def test_roots_that_are_no_certificate_are_refused() -> None:
    with pytest.raises(TimestampError, match="no certificate"):
        load_roots(b"hello")


def test_what_is_stamped_leaves_out_extensions_and_signatures() -> None:
    checkpoint = Checkpoint(origin="acme.example/log", size=5, root=bytes(32), extensions=("x",))
    assert (
        stamped_message(checkpoint) == b"acme.example/log\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
    )
