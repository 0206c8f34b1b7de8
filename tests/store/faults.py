"""A disk that fails on order."""

import errno
import os
from pathlib import Path

from auditwright.store.disk import RealDisk


class FailingDisk(RealDisk):
    """Does `allowed` operations, then fails each further one; a write that fails has written half."""

    def __init__(self, allowed: int, number: int = errno.ENOSPC) -> None:
        self.allowed = allowed
        self.number = number

    def write_new(self, path: Path, body: bytes) -> None:
        if self.allowed <= 0:
            super().write_new(path, body[: len(body) // 2])
        self._step()
        super().write_new(path, body)

    def sync(self, path: Path) -> None:
        self._step()
        super().sync(path)

    def rename(self, source: Path, target: Path) -> None:
        self._step()
        super().rename(source, target)

    def make_folder(self, path: Path) -> None:
        self._step()
        super().make_folder(path)

    def remove(self, path: Path) -> None:
        self._step()
        super().remove(path)

    def _step(self) -> None:
        if self.allowed <= 0:
            raise OSError(self.number, os.strerror(self.number))
        self.allowed -= 1
