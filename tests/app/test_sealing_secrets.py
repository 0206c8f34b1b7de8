"""Secrets at rest open with their key, for their purpose, unchanged; and nothing else opens them."""

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from auditwright.app.errors import AppError
from auditwright.app.sealing_secrets import SECRETS_KEY, open_secret, seal_secret, secrets_key

PLAIN = "JBSWY3DPEHPK3PXP"
OTHER_KEY = base64.b64encode(b"k" * 32).decode()


@pytest.fixture(autouse=True)
def _no_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SECRETS_KEY, raising=False)


def test_a_secret_opens_as_it_was_sealed(tmp_path: Path) -> None:
    sealed = seal_secret(tmp_path, PLAIN, purpose="seed:acc-1")
    assert PLAIN.encode() not in sealed
    assert open_secret(tmp_path, sealed, purpose="seed:acc-1") == PLAIN
    assert seal_secret(tmp_path, PLAIN, purpose="seed:acc-1") != sealed


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: secrets_key(tmp_path).value, range(8)))
    assert len(set(keys)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secrets.key"]
    assert stat.S_IMODE((tmp_path / "secrets.key").stat().st_mode) == 0o600


def test_a_key_of_the_environment_counts_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRETS_KEY, OTHER_KEY)
    sealed = seal_secret(tmp_path, PLAIN, purpose="p")
    assert list(tmp_path.iterdir()) == []
    assert open_secret(tmp_path, sealed, purpose="p") == PLAIN


def test_another_key_is_named_as_the_cause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = seal_secret(tmp_path, PLAIN, purpose="p")
    monkeypatch.setenv(SECRETS_KEY, OTHER_KEY)
    with pytest.raises(AppError, match="another key than the environment variable"):
        open_secret(tmp_path, sealed, purpose="p")


def test_a_secret_that_was_moved_does_not_open(tmp_path: Path) -> None:
    sealed = seal_secret(tmp_path, PLAIN, purpose="seed:acc-1")
    with pytest.raises(AppError, match="was changed since it was sealed"):
        open_secret(tmp_path, sealed, purpose="seed:acc-2")


def test_a_secret_with_any_bit_changed_does_not_open(tmp_path: Path) -> None:
    sealed = seal_secret(tmp_path, PLAIN, purpose="p")
    for at in range(len(sealed)):
        changed = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises(AppError):
            open_secret(tmp_path, changed, purpose="p")
        with pytest.raises(AppError):
            open_secret(tmp_path, sealed[:at], purpose="p")


@pytest.mark.parametrize("text", ["", "short", "é" * 44, base64.b64encode(b"x" * 31).decode()])
def test_a_file_that_is_no_key_says_what_to_do(tmp_path: Path, text: str) -> None:
    (tmp_path / "secrets.key").write_text(text)
    with pytest.raises(AppError, match="from a backup"):
        open_secret(tmp_path, b"", purpose="p")


def test_the_key_is_in_no_message(tmp_path: Path) -> None:
    key = secrets_key(tmp_path)
    assert str(key.value) not in repr(key)
