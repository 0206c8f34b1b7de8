from datetime import UTC, datetime, timedelta

import boto3
import pytest

from auditwright.core.evidence import digest_of
from auditwright.core.ports import EvidenceCorruptError, StoreError
from auditwright.store.evidence_s3 import S3Evidence, S3Settings


def test_evidence_is_locked_for_as_long_as_was_asked(s3_endpoint: str) -> None:
    client = boto3.client("s3", endpoint_url=s3_endpoint)
    client.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    store = S3Evidence(S3Settings(bucket="locked", endpoint_url=s3_endpoint, retention_days=400))
    before = datetime.now(UTC)
    digest = store.put(b"{}")
    assert store.put(b"{}") == digest
    key = f"sha256/{digest[:2]}/{digest[2:4]}/{digest}.zst"
    held = client.head_object(Bucket="locked", Key=key)
    assert held["ObjectLockMode"] == "COMPLIANCE"
    assert timedelta(days=399) < held["ObjectLockRetainUntilDate"] - before < timedelta(days=401)
    versions = client.list_object_versions(Bucket="locked")["Versions"]
    assert len(versions) == 1, "the same bytes twice are one object"


def test_a_missing_bucket_is_a_clear_error_and_never_missing_evidence(s3_endpoint: str) -> None:
    store = S3Evidence(S3Settings(bucket="no-such-bucket", endpoint_url=s3_endpoint))
    digest = digest_of(b"{}")
    with pytest.raises(StoreError, match="NoSuchBucket"):
        store.put(b"{}")
    with pytest.raises(StoreError, match="NoSuchBucket"):
        store.get(digest)
    with pytest.raises(StoreError, match="NoSuchBucket"):
        bool(digest in store)
    with pytest.raises(StoreError, match="NoSuchBucket"):
        list(store.digests())


def test_an_endpoint_that_does_not_answer_is_a_clear_error(s3_endpoint: str) -> None:
    del s3_endpoint  # its credentials are needed, not its address
    store = S3Evidence(S3Settings(bucket="b", endpoint_url="http://127.0.0.1:1", max_attempts=1))
    with pytest.raises(StoreError, match="check the bucket"):
        store.put(b"{}")


def test_a_damaged_object_is_never_given_out(s3_endpoint: str) -> None:
    client = boto3.client("s3", endpoint_url=s3_endpoint)
    client.create_bucket(Bucket="damaged")
    store = S3Evidence(S3Settings(bucket="damaged", endpoint_url=s3_endpoint))
    digest = store.put(b"{}")
    key = f"sha256/{digest[:2]}/{digest[2:4]}/{digest}.zst"
    client.put_object(Bucket="damaged", Key=key, Body=b"other")
    with pytest.raises(EvidenceCorruptError, match="damaged"):
        store.get(digest)


def test_more_evidence_than_one_page_is_listed(s3_endpoint: str) -> None:
    client = boto3.client("s3", endpoint_url=s3_endpoint)
    client.create_bucket(Bucket="pages")
    store = S3Evidence(S3Settings(bucket="pages", endpoint_url=s3_endpoint, page_size=7))
    put = [store.put(str(number).encode()) for number in range(20)]
    assert list(store.digests()) == sorted(put)


def test_every_version_is_erased_and_not_only_hidden(s3_endpoint: str) -> None:
    client = boto3.client("s3", endpoint_url=s3_endpoint)
    client.create_bucket(Bucket="versions")
    client.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    store = S3Evidence(S3Settings(bucket="versions", endpoint_url=s3_endpoint))
    digest, other = store.put(b"a person"), store.put(b"another")
    key = f"sha256/{digest[:2]}/{digest[2:4]}/{digest}.zst"
    client.delete_object(Bucket="versions", Key=key)  # hides it below a marker
    assert store.put(b"a person") == digest
    store.erase(digest)
    left = client.list_object_versions(Bucket="versions")
    assert [each["Key"].rpartition("/")[2] for each in left["Versions"]] == [f"{other}.zst"]
    assert not left.get("DeleteMarkers")


def test_what_object_lock_holds_cannot_be_erased_and_the_reason_is_given_before(s3_endpoint: str) -> None:
    client = boto3.client("s3", endpoint_url=s3_endpoint)
    client.create_bucket(Bucket="held", ObjectLockEnabledForBucket=True)
    locked = S3Evidence(S3Settings(bucket="held", endpoint_url=s3_endpoint, retention_days=400))
    digest = locked.put(b"{}")
    assert "Object Lock keeps" in locked.locked(digest)
    with pytest.raises(StoreError, match="erase evidence in"):
        locked.erase(digest)
    assert locked.get(digest) == b"{}"
    free = S3Evidence(S3Settings(bucket="held", endpoint_url=s3_endpoint))
    other = free.put(b"[]")
    assert free.locked(other) == ""
    key = f"sha256/{other[:2]}/{other[2:4]}/{other}.zst"
    client.put_object_legal_hold(Bucket="held", Key=key, LegalHold={"Status": "ON"})
    assert "legal hold" in free.locked(other)
