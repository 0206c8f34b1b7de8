"""Secrets at rest: sealed with a key that does not lie in the database, and opened only where they are used.

A sealed secret is one byte of format, four that tell the key, a nonce, and AES-256-GCM's ciphertext with its tag. What it
is for is sealed in, so that a secret that was moved to another row does not open.
"""

import base64
import binascii
import hashlib
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from auditwright.app.errors import AppError

SECRETS_KEY = "AUDITWRIGHT_SECRETS_KEY"
"""Names the key in the environment, in base64; where it is empty, the key lies in the state folder."""

SECRETS_KEY_FILE = "secrets.key"

KEY_BYTES = 32

_FORMAT = b"\x01"
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12
_HEAD_BYTES = len(_FORMAT) + _KEY_ID_BYTES + _NONCE_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretsKey:
    """The key that secrets are sealed with."""

    value: bytes = field(repr=False)
    where: str
    """Where it was read, for messages."""

    @property
    def id(self) -> bytes:
        """What tells this key from another, and nothing about it."""
        return hashlib.sha256(b"auditwright secrets key\n" + self.value).digest()[:_KEY_ID_BYTES]


def secrets_key(state: Path) -> SecretsKey:
    """The key from the environment or the state folder, where it is made when first needed; raises AppError."""
    given = os.environ.get(SECRETS_KEY, "")
    if given:
        return _parsed(given, f"the environment variable {SECRETS_KEY}")
    path = state / SECRETS_KEY_FILE
    try:
        if not path.exists():
            _make(path)
        return _parsed(path.read_text(encoding="ascii"), str(path))
    except UnicodeDecodeError:
        raise AppError(f"{path} holds no key; restore the file from a backup") from None
    except OSError as error:
        raise AppError(f"the key of secrets {path} cannot be used: {error.strerror}") from None


def seal_secret(state: Path, secret: str, *, purpose: str) -> bytes:
    """Seal a secret for one purpose, such as `seed:acc-1`; raises AppError."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key = secrets_key(state)
    head = _FORMAT + key.id + secrets.token_bytes(_NONCE_BYTES)
    sealed = AESGCM(key.value).encrypt(head[-_NONCE_BYTES:], secret.encode(), head + purpose.encode())
    return head + sealed


def open_secret(state: Path, sealed: bytes, *, purpose: str) -> str:
    """A sealed secret as it was, for the purpose that it was sealed for; raises AppError, which never holds it."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key = secrets_key(state)
    head, body = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES:]
    if head[:1] != _FORMAT or len(head) != _HEAD_BYTES:
        raise AppError(
            f"the secret {purpose} is damaged; enter it anew, or restore the records from a backup"
        )
    if head[1 : 1 + _KEY_ID_BYTES] != key.id:
        raise AppError(
            f"the secret {purpose} was sealed with another key than {key.where} holds. "
            "Restore that key from a backup, or enter the secret anew."
        )
    try:
        return AESGCM(key.value).decrypt(head[-_NONCE_BYTES:], body, head + purpose.encode()).decode()
    except InvalidTag:
        raise AppError(
            f"the secret {purpose} was changed since it was sealed; enter it anew, or restore the records from a backup"
        ) from None


def _parsed(text: str, where: str) -> SecretsKey:
    try:
        value = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        value = b""
    if len(value) != KEY_BYTES:
        raise AppError(
            f"{where} holds no key of {KEY_BYTES} bytes in base64. Restore it from a backup; "
            "a new one, with which nothing sealed before opens, comes from: openssl rand -base64 32"
        )
    return SecretsKey(value=value, where=where)


def _make(path: Path) -> None:
    """Make the key whole or not at all; where another process made one meanwhile, that one stays."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
    finally:
        temporary.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # what is sealed next must not outlive its key
    finally:
        os.close(folder)
