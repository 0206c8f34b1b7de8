from contextlib import suppress
from pathlib import Path

import pytest

from auditwright.core.evidence import digest_of
from auditwright.core.ids import Digest
from auditwright.core.ports import EvidenceMissingError, EvidenceStore
from auditwright.store.evidence_folder import FolderEvidence
from auditwright.store.evidence_s3 import S3Evidence, S3Settings
from auditwright.store.memory import MemoryEvidence

HOSTILE = [
    "",
    "../../etc/passwd",
    "a" * 63,
    "A" * 64,
    "g" * 64,
    "a" * 65,
    "a" * 64 + "\n",
    "/" * 64,
    "٣" * 64,
]


@pytest.fixture(params=["memory", "folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> EvidenceStore:
    match request.param:
        case "memory":
            return MemoryEvidence()
        case "folder":
            return FolderEvidence.create(tmp_path / "evidence")
        case _:
            return s3_store(request, tmp_path.name)


def s3_store(request: pytest.FixtureRequest, name: str) -> S3Evidence:
    import boto3

    endpoint: str = request.getfixturevalue("s3_endpoint")
    bucket = name.replace("_", "-").strip("-").lower()[-60:].strip("-")
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=bucket)
    return S3Evidence(S3Settings(bucket=bucket, prefix="acme/evidence", endpoint_url=endpoint))


@pytest.mark.parametrize("body", [b"", b"{}", b"\x00\xff" * 5_000, b'{"a":"' + b"b" * 2_000_000 + b'"}'])
def test_bytes_come_back_under_their_digest(store: EvidenceStore, body: bytes) -> None:
    digest = store.put(body)
    assert digest == digest_of(body)
    assert digest in store
    assert store.get(digest) == body


def test_the_same_bytes_are_kept_once(store: EvidenceStore) -> None:
    assert store.put(b"twice") == store.put(b"twice")
    assert list(store.digests()) == [digest_of(b"twice")]


def test_digests_are_listed_in_ascending_order(store: EvidenceStore) -> None:
    assert list(store.digests()) == []
    put = [store.put(str(number).encode()) for number in range(40)]
    assert list(store.digests()) == sorted(put)


def test_what_was_never_put_is_missing(store: EvidenceStore) -> None:
    absent = digest_of(b"never")
    assert absent not in store
    with pytest.raises(EvidenceMissingError, match=absent):
        store.get(absent)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_is_no_digest_is_missing_and_never_a_path(store: EvidenceStore, hostile: str) -> None:
    assert hostile not in store
    with pytest.raises(EvidenceMissingError):
        store.get(Digest(hostile))


def test_nothing_but_a_digest_is_in_the_store(store: EvidenceStore) -> None:
    assert None not in store
    assert 7 not in store


def test_what_is_erased_is_gone_and_can_be_kept_anew(store: EvidenceStore) -> None:
    digest, other = store.put(b"a person"), store.put(b"another")
    assert store.locked(digest) == ""
    for _ in range(2):
        store.erase(digest)
        assert digest not in store
        assert list(store.digests()) == [other]
        with pytest.raises(EvidenceMissingError):
            store.get(digest)
    assert store.put(b"a person") == digest
    assert store.get(digest) == b"a person"


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_is_no_digest_is_never_erased(store: EvidenceStore, hostile: str) -> None:
    kept = store.put(b"kept")
    with suppress(EvidenceMissingError):
        store.erase(Digest(hostile))
    assert list(store.digests()) == [kept]
