"""Evidence in S3-compatible storage: one compressed object for each digest, under Object Lock where it is asked for."""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Protocol, TypedDict, cast

from auditwright.core.evidence import digest_of
from auditwright.core.ids import Digest
from auditwright.core.ports import EvidenceCorruptError, EvidenceMissingError, StoreError
from auditwright.store.evidence_folder import (
    MAX_PACKED_BYTES,
    digest_of_name,
    is_digest,
    pack,
    storage_key,
    unpack,
)


class _Body(Protocol):
    def read(self) -> bytes: ...


class _Object(TypedDict):
    ContentLength: int
    Body: _Body


class _Entry(TypedDict):
    Key: str


class _Listing(TypedDict, total=False):
    Contents: Sequence[_Entry]
    IsTruncated: bool
    NextContinuationToken: str


class _Version(TypedDict, total=False):
    Key: str
    VersionId: str


class _Versions(TypedDict, total=False):
    Versions: Sequence[_Version]
    DeleteMarkers: Sequence[_Version]


class _Head(TypedDict, total=False):
    ObjectLockMode: str
    ObjectLockRetainUntilDate: datetime
    ObjectLockLegalHoldStatus: str


class _Client(Protocol):
    """What is used of boto3's S3 client."""

    def put_object(self, **request: object) -> object: ...

    def get_object(self, *, Bucket: str, Key: str) -> _Object: ...  # noqa: N803  # the API's own names

    def list_objects_v2(self, **request: object) -> _Listing: ...

    def list_object_versions(self, *, Bucket: str, Prefix: str) -> _Versions: ...  # noqa: N803

    def head_object(self, **request: object) -> _Head: ...

    def delete_object(self, *, Bucket: str, Key: str, VersionId: str) -> object: ...  # noqa: N803


CONNECT_TIMEOUT_S = 10
READ_TIMEOUT_S = 60
MAX_ATTEMPTS = 5
"""botocore waits longer before each; after five, something is wrong that time does not heal."""


PAGE_SIZE = 1_000
"""As many keys as S3 lists at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Settings:
    """Where evidence is kept. Credentials come from the environment, as for every AWS program."""

    bucket: str
    prefix: str = ""
    endpoint_url: str = ""
    """Empty for Amazon S3 itself."""
    region: str = ""
    retention_days: int = 0
    """For how long not even an administrator can delete (Object Lock in compliance mode); 0: not locked."""

    max_attempts: int = MAX_ATTEMPTS
    page_size: int = PAGE_SIZE

    @property
    def place(self) -> str:
        """The place in messages."""
        return f"s3://{self.bucket}/{self._folder}"

    @property
    def _folder(self) -> str:
        return f"{self.prefix.strip('/')}/" if self.prefix.strip("/") else ""

    def key(self, relative: str) -> str:
        """The key of a path below the prefix."""
        return self._folder + relative


class S3Evidence:
    """Evidence in a bucket."""

    def __init__(self, settings: S3Settings) -> None:
        self._settings = settings

    @cached_property
    def _client(self) -> _Client:
        import boto3
        from botocore.config import Config

        config = Config(
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=READ_TIMEOUT_S,
            retries={"mode": "standard", "max_attempts": self._settings.max_attempts},
        )
        client: object = boto3.client(
            "s3",
            endpoint_url=self._settings.endpoint_url or None,
            region_name=self._settings.region or None,
            config=config,
        )
        return cast("_Client", client)

    def put(self, body: bytes) -> Digest:
        """Keep bytes; on return the storage has acknowledged them. The same bytes twice are kept once."""
        digest = digest_of(body)
        packed = pack(body)
        request: dict[str, object] = {
            "Bucket": self._settings.bucket,
            "Key": self._settings.key(storage_key(digest)),
            "Body": packed,
            "ContentType": "application/zstd",
            # Object Lock takes only uploads that name a checksum.
            "ChecksumAlgorithm": "SHA256",
            "ChecksumSHA256": base64.b64encode(hashlib.sha256(packed).digest()).decode(),
            "IfNoneMatch": "*",
        }
        if self._settings.retention_days:
            until = datetime.now(UTC) + timedelta(days=self._settings.retention_days)
            request |= {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until}
        with self._errors("keep evidence in", fine="PreconditionFailed"):
            self._client.put_object(**request)
        return digest

    def get(self, digest: Digest) -> bytes:
        """The bytes, checked against the digest; raises EvidenceMissingError, EvidenceCorruptError."""
        key = self._settings.key(storage_key(digest))
        place = f"s3://{self._settings.bucket}/{key}"
        packed: bytes | None = None
        with self._errors("read evidence from", fine="NoSuchKey"):
            answer = self._client.get_object(Bucket=self._settings.bucket, Key=key)
            if answer["ContentLength"] > MAX_PACKED_BYTES:
                message = f"{place} is larger than any evidence; restore that object from a backup"
                raise EvidenceCorruptError(message)
            packed = answer["Body"].read()
        if packed is None:
            message = f"no evidence has the digest {digest}; restore {place} from a backup"
            raise EvidenceMissingError(message)
        return unpack(packed, digest, place)

    def __contains__(self, digest: object) -> bool:
        """True where bytes of this digest are kept."""
        if not is_digest(digest):
            return False
        key = self._settings.key(storage_key(Digest(str(digest))))
        # Listing, not HEAD: a refusal comes back as a typed error and not as a bare 404.
        with self._errors("look for evidence in"):
            found = self._client.list_objects_v2(Bucket=self._settings.bucket, Prefix=key, MaxKeys=1)
            return bool(found.get("Contents"))
        return False

    def digests(self) -> Iterator[Digest]:
        """Every digest kept, in ascending order: S3 lists keys by their bytes."""
        request: dict[str, object] = {
            "Bucket": self._settings.bucket,
            "Prefix": self._settings.key("sha256/"),
            "MaxKeys": self._settings.page_size,
        }
        more = True
        while more:
            with self._errors("list evidence in"):
                page = self._client.list_objects_v2(**request)
            found = (digest_of_name(entry["Key"].rpartition("/")[2]) for entry in page.get("Contents", ()))
            yield from (digest for digest in found if digest is not None)
            more = page.get("IsTruncated", False)
            request["ContinuationToken"] = page.get("NextContinuationToken", "")

    def locked(self, digest: Digest) -> str:
        """Why bytes cannot be erased by now: Object Lock holds a version of them; empty where they can."""
        key = self._settings.key(storage_key(digest))
        with self._errors("look for evidence in"):
            for version in self._versions(key):
                # What was put before there were versions is asked for without one; not every storage knows "null".
                which = {} if version == "null" else {"VersionId": version}
                head = self._client.head_object(Bucket=self._settings.bucket, Key=key, **which)
                until = head.get("ObjectLockRetainUntilDate")
                if head.get("ObjectLockLegalHoldStatus") == "ON":
                    return f"s3://{self._settings.bucket}/{key} is under a legal hold"
                if until is not None and until > datetime.now(UTC):
                    return f"Object Lock keeps s3://{self._settings.bucket}/{key} until {until:%d %b %Y}"
        return ""

    def erase(self, digest: Digest) -> None:
        """Take every version of bytes away for good: a mere delete would leave them below a marker."""
        key = self._settings.key(storage_key(digest))
        with self._errors("erase evidence in"):
            for version in self._versions(key, markers=True):
                self._client.delete_object(Bucket=self._settings.bucket, Key=key, VersionId=version)

    def _versions(self, key: str, *, markers: bool = False) -> list[str]:
        """The versions of one object: few, because the same bytes are never put twice."""
        listed = self._client.list_object_versions(Bucket=self._settings.bucket, Prefix=key)
        found = [*listed.get("Versions", ()), *(listed.get("DeleteMarkers", ()) if markers else ())]
        return [each["VersionId"] for each in found if each["Key"] == key]

    @contextmanager
    def _errors(self, doing: str, fine: str = "") -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            if fine and error.response["Error"]["Code"] == fine:
                return
            raise self._error(doing, error) from error
        except BotoCoreError as error:
            raise self._error(doing, error) from error

    def _error(self, doing: str, error: Exception) -> StoreError:
        return StoreError(
            f"cannot {doing} {self._settings.place}: {error}; nothing was changed; "
            "check the bucket, the credentials and their permissions (s3:PutObject, s3:GetObject, s3:ListBucket; to erase, also "
            "s3:ListBucketVersions, s3:DeleteObjectVersion, s3:GetObjectRetention and s3:GetObjectLegalHold)"
        )
